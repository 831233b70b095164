"""The rate of an exchange: as many digits as bring the changed amount back to the minor unit, and no more."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from connector.money import DIGITS, Money, currency
from connector.plan.exchange import exchange


def amount(minor: int, code: str) -> Money:
    return Money(minor, currency(code))


def changed_by(rate: str, of: Money, into: str) -> int:
    """What books make of an entry at a rate: decimal amounts, multiplied and rounded once."""
    whole = Decimal(of.minor).scaleb(-DIGITS[of.currency]) * Decimal(rate)
    cent = Decimal(1).scaleb(-DIGITS[into])
    return int(whole.quantize(cent, ROUND_HALF_UP).scaleb(DIGITS[into]))


@pytest.mark.parametrize(
    ("of", "into", "rate"),
    [
        pytest.param(amount(10_000, "EUR"), amount(10_835, "USD"), "1.083500", id="a short rate"),
        pytest.param(amount(7_000, "EUR"), amount(7_613, "USD"), "1.087571", id="six digits are enough"),
        pytest.param(amount(100_000, "JPY"), amount(67_012, "USD"), "0.0067012", id="six would bring 670.10"),
        pytest.param(amount(1, "USD"), amount(1, "USD"), "1.000000", id="one cent"),
    ],
)
def test_the_rate_is_what_one_unit_became(of: Money, into: Money, rate: str) -> None:
    found = exchange(of, into)
    assert found is not None
    assert (found.rate, found.amount) == (rate, into)


def test_the_rate_brings_the_changed_amount_back_to_the_minor_unit() -> None:
    chance = random.Random(20)  # noqa: S311  a seed, so that a failure can be repeated
    longest = 0
    for _ in range(3_000):
        code, home = chance.choice((("EUR", "USD"), ("JPY", "USD"), ("USD", "JPY"), ("KWD", "USD"), ("USD", "KWD")))
        of, into = amount(chance.randint(1, 10**10), code), amount(chance.randint(1, 10**10), home)
        found = exchange(of, into)
        if found is None:
            continue
        assert changed_by(found.rate, of, home) == into.minor
        longest = max(longest, len(found.rate.partition(".")[2]))
    assert 6 < longest <= 12


def test_a_line_that_takes_has_the_rate_of_one_that_brings() -> None:
    assert exchange(amount(-2_000, "EUR"), amount(-2_201, "USD")) == exchange(
        amount(2_000, "EUR"), amount(2_201, "USD")
    )


@pytest.mark.parametrize(("of", "into"), [(0, 100), (100, 0), (0, 0)])
def test_nothing_has_no_rate(of: int, into: int) -> None:
    assert exchange(amount(of, "EUR"), amount(into, "USD")) is None


def test_where_twelve_digits_do_not_bring_it_back_there_is_no_rate() -> None:
    """Of so large an amount one unit in the twelfth digit is more than a cent."""
    assert exchange(amount(3 * 10**16, "EUR"), amount(10**16 + 1, "USD")) is None
