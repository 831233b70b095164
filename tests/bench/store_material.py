"""Invoices for the store's bench: shaped like Stripe's, 3.1 KB each, and as little alike as real ones are.

Ids, numbers, amounts, moments and the long random links differ from one to the next; there are a thousand customers and
sixty wares. What repeats otherwise is what repeats in real answers: field names, the account, the fixed settings.
"""

from __future__ import annotations

import json
import random
import string
from base64 import b64encode
from datetime import date, timedelta
from functools import cache
from typing import Any

from connector.dates import BusinessDate
from connector.model.invoice import Invoice, InvoiceState, Issued
from connector.model.mirror import Mirrored
from connector.model.source import ConnectionId, Kind, Ref, Tag
from connector.money import Money, currency

STRIPE = ConnectionId("stripe")
_ACCOUNT = "acct_1032D82eZvKYlo2C"
_USD = currency("USD")
_LETTERS = string.ascii_letters + string.digits
_STREETS = (
    "Oak",
    "Elm",
    "Main",
    "High",
    "Park",
    "Lake",
    "Hill",
    "Mill",
    "Church",
    "Bridge",
    "River",
    "Station",
    "King",
)
_NAMES = ("Acme", "Harbor", "Globex", "Initech", "Umbrella", "Stark", "Wayne", "Hooli", "Vandelay", "Wonka", "Soylent")


def invoices(first: int, rows: int, paid: int = 0) -> tuple[Mirrored, ...]:
    """`rows` different invoices; the same numbers give the same bytes. `paid` changes every one of them."""
    return tuple(_invoice(number, paid) for number in range(first, first + rows))


@cache
def _customer(number: int) -> dict[str, object]:
    """One of a thousand; what is known of a customer is the same on all its invoices."""
    chance = random.Random(-1 - number)  # noqa: S311 - the same customer for the same number
    maker = chance.choice(_NAMES)
    return {
        "id": f"cus_{''.join(chance.choices(_LETTERS, k=14))}",
        "name": f"{maker} {chance.choice(_STREETS)} {chance.choice(('LLC', 'Inc', 'Ltd'))}",
        "email": f"ap{chance.randrange(999)}@{maker.lower()}.example",
        "phone": f"+1555{chance.randrange(10**7):07d}",
        "line1": f"{chance.randrange(1, 9999)} {chance.choice(_STREETS)} Street",
        "city": chance.choice(_STREETS) + "ville",
        "postal_code": f"{chance.randrange(99999):05d}",
    }


@cache
def _ware(number: int) -> tuple[str, str, str]:
    """Price, product and description of one of sixty wares."""
    chance = random.Random(10**9 + number)  # noqa: S311 - the same ware for the same number
    return (
        f"price_1Q{''.join(chance.choices(_LETTERS, k=22))}",
        f"prod_{''.join(chance.choices(_LETTERS, k=14))}",
        f"Crate of {chance.choice(_STREETS)} {number}",
    )


