"""However many items and receipts are alike, the work stays in proportion: steps are counted, not seconds."""

from __future__ import annotations

from connector.reconcile.cash import sums
from connector.reconcile.cash.case import Item, Receipt
from connector.reconcile.cash.rounds import PASSES_MAX, Rounds
from tests.unit.cash_ground import invoice, paid, rounds

MANY = 5_000


def steps(done: Rounds) -> int:
    """How many items were walked through in all heaps."""
    return sum(heap.steps for heap in done.at.heaps.values())


def test_five_thousand_equal_items_and_as_many_silent_payments_are_bounded() -> None:
    items: list[Item] = [invoice(f"R{at:05}", 9_900, issued=at % 300) for at in range(MANY)]
    receipts: list[Receipt] = [paid(f"p{at:05}", 9_900, account="DE1", on=310 + at % 300) for at in range(MANY)]
    done = rounds(items, receipts)
    assert done.at.verdicts == {}
    assert done.passes == 1
    assert steps(done) <= 20 * MANY


def test_five_thousand_different_items_and_silent_payments_of_other_amounts_are_bounded() -> None:
    items = [invoice(f"R{at:05}", 100_000 + 17 * at, issued=at % 300) for at in range(MANY)]
    receipts = [paid(f"p{at:05}", 10_000_000 + 31 * at, account="DE1", on=310 + at % 300) for at in range(MANY)]
    done = rounds(items, receipts)
    assert done.at.verdicts == {}
    assert steps(done) <= 20 * MANY


def test_hundreds_of_payments_that_name_one_item_in_part_are_bounded() -> None:
    items = [invoice("R100", 5_000_000)]
    receipts = [paid(f"p{at:05}", 9_900 + at, "R100", account="DE1", on=10 * at) for at in range(400)]
    done = rounds(items, receipts)
    assert done.passes <= PASSES_MAX
    assert steps(done) <= 20 * MANY


def test_two_hundred_open_items_and_no_references_are_bounded() -> None:
    items = [invoice(f"R{at:05}", 100_003 + 7_919 * at * at % 90_001, issued=at) for at in range(200)]
    receipts = [paid(f"p{at:05}", 450_000 + 997 * at, account="DE1", on=210 + at) for at in range(200)]
    done = rounds(items, receipts)
    assert steps(done) <= 40 * 200 * 200


def test_sets_are_searched_only_among_few() -> None:
    assert sums.SEARCHED_MAX <= 20
    items = [invoice(f"R{at:05}", 100_003 + 7_919 * at * at * at, due=30) for at in range(sums.SEARCHED_MAX + 1)]
    three = items[2].amount + items[7].amount + items[11].amount
    assert rounds(items, [paid("p", three, account="DE1")]).at.verdicts == {}
    assert len(rounds(items[:13], [paid("p", three, account="DE1")]).at.verdicts) == 1
