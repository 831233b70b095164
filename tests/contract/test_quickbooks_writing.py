"""What may be written as the books stand, and what is written of it: every refusal leaves the books as they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from connector.dates import business_date
from connector.errors import Conflict, NotFound, Refused, Rejected
from connector.model.intent import Posting, WriteKey, Written
from connector.model.money_in import Payment
from connector.model.source import Kind, Ref
from connector.money import from_text, zero
from connector.readback import disagreement
from tests.contract.quickbooks_ledger import CAD, Ledger, asks_for, key, ledger
from tests.contract.quickbooks_room import REALM, stream_of, usd
from tests.intuit_rig import served as figures
from tests.intuit_rig import untied_rows
from tests.unit.quickbooks_ground import USD, books

ONE, TWO, THREE, FOUR = (key(letter) for letter in "ABCD")


@pytest.fixture
def room() -> Iterator[Ledger]:
    with ledger() as opened:
        yield opened


def refused(room: Ledger, intent: Posting, says: str, *, error: type[Exception] = Refused) -> None:
    """The entry is not sent, the reason is said, and the books hold what they held."""
    before = room.server.stand_in.dump(normalised=False)
    with pytest.raises(error, match=says):
        room.connect().post(intent, FOUR)
    assert room.server.stand_in.dump(normalised=False) == before


# Credits


def test_a_credit_is_applied_found_and_read_back_and_is_no_cash(room: Ledger) -> None:
    connection, intent = room.connect(), room.credit("20.00")
    assert connection.find_posted(intent, ONE) == ()
    applied = connection.post(intent, ONE)
    assert (applied.ref.kind, applied.amount) == (Kind.PAYMENT, zero(USD))
    assert disagreement(intent, applied) is None
    assert connection.find_posted(intent, ONE) == (applied,)
    assert connection.read_posted(applied.ref) == applied
    assert room.connect().read_posted(applied.ref) == applied
    assert room.balance("INV-1") == 100
    assert room.figure("CreditMemo", "RemainingCredit") == 10
    [mirrored] = [one.record for one in stream_of(connection, "payment")[0] if one.ref == applied.ref]
    assert isinstance(mirrored, Payment)
    assert not mirrored.is_cash
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


def test_a_credit_whose_number_was_overwritten_is_found_by_its_stamp(room: Ledger) -> None:
    applied = room.connect().post(room.credit("20.00"), ONE)
    room.server.behind(lambda: room.office.edit("Payment", applied.ref.vendor_id, PaymentRefNum="by hand"))
    [found] = room.connect().find_posted(room.credit("20.00"), ONE)
    assert found.ref == applied.ref


def test_a_credit_that_somebody_used_meanwhile_is_a_conflict(room: Ledger) -> None:
    intent = room.credit("20.00")
    memo, invoice = room.ref("CreditMemo", "CM-1").vendor_id, room.ref("Invoice", "INV-2").vendor_id
    room.server.behind(lambda: room.office.apply(memo, invoice, "15.00"))
    refused(room, intent, "credit note CM-1 has 15.00 USD open now", error=Conflict)


def test_a_credit_for_an_invoice_that_is_gone_is_a_conflict(room: Ledger) -> None:
    intent = room.credit("20.00")
    room.server.behind(lambda: room.office.delete("Invoice", intent.allocations[0].target.vendor_id))
    refused(room, intent, "does not exist any more", error=Conflict)


# What is still open


def test_what_somebody_else_paid_meanwhile_stays_unapplied_and_the_payment_says_so(room: Ledger) -> None:
    intent = room.payment("80.00")
    customer, invoice = intent.customer.vendor_id, intent.allocations[0].target.vendor_id
    room.server.behind(lambda: room.office.pay(customer, "50.00", {invoice: "50.00"}))
    posted = room.connect().post(intent, ONE)
    assert (posted.amount, [share.amount for share in posted.allocated]) == (usd("80.00"), [usd("30.00")])
    assert "80.00 USD was planned for invoice INV-2 and 30.00 USD was open" in posted.notice
    assert disagreement(intent, posted) is None
    assert disagreement(intent, replace(posted, notice="")) is not None
    held = room.row_of(posted.ref)
    assert room.figure("Payment", "UnappliedAmt", Id=posted.ref.vendor_id) == 50
    assert room.balance("INV-2") == 0
    assert posted.notice in str(held["PrivateNote"])
    assert room.connect().find_posted(intent, ONE) == (posted,)
    assert untied_rows(figures(room.server.stand_in, REALM)) == []


@pytest.mark.parametrize("how", ["paid", "void"])
def test_an_invoice_with_nothing_open_leaves_the_whole_payment_unapplied(room: Ledger, how: str) -> None:
    intent = room.payment("80.00")
    customer, invoice = intent.customer.vendor_id, intent.allocations[0].target.vendor_id
    if how == "paid":
        room.server.behind(lambda: room.office.pay(customer, "81.00", {invoice: "80.00"}))
    else:
        room.server.behind(lambda: room.office.void("Invoice", invoice))
    posted = room.connect().post(intent, ONE)
    assert (posted.amount, posted.allocated) == (usd("80.00"), ())
    assert disagreement(intent, posted) is None
    assert room.figure("Payment", "UnappliedAmt", Id=posted.ref.vendor_id) == 80


def test_a_payment_for_an_invoice_that_is_gone_is_a_conflict(room: Ledger) -> None:
    intent = room.payment("80.00")
    room.server.behind(lambda: room.office.delete("Invoice", intent.allocations[0].target.vendor_id))
    refused(room, intent, "does not exist any more", error=Conflict)


@pytest.mark.parametrize("on", ["2026-04-06", "2026-04-01", "2026-04-13"])
def test_a_payment_that_a_person_seems_to_have_entered_is_not_entered_again(room: Ledger, on: str) -> None:
    intent = room.payment("80.00")
    customer, invoice = intent.customer.vendor_id, intent.allocations[0].target.vendor_id
    entered = room.server.behind(lambda: room.office.pay(customer, "80.00", {invoice: "80.00"}, on=on))
    refused(room, intent, f"already holds payment {entered} of the same customer and amount, without our mark")


def test_an_equal_payment_of_ours_is_no_reason_to_refuse_another(room: Ledger) -> None:
    connection = room.connect()
    connection.post(room.payment("80.00"), ONE)
    second = connection.post(room.payment("80.00"), TWO)
    assert (second.amount, second.allocated) == (usd("80.00"), ())
    assert second.notice


@pytest.mark.req("Q26")
def test_what_is_open_is_asked_right_before_each_write_all_targets_at_once(room: Ledger) -> None:
    connection = room.connect()
    connection.post(room.payment("1.00"), THREE)  # what never changes is known from now on: currencies of accounts
    intent = room.payment("199.00", applied="79.00")
    both = (*intent.allocations, room.share("Invoice", "INV-1", usd("120.00")))
    before = len(room.server.calls)
    connection.post(replace(intent, allocations=both), ONE)
    assert [(method, path.rpartition("/")[2]) for method, path, _ in room.server.calls[before:]] == [
        ("GET", "query"),
        ("POST", "payment"),
    ]
    # and when somebody pays between the question and the write, it is asked again instead of failing for ever
    third = room.payment("55.10", "INV-C")
    customer, invoice = third.customer.vendor_id, third.allocations[0].target.vendor_id
    room.between.once(asks_for("Invoice"), lambda: room.office.pay(customer, "5.10", {invoice: "5.10"}))
    posted = connection.post(third, TWO)
    assert [share.amount for share in posted.allocated] == [from_text("50.00", CAD)]
    assert posted.notice
    assert disagreement(third, posted) is None


# Changed meanwhile


def test_somebody_who_pays_between_reading_and_writing_every_time_is_given_way_after_two_more_tries(
    room: Ledger,
) -> None:
    intent = room.payment("80.00")
    customer, invoice = intent.customer.vendor_id, intent.allocations[0].target.vendor_id
    room.between.once(asks_for("Invoice"), lambda: room.office.pay(customer, "1.00", {invoice: "1.00"}), times=9)
    with pytest.raises(Rejected) as error:
        room.connect().post(intent, ONE)
    assert error.value.code == "620"
    assert room.posts("Payment") == 3
    assert room.marked(ONE.op_id) == []


@pytest.mark.req("Q25")
@pytest.mark.parametrize("kind", ["payment", "expense", "transfer", "deposit"])
def test_what_a_person_changes_between_our_reading_and_our_write_is_never_overwritten(room: Ledger, kind: str) -> None:
    connection = room.connect()
    written = entry(room, kind)
    entity = {"payment": "Payment", "expense": "Purchase", "transfer": "Transfer", "deposit": "Deposit"}[kind]
    vendor_id = written.ref.vendor_id.rpartition(":")[2]
    room.between.once(
        asks_for(entity),
        lambda: room.office.edit(entity, vendor_id, PrivateNote=f"Checked. receivables op={ONE.op_id}"),
    )
    writes = room.posts(entity)
    with pytest.raises(Conflict, match="was changed in QuickBooks since"):
        connection.post(room.undo(written, ONE), TWO)
    assert room.posts(entity) == writes + 1  # refused as stale (5010), read again, and left alone
    held = room.row_of(written.ref)
    assert held["PrivateNote"] == f"Checked. receivables op={ONE.op_id}"
    assert held["SyncToken"] == "1"


def entry(room: Ledger, kind: str, key: WriteKey = ONE) -> Written:
    """An entry of that kind, written by us."""
    connection = room.connect()
    made: dict[str, Posting] = {
        "payment": room.payment("80.00"),
        "credit": room.credit("20.00"),
        "expense": room.expense(),
        "transfer": room.transfer(),
    }
    if kind == "deposit":
        banked = connection.post(room.payment("80.00"), THREE)
        return connection.post(room.deposit(((banked.ref, "80.00"),), "2.50", "77.50"), key)
    return connection.post(made[kind], key)


# Closed periods and currencies


@pytest.mark.req("Q27")
@pytest.mark.parametrize("kind", ["payment", "credit", "expense", "transfer", "deposit"])
@pytest.mark.parametrize("on", ["2025-12-31", "2025-06-30"])
def test_an_entry_into_a_closed_period_is_refused_here_and_left_to_a_person(room: Ledger, kind: str, on: str) -> None:
    intent: Posting
    match kind:
        case "payment":
            intent = room.payment("80.00")
        case "credit":
            intent = room.credit("20.00")
        case "expense":
            intent = room.expense()
        case "transfer":
            intent = room.transfer()
        case _:
            intent = room.deposit(((books(Kind.PAYMENT, "1"), "80.00"),), "1.00", "79.00")
    writes = len([1 for method, path, _ in room.server.calls if method == "POST" and "/v3/" in path])
    with pytest.raises(Refused, match="closed through 2025-12-31") as error:
        room.connect().post(replace(intent, on=business_date(on)), ONE)
    assert "today's date, or skip it" in error.value.next_step
    assert len([1 for method, path, _ in room.server.calls if method == "POST" and "/v3/" in path]) == writes
    assert room.marked(ONE.op_id) == []


def test_books_closed_an_hour_ago_are_noticed_here_and_at_once_by_quickbooks(room: Ledger) -> None:
    connection = room.connect()
    connection.find_posted(room.transfer(), ONE)
    connection.post(room.transfer(), ONE)
    room.server.behind(lambda: room.office.close_through("2026-04-06"))
    with pytest.raises(Rejected) as error:
        connection.post(room.transfer(), TWO)
    assert error.value.code == "6210"
    room.clock.pass_seconds(3601)
    with pytest.raises(Refused, match="closed through 2026-04-06"):
        connection.post(room.transfer(), TWO)


def test_an_entry_of_a_closed_period_is_not_taken_back(room: Ledger) -> None:
    written = entry(room, "transfer")
    room.server.behind(lambda: room.office.close_through("2026-04-06"))
    refused(room, room.undo(written, ONE), "closed through 2026-04-06")


@pytest.mark.req("Q28")
@pytest.mark.parametrize("wrong", ["customer", "invoice", "account", "payment"])
def test_currencies_that_do_not_fit_are_refused_before_anything_is_sent(room: Ledger, wrong: str) -> None:
    good = room.payment("80.00")
    foreign = room.payment("55.10", "INV-C")
    match wrong:
        case "customer":
            refused(room, replace(good, customer=foreign.customer), "its customer is kept in CAD")
        case "invoice":
            share = replace(foreign.allocations[0], amount=usd("55.10"))
            refused(room, replace(good, allocations=(share,)), "invoice INV-C is in CAD")
        case "account":
            toronto = room.ref("Account", "Dollars in Toronto")
            refused(room, replace(good, into=toronto), "the account Dollars in Toronto is kept in CAD")
        case _:
            euro = from_text("80.00", CAD)
            share = replace(good.allocations[0], amount=euro)
            refused(room, replace(good, total=euro, allocations=(share,)), "its customer is kept in USD")


@pytest.mark.parametrize("end", ["from", "to"])
def test_a_transfer_between_accounts_of_two_currencies_is_refused(room: Ledger, end: str) -> None:
    toronto = room.ref("Account", "Dollars in Toronto")
    intent = room.transfer()
    changed = replace(intent, paid_from=toronto) if end == "from" else replace(intent, paid_to=toronto)
    refused(room, changed, "the account Dollars in Toronto is kept in CAD")


def test_an_account_that_does_not_exist_is_refused(room: Ledger) -> None:
    refused(room, replace(room.transfer(), paid_to=books(Kind.ACCOUNT, "9999")), "has no account")


def test_a_foreign_payment_names_its_currency_and_no_rate_and_keeps_both_amounts(room: Ledger) -> None:
    posted = room.connect().post(room.payment("55.10", "INV-C"), ONE)
    assert posted.amount == from_text("55.10", CAD)
    held = room.row_of(posted.ref)
    assert held["CurrencyRef"] == {"value": "CAD", "name": "Canadian Dollar"}
    assert Decimal(str(held["ExchangeRate"])) == Decimal("0.73")  # QuickBooks' own
    assert room.balance("INV-C") == 0


# Reading back, and what a second try looks for


def test_the_answer_to_our_own_write_is_not_read_again(room: Ledger) -> None:
    connection = room.connect()
    posted = connection.post(room.transfer(), ONE)
    metered, calls = room.budget.metered, len(room.server.calls)
    assert connection.read_posted(posted.ref) == posted
    assert (room.budget.metered, len(room.server.calls)) == (metered, calls)
    assert connection.read_posted(posted.ref) == posted  # later, the books themselves are asked
    assert room.budget.metered == metered + 1


@pytest.mark.req("Q23")
def test_a_second_try_finds_the_first_by_its_number_else_by_its_stamp_and_adopts_nothing_without_a_mark(
    room: Ledger,
) -> None:
    intent = room.payment("80.00")
    first = room.connect().post(intent, ONE)
    assert len(ONE.op_id) <= 21
    assert room.row_of(first.ref)["PaymentRefNum"] == ONE.op_id
    assert [found.ref for found in room.connect().find_posted(intent, ONE)] == [first.ref]
    room.server.behind(
        lambda: room.office.edit("Payment", first.ref.vendor_id, PaymentRefNum="4711", TxnDate="2026-04-20")
    )
    assert [found.ref for found in room.connect().find_posted(intent, ONE)] == [first.ref]
    room.server.behind(
        lambda: room.office.edit("Payment", first.ref.vendor_id, PrivateNote="cheque", TxnDate="2026-04-06")
    )
    connection = room.connect()
    assert connection.find_posted(intent, ONE) == ()
    with pytest.raises(Refused, match=f"already holds payment {first.ref.vendor_id} ") as error:
        connection.post(intent, ONE)
    assert f"receivables op={ONE.op_id} src={intent.about}" in error.value.next_step
    assert len(room.held("Payment")) == 1


@pytest.mark.parametrize("kind", ["expense", "transfer"])
def test_an_entry_that_a_person_dated_anew_and_renumbered_is_found_by_its_stamp(room: Ledger, kind: str) -> None:
    written = entry(room, kind)
    entity = "Purchase" if kind == "expense" else "Transfer"
    vendor_id = written.ref.vendor_id.rpartition(":")[2]
    changed = {"TxnDate": "2026-04-27"} | ({"DocNumber": "4711"} if kind == "expense" else {})
    room.server.behind(lambda: room.office.edit(entity, vendor_id, **changed))
    intent = room.expense() if kind == "expense" else room.transfer()
    assert [found.ref for found in room.connect().find_posted(intent, ONE)] == [written.ref]
    assert room.connect().find_posted(intent, TWO) == ()


@pytest.mark.parametrize(
    "ref",
    [
        pytest.param(books(Kind.DEPOSIT, "999"), id="no such deposit"),
        pytest.param(books(Kind.BOOK_ENTRY, "Deposit:1"), id="a deposit under another kind"),
    ],
)
def test_an_entry_that_does_not_exist_is_not_found(room: Ledger, ref: Ref) -> None:
    with pytest.raises(NotFound):
        room.connect().read_posted(ref)
