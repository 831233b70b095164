"""Checkout Sessions: created with what fits, lapsing with time, expired by hand, completed by a payer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.stripe.standin.amounts import AMOUNT_MAX, amount_min, code_of, grain
from adapters.stripe.standin.form import INTEGER, METADATA, TEXT, Rule
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal, missing
from adapters.stripe.standin.resources import EXPAND
from adapters.stripe.standin.shapes import Document, filled
from connector.errors import UnknownCurrency

KIND = "checkout.session"
PAGE = "/c/pay/"
REFERENCE_CHARACTERS_MAX = 200
LIFE_SECONDS_MIN, LIFE_SECONDS_MAX = 30 * 60, 24 * 3600
QUANTITY_MAX = 999_999

_EUROPE = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_PAYPAL = "eur gbp usd chf czk dkk nok pln sek aud cad hkd nzd sgd"
_METHODS: Mapping[str, tuple[frozenset[str] | None, frozenset[str] | None]] = {
    "card": (None, None),
    "us_bank_account": (frozenset({"usd"}), frozenset({"US"})),
    "acss_debit": (frozenset({"cad", "usd"}), frozenset({"CA", "US"})),
    "sepa_debit": (frozenset({"eur"}), None),
    "bacs_debit": (frozenset({"gbp"}), frozenset({"GB"})),
    "au_becs_debit": (frozenset({"aud"}), frozenset({"AU"})),
    "nz_bank_account": (frozenset({"nzd"}), frozenset({"NZ"})),
    "customer_balance": (frozenset({"usd", "eur", "gbp", "jpy", "mxn"}), None),
    "paypal": (frozenset(_PAYPAL.split()), frozenset(_EUROPE.split())),
}
"""Currencies and merchant countries each method is for; None is every one."""

_NOT_ACTIVATED = (
    "affirm afterpay_clearpay alipay amazon_pay bancontact blik boleto cashapp eps giropay grabpay ideal klarna "
    "konbini link mobilepay multibanco oxxo p24 paynow pix promptpay revolut_pay sofort swish twint "
    "wechat_pay zip"
)
"""Methods Stripe knows and this account has not switched on: dropped without a word."""

_METHOD_OPTIONS: dict[str, Rule] = {
    "acss_debit": {
        "mandate_options": {
            "interval_description": TEXT,
            "payment_schedule": frozenset({"combined", "interval", "sporadic"}),
            "transaction_type": frozenset({"business", "personal"}),
        },
        "verification_method": frozenset({"automatic", "instant", "microdeposits"}),
    },
    "customer_balance": {
        "bank_transfer": {"eu_bank_transfer": {"country": TEXT}, "type": TEXT},
        "funding_type": frozenset({"bank_transfer"}),
    },
    "paypal": {"reference": TEXT},
    "us_bank_account": {"verification_method": frozenset({"automatic", "instant"})},
}

METHOD_NAMES = frozenset(_METHODS).union(_NOT_ACTIVATED.split())

CREATE: dict[str, Rule] = {
    "allowed_payment_method_types": [METHOD_NAMES],
    "cancel_url": TEXT,
    "client_reference_id": TEXT,
    "customer": TEXT,
    "customer_creation": frozenset({"always", "if_required"}),
    "customer_email": TEXT,
    **EXPAND,
    "expires_at": INTEGER,
    "line_items": [
        {
            "price_data": {
                "currency": TEXT,
                "product_data": {"description": TEXT, "metadata": METADATA, "name": TEXT},
                "unit_amount": INTEGER,
            },
            "quantity": INTEGER,
        }
    ],
    "locale": TEXT,
    "metadata": METADATA,
    "mode": frozenset({"payment"}),
    "payment_intent_data": {"description": TEXT, "metadata": METADATA, "receipt_email": TEXT},
    "payment_method_options": _METHOD_OPTIONS,
    "submit_type": frozenset({"auto", "pay"}),
    "success_url": TEXT,
    "ui_mode": frozenset({"hosted_page"}),
}
"""What a session can be created with here; `payment_method_types` is refused by name in `create`."""


def refuse_method_types(given: Mapping[str, Any]) -> None:
    """Since 2026-09-30.endive the parameter may no longer be sent."""
    if "payment_method_types" in given:
        raise Refusal(
            "The payment_method_types parameter is no longer supported. Use allowed_payment_method_types instead.",
            code="payment_method_types_no_longer_supported",
            param="payment_method_types",
        )


def create(ledger: Ledger, params: Mapping[str, Any]) -> Document:
    """A new open session; Refusal (400) for what does not go together. Methods that do not fit are dropped silently."""
    for name in ("mode", "success_url", "line_items"):
        if name not in params:
            raise Refusal(f"Missing required param: {name}.", code="parameter_missing", param=name)
    _check_addresses(params)
    _check_customer(ledger, params)
    if len(params.get("client_reference_id", "")) > REFERENCE_CHARACTERS_MAX:
        raise Refusal("client_reference_id can be at most 200 characters.", param="client_reference_id")
    lines, amount, code = lines_of(ledger, params["line_items"])
    vendor_id = ledger.next_id("cs_test")
    for place, line in enumerate(lines, start=1):
        line["id"] = f"li_{vendor_id}_{place}"
    return ledger.put(
        filled(
            KIND,
            id=vendor_id,
            **{name: params[name] for name in _SENT_NAMES.split() if name in params},
            amount_subtotal=amount,
            amount_total=amount,
            created=ledger.now(),
            currency=code,
            expires_at=_expiry(ledger, params),
            metadata={name: text for name, text in params.get("metadata", {}).items() if text},
            payment_method_types=offered(ledger, params, code),
            total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            url=PAGE + vendor_id,
            _lines=lines,
            _payment_intent_data=dict(params.get("payment_intent_data", {})),
        )
    )


_SENT_NAMES = (
    "allowed_payment_method_types cancel_url client_reference_id customer customer_creation customer_email locale "
    "payment_method_options submit_type success_url"
)


def lapse(ledger: Ledger) -> None:
    """Let the sessions whose time is over expire."""
    now = ledger.now()
    for session in ledger.newest(KIND):
        if session["status"] == "open" and session["expires_at"] <= now:
            session.update(status="expired", url=None)
            ledger.tell("checkout.session.expired", session, at=session["expires_at"])


def expire(ledger: Ledger, session: Document) -> None:
    """Close a session by hand; Refusal when it is no longer open."""
    if session["status"] != "open":
        message = 'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status'
        raise Refusal(f"{message} of {session['status']}.", param="session", stored=True)
    session.update(status="expired", url=None)
    ledger.tell("checkout.session.expired", session)


def _check_addresses(params: Mapping[str, Any]) -> None:
    for name in ("success_url", "cancel_url"):
        parts = urlsplit(params.get(name, "https://example.com"))
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise Refusal("Not a valid URL", code="url_invalid", param=name)


def _check_customer(ledger: Ledger, params: Mapping[str, Any]) -> None:
    if "customer" in params and "customer_email" in params:
        raise Refusal("You may only specify one of these parameters: customer, customer_email.", param="customer")
    known = ledger.find("customer", params["customer"]) if "customer" in params else None
    if "customer" in params and (known is None or known.get("deleted")):
        raise missing("customer", params["customer"], param="customer", status=400)


def lines_of(ledger: Ledger, asked: list[dict[str, Any]]) -> tuple[list[Document], int, str]:
    """The session's lines, their sum, and their one currency."""
    lines = [_line(ledger, one, f"line_items[{place}]") for place, one in enumerate(asked)]
    codes = {line["currency"] for line in lines}
    if len(codes) != 1:
        raise Refusal("All line items must have the same currency.", param="line_items")
    amount, code = sum(line["amount_total"] for line in lines), codes.pop()
    if amount < amount_min(code_of(code)):
        message = "The Checkout Session's total amount due must add up to at least the minimum of its currency."
        raise Refusal(message, code="amount_too_small", param="line_items")
    if amount > AMOUNT_MAX:
        raise Refusal(f"Amount must be no more than {AMOUNT_MAX}.", code="amount_too_large", param="line_items")
    if amount % grain(code_of(code)):
        message = f"Invalid amount: in {code} the last digits must be zero."
        raise Refusal(message, code="invalid_charge_amount_no_decimal_compatible", param="line_items")
    return lines, amount, code


