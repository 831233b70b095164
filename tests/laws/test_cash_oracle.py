"""What the engine decides from amounts alone, beside every explanation there is: small ledgers of one payer, tried
whole.

The oracle knows nothing of the engine. An explanation gives every receipt a set of items that existed on its day and
are its amount exactly, no item twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.verdict import Class

ACME = Party("c0", "Acme Ltd", account="DE1")
TOLD_BY_AMOUNT = frozenset({Class.AMOUNT, Class.SUBSET})
UNROUNDED = st.integers(10_000, 99_999_999)
COARSE = st.sampled_from([990, 1_000, 1_980, 1_990, 2_970, 2_980, 19_900, 100_000])

Explanation = dict[str, frozenset[str]]


@st.composite
def ledgers(draw: st.DrawFn, amounts: st.SearchStrategy[int]) -> Case:
    """Items, and receipts of some of them each: the truth is one explanation, perhaps not the only one."""
    items = [
        Item(f"i{at}", f"R{at + 100}", "c0", "USD", draw(amounts), day := draw(st.integers(0, 20)), day + 14)
        for at in range(draw(st.integers(1, 8)))
    ]
    pool = list(draw(st.permutations(items)))
    receipts = []
    for at in range(draw(st.integers(1, 4))):
        taken, pool = pool[: (size := draw(st.integers(1, 3)))], pool[size:]
        if taken:
            on = max(item.issued for item in taken) + draw(st.integers(0, 40))
            total = sum(item.amount for item in taken)
            receipts.append(Receipt(f"r{at}", ReceiptKind.PAYMENT, on, "USD", total, payer_account="DE1"))
    return Case(parties=[ACME], items=items, receipts=receipts, policy=Policy())


def sets_of(receipt: Receipt, items: Sequence[Item]) -> list[frozenset[str]]:
    """Every set of these items that existed on that day and is the amount."""
    there = [item for item in items if item.issued <= receipt.on]
    return [
        frozenset(item.id for item in chosen)
        for size in range(1, len(there) + 1)
        for chosen in combinations(there, size)
        if sum(item.amount for item in chosen) == receipt.amount
    ]


def explanations(receipts: Sequence[Receipt], items: Sequence[Item]) -> Iterator[Explanation]:
    """Every one of all receipts together."""
    if not receipts:
        yield {}
        return
    first, *others = receipts
    for chosen in sets_of(first, items):
        rest = [item for item in items if item.id not in chosen]
        for found in explanations(others, rest):
            yield {first.id: chosen, **found}


def decided(case: Case) -> Explanation:
    """What the engine took from the amount alone."""
    return {
        case.receipts[place].id: frozenset(case.items[share.item].id for share in verdict.shares)
        for place, verdict in Rounds(case).run().items()
        if verdict.kind in TOLD_BY_AMOUNT
    }


def _agrees_with_every_explanation(case: Case) -> None:
    found = decided(case)
    for explanation in explanations(case.receipts, case.items):
        for receipt, chosen in found.items():
            assert explanation[receipt] == chosen


def _has_no_rival_at_the_end(case: Case) -> None:
    """What nobody took is open at the end: with it no second set may be the amount of a receipt that was decided by its
    amount; for one item, no second item."""
    verdicts = Rounds(case).run()
    gone = {case.items[share.item].id for verdict in verdicts.values() for share in verdict.shares}
    for place, verdict in verdicts.items():
        if verdict.kind in TOLD_BY_AMOUNT:
            mine = frozenset(case.items[share.item].id for share in verdict.shares)
            left = [item for item in case.items if item.id not in gone or item.id in mine]
            rivals = [one for one in sets_of(case.receipts[place], left) if len(one) <= len(mine)]
            assert rivals == [mine]


@settings(max_examples=150)
@given(ledgers(UNROUNDED))
def test_what_the_amount_decides_is_in_every_explanation_of_the_ledger(case: Case) -> None:
    _agrees_with_every_explanation(case)


@settings(max_examples=150)
@given(ledgers(COARSE))
def test_of_two_sets_that_are_the_amount_none_is_taken(case: Case) -> None:
    _has_no_rival_at_the_end(case)


@pytest.mark.long
@settings(max_examples=5_000)
@given(ledgers(UNROUNDED))
def test_what_the_amount_decides_is_in_every_explanation_of_five_thousand_ledgers(case: Case) -> None:
    _agrees_with_every_explanation(case)


@pytest.mark.long
@settings(max_examples=5_000)
@given(ledgers(COARSE))
def test_of_two_sets_that_are_the_amount_none_is_taken_in_five_thousand_ledgers(case: Case) -> None:
    _has_no_rival_at_the_end(case)


def test_sets_of_several_items_are_among_what_the_amount_decides() -> None:
    """Else the laws above would say nothing of them."""
    case = find(ledgers(UNROUNDED), lambda case: any(len(chosen) > 1 for chosen in decided(case).values()))
    assert decided(case)


@settings(max_examples=150)
@given(ledgers(UNROUNDED))
def test_where_one_explanation_exists_and_every_receipt_is_of_one_item_all_of_it_is_decided(case: Case) -> None:
    """Silence would pass all other laws. What came twice within days in one amount may be a payment made twice: there
    silence is meant."""
    every = list(explanations(case.receipts, case.items))
    came_once = len({receipt.amount for receipt in case.receipts}) == len(case.receipts)
    if came_once and len(every) == 1 and all(len(chosen) == 1 for chosen in every[0].values()):
        assert decided(case) == every[0]
