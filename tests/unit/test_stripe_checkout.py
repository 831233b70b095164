"""adapters.stripe.checkout: pay pages over real sockets, against recorded answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.errors import NeedsReconnect
from connector.model.money_in import AttemptState
from connector.model.source import Kind
from connector.money import currency, from_text
from connector.testing.standin import Answer
from tests.clocks import FakeClock
from tests.stripe_rig import OP, PAGE, example, listed, ref, text
from tests.unit.stripe_ground import SESSIONS, WRITE_KEY, Serve, fault_answer, ok, serving, session


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    with serving(clock) as start:
        yield start


def test_a_page_is_opened_under_our_stored_key_and_says_what_it_really_is(serve: Serve) -> None:
    opened = session(url="https://checkout.stripe.com/c/1", payment_method_types=["card", "link"])
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [ok(text(opened))]})
    written = adapter.open_page(PAGE, replace(WRITE_KEY, repeat=2))
    assert vendor.heard[0].headers["idempotency-key"] == f"{OP}.2"
    assert written.ref == ref(Kind.ATTEMPT, "cs_test_1")
    assert written.amount == PAGE.amount
    assert written.url == "https://checkout.stripe.com/c/1"
    assert written.methods == ("card", "link")


@pytest.mark.req("S25")
def test_what_is_sent_for_a_page_never_names_methods_the_old_way_nor_asks_for_recovery(serve: Serve) -> None:
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [ok(text(session()))]})
    adapter.open_page(PAGE, WRITE_KEY)
    sent = vendor.sent()
    assert sent["allowed_payment_method_types"] == ["card"]
    assert sent["metadata"]["receivables_op"] == sent["payment_intent_data"]["metadata"]["receivables_op"] == OP
    assert sent["expires_at"] == 1_772_366_400 + 3600
    assert sent["client_reference_id"] == "attempt-1"
    assert b"payment_method_types" not in vendor.heard[0].body.replace(b"allowed_payment_method_types", b"")
    assert b"recovery" not in vendor.heard[0].body


def test_a_payer_who_is_a_stripe_customer_is_offered_a_bank_transfer(serve: Serve) -> None:
    known = listed(example("customer", id="cus_7", email="AP@acme.example"))
    adapter, vendor, _ = serve({"GET /v1/customers": [ok(known)], f"POST {SESSIONS}": [ok(text(session()))]})
    adapter.open_page(replace(PAGE, methods=("card", "customer_balance")), WRITE_KEY)
    assert vendor.sent()["customer"] == "cus_7"
    assert vendor.sent()["allowed_payment_method_types"] == ["card", "customer_balance"]


def test_a_lost_page_is_found_by_our_mark_over_all_pages_and_others_are_not(serve: Serve) -> None:
    first = listed(session(id="cs_test_3", metadata={"receivables_op": "Z"}), session(id="cs_test_2"), more=True)
    second = listed(session(metadata={"receivables_op": OP}))
    adapter, vendor, _ = serve({f"GET {SESSIONS}": [ok(first), ok(second)]})
    (found,) = adapter.find_pages(PAGE, WRITE_KEY)
    assert found.ref.vendor_id == "cs_test_1"
    assert [vendor.sent(0), vendor.sent(1)] == [
        {"limit": 100, "created": {"gte": 1_772_366_400 + 3600 - 86_400}},
        {"limit": 100, "created": {"gte": 1_772_366_400 + 3600 - 86_400}, "starting_after": "cs_test_2"},
    ]


def test_a_completed_page_names_its_payment_and_offers_no_address(serve: Serve) -> None:
    intent = example("payment_intent", id="pi_1", status="succeeded", latest_charge="ch_1")
    done = session(status="complete", payment_status="paid", payment_intent=intent, url="https://old.example")
    adapter, _, _ = serve({f"GET {SESSIONS}/cs_test_1": [ok(text(done))]})
    state = adapter.page_state("cs_test_1")
    assert (state.state, state.url, state.payment) == (AttemptState.SUCCEEDED, None, ref(Kind.PAYMENT, "ch_1"))


def test_a_payment_intent_that_came_unexpanded_is_read_on_its_own(serve: Serve) -> None:
    done = session(status="complete", payment_status="unpaid", payment_intent="pi_1")
    intent = example("payment_intent", id="pi_1", status="processing", latest_charge="py_1")
    adapter, _, _ = serve(
        {f"GET {SESSIONS}/cs_test_1": [ok(text(done))], "GET /v1/payment_intents/pi_1": [ok(text(intent))]}
    )
    state = adapter.page_state("cs_test_1")
    assert (state.state, state.payment) == (AttemptState.PROCESSING, ref(Kind.PAYMENT, "py_1"))


@pytest.mark.parametrize(
    "answer",
    [
        ok(text(session(status="complete", payment_status="paid"))),
        fault_answer(400, code="resource_already_complete"),
        fault_answer(500),
        ok(b"<html>"),
    ],
    ids=["just completed", "already complete", "no clear answer", "no answer at all"],
)
def test_closing_a_page_ends_in_what_the_page_itself_says(serve: Serve, answer: Answer) -> None:
    paid = session(status="complete", payment_status="paid")
    adapter, _, _ = serve(
        {
            f"POST {SESSIONS}/cs_test_1/expire": [answer],
            f"GET {SESSIONS}/cs_test_1": [ok(text(session())), ok(text(paid))],
        }
    )
    assert adapter.expire_page("cs_test_1").state is AttemptState.SUCCEEDED


def test_an_open_page_is_closed_by_one_write(serve: Serve) -> None:
    adapter, vendor, _ = serve(
        {
            f"POST {SESSIONS}/cs_test_1/expire": [ok(text(session(status="expired", url=None)))],
            f"GET {SESSIONS}/cs_test_1": [ok(text(session()))],
        }
    )
    closed = adapter.expire_page("cs_test_1")
    assert (closed.state, closed.url) == (AttemptState.EXPIRED, None)
    assert [call.method for call in vendor.heard] == ["GET", "POST"]


def test_a_page_that_is_no_longer_open_is_not_closed_again(serve: Serve) -> None:
    adapter, vendor, _ = serve({f"GET {SESSIONS}/cs_test_1": [ok(text(session(status="expired")))]})
    assert adapter.expire_page("cs_test_1").state is AttemptState.EXPIRED
    assert [call.method for call in vendor.heard] == ["GET"]


def test_a_live_page_under_a_test_key_is_refused(serve: Serve) -> None:
    adapter, _, _ = serve({f"GET {SESSIONS}/cs_test_1": [ok(text(session(livemode=True)))]})
    with pytest.raises(NeedsReconnect):
        adapter.page_state("cs_test_1")


def test_an_answer_about_another_amount_is_told_as_it_is_and_not_as_it_was_asked(serve: Serve) -> None:
    adapter, _, _ = serve({f"POST {SESSIONS}": [ok(text(session(amount_total=11_999)))]})
    written = adapter.open_page(PAGE, WRITE_KEY)
    assert written.amount == from_text("119.99", currency("USD"))
