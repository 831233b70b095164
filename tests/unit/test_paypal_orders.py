"""What an order says, read leniently: new words are kept and never taken for money."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.paypal import orders, translate, wire
from adapters.paypal.ledger import entry
from adapters.paypal.translate import Fate
from connector.errors import MalformedAnswer
from connector.model.finding import FindingCode
from connector.model.money_in import AttemptState, PaymentState
from connector.model.settlement import EntryNature
from connector.model.source import Kind
from tests.paypal_rig import ACCOUNT, WHERE, page_for, usd
from tests.vendor import paypal as judge
from tests.vendor.where import available

HOSTS = frozenset({"www.paypal.com"})
BY_THE_FILES = pytest.mark.skipif(not available("paypal"), reason="PayPal's files are not beside the project.")


def order(status: str, *captures: dict[str, Any], links: tuple[dict[str, str], ...] = ()) -> wire.Order:
    unit: dict[str, Any] = {"amount": {"currency_code": "USD", "value": "120.00"}, "payee": {"merchant_id": ACCOUNT}}
    if captures:
        unit["payments"] = {"captures": list(captures)}
    body = {
        "id": "5O190127TN364715T",
        "status": status,
        "purchase_units": [unit],
        "links": list(links),
        "new_field": {"x": 1},
    }
    return wire.decode(json.dumps(body).encode(), wire.Order)


def capture(status: str, **more: Any) -> dict[str, Any]:
    amount = {"currency_code": "USD", "value": "120.00"}
    return {
        "id": "2GG279541U471931P",
        "status": status,
        "amount": amount,
        "create_time": "2026-06-01T12:00:00Z",
        **more,
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATED", AttemptState.OFFERED),
        ("SAVED", AttemptState.OFFERED),
        ("PAYER_ACTION_REQUIRED", AttemptState.OFFERED),
        ("APPROVED", AttemptState.APPROVED),
        ("VOIDED", AttemptState.EXPIRED),
        ("COMPLETED", AttemptState.UNKNOWN),
        ("SOMETHING_NEW", AttemptState.UNKNOWN),
        ("", AttemptState.UNKNOWN),
    ],
)
def test_an_order_without_a_capture_is_never_paid(status: str, state: AttemptState) -> None:
    assert orders.state_of(order(status), WHERE, HOSTS).state is state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("COMPLETED", AttemptState.SUCCEEDED),
        ("PARTIALLY_REFUNDED", AttemptState.SUCCEEDED),
        ("REFUNDED", AttemptState.SUCCEEDED),
        ("PENDING", AttemptState.PROCESSING),
        ("DECLINED", AttemptState.FAILED),
        ("FAILED", AttemptState.FAILED),
        ("SOMETHING_NEW", AttemptState.UNKNOWN),
    ],
)
def test_where_a_page_stands_is_said_by_its_capture_and_not_by_its_order(status: str, state: AttemptState) -> None:
    told = orders.state_of(order("COMPLETED", capture(status)), WHERE, HOSTS)
    assert told.state is state
    came = state in (AttemptState.SUCCEEDED, AttemptState.PROCESSING)
    assert told.taken == (usd("120.00") if came else None)


def test_a_capture_that_went_well_counts_beside_one_that_was_declined() -> None:
    told = orders.state_of(order("COMPLETED", capture("DECLINED"), capture("COMPLETED", id="OTHER")), WHERE, HOSTS)
    assert (told.state, told.payment) == (AttemptState.SUCCEEDED, WHERE.ref(Kind.PAYMENT, "OTHER"))


def test_a_reason_nobody_knows_is_told_in_paypals_own_word() -> None:
    told = orders.state_of(
        order("COMPLETED", capture("PENDING", status_details={"reason": "MOON_PHASE"})), WHERE, HOSTS
    )
    assert told.waits_for == "PayPal says MOON_PHASE"


def test_who_gets_the_money_is_said_by_the_capture_before_the_order() -> None:
    mine = orders.state_of(order("COMPLETED", capture("COMPLETED")), WHERE, HOSTS)
    strange = capture("COMPLETED", payee={"merchant_id": "ZZZZZZZZZZZZ2"})
    assert mine.payee == ACCOUNT
    assert orders.state_of(order("COMPLETED", strange), WHERE, HOSTS).payee == "ZZZZZZZZZZZZ2"


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.example/checkoutnow?token=1",
        "https://www.paypal.com.evil.example/checkoutnow",
        "https://www.paypal.com@evil.example/checkoutnow",
        "javascript:alert(1)",
        "https://www.sandbox.paypal.com/checkoutnow?token=1",
        "",
    ],
)
def test_a_payer_is_sent_nowhere_but_to_paypal(href: str) -> None:
    link = {"href": href, "rel": "payer-action"}
    assert orders.state_of(order("CREATED", links=(link,)), WHERE, HOSTS).url is None


@pytest.mark.parametrize("rel", ["approve", "payer-action"])
def test_either_name_of_the_payers_link_is_understood(rel: str) -> None:
    link = {"href": "https://www.paypal.com/checkoutnow?token=1", "rel": rel}
    assert orders.state_of(order("CREATED", links=(link,)), WHERE, HOSTS).url == link["href"]


def test_money_without_an_amount_is_a_broken_answer() -> None:
    broken = capture("COMPLETED")
    del broken["amount"]
    with pytest.raises(MalformedAnswer):
        orders.state_of(order("COMPLETED", broken), WHERE, HOSTS)


def line(**changes: Any) -> wire.Transaction:
    known: dict[str, Any] = {
        "transaction_id": "2GG279541U471931P",
        "transaction_event_code": "T0006",
        "transaction_status": "S",
        "transaction_initiation_date": "2026-06-01T12:00:00+0000",
        "transaction_amount": {"currency_code": "USD", "value": "120.00"},
        "a_field_of_next_year": [1, 2],
    }
    return wire.decode(json.dumps({**known, **changes}).encode(), wire.Transaction)


@pytest.mark.req("Y12")
def test_new_fields_and_words_of_live_answers_are_kept_and_never_fatal() -> None:
    record, findings = translate.payment(line(transaction_status="X"), WHERE, Fate(), None)
    assert record.state is PaymentState.PENDING
    assert [each.code for each in findings] == [FindingCode.UNKNOWN_VALUE]
    kept, told = entry(line(transaction_event_code="T7777"), WHERE)
    assert (kept.category, kept.nature, kept.net) == ("T7777", EntryNature.SUSPENSE, usd("120.00"))
    assert "T7777" in told[0].sentence


def test_a_payment_that_we_made_is_no_payment_that_we_received() -> None:
    paid = line(transaction_amount={"currency_code": "USD", "value": "-120.00"})
    assert entry(paid, WHERE)[0].nature is EntryNature.SPENDING


def test_an_amount_that_is_a_json_number_is_refused_by_the_decoder() -> None:
    with pytest.raises(MalformedAnswer):
        line(transaction_amount={"currency_code": "USD", "value": 120.0})


@BY_THE_FILES
@pytest.mark.req("Y12")
def test_what_we_ask_for_is_what_paypals_files_describe_and_nothing_misspelt() -> None:
    body = orders.body_of(page_for(), instant_only=False)

    def wrong(document: object) -> list[str]:
        return judge.request_errors(
            "POST", "/v2/checkout/orders", {"paypal-request-id": "k"}, json.dumps(document).encode()
        )

    assert wrong(body) == []
    assert wrong({**body, "intents": "CAPTURE"})
    assert wrong({**body, "intent": "capture"})
    context = body["payment_source"]["paypal"]["experience_context"]
    assert wrong({**body, "payment_source": {"paypal": {"experience_context": {**context, "user_actions": "PAY_NOW"}}}})
    unit = body["purchase_units"][0]
    assert wrong({**body, "purchase_units": [{**unit, "invoice_id": "x" * 128}]})
    assert wrong({**body, "purchase_units": [{**unit, "amount": {"currency_code": "USD", "value": "1,50"}}]})


@BY_THE_FILES
@pytest.mark.req("Y12")
@pytest.mark.parametrize(
    ("method", "target", "status", "body"),
    [
        ("GET", "/v2/checkout/orders/1", 200, {"id": "1", "status": "SOMETHING_NEW"}),
        ("GET", "/v2/payments/captures/1", 200, {"amount": {"currency_code": "USD", "value": 1.5}}),
        (
            "POST",
            "/v2/checkout/orders/1/capture",
            422,
            {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "NO_SUCH_ISSUE"}]},
        ),
        (
            "GET",
            "/v1/reporting/transactions",
            200,
            {"transaction_details": [{"transaction_info": {"transaction_status": "SS"}}]},
        ),
        ("GET", "/v1/customer/disputes/1", 200, {"dispute_id": "1", "reason": "BECAUSE"}),
    ],
)
def test_an_answer_of_another_shape_is_found_by_the_judge(method: str, target: str, status: int, body: Any) -> None:
    assert judge.answer_errors(method, target, status, json.dumps(body).encode())
