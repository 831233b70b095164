"""Whatever happens in a firm, and however far we had got with writing: the books stay books, and say what happened.

Each life is random and can be lived again by its seed. After every act all identities are asked: of the double's own
ledger, which knows nothing of us, and of ours.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

import pytest

from connector.model.firm import BookingPattern
from connector.model.settlement import PayoutState
from connector.model.source import Kind, Ref
from connector.money import Currency
from connector.reconcile.clearing import Standing
from connector.reconcile.tieout import tie_out
from tests.laws.plain_acts import ACTS, act
from tests.laws.plain_books import PlainBooks
from tests.laws.plain_firm import PlainFirm
from tests.laws.plain_processor import CODES

ACTS_A_LIFE, SHORT_ACTS = 20, 10
SHORT_LIVES, MANY_LIVES, SHARE = 200, 10_000, 500
SHORTER_LIVES, SHORTER_SHARE = 100_000, 2_500
FOUND = (
    481, 679, 1078, 1235, 1333, 1388, 1406, 1715, 2219, 2479, 3331, 3719, 4141, 4837, 5115, 6097, 6633, 7297, 7821,
    8807, 9633, 10887, 20571, 30438,
)  # fmt: skip
"""Lives in which an identity was once broken."""
OPEN_ITEMS = {Kind.INVOICE: 1, Kind.CREDIT_NOTE: -1, Kind.PAYMENT: -1}
"""Documents of which something can be open, and whether it raises what is owed."""
PATTERNS = (BookingPattern.CLEARING, BookingPattern.DEPOSIT)


def wrong_in(books: PlainBooks) -> list[str]:
    """What is wrong in the double's own ledger, by nobody's figures but its own."""
    found, balances, applied = [], books.balances(), books.applied()
    owed: Counter[Currency] = Counter()
    for held in books.documents.values():
        if held.void:
            continue
        left = books.unapplied(held).minor if held.ref.kind is Kind.PAYMENT else held.amount.minor
        left -= applied.get(held.ref, 0)
        if held.ref.kind in OPEN_ITEMS:
            owed[held.amount.currency] += OPEN_ITEMS[held.ref.kind] * left
            if not 0 <= left <= held.amount.minor:
                found.append(f"{held.ref} has {left} open of {held.amount}")
        else:
            sign = -1 if held.ref.kind is Kind.DEPOSIT else 1
            owed[held.amount.currency] += sign * sum(one.amount.minor for one in held.parts if one.customer is not None)
    for code in CODES:
        whole = sum(minor for (_, of), minor in balances.items() if of == code)
        if whole:
            found.append(f"debits are not credits in {code}: {whole}")
        if owed[code] != balances.get(("Receivable", code), 0):
            found.append(
                f"receivable {code} holds {balances.get(('Receivable', code), 0)}, open items are {owed[code]}"
            )
    return found


def twice_in(books: PlainBooks) -> list[str]:
    """What stands in the books more than once."""
    marks: Counter[tuple[str, bool, Ref | None]] = Counter()
    for held in books.documents.values():
        if held.stamp is not None and not held.void:
            marks[held.ref.kind, bool(held.parts), held.stamp.about] += 1
    return [f"{mark} stands {times} times" for mark, times in marks.items() if times > 1]


def unsaid_in(firm: PlainFirm, purse: Standing) -> list[str]:
    """Money that is between the processor and the books, and of which nobody says why."""
    named = {ref for finding in firm.left for ref in finding.refs}
    there, found = firm.processor, []
    for rest in purse.rest:
        for line in rest.entries:
            about = there.lines[line].about
            payment = about
            if about is not None and about.kind in (Kind.REFUND, Kind.DISPUTE):
                payment = (there.refunds.get(about) or there.disputes[about]).payment
            carrier = goes_out_with(firm, line)
            if not {line, about, payment, carrier} & named and carrier is not PENDING:
                found.append(f"{rest.reason} {rest.amount}: {line}")
    return found


PENDING = None


def goes_out_with(firm: PlainFirm, line: Ref) -> Ref | None:
    """The payout that left with that line, in the pattern in which payouts book their lines; PENDING: none yet."""
    if firm.pattern is BookingPattern.CLEARING:
        return line
    for ref, payout in firm.processor.payouts.items():
        if payout.state is not PayoutState.FAILED and (line in (payout.entries or ()) or line == payout.entry):
            return ref
    return PENDING


def check(firm: PlainFirm) -> None:
    """Every identity, now."""
    assert wrong_in(firm.books) == []
    assert twice_in(firm.books) == []
    assert tie_out(firm.seen()).findings == ()
    balances = firm.books.balances()
    for code, purse in firm.standings().items():
        assert purse.ledger.minor == firm.processor.balance[code]
        assert purse.holds, purse
        account = "Clearing" if firm.pattern is BookingPattern.CLEARING else "Undeposited"
        assert balances.get((account, code), 0) + purse.unbooked.minor == firm.processor.balance[code]
        assert unsaid_in(firm, purse) == []


def undone_at_once(firm: PlainFirm) -> None:
    """Nobody did anything between the two: the books are what they were."""
    before = standing_of(firm.books)
    made = firm.plan()
    firm.write(made)
    back = firm.take_back(made.plan_id)
    assert len(back.lines) == len([line for line in made.lines if line.void is None])
    if all(line.void is None for line in made.lines):
        assert standing_of(firm.books) == before


def standing_of(books: PlainBooks) -> tuple[dict[tuple[str, Currency], int], dict[Ref, int]]:
    """What every account holds, and what is open of every document."""
    open_items = {ref: books.left_of(ref) for ref in books.documents if ref.kind in (Kind.INVOICE, Kind.CREDIT_NOTE)}
    return {account: minor for account, minor in books.balances().items() if minor}, open_items


def live(seed: int, acts: int = ACTS_A_LIFE) -> Counter[str]:
    """One life; says what happened in it."""
    firm = PlainFirm(seed, PATTERNS[seed % 2])
    story: list[str] = []
    try:
        for _ in range(acts):
            story.append(act(firm))
            if firm.chance.random() < 0.2:
                made = firm.plan()
                firm.write(made, firm.chance.randint(0, len(made.lines)))
                story.append("a plan is written in part")
                assert wrong_in(firm.books) == []
                continue
            if firm.chance.random() < 0.1:
                story.append("a run is written and undone at once")
                undone_at_once(firm)
            firm.catch_up()
            check(firm)
        firm.settle()
        firm.catch_up()
        check(firm)
    except Exception as fault:
        fault.add_note(f"seed {seed}, {firm.pattern}: {', '.join(story)}")
        raise
    return Counter(story)


def lives(seeds: Iterable[int], acts: int = ACTS_A_LIFE) -> Counter[str]:
    """Many lives, all of them lived whatever breaks in one; what broke is told together."""
    happened: Counter[str] = Counter()
    broken: list[Exception] = []
    for seed in seeds:
        try:
            happened += live(seed, acts)
        except Exception as fault:  # noqa: BLE001 - told below
            broken.append(fault)
    if broken:
        raise ExceptionGroup(f"{len(broken)} lives", broken)
    sys.stdout.write(f"{happened.total()} acts: {dict(happened.most_common())}\n")
    return happened


def test_the_identities_of_the_books_never_break_whatever_happens() -> None:
    happened = lives(range(SHORT_LIVES), SHORT_ACTS)
    assert happened.keys() >= ACTS


def test_lives_that_once_broke_an_identity_hold() -> None:
    assert lives(FOUND)


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(SHORT_LIVES, 1_000), id="a thousand", marks=pytest.mark.gate),
        *(
            pytest.param(range(at, at + SHARE), id=f"from {at}", marks=pytest.mark.long)
            for at in range(1_000, 1_000 + MANY_LIVES, SHARE)
        ),
    ],
)
def test_nor_in_very_many_lives(seeds: range) -> None:
    assert lives(seeds).keys() >= ACTS


@pytest.mark.req("W5")
@pytest.mark.long
@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(at, at + SHORTER_SHARE), id=f"from {at}")
        for at in range(20_000, 20_000 + SHORTER_LIVES, SHORTER_SHARE)
    ],
)
def test_nor_in_a_hundred_thousand_shorter_ones(seeds: range) -> None:
    assert lives(seeds, SHORT_ACTS).keys() >= ACTS
