"""Stripe's objects as the house's nouns. Pure: values in, values out.

Every function takes an object that was just read back at the pinned version, and gives the record together with what a
person should know about it. A status or category this release does not know becomes the careful state and a finding;
its money is never dropped. Here are the account, customers and what is kept for them, invoices and what settles or
reduces them; payments stand in `payments`, Stripe's ledger in `ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from adapters.stripe import shapes, wire
from adapters.stripe.currency import from_wire
from adapters.stripe.notes import NOTE_KEYS
from adapters.stripe.tables import (
    CASH_TYPES,
    CREDIT_NOTE_STATES,
    CREDIT_TYPES,
    INVOICE_PAYMENT_STATES,
    INVOICE_STATES,
)
from connector.dates import BusinessDate, day_of, instant_from_epoch
from connector.model.allocation import Allocation, AllocationState
from connector.model.finding import Finding, FindingCode
from connector.model.invoice import CreditNote, Invoice, InvoiceState, Issued
from connector.model.mirror import Gone, GoneState
from connector.model.party import Customer, Profile
from connector.model.settlement import CashEntry, CreditEntry
from connector.model.source import ConnectionId, Kind, Ref, Tag, ref_from_text
from connector.money import Money, currency

QUARTER_SECONDS = 900

DEBT_KEY = "receivables_debt"
"""The metadata key under which an invoice or payment names the debt it stands for."""

Findings = tuple[Finding, ...]
NOTHING: Findings = ()
_LOOK = "It counts as neither paid nor failed; look at it in Stripe, and update this connector."
_STILL_COUNTS = "Its amount counts all the same; look at it in Stripe, and update this connector."


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
        return _day(epoch // QUARTER_SECONDS, self.zone)


@lru_cache(maxsize=100_000)
def _day(quarter: int, zone: ZoneInfo) -> BusinessDate:
    """The day of a quarter of an hour since 1970: days have begun with one in every zone since long before Stripe, and
    records of one page lie close together."""
    return day_of(instant_from_epoch(quarter * QUARTER_SECONDS), zone)


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
        NOTHING,
    )


def customer(row: wire.Customer, where: Where) -> tuple[Customer | Gone, Findings]:
    """A customer, or the tombstone of a deleted one."""
    del where
    if row.deleted:
        return Gone(state=GoneState.DELETED), NOTHING
    return (
        Customer(
            name=row.name or row.business_name or row.email or row.id,
            email=row.email,
            phone=row.phone,
            currency=currency(row.currency) if row.currency else None,
            tags=tags(row.metadata),
        ),
        NOTHING,
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
        tags=tags(metadata),
    )
    about = where.ref(Kind.INVOICE, row.id)
    found = [unknown("status", row.status, about, record.open)] if state is InvoiceState.UNKNOWN else []
    odd = None if state in (InvoiceState.VOID, InvoiceState.DRAFT) else contradiction(row)
    if odd is not None:
        found.append(
            _does_not_tie(about, odd, "Ask Stripe about this invoice; until it ties, do not chase it.", record.open)
        )
    return record, tuple(found)


def contradiction(row: wire.Invoice) -> str | None:
    """What in an invoice's own amounts contradicts its open amount, None when they tie.

    An overpaid one has been paid more than was due, or exactly that: Stripe's description allows both readings. What
    customer credit paid is `starting_balance` less `ending_balance`, which is known once it is finalized.
    """
    if row.amount_remaining - (row.amount_due - row.amount_paid) not in (0, row.amount_overpaid):
        return "has an open amount that is not what is due less what was paid"
    if row.amount_paid_off_stripe > row.amount_paid:
        return "was paid more outside Stripe than it was paid in all"
    reduced = row.pre_payment_credit_notes_amount
    if row.ending_balance is not None and (
        row.total + row.starting_balance - reduced != row.amount_due + row.ending_balance
    ):
        return "has a due amount that is not its total less its credit notes and the customer's credit"
    if row.total >= 0 and reduced + row.post_payment_credit_notes_amount > row.total:
        return "was credited more than its total"
    return None


def _issued(row: wire.Invoice, finalized: int | None) -> Issued:
    """Only an invoice that Stripe was told to send was sent; one charged automatically was not."""
    at = finalized or row.effective_at
    if row.collection_method != "send_invoice" or row.status == "draft" or at is None:
        return Issued()
    return Issued(to=row.customer_email, at=instant_from_epoch(at), how="email")


def allocation(row: wire.InvoicePayment, where: Where) -> tuple[Allocation, Findings]:
    """What a payment has settled of an invoice: nothing unless it is paid, and nothing again once it is detached,
    which opens the invoice anew. One whose status nobody knows settles nothing either.

    The payment is named as Stripe names it: mostly by its payment intent, which a `Payment` carries as its attempt.
    """
    paid_with = row.payment
    payment = (
        where.link(Kind.ATTEMPT, paid_with.payment_intent)
        or where.link(Kind.PAYMENT, paid_with.charge)
        or where.link(Kind.PAYMENT, paid_with.payment_record)
        or where.ref(Kind.PAYMENT, row.id)
    )
    state = INVOICE_PAYMENT_STATES.get(row.status)
    record = Allocation(
        payment=payment,
        target=where.ref(Kind.INVOICE, wire.link_id(row.invoice) or ""),
        amount=from_wire((row.amount_paid or 0) if state is AllocationState.APPLIED else 0, row.currency),
        state=state or AllocationState.OPEN,
    )
    about = where.ref(Kind.ALLOCATION, row.id)
    asked = from_wire(row.amount_requested, row.currency)
    if state is None:
        return record, (unknown("status", row.status, about, asked),)
    if state is AllocationState.APPLIED and row.amount_paid is None:
        odd = "is paid and does not say by how much"
        return record, (_does_not_tie(about, odd, "Look at its invoice in Stripe: nothing counts as settled.", asked),)
    return record, NOTHING


def credit_note(row: shapes.CreditNote, where: Where) -> tuple[CreditNote, Findings]:
    """A credit note. What it took off an open invoice is in that invoice's own open amount already, and what went to
    the customer's credit stands there as a line of its own, so neither is open here a second time. Open is what went
    nowhere yet."""
    state = CREDIT_NOTE_STATES.get(row.status)
    given = sum(part.amount_refunded for part in row.refunds) + (row.out_of_band_amount or 0)
    rest = 0 if wire.link_id(row.customer_balance_transaction) else row.post_payment_amount - given
    total = from_wire(row.amount, row.currency)
    left = from_wire(max(rest, 0) if state is not InvoiceState.VOID else 0, row.currency)
    if state is InvoiceState.OPEN and not left:
        state = InvoiceState.PAID
    record = CreditNote(
        number=row.number,
        customer=where.link(Kind.CUSTOMER, row.customer),
        issued_on=where.day(row.effective_at or row.created),
        total=total,
        open=left,
        state=state or InvoiceState.UNKNOWN,
    )
    about = where.ref(Kind.CREDIT_NOTE, row.id)
    found = [] if state is not None else [unknown("status", row.status, about, total)]
    if row.pre_payment_amount + row.post_payment_amount != row.amount or given > row.post_payment_amount:
        odd = "has parts that do not add up to its amount"
        found.append(_does_not_tie(about, odd, "Ask Stripe about this credit note.", total))
    return record, tuple(found)


def keeps_credit(row: wire.Customer) -> bool:
    """Whether the customer has credit, or owes something, in any currency; how it came about is asked for apart."""
    return row.balance != 0 or any((row.invoice_credit_balance or {}).values())


def keeps_cash(row: wire.Customer) -> bool:
    """Whether money of the customer's own is kept for it. Only known when `cash_balance` was asked for."""
    return row.cash_balance is not None and any((row.cash_balance.available or {}).values())


