"""Writing to the stand-in over HTTP: once, found again, read back, and nothing else touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.quickbooks import bodies
from connector.errors import (
    NotFound,
    OutcomeUnknown,
    Rejected,
)
from connector.model.intent import WriteKey
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import BookEntry
from connector.model.source import ConnectionId, Kind, OpId, Ref
from tests.contract.quickbooks_room import (
    REALM,
    Room,
    account_of,
    behind_our_back,
    everything,
    invoice_of,
    room_payment,
    served,
    stream_of,
    usd,
)
from tests.unit.quickbooks_ground import (
    BOOKS,
    CHARGE,
    KEY,
    expense_intent,
    note_intent,
    transfer_intent,
)


@pytest.fixture
def room() -> Iterator[Room]:
    with served() as opened:
        yield opened


def test_a_payment_is_posted_found_and_read_back_to_the_cent(room: Room) -> None:
    books = room.connect()
    intent = room_payment(books, total="80.01")
    assert books.find_posted(intent, KEY) == ()
    posted = books.post(intent, KEY)
    assert posted.amount == usd("80.01")
    assert [(share.target, share.amount) for share in posted.allocated] == [
        (intent.allocations[0].target, usd("80.00"))
    ]
    assert books.find_posted(intent, KEY) == (posted,)
    assert books.read_posted(posted.ref) == posted
    [mirrored] = [one.record for one in stream_of(books, "payment")[0] if one.ref == posted.ref]
    assert isinstance(mirrored, Payment)
    assert mirrored.into == intent.into
    assert mirrored.unapplied == usd("0.01")
    assert [(stamp.op_id, stamp.about) for stamp in mirrored.stamps] == [(KEY.op_id, CHARGE)]


def test_a_fee_and_a_payout_are_posted_found_and_read_back(room: Room) -> None:
    books = room.connect()
    clearing, bank, fees = (account_of(books, name) for name in ("Stripe Clearing", "Checking", "Stripe Fees"))
    fee = replace(expense_intent(), paid_from=clearing, account=fees)
    payout = replace(transfer_intent(), paid_from=clearing, paid_to=bank)
    key = WriteKey(op_id=OpId("BBBBBBBBBBBBBBBBBBBB"))
    spent, moved = books.post(fee, KEY), books.post(payout, key)
    assert (spent.amount, moved.amount) == (fee.amount, payout.amount)
    assert spent.ref.vendor_id.startswith("Purchase:")
    assert moved.ref.vendor_id.startswith("Transfer:")
    assert books.find_posted(fee, KEY) == (spent,)
    assert books.find_posted(payout, key) == (moved,)
    assert books.find_posted(payout, KEY) == ()
    assert books.read_posted(spent.ref) == spent
    assert books.read_posted(moved.ref) == moved
    entries = [one.record for stream in ("expense", "transfer") for one in stream_of(books, stream)[0]]
    assert [(one.paid_from, one.paid_to) for one in entries if isinstance(one, BookEntry)] == [
        (clearing, fees),
        (clearing, bank),
    ]
    assert [one.stamps[0].op_id for one in entries if isinstance(one, BookEntry)] == [KEY.op_id, key.op_id]


def test_a_payment_whose_number_somebody_overwrote_is_found_by_its_stamp(room: Room) -> None:
    books = room.connect()
    intent = room_payment(books)
    posted = books.post(intent, KEY)
    body = b'{"Id":"%s","SyncToken":"%s","sparse":true,"PaymentRefNum":"by hand"}' % (
        posted.ref.vendor_id.encode(),
        posted.version.encode(),
    )
    room.server.act(behind_our_back(room, f"/v3/company/{REALM}/payment", body))
    [found] = books.find_posted(intent, KEY)
    assert found.ref == posted.ref


@pytest.mark.parametrize(
    "ref",
    [
        pytest.param(Ref(BOOKS, Kind.PAYMENT, "999"), id="no such payment"),
        pytest.param(Ref(BOOKS, Kind.BOOK_ENTRY, "Transfer:999"), id="no such transfer"),
        pytest.param(Ref(BOOKS, Kind.BOOK_ENTRY, "Bill:1"), id="an entity we do not post"),
        pytest.param(Ref(BOOKS, Kind.CUSTOMER, "1"), id="a kind we do not post"),
    ],
)
def test_an_entry_that_does_not_exist_is_not_found(room: Room, ref: Ref) -> None:
    with pytest.raises(NotFound):
        room.connect().read_posted(ref)


@pytest.mark.parametrize("kind", ["drop-after", "status-after", "truncate"])
def test_a_write_whose_answer_is_lost_is_unknown_and_is_not_repeated(room: Room, kind: str) -> None:
    books = room.connect()
    intent = room_payment(books)
    room.fault("POST", "*/payment", kind, "503" if kind == "status-after" else "")
    with pytest.raises(OutcomeUnknown):
        books.post(intent, KEY)
    assert [path for _, path, _ in room.server.calls].count(f"/v3/company/{REALM}/payment") == 1
    [found] = books.find_posted(intent, KEY)
    assert found.amount == intent.total


def test_a_write_that_never_arrived_is_unknown_and_is_not_found(room: Room) -> None:
    books = room.connect()
    intent = room_payment(books)
    room.fault("POST", "*/payment", "drop-before")
    with pytest.raises(OutcomeUnknown):
        books.post(intent, KEY)
    assert books.find_posted(intent, KEY) == ()


def test_the_same_key_sent_again_makes_one_payment(room: Room) -> None:
    books = room.connect()
    intent = room_payment(books)
    room.fault("POST", "*/payment", "drop-after")
    with pytest.raises(OutcomeUnknown):
        books.post(intent, KEY)
    again = books.post(intent, KEY)
    assert books.find_posted(intent, KEY) == (again,)


def test_a_payment_for_an_invoice_of_another_customer_is_rejected(room: Room) -> None:
    books = room.connect()
    intent = room_payment(books)  # of Acme North, which does not pay the bills of its parent
    share = replace(intent.allocations[0], target=invoice_of(books, "INV-7").ref, amount=usd("50.00"))
    elsewhere = replace(intent, allocations=(share,))
    with pytest.raises(Rejected) as error:
        books.post(elsewhere, KEY)
    assert error.value.code == "620"
    assert error.value.trace.startswith("1-standin-")
    assert [path for method, path, _ in room.server.calls if method == "POST"].count(
        f"/v3/company/{REALM}/payment"
    ) == 1
    assert books.find_posted(elsewhere, KEY) == ()


def test_a_voided_payment_is_mirrored_as_void(room: Room) -> None:
    books = room.connect()
    posted = books.post(room_payment(books), KEY)
    body = b'{"Id":"%s","SyncToken":"%s","sparse":true}' % (posted.ref.vendor_id.encode(), posted.version.encode())
    call = behind_our_back(room, f"/v3/company/{REALM}/payment", body)
    target = f"{call.path}?operation=update&include=void"
    room.server.act(replace(call, query={"operation": ["update"], "include": ["void"]}, target=target))
    [record] = [one.record for one in stream_of(books, "payment")[0] if one.ref == posted.ref]
    assert isinstance(record, Payment)
    assert record.state is PaymentState.VOID
    assert not record.is_cash


@pytest.mark.req("Q31", "Q32")
def test_a_note_changes_nothing_but_itself(room: Room) -> None:
    books = room.connect()
    before = {one.ref: one.raw for one in everything(books)}
    invoice = invoice_of(books, "INV-7").ref
    intent = note_intent("2026-04-06 - Dana - call\nPromised 50.00 USD, “by Friday” 😀", invoice.vendor_id)
    pushed = books.push_note(intent, KEY)
    assert pushed.text == intent.text
    assert pushed.amount is None
    assert {one.ref: one.raw for one in everything(books)} == before
    [held] = room.held("Attachable")
    assert held["AttachableRef"] == [
        {"EntityRef": {"type": "Invoice", "value": invoice.vendor_id}, "IncludeOnSend": False}
    ]


@pytest.mark.req("Q33")
@pytest.mark.parametrize("crash", [False, True])
def test_a_note_pushed_twice_or_after_a_lost_answer_exists_once(room: Room, crash: bool) -> None:  # noqa: FBT001
    books = room.connect()
    intent = note_intent(invoice=invoice_of(books, "INV-7").ref.vendor_id)
    assert books.find_notes(intent, KEY) == ()
    if crash:
        room.fault("POST", "*/attachable", "drop-after")
        with pytest.raises(OutcomeUnknown):
            books.push_note(intent, KEY)
    else:
        books.push_note(intent, KEY)
    pushed = books.push_note(intent, KEY)
    assert books.find_notes(intent, KEY) == (pushed,)
    assert len(room.held("Attachable")) == 1


def test_notes_are_told_apart_by_operation_and_invoice(room: Room) -> None:
    books = room.connect()
    here, there = (note_intent(invoice=invoice_of(books, number).ref.vendor_id) for number in ("INV-7", "INV-8"))
    other = WriteKey(op_id=OpId("BBBBBBBBBBBBBBBBBBBB"))
    pushed = books.push_note(here, KEY)
    assert books.find_notes(here, KEY) == (pushed,)
    assert books.find_notes(here, other) == ()
    assert books.find_notes(there, KEY) == ()


def test_notes_go_to_the_invoice_and_have_room_for_their_stamp(room: Room) -> None:
    books = room.connect()
    invoice = invoice_of(books, "INV-7").ref
    assert books.note_targets(invoice, None) == (invoice,)
    limits = books.note_limits()
    assert limits.parts
    longest = note_intent("x" * limits.characters_max, invoice.vendor_id)
    assert books.push_note(longest, KEY).text == longest.text


def test_a_note_limit_leaves_the_stamp_of_the_longest_connection_name_room() -> None:
    name = ConnectionId("quickbooks-of-the-eastern-branch")
    target = Ref(name, Kind.INVOICE, "1234567890")
    intent = replace(note_intent("x" * 1900), target=target)
    assert len(str(bodies.note(intent, KEY))) > 1900
