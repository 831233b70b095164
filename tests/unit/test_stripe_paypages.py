"""adapters.stripe.paypages: one amount of one debt, marked as ours, within Stripe's limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.stripe.paypages import session_params
from connector.dates import after, instant_from_iso
from connector.errors import Refused
from connector.model.intent import OpenPayPage, WriteKey
from connector.money import currency, from_text
from tests.stripe_rig import OP, PAGE
from tests.vendor import stripe as judge

NOW = instant_from_iso("2026-03-01T12:00:00Z")
KEY = WriteKey(op_id=OP)
INTENT = replace(PAGE, methods=("card", "us_bank_account"))
MARKS = {
    "receivables_op": OP,
    "receivables_debt": "quickbooks/invoice/130",
    "receivables_invoice": "INV-7",
    "receivables_attempt": "attempt-1",
}


@pytest.mark.req("S25")
def test_a_page_asks_for_methods_the_new_way_and_carries_our_marks_twice() -> None:
    params = session_params(INTENT, KEY, NOW, None)
    assert params["allowed_payment_method_types"] == ["card", "us_bank_account"]
    assert "payment_method_types" not in params
    assert "after_expiration" not in params
    assert params["metadata"] == params["payment_intent_data"]["metadata"] == MARKS
    assert params["client_reference_id"] == "attempt-1"
    assert params["expires_at"] == 1_772_366_400 + 3600


def test_a_page_is_for_exactly_the_amount_in_stripes_own_counting() -> None:
    krona = session_params(replace(INTENT, amount=from_text("5000", currency("ISK"))), KEY, NOW, None)
    (line,) = krona["line_items"]
    assert line["quantity"] == 1
    assert (line["price_data"]["unit_amount"], line["price_data"]["currency"]) == (500_000, "isk")


@pytest.mark.parametrize("methods", [("card",), ("acss_debit",), ("customer_balance",), ("paypal",)])
def test_both_of_stripes_own_descriptions_accept_the_parameters(methods: tuple[str, ...]) -> None:
    params = session_params(replace(INTENT, methods=methods), KEY, NOW, "cus_1")
    assert judge.sdk_param_errors("POST", "/v1/checkout/sessions", params) == []


@pytest.mark.req("S25")
@pytest.mark.parametrize("seconds", [31 * 60, 24 * 3600 - 60])
def test_a_page_may_live_from_31_minutes_to_23_hours_59_minutes(seconds: int) -> None:
    params = session_params(replace(INTENT, expires_at=after(NOW, seconds)), KEY, NOW, None)
    assert params["expires_at"] == 1_772_366_400 + seconds


@pytest.mark.req("S25")
@pytest.mark.parametrize(
    ("wrong", "intent"),
    [
        ("too short a life", replace(INTENT, expires_at=after(NOW, 31 * 60 - 1))),
        ("too long a life", replace(INTENT, expires_at=after(NOW, 24 * 3600 - 59))),
        ("no attempt", replace(INTENT, attempt="")),
        ("an attempt with a long name", replace(INTENT, attempt="x" * 201)),
        ("nothing to pay", replace(INTENT, amount=from_text("0", currency("USD")))),
        ("an amount Stripe cannot take", replace(INTENT, amount=from_text("1.234", currency("KWD")))),
        ("no method", replace(INTENT, methods=())),
        ("a bank transfer by a stranger", replace(INTENT, methods=("customer_balance",))),
        ("a number too long for a mark", replace(INTENT, number="x" * 501)),
    ],
)
def test_what_cannot_be_a_page_is_refused_before_anything_is_sent(wrong: str, intent: OpenPayPage) -> None:
    with pytest.raises(Refused) as caught:
        session_params(intent, KEY, NOW, None)
    assert caught.value.sentence, wrong


def test_a_bank_transfer_is_offered_to_a_known_customer_and_left_out_for_a_stranger() -> None:
    intent = replace(INTENT, methods=("card", "customer_balance"))
    known = session_params(intent, KEY, NOW, "cus_1")
    assert known["customer"] == "cus_1"
    assert "customer_email" not in known
    assert known["payment_method_options"]["customer_balance"]["bank_transfer"] == {"type": "us_bank_transfer"}
    stranger = session_params(intent, KEY, NOW, None)
    assert stranger["allowed_payment_method_types"] == ["card"]
    assert stranger["customer_email"] == "ap@acme.example"
    assert "payment_method_options" not in stranger


def test_paypal_is_told_our_invoice_number_for_its_settlement_report() -> None:
    params = session_params(replace(INTENT, methods=("paypal",)), KEY, NOW, None)
    assert params["payment_method_options"] == {"paypal": {"reference": "INV-7"}}


def test_an_invoice_without_a_number_and_an_unknown_payer_still_get_a_page() -> None:
    params = session_params(replace(INTENT, number=None, email=None), KEY, NOW, None)
    assert "receivables_invoice" not in params["metadata"]
    assert "customer_email" not in params
