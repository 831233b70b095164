"""Money as PayPal writes it: a text in major units and a code. Pure.

Three currencies have no decimals there although ISO 4217 gives two of them some; every other one has two. See
developer.paypal.com, "Currency codes".
"""

from __future__ import annotations

from connector.errors import Refused
from connector.money import DIGITS, Currency, Money, MoneyError, currency, from_text

WHOLE = frozenset({"HUF", "JPY", "TWD"})
"""Currencies without decimals at PayPal."""

_CODES = "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS INR JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD"
TAKEN: dict[str, int] = {code: 0 if code in WHOLE else 2 for code in _CODES.split()}
"""The decimals of every currency that PayPal takes."""

_AT_HOME_ONLY = frozenset({"BRL", "CNY", "INR", "MYR"})
ANYWHERE: frozenset[str] = frozenset(TAKEN) - _AT_HOME_ONLY
"""Currencies that a firm may be paid in wherever it is."""


def to_wire(amount: Money) -> dict[str, str]:
    """An amount as an order asks for it; Refused where PayPal cannot take exactly that."""
    if type(amount.minor) is not int:
        raise MoneyError("An amount that is no whole number of the smallest unit is never sent.")
    if amount.currency not in TAKEN:
        raise Refused(f"PayPal does not take {amount.currency}.", next_step="Offer another method for this invoice.")
    digits = TAKEN[amount.currency]
    ours = 10 ** (DIGITS[amount.currency] - digits) if DIGITS[amount.currency] > digits else 1
    units, rest = divmod(abs(amount.minor), ours)
    if rest:
        raise Refused(
            f"PayPal takes {amount.currency} only in whole units, and {amount} has a part of one.",
            next_step="Offer another method for this invoice, or round it in the books.",
        )
    text = f"{units:0{digits + 1}d}"
    sign = "-" if amount.minor < 0 else ""
    value = f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"
    return {"currency_code": amount.currency, "value": value}


def from_wire(code: str, value: str) -> Money:
    """An amount as PayPal wrote it. Errors: UnknownCurrency, MoneyError."""
    known: Currency = currency(code)
    return from_text(value, known)
