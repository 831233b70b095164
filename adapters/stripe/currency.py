"""How Stripe counts money on its wire, and the way to and from exact money.

Almost every amount is in ISO 4217's minor units, whose digits stand in `connector.money`. The exceptions stand here and
nowhere else (Stripe, "Supported currencies", "Special cases"):

- ISK and UGX have no decimals any more but are still written with two, which must be 00: 5 ISK is 500.
- MGA is written in whole ariary although ISO gives it two digits: 5 MGA is 5.
- BHD, JOD, KWD, OMR, TND and the other three-digit currencies may only be charged in steps of ten.

HUF and TWD are paid out in whole units, but written in the same units as everywhere, so they need no exception.
"""

from __future__ import annotations

from connector.errors import Refused
from connector.money import DIGITS, Currency, Money, MoneyError, currency

WIRE_DIGITS: dict[str, int] = {**DIGITS, "ISK": 2, "UGX": 2, "MGA": 0}
"""Decimal places of each currency as Stripe writes it."""

_THREE = 3
_CODES = {code.lower(): Currency(code) for code in DIGITS}
_SHIFT = {Currency(code): WIRE_DIGITS[code] - DIGITS[code] for code in DIGITS if WIRE_DIGITS[code] != DIGITS[code]}

_CARD = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP "
    "CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD "
    "JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN "
    "NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD "
    "SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW"
)
_PAYPAL = "AUD CAD CHF CZK DKK EUR GBP HKD NOK NZD PLN SEK SGD USD"
METHOD_CURRENCIES: dict[str, frozenset[str]] = {
    "card": frozenset(_CARD.split()),
    "us_bank_account": frozenset({"USD"}),
    "acss_debit": frozenset({"CAD", "USD"}),
    "sepa_debit": frozenset({"EUR"}),
    "bacs_debit": frozenset({"GBP"}),
    "au_becs_debit": frozenset({"AUD"}),
    "nz_bank_account": frozenset({"NZD"}),
    "customer_balance": frozenset({"USD", "EUR", "GBP", "JPY", "MXN"}),
    "paypal": frozenset(_PAYPAL.split()),
}
"""The payment methods a pay page can offer, and in which currencies Stripe takes each."""


class Inexact(MoneyError):
    """An amount of Stripe's that the currency cannot hold, such as a fraction of a króna from before 2023."""

    def __init__(self, code: Currency) -> None:
        super().__init__(f"An amount in {code} is not a whole number of its units.")
        self.code = code


def from_wire(amount: int, code: str) -> Money:
    """Stripe's integer and lower-case code as exact money; UnknownCurrency, or Inexact when it does not fit."""
    known = _CODES.get(code)
    if known is None:
        known = currency(code)
    shift = _SHIFT.get(known)
    if shift is None:
        return Money(amount, known)
    if shift < 0:
        return Money(amount * 10**-shift, known)
    minor, rest = divmod(amount, 10**shift)
    if rest:
        raise Inexact(known)
    return Money(minor, known)


def to_wire(money: Money) -> tuple[int, str]:
    """Exact money as Stripe's integer and code; Refused where Stripe takes only rounder amounts."""
    code = money.currency
    shift = _SHIFT.get(code, 0)
    if shift < 0:
        amount, rest = divmod(money.minor, 10**-shift)
        if rest:
            raise Refused(f"Stripe takes {code} only in whole units.", next_step="Ask for a whole amount.")
        return amount, code.lower()
    if DIGITS[code] == _THREE and money.minor % 10:
        raise Refused(
            f"Stripe takes {code} only where the third decimal is 0.", next_step="Ask for an amount rounded to ten."
        )
    return money.minor * 10**shift, code.lower()
