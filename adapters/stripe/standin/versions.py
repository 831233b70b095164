"""The versions of Stripe's API: the one that is spoken here, and what objects looked like in an old one.

An answer is always in the version that was asked for. An event is not: its object is in the version of the account or
of the webhook endpoint, and stays in it for ever. An account opened years ago sends bodies of years ago.
"""

from __future__ import annotations

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.shapes import Document

API_VERSION = "2026-10-28.endive"
OLD = "2020-03-02"
"""The version of an account of that age: invoices have `paid`, `charge` and `payment_intent`."""

_BASIL = "2025-03-31"
"""Since then an invoice and its payments are linked by InvoicePayments only."""

_NOT_YET = {
    "invoice": (
        "amount_overpaid amount_paid_off_stripe amount_shipping application automatically_finalizes_at effective_at "
        "from_invoice issuer latest_revision parent rendering shipping_cost shipping_details subtotal_excluding_tax "
        "test_clock total_excluding_tax total_pretax_credit_amounts total_taxes"
    ),
    "payment_intent": "payment_method_configuration_details",
    "dispute": "enhanced_eligibility_types balance_transactions",
    "credit_note": "refunds pre_payment_amount post_payment_amount type",
}
"""What the objects of old did not have."""


def is_old(version: str) -> bool:
    """Whether objects of that version have the shape from before the links changed."""
    return version < _BASIL


def in_version(ledger: Ledger, document: Document, version: str) -> Document:
    """The object as that version says it; a copy where it differs."""
    if not is_old(version):
        return document
    kind = document.get("object", "")
    absent = _NOT_YET.get(kind, "").split()
    old = {name: value for name, value in document.items() if name not in absent}
    match kind:
        case "invoice":
            old.update(_links(ledger, document.get("id")))
            old.update(dict.fromkeys(("application_fee_amount", "discount", "quote", "subscription", "tax")))
            old.update(paid=document.get("status") == "paid", paid_out_of_band=False, total_tax_amounts=[])
        case "charge":
            old.update(dict.fromkeys(("destination", "dispute", "order", "source")))
            old["invoice"] = _invoice_of(ledger, document.get("payment_intent"))
        case "payment_intent":
            old["invoice"] = _invoice_of(ledger, document.get("id"))
        case "credit_note":
            old["refund"] = None
    return old


def _links(ledger: Ledger, invoice_id: str | None) -> Document:
    """The one payment an invoice of old could have."""
    for link in ledger.newest("invoice_payment"):
        intent = ledger.find("payment_intent", link["payment"].get("payment_intent", ""))
        if link["invoice"] == invoice_id and intent is not None:
            return {"charge": intent["latest_charge"], "payment_intent": intent["id"]}
    return {"charge": None, "payment_intent": None}


def _invoice_of(ledger: Ledger, intent_id: str | None) -> str | None:
    links = ledger.newest("invoice_payment")
    return next((one["invoice"] for one in links if one["payment"].get("payment_intent") == intent_id), None)