def _invoice(number: int, paid: int) -> Mirrored:
    chance = random.Random(number)  # noqa: S311 - the same document for the same number

    def code(length: int) -> str:
        return "".join(chance.choices(_LETTERS, k=length))

    invoice_id, payer = f"in_1Q{code(22)}", _customer(chance.randrange(1000))
    price, product, ware = _ware(chance.randrange(60))
    customer_id, email = str(payer["id"]), str(payer["email"])
    total = chance.randrange(500, 2_000_000)
    issued = date(2025, 1, 1) + timedelta(days=chance.randrange(600))
    # Stripe's links hold the account, a random name of 32 letters and a moment, in base64, and then some.
    inside = f"{_ACCOUNT},_{code(32)},{chance.randrange(10**8):08d}"
    url = f"https://invoice.stripe.com/i/{_ACCOUNT}/test_{b64encode(inside.encode()).decode().rstrip('=')}0200{code(8)}"
    made = 1_735_689_600 + chance.randrange(50_000_000)
    document = {
        "id": invoice_id, "object": "invoice", "account_country": "US", "account_name": "Harbor Supply",
        "account_tax_ids": None, "amount_due": total, "amount_overpaid": 0, "amount_paid": paid,
        "amount_remaining": total - paid, "amount_shipping": 0, "application": None, "attempt_count": 0,
        "attempted": False, "auto_advance": False, "automatic_tax": {
            "disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
        "automatically_finalizes_at": None, "billing_reason": "manual", "collection_method": "send_invoice",
        "created": made, "currency": "usd", "custom_fields": None, "customer": customer_id, "customer_account": None,
        "customer_address": {"city": payer["city"], "country": "US", "line1": payer["line1"], "line2": None,
            "postal_code": payer["postal_code"], "state": "NY"},
        "customer_email": email, "customer_name": payer["name"], "customer_phone": payer["phone"],
        "customer_shipping": None, "customer_tax_exempt": "none", "customer_tax_ids": [],
        "default_payment_method": None, "default_source": None, "default_tax_rates": [], "description": None,
        "discounts": [], "due_date": made + 2_592_000, "effective_at": made + 60, "ending_balance": 0, "footer": None,
        "from_invoice": None, "hosted_invoice_url": url + "?s=ap", "invoice_pdf": url + "/pdf?s=ap",
        "issuer": {"type": "self"}, "last_finalization_error": None, "latest_revision": None, "lines": {
            "object": "list", "data": [{"id": f"il_1Q{code(22)}", "object": "line_item", "amount": total,
            "currency": "usd", "description": f"{chance.randrange(1, 40)} x {ware}",
            "discount_amounts": [], "discountable": True, "discounts": [], "invoice": invoice_id, "livemode": False,
            "metadata": {}, "parent": {"invoice_item_details": {"invoice_item": f"ii_1Q{code(22)}",
            "proration": False, "proration_details": {"credited_items": None}, "subscription": None},
            "subscription_item_details": None, "type": "invoice_item_details"}, "period": {"end": made, "start": made},
            "pretax_credit_amounts": [], "pricing": {"price_details": {"price": price,
            "product": product}, "type": "price_details", "unit_amount_decimal": str(total)},
            "quantity": 1, "taxes": []}], "has_more": False, "total_count": 1,
            "url": f"/v1/invoices/{invoice_id}/lines"},
        "livemode": False, "metadata": {"order": str(chance.randrange(10**8))}, "next_payment_attempt": None,
        "number": f"{code(8).upper()}-{number % 10_000:04d}", "on_behalf_of": None, "parent": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": made, "period_start": made, "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0, "receipt_number": None, "rendering": None, "shipping_cost": None,
        "shipping_details": None, "starting_balance": 0, "statement_descriptor": None, "status": "open",
        "status_transitions": {"finalized_at": made + 60, "marked_uncollectible_at": None, "paid_at": None,
        "voided_at": None}, "subtotal": total, "subtotal_excluding_tax": total, "test_clock": None, "total": total,
        "total_discount_amounts": [], "total_excluding_tax": total, "total_pretax_credit_amounts": [],
        "total_taxes": [], "webhooks_delivered_at": made + 61,
    }  # fmt: skip
    return _mirrored(document, BusinessDate(issued))


def _mirrored(document: dict[str, Any], issued: BusinessDate) -> Mirrored:
    """A document as the adapter would hand it over."""
    record = Invoice(
        number=document["number"],
        customer=Ref(STRIPE, Kind.CUSTOMER, document["customer"]),
        issued_on=issued,
        due_on=BusinessDate(issued + timedelta(days=30)),
        total=Money(document["total"], _USD),
        open=Money(document["amount_remaining"], _USD),
        state=InvoiceState.OPEN,
        issued=Issued(to=document["customer_email"]),
        pay_url=document["hosted_invoice_url"],
        tags=(Tag("order", document["metadata"]["order"]),),
    )
    return Mirrored(
        ref=Ref(STRIPE, Kind.INVOICE, document["id"]),
        version="",
        raw=json.dumps(document, separators=(",", ":")).encode(),
        record=record,
    )
