"""Payouts told from files: which deposit each is, and which lines of the processor's balance it consists of."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.reconcile.cash.landings import Lost, landed
from connector.reconcile.cash.payout_record import told
from connector.reconcile.cash.payouts import Composition, Deposit, Made, Payout, Transaction, composed

BEGINNING = date(2026, 3, 1)


def day(number: int) -> date:
    return BEGINNING + timedelta(days=number)


def sent(
    id_: str, amount: int, on: int, *, by_hand: bool = False, currency: str = "USD", source: str = "psp", lag: int = 2
) -> Payout:
    """A payout that was made on that day and should arrive two days later."""
    return Payout(id_, source, day(on).isoformat(), day(on + lag).toordinal(), currency, amount, by_hand)


def at_bank(id_: str, amount: int, on: int, text: str = "", currency: str = "USD") -> Deposit:
    return Deposit(id_, day(on).toordinal(), currency, amount, text)


def line(
    id_: str, net: int, on: int, payout: str = "", *, fee: int = 0, type_: str = "charge", currency: str = ""
) -> Transaction:
    """A line that was made on that day, and available on it."""
    when = day(on)
    return Transaction(id_, "psp", type_, "", when.isoformat(), when.toordinal(), net + fee, fee, net, payout, currency)


def pairs(payouts: list[Payout], deposits: list[Deposit]) -> set[tuple[str, str]]:
    return {(deposits[deposit].id, payouts[payout].id) for deposit, payout, *_ in landed(payouts, deposits).pairs}


def members(payouts: list[Payout], lines: list[Transaction]) -> dict[str, list[str]]:
    return {payouts[each.payout].id: [lines[at].id for at in each.lines] for each in composed(payouts, lines, {})}


def only(found: list[Composition]) -> Composition:
    assert len(found) == 1
    return found[0]


LANDINGS: dict[str, tuple[list[Payout], list[Deposit], set[tuple[str, str]]]] = {
    "on the day": ([sent("po1", 970, 0)], [at_bank("d1", 970, 2)], {("d1", "po1")}),
    "five days late": ([sent("po1", 970, 0)], [at_bank("d1", 970, 7)], {("d1", "po1")}),
    "six days late": ([sent("po1", 970, 0)], [at_bank("d1", 970, 8)], set()),
    "too early": ([sent("po1", 970, 0)], [at_bank("d1", 970, 1)], set()),
    "a cent off": ([sent("po1", 970, 0)], [at_bank("d1", 971, 2)], set()),
    "another currency": ([sent("po1", 970, 0)], [at_bank("d1", 970, 2, currency="EUR")], set()),
    "money taken by the processor": ([sent("po1", -970, 0)], [at_bank("d1", -970, 2)], {("d1", "po1")}),
    "the wrong way round": ([sent("po1", -970, 0)], [at_bank("d1", 970, 2)], set()),
    "two deposits of one amount": ([sent("po1", 970, 0)], [at_bank("d1", 970, 2), at_bank("d2", 970, 3)], set()),
    "two payouts of one amount": ([sent("po1", 970, 0), sent("po2", 970, 1)], [at_bank("d1", 970, 3)], set()),
    "two and two, and no telling which": (
        [sent("po1", 970, 0), sent("po2", 970, 1)], [at_bank("d1", 970, 3), at_bank("d2", 970, 4)], set(),
    ),
    "two and two, and only one way": (
        [sent("po1", 970, 0), sent("po2", 970, 3)], [at_bank("d1", 970, 3), at_bank("d2", 970, 6)],
        {("d1", "po1"), ("d2", "po2")},
    ),
    "a chain that would leave one alone": (
        [sent("po1", 970, 0), sent("po2", 970, 3)], [at_bank("d2", 970, 6)], set(),
    ),
    "the text names the payout": (
        [sent("po1", 970, 0), sent("po2", 970, 1)],
        [at_bank("d1", 970, 3, "PSP PO2 TRANSFER"), at_bank("d2", 970, 4, "psp po1")],
        {("d1", "po2"), ("d2", "po1")},
    ),
    "the text names a payout of another amount": (
        [sent("po1", 970, 0), sent("po2", 111, 0)], [at_bank("d1", 970, 2, "po2")], set(),
    ),
    "the text has the bank's own number of the payout": (
        [sent("po1", 970, 0), sent("po2", 970, 1)._replace(trace="ST-77A1")],
        [at_bank("d1", 970, 3, "PSP st-77a1"), at_bank("d2", 970, 3, "PSP")],
        {("d1", "po2"), ("d2", "po1")},
    ),
    "two ends of a chain whose middle nobody can tell": (
        [sent("po1", 970, 0), sent("po2", 970, 4), sent("po3", 970, 5), sent("po4", 970, 11)],
        [at_bank("d1", 970, 4), at_bank("d2", 970, 7), at_bank("d3", 970, 9), at_bank("d4", 970, 13)],
        {("d1", "po1"), ("d4", "po4")},
    ),
    "the text names another processor": (
        [sent("po1", 970, 0), sent("pp1", 970, 0, source="pal")], [at_bank("d1", 970, 2, "PAL TRANSFER")],
        {("d1", "pp1")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LANDINGS)
def test_a_deposit_is_a_payout_when_neither_could_be_another(name: str) -> None:
    payouts, deposits, expected = LANDINGS[name]
    assert pairs(payouts, deposits) == expected


NAMED = [(sent(f"po{n}", 100 + n, 10 * n), at_bank(f"d{n}", 100 + n, 10 * n + 2, "PSP TRANSFER")) for n in range(1, 5)]
LEFT: dict[str, tuple[list[Payout], list[Deposit], list[Transaction], dict[str, tuple[Lost, list[str]]]]] = {
    "all arrived and which is which nobody knows": (
        [sent("po1", 970, 0), sent("po2", 970, 1)],
        [at_bank("d1", 970, 3), at_bank("d2", 970, 4)],
        [],
        {"po1": (Lost.ONE_OF_SEVERAL, ["d1", "d2"]), "po2": (Lost.ONE_OF_SEVERAL, ["d1", "d2"])},
    ),
    "one deposit for two payouts": (
        [sent("po1", 970, 0), sent("po2", 970, 1)],
        [at_bank("d1", 970, 3)],
        [],
        {"po1": (Lost.SEVERAL, ["d1"]), "po2": (Lost.SEVERAL, ["d1"])},
    ),
    "two payouts in one deposit": (
        [sent("po1", 970, 0), sent("po2", 30, 1)],
        [at_bank("d1", 1_000, 3)],
        [],
        {"po1": (Lost.TOGETHER, ["d1"]), "po2": (Lost.TOGETHER, ["d1"])},
    ),
    "the bank kept a charge": (
        [sent("po1", 970, 0)], [at_bank("d1", 955, 2, "PSP TRANSFER")], [], {"po1": (Lost.LESS, ["d1"])},
    ),
    "the text names it and nothing else fits": (
        [sent("po1", 970, 0)], [at_bank("d1", 100, 2, "po1")], [], {"po1": (Lost.TEXT_SAYS_OTHERWISE, ["d1"])},
    ),
    "it failed and its money came back": (
        [sent("po1", 970, 0), sent("po2", 970, 1)],
        [at_bank("d1", 970, 3)],
        [line("x1", 970, 1, type_="payout_failure")._replace(payment="po1")],
        {"po1": (Lost.CAME_BACK, [])},
    ),
    "it came back at the bank too, so both may have arrived": (
        [sent("po1", 970, 0), sent("po2", 970, 1)],
        [at_bank("d1", 970, 3), at_bank("d2", -970, 4)],
        [line("x1", 970, 1, type_="payout_failure")._replace(payment="po1")],
        {"po1": (Lost.SEVERAL, ["d1"]), "po2": (Lost.SEVERAL, ["d1"])},
    ),
    "a stranger's deposit of that amount where the bank always names the processor": (
        [sent("po0", 970, 0), *(payout for payout, _ in NAMED)],
        [at_bank("d0", 970, 2, "ACH CREDIT CUSTOMER"), *(deposit for _, deposit in NAMED)],
        [],
        {"po0": (Lost.NOT_THERE, [])},
    ),
    "nothing at all": ([sent("po1", 970, 0)], [], [], {"po1": (Lost.NOT_THERE, [])}),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_a_payout_that_is_not_found_says_why(name: str) -> None:
    payouts, deposits, lines, expected = LEFT[name]
    found = landed(payouts, deposits, lines).missing
    assert {
        payouts[each.payout].id: (each.why, [deposits[at].id for at in each.deposits]) for each in found
    } == expected
    for each in found:
        sentence, step = told(each, payouts, deposits)
        assert payouts[each.payout].id in sentence
        assert step


def test_what_the_processor_names_is_taken_when_it_comes_to_the_amount() -> None:
    lines = [
        line("x1", 970, 0, "po1", fee=30),
        line("x2", -200, 0, "po1", type_="refund"),
        line("x3", -1500, 0, "po1", type_="dispute", fee=1500),
        line("x4", 5000, 0, "po2"),
        line("x5", 730, 1, "po1", type_="payout"),
    ]
    first = composed([sent("po1", -730, 1), sent("po2", 5000, 1)], lines, {})[0]
    assert [lines[at].id for at in first.lines] == ["x1", "x2", "x3"]
    assert [tuple(part) for part in first.parts] == [
        ("charge", 1, 1000, 30, 970),
        ("dispute", 1, 0, 1500, -1500),
        ("refund", 1, -200, 0, -200),
    ]


WRONG: dict[str, tuple[list[Transaction], str]] = {
    "no line": ([], "No line of the balance names it."),
    "a cent apart": ([line("x1", 971, 0, "po1")], "Its lines come to 971, and it is 970: -1 apart."),
    "a net that is not gross less fee": (
        [line("x1", 970, 0, "po1")._replace(gross=999)],
        "The net of its line x1 is not its gross less its fee.",
    ),
    "a line of another processor": (
        [line("x1", 970, 0, "po1")._replace(source="pal")],
        "Its line x1 is of pal.",
    ),
    "a line in another currency": ([line("x1", 970, 0, "po1", currency="EUR")], "Its line x1 is in EUR."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_payout_that_does_not_tie_has_no_lines_and_a_reason(name: str) -> None:
    lines, reason = WRONG[name]
    told = only(composed([sent("po1", 970, 1)], lines, {}))
    assert (told.lines, told.reason) == ((), reason)


def test_what_was_asked_for_by_hand_takes_the_lines_in_the_order_they_became_available() -> None:
    payouts = [sent("po1", 300, 2, by_hand=True), sent("po2", 700, 5, by_hand=True)]
    lines = [line("x3", 700, 3), line("x1", 100, 0), line("x2", 200, 1), line("x4", 55, 4)]
    assert members(payouts, lines) == {"po1": ["x1", "x2"], "po2": ["x3"]}


def test_a_negative_balance_is_carried_over_into_the_next_payout() -> None:
    payouts = [sent("po1", 100, 1, by_hand=True), sent("po2", 450, 6, by_hand=True)]
    lines = [line("x1", 100, 0), line("x2", -300, 2, type_="refund"), line("x3", 250, 3), line("x4", 500, 4)]
    assert members(payouts, lines) == {"po1": ["x1"], "po2": ["x2", "x3", "x4"]}


def test_a_sum_that_is_reached_twice_tells_nothing_and_what_follows_is_told_again() -> None:
    payouts = [sent(f"po{n}", amount, 3 * n, by_hand=True) for n, amount in enumerate((100, 50, 70), start=1)]
    lines = [
        line("x1", 100, 0), line("x2", -20, 1, type_="refund"), line("x3", 20, 2), line("x4", 50, 4), line("x5", 70, 7),
    ]  # fmt: skip
    told = composed(payouts, lines, {})
    assert told[0].reason == "By the running balance it fits at 2 places."
    assert told[1].reason == "The payout before it cannot be told, so nor where it begins."
    assert [lines[at].id for at in told[2].lines] == ["x5"]


def test_money_that_was_not_ready_when_the_payout_went_is_not_in_it() -> None:
    payouts = [sent("po1", 300, 1, by_hand=True)]
    lines = [line("x1", 100, 0), line("x2", 200, 2)]
    assert only(composed(payouts, lines, {})).reason == "By the running balance it fits at no place."


def test_a_payout_at_once_takes_what_was_made_before_it_and_its_own_charge() -> None:
    payouts = [sent("po1", 99, 1)._replace(by_hand=Made.AT_ONCE), sent("po2", 200, 4, by_hand=True)]
    early, late = line("x1", 100, 1)._replace(available=day(3).toordinal()), line("x2", 200, 4)
    own = line("x3", -100, 1, "po1", fee=1, type_="payout")
    assert members(payouts, [early, late, own]) == {"po1": ["x1"], "po2": ["x2"]}
    slow = [payouts[0]._replace(by_hand=Made.BY_HAND), payouts[1]]
    assert members(slow, [early, late, own])["po1"] == []


@pytest.mark.parametrize(
    ("created", "told"),
    [
        ("2026-03-02", True),
        ("2026-03-01T20:30:00-05:00", True),
        ("2026-03-03T01:15:00+09:00", True),
        ("2026-03-01T23:30:00", True),
        ("2026-03-01", False),
        ("2026-03-02T01:15:00+09:00", False),
    ],
)
def test_the_day_of_a_payout_is_the_processors_own_whatever_clock_it_is_told_by(created: str, *, told: bool) -> None:
    payouts = [sent("po1", 100, 1, by_hand=True)._replace(created=created)]
    assert bool(members(payouts, [line("x1", 100, 1)])["po1"]) is told


def test_the_money_of_a_payout_that_failed_goes_out_again_with_a_later_one() -> None:
    payouts = [
        sent("po1", 100, 1, by_hand=True),
        sent("po2", 150, 6, by_hand=True),
        sent("po3", 5, 9, by_hand=True, currency="EUR"),
    ]
    back = line("x2", 100, 3, type_="payout_failure")._replace(payment="po1")
    lines = [line("x1", 100, 0, currency="USD"), back, line("x3", 50, 5, currency="USD")]
    assert members(payouts, lines) == {"po1": ["x1"], "po2": ["x2", "x3"], "po3": []}


def test_purses_of_several_currencies_are_kept_apart_by_what_was_paid_in() -> None:
    payouts = [sent("po1", 100, 1, by_hand=True), sent("po2", 100, 1, by_hand=True, currency="EUR")]
    lines = [line("x1", 100, 0)._replace(payment="p1"), line("x2", 100, 0)._replace(payment="p2")]
    told = composed(payouts, lines, {"p1": "USD", "p2": "EUR"})
    assert [[lines[at].id for at in each.lines] for each in told] == [["x1"], ["x2"]]


def test_the_order_of_the_rows_changes_nothing() -> None:
    payouts = [sent(f"po{n}", 100 + n, 3 * n, by_hand=True) for n in range(1, 6)]
    lines = [line(f"x{n}", 100 + n, 3 * n - 1) for n in range(1, 6)]
    told = members(payouts, lines)
    drawn = random.Random(3)  # noqa: S311
    for _ in range(5):
        assert members(drawn.sample(payouts, 5), drawn.sample(lines, 5)) == told
    assert told["po4"] == ["x4"]


AMOUNTS = st.integers(min_value=-3, max_value=9)


@given(
    heaps=st.lists(st.lists(AMOUNTS, min_size=1, max_size=5), min_size=1, max_size=6),
    automatic=st.booleans(),
    lost=st.integers(min_value=-1, max_value=20),
)
def test_lines_that_are_told_come_to_the_amount_and_none_is_told_twice(
    heaps: list[list[int]], *, automatic: bool, lost: int
) -> None:
    lines = [
        line(f"x{at}-{n}", net, 2 * at, f"po{at}" if automatic else "")
        for at, nets in enumerate(heaps)
        for n, net in enumerate(nets)
    ]
    payouts = [sent(f"po{at}", sum(nets), 2 * at, by_hand=not automatic) for at, nets in enumerate(heaps)]
    left = [each for at, each in enumerate(lines) if at != lost]
    told = composed(payouts, left, {})
    held = [at for each in told for at in each.lines]
    assert len(held) == len(set(held))
    for each in told:
        if each.lines:
            assert sum(left[at].net for at in each.lines) == payouts[each.payout].amount
    if automatic and lost < 0:
        assert [[left[at].id for at in each.lines] for each in told] == [
            [f"x{at}-{n}" for n in range(len(nets))] for at, nets in enumerate(heaps)
        ]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 20), st.integers(0, 5)), max_size=12), st.data())
def test_among_equal_amounts_a_pair_is_only_told_when_every_other_way_leaves_someone_alone(
    moves: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    payouts = [sent(f"po{n}", amount, on) for n, (amount, on, _) in enumerate(moves)]
    deposits = [at_bank(f"d{n}", amount, on + 2 + late) for n, (amount, on, late) in enumerate(moves)]
    deposits = data.draw(st.permutations(deposits))
    truth = {(f"d{n}", f"po{n}") for n in range(len(moves))}
    assert pairs(payouts, deposits) <= truth


class Processor:
    """Two years of a processor's balance: sales with fees, refunds, disputes, and payouts daily or when asked for."""

    def __init__(self, seed: int, *, by_hand: bool) -> None:
        self.drawn = random.Random(seed)  # noqa: S311
        self.by_hand = by_hand
        self.lines: list[Transaction] = []
        self.payouts: list[Payout] = []
        self.deposits: list[Deposit] = []
        self.lines_of: dict[str, list[str]] = {}
        self.deposit_of: dict[str, str] = {}

    def live(self, days: int) -> None:
        waiting: list[Transaction] = []
        for today in range(days):
            waiting += self._moves(today)
            if not self.by_hand or today % 3 == 0:
                waiting = self._pay_out(waiting, today)

    def _moves(self, today: int) -> list[Transaction]:
        made = [self._sale(today) for _ in range(self.drawn.randrange(12))]
        if self.drawn.random() < 0.1:
            made.append(self._line(-self.drawn.randrange(1_000, 400_000), 0, "refund", today))
        if self.drawn.random() < 0.03:
            made.append(self._line(-self.drawn.randrange(1_000, 90_000), 1_500, "dispute", today))
        self.lines += made
        return made

    def _sale(self, today: int) -> Transaction:
        gross = (
            self.drawn.choice((990, 1_900, 4_900)) if self.drawn.random() < 0.5 else self.drawn.randrange(500, 90_000)
        )
        return self._line(gross, 30 + gross * 29 // 1_000, "charge", today)

    def _line(self, gross: int, fee: int, type_: str, today: int) -> Transaction:
        when = day(today)
        return Transaction(
            f"txn_{len(self.lines)}_{self.drawn.randrange(10**6)}", "psp", type_, "", when.isoformat(),
            day(today + (2 if gross > 0 else 0)).toordinal(), gross, fee, gross - fee,
        )  # fmt: skip

    def _pay_out(self, waiting: list[Transaction], today: int) -> list[Transaction]:
        """Everything that is available; nothing while that is less than nothing."""
        ready = [each for each in waiting if each.available < day(today).toordinal()]
        amount = sum(each.net for each in ready)
        if amount <= 0:
            return waiting
        name = f"po_{len(self.payouts)}"
        self.payouts.append(sent(name, amount, today, by_hand=self.by_hand))
        self.lines_of[name] = sorted(each.id for each in ready)
        if not self.by_hand:
            taken = {each.id for each in ready}
            self.lines = [each._replace(payout=name) if each.id in taken else each for each in self.lines]
        self.deposit_of[name] = f"d{len(self.deposits)}"
        late = self.drawn.choice((0, 0, 0, 1, 1, 2, 4))
        self.deposits.append(at_bank(self.deposit_of[name], amount, today + 2 + late, self.drawn.choice(("", "PSP"))))
        return [each for each in waiting if each not in ready]


@pytest.mark.parametrize("by_hand", [False, True])
def test_two_years_of_payouts_are_found_and_explained_and_none_is_wrong(*, by_hand: bool) -> None:
    world = Processor(7, by_hand=by_hand)
    world.live(730)
    found = {payout: deposit for deposit, payout in pairs(world.payouts, world.deposits)}
    assert all(world.deposit_of[payout] == deposit for payout, deposit in found.items())
    assert len(found) >= 0.995 * len(world.payouts)
    told = composed(world.payouts, world.lines, {})
    right = 0
    for each in told:
        payout = world.payouts[each.payout]
        if each.lines:
            assert sorted(world.lines[at].id for at in each.lines) == world.lines_of[payout.id]
            assert sum(part.net for part in each.parts) == payout.amount
            assert {part.type for part in each.parts} == {world.lines[at].type for at in each.lines}
            right += 1
    assert right >= (0.99 if by_hand else 1) * len(world.payouts)
    assert any(min(world.lines[at].net for at in each.lines) < 0 for each in told if each.lines)
