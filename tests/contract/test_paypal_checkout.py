"""Paying by PayPal: orders that we capture, against the double, every exchange judged by PayPal's own files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.paypal.tables import ISSUES, Then
from connector.errors import OutcomeUnknown, RateLimited, Refused, Rejected
from connector.model.money_in import AttemptState, Taking
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, currency
from connector.ports import Captures, PayPages
from tests.paypal_rig import ACCOUNT, CONNECTION, Desk, capture_for, key, open_desk, usd

ORDERS = "/v2/checkout/orders"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


def test_it_opens_pages_and_captures_them(desk: Desk) -> None:
    adapter = desk.adapter()
    assert isinstance(adapter, PayPages)
    assert isinstance(adapter, Captures)


def test_a_page_asks_for_exactly_the_amount_and_leads_to_paypal(desk: Desk) -> None:
    adapter = desk.adapter()
    written = desk.opened(adapter)
    assert written.amount == usd("120.00")
    assert written.url == f"{desk.server.url}/checkoutnow?token={written.ref.vendor_id}"
    order = desk.books.orders[written.ref.vendor_id]
    assert order.unit == {
        "amount": {"currency_code": "USD", "value": "120.00"},
        "custom_id": "rcv--a-abcdefghijklmnopqrst--quickbooks--invoice--130",
        "invoice_id": "INV-7-a-abcdefghijklmnopqrst",
    }
    state = adapter.page_state(written.ref.vendor_id)
    assert (state.state, state.url, state.payment) == (AttemptState.OFFERED, written.url, None)


def test_the_same_key_opens_one_order_however_often_it_is_sent(desk: Desk) -> None:
    adapter = desk.adapter()
    assert desk.opened(adapter).ref == desk.opened(adapter).ref
    assert len(desk.books.orders) == 1


def test_an_answer_that_is_lost_is_asked_for_under_the_same_key(desk: Desk) -> None:
    desk.faults(f"POST  {ORDERS}  1  drop-after")
    desk.opened(desk.adapter())
    assert len(desk.books.orders) == 1
    assert desk.asked("POST", ORDERS) == 2


def test_an_approved_page_holds_no_money_until_it_is_captured(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    assert adapter.page_state(intent.page_id).state is AttemptState.APPROVED
    assert adapter.find_captures(intent, key()) == ()
    assert desk.books.rows == []
    taken = adapter.capture_page(intent, key())
    assert (taken.taking, taken.amount, taken.payee) == (Taking.TAKEN, usd("120.00"), ACCOUNT)
    assert taken.ref.kind is Kind.PAYMENT
    state = adapter.page_state(intent.page_id)
    assert (state.state, state.payment, state.taken) == (AttemptState.SUCCEEDED, taken.ref, usd("120.00"))
    assert adapter.find_captures(intent, key()) == (taken,)


def test_closing_a_page_only_says_where_it_stands_and_takes_nothing(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    assert adapter.expire_page(intent.page_id).state is AttemptState.APPROVED
    assert desk.ordering.captured == []


@pytest.mark.parametrize(
    "fault",
    ["drop-after", "status-after  502", "answer-after  gateway", "answer-after  trouble", "answer-after  nothing"],
)
def test_a_capture_whose_answer_is_lost_takes_the_money_once(desk: Desk, fault: str) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.faults(f"POST  {ORDERS}/*/capture  1  {fault}")
    assert adapter.capture_page(intent, key()).taking is Taking.TAKEN
    assert [row.amount for row in desk.books.rows] == [12_000]


@pytest.mark.parametrize("fault", ["answer-before  conflict", "answer-before  throttled", "drop-before"])
def test_a_capture_that_was_turned_away_is_made_again_under_the_same_key(desk: Desk, fault: str) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.faults(f"POST  {ORDERS}/*/capture  1  {fault}")
    assert adapter.capture_page(intent, key()).taking is Taking.TAKEN
    assert len(desk.ordering.captured) == 1


def test_what_paypal_asks_us_to_wait_is_waited(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.faults(f"POST  {ORDERS}/*/capture  1  answer-before  throttled")
    adapter.capture_page(intent, key())
    assert desk.clock.slept == [2.0]
    assert desk.budget.pauses == [2.0]


@pytest.mark.req("Y3")
def test_a_write_is_tried_five_times_within_a_minute_and_then_its_outcome_is_unknown(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.faults(f"POST  {ORDERS}/*/capture  0  answer-after  gateway")
    began = desk.clock.now()
    with pytest.raises(OutcomeUnknown):
        adapter.capture_page(intent, key())
    assert desk.ordering.captured == [intent.page_id] * 5
    assert {place for place, _ in desk.ordering.keys} == {"create", f"capture {intent.page_id}"}
    assert {used for place, used in desk.ordering.keys if place != "create"} == {key().text}
    assert (desk.clock.now() - began).total_seconds() <= 60
    (found,) = adapter.find_captures(intent, key())
    assert found.taking is Taking.TAKEN
    assert len(desk.books.rows) == 1


def test_a_write_that_paypal_only_throttled_surely_did_not_happen(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.faults(f"POST  {ORDERS}/*/capture  0  answer-before  throttled")
    with pytest.raises(RateLimited):
        adapter.capture_page(intent, key())
    assert adapter.find_captures(intent, key()) == ()


REFUSALS = [
    ("INSTRUMENT_DECLINED", Taking.OTHER_FUNDS),
    ("REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", Taking.OTHER_FUNDS),
    ("PAYER_ACTION_REQUIRED", Taking.OTHER_FUNDS),
    ("ORDER_NOT_APPROVED", Taking.NOT_APPROVED),
    ("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", Taking.DECLINED),
    ("TRANSACTION_REFUSED", Taking.DECLINED),
    ("COMPLIANCE_VIOLATION", Taking.DECLINED),
    ("PAYER_CANNOT_PAY", Taking.DECLINED),
    ("PAYER_ACCOUNT_LOCKED_OR_CLOSED", Taking.DECLINED),
    ("PAYER_ACCOUNT_RESTRICTED", Taking.DECLINED),
    ("TRANSACTION_LIMIT_EXCEEDED", Taking.DECLINED),
    ("TRANSACTION_BLOCKED_BY_PAYEE", Taking.DECLINED),
    ("DECLINED_DUE_TO_RELATED_TXN", Taking.DECLINED),
    ("PAYEE_ACCOUNT_INVALID", Taking.NOT_FOR_US),
    ("PAYEE_ACCOUNT_LOCKED_OR_CLOSED", Taking.NOT_FOR_US),
    ("PAYEE_ACCOUNT_RESTRICTED", Taking.NOT_FOR_US),
    ("PAYEE_BLOCKED_TRANSACTION", Taking.NOT_FOR_US),
    ("TRANSACTION_RECEIVING_LIMIT_EXCEEDED", Taking.NOT_FOR_US),
    ("PERMISSION_DENIED", Taking.NOT_FOR_US),
    ("NOT_AUTHORIZED", Taking.NOT_FOR_US),
    ("CONSENT_NEEDED", Taking.NOT_FOR_US),
    ("RESOURCE_NOT_FOUND", Taking.LAPSED),
    ("INVALID_RESOURCE_ID", Taking.LAPSED),
]
TOLD = pytest.mark.parametrize(("issue", "taking"), REFUSALS, ids=[issue for issue, _ in REFUSALS])


@pytest.fixture(scope="module")
def newer() -> Iterator[Desk]:
    """A double that says what PayPal's files of two years ago do not know."""
    with open_desk(by_the_files=False) as opened:
        yield opened


