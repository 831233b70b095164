"""A small difference in the books: a journal entry on the customer, and the payment of nothing that settles with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.quickbooks import bodies
from connector.errors import Conflict, Refused, Rejected
from connector.model.allocation import Allocation
from connector.model.intent import ApplyCredit, JournalPart, PostJournal, VoidPosting, Written
from connector.model.source import Kind, Ref
from connector.money import from_text
from connector.readback import disagreement
from tests.contract.quickbooks_ledger import CAD, TODAY, Ledger, key, ledger
from tests.contract.quickbooks_room import REALM, usd
from tests.intuit_rig import served as figures
from tests.intuit_rig import untied_rows
from tests.unit.quickbooks_ground import BOOKS, USD

ONE, TWO, THREE, FOUR = (key(letter) for letter in "ABCD")


@pytest.fixture
def room() -> Iterator[Ledger]:
    with ledger() as opened:
        yield opened


def entry_of(room: Ledger, amount: str, number: str = "INV-1") -> PostJournal:
    """The rest of an invoice onto the account for it; INV-C is owed in another currency than the company's own."""
    foreign = number == "INV-C"
    money = from_text(amount, CAD if foreign else USD)
    receivables = [each for each in room.held("Account") if each["AccountType"] == "Accounts Receivable"]
    names = {str(each["Name"]): str(each["Id"]) for each in receivables}
    name = next(each for each in names if each.endswith("CAD") is foreign)
    receivable = Ref(BOOKS, Kind.ACCOUNT, names[name])
    customer = room.ref("Customer", "Borealis" if foreign else "Acme")
    return PostJournal(
        books=BOOKS,
        on=TODAY,
        parts=(
            JournalPart(account=room.ref("Account", "Stripe Fees"), amount=money),
            JournalPart(account=receivable, amount=-money, customer=customer),
        ),
        about=room.ref("Invoice", number),
        memo="small difference",
    )


def credit_of(room: Ledger, amount: str, entry: Written, number: str = "INV-1") -> ApplyCredit:
    """As it is sent, with the entry that gives it."""
    money = from_text(amount, CAD if number == "INV-C" else USD)
    invoice = room.ref("Invoice", number)
    return ApplyCredit(
        books=BOOKS,
        customer=room.ref("Customer", "Borealis" if number == "INV-C" else "Acme"),
        on=TODAY,
        allocations=tuple(Allocation(payment=invoice, target=each, amount=money) for each in (invoice, entry.ref)),
        about=invoice,
        memo="small difference settled",
    )


def as_planned(intent: ApplyCredit) -> ApplyCredit:
    """As it is stored: the invoice alone, and the mark of the entry."""
    return replace(intent, allocations=intent.allocations[:1], entry=ONE.op_id)


def taking_back(written: Written, stamp: str, **more: object) -> VoidPosting:
    undo = VoidPosting(
        books=BOOKS,
        target=written.ref,
        stamp=key(stamp).op_id,
        version=written.version,
        on=TODAY,
        about=written.ref,
        memo="",
        undoes=None,
    )
    return replace(undo, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("number", "whole"), [("INV-1", "120.00"), ("INV-C", "55.10")])
def test_it_settles_the_invoice_to_the_cent_and_moves_nothing_but_the_chosen_account(
    room: Ledger, number: str, whole: str
) -> None:
    before = room.balance(number)
    assert before == Decimal(whole)
    books = room.connect()
    intent = entry_of(room, "0.50", number)
    entry = books.post(intent, ONE)
    assert disagreement(intent, books.read_posted(entry.ref)) is None
    assert room.balance(number) == before, "the entry alone is a credit of the customer"
    owed = room.figure("Customer", "Balance", DisplayName="Borealis" if number == "INV-C" else "Acme")
    credit = credit_of(room, "0.50", entry, number)
    answer = books.post(credit, TWO)
    assert disagreement(as_planned(credit), books.read_posted(answer.ref)) is None
    assert room.balance(number) == before - Decimal("0.50")
    assert room.figure("Customer", "Balance", DisplayName="Borealis" if number == "INV-C" else "Acme") == owed
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


