"""What a plan does with money that a bank's statement shows: straight into the bank account, and out of it again."""

from __future__ import annotations

import pytest

from connector.dates import business_date, instant_from_iso
from connector.model.finding import FindingCode
from connector.model.firm import Beginning, BookingPattern, PostingAccounts
from connector.model.money_in import PaymentState
from connector.model.settlement import EntryNature
from connector.model.source import Kind
from tests.builders import PROCESSOR, USD, money, ref
from tests.unit.returned_ground import DEBIT, POSTED, ReturnedBooks, kinds, owing


@pytest.fixture
def books() -> ReturnedBooks:
    """The payment of a bank's line; there is no fee and no line of a ledger, and `clearing` is the bank account."""
    found = ReturnedBooks()
    found.pattern = BookingPattern.BANK
    found.posting = PostingAccounts(bank={USD: found.clearing})
    found.mirror.charge("py_1", "120.00")
    del found.mirror.records[ref(Kind.BALANCE_ENTRY, "txn_1", PROCESSOR)]
    del found.mirror.records[ref(Kind.BOOK_ENTRY, "e-1")]
    return found


def came_back(books: ReturnedBooks) -> None:
    books.charge(PaymentState.RETURNED, returned_on=business_date("2026-05-27"), failure="there was not enough money")
    books.mirror.entry("txn_b", DEBIT, "-120.00", "3.00", EntryNature.RETURN, created="2026-05-27T14:00:00Z")


def test_a_payment_goes_gross_into_the_bank_account_and_costs_nothing(books: ReturnedBooks) -> None:
    del books.mirror.records[POSTED]
    books.mirror.invoice("INV-1", "Acme", "120.00")
    books.charge(PaymentState.SUCCEEDED)
    made = books.plan()
    (line,) = made.lines
    assert line.payment is not None
    assert (line.payment.into, line.payment.total) == (books.clearing, money("120.00"))
    assert made.left_out == ()


def test_without_a_bank_account_it_waits_and_says_which_command_chooses_one(books: ReturnedBooks) -> None:
    del books.mirror.records[POSTED]
    books.mirror.invoice("INV-1", "Acme", "120.00")
    books.charge(PaymentState.SUCCEEDED)
    books.posting = PostingAccounts()
    made = books.plan()
    assert made.lines == ()
    (told,) = [each for each in made.left_out if each.code is FindingCode.NO_ACCOUNT]
    assert told.next_step == "Choose one: receivables accounts stripe --bank NAME."


def test_what_the_bank_took_back_is_voided_and_its_charge_is_left_to_the_firm(books: ReturnedBooks) -> None:
    came_back(books)
    made = books.plan()
    assert kinds(made) == ["void"]
    assert "there was not enough money" in made.lines[0].sentence


def test_where_its_day_is_closed_the_customer_owes_again_on_the_day_of_the_return(books: ReturnedBooks) -> None:
    came_back(books)
    books.mirror.profile(closed_through=business_date("2026-03-31"))
    made = books.plan()
    assert kinds(made) == ["journal"]
    assert made.lines[0].intent.on == business_date("2026-05-27")
    assert owing(made) == {books.clearing.vendor_id: "-120.00 USD", "Acme": "120.00 USD"}


def test_what_came_before_the_chosen_day_is_left_out_and_needs_no_opening_entry(books: ReturnedBooks) -> None:
    del books.mirror.records[POSTED]
    books.mirror.invoice("INV-1", "Acme", "120.00")
    books.charge(PaymentState.SUCCEEDED)
    begins = Beginning(on=business_date("2026-04-01"), at=instant_from_iso("2026-04-01T04:00:00Z"))
    books.posting = PostingAccounts(bank={USD: books.clearing}, begins=begins)
    made = books.plan()
    assert made.lines == ()
    (told,) = made.left_out
    assert (told.code, told.amount) == (FindingCode.BEFORE_START, money("120.00"))
    assert "yours to have booked by hand" in f"{told.sentence} {told.next_step}"
