"""adapters.stripe.payments: pending, succeeded, returned, refunded, each by its proper name."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.stripe import payments, shapes, wire
from connector.model.finding import FindingCode
from connector.model.money_in import AttemptState, DisputeState, PaymentState, RefundState
from connector.model.source import Kind, Tag
from connector.money import Currency, Money
from tests.stripe_rig import WHERE, ref
from tests.stripe_rows import charge, debit, ledger_line, payment_record, row, usd

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
    payment, found = payments.payment(received, WHERE)
    assert payment.state is state
    assert found == ()


@pytest.mark.req("S12")
@pytest.mark.parametrize("method", ["us_bank_account", "acss_debit", "sepa_debit", "bacs_debit"])
def test_a_disputed_bank_debit_has_come_back(method: str) -> None:
    payment, _ = payments.payment(charge(disputed=True, payment_method_details={"type": method}), WHERE)
    assert (payment.state, payment.method) == (PaymentState.RETURNED, method)


@pytest.mark.req("F16")
def test_fee_and_net_are_the_ledger_lines_and_never_the_charges_own() -> None:
    received = charge(
        application_fee_amount=999,
        amount_refunded=2_500,
        balance_transaction=ledger_line(currency="eur", amount=9_100, fee=291, net=8_809),
    )
    payment, _ = payments.payment(received, WHERE)
    assert (payment.fee, payment.net) == (Money(291, Currency("EUR")), Money(8_809, Currency("EUR")))
    assert payment.gross == usd(10_000)
    assert payment.refunded == usd(2_500)


@pytest.mark.req("F16")
def test_a_charge_that_contradicts_its_ledger_line_keeps_both_figures_for_the_tie_out() -> None:
    received = charge(application_fee_amount=999, balance_transaction=ledger_line(amount=9_000, fee=290, net=8_710))
    payment, _ = payments.payment(received, WHERE)
    assert (payment.gross, payment.fee, payment.net) == (usd(10_000), usd(290), usd(8_710))


@pytest.mark.req("F16")
@pytest.mark.parametrize("line", [None, "txn_1"])
def test_without_its_ledger_line_a_payment_has_neither_fee_nor_net(line: str | None) -> None:
    payment, _ = payments.payment(charge(balance_transaction=line, application_fee_amount=999), WHERE)
    assert (payment.fee, payment.net) == (None, None)


def test_what_was_authorized_and_let_go_is_neither_gross_nor_refund() -> None:
    received = charge(
        amount_captured=6_000,
        amount_refunded=5_000,
        balance_transaction=ledger_line(amount=6_000, fee=200, net=5_800),
    )
    payment, found = payments.payment(received, WHERE)
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
    payment, _ = payments.payment(received, WHERE)
    assert payment.received_on == date(2026, 2, 28)
    assert payment.customer == ref(Kind.CUSTOMER, "cus_1")
    assert payment.attempt == ref(Kind.ATTEMPT, "pi_1")
    assert (payment.memo, payment.payer, payment.failure) == ("inv 7", "Jenny Rosen", "R01")
    assert payment.tags == (Tag("a", "1"), Tag("receivables_op", "X"))


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
    record, found = payments.attempt(received, WHERE)
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
    record, found = payments.refund(row(wire.Refund, "refund", status=status, charge="ch_1"), WHERE)
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
    record, found = payments.dispute(row(wire.Dispute, "dispute", status=status), WHERE)
    assert (record.state, record.reason) == (state, "general")
    assert found == ()


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
    assert payments.page_state(status, paid, tried) is state


@pytest.mark.req("S12")
def test_a_bank_debit_on_its_way_is_processing_and_pending_and_neither_paid_nor_failed() -> None:
    intent, _ = payments.attempt(row(wire.PaymentIntent, "payment_intent", status="processing"), WHERE)
    money, _ = payments.payment(debit(status="pending", balance_transaction=None), WHERE)
    assert (intent.state, money.state) == (AttemptState.PROCESSING, PaymentState.PENDING)


@pytest.mark.parametrize(
    ("method", "code", "says"),
    [
        ("us_bank_account", "R01", "insufficient funds (R01)"),
        ("us_bank_account", "R10", "the payer says the debit was not authorized (R10)"),
        ("acss_debit", "901", "insufficient funds (901)"),
        ("acss_debit", "905", "the bank account is closed (905)"),
        ("sepa_debit", "AM04", "insufficient funds (AM04)"),
        ("sepa_debit", "MD06", "the payer asked the bank to take it back (MD06)"),
        ("bacs_debit", "0", "insufficient funds (0)"),
        ("bacs_debit", "B", "the bank account is closed (B)"),
    ],
)
def test_a_return_says_why_in_words_of_finance_and_with_the_networks_code(method: str, code: str, says: str) -> None:
    back = charge(
        disputed=True, payment_method_details={"type": method}, outcome={"network_decline_code": code, "type": "x"}
    )
    money, _ = payments.payment(back, WHERE)
    assert (money.state, money.failure) == (PaymentState.RETURNED, says)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"failure_code": "insufficient_funds", "failure_message": "No money."}, "insufficient funds"),
        ({"failure_code": "levitated", "failure_message": "It floated away."}, "It floated away."),
        ({"failure_code": "levitated"}, "levitated"),
        ({"failure_message": "It floated.", "outcome": {"network_decline_code": "R99"}}, "It floated (R99)"),
        ({"outcome": {"network_decline_code": "R99"}}, "R99"),
        ({"failure_message": "x" * 500}, "x" * 120),
        ({}, None),
    ],
    ids=["its word", "its sentence", "an unknown word", "an unknown code", "only a code", "a long one", "nothing"],
)
def test_a_reason_nobody_knows_is_shown_as_it_came(changed: dict[str, object], says: str | None) -> None:
    assert payments.payment(debit(status="failed", **changed), WHERE)[0].failure == says


@pytest.mark.parametrize(
    ("line", "day"), [(ledger_line(id="txn_2", created=1_777_636_800), date(2026, 5, 1)), ("txn_2", None)]
)
def test_a_booked_debit_that_came_back_says_on_which_day_where_its_ledger_line_came_along(
    line: object, day: date | None
) -> None:
    money, _ = payments.payment(debit(status="failed", failure_balance_transaction=line), WHERE)
    assert (money.state, money.returned_on) == (PaymentState.RETURNED, day)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"reason": "insufficient_funds", "payment_method_details": None}, "insufficient funds"),
        (
            {"reason": "general", "network_reason_code": "R10", "payment_method_details": None},
            "the payer says the debit was not authorized (R10)",
        ),
        (
            {
                "reason": "insufficient_funds",
                "network_reason_code": "1",
                "charge": {"id": "ch_1", "payment_method_details": {"type": "bacs_debit"}},
                "payment_method_details": None,
            },
            "the payer has cancelled the instruction (1)",
        ),
        ({"reason": "fraudulent"}, "the payer says it was fraud (10.4)"),
        ({"reason": "levitating", "payment_method_details": None}, "levitating"),
        ({"reason": "general", "payment_method_details": None}, None),
    ],
    ids=["its word", "the network alone", "with its charge", "a card", "unknown", "nothing"],
)
def test_a_dispute_says_why_in_words(changed: dict[str, object], says: str | None) -> None:
    record, found = payments.dispute(row(wire.Dispute, "dispute", **{"charge": "ch_1", **changed}), WHERE)
    assert (record.said, record.reason) == (says, changed["reason"])
    assert record.payment == ref(Kind.PAYMENT, "ch_1")
    assert found == ()


def test_a_payment_method_nobody_knows_is_told_and_its_money_counts_all_the_same() -> None:
    money, found = payments.payment(charge(payment_method_details={"type": "levitation"}), WHERE)
    assert (money.state, money.gross, money.method) == (PaymentState.SUCCEEDED, usd(10_000), "levitation")
    assert [(one.code, one.amount) for one in found] == [(FindingCode.UNKNOWN_VALUE, usd(10_000))]


@pytest.mark.parametrize(
    ("amounts", "state"),
    [
        ({}, PaymentState.SUCCEEDED),
        ({"guaranteed": 0}, PaymentState.PENDING),
        ({"guaranteed": 4_000}, PaymentState.PENDING),
        ({"guaranteed": 0, "failed": 10_000}, PaymentState.FAILED),
        ({"guaranteed": 0, "canceled": 10_000}, PaymentState.VOID),
        ({"refunded": 10_000}, PaymentState.REFUNDED),
        ({"refunded": 2_000}, PaymentState.SUCCEEDED),
    ],
    ids=["received", "announced", "partly received", "failed", "cancelled", "given back", "partly given back"],
)
def test_a_payment_made_elsewhere_is_money_only_once_it_is_guaranteed(
    amounts: dict[str, int], state: PaymentState
) -> None:
    money, found = payments.record(payment_record(**amounts), WHERE)
    assert (money.state, money.gross, money.elsewhere) == (state, usd(10_000), True)
    assert money.refunded == usd(amounts.get("refunded", 0))
    assert (money.fee, money.net) == (None, None)
    assert found == ()


def test_a_payment_made_elsewhere_carries_the_reference_that_the_merchant_wrote() -> None:
    cheque = row(
        shapes.PaymentRecord,
        "payment_record",
        reported_by="self",
        customer_details={"customer": "cus_1", "name": "Acme"},
        processor_details={"type": "custom", "custom": {"payment_reference": "cheque 1042"}},
    )
    money, _ = payments.record(cheque, WHERE)
    assert (money.customer, money.payer, money.reference) == (ref(Kind.CUSTOMER, "cus_1"), "Acme", "cheque 1042")


def test_a_payment_that_stripe_reported_itself_is_not_counted_as_money_a_second_time() -> None:
    money, found = payments.record(row(shapes.PaymentRecord, "payment_record", reported_by="stripe"), WHERE)
    assert money.state is PaymentState.PENDING
    assert [one.code for one in found] == [FindingCode.UNKNOWN_VALUE]
