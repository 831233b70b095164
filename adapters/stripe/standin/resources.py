"""Which objects are served where, by what they can be filtered, and what in them can be expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.stripe.standin.form import INTEGER, METADATA, RANGE, TEXT, Rule

EXPAND: dict[str, Rule] = {"expand": [TEXT]}
PAGING: dict[str, Rule] = {"limit": INTEGER, "starting_after": TEXT, "ending_before": TEXT, **EXPAND}
UPDATE: dict[str, Rule] = {"metadata": METADATA, **EXPAND}

_INVOICE_STATUS = frozenset({"draft", "open", "paid", "uncollectible", "void"})
_PAYMENT_KINDS = frozenset({"payment_intent", "charge", "payment_record"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of object: the words Stripe calls it by in errors, its filters, and its links to other objects.

    `links` maps the path of a field to the kind of object its id names; `lists` maps a field that is only present when
    expanded to the kind it lists and the field by which those point back.
    """

    kind: str
    noun: str
    filters: Mapping[str, Rule]
    links: Mapping[str, str]
    lists: Mapping[str, tuple[str, str]]


def _resource(
    kind: str, noun: str, filters: Mapping[str, Rule], links: str, lists: Mapping[str, tuple[str, str]] | None = None
) -> Resource:
    pairs = [link.partition("=") for link in links.split()]
    by_field = {field: target or field for field, _, target in pairs}
    return Resource(kind=kind, noun=noun, filters=filters, links=by_field, lists=lists or {})


RESOURCES: dict[str, Resource] = {
    "customers": _resource("customer", "customer", {"created": RANGE, "email": TEXT}, ""),
    "invoices": _resource(
        "invoice",
        "invoice",
        {
            "collection_method": frozenset({"charge_automatically", "send_invoice"}),
            "created": RANGE,
            "customer": TEXT,
            "due_date": RANGE,
            "status": _INVOICE_STATUS,
        },
        "customer",
        {"payments": ("invoice_payment", "invoice")},
    ),
    "invoice_payments": _resource(
        "invoice_payment",
        "invoice payment",
        {
            "created": RANGE,
            "invoice": TEXT,
            "payment": {"type": _PAYMENT_KINDS, "payment_intent": TEXT, "charge": TEXT, "payment_record": TEXT},
            "status": frozenset({"canceled", "open", "paid"}),
        },
        "invoice payment.payment_intent=payment_intent payment.charge=charge payment.payment_record=payment_record",
    ),
    "credit_notes": _resource(
        "credit_note",
        "credit note",
        {"created": RANGE, "customer": TEXT, "invoice": TEXT},
        "customer customer_balance_transaction invoice",
    ),
    "payment_links": _resource("payment_link", "payment link", {"active": frozenset({"true", "false"})}, ""),
    "payment_records": _resource("payment_record", "payment record", {}, ""),
    "payment_intents": _resource(
        "payment_intent",
        "payment_intent",
        {"created": RANGE, "customer": TEXT},
        "customer latest_charge=charge",
    ),
    "charges": _resource(
        "charge",
        "charge",
        {"created": RANGE, "customer": TEXT, "payment_intent": TEXT},
        "balance_transaction failure_balance_transaction=balance_transaction customer payment_intent",
        {"refunds": ("refund", "charge")},
    ),
    "refunds": _resource(
        "refund",
        "refund",
        {"charge": TEXT, "created": RANGE, "payment_intent": TEXT},
        "balance_transaction failure_balance_transaction=balance_transaction charge payment_intent",
    ),
    "disputes": _resource(
        "dispute",
        "dispute",
        {"charge": TEXT, "created": RANGE, "payment_intent": TEXT},
        "charge payment_intent",
    ),
    "balance_transactions": _resource(
        "balance_transaction",
        "balance transaction",
        {"created": RANGE, "currency": TEXT, "payout": TEXT, "source": TEXT, "type": TEXT},
        "source=*",
    ),
    "payouts": _resource(
        "payout",
        "payout",
        {"arrival_date": RANGE, "created": RANGE, "status": TEXT},
        "balance_transaction failure_balance_transaction=balance_transaction",
    ),
    "checkout/sessions": _resource(
        "checkout.session",
        "checkout.session",
        {
            "created": RANGE,
            "customer": TEXT,
            "customer_details": {"email": TEXT},
            "payment_intent": TEXT,
            "payment_link": TEXT,
            "status": frozenset({"complete", "expired", "open"}),
        },
        "customer payment_intent invoice",
    ),
    "webhook_endpoints": _resource("webhook_endpoint", "webhook endpoint", {}, ""),
}
"""By the path below /v1."""

BELOW_CUSTOMER: dict[str, Resource] = {
    "balance_transactions": _resource(
        "customer_balance_transaction",
        "customer balance transaction",
        {"created": RANGE, "customer": TEXT, "invoice": TEXT},
        "credit_note customer invoice",
    ),
    "cash_balance_transactions": _resource(
        "customer_cash_balance_transaction",
        "customer cash balance transaction",
        {"customer": TEXT},
        "customer applied_to_payment.payment_intent=payment_intent",
    ),
}
"""By the path below a customer."""

BY_KIND: dict[str, Resource] = {one.kind: one for one in (*RESOURCES.values(), *BELOW_CUSTOMER.values())}
