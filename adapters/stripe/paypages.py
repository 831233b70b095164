"""What a Checkout Session is asked to be: one amount of one debt, by these methods, until then. Pure.

`payment_method_types` may not be sent since 2026-09-30; its successor silently drops methods that do not fit, so what
the page really offers is read from the answer. An expired page is never revived: that would revive its old amount.
"""

from __future__ import annotations

from typing import Any

from adapters.stripe.currency import to_wire
from adapters.stripe.translate import DEBT_KEY
from connector.dates import Instant, epoch_seconds
from connector.errors import Refused
from connector.model.intent import OpenPayPage, WriteKey

OP_KEY = "receivables_op"
INVOICE_KEY = "receivables_invoice"
ATTEMPT_KEY = "receivables_attempt"

LIFE_SECONDS_MIN = 31 * 60
LIFE_SECONDS_MAX = 24 * 3600 - 60
LISTED_SECONDS = 24 * 3600
"""A page is made at most this long before it expires."""

REFERENCE_CHARACTERS_MAX = 200
VALUE_CHARACTERS_MAX = 500
PAYPAL_CHARACTERS_MAX = 127
NAME_CHARACTERS_MAX = 250

BANK_TRANSFER = "customer_balance"
_TRANSFER_TYPES = {
    "usd": {"type": "us_bank_transfer"},
    "gbp": {"type": "gb_bank_transfer"},
    "jpy": {"type": "jp_bank_transfer"},
    "mxn": {"type": "mx_bank_transfer"},
    "eur": {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "DE"}},
}


def session_params(intent: OpenPayPage, key: WriteKey, now: Instant, customer: str | None) -> dict[str, Any]:
    """The parameters of `POST /v1/checkout/sessions`; Refused when the intent cannot be a page.

    `customer` is the payer's Stripe id, which bank transfers need; without one they are left out.
    """
    expires_at = epoch_seconds(intent.expires_at)
    if not LIFE_SECONDS_MIN <= expires_at - epoch_seconds(now) <= LIFE_SECONDS_MAX:
        raise Refused(
            "A Stripe pay page must end between 31 minutes and 23 hours 59 minutes from now.",
            next_step="Open the page anew; each click on the link does.",
        )
    if not 0 < len(intent.attempt) <= REFERENCE_CHARACTERS_MAX:
        raise Refused(f"The attempt's id must have 1 to {REFERENCE_CHARACTERS_MAX} characters.")
    amount, currency = _asked(intent)
    methods = [method for method in intent.methods if method != BANK_TRANSFER or customer is not None]
    if not methods:
        raise Refused(
            "None of the chosen payment methods can be offered on this Stripe page.",
            next_step="Choose another; a bank transfer needs a Stripe customer with the payer's e-mail address.",
        )
    marks = _marks(intent, key)
    params: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "allowed_payment_method_types": methods,
        "line_items": _lines(intent, amount, currency),
        "client_reference_id": intent.attempt,
        "metadata": marks,
        "payment_intent_data": {"metadata": marks},
        "expires_at": expires_at,
        "success_url": intent.return_url,
        "cancel_url": intent.return_url,
    }
    options = _options(methods, currency, intent.number)
    if options:
        params["payment_method_options"] = options
    if customer is not None:
        params["customer"] = customer
    elif intent.email:
        params["customer_email"] = intent.email
    return params


NOT_BY_LINK = frozenset({"acss_debit", "customer_balance", "nz_bank_account"})
"""Methods that a session can offer and a Payment Link cannot."""

PAID_ALREADY = "This invoice has been paid, or is not to be paid here any more. Please ask whoever sent you the link."


def link_params(intent: OpenPayPage, key: WriteKey) -> dict[str, Any]:
    """The parameters of `POST /v1/payment_links`: it may be completed once. Refused when the intent cannot be one."""
    amount, currency = _asked(intent)
    cannot = [method for method in intent.methods if method in NOT_BY_LINK]
    if cannot or not intent.methods:
        raise Refused(
            f"A Stripe payment link cannot offer {' and '.join(cannot) or 'no method at all'}.",
            next_step="Leave that method out, or set up an address that payers can reach: a pay page there can.",
        )
    marks = _marks(intent, key)
    return {
        "line_items": _lines(intent, amount, currency),
        "payment_method_types": list(intent.methods),
        "restrictions": {"completed_sessions": {"limit": 1}},
        "inactive_message": PAID_ALREADY,
        "metadata": marks,
        "payment_intent_data": {"metadata": marks},
    }


def _asked(intent: OpenPayPage) -> tuple[int, str]:
    if intent.amount.minor <= 0:
        raise Refused("A pay page needs an amount above zero.", next_step="Nothing is open on this debt.")
    return to_wire(intent.amount)


def _lines(intent: OpenPayPage, amount: int, currency: str) -> list[dict[str, Any]]:
    word = "Invoices" if len(intent.shares) > 1 else "Invoice"
    name = f"{word} {intent.number}" if intent.number else word
    return [
        {
            "quantity": 1,
            "price_data": {
                "currency": currency,
                "unit_amount": amount,
                "product_data": {"name": name[:NAME_CHARACTERS_MAX]},
            },
        }
    ]


def _marks(intent: OpenPayPage, key: WriteKey) -> dict[str, str]:
    marks = {OP_KEY: str(key.op_id), ATTEMPT_KEY: intent.attempt}
    if len(intent.shares) > 1:
        # A mark that names one debt would give it all of the money; which gets how much is told where it is booked.
        return marks
    marks[DEBT_KEY] = str(intent.debt)
    if intent.number:
        marks[INVOICE_KEY] = intent.number
    if any(len(text) > VALUE_CHARACTERS_MAX for text in marks.values()):
        raise Refused(f"A mark on a Stripe pay page may have at most {VALUE_CHARACTERS_MAX} characters.")
    return marks


def _options(methods: list[str], currency: str, number: str | None) -> dict[str, Any]:
    """What three methods need besides their name."""
    options: dict[str, Any] = {}
    if "acss_debit" in methods:
        options["acss_debit"] = {"mandate_options": {"payment_schedule": "sporadic", "transaction_type": "business"}}
    if BANK_TRANSFER in methods and currency in _TRANSFER_TYPES:
        options[BANK_TRANSFER] = {"funding_type": "bank_transfer", "bank_transfer": _TRANSFER_TYPES[currency]}
    if "paypal" in methods and number:
        options["paypal"] = {"reference": number[:PAYPAL_CHARACTERS_MAX]}
    return options
