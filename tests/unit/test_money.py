"""connector.money: exact integers, one rounding, fair splitting."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.errors import UnknownCurrency
from connector.money import (
    DIGITS,
    Currency,
    Money,
    MoneyError,
    by_currency,
    currency,
    from_decimal,
    from_text,
    grouped,
    half_up,
    plain,
    split,
    to_decimal,
    total,
    zero,
)

USD = currency("USD")
JPY = currency("JPY")
KWD = currency("KWD")
CLF = currency("CLF")


def usd(minor: int) -> Money:
    return Money(minor, USD)


@pytest.mark.parametrize(("written", "meant"), [("USD", "USD"), ("usd", "USD"), ("Jpy", "JPY")])
def test_a_currency_code_is_taken_in_any_case(written: str, meant: str) -> None:
    assert currency(written) == meant


@pytest.mark.parametrize("code", ["", "US", "XXX", "ZZZ", "BTC", "usdollars", "XTS", "DEM"])
def test_a_code_outside_iso_4217_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency, match=r"not in ISO 4217"):
        currency(code)


def test_a_long_unknown_code_is_cut_before_it_is_shown() -> None:
    with pytest.raises(UnknownCurrency) as caught:
        currency("ABCDEFGHIJKLMNOP")
    assert caught.value.code == "ABCDEFGH"
    assert "ABCDEFGHI" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        *[("USD", 2), ("EUR", 2), ("HUF", 2), ("MGA", 2), ("MRU", 2), ("XCG", 2)],
        *[("ISK", 0), ("JPY", 0), ("KRW", 0), ("UGX", 0)],
        *[("BHD", 3), ("TND", 3)],
        *[("CLF", 4), ("UYW", 4)],
    ],
)
def test_digits_are_those_of_iso_4217(code: str, digits: int) -> None:
    assert DIGITS[code] == digits


@pytest.mark.req("M9")
@pytest.mark.parametrize(
    ("text", "code", "minor"),
    [
        ("1250.00", "USD", 125000),
        ("0.01", "USD", 1),
        ("-3.2", "USD", -320),
        ("12", "USD", 1200),
        (" 7.50 ", "EUR", 750),
        ("5000", "JPY", 5000),
        ("5000.0", "JPY", 5000),
        ("0.125", "KWD", 125),
        ("-12.3", "KWD", -12300),
        ("1.0001", "CLF", 10001),
        ("1E+2", "USD", 10000),
        ("90071992547409.93", "USD", 9007199254740993),
    ],
)
def test_a_written_amount_becomes_exact_minor_units(text: str, code: str, minor: int) -> None:
    assert from_text(text, currency(code)) == Money(minor, currency(code))


@pytest.mark.req("M9")
@pytest.mark.parametrize(
    ("text", "code"),
    [("1.001", "USD"), ("0.5", "JPY"), ("0.0005", "KWD"), ("1.00001", "CLF"), ("0.0000000003", "EUR")],
)
def test_more_decimals_than_the_currency_has_are_refused_and_never_rounded(text: str, code: str) -> None:
    with pytest.raises(MoneyError, match=rf"^An amount in {code} has more than {DIGITS[code]} decimal places\.$"):
        from_text(text, currency(code))


@pytest.mark.parametrize("text", ["", "abc", "1,250.00", "$5", "0x10", "1.2.3"])
def test_what_is_no_number_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(MoneyError) as caught:
        from_text(text, USD)
    assert str(caught.value) == f"{text!r} is not an amount."


def test_a_long_text_that_is_no_number_is_cut_before_it_is_shown() -> None:
    with pytest.raises(MoneyError) as caught:
        from_text("x" * 33, USD)
    assert str(caught.value) == f"{'x' * 32!r} is not an amount."


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_numbers_without_an_amount_are_refused(text: str) -> None:
    with pytest.raises(MoneyError, match=r"is not a(n amount| number)\.$"):
        from_text(text, USD)


def test_a_number_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(MoneyError) as caught:
        from_decimal(Decimal("NaN"), USD)
    assert str(caught.value) == "An amount in USD is not a number."


def test_whole_major_units_may_be_an_integer() -> None:
    assert from_decimal(12, USD) == usd(1200)
    assert from_decimal(12, JPY) == Money(12, JPY)


@pytest.mark.req("M9")
@pytest.mark.parametrize(
    ("minor", "code", "text"),
    [
        (125000, "USD", "1250.00"),
        (5, "USD", "0.05"),
        (-5, "USD", "-0.05"),
        (-12345, "USD", "-123.45"),
        (0, "USD", "0.00"),
        (5000, "JPY", "5000"),
        (-5000, "JPY", "-5000"),
        (125, "KWD", "0.125"),
        (10001, "CLF", "1.0001"),
    ],
)
def test_minor_units_are_written_back_with_the_digits_of_the_currency(minor: int, code: str, text: str) -> None:
    money = Money(minor, currency(code))
    assert plain(money) == text
    assert str(to_decimal(money)) == text
    assert str(money) == f"{text} {code}"


@pytest.mark.parametrize(
    ("minor", "code", "text"),
    [
        (125000, "USD", "1,250.00 USD"),
        (99999, "USD", "999.99 USD"),
        (123456789, "USD", "1,234,567.89 USD"),
        (-125000, "USD", "-1,250.00 USD"),
        (-5, "USD", "-0.05 USD"),
        (0, "USD", "0.00 USD"),
        (5000, "JPY", "5,000 JPY"),
        (1234567, "KWD", "1,234.567 KWD"),
    ],
)
def test_people_read_amounts_with_grouped_thousands(minor: int, code: str, text: str) -> None:
    assert grouped(Money(minor, currency(code))) == text


def test_amounts_of_one_currency_add_subtract_negate_and_compare() -> None:
    assert usd(150) + usd(250) == usd(400)
    assert usd(150) - usd(250) == usd(-100)
    assert -usd(150) == usd(-150)
    assert usd(1) < usd(2)
    assert not usd(2) < usd(2)
    assert usd(2) <= usd(2)
    assert not usd(3) <= usd(2)
    assert usd(3) > usd(2)
    assert not usd(2) > usd(2)
    assert usd(2) >= usd(2)
    assert not usd(1) >= usd(2)


def test_only_nothing_is_false() -> None:
    assert not zero(USD)
    assert zero(USD) == usd(0)
    assert usd(1)
    assert usd(-1)


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
    ids=["add", "subtract", "less", "at most", "more", "at least"],
)
def test_two_currencies_never_meet(mix: object) -> None:
    assert callable(mix)
    with pytest.raises(MoneyError, match=r"^USD and JPY cannot be added or compared\.$"):
        mix(usd(1), Money(1, JPY))


def test_equal_numbers_of_two_currencies_are_not_equal() -> None:
    assert usd(1) != Money(1, JPY)


def test_a_total_is_the_sum_and_zero_of_nothing() -> None:
    assert total([usd(1), usd(2), usd(-5)], USD) == usd(-2)
    assert total([], JPY) == Money(0, JPY)


def test_a_foreign_amount_in_a_total_is_refused() -> None:
    with pytest.raises(MoneyError, match=r"^JPY cannot be added to a total in USD\.$"):
        total([usd(1), Money(1, JPY)], USD)


def test_totals_per_currency_stand_in_alphabetical_order() -> None:
    sums = by_currency([usd(3), Money(7, JPY), usd(4), Money(1, KWD)])
    assert list(sums.items()) == [(JPY, Money(7, JPY)), (KWD, Money(1, KWD)), (USD, usd(7))]


@pytest.mark.parametrize(
    ("minor", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (100, [1], [100]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (0, [1, 2], [0, 0]),
        (100, [0, 1, 1], [0, 50, 50]),
        (5, [0, 1, 0, 1], [0, 3, 0, 2]),
        (10, [70, 30], [7, 3]),
        (1, [1, 1], [1, 0]),
    ],
)
def test_a_split_gives_the_left_over_units_to_the_first_shares(
    minor: int, weights: list[int], shares: list[int]
) -> None:
    assert split(usd(minor), weights) == tuple(usd(share) for share in shares)


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [2, -1], [-1, -1], [-1, 1]])
def test_a_split_without_usable_weights_is_refused(weights: list[int]) -> None:
    with pytest.raises(MoneyError) as caught:
        split(usd(100), weights)
    assert str(caught.value) == "Money can only be split by weights that are not negative and not all zero."


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (5, 2, 3),
        (-5, 2, -3),
        (5, -2, -3),
        (-5, -2, 3),
        (4, 3, 1),
        (-4, 3, -1),
        (49, 100, 0),
        (50, 100, 1),
        (-50, 100, -1),
        (0, 7, 0),
        (7, 7, 1),
        (2, 5, 0),
        (3, 5, 1),
        (0, -7, 0),
    ],
)
def test_halves_are_rounded_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


def test_a_share_of_zero_has_no_amount() -> None:
    with pytest.raises(MoneyError, match=r"^A rate or a share over zero has no amount\.$"):
        half_up(1, 0)


def test_money_cannot_be_changed_after_it_is_made() -> None:
    with pytest.raises(AttributeError):
        usd(1).minor = 2  # type: ignore[misc]


@pytest.mark.parametrize("code", sorted(DIGITS))
def test_one_minor_unit_of_every_currency_goes_out_and_comes_back(code: str) -> None:
    money = Money(1, Currency(code))
    assert from_text(plain(money), money.currency) == money
