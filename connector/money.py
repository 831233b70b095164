"""Exact money: an integer of minor units and a currency. Never a float, never a silent rounding.

The table of digits is ISO 4217's (list one, amendment 180). Where a vendor counts a currency differently on its wire,
that exception lives in the vendor's adapter. This room must never ask the time, log, or read anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NewType

from connector.errors import ReceivablesError, UnknownCurrency

Currency = NewType("Currency", str)
"""An ISO 4217 code that `currency` has accepted."""

_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

DIGITS: dict[str, int] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
    **dict.fromkeys(_FOUR.split(), 4),
}
"""Minor-unit digits of every currency that money may be in."""

_POWERS = tuple(10**n for n in range(5))
_SCALES = tuple(Decimal(power) for power in _POWERS)


class MoneyError(ReceivablesError):
    """Two currencies met, or an amount does not fit its currency."""


def currency(code: str) -> Currency:
    """The currency of a code in any case; UnknownCurrency if ISO 4217 has none."""
    if code in DIGITS:
        return Currency(code)
    upper = code.upper()
    if upper not in DIGITS:
        raise UnknownCurrency(code)
    return Currency(upper)


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents, yen, fils) of `currency`. Adding two currencies raises MoneyError."""

    minor: int
    currency: Currency

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor > other.minor

    def __ge__(self, other: Money) -> bool:
        self._same(other)
        return self.minor >= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{plain(self)} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"{self.currency} and {other.currency} cannot be added or compared.")


def zero(code: Currency) -> Money:
    """Nothing, in that currency."""
    return Money(0, code)


def from_decimal(amount: Decimal | int, code: Currency) -> Money:
    """Major units as a vendor writes them (12.5 USD) to Money; MoneyError if the currency has fewer digits."""
    scaled = amount * _SCALES[DIGITS[code]]
    try:
        minor = int(scaled)
    except (InvalidOperation, OverflowError, ValueError):
        raise MoneyError(f"An amount in {code} is not a number.") from None
    if minor != scaled:
        raise MoneyError(f"An amount in {code} has more than {DIGITS[code]} decimal places.")
    return Money(minor, code)


def from_text(text: str, code: Currency) -> Money:
    """A plain decimal number such as "1250.00" to Money; MoneyError if it is not one."""
    try:
        return from_decimal(Decimal(text.strip()), code)
    except InvalidOperation:
        raise MoneyError(f"{text[:32]!r} is not an amount.") from None


def to_decimal(money: Money) -> Decimal:
    """Major units, with the currency's own number of digits."""
    return Decimal(money.minor).scaleb(-DIGITS[money.currency])


def plain(money: Money) -> str:
    """Major units as digits and a point, no grouping: 1250.00, 5000, -0.125."""
    digits = DIGITS[money.currency]
    if digits == 0:
        return str(money.minor)
    sign = "-" if money.minor < 0 else ""
    whole, rest = divmod(abs(money.minor), _POWERS[digits])
    return f"{sign}{whole}.{rest:0{digits}d}"


def grouped(money: Money) -> str:
    """For people: 1,250.00 USD."""
    number = plain(money)
    whole, point, rest = number.partition(".")
    return (
        f"{int(whole):,}{point}{rest} {money.currency}" if not whole.startswith("-0") else f"{number} {money.currency}"
    )


def total(amounts: Iterable[Money], code: Currency) -> Money:
    """The sum, zero when there is none; MoneyError on a foreign currency."""
    sum_minor = 0
    for amount in amounts:
        if amount.currency != code:
            raise MoneyError(f"{amount.currency} cannot be added to a total in {code}.")
        sum_minor += amount.minor
    return Money(sum_minor, code)


def by_currency(amounts: Iterable[Money]) -> dict[Currency, Money]:
    """One total per currency, in alphabetical order."""
    sums: dict[Currency, int] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return {code: Money(sums[code], code) for code in sorted(sums)}


def split(money: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Shares in proportion to `weights` that add up exactly.

    What is left over goes, a unit each, to the first shares.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise MoneyError("Money can only be split by weights that are not negative and not all zero.")
    sign = -1 if money.minor < 0 else 1
    size = abs(money.minor)
    shares = [size * weight // whole for weight in weights]
    left_over = size - sum(shares)
    for index, weight in enumerate(weights):
        if left_over == 0:
            break
        if weight:
            shares[index] += 1
            left_over -= 1
    return tuple(Money(sign * share, money.currency) for share in shares)


def half_up(numerator: int, denominator: int) -> int:
    """The one rounding of this product: to the nearest unit, halves away from zero (commercial rounding)."""
    if denominator == 0:
        raise MoneyError("A rate or a share over zero has no amount.")
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    return sign * ((2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator)))
