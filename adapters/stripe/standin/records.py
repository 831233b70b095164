"""Payment records: money that came some other way, and which the merchant reports to Stripe so that an invoice knows.

Nothing of it is ever in the balance.
"""

from __future__ import annotations

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.shapes import Document, filled

KIND = "payment_record"


def report(ledger: Ledger, amount: int, currency: str, *, customer: str | None = None, reference: str = "") -> Document:
    """The merchant reports a cheque or transfer that has arrived, now."""
    whole, nothing = {"currency": currency, "value": amount}, {"currency": currency, "value": 0}
    known = ledger.find("customer", customer) if customer else None
    details = {"customer": customer, "email": None, "name": known.get("name") if known else None, "phone": None}
    record = filled(
        KIND,
        id=ledger.next_id("pr"),
        amount=dict(whole),
        amount_authorized=dict(nothing),
        amount_canceled=dict(nothing),
        amount_failed=dict(nothing),
        amount_guaranteed=dict(whole),
        amount_refunded=dict(nothing),
        amount_requested=dict(whole),
        created=ledger.now(),
        customer_details=details if customer else None,
        payment_method_details={"type": "custom", "custom": {"display_name": "Bank transfer", "type": None}},
        processor_details={"type": "custom", "custom": {"payment_reference": reference or None}},
    )
    return ledger.put(record)
