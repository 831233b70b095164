"""Laws of money that must hold for every amount, not only for the ones somebody thought of."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from connector.money import (
    DIGITS,
    Currency,
    Money,
    by_currency,
    from_decimal,
    from_text,
    grouped,
    half_up,
    plain,
    split,
    to_decimal,
    total,
)

MINOR = st.integers(min_value=-(10**15), max_value=10**15)
CURRENCIES = st.sampled_from(sorted(DIGITS)).map(Currency)
AMOUNTS = st.builds(Money, MINOR, CURRENCIES)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=12).filter(any)


@given(AMOUNTS)
def test_what_is_written_is_read_back_unchanged(money: Money) -> None:
    assert from_text(plain(money), money.currency) == money
    assert from_decimal(to_decimal(money), money.currency) == money
    assert from_text(grouped(money).removesuffix(f" {money.currency}").replace(",", ""), money.currency) == money


@given(AMOUNTS)
def test_the_written_amount_is_the_minor_units_over_their_power_of_ten(money: Money) -> None:
    assert Fraction(Decimal(plain(money))) == Fraction(money.minor, 10 ** DIGITS[money.currency])


@given(AMOUNTS, WEIGHTS)
def test_shares_add_up_to_what_was_split(money: Money, weights: list[int]) -> None:
    shares = split(money, weights)
    assert len(shares) == len(weights)
    assert total(shares, money.currency) == money


@given(AMOUNTS, WEIGHTS)
def test_no_share_is_a_whole_unit_away_from_its_exact_part(money: Money, weights: list[int]) -> None:
    for share, weight in zip(split(money, weights), weights, strict=True):
        exact = Fraction(money.minor * weight, sum(weights))
        assert abs(share.minor - exact) < 1
        assert weight or share.minor == 0


@given(AMOUNTS, WEIGHTS)
def test_splitting_a_debit_mirrors_splitting_a_credit(money: Money, weights: list[int]) -> None:
    assert split(-money, weights) == tuple(-share for share in split(money, weights))


@given(st.lists(AMOUNTS, max_size=20))
def test_totals_per_currency_lose_nothing(amounts: list[Money]) -> None:
    sums = by_currency(amounts)
    assert sum(money.minor for money in sums.values()) == sum(money.minor for money in amounts)
    assert set(sums) == {money.currency for money in amounts}


@given(MINOR, st.integers(min_value=-(10**9), max_value=10**9).filter(bool))
def test_rounding_is_never_more_than_half_a_unit_off_and_halves_grow(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    rounded = half_up(numerator, denominator)
    assert abs(rounded - exact) <= Fraction(1, 2)
    if abs(rounded - exact) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)


@given(CURRENCIES, MINOR, MINOR)
def test_adding_and_taking_away_again_leaves_the_amount(code: Currency, first: int, second: int) -> None:
    start = Money(first, code)
    assert start + Money(second, code) - Money(second, code) == start
