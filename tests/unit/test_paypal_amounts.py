"""Money as PayPal writes it, and what of ours stands beside it."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.paypal import marks
from adapters.paypal.amounts import ANYWHERE, TAKEN, from_wire, to_wire
from connector.errors import Refused
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, MoneyError, currency
from tests.vendor import paypal as judge
from tests.vendor.where import available

PLAIN = re.compile(r"[A-Za-z0-9-]{1,127}")
WHOLE = {"JPY", "HUF", "TWD"}


@pytest.mark.req("Y4")
@pytest.mark.parametrize("code", sorted(TAKEN))
def test_three_currencies_have_no_decimals_and_every_other_has_two(code: str) -> None:
    digits = 0 if code in WHOLE else 2
    assert TAKEN[code] == digits
    amount = Money(1_234_500, currency(code))
    value = to_wire(amount)["value"]
    assert len(value.partition(".")[2]) == digits
    assert from_wire(code, value) == amount


@pytest.mark.req("Y4")
@pytest.mark.parametrize("minor", [12.5, 12.0, "12"])
def test_an_amount_that_is_no_integer_is_never_sent(minor: Any) -> None:
    with pytest.raises(MoneyError):
        to_wire(Money(cast("int", minor), currency("USD")))


@given(st.sampled_from(sorted(set(TAKEN) - {"HUF", "TWD"})), st.integers(-(10**12), 10**12))
def test_an_amount_comes_back_as_it_went(code: str, minor: int) -> None:
    amount = Money(minor, currency(code))
    said = to_wire(amount)
    assert "E" not in said["value"].upper()
    assert from_wire(said["currency_code"], said["value"]) == amount


def test_what_is_only_taken_at_home_is_not_offered() -> None:
    assert set(TAKEN) - ANYWHERE == {"BRL", "CNY", "INR", "MYR"}


@pytest.mark.parametrize("value", ["1.234", "abc", "", "1,00"])
def test_an_amount_that_no_exact_money_can_hold_is_refused(value: str) -> None:
    with pytest.raises(MoneyError):
        from_wire("USD", value)


@pytest.mark.skipif(not available("paypal"), reason="PayPal's files are not beside the project.")
def test_a_json_number_as_amount_is_malformed_by_paypals_own_files() -> None:
    body = b'{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"USD","value":12.5}}]}'
    assert judge.request_errors("POST", "/v2/checkout/orders", {}, body)
    assert not judge.request_errors("POST", "/v2/checkout/orders", {}, body.replace(b"12.5", b'"12.50"'))


IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=30)


@pytest.mark.req("Y5")
@given(st.text(max_size=200), IDS, st.integers(1, 9))
def test_an_invoice_id_holds_letters_digits_and_hyphens_whatever_the_number_is(
    number: str, own: str, repeat: int
) -> None:
    made = marks.invoice_id(number, f"a-{own}", repeat)
    assert PLAIN.fullmatch(made)
    assert own in made
    assert (made != marks.invoice_id(number, f"a-{own}")) is (repeat > 1)


@pytest.mark.req("Y5")
@given(IDS, st.text(max_size=60), st.text(min_size=1, max_size=150))
def test_what_is_written_beside_an_order_names_its_try_and_its_debt_or_only_its_try(
    own: str, books: str, invoice: str
) -> None:
    debt = Ref(ConnectionId(books or "quickbooks"), Kind.INVOICE, invoice)
    made = marks.custom_id(f"a-{own}", debt)
    assert PLAIN.fullmatch(made)
    mark = marks.mark_of(made)
    assert mark is not None
    assert mark.attempt == f"a-{own}"
    assert mark.debt in (debt, None)


def test_a_common_debt_is_named_in_full() -> None:
    debt = Ref(ConnectionId("quickbooks-2"), Kind.INVOICE, "130")
    assert marks.mark_of(marks.custom_id("a-x1", debt)) == marks.Mark(attempt="a-x1", debt=debt)


@pytest.mark.parametrize("custom", [None, "", "WC-77", "rcv", "rcv--a--b--c", "xyz--a-1--quickbooks--invoice--1"])
def test_what_somebody_else_wrote_is_no_mark_of_ours(custom: str | None) -> None:
    assert marks.mark_of(custom) is None


def test_a_kind_that_is_none_names_no_debt() -> None:
    mark = marks.mark_of("rcv--a-1--quickbooks--spaceship--1")
    assert mark == marks.Mark(attempt="a-1", debt=None)


@pytest.mark.parametrize("attempt", ["", "has space", "a--b", "x" * 126])
def test_a_try_whose_id_does_not_fit_opens_no_order(attempt: str) -> None:
    with pytest.raises(Refused):
        marks.custom_id(attempt, Ref(ConnectionId("quickbooks"), Kind.INVOICE, "1"))