def _line(ledger: Ledger, asked: dict[str, Any], name: str) -> Document:
    price = asked.get("price_data", {})
    for part in ("currency", "product_data", "unit_amount"):
        if part not in price:
            full = f"{name}[price_data][{part}]"
            raise Refusal(f"Missing required param: {full}.", code="parameter_missing", param=full)
    quantity = asked.get("quantity", 1)
    if price["unit_amount"] < 0 or not 1 <= quantity <= QUANTITY_MAX:
        raise Refusal("This value must be greater than or equal to 0.", code="parameter_invalid_integer", param=name)
    try:
        code = code_of(price["currency"]).lower()
    except UnknownCurrency:
        raise Refusal(f"Invalid currency: {price['currency']}", param=f"{name}[price_data][currency]") from None
    amount = price["unit_amount"] * quantity
    return filled(
        "item",
        amount_subtotal=amount,
        amount_total=amount,
        currency=code,
        description=price["product_data"].get("name"),
        price=_price(ledger, price, code),
        quantity=quantity,
    )


def _price(ledger: Ledger, asked: dict[str, Any], code: str) -> Document:
    """The price Stripe makes of `price_data`: usable once, so inactive."""
    nulls = dict.fromkeys(("custom_unit_amount", "lookup_key", "nickname", "recurring", "tiers_mode"))
    return {
        **nulls,
        "id": ledger.next_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": ledger.now(),
        "currency": code,
        "livemode": False,
        "metadata": {},
        "product": ledger.next_id("prod"),
        "tax_behavior": "unspecified",
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": asked["unit_amount"],
        "unit_amount_decimal": str(asked["unit_amount"]),
    }


def _expiry(ledger: Ledger, params: Mapping[str, Any]) -> int:
    now = ledger.now()
    at = int(params.get("expires_at", now + LIFE_SECONDS_MAX))
    if at < now + LIFE_SECONDS_MIN:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise Refusal(message, param="expires_at")
    if at > now + LIFE_SECONDS_MAX or ("expires_at" in params and at == now + LIFE_SECONDS_MAX):
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise Refusal(message, param="expires_at")
    return at


def offered(ledger: Ledger, params: Mapping[str, Any], code: str) -> list[str]:
    """Of the methods asked for, those that fit the account, the currency and the customer."""
    country = ledger.account["country"]
    fitting = []
    for method in params.get("allowed_payment_method_types", list(_METHODS)):
        codes, countries = _METHODS.get(method, (frozenset(), frozenset()))
        fits = (codes is None or code in codes) and (countries is None or country in countries)
        if fits and (method != "customer_balance" or "customer" in params):
            fitting.append(method)
    if not fitting:
        raise Refusal(
            "No valid payment method types for this Checkout Session. Please ensure that you have activated payment "
            "methods compatible with your chosen currency.",
            param="allowed_payment_method_types",
        )
    return fitting
