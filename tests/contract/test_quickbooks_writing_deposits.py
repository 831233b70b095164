"""Payouts as deposits, and entries taken back: to the cent, once, and nothing that is not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from connector.dates import business_date
from connector.errors import Conflict, OutcomeUnknown, Refused
from connector.model.intent import JournalPart, Posting, VoidPosting, Written
from connector.model.settlement import Deposit
from connector.model.source import Kind, Ref
from connector.money import Money
from connector.readback import disagreement
from tests.contract.quickbooks_ledger import PAYOUT, Ledger, key, ledger
from tests.contract.quickbooks_room import REALM, stream_of, usd
from tests.intuit_rig import ask, untied_rows
from tests.intuit_rig import served as figures
from tests.unit.quickbooks_ground import USD, books

ONE, TWO, THREE, FOUR = (key(letter) for letter in "ABCD")


@pytest.fixture
def room() -> Iterator[Ledger]:
    with ledger() as opened:
        yield opened


def two_payments(room: Ledger) -> tuple[tuple[Ref, str], ...]:
    """Booked at gross, waiting among the undeposited funds."""
    connection = room.connect()
    first = connection.post(room.payment("80.00"), THREE)
    second = connection.post(room.payment("120.00", "INV-1"), FOUR)
    return ((first.ref, "80.00"), (second.ref, "120.00"))


def account(room: Ledger, name: str) -> Decimal:
    return room.figure("Account", "CurrentBalance", Name=name)


@pytest.mark.req("Q30")
def test_a_payout_is_its_gross_payments_less_the_fee_to_the_cent_and_is_found_again(room: Ledger) -> None:
    banked, connection = two_payments(room), room.connect()
    intent = room.deposit(banked, "6.10", "193.90")
    assert account(room, "Undeposited Funds") == 200
    posted = connection.post(intent, ONE)
    assert (posted.ref.kind, posted.amount) == (Kind.DEPOSIT, usd("193.90"))
    assert posted.members == intent.payments
    assert disagreement(intent, posted) is None
    assert [account(room, name) for name in ("Checking", "Undeposited Funds", "Stripe Fees")] == [
        Decimal("193.90"),
        0,
        Decimal("6.10"),
    ]
    assert room.connect().read_posted(posted.ref) == posted
    # a second try finds the first, also where somebody changed its day
    assert room.connect().find_posted(intent, ONE) == (posted,)
    room.server.behind(lambda: room.office.edit("Deposit", posted.ref.vendor_id, TxnDate="2026-07-01"))
    [found] = room.connect().find_posted(intent, ONE)
    assert (found.ref, found.members) == (posted.ref, intent.payments)
    assert room.connect().find_posted(intent, TWO) == ()
    # and whatever finds nothing and sends all the same makes no second one
    refused(room, intent, f"in deposit {posted.ref.vendor_id} already")
    # a missing member: no deposit
    missing = room.deposit(((books(Kind.PAYMENT, "9999"), "10.00"),), "1.00", "9.00")
    refused(room, missing, "is not in the books; no deposit was made")
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


def refused(room: Ledger, intent: Posting, says: str, *, error: type[Exception] = Refused) -> None:
    """Nothing is sent: not even a write that QuickBooks would refuse."""
    before = room.posts("Deposit"), room.posts("Payment"), room.posts("Purchase"), room.posts("Transfer")
    with pytest.raises(error, match=says):
        room.connect().post(intent, TWO)
    assert (room.posts("Deposit"), room.posts("Payment"), room.posts("Purchase"), room.posts("Transfer")) == before


def test_a_banked_payout_is_mirrored_with_its_payments_and_its_stamp(room: Ledger) -> None:
    banked, connection = two_payments(room), room.connect()
    posted = connection.post(room.deposit(banked, "6.10", "193.90"), ONE)
    [mirrored] = [one.record for one in stream_of(connection, "deposit")[0] if one.ref == posted.ref]
    assert isinstance(mirrored, Deposit)
    assert {line.payment for line in mirrored.lines} == {*(ref for ref, _ in banked), None}
    assert [(stamp.op_id, stamp.about) for stamp in mirrored.stamps] == [(ONE.op_id, PAYOUT)]


@pytest.mark.parametrize("amount", ["79.99", "80.01"])
def test_a_payment_of_another_amount_than_was_paid_out_makes_no_deposit(room: Ledger, amount: str) -> None:
    (first, _), second = two_payments(room)
    total = Decimal(amount) + 120 - 1
    refused(room, room.deposit(((first, amount), second), "1.00", str(total)), "is of 80.00 USD")


def test_a_voided_payment_makes_no_deposit(room: Ledger) -> None:
    banked = two_payments(room)
    room.server.behind(lambda: room.office.void("Payment", banked[0][0].vendor_id))
    refused(room, room.deposit(banked, "6.10", "193.90"), "is of 0.00 USD")


def test_a_payment_in_another_account_than_the_undeposited_funds_makes_no_deposit(room: Ledger) -> None:
    held = room.connect().post(room.payment("80.00", into="Stripe Clearing"), THREE)
    intent = room.deposit(((held.ref, "80.00"),), "2.00", "78.00")
    refused(room, intent, "does not wait among the undeposited funds")


def test_a_payment_that_a_person_has_banked_makes_no_second_deposit(room: Ledger) -> None:
    banked = two_payments(room)
    theirs = room.server.behind(lambda: room.office.bank([banked[1][0].vendor_id]))
    refused(room, room.deposit(banked, "6.10", "193.90"), f"is in deposit {theirs} already")
    assert room.connect().find_posted(room.deposit(banked, "6.10", "193.90"), ONE) == ()


def test_a_payout_below_zero_says_that_no_deposit_can_be_it(room: Ledger) -> None:
    (first, gross), _ = two_payments(room)
    refused(room, room.deposit(((first, gross),), "90.00", "-10.00"), "takes money from the bank, and a deposit cannot")


def test_a_lost_answer_to_a_deposit_is_unknown_and_the_deposit_is_found(room: Ledger) -> None:
    intent = room.deposit(two_payments(room), "6.10", "193.90")
    room.fault("POST", "*/deposit", "drop-after")
    with pytest.raises(OutcomeUnknown):
        room.connect().post(intent, ONE)
    [found] = room.connect().find_posted(intent, ONE)
    assert found.amount == usd("193.90")


@pytest.mark.parametrize(
    ("change", "agrees"),
    [
        pytest.param(lambda held: held, True, id="as asked"),
        pytest.param(lambda held: replace(held, amount=Money(19391, USD)), False, id="another total"),
        pytest.param(lambda held: replace(held, members=held.members[:1]), False, id="a payment missing"),
        pytest.param(
            lambda held: replace(held, members=(*held.members, (books(Kind.PAYMENT, "7"), usd("0.00")))),
            False,
            id="a payment more",
        ),
        pytest.param(lambda held: replace(held, moves=()), False, id="nothing kept back"),
    ],
)
def test_a_deposit_that_comes_back_otherwise_than_asked_is_a_disagreement(
    room: Ledger,
    change: Callable[[Written], Written],
    agrees: bool,  # noqa: FBT001 - a column of the table
) -> None:
    intent = room.deposit(((books(Kind.PAYMENT, "1"), "80.00"), (books(Kind.PAYMENT, "2"), "120.00")), "6.10", "193.90")
    held = Written(
        ref=books(Kind.DEPOSIT, "9"),
        version="0",
        amount=intent.total,
        members=intent.payments,
        moves=(JournalPart(account=room.ref("Account", "Stripe Fees"), amount=usd("-6.10")),),
    )
    assert (disagreement(intent, change(held)) is None) is agrees


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param({"LinkedTxn": [{"TxnId": "1", "TxnType": "Payment"}]}, "2020", id="without a line id"),
        pytest.param(
            {"LinkedTxn": [{"TxnId": "1", "TxnType": "Payment", "TxnLineId": "0"}], "DetailType": "DepositLineDetail"},
            "2020",
            id="with a detail type",
        ),
        pytest.param(
            {"LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice", "TxnLineId": "0"}]}, "620", id="of an invoice"
        ),
    ],
)
def test_the_stand_in_refuses_linked_lines_that_intuit_refuses(
    room: Ledger, line: dict[str, object], code: str
) -> None:
    room.connect().post(room.payment("80.00"), ONE)
    into = {"value": room.ref("Account", "Checking").vendor_id}
    body = {
        "DepositToAccountRef": into,
        "CurrencyRef": {"value": "USD"},
        "TxnDate": "2026-04-06",
        "Line": [{"Amount": Decimal("80.00"), **line}],
    }
    assert ask(room.server.stand_in, "POST", "deposit", body)["Fault"]["Error"][0]["code"] == code
    assert room.held("Deposit") == []


def test_the_stand_in_lets_no_change_take_a_deposit_below_zero_and_keeps_it_as_it_was(room: Ledger) -> None:
    posted = room.connect().post(room.deposit(two_payments(room), "6.10", "193.90"), ONE)
    fees = {"AccountRef": {"value": room.ref("Account", "Stripe Fees").vendor_id}}
    line = {"Amount": Decimal("-1.00"), "DetailType": "DepositLineDetail", "DepositLineDetail": fees}
    body = {"Id": posted.ref.vendor_id, "SyncToken": "0", "sparse": True, "Line": [line]}
    assert ask(room.server.stand_in, "POST", "deposit", body)["Fault"]["Error"][0]["code"] == "6000"
    assert room.connect().read_posted(posted.ref) == posted
    assert account(room, "Undeposited Funds") == 0


# Taking back


def entry(room: Ledger, kind: str) -> Written:
    connection = room.connect()
    if kind == "deposit":
        return connection.post(room.deposit(two_payments(room), "6.10", "193.90"), ONE)
    made: dict[str, Callable[[], Posting]] = {
        "payment": lambda: room.payment("80.00"),
        "credit": lambda: room.credit("20.00"),
        "expense": room.expense,
        "transfer": room.transfer,
    }
    return connection.post(made[kind](), ONE)


ENTITIES = {
    "payment": "Payment",
    "credit": "Payment",
    "expense": "Purchase",
    "transfer": "Transfer",
    "deposit": "Deposit",
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_an_entry_of_ours_is_taken_back_and_taking_it_back_again_changes_nothing(room: Ledger, kind: str) -> None:
    written = entry(room, kind)
    undo = room.undo(written, ONE)
    connection = room.connect()
    assert connection.find_posted(undo, TWO) == ()
    done = connection.post(undo, TWO)
    assert not done.amount
    assert disagreement(undo, done) is None
    assert disagreement(undo, written) is not None or kind == "credit"  # a credit amounts to nothing all along
    assert connection.find_posted(undo, TWO) == (done,)
    before = room.server.stand_in.dump(normalised=False)
    for again in (room.connect(), connection):
        [found] = again.find_posted(undo, TWO)
        assert (found.ref, bool(found.amount)) == (written.ref, False)
        assert not again.post(undo, TWO).amount
    assert room.server.stand_in.dump(normalised=False) == before
    assert room.posts(ENTITIES[kind]) == 2
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


def test_a_payment_is_voided_and_stays_while_the_others_are_deleted(room: Ledger) -> None:
    payment = entry(room, "payment")
    room.connect().post(room.undo(payment, ONE), TWO)
    held = room.row_of(payment.ref)
    assert str(held["PrivateNote"]).startswith("Voided")
    assert room.balance("INV-2") == 80
    transfer = room.connect().post(room.transfer(), THREE)
    room.connect().post(room.undo(transfer, THREE), FOUR)
    assert room.held("Transfer") == []
    assert account(room, "Checking") == 0


def test_a_deposit_that_is_taken_back_lets_its_payments_wait_again_and_be_taken_back(room: Ledger) -> None:
    banked, connection = two_payments(room), room.connect()
    first = room.connect().read_posted(banked[0][0])
    deposit = connection.post(room.deposit(banked, "6.10", "193.90"), ONE)
    refused(room, room.undo(first, THREE), f"is part of deposit {deposit.ref.vendor_id}")
    connection.post(room.undo(deposit, ONE), TWO)
    assert account(room, "Undeposited Funds") == 200
    connection.post(room.undo(first, THREE), key("E"))
    assert account(room, "Undeposited Funds") == 120


@pytest.mark.req("Q29")
@pytest.mark.parametrize("kind", ENTITIES)
@pytest.mark.parametrize("how", ["not ours", "of another operation", "changed", "changed before it was decided"])
def test_what_is_not_ours_or_was_touched_by_a_person_is_left_alone(room: Ledger, kind: str, how: str) -> None:
    written = entry(room, kind)
    entity, vendor_id = ENTITIES[kind], written.ref.vendor_id.rpartition(":")[2]
    undo, says = room.undo(written, ONE), "was changed in QuickBooks"
    error: type[Exception] = Refused
    match how:
        case "not ours":
            room.server.behind(lambda: room.office.edit(entity, vendor_id, PrivateNote="by hand"))
            undo, says = replace(undo, version="1"), "does not carry our stamp"
        case "of another operation":
            undo, says = replace(undo, stamp=FOUR.op_id), "does not carry our stamp"
        case "changed":
            room.server.behind(lambda: room.office.edit(entity, vendor_id, TxnDate="2026-04-07"))
            error = Conflict
        case _:
            room.server.behind(lambda: room.office.edit(entity, vendor_id, TxnDate="2026-04-07"))
            undo, says = replace(undo, version="1"), "was changed in QuickBooks after we wrote it"
    before = room.server.stand_in.dump(normalised=False)
    refused(room, undo, says, error=error)
    assert room.server.stand_in.dump(normalised=False) == before


@pytest.mark.parametrize("kind", ENTITIES)
def test_what_a_person_has_struck_out_already_counts_as_taken_back(room: Ledger, kind: str) -> None:
    written = entry(room, kind)
    room.server.behind(lambda: room.office.delete(ENTITIES[kind], written.ref.vendor_id.rpartition(":")[2]))
    undo = room.undo(written, ONE)
    writes = room.posts(ENTITIES[kind])
    done = room.connect().post(undo, TWO)
    assert (done.ref, done.amount) == (written.ref, None)
    assert disagreement(undo, done) is None
    assert room.posts(ENTITIES[kind]) == writes


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(books(Kind.INVOICE, "1"), id="an invoice"),
        pytest.param(books(Kind.BOOK_ENTRY, "Bill:1"), id="an entity we do not post"),
        pytest.param(books(Kind.BOOK_ENTRY, "SalesReceipt:1"), id="a sale"),
    ],
)
def test_what_we_never_write_is_never_taken_back(room: Ledger, target: Ref) -> None:
    undo = VoidPosting(
        books=books(Kind.INVOICE, "1").connection,
        target=target,
        stamp=ONE.op_id,
        version="0",
        on=business_date("2026-04-06"),
        about=PAYOUT,
        memo="",
    )
    refused(room, undo, "never writes such entries")