def credit_entry(row: shapes.CreditLine, where: Where) -> tuple[CreditEntry, Findings]:
    """A line of a customer's credit, which is no money. Stripe writes credit as a negative amount; here what adds to
    what is kept for the customer is positive."""
    record = CreditEntry(
        customer=where.ref(Kind.CUSTOMER, wire.link_id(row.customer) or ""),
        amount=from_wire(-row.amount, row.currency),
        balance=from_wire(-row.ending_balance, row.currency),
        category=row.type,
        created=instant_from_epoch(row.created),
        about=where.link(Kind.CREDIT_NOTE, row.credit_note) or where.link(Kind.INVOICE, row.invoice),
    )
    if row.type in CREDIT_TYPES:
        return record, NOTHING
    about = where.ref(Kind.CREDIT_ENTRY, row.id)
    return record, (unknown("type", row.type, about, record.amount, next_step=_STILL_COUNTS),)


def cash_entry(row: shapes.CashLine, where: Where) -> tuple[CashEntry, Findings]:
    """A line of a customer's own money, which a bank transfer brought: what it was applied to, where it came back
    from, or which line of Stripe's ledger moved it."""
    applied = row.applied_to_payment or row.unapplied_from_payment
    moved = row.transferred_to_balance or row.adjusted_for_overdraft
    back = row.refunded_from_payment
    record = CashEntry(
        customer=where.ref(Kind.CUSTOMER, wire.link_id(row.customer) or ""),
        amount=from_wire(row.net_amount, row.currency),
        balance=from_wire(row.ending_balance, row.currency),
        category=row.type,
        created=instant_from_epoch(row.created),
        about=where.link(Kind.ATTEMPT, applied.payment_intent if applied else None)
        or where.link(Kind.REFUND, back.refund if back else None)
        or where.link(Kind.BALANCE_ENTRY, moved.balance_transaction if moved else None),
    )
    if row.type in CASH_TYPES:
        return record, NOTHING
    about = where.ref(Kind.CASH_ENTRY, row.id)
    return record, (unknown("type", row.type, about, record.amount, next_step=_STILL_COUNTS),)


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


def unknown(what: str, value: str | None, about: Ref, amount: Money, *, next_step: str = _LOOK) -> Finding:
    """A word this release has never heard of, with the money it is about."""
    return Finding(
        code=FindingCode.UNKNOWN_VALUE,
        sentence=f"{_name(about)} has a {what} that this release does not know ({(value or 'none')[:40]!r}).",
        next_step=next_step,
        refs=(about,),
        amount=amount,
    )


def _does_not_tie(about: Ref, odd: str, next_step: str, amount: Money) -> Finding:
    return Finding(
        code=FindingCode.DOES_NOT_TIE,
        sentence=f"{_name(about)} {odd}.",
        next_step=next_step,
        refs=(about,),
        amount=amount,
    )


def _name(about: Ref) -> str:
    return f"Stripe's {about.kind.replace('_', ' ')} {about.vendor_id}"


def tags(metadata: Mapping[str, str] | None) -> tuple[Tag, ...]:
    """What the merchant and others attached, in the order of its names; our own note's echo is not news."""
    if not metadata:
        return ()
    return tuple(Tag(name, metadata[name]) for name in sorted(metadata) if name not in NOTE_KEYS)
