"""Every object in its full shape, with nothing in it yet. Fields are those of Stripe's description of the API."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from adapters.stripe.standin.billing_shapes import BILLING

Document = dict[str, Any]
"""One object as JSON has it. Names that begin with an underscore are the double's own and are never served."""

_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)


def _nulls(names: str) -> Document:
    return dict.fromkeys(names.split())


_ACCOUNT: Document = {
    "object": "account",
    "id": "",
    "business_profile": _nulls("mcc name product_description support_email support_phone support_url url"),
    "business_type": "company",
    "capabilities": {"card_payments": "active", "transfers": "active"},
    "charges_enabled": True,
    "country": "US",
    "created": 0,
    "default_currency": "usd",
    "details_submitted": True,
    "email": None,
    "metadata": {},
    "payouts_enabled": True,
    "settings": {
        "branding": _nulls("icon logo primary_color secondary_color"),
        "card_payments": _nulls(
            "statement_descriptor_prefix statement_descriptor_prefix_kana statement_descriptor_prefix_kanji"
        ),
        "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
        "payments": _nulls("statement_descriptor statement_descriptor_kana statement_descriptor_kanji"),
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
    },
    "type": "standard",
}

_CUSTOMER: Document = {
    "object": "customer",
    "id": "",
    **_nulls("address currency default_source description email name phone shipping test_clock"),
    "balance": 0,
    "created": 0,
    "delinquent": False,
    "invoice_prefix": "TEST",
    "invoice_settings": _nulls("custom_fields default_payment_method footer rendering_options"),
    "livemode": False,
    "metadata": {},
    "next_invoice_sequence": 1,
    "preferred_locales": [],
    "tax_exempt": "none",
}

_CHARGE: Document = {
    "object": "charge",
    "id": "",
    **_nulls(
        "application application_fee application_fee_amount balance_transaction calculated_statement_descriptor "
        "customer description failure_balance_transaction failure_code failure_message on_behalf_of outcome "
        "payment_intent payment_method payment_method_details receipt_email receipt_number receipt_url review "
        "shipping source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
    ),
    "amount": 0,
    "amount_captured": 0,
    "amount_refunded": 0,
    "billing_details": {"address": _ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None},
    "captured": True,
    "created": 0,
    "currency": "usd",
    "disputed": False,
    "fraud_details": {},
    "livemode": False,
    "metadata": {},
    "paid": True,
    "refunded": False,
    "status": "succeeded",
}

_PAYMENT_INTENT: Document = {
    "object": "payment_intent",
    "id": "",
    **_nulls(
        "application application_fee_amount canceled_at cancellation_reason customer description last_payment_error "
        "latest_charge next_action on_behalf_of payment_method payment_method_configuration_details processing "
        "receipt_email review setup_future_usage shipping statement_descriptor statement_descriptor_suffix "
        "transfer_data transfer_group"
    ),
    "amount": 0,
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "automatic_payment_methods": {"enabled": True},
    "capture_method": "automatic_async",
    "client_secret": None,
    "confirmation_method": "automatic",
    "created": 0,
    "currency": "usd",
    "livemode": False,
    "metadata": {},
    "payment_method_options": {},
    "payment_method_types": ["card"],
    "status": "requires_payment_method",
}

_REFUND: Document = {
    "object": "refund",
    "id": "",
    **_nulls("balance_transaction charge payment_intent reason receipt_number source_transfer_reversal"),
    "transfer_reversal": None,
    "amount": 0,
    "created": 0,
    "currency": "usd",
    "metadata": {},
    "status": "succeeded",
}

_DISPUTE: Document = {
    "object": "dispute",
    "id": "",
    "amount": 0,
    "balance_transactions": [],
    "charge": "",
    "created": 0,
    "currency": "usd",
    "enhanced_eligibility_types": [],
    "evidence": {**_nulls(_EVIDENCE), "enhanced_evidence": {}},
    "evidence_details": {
        "due_by": None,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
    },
    "is_charge_refundable": False,
    "livemode": False,
    "metadata": {},
    "payment_intent": None,
    "reason": "general",
    "status": "needs_response",
}

_BALANCE_TRANSACTION: Document = {
    "object": "balance_transaction",
    "id": "",
    "amount": 0,
    "available_on": 0,
    "balance_type": "payments",
    "created": 0,
    "currency": "usd",
    "description": None,
    "exchange_rate": None,
    "fee": 0,
    "fee_details": [],
    "net": 0,
    "reporting_category": "",
    "source": None,
    "status": "pending",
    "type": "charge",
}

_PAYOUT: Document = {
    "object": "payout",
    "id": "",
    **_nulls(
        "application_fee application_fee_amount balance_transaction failure_balance_transaction failure_code "
        "failure_message original_payout payout_method reversed_by statement_descriptor trace_id"
    ),
    "amount": 0,
    "arrival_date": 0,
    "automatic": True,
    "created": 0,
    "currency": "usd",
    "description": "STRIPE PAYOUT",
    "destination": None,
    "livemode": False,
    "metadata": {},
    "method": "standard",
    "reconciliation_status": "completed",
    "source_type": "card",
    "status": "paid",
    "type": "bank_account",
}

