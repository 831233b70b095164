"""What is on its way to the bank: the books' account for it beside the processor's own payouts, entry by entry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.dates import business_date, zone
from connector.model.settlement import BookEntry, Deposit, PayoutState
from connector.model.source import Kind
from connector.reconcile.agreement import DifferenceKind
from connector.reconcile.sheet import Ground, Sheet
from connector.reconcile.sides import sheets
from tests.builders import PROCESSOR, USD, money, ref
from tests.unit.test_plan_on_its_way import ASIDE, LINE, MOVED, OnItsWay


@pytest.fixture
def books() -> OnItsWay:
    return OnItsWay()


def every_sheet(books: OnItsWay) -> dict[str, Sheet]:
    ground = Ground(
        snapshot=books.mirror.seen(),
        accounts={(PROCESSOR, USD): books.clearing},
        starts={},
        zone=zone("America/New_York"),
        as_of=business_date("2026-04-20"),
        transit={(PROCESSOR, USD): books.transit},
    )
    return {sheet.name: sheet for sheet in sheets(ground)}


def on_the_way(books: OnItsWay) -> Sheet:
    return every_sheet(books)["On the way from stripe"]


def told(sheet: Sheet) -> list[tuple[str, bool]]:
    """Every difference by its kind, and whether the next plan may take it away."""
    return [(str(each.kind), sheet.waits(each)) for each in sheet.agreement.differences]


def test_a_payout_that_left_is_missing_until_it_is_set_aside_and_agrees_then(books: OnItsWay) -> None:
    assert told(on_the_way(books)) == [("missing here", True)]
    books.aside()
    assert (told(on_the_way(books)), on_the_way(books).agreement.agreeing) == ([], 1)
    clearing = every_sheet(books)["Clearing of stripe"].agreement
    assert [each for each in clearing.differences if "payout" in each.entry.says] == []


def test_one_that_arrived_and_is_explained_has_to_be_moved_on(books: OnItsWay) -> None:
    books.aside()
    books.stands(PayoutState.PAID, told=False)
    assert told(on_the_way(books)) == []
    books.stands(PayoutState.PAID)
    assert told(on_the_way(books)) == [("missing here", True)]
    books.moved(books.transit)
    books.mirror.put(MOVED, replace(entry(books), on=business_date("2026-04-02")))
    assert (told(on_the_way(books)), on_the_way(books).agreement.agreeing) == ([], 2)


def entry(books: OnItsWay) -> BookEntry:
    return books.mirror.seen().book_entries[MOVED]


def test_one_that_came_back_on_its_way_has_to_be_put_back(books: OnItsWay) -> None:
    books.aside()
    books.fails()
    assert told(on_the_way(books)) == [("missing here", True)]
    back = ref(Kind.BALANCE_ENTRY, "txn_back", PROCESSOR)
    moves = ((books.clearing, money("97.00")), (books.transit, money("-97.00")))
    books.entry(ref(Kind.BOOK_ENTRY, "j-back"), "E", back, moves=moves, on=business_date("2026-04-03"))
    assert (told(on_the_way(books)), on_the_way(books).agreement.agreeing) == ([], 2)


def test_what_went_straight_to_the_bank_was_never_there(books: OnItsWay) -> None:
    books.stands(PayoutState.PAID)
    books.moved(books.clearing)
    assert "On the way from stripe" in every_sheet(books)
    assert on_the_way(books).agreement.agreeing == 0
    assert told(on_the_way(books)) == []


def test_an_amount_that_a_person_changed_is_named_on_its_entry(books: OnItsWay) -> None:
    moves = ((books.transit, money("97.01")), (books.clearing, money("-97.01")))
    books.entry(ASIDE, "C", LINE, moves=moves)
    (found,) = on_the_way(books).agreement.differences
    assert found.kind is DifferenceKind.AMOUNT
    assert found.here is not None
    assert found.here.ref == str(ASIDE)


def test_money_of_another_hand_and_a_transfer_of_nothing_contradict(books: OnItsWay) -> None:
    books.stands(PayoutState.PAID)
    books.moved(books.transit)
    assert told(on_the_way(books)) == [("missing there", False)]
    del books.mirror.records[MOVED]
    whole = money("5.00")
    books.mirror.put(
        ref(Kind.DEPOSIT, "d1"), Deposit(into=books.transit, on=business_date("2026-04-01"), total=whole, lines=())
    )
    assert told(on_the_way(books)) == [("missing there", False)]


def test_its_own_balance_is_held_against_what_is_on_it(books: OnItsWay) -> None:
    books.aside()
    held = books.mirror.seen().accounts[books.transit]
    books.mirror.put(books.transit, replace(held, balance=money("97.00")))
    assert every_sheet(books)["Stripe In Transit"].agreement.holds
    books.mirror.put(books.transit, replace(held, balance=money("96.99")))
    assert not every_sheet(books)["Stripe In Transit"].agreement.holds