def test_the_body_is_a_payment_of_nothing_with_both_sides_and_our_mark(room: Ledger) -> None:
    entry = Written(ref=Ref(BOOKS, Kind.BOOK_ENTRY, "JournalEntry:41"), version="0")
    entity, body = bodies.posting(credit_of(room, "0.50", entry), TWO)
    assert isinstance(body, dict)
    assert (entity, body["TotalAmt"], body["PaymentRefNum"]) == ("Payment", Decimal(0), TWO.op_id)
    assert body["Line"] == [
        {"Amount": Decimal("0.50"), "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]},
        {"Amount": Decimal("0.50"), "LinkedTxn": [{"TxnId": "41", "TxnType": "JournalEntry"}]},
    ]
    expense = Written(ref=Ref(BOOKS, Kind.BOOK_ENTRY, "Purchase:41"), version="0")
    with pytest.raises(Refused, match="is no journal entry"):
        bodies.posting(credit_of(room, "0.50", expense), TWO)


def test_what_does_not_give_exactly_that_is_not_used_and_nothing_is_sent(room: Ledger) -> None:
    books = room.connect()
    entry = books.post(entry_of(room, "0.50"), ONE)
    sent = room.posts("Payment")
    with pytest.raises(Conflict, match=r"does not credit 0.60 USD"):
        books.post(credit_of(room, "0.60", entry), TWO)
    with pytest.raises(Conflict, match="does not credit"):
        books.post(credit_of(room, "0.50", replace(entry, ref=Ref(BOOKS, Kind.BOOK_ENTRY, "JournalEntry:99"))), TWO)
    debit = books.post(replace(room.journal("0.50"), about=room.ref("Invoice", "INV-1")), THREE)
    with pytest.raises(Conflict, match="does not credit"):
        books.post(credit_of(room, "0.50", debit), TWO)
    assert room.posts("Payment") == sent


def test_quickbooks_itself_lets_an_entry_be_used_once(room: Ledger) -> None:
    books = room.connect()
    entry = books.post(entry_of(room, "0.50"), ONE)
    books.post(credit_of(room, "0.50", entry), TWO)
    with pytest.raises(Rejected) as told:
        books.post(credit_of(room, "0.50", entry, "INV-2"), THREE)
    assert told.value.code == "620"
    assert (room.balance("INV-1"), room.balance("INV-2")) == (Decimal("119.50"), Decimal(80))


def test_other_credits_than_asked_are_not_taken_for_it(room: Ledger) -> None:
    books = room.connect()
    entry = books.post(entry_of(room, "0.50"), ONE)
    wanted = credit_of(room, "0.50", entry)
    answer = books.post(wanted, TWO)
    other = replace(wanted.allocations[0], target=room.ref("Invoice", "INV-2"))
    assert disagreement(replace(as_planned(wanted), allocations=(other,)), answer) is not None
    less = replace(wanted.allocations[0], amount=usd("0.40"))
    assert disagreement(replace(as_planned(wanted), allocations=(less,)), answer) is not None


def test_it_is_taken_back_credit_first_and_the_entry_only_while_it_says_what_we_wrote(room: Ledger) -> None:
    books, before = room.connect(), room.figure("Customer", "Balance", DisplayName="Acme")
    intent = entry_of(room, "0.50")
    entry = books.post(intent, ONE)
    credit = books.post(credit_of(room, "0.50", entry), TWO)
    settled = books.read_posted(entry.ref)
    undo = taking_back(replace(entry, version=settled.version), "A", undoes="plan-1", says=intent.parts)
    with pytest.raises(Rejected, match="business rule"):
        books.post(undo, THREE)
    books.post(taking_back(credit, "B", undoes="plan-1"), THREE)
    with pytest.raises(Conflict, match="was changed"):
        books.post(replace(undo, says=()), FOUR)
    other = (replace(intent.parts[0], amount=usd("0.40")), replace(intent.parts[1], amount=usd("-0.40")))
    with pytest.raises(Conflict, match="was changed"):
        books.post(replace(undo, says=other), FOUR)
    books.post(undo, FOUR)
    assert room.held("JournalEntry") == []
    assert room.balance("INV-1") == 120
    assert room.figure("Customer", "Balance", DisplayName="Acme") == before
    assert untied_rows(figures(room.server.stand_in, REALM)) == []
