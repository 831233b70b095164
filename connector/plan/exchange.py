"""The rate at which money was changed, in just as many digits as bring the changed amount back exactly. Pure."""

from __future__ import annotations

from connector.model.intent import Exchange
from connector.money import DIGITS, Money, half_up

_DIGITS_MIN = 6
_DIGITS_MAX = 12


def exchange(of: Money, into: Money) -> Exchange | None:
    """What one unit of `of` became, so that all of it, changed and rounded once, is `into` to the minor unit.

    None where no rate of so many digits does it, or one of the two is nothing.
    """
    have, got = abs(of.minor) * 10 ** DIGITS[into.currency], abs(into.minor) * 10 ** DIGITS[of.currency]
    if not have or not got:
        return None
    for digits in range(_DIGITS_MIN, _DIGITS_MAX + 1):
        rate = half_up(got * 10**digits, have)
        if half_up(have * rate, 10**digits * 10 ** DIGITS[of.currency]) == abs(into.minor):
            whole, rest = divmod(rate, 10**digits)
            return Exchange(rate=f"{whole}.{rest:0{digits}d}", amount=Money(abs(into.minor), into.currency))
    return None
