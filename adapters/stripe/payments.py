"""Stripe's payments as the house's nouns: tries to collect, charges, refunds, disputes, payments made elsewhere. Pure.

Pending is not paid, succeeded is not final, and a bank debit that came back says on which day and why. Fees and net
amounts come only from the ledger line Stripe attached, never from the charge.
"""

from __future__ import annotations

from adapters.stripe import shapes, wire
from adapters.stripe.currency import from_wire
from adapters.stripe.tables import (
    ATTEMPT_STATES,
    BANK_DEBITS,
    DISPUTE_STATES,
    METHODS,
    NETWORK_REASONS,
    REASONS,
    REFUND_STATES,
)
from adapters.stripe.translate import NOTHING, Findings, Where, tags, unknown
from connector.dates import BusinessDate, instant_from_epoch
from connector.model.money_in import (
    Attempt,
    AttemptState,
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from connector.model.source import Kind
from connector.money import Money

_MESSAGE_CHARS = 120


def attempt(row: wire.PaymentIntent, where: Where) -> tuple[Attempt, Findings]:
    """One try to collect; a try that failed and may be made again is FAILED until somebody does."""
    state = ATTEMPT_STATES.get(row.status, AttemptState.UNKNOWN)
    if row.status == "requires_payment_method" and row.last_payment_error is not None:
        state = AttemptState.FAILED
    record = Attempt(
        customer=where.link(Kind.CUSTOMER, row.customer),
        amount=from_wire(row.amount, row.currency),
        state=state,
        payment=where.link(Kind.PAYMENT, row.latest_charge),
        tags=tags(row.metadata),
    )
    if state is AttemptState.UNKNOWN:
        return record, (unknown("status", row.status, where.ref(Kind.ATTEMPT, row.id), record.amount),)
    return record, NOTHING


def payment(row: wire.Charge, where: Where) -> tuple[Payment, Findings]:
    """A charge: gross as it says itself, fee and net as its ledger line says, so that the two can be held together."""
    details = row.payment_method_details
    method = (details.type if details else None) or "unknown"
    line = row.balance_transaction
    ledger = line if isinstance(line, wire.BalanceTransaction) else None
    moved = _captured(row)
    gross = from_wire(moved, row.currency)
    refunded = from_wire(row.amount_refunded - (row.amount - moved), row.currency)
    state = _payment_state(row, method, gross, refunded)
    record = Payment(
        customer=where.link(Kind.CUSTOMER, row.customer),
        received_on=where.day(row.created),
        gross=gross,
        state=state or PaymentState.PENDING,
        method=method,
        created=instant_from_epoch(row.created),
        fee=from_wire(ledger.fee, ledger.currency) if ledger else None,
        net=from_wire(ledger.net, ledger.currency) if ledger else None,
        refunded=refunded,
        attempt=where.link(Kind.ATTEMPT, row.payment_intent),
        payer=row.billing_details.name if row.billing_details else None,
        memo=row.description,
        failure=_failure(row, method),
        returned_on=_returned_on(row, where),
        tags=tags(row.metadata),
    )
    about = where.ref(Kind.PAYMENT, row.id)
    found = [] if state is not None else [unknown("status", row.status, about, gross)]
    if method not in METHODS and details is not None:
        step = "It counts as its status says; whether its bank may take it back is not known here."
        found.append(unknown("payment method", method, about, gross, next_step=step))
    return record, tuple(found)


def _captured(row: wire.Charge) -> int:
    """What was taken: after a partial capture the charge's amount includes what was only authorized and let go, and
    so does what it calls refunded. Figures that contradict each other are left as they are, for the tie-out to find.
    """
    taken = row.amount_captured
    if not row.captured or not 0 < taken <= row.amount:
        return row.amount
    return taken if row.amount_refunded >= row.amount - taken else row.amount


def _payment_state(row: wire.Charge, method: str, gross: Money, refunded: Money) -> PaymentState | None:
    """None for a status nobody knows. A bank debit that is disputed has come back, for good."""
    if row.status not in ("succeeded", "failed"):
        return PaymentState.PENDING if row.status == "pending" else None
    if row.disputed:
        return PaymentState.RETURNED if method in BANK_DEBITS else PaymentState.DISPUTED
    if row.failure_balance_transaction is not None:
        return PaymentState.RETURNED
    if row.status == "failed":
        return PaymentState.FAILED
    gone = bool(refunded) and refunded == gross
    if row.captured:
        return PaymentState.REFUNDED if gone else PaymentState.SUCCEEDED
    return PaymentState.VOID if gone else PaymentState.PENDING


def _returned_on(row: wire.Charge, where: Where) -> BusinessDate | None:
    """The day on which a booked debit was taken out of the balance again, where that ledger line came along."""
    line = row.failure_balance_transaction
    return where.day(line.created) if isinstance(line, wire.BalanceTransaction) else None


def _failure(row: wire.Charge, method: str) -> str | None:
    network = row.outcome.network_decline_code if row.outcome else None
    return _plain(method, row.failure_code, network, row.failure_message)


def _plain(method: str | None, word: str | None, network: str | None, message: str | None = None) -> str | None:
    """Why, as finance says it: the network's code in words, else Stripe's own word, else what Stripe wrote; None when
    nothing was said. A code that came along is shown with it."""
    said = _network_reason(method, network) or REASONS.get(word or "") or (message or "")[:_MESSAGE_CHARS] or word
    if said is None:
        return network
    if not network or network == said:
        return said
    return f"{said.rstrip('.')} ({network[:_MESSAGE_CHARS]})"


def _network_reason(method: str | None, code: str | None) -> str | None:
    """What the code means on that network; where the network is not known, only if no two disagree about it."""
    if code is None:
        return None
    if method is not None:
        return NETWORK_REASONS.get(method, {}).get(code)
    meanings = {words[code] for words in NETWORK_REASONS.values() if code in words}
    return meanings.pop() if len(meanings) == 1 else None


def refund(row: wire.Refund, where: Where) -> tuple[Refund, Findings]:
    """Money given back, or about to be."""
    state = REFUND_STATES.get(row.status or "")
    record = Refund(
        payment=where.link(Kind.PAYMENT, row.charge),
        amount=from_wire(row.amount, row.currency),
        on=where.day(row.created),
        state=state or RefundState.PENDING,
    )
    if state is None:
        return record, (unknown("status", row.status, where.ref(Kind.REFUND, row.id), record.amount),)
    return record, NOTHING


def dispute(row: wire.Dispute, where: Where) -> tuple[Dispute, Findings]:
    """A dispute, or the return of a bank debit, which Stripe calls by the same name."""
    state = DISPUTE_STATES.get(row.status)
    record = Dispute(
        payment=where.link(Kind.PAYMENT, row.charge),
        amount=from_wire(row.amount, row.currency),
        on=where.day(row.created),
        state=state or DisputeState.OPEN,
        reason=row.reason,
        said=_said(row),
    )
    if state is None:
        return record, (unknown("status", row.status, where.ref(Kind.DISPUTE, row.id), record.amount),)
    return record, NOTHING


def _said(row: wire.Dispute) -> str | None:
    """Its reason in words. "general" says nothing, so it is left out."""
    details = row.payment_method_details
    charge = row.charge if isinstance(row.charge, wire.DisputedCharge) else None
    method = (details.type if details else None) or (
        charge.payment_method_details.type if charge and charge.payment_method_details else None
    )
    network = row.network_reason_code or (details.card.network_reason_code if details and details.card else None)
    return _plain(method, row.reason if row.reason != "general" else None, network)


def record(row: shapes.PaymentRecord, where: Where) -> tuple[Payment, Findings]:
    """A payment that went past Stripe and was reported to it (a cheque, cash): it pays the Stripe invoice it is
    attached to, and is never part of Stripe's balance. One that Stripe reported itself is a charge under another name,
    so it does not count as money a second time."""
    gross = _amount(row.amount_requested)
    refunded = _amount(row.amount_refunded)
    details, payer, paid_by = row.payment_method_details, row.customer_details, row.processor_details.custom
    own = row.reported_by == "self"
    made = Payment(
        customer=where.link(Kind.CUSTOMER, payer.customer) if payer else None,
        received_on=where.day(row.created),
        gross=gross,
        state=_record_state(row) if own else PaymentState.PENDING,
        method=(details.type if details else None) or "unknown",
        created=instant_from_epoch(row.created),
        refunded=refunded,
        payer=payer.name if payer else None,
        reference=paid_by.payment_reference if paid_by else None,
        memo=row.description,
        elsewhere=True,
        tags=tags(row.metadata),
    )
    if own:
        return made, NOTHING
    return made, (unknown("reporter", row.reported_by, where.ref(Kind.PAYMENT, row.id), gross),)


def _record_state(row: shapes.PaymentRecord) -> PaymentState:
    """Only what is guaranteed is money; what was given back or failed is told apart from what is still to come."""
    asked = row.amount_requested.value
    if row.amount_guaranteed.value >= asked:
        return PaymentState.REFUNDED if row.amount_refunded.value >= asked > 0 else PaymentState.SUCCEEDED
    if row.amount_failed.value:
        return PaymentState.FAILED
    return PaymentState.VOID if row.amount_canceled.value else PaymentState.PENDING


def _amount(amount: shapes.Amount) -> Money:
    return from_wire(amount.value, amount.currency)


def page_state(status: str | None, payment_status: str, intent: wire.PaymentIntent | None) -> AttemptState:
    """Where a pay page stands. Completed is not paid: a bank debit may take days and still fail."""
    match status:
        case "open":
            return AttemptState.OFFERED
        case "expired":
            return AttemptState.EXPIRED
        case "complete" if payment_status in ("paid", "no_payment_required"):
            return AttemptState.SUCCEEDED
        case "complete" if payment_status == "unpaid":
            failed = intent is not None and intent.status in ("requires_payment_method", "canceled")
            return AttemptState.FAILED if failed else AttemptState.PROCESSING
        case _:
            return AttemptState.UNKNOWN
