"""What the payment methods of a pay page are bound to: least and most, the seller's country, how long they take, and
the list price. Source: Stripe's pages on each method and on supported currencies; prices are those of the United
States.

New accounts are often held to less than the most that stands here: Stripe says so when a page is opened.
"""

from __future__ import annotations

from adapters.stripe.currency import METHOD_CURRENCIES, WIRE_DIGITS
from connector.model.paylink import MethodTerms, Price
from connector.money import DIGITS

DIGITS_MAX = 99_999_999
"""Eight digits, in whatever Stripe counts a currency by."""

_LEAST = {
    "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400,
    "HUF": 17_500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
    "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
"""About half a dollar, in minor units, where Stripe names an amount."""

_MOST = {
    code: DIGITS_MAX for code in sorted(set().union(*METHOD_CURRENCIES.values())) if WIRE_DIGITS[code] == DIGITS[code]
}
_COUNTRIES = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
_EUROPE = frozenset(_COUNTRIES.split())

TERMS: dict[str, MethodTerms] = {
    "card": MethodTerms(least=_LEAST, most=_MOST, price=Price(basis_points=290, fixed={"USD": 30})),
    "us_bank_account": MethodTerms(
        least=_LEAST,
        most=_MOST,
        countries=frozenset({"US"}),
        days="up to 4 business days",
        price=Price(basis_points=80, fixed={"USD": 0}, most={"USD": 500}),
    ),
    "acss_debit": MethodTerms(
        least=_LEAST, most=_MOST, countries=frozenset({"CA", "US"}), days="up to 5 business days", standing=False
    ),
    "sepa_debit": MethodTerms(least=_LEAST, most=_MOST, days="up to 14 business days"),
    "bacs_debit": MethodTerms(
        least=_LEAST, most={"GBP": 10_000_000}, countries=frozenset({"GB"}), days="up to 7 business days"
    ),
    "au_becs_debit": MethodTerms(least=_LEAST, most=_MOST, countries=frozenset({"AU"}), days="up to 2 business days"),
    "nz_bank_account": MethodTerms(
        least=_LEAST, most=_MOST, countries=frozenset({"NZ"}), days="some business days", standing=False
    ),
    "customer_balance": MethodTerms(
        days="until the bank transfer arrives",
        price=Price(basis_points=0, fixed={"USD": 100}),
        by_choice=True,
        standing=False,
    ),
    "paypal": MethodTerms(
        least=_LEAST,
        most=_MOST,
        countries=_EUROPE,
        by_choice=True,
        instead="connect PayPal itself: receivables connect paypal",
    ),
}
"""By method. What is `by_choice` is offered only where a firm chose it: a bank transfer is only for payers whom Stripe
knows, and PayPal through Stripe is for European sellers."""
