"""Stripe's objects as the house's nouns. Pure: values in, values out.

Every function takes an object that was just read back at the pinned version, and gives the record together with what a
person should know about it. A status or category this release does not know becomes the careful state and a finding;
its money is never dropped. Fees and net amounts come only from the ledger line Stripe attached, never from the charge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

from adapters.stripe import wire
from adapters.stripe.currency import from_wire
from adapters.stripe.notes import NOTE_KEYS
from adapters.stripe.tables import (
    ATTEMPT_STATES,
    BANK_DEBITS,
    CATEGORIES,
    DISPUTE_STATES,
    INVOICE_PAYMENT_STATES,
    INVOICE_STATES,
    PAYOUT_STATES,
    REFUND_STATES,
)
from connector.dates import BusinessDate, day_of, instant_from_epoch
from connector.model.allocation import Allocation
from connector.model.finding import Finding, FindingCode
from connector.model.invoice import Invoice, InvoiceState, Issued
from connector.model.mirror import Gone, GoneState
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
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import BalanceEntry, Payout, PayoutState
from connector.model.source import ConnectionId, Kind, Ref, Tag, ref_from_text
from connector.money import Money, currency

DEBT_KEY = "receivables_debt"
"""The metadata key under which an invoice or payment names the debt it stands for."""

_SOURCES = {
    "ch": Kind.PAYMENT,
    "py": Kind.PAYMENT,
    "re": Kind.REFUND,
    "pyr": Kind.REFUND,
    "dp": Kind.DISPUTE,
    "du": Kind.DISPUTE,
    "po": Kind.PAYOUT,
}
"""What the prefix of a ledger line's source says about its kind."""

Findings = tuple[Finding, ...]
_NOTHING: Findings = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which connection the objects come from, and in which zone its days are."""

    connection: ConnectionId
    zone: ZoneInfo
    live: bool

    def ref(self, kind: Kind, vendor_id: str) -> Ref:
        return Ref(self.connection, kind, vendor_id)

    def link(self, kind: Kind, link: wire.Link) -> Ref | None:
        vendor_id = wire.link_id(link)
        return Ref(self.connection, kind, vendor_id) if vendor_id else None

    def day(self, epoch: int) -> BusinessDate:
        return day_of(instant_from_epoch(epoch), self.zone)


def profile(row: wire.Account, where: Where) -> tuple[Profile, Findings]:
    """The account itself. Whether it is live is known from the key, since the object does not say."""
    shown = row.settings.dashboard.display_name if row.settings and row.settings.dashboard else None
    business = row.business_profile.name if row.business_profile else None
    return (
        Profile(
            name=shown or business or row.id,
            home_currency=currency(row.default_currency),
            country=row.country,
            live=where.live,
        ),
        _NOTHING,
    )


def account(row: wire.Balance, code: str) -> Account:
    """The balance in one currency: what is available and what is still on its way into it."""
    parts = (part.amount for part in (*row.available, *row.pending) if part.currency == code)
    balance = from_wire(sum(parts), code)
    return Account(
        name=f"Stripe balance {balance.currency}",
        role=AccountRole.PROCESSOR,
        currency=balance.currency,
        balance=balance,
    )


def customer(row: wire.Customer, where: Where) -> tuple[Customer | Gone, Findings]:
    """A customer, or the tombstone of a deleted one."""
    del where
    if row.deleted:
        return Gone(state=GoneState.DELETED), _NOTHING
    return (
        Customer(
            name=row.name or row.business_name or row.email or row.id,
            email=row.email,
            phone=row.phone,
            currency=currency(row.currency) if row.currency else None,
            tags=_tags(row.metadata),
        ),
        _NOTHING,
    )


def invoice(row: wire.Invoice, where: Where) -> tuple[Invoice, Findings]:
    """An invoice. Its open amount is Stripe's own `amount_remaining`; a void one is owed by nobody."""
    state = INVOICE_STATES.get(row.status or "", InvoiceState.UNKNOWN)
    metadata = row.metadata
    total = from_wire(row.total, row.currency)
    finalized = row.status_transitions.finalized_at
    record = Invoice(
        number=row.number,
        customer=where.link(Kind.CUSTOMER, row.customer),
        issued_on=where.day(row.effective_at or finalized or row.created),
        due_on=where.day(row.due_date) if row.due_date is not None else None,
        total=total,
        open=Money(0, total.currency) if state is InvoiceState.VOID else from_wire(row.amount_remaining, row.currency),
        state=state,
        issued=_issued(row, finalized),
        same_debt=ref_from_text(metadata[DEBT_KEY]) if metadata and DEBT_KEY in metadata else None,
        pay_url=row.hosted_invoice_url,
        tags=_tags(metadata),
    )
    if state is InvoiceState.UNKNOWN:
        return record, (_unknown("status", row.status, where.ref(Kind.INVOICE, row.id), record.open),)
    return record, _NOTHING