@pytest.mark.req("Y6")
@TOLD
def test_each_definite_refusal_of_a_capture_says_what_follows(newer: Desk, issue: str, taking: Taking) -> None:
    desk, adapter = newer, newer.adapter()
    written = desk.opened(adapter, f"OPEN{issue}", attempt=f"a-{issue.lower().replace('_', '')}")
    desk.payer(written, do="approve", funds="balance")
    # A permission is asked for once more with another token, which may know it by now.
    desk.people.conduct(refusals=[issue, issue])
    told = adapter.capture_page(capture_for(written.ref.vendor_id), key(f"TAKE{issue}"))
    assert (told.taking, told.amount) == (taking, None)
    assert issue in told.notice
    assert "f1d2d2f924e98" in told.notice
    assert told.ref == Ref(CONNECTION, Kind.ATTEMPT, written.ref.vendor_id)
    assert (told.url is not None) is (taking is Taking.OTHER_FUNDS)
    assert desk.books.rows == []


def test_every_row_of_the_table_that_tells_is_tried_above() -> None:
    assert {issue for issue, (then, _) in ISSUES.items() if then is Then.TELL} == {issue for issue, _ in REFUSALS}


def test_other_funds_are_chosen_on_the_same_order_and_taken_under_another_key(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter, "declined")
    told = adapter.capture_page(intent, key())
    assert told.taking is Taking.OTHER_FUNDS
    assert told.url == f"{desk.server.url}/checkoutnow?token={intent.page_id}"
    desk.payer(told, do="approve", funds="balance")
    assert adapter.capture_page(intent, key("SECONDSECONDSECONDSE")).taking is Taking.TAKEN


