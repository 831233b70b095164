"""How the double counts money, and what it charges for moving it. Integers only.

The exceptions to ISO 4217 stand here a second time on purpose: a double that shared the adapter's table would share
its mistakes. Source: Stripe's documentation page "Supported currencies".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.errors import UserError
from connector.money import DIGITS, Currency, Money, currency, half_up

BANK_DEBITS = frozenset(
    {"us_bank_account", "acss_debit", "sepa_debit", "bacs_debit", "au_becs_debit", "nz_bank_account"}
)
"""Methods whose money comes days later, and whose disputes are returns."""

AMOUNT_MAX = 99_999_999
"""Eight digits, in whatever the currency's unit is."""

_WIRE_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
_THREE = 3
_POWERS = (1, 10, 100, 1000, 10_000)
_RATE_PLACES = Decimal("1e-12")


def wire_digits(code: Currency) -> int:
    """The decimal places an amount in that currency has in the API."""
    return _WIRE_DIGITS.get(code, DIGITS[code])


def grain(code: Currency) -> int:
    """The step in which amounts may change: 10 with three decimals, 100 where two decimals must be zero."""
    if code in ("ISK", "UGX"):
        return 100
    return 10 if wire_digits(code) == _THREE else 1


def to_wire(money: Money) -> int:
    """The API's integer for an amount; UserError when the API cannot say it."""
    amount, rest = divmod(money.minor * _POWERS[wire_digits(money.currency)], _POWERS[DIGITS[money.currency]])
    if rest or amount % grain(money.currency):
        raise UserError(
            f"{money} cannot be an amount in Stripe.",
            next_step=f"In {money.currency} the last digit that may differ from zero is an earlier one.",
        )
    return amount


def fee_of(method: str, amount: int, code: Currency) -> int:
    """The price list: bank debits 0.8 % and at most 5.00, everything else 2.9 % and 0.30."""
    step = grain(code)
    if method in BANK_DEBITS:
        return min(half_up(amount * 8, 1000 * step), 500) * step
    return (half_up(amount * 29, 1000 * step) + 30) * step


def dispute_fee(code: Currency) -> int:
    """The price list: 15.00 for a dispute or a return."""
    return 1500 * grain(code)


def amount_min(code: Currency) -> int:
    """The least that can be asked for on a page."""
    return 50 * grain(code)


def share(settled: int, part: int, whole: int, code: Currency) -> int:
    """What `part` of a charge of `whole` is in the currency it settled in."""
    return settled * part // whole if part == whole else half_up(settled * part, whole * grain(code)) * grain(code)


def rate(settled: int, amount: int) -> Decimal:
    """What one unit of the charged currency became in the settled one."""
    return (Decimal(settled) / Decimal(amount)).quantize(_RATE_PLACES).normalize()


def priced(entry: Mapping[str, Any], taken: int, amount: int) -> Decimal | None:
    """The rate of money that leaves by another price than it came; None where nothing was converted."""
    return None if entry["exchange_rate"] is None else rate(taken, amount)


def code_of(lower: str) -> Currency:
    """The currency of the API's lower-case code."""
    return currency(lower)
