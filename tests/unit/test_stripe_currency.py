"""adapters.stripe.currency: every way in which Stripe counts money, one currency at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stripe.currency import METHOD_CURRENCIES, WIRE_DIGITS, Inexact, from_wire, to_wire
from connector.errors import Refused, UnknownCurrency
from connector.money import DIGITS, currency, from_text, plain

ZERO = "BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905  as in Stripe's own list
THREE = ("BHD", "JOD", "KWD", "OMR", "TND")
SPECIAL = [
    ("ISK", 500, "5"),
    ("UGX", 500, "5"),
    ("MGA", 5, "5.00"),
    ("HUF", 1000, "10.00"),
    ("TWD", 1000, "10.00"),
]


@pytest.mark.req("S13", "F18")
@pytest.mark.parametrize("code", ZERO)
def test_a_currency_without_decimals_is_written_in_whole_units(code: str) -> None:
    money = from_wire(500, code.lower())
    assert plain(money) == "500"
    assert to_wire(from_text("500", currency(code))) == (500, code.lower())


@pytest.mark.req("S13", "F18")
@pytest.mark.parametrize("code", THREE)
def test_a_currency_with_three_decimals_is_written_in_thousandths_that_end_in_zero(code: str) -> None:
    assert plain(from_wire(5120, code.lower())) == "5.120"
    assert to_wire(from_text("5.120", currency(code))) == (5120, code.lower())
    with pytest.raises(Refused):
        to_wire(from_text("5.124", currency(code)))


@pytest.mark.req("S13", "F18")
@pytest.mark.parametrize(("code", "on_the_wire", "for_people"), SPECIAL)
def test_a_special_currency_is_counted_as_stripe_counts_it(code: str, on_the_wire: int, for_people: str) -> None:
    assert plain(from_wire(on_the_wire, code.lower())) == for_people
    assert to_wire(from_text(for_people, currency(code))) == (on_the_wire, code.lower())


@pytest.mark.parametrize(("code", "on_the_wire"), [("isk", 4010), ("ugx", 1), ("isk", -50)])
def test_a_fraction_that_the_currency_no_longer_has_is_not_rounded_away(code: str, on_the_wire: int) -> None:
    with pytest.raises(Inexact) as caught:
        from_wire(on_the_wire, code)
    assert caught.value.code == code.upper()


def test_an_ariary_amount_that_stripe_cannot_write_is_refused() -> None:
    with pytest.raises(Refused):
        to_wire(from_text("5.20", currency("MGA")))


def test_a_currency_outside_iso_4217_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        from_wire(1, "usdc")


@given(
    st.sampled_from(sorted(DIGITS)),
    st.integers(min_value=-(10**12), max_value=10**12).map(lambda tens: tens * 100),
)
def test_what_is_sent_and_read_back_is_the_same_money(code: str, amount: int) -> None:
    money = from_wire(amount, code.lower())
    assert to_wire(money) == (amount, code.lower())


def test_every_method_names_only_currencies_of_iso_4217() -> None:
    for method, codes in METHOD_CURRENCIES.items():
        assert codes, method
        assert codes <= DIGITS.keys(), method
    assert METHOD_CURRENCIES["us_bank_account"] == {"USD"}
    assert METHOD_CURRENCIES["acss_debit"] == {"CAD", "USD"}


@pytest.mark.req("S13", "F18")
@pytest.mark.parametrize("code", sorted(METHOD_CURRENCIES["card"] - {*ZERO, *THREE, *(row[0] for row in SPECIAL)}))
def test_every_other_currency_stripe_takes_is_written_in_hundredths(code: str) -> None:
    assert plain(from_wire(1_234, code.lower())) == "12.34"
    assert to_wire(from_text("12.34", currency(code))) == (1_234, code.lower())


@pytest.mark.req("S13")
def test_no_currency_that_stripe_counts_oddly_is_left_without_a_row_of_its_own() -> None:
    odd = {code for code in METHOD_CURRENCIES["card"] if DIGITS[code] != 2 or WIRE_DIGITS[code] != DIGITS[code]}
    assert odd <= {*ZERO, *THREE, *(row[0] for row in SPECIAL)}
    assert {code for code in WIRE_DIGITS if WIRE_DIGITS[code] != DIGITS[code]} == {"ISK", "UGX", "MGA"}