def _issued(row: wire.Invoice, finalized: int | None) -> Issued:
    """Only an invoice that Stripe was told to send was sent; one charged automatically was not."""
    at = finalized or row.effective_at
    if row.collection_method != "send_invoice" or row.status == "draft" or at is None:
        return Issued()
    return Issued(to=row.customer_email, at=instant_from_epoch(at), how="email")


def allocation(row: wire.InvoicePayment, where: Where) -> tuple[Allocation, Findings]:
    """What a payment has settled of an invoice: nothing unless it is paid, and nothing again once it is detached.

    The payment is named as Stripe names it: mostly by its payment intent, which a `Payment` carries as its attempt.
    """
    paid_with = row.payment
    payment = (
        where.link(Kind.ATTEMPT, paid_with.payment_intent)
        or where.link(Kind.PAYMENT, paid_with.charge)
        or where.link(Kind.PAYMENT, paid_with.payment_record)
        or where.ref(Kind.PAYMENT, row.id)
    )
    settles = INVOICE_PAYMENT_STATES.get(row.status)
    record = Allocation(
        payment=payment,
        target=where.ref(Kind.INVOICE, wire.link_id(row.invoice) or ""),
        amount=from_wire((row.amount_paid or 0) if settles else 0, row.currency),
    )
    if settles is None:
        about = where.ref(Kind.ALLOCATION, row.id)
        return record, (_unknown("status", row.status, about, from_wire(row.amount_requested, row.currency)),)
    return record, _NOTHING


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
        tags=_tags(row.metadata),
    )
    if state is AttemptState.UNKNOWN:
        return record, (_unknown("status", row.status, where.ref(Kind.ATTEMPT, row.id), record.amount),)
    return record, _NOTHING


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
        failure=row.failure_message or row.failure_code,
        tags=_tags(row.metadata),
    )
    if state is not None:
        return record, _NOTHING
    return record, (_unknown("status", row.status, where.ref(Kind.PAYMENT, row.id), gross),)


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
        return record, (_unknown("status", row.status, where.ref(Kind.REFUND, row.id), record.amount),)
    return record, _NOTHING


def dispute(row: wire.Dispute, where: Where) -> tuple[Dispute, Findings]:
    """A dispute, or the return of a bank debit, which Stripe calls by the same name."""
    state = DISPUTE_STATES.get(row.status)
    record = Dispute(
        payment=where.link(Kind.PAYMENT, row.charge),
        amount=from_wire(row.amount, row.currency),
        on=where.day(row.created),
        state=state or DisputeState.OPEN,
        reason=row.reason,
    )
    if state is None:
        return record, (_unknown("status", row.status, where.ref(Kind.DISPUTE, row.id), record.amount),)
    return record, _NOTHING