@pytest.mark.req("Y6")
def test_a_race_that_was_lost_is_settled_by_the_order(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.faults(f"GET  {ORDERS}/*  1  slow  0.01")
    desk.ordering.capture(intent.page_id, "somebody-elses-key")
    told = adapter.capture_page(intent, key())
    assert told.taking is Taking.TAKEN
    assert len(desk.books.rows) == 1


@pytest.mark.req("Y6")
def test_an_issue_nobody_knows_is_an_unknown_outcome_until_the_order_says(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.people.conduct(refusals=["IDENTIFIER_NOT_FOUND"])
    with pytest.raises(OutcomeUnknown) as caught:
        adapter.capture_page(intent, key())
    assert (caught.value.code, caught.value.trace) == ("IDENTIFIER_NOT_FOUND", "f1d2d2f924e98")


def test_a_capture_that_is_still_being_made_is_unknown_until_the_order_says(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.faults(f"POST  {ORDERS}/*/capture  1  answer-after  in-progress")
    assert adapter.capture_page(intent, key()).taking is Taking.TAKEN
    assert len(desk.books.rows) == 1


def test_an_order_that_nobody_approved_is_not_even_asked_for_its_money(desk: Desk) -> None:
    adapter = desk.adapter()
    written = desk.opened(adapter)
    told = adapter.capture_page(capture_for(written.ref.vendor_id), key())
    assert told.taking is Taking.NOT_APPROVED
    assert told.url == written.url
    assert desk.ordering.captured == []


def test_a_payer_who_cancels_comes_back_and_nothing_is_taken(desk: Desk) -> None:
    adapter = desk.adapter()
    written = desk.opened(adapter)
    back = desk.payer(written, do="cancel")
    assert back.headers["Location"].endswith(f"?token={written.ref.vendor_id}")
    assert adapter.page_state(written.ref.vendor_id).state is AttemptState.OFFERED


def test_an_order_lapses_after_three_hours_unapproved_and_three_more_approved(desk: Desk) -> None:
    adapter = desk.adapter()
    waiting = desk.opened(adapter)
    desk.pass_hours(2.5)
    assert adapter.page_state(waiting.ref.vendor_id).state is AttemptState.OFFERED
    desk.people.approve(waiting.ref.vendor_id)
    desk.pass_hours(2.5)
    assert adapter.page_state(waiting.ref.vendor_id).state is AttemptState.APPROVED
    desk.pass_hours(0.5)
    assert adapter.page_state(waiting.ref.vendor_id).state is AttemptState.EXPIRED
    lapsed = adapter.capture_page(capture_for(waiting.ref.vendor_id), key())
    assert lapsed.taking is Taking.LAPSED
    assert adapter.find_captures(capture_for(waiting.ref.vendor_id), key())[0].taking is Taking.LAPSED


def test_an_echeck_is_on_its_way_though_its_order_is_complete(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter, "echeck")
    told = adapter.capture_page(intent, key())
    assert told.taking is Taking.ON_ITS_WAY
    assert "eCheck" in told.notice
    assert desk.books.orders[intent.page_id].status == "COMPLETED"
    state = adapter.page_state(intent.page_id)
    assert (state.state, state.taken) == (AttemptState.PROCESSING, usd("120.00"))
    desk.people.clear(told.ref.vendor_id)
    assert adapter.page_state(intent.page_id).state is AttemptState.SUCCEEDED


def test_an_echeck_that_bounces_is_a_failed_try(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter, "echeck")
    desk.people.deny(adapter.capture_page(intent, key()).ref.vendor_id)
    state = adapter.page_state(intent.page_id)
    assert (state.state, state.taken) == (AttemptState.FAILED, None)


def test_a_completed_order_whose_capture_was_declined_is_no_payment(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter, "refused")
    assert adapter.capture_page(intent, key()).taking is Taking.DECLINED
    assert desk.books.orders[intent.page_id].status == "COMPLETED"
    assert adapter.page_state(intent.page_id).state is AttemptState.FAILED
    assert desk.books.rows == []


def test_money_in_a_currency_the_account_does_not_hold_waits_for_a_person_of_the_firm(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter, amount=Money(5_000, currency("EUR")))
    told = adapter.capture_page(intent, key())
    assert told.taking is Taking.ON_ITS_WAY
    assert "accept it in PayPal by hand" in told.notice


@pytest.mark.req("Y5")
def test_an_invoice_id_that_paypal_has_seen_is_looked_for_before_another_is_tried(desk: Desk) -> None:
    adapter = desk.adapter()
    desk.people.pay("7.00", invoice_id="INV-7-a-abcdefghijklmnopqrst")
    intent = desk.approved(adapter)
    told = adapter.capture_page(intent, key())
    assert told.taking is Taking.TAKEN
    assert desk.books.orders[intent.page_id].invoice_id == "INV-7-a-abcdefghijklmnopqrst-2"
    asked = [path for method, path, _ in desk.server.calls if method in ("GET", "PATCH", "POST")]
    assert asked.index("/v1/reporting/transactions") < asked.index(f"{ORDERS}/{intent.page_id}", 4)
    assert [row.amount for row in desk.books.rows] == [700, 12_000]


@pytest.mark.req("Y5")
def test_money_of_the_same_try_that_is_there_already_is_not_taken_a_second_time(desk: Desk) -> None:
    adapter = desk.adapter()
    first = adapter.capture_page(desk.approved(adapter), key())
    again = desk.opened(adapter, "ANOTHERANOTHERANOTHE")
    desk.payer(again, do="approve", funds="balance")
    told = adapter.capture_page(capture_for(again.ref.vendor_id), key("SECONDSECONDSECONDSE"))
    assert (told.taking, told.ref, told.amount) == (Taking.TAKEN, first.ref, usd("120.00"))
    assert len(desk.books.rows) == 1


def test_a_killed_renaming_goes_on_where_it_stood(desk: Desk) -> None:
    adapter = desk.adapter()
    desk.people.pay("7.00", invoice_id="INV-7-a-abcdefghijklmnopqrst")
    intent = desk.approved(adapter)
    desk.faults("PATCH  *  1  status-after  400")
    with pytest.raises(Rejected):
        adapter.capture_page(intent, key())
    assert adapter.capture_page(intent, key()).taking is Taking.TAKEN
    assert [row.amount for row in desk.books.rows] == [700, 12_000]


@pytest.mark.parametrize(
    ("change", "amount", "payee"),
    [({"other_amount": 11_900}, "119.00", ACCOUNT), ({"other_payee": "ZZZZZZZZZZZZ2"}, "120.00", "ZZZZZZZZZZZZ2")],
)
def test_what_was_really_taken_and_by_whom_is_said_whatever_was_asked(
    desk: Desk, change: dict[str, Any], amount: str, payee: str
) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    desk.people.conduct(**change)
    told = adapter.capture_page(intent, key())
    assert (told.taking, told.amount, told.payee) == (Taking.TAKEN, usd(amount), payee)


def test_an_order_that_asks_for_another_amount_is_not_captured(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    with pytest.raises(Refused, match="another amount than"):
        adapter.capture_page(capture_for(intent.page_id, amount=usd("100.00")), key())
    assert desk.ordering.captured == []


@pytest.mark.parametrize(
    ("code", "minor", "value"),
    [
        ("USD", 1, "0.01"),
        ("EUR", 100_000, "1000.00"),
        ("JPY", 1200, "1200"),
        ("HUF", 120_000, "1200"),
        ("TWD", 5_000, "50"),
    ],
)
def test_each_currency_is_asked_for_in_paypals_own_digits(desk: Desk, code: str, minor: int, value: str) -> None:
    amount = Money(minor, currency(code))
    written = desk.opened(desk.adapter(), amount=amount)
    assert desk.books.orders[written.ref.vendor_id].unit["amount"] == {"currency_code": code, "value": value}
    assert written.amount == amount


@pytest.mark.parametrize(("code", "minor"), [("HUF", 120_050), ("TWD", 99), ("XAF", 100), ("KWD", 1000)])
def test_an_amount_that_paypal_cannot_take_is_refused_before_anything_is_sent(
    desk: Desk, code: str, minor: int
) -> None:
    with pytest.raises(Refused):
        desk.opened(desk.adapter(), amount=Money(minor, currency(code)))
    assert desk.asked("POST", ORDERS) == 0


def test_only_payments_that_clear_at_once_are_asked_for_where_the_firm_wants_that(desk: Desk) -> None:
    written = desk.opened(desk.adapter(instant_only="yes"))
    assert desk.books.orders[written.ref.vendor_id].preference == "IMMEDIATE_PAYMENT_REQUIRED"
    assert "eCheck" not in desk.payer(written).text


def test_a_debt_of_an_odd_name_leaves_the_try_to_pay_findable(desk: Desk) -> None:
    written = desk.opened(desk.adapter(), debt=Ref(ConnectionId("books_2"), Kind.INVOICE, "a/b"))
    assert desk.books.orders[written.ref.vendor_id].custom == "rcv--a-abcdefghijklmnopqrst"
