"""adapters.stripe.translate: every state by its proper name, and nothing of money dropped."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

import pytest

from adapters.stripe import translate, wire
from adapters.stripe.notes import NOTE_KEYS
from connector.errors import UnknownCurrency
from connector.model.finding import FindingCode
from connector.model.invoice import InvoiceState, Issued
from connector.model.mirror import Gone, GoneState
from connector.model.money_in import AttemptState, DisputeState, PaymentState, RefundState
from connector.model.party import Customer
from connector.model.settlement import PayoutState
from connector.model.source import Kind, Tag
from connector.money import Currency, Money
from tests.stripe_rig import WHERE, example, ref, text

T = TypeVar("T")
USD = Currency("USD")


def usd(minor: int) -> Money:
    return Money(minor, USD)


def row(shape: type[T], example_of: str, /, **changed: object) -> T:
    return wire.decode(text(example(example_of, **changed)), shape)


def charge(**changed: object) -> wire.Charge:
    settled: dict[str, Any] = {
        "id": "ch_1",
        "amount": 10_000,
        "amount_captured": 10_000,
        "captured": True,
        "balance_transaction": ledger(),
    }
    return row(wire.Charge, "charge", **{**settled, **changed})


def ledger(**changed: object) -> dict[str, Any]:
    return example("balance_transaction", **{"id": "txn_1", "amount": 10_000, "fee": 320, "net": 9_680, **changed})


def debit(**changed: object) -> wire.Charge:
    return charge(payment_method_details={"type": "us_bank_account"}, **changed)


PAYMENT_STATES = [
    ("pending", charge(status="pending", balance_transaction=None), PaymentState.PENDING),
    ("succeeded", charge(), PaymentState.SUCCEEDED),
    ("failed", charge(status="failed", balance_transaction=None), PaymentState.FAILED),
    ("partly refunded", charge(amount_refunded=4_000), PaymentState.SUCCEEDED),
    ("refunded", charge(amount_refunded=10_000), PaymentState.REFUNDED),
    ("disputed card", charge(disputed=True), PaymentState.DISPUTED),
    ("disputed and refunded card", charge(disputed=True, amount_refunded=10_000), PaymentState.DISPUTED),
    ("bank debit on its way", debit(status="pending", balance_transaction=None), PaymentState.PENDING),
    ("bank debit that came back as a dispute", debit(disputed=True), PaymentState.RETURNED),
    (
        "bank debit that was booked and failed",
        debit(status="failed", failure_balance_transaction="txn_2"),
        PaymentState.RETURNED,
    ),
    ("bank debit that never worked", debit(status="failed", balance_transaction=None), PaymentState.FAILED),
    (
        "authorized only",
        charge(captured=False, amount_captured=0, balance_transaction=None),
        PaymentState.PENDING,
    ),
    (
        "authorized and let go",
        charge(captured=False, amount_captured=0, amount_refunded=10_000, balance_transaction=None),
        PaymentState.VOID,
    ),
]


@pytest.mark.req("S12")
@pytest.mark.parametrize(
    ("received", "state"), [case[1:] for case in PAYMENT_STATES], ids=[c[0] for c in PAYMENT_STATES]
)
def test_each_way_a_payment_can_stand_is_a_state_of_its_own(received: wire.Charge, state: PaymentState) -> None:
    payment, found = translate.payment(received, WHERE)
    assert payment.state is state
    assert found == ()


@pytest.mark.req("S12")
@pytest.mark.parametrize("method", ["us_bank_account", "acss_debit", "sepa_debit", "bacs_debit"])
def test_a_disputed_bank_debit_has_come_back(method: str) -> None:
    payment, _ = translate.payment(charge(disputed=True, payment_method_details={"type": method}), WHERE)
    assert (payment.state, payment.method) == (PaymentState.RETURNED, method)


@pytest.mark.req("F16")
def test_fee_and_net_are_the_ledger_lines_and_never_the_charges_own() -> None:
    received = charge(
        application_fee_amount=999,
        amount_refunded=2_500,
        balance_transaction=ledger(currency="eur", amount=9_100, fee=291, net=8_809),
    )
    payment, _ = translate.payment(received, WHERE)
    assert (payment.fee, payment.net) == (Money(291, Currency("EUR")), Money(8_809, Currency("EUR")))
    assert payment.gross == usd(10_000)
    assert payment.refunded == usd(2_500)


@pytest.mark.req("F16")
def test_a_charge_that_contradicts_its_ledger_line_keeps_both_figures_for_the_tie_out() -> None:
    received = charge(application_fee_amount=999, balance_transaction=ledger(amount=9_000, fee=290, net=8_710))
    payment, _ = translate.payment(received, WHERE)
    assert (payment.gross, payment.fee, payment.net) == (usd(10_000), usd(290), usd(8_710))


@pytest.mark.req("F16")
@pytest.mark.parametrize("line", [None, "txn_1"])
def test_without_its_ledger_line_a_payment_has_neither_fee_nor_net(line: str | None) -> None:
    payment, _ = translate.payment(charge(balance_transaction=line, application_fee_amount=999), WHERE)
    assert (payment.fee, payment.net) == (None, None)


def test_what_was_authorized_and_let_go_is_neither_gross_nor_refund() -> None:
    received = charge(
        amount_captured=6_000,
        amount_refunded=5_000,
        balance_transaction=ledger(amount=6_000, fee=200, net=5_800),
    )
    payment, found = translate.payment(received, WHERE)
    assert (payment.gross, payment.refunded) == (usd(6_000), usd(1_000))
    assert payment.state is PaymentState.SUCCEEDED
    assert found == ()


def test_a_payment_carries_who_what_when_and_by_which_try() -> None:
    received = charge(
        created=1_772_326_800,
        customer="cus_1",
        payment_intent="pi_1",
        description="inv 7",
        metadata={"receivables_op": "X", "a": "1"},
        billing_details={"name": "Jenny Rosen"},
        failure_message="R01",
    )
    payment, _ = translate.payment(received, WHERE)
    assert payment.received_on == date(2026, 2, 28)
    assert payment.customer == ref(Kind.CUSTOMER, "cus_1")
    assert payment.attempt == ref(Kind.ATTEMPT, "pi_1")
    assert (payment.memo, payment.payer, payment.failure) == ("inv 7", "Jenny Rosen", "R01")
    assert payment.tags == (Tag("a", "1"), Tag("receivables_op", "X"))


def invoice(**changed: object) -> wire.Invoice:
    return row(wire.Invoice, "invoice", **{"id": "in_1", "status": "open", **changed})


@pytest.mark.req("S12")
def test_a_paid_invoice_that_is_read_again_as_open_is_open_again() -> None:
    paid, _ = translate.invoice(invoice(status="paid", amount_remaining=0), WHERE)
    again, found = translate.invoice(invoice(status="open", amount_remaining=1_000), WHERE)
    assert (paid.state, paid.open) == (InvoiceState.PAID, usd(0))
    assert (again.state, again.open) == (InvoiceState.OPEN, usd(1_000))
    assert found == ()


@pytest.mark.req("S12")
def test_what_is_open_on_an_invoice_is_what_stripe_says_remains() -> None:
    record, _ = translate.invoice(invoice(amount_due=1_000, amount_paid=900, amount_remaining=250), WHERE)
    assert (record.open, record.total) == (usd(250), usd(1_000))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("draft", InvoiceState.DRAFT),
        ("open", InvoiceState.OPEN),
        ("paid", InvoiceState.PAID),
        ("uncollectible", InvoiceState.UNCOLLECTIBLE),
        ("void", InvoiceState.VOID),
    ],
)
def test_every_status_of_an_invoice_is_known(status: str, state: InvoiceState) -> None:
    record, found = translate.invoice(invoice(status=status), WHERE)
    assert record.state is state
    assert found == ()
    assert record.open == (usd(0) if status == "void" else usd(1_000))


def test_only_an_invoice_that_stripe_was_told_to_send_was_sent() -> None:
    sent = {"finalized_at": 1_772_326_800}
    told = invoice(collection_method="send_invoice", customer_email="ap@acme.example", status_transitions=sent)
    charged = invoice(collection_method="charge_automatically", customer_email="ap@acme.example")
    assert translate.invoice(told, WHERE)[0].issued.to == "ap@acme.example"
    assert translate.invoice(told, WHERE)[0].issued.how == "email"
    assert translate.invoice(charged, WHERE)[0].issued == Issued()


def test_an_invoice_names_the_debt_it_stands_for_in_the_books() -> None:
    record, _ = translate.invoice(invoice(metadata={"receivables_debt": "quickbooks/invoice/130"}), WHERE)
    assert str(record.same_debt) == "quickbooks/invoice/130"


@pytest.mark.req("S28")
def test_our_own_note_does_not_come_back_as_news() -> None:
    metadata = {"order": "7", **dict.fromkeys(NOTE_KEYS, "ours")}
    assert translate.invoice(invoice(metadata=metadata), WHERE)[0].tags == (Tag("order", "7"),)
    known, _ = translate.customer(row(wire.Customer, "customer", metadata=metadata), WHERE)
    assert isinstance(known, Customer)
    assert known.tags == (Tag("order", "7"),)


def invoice_payment(**changed: object) -> wire.InvoicePayment:
    settled: dict[str, Any] = {
        "id": "inpay_1",
        "currency": "usd",
        "invoice": "in_1",
        "amount_requested": 1_000,
        "amount_paid": 1_000,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
    }
    return row(wire.InvoicePayment, "invoice_payment", **{**settled, **changed})


@pytest.mark.req("S12")
@pytest.mark.parametrize(
    ("status", "paid", "settles"), [("open", None, 0), ("paid", 700, 700), ("canceled", 700, 0), ("canceled", None, 0)]
)
def test_an_invoice_payment_settles_only_while_it_is_paid(status: str, paid: int | None, settles: int) -> None:
    record, found = translate.allocation(invoice_payment(status=status, amount_paid=paid), WHERE)
    assert record.amount == usd(settles)
    assert record.target == ref(Kind.INVOICE, "in_1")
    assert found == ()


@pytest.mark.req("S12")
@pytest.mark.parametrize(
    ("paid_with", "kind", "vendor_id"),
    [
        ({"type": "payment_intent", "payment_intent": "pi_1"}, Kind.ATTEMPT, "pi_1"),
        ({"type": "charge", "charge": "ch_1"}, Kind.PAYMENT, "ch_1"),
        ({"type": "payment_record", "payment_record": "pr_1"}, Kind.PAYMENT, "pr_1"),
        ({"type": "barter"}, Kind.PAYMENT, "inpay_1"),
    ],
)
def test_what_paid_an_invoice_is_named_as_stripe_names_it(
    paid_with: dict[str, str], kind: Kind, vendor_id: str
) -> None:
    record, _ = translate.allocation(invoice_payment(status="paid", payment=paid_with), WHERE)
    assert record.payment == ref(kind, vendor_id)


def test_a_deleted_customer_is_a_tombstone() -> None:
    deleted = wire.decode(b'{"id":"cus_1","object":"customer","deleted":true}', wire.Customer)
    assert translate.customer(deleted, WHERE) == (Gone(state=GoneState.DELETED), ())


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ({"name": "Acme", "email": "a@b.example"}, "Acme"),
        ({"business_name": "Acme Ltd"}, "Acme Ltd"),
        ({"email": "a@b.example"}, "a@b.example"),
        ({}, "cus_1"),
    ],
)
def test_a_customer_always_has_a_name(named: dict[str, str], name: str) -> None:
    record, _ = translate.customer(row(wire.Customer, "customer", id="cus_1", **named), WHERE)
    assert isinstance(record, Customer)
    assert record.name == name


@pytest.mark.parametrize(
    ("status", "error", "state"),
    [
        ("requires_payment_method", None, AttemptState.OFFERED),
        ("requires_payment_method", {"type": "card_error", "code": "card_declined"}, AttemptState.FAILED),
        ("requires_confirmation", None, AttemptState.OFFERED),
        ("requires_action", None, AttemptState.OFFERED),
        ("requires_capture", None, AttemptState.PROCESSING),
        ("processing", None, AttemptState.PROCESSING),
        ("succeeded", None, AttemptState.SUCCEEDED),
        ("canceled", None, AttemptState.CANCELLED),
    ],
)
def test_every_status_of_a_payment_intent_is_known(
    status: str, error: dict[str, str] | None, state: AttemptState
) -> None:
    received = row(wire.PaymentIntent, "payment_intent", status=status, last_payment_error=error)
    record, found = translate.attempt(received, WHERE)
    assert record.state is state
    assert found == ()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", RefundState.PENDING),
        ("requires_action", RefundState.PENDING),
        ("succeeded", RefundState.DONE),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.FAILED),
    ],
)
def test_every_status_of_a_refund_is_known(status: str, state: RefundState) -> None:
    record, found = translate.refund(row(wire.Refund, "refund", status=status, charge="ch_1"), WHERE)
    assert (record.state, record.payment) == (state, ref(Kind.PAYMENT, "ch_1"))
    assert found == ()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("warning_needs_response", DisputeState.OPEN),
        ("warning_under_review", DisputeState.OPEN),
        ("warning_closed", DisputeState.WON),
        ("needs_response", DisputeState.OPEN),
        ("under_review", DisputeState.OPEN),
        ("appeal_needs_response", DisputeState.OPEN),
        ("appeal_under_review", DisputeState.OPEN),
        ("prevented", DisputeState.WON),
        ("won", DisputeState.WON),
        ("lost", DisputeState.LOST),
    ],
)
def test_every_status_of_a_dispute_is_known(status: str, state: DisputeState) -> None:
    record, found = translate.dispute(row(wire.Dispute, "dispute", status=status), WHERE)
    assert (record.state, record.reason) == (state, "general")
    assert found == ()


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", PayoutState.PENDING),
        ("in_transit", PayoutState.PENDING),
        ("paid", PayoutState.PAID),
        ("failed", PayoutState.FAILED),
        ("canceled", PayoutState.FAILED),
    ],
)
def test_every_status_of_a_payout_is_known(status: str, state: PayoutState) -> None:
    record, found = translate.payout(row(wire.Payout, "payout", status=status), WHERE, None)
    assert record.state is state
    assert found == ()


def test_a_payout_arrives_on_the_day_that_stripe_wrote_as_midnight_utc() -> None:
    received = row(wire.Payout, "payout", arrival_date=1_775_347_200)
    assert translate.payout(received, WHERE, ())[0].arrives_on == date(2026, 4, 5)


@pytest.mark.parametrize(
    ("automatic", "reconciled", "known"),
    [
        (True, "completed", True),
        (True, "in_progress", False),
        (True, "not_applicable", False),
        (False, "completed", False),
    ],
)
def test_only_an_automatic_payout_that_stripe_has_reconciled_has_known_members(
    automatic: bool,  # noqa: FBT001  a row of the table
    reconciled: str,
    known: bool,  # noqa: FBT001  a row of the table
) -> None:
    received = row(wire.Payout, "payout", automatic=automatic, reconciliation_status=reconciled)
    assert translate.composed(received) is known


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("ch_1", Kind.PAYMENT),
        ("py_1", Kind.PAYMENT),
        ("re_1", Kind.REFUND),
        ("pyr_1", Kind.REFUND),
        ("dp_1", Kind.DISPUTE),
        ("du_1", Kind.DISPUTE),
        ("po_1", Kind.PAYOUT),
    ],
)
def test_a_ledger_line_is_about_its_source(source: str, kind: Kind) -> None:
    received = wire.decode(text(ledger(source=source)), wire.BalanceTransaction)
    record, found = translate.balance_entry(received, WHERE)
    assert record.about == ref(kind, source)
    assert (record.gross, record.fee, record.net) == (usd(10_000), usd(320), usd(9_680))
    assert found == ()


@pytest.mark.parametrize("source", [None, "tr_1", "odd"])
def test_a_ledger_line_about_something_we_do_not_mirror_is_kept_all_the_same(source: str | None) -> None:
    received = wire.decode(text(ledger(source=source)), wire.BalanceTransaction)
    assert translate.balance_entry(received, WHERE)[0].about is None


def test_a_ledger_line_that_does_not_add_up_is_kept_and_shown() -> None:
    received = wire.decode(text(ledger(net=9_679)), wire.BalanceTransaction)
    record, found = translate.balance_entry(received, WHERE)
    assert record.net == usd(9_679)
    assert [one.code for one in found] == [FindingCode.DOES_NOT_TIE]


def test_a_balance_is_what_is_available_and_what_is_on_its_way() -> None:
    received = wire.decode(
        text(
            example(
                "balance",
                available=[{"amount": 500, "currency": "usd"}, {"amount": 70, "currency": "cad"}],
                pending=[{"amount": -200, "currency": "usd"}],
            )
        ),
        wire.Balance,
    )
    assert translate.account(received, "usd").balance == usd(300)
    assert translate.account(received, "cad").balance == Money(70, Currency("CAD"))


def test_the_account_is_named_as_the_merchant_named_it_and_live_as_the_key_is() -> None:
    named = example("account", settings={"dashboard": {"display_name": "Harbor Supply"}})
    record, _ = translate.profile(wire.decode(text(named), wire.Account), WHERE)
    assert (record.name, record.home_currency, record.live) == ("Harbor Supply", "USD", False)


UNKNOWN: list[tuple[str, Any, Any, str]] = [
    ("invoice", translate.invoice, invoice(status="levitating"), "open"),
    ("payment", translate.payment, charge(status="levitating"), "gross"),
    ("attempt", translate.attempt, row(wire.PaymentIntent, "payment_intent", status="levitating"), "amount"),
    ("allocation", translate.allocation, invoice_payment(status="levitating"), ""),
    ("refund", translate.refund, row(wire.Refund, "refund", status="levitating"), "amount"),
    ("dispute", translate.dispute, row(wire.Dispute, "dispute", status="levitating"), "amount"),
    (
        "balance_entry",
        translate.balance_entry,
        wire.decode(text(ledger(reporting_category="levitating")), wire.BalanceTransaction),
        "net",
    ),
]


CAREFUL = ("unknown", "pending", "open", None)


@pytest.mark.parametrize(("kind", "to_noun", "received", "field"), UNKNOWN, ids=[case[0] for case in UNKNOWN])
def test_a_word_nobody_knows_is_shown_with_its_money_and_counts_as_neither_paid_nor_failed(
    kind: str, to_noun: Any, received: Any, field: str
) -> None:
    record, found = to_noun(received, WHERE)
    assert [(one.code, one.refs[0].kind) for one in found] == [(FindingCode.UNKNOWN_VALUE, Kind(kind))]
    assert "levitating" in found[0].sentence
    assert found[0].amount is not None
    if field:
        assert found[0].amount == getattr(record, field)
    assert getattr(record, "state", None) in CAREFUL


def test_an_unknown_payout_status_is_pending_and_shown() -> None:
    record, found = translate.payout(row(wire.Payout, "payout", status="levitating"), WHERE, None)
    assert record.state is PayoutState.PENDING
    assert [one.amount for one in found] == [record.amount]


def test_an_unknown_category_of_the_ledger_is_kept_as_it_came() -> None:
    received = wire.decode(text(ledger(reporting_category="levitating")), wire.BalanceTransaction)
    record, _ = translate.balance_entry(received, WHERE)
    assert (record.category, record.net) == ("levitating", usd(9_680))


def test_a_currency_nobody_knows_is_never_taken_for_another() -> None:
    with pytest.raises(UnknownCurrency):
        translate.invoice(invoice(currency="usdc"), WHERE)


@pytest.mark.parametrize(
    ("status", "paid", "intent", "state"),
    [
        ("open", "unpaid", None, AttemptState.OFFERED),
        ("expired", "unpaid", None, AttemptState.EXPIRED),
        ("complete", "paid", "succeeded", AttemptState.SUCCEEDED),
        ("complete", "no_payment_required", None, AttemptState.SUCCEEDED),
        ("complete", "unpaid", "processing", AttemptState.PROCESSING),
        ("complete", "unpaid", None, AttemptState.PROCESSING),
        ("complete", "unpaid", "requires_payment_method", AttemptState.FAILED),
        ("complete", "unpaid", "canceled", AttemptState.FAILED),
        ("complete", "levitating", None, AttemptState.UNKNOWN),
        ("levitating", "paid", None, AttemptState.UNKNOWN),
        (None, "unpaid", None, AttemptState.UNKNOWN),
    ],
)
def test_a_completed_page_is_paid_only_when_stripe_says_paid(
    status: str | None, paid: str, intent: str | None, state: AttemptState
) -> None:
    tried = row(wire.PaymentIntent, "payment_intent", status=intent) if intent else None
    assert translate.page_state(status, paid, tried) is state