def balance_entry(row: wire.BalanceTransaction, where: Where) -> tuple[BalanceEntry, Findings]:
    """One line of Stripe's ledger, in its accounting category as received."""
    source = wire.link_id(row.source)
    kind = _SOURCES.get(source.partition("_")[0]) if source else None
    record = BalanceEntry(
        category=row.reporting_category,
        gross=from_wire(row.amount, row.currency),
        fee=from_wire(row.fee, row.currency),
        net=from_wire(row.net, row.currency),
        created=instant_from_epoch(row.created),
        about=where.ref(kind, source) if source and kind else None,
    )
    found: list[Finding] = []
    about = where.ref(Kind.BALANCE_ENTRY, row.id)
    if row.reporting_category not in CATEGORIES:
        found.append(_unknown("reporting category", row.reporting_category, about, record.net))
    if row.amount - row.fee != row.net:
        found.append(
            Finding(
                code=FindingCode.DOES_NOT_TIE,
                sentence=f"Stripe's ledger line {row.id} has a net amount that is not its gross less its fee.",
                next_step="Ask Stripe about this line; nothing is booked from it until it ties.",
                refs=(about,),
                amount=record.net,
            )
        )
    return record, tuple(found)


def payout(row: wire.Payout, where: Where, entries: tuple[str, ...] | None) -> tuple[Payout, Findings]:
    """Money to or from the bank. Stripe writes the day of arrival as midnight UTC, so that is the day meant."""
    state = PAYOUT_STATES.get(row.status)
    record = Payout(
        amount=from_wire(row.amount, row.currency),
        arrives_on=BusinessDate(instant_from_epoch(row.arrival_date).astimezone(UTC).date()),
        state=state or PayoutState.PENDING,
        entries=None if entries is None else tuple(where.ref(Kind.BALANCE_ENTRY, entry) for entry in entries),
    )
    if state is None:
        return record, (_unknown("status", row.status, where.ref(Kind.PAYOUT, row.id), record.amount),)
    return record, _NOTHING


def composed(row: wire.Payout) -> bool:
    """Whether Stripe can say exactly what the payout consists of: never for manual and instant ones."""
    return row.automatic and row.reconciliation_status == "completed"


def settled(row: wire.Payout) -> bool:
    """Whether nothing more is expected to change about it in the ordinary course."""
    state = PAYOUT_STATES.get(row.status)
    return state in (PayoutState.PAID, PayoutState.FAILED) and row.reconciliation_status != "in_progress"


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


def unheld(about: Ref, code: str) -> Finding:
    """A record whose amount no exact money can hold, so that it is shown instead of mirrored."""
    return Finding(
        code=FindingCode.NOT_MIRRORED,
        sentence=f"Stripe's {about.kind.replace('_', ' ')} {about.vendor_id} has an amount in {code[:8].upper()} that"
        " cannot be held exactly; it is not in the mirror.",
        next_step="Book it by hand, and tell the makers of this connector about the currency.",
        refs=(about,),
    )


def unknown_field(name: str, kind: Kind, seen_on: Ref) -> Finding:
    """A field this release has never heard of; it is kept in the document as received."""
    return Finding(
        code=FindingCode.UNKNOWN_VALUE,
        sentence=f"Stripe sends a field {name[:40]!r} on a {kind.replace('_', ' ')} that this release does not know.",
        next_step="It is kept with the record and has no effect; a newer release may know it.",
        refs=(seen_on,),
    )


def _unknown(what: str, value: str | None, about: Ref, amount: Money) -> Finding:
    return Finding(
        code=FindingCode.UNKNOWN_VALUE,
        sentence=f"Stripe's {about.kind.replace('_', ' ')} {about.vendor_id} has a {what} that this release does not "
        f"know ({(value or 'none')[:40]!r}).",
        next_step="It counts as neither paid nor failed; look at it in Stripe, and update this connector.",
        refs=(about,),
        amount=amount,
    )


def _tags(metadata: Mapping[str, str] | None) -> tuple[Tag, ...]:
    """What the merchant and others attached, in the order of its names; our own note's echo is not news."""
    if not metadata:
        return ()
    return tuple(Tag(name, metadata[name]) for name in sorted(metadata) if name not in NOTE_KEYS)
