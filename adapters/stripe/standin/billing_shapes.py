"""The full shapes of what is written, credited and held beside the money itself: credit notes, both balances, links."""

from __future__ import annotations

from typing import Any


def nulls(names: str) -> dict[str, None]:
    """Fields that are there and say nothing."""
    return dict.fromkeys(names.split())


_CREDIT_NOTE: dict[str, Any] = {
    "object": "credit_note",
    "id": "",
    **nulls("customer_balance_transaction effective_at memo out_of_band_amount reason shipping_cost voided_at"),
    "amount": 0,
    "amount_shipping": 0,
    "created": 0,
    "currency": "usd",
    "customer": "",
    "discount_amount": 0,
    "discount_amounts": [],
    "invoice": "",
    "lines": {"object": "list", "data": [], "has_more": False, "url": ""},
    "livemode": False,
    "metadata": {},
    "number": "",
    "pdf": "",
    "post_payment_amount": 0,
    "pre_payment_amount": 0,
    "pretax_credit_amounts": [],
    "refunds": [],
    "status": "issued",
    "subtotal": 0,
    "subtotal_excluding_tax": 0,
    "total": 0,
    "total_excluding_tax": 0,
    "total_taxes": [],
    "type": "pre_payment",
}

_CREDIT_NOTE_LINE: dict[str, Any] = {
    "object": "credit_note_line_item",
    "id": "",
    **nulls("description unit_amount unit_amount_decimal"),
    "amount": 0,
    "discount_amount": 0,
    "discount_amounts": [],
    "livemode": False,
    "metadata": {},
    "pretax_credit_amounts": [],
    "quantity": None,
    "tax_rates": [],
    "taxes": [],
    "type": "custom_line_item",
}

_CREDIT_ENTRY: dict[str, Any] = {
    "object": "customer_balance_transaction",
    "id": "",
    **nulls("checkout_session credit_note description invoice"),
    "amount": 0,
    "created": 0,
    "currency": "usd",
    "customer": "",
    "ending_balance": 0,
    "livemode": False,
    "metadata": {},
    "type": "adjustment",
}

_CASH_ENTRY: dict[str, Any] = {
    "object": "customer_cash_balance_transaction",
    "id": "",
    "created": 0,
    "currency": "usd",
    "customer": "",
    "ending_balance": 0,
    "livemode": False,
    "net_amount": 0,
    "type": "funded",
}

_RECORD_AMOUNTS = (
    "amount amount_authorized amount_canceled amount_failed amount_guaranteed amount_refunded amount_requested"
)
_PAYMENT_RECORD: dict[str, Any] = {
    "object": "payment_record",
    "id": "",
    **nulls(
        "application customer_details customer_presence description latest_payment_attempt_record "
        "payment_method_details shipping_details"
    ),
    **{name: {"currency": "usd", "value": 0} for name in _RECORD_AMOUNTS.split()},
    "created": 0,
    "livemode": False,
    "metadata": {},
    "processor_details": {"type": "custom", "custom": {"payment_reference": None}},
    "reported_by": "self",
}

_PAYMENT_LINK: dict[str, Any] = {
    "object": "payment_link",
    "id": "",
    **nulls(
        "application application_fee_amount application_fee_percent consent_collection inactive_message "
        "invoice_creation managed_payments on_behalf_of optional_items payment_intent_data payment_method_options "
        "payment_method_types restrictions shipping_address_collection subscription_data transfer_data"
    ),
    "active": True,
    "after_completion": {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": None}},
    "allow_promotion_codes": False,
    "automatic_tax": {"enabled": False, "liability": None},
    "billing_address_collection": "auto",
    "_created": 0,
    "currency": "usd",
    "custom_fields": [],
    "custom_text": nulls("after_submit shipping_address submit terms_of_service_acceptance"),
    "customer_creation": "if_required",
    "livemode": False,
    "metadata": {},
    "payment_method_collection": "always",
    "phone_number_collection": {"enabled": False},
    "shipping_options": [],
    "submit_type": "auto",
    "tax_id_collection": {"enabled": False, "required": "never"},
    "url": "",
    "_lines": [],
}

BILLING = (_CREDIT_NOTE, _CREDIT_NOTE_LINE, _CREDIT_ENTRY, _CASH_ENTRY, _PAYMENT_RECORD, _PAYMENT_LINK)
"""Every one of them."""