_INVOICE: Document = {
    "object": "invoice",
    "id": "",
    **_nulls(
        "account_name account_tax_ids application automatically_finalizes_at custom_fields customer_address "
        "customer_email customer_name customer_phone customer_shipping default_payment_method default_source "
        "description due_date effective_at ending_balance footer from_invoice hosted_invoice_url invoice_pdf "
        "last_finalization_error latest_revision next_payment_attempt number on_behalf_of parent receipt_number "
        "rendering shipping_cost shipping_details statement_descriptor test_clock total_pretax_credit_amounts "
        "total_taxes webhooks_delivered_at"
    ),
    "account_country": "US",
    "amount_due": 0,
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_paid_off_stripe": 0,
    "amount_remaining": 0,
    "amount_shipping": 0,
    "attempt_count": 0,
    "attempted": False,
    "auto_advance": False,
    "automatic_tax": {**_nulls("disabled_reason liability provider status"), "enabled": False},
    "billing_reason": "manual",
    "collection_method": "send_invoice",
    "created": 0,
    "currency": "usd",
    "customer": "",
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_tax_rates": [],
    "discounts": [],
    "issuer": {"type": "self"},
    "lines": {"object": "list", "data": [], "has_more": False, "url": ""},
    "livemode": False,
    "metadata": {},
    "payment_settings": _nulls("default_mandate payment_method_options payment_method_types"),
    "period_end": 0,
    "period_start": 0,
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "starting_balance": 0,
    "status": "open",
    "status_transitions": _nulls("finalized_at marked_uncollectible_at paid_at voided_at"),
    "subtotal": 0,
    "subtotal_excluding_tax": 0,
    "total": 0,
    "total_discount_amounts": [],
    "total_excluding_tax": 0,
}

_LINE: Document = {
    "object": "line_item",
    "id": "",
    **_nulls("parent pretax_credit_amounts pricing subscription taxes"),
    "amount": 0,
    "currency": "usd",
    "description": None,
    "discount_amounts": [],
    "discountable": True,
    "discounts": [],
    "invoice": None,
    "livemode": False,
    "metadata": {},
    "period": {"start": 0, "end": 0},
    "quantity": 1,
    "subtotal": 0,
}

_INVOICE_PAYMENT: Document = {
    "object": "invoice_payment",
    "id": "",
    "amount_paid": None,
    "amount_requested": 0,
    "created": 0,
    "currency": "usd",
    "invoice": "",
    "is_default": True,
    "livemode": False,
    "payment": {},
    "status": "open",
    "status_transitions": {"canceled_at": None, "paid_at": None},
}

_SESSION: Document = {
    "object": "checkout.session",
    "id": "",
    **_nulls(
        "adaptive_pricing after_expiration allow_promotion_codes allowed_payment_method_types amount_subtotal "
        "amount_total billing_address_collection cancel_url client_reference_id client_secret collected_information "
        "consent consent_collection currency_conversion customer customer_creation customer_details customer_email "
        "invoice invoice_creation locale origin_context payment_intent payment_link payment_method_collection "
        "payment_method_configuration_details permissions recovered_from saved_payment_method_options setup_intent "
        "shipping_address_collection shipping_cost submit_type subscription success_url total_details url "
        "wallet_options"
    ),
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "created": 0,
    "currency": "usd",
    "custom_fields": [],
    "custom_text": _nulls("after_submit shipping_address submit terms_of_service_acceptance"),
    "discounts": [],
    "expires_at": 0,
    "livemode": False,
    "metadata": {},
    "mode": "payment",
    "payment_method_options": {},
    "payment_method_types": [],
    "payment_status": "unpaid",
    "phone_number_collection": {"enabled": False},
    "shipping_options": [],
    "status": "open",
    "ui_mode": "hosted_page",
    "_lines": [],
    "_payment_intent_data": {},
}

_WEBHOOK_ENDPOINT: Document = {
    "object": "webhook_endpoint",
    "id": "",
    **_nulls("api_version application description"),
    "created": 0,
    "enabled_events": [],
    "livemode": False,
    "metadata": {},
    "status": "enabled",
    "url": "",
}

_ITEM: Document = {
    "object": "item",
    "id": "",
    "amount_discount": 0,
    "amount_subtotal": 0,
    "amount_tax": 0,
    "amount_total": 0,
    "currency": "usd",
    "description": None,
    "price": None,
    "quantity": 1,
}

_BLANKS: dict[str, Document] = {
    shape["object"]: shape
    for shape in (
        _ACCOUNT,
        _CUSTOMER,
        _CHARGE,
        _PAYMENT_INTENT,
        _REFUND,
        _DISPUTE,
        _BALANCE_TRANSACTION,
        _PAYOUT,
        _INVOICE,
        _LINE,
        _INVOICE_PAYMENT,
        _SESSION,
        _ITEM,
        _WEBHOOK_ENDPOINT,
        *BILLING,
    )
}


_TEXTS = {kind: json.dumps(shape) for kind, shape in _BLANKS.items()}
"""Each blank as JSON: reading that is the quickest way to a copy that shares nothing."""

_OPTIONAL_NAMES = (
    "adjusted_for_overdraft applied_to_payment failure_balance_transaction failure_reason funded invoice_line_item "
    "next_action payment_method_details pending_reason refunded_from_payment unapplied_from_payment"
)
_OPTIONAL = frozenset(_OPTIONAL_NAMES.split())
"""Fields that are absent, not null, where they do not apply."""


def filled(kind: str, **known: object) -> Document:
    """An object of that kind with these fields; KeyError for a name the blank does not have."""
    blank: Document = json.loads(_TEXTS[kind], parse_float=Decimal)
    strange = known.keys() - blank.keys() - _OPTIONAL
    if strange:
        raise KeyError(f"{kind} has no {', '.join(sorted(strange))}")
    return {**blank, **known}


def copied(document: Document) -> Document:
    """The same again, sharing nothing that could be changed. Much faster than `deepcopy`, which suits any object."""
    return {name: _copied(value) for name, value in document.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value
