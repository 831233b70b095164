"""What an undecided receipt may be for: kinds of ideas by their cases, and that rivals share one chance."""

from __future__ import annotations

from typing import Any

import pytest

from connector.reconcile.cash import measured
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.proposals import Proposal, Proposals
from connector.reconcile.cash.rounds import Rounds

DAY = 739_000
POLICY = Policy(bank_fee=3_000, terms=True, fx_margin_bp=150)
PARTIES = [
    Party("c1", "Acme Works", discount_bp=200, discount_days=5),
    Party("c2", "Borealis Paper"),
    Party("c3", "Cinder Foods"),
]


def item(number: int, amount: int, party: str = "c2", *, due: int = 30, currency: str = "USD") -> Item:
    return Item(f"i{number}", f"INV-{number}", party, currency, amount, DAY, DAY + due)


def paid(amount: int, text: str = "", **rest: Any) -> Receipt:
    given = {"id": "p", "on": DAY + 20, "payer_name": "Borealis Paper", **rest}
    return Receipt(given.pop("id"), ReceiptKind.PAYMENT, given.pop("on"), "USD", amount, text=text, **given)


def proposed(items: list[Item], *receipts: Receipt, rates: Any = None) -> tuple[Proposal, ...]:
    """What the last of these receipts may be for, when the engine does not decide it."""
    rounds = Rounds(Case(parties=PARTIES, items=items, receipts=receipts, policy=POLICY, rates=rates or {}))
    assert len(receipts) - 1 not in rounds.run()
    return Proposals(rounds.at).of(len(receipts) - 1)


def run(count: int) -> list[Item]:
    """Invoices 10001, 10002 and so on, of odd amounts."""
    return [item(10_001 + at, 41_713 + 7_919 * at * at, due=30 + at) for at in range(count)]


LISTED = {each.id: each.amount for each in run(12) if each.number != "INV-10005"} | {"i10040": -3_303}
CASES: dict[str, tuple[list[Item], list[Receipt], dict[str, int]]] = {
    "a list that breaks off, less credit, without one of the numbers that follow": (
        [*run(26), item(10_040, -3_303)],
        [paid(sum(LISTED.values()), "INV-10001, INV-10002, INV-1")],
        LISTED,
    ),
    "a discount that came too late": (
        [item(10_001, 88_815, "c1"), item(10_002, 91_307, "c1")],
        [paid(87_039, payer_name="Acme Works")],
        {"i10001": 87_039},
    ),
    "two receipts that are two invoices together": (
        [item(10_001, 70_007), item(10_002, 50_051, due=45)],
        [paid(100_005, id="a", on=DAY + 25), paid(20_053)],
        {"i10001": 20_053},
    ),
    "a stranger's amount that only one invoice has": (
        [item(10_001, 70_007), item(10_002, 50_051, "c3")],
        [paid(50_051, payer_name="Zenith Holdings")],
        {"i10002": 50_051},
    ),
    "everything until then but for one that nobody pays": (
        [*run(24), *(item(10_100 + at, 91_003 + 5_003 * at * at, due=90) for at in range(4))],
        [paid(sum(each.amount for at, each in enumerate(run(24)) if 9 <= at < 21 and at != 14), on=DAY + 50)],
        {each.id: each.amount for at, each in enumerate(run(24)) if 9 <= at < 21 and at != 14},
    ),
    "a list, of one of which another receipt brings a part": (
        [item(10_001, 70_007), item(10_002, 50_051), item(10_003, -3_303)],
        [
            paid(20_000, "INV-10001", id="a", on=DAY + 10, payer_name="Zenith"),
            paid(96_755, "INV-10001, INV-10002, INV-10003"),
        ],
        {"i10001": 50_007, "i10002": 50_051, "i10003": -3_303},
    ),
    "a list with the discount that was taken too late of one": (
        [item(10_001, 70_000, "c1"), item(10_002, 50_051, "c1")],
        [paid(51_451, "INV-10001 INV-10002", payer_name="Acme Works")],
        {"i10001": 1_400, "i10002": 50_051},
    ),
    "everything of some days, and a little more": (
        [item(10_001, 70_007), item(10_002, 50_051), item(10_003, 30_033, due=60)],
        [paid(120_091)],
        {"i10001": 70_007, "i10002": 50_051},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_meant_is_among_the_three_that_are_proposed(case: str) -> None:
    items, receipts, meant = CASES[case]
    found = proposed(items, *receipts)
    assert meant in [{items[share.item].id: share.pay for share in each.shares} for each in found]
    for each in found:
        assert sum(share.pay for share in each.shares) + each.unapplied == receipts[-1].amount


def test_money_that_was_changed_may_be_for_what_it_is_worth_less_what_the_bank_kept() -> None:
    items = [item(10_001, 100_000, currency="EUR"), item(10_002, 77_000, currency="EUR")]
    rates = {("EUR", "USD", DAY + 20): (108, 100)}
    found = proposed(items, paid(107_500, "Thank you"), rates=rates)
    assert [(share.item, share.pay, share.applied) for share in found[0].shares] == [(0, 107_500, 100_000)]


@pytest.mark.parametrize("count", [2, 3])
def test_equal_invoices_of_one_day_share_one_chance(count: int) -> None:
    found = proposed([item(10_001 + at, 70_007) for at in range(count)], paid(70_007))
    chances = [each.confidence_ppm for each in found[:count]]
    assert len(set(chances)) == 1
    assert sum(chances) <= measured.TOGETHER_PPM_MAX
    assert [share.item for each in found[:count] for share in each.shares] == list(range(count))


def test_all_that_is_proposed_is_together_no_surer_than_one_decision() -> None:
    for items, receipts, _ in CASES.values():
        assert sum(each.confidence_ppm for each in proposed(items, *receipts)) <= measured.TOGETHER_PPM_MAX


def test_chances_of_rivals_are_cut_in_proportion_and_others_left_alone() -> None:
    assert measured.together([900_000, 900_000, 180_000]) == [450_000, 450_000, 90_000]
    assert measured.together([500_000, 200_000]) == [500_000, 200_000]


def test_a_round_amount_of_a_stranger_says_less_than_an_odd_one() -> None:
    odd, round_ = (
        proposed([item(10_001, 70_007), item(10_002, amount, "c3")], paid(amount, payer_name="Zenith Holdings"))[0]
        for amount in (50_051, 50_000)
    )
    assert round_.confidence_ppm < odd.confidence_ppm
