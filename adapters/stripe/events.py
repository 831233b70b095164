"""Which of Stripe's events are about what is mirrored: one table for reading the feed, for webhooks, and for asking
Stripe to send them. Pure.

An event is a pointer: its type and the id of its object say what to look at. The object in its body is rendered in
whatever API version the account or the endpoint has, so nothing else of it is ever read.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.model.source import Kind

OBJECTS: Mapping[str, Kind] = {
    "customer": Kind.CUSTOMER,
    "invoice": Kind.INVOICE,
    "invoice_payment": Kind.ALLOCATION,
    "credit_note": Kind.CREDIT_NOTE,
    "payment_intent": Kind.ATTEMPT,
    "charge": Kind.PAYMENT,
    "refund": Kind.REFUND,
    "dispute": Kind.DISPUTE,
    "payout": Kind.PAYOUT,
    "customer_cash_balance_transaction": Kind.CASH_ENTRY,
}
"""What an event's object is called, and the kind of record it is here. An event about anything else tells us nothing:
`invoice.upcoming` is about an invoice that is not there yet and has no id, so it is not asked for."""

NOT_ALONE = frozenset({Kind.CASH_ENTRY})
"""Of these Stripe answers for nobody who does not know whose they are; the regular reading brings them."""

_HAPPENINGS: Mapping[str, str] = {
    "customer": "created deleted updated",
    "invoice": "created deleted finalization_failed finalized marked_uncollectible overdue overpaid paid "
    "payment_action_required payment_attempt_required payment_failed payment_succeeded sent updated voided will_be_due",
    "invoice_payment": "paid",
    "credit_note": "created updated voided",
    "payment_intent": "amount_capturable_updated canceled created partially_funded payment_failed processing "
    "requires_action succeeded",
    "charge": "captured expired failed pending refund.updated refunded succeeded updated",
    "charge.dispute": "closed created funds_reinstated funds_withdrawn updated",
    "refund": "created failed updated",
    "payout": "canceled created failed paid reconciliation_completed updated",
    "customer_cash_balance_transaction": "created",
}

EVENT_TYPES: tuple[str, ...] = tuple(
    f"{about}.{what}" for about, happenings in _HAPPENINGS.items() for what in happenings.split()
)
"""Every type of event about those objects, at the pinned version. One that Stripe adds later is understood all the same
by its object, and is asked for by the next release."""
