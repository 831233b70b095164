"""adapters.stripe.calls: what is asked again, how often and after what pause; what never is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.errors import (
    MalformedAnswer,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)
from connector.testing.standin import Answer, Fault
from tests.clocks import FakeClock
from tests.stripe_rig import OP, PAGE, connected, listed, text
from tests.surroundings import OpenBudget
from tests.unit.stripe_ground import SESSIONS, WRITE_KEY, Serve, fault_answer, ok, serving, session

SAYS_NO = {"Stripe-Should-Retry": "false"}
SAYS_YES = {"Stripe-Should-Retry": "true"}


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    with serving(clock) as start:
        yield start


# Reads

AGAIN = {
    "429": fault_answer(429),
    "429 although it says no": fault_answer(429, SAYS_NO),
    "429 locked": fault_answer(429, code="lock_timeout"),
    "429 of a code that nobody knows": fault_answer(429, code="new_limit"),
    "409": fault_answer(409),
    "500": fault_answer(500),
    "502 without a word of Stripe's": Answer(status=502, body=b"<html>bad gateway"),
    "503 that says yes": fault_answer(503, SAYS_YES),
    "424 that says yes": fault_answer(424, SAYS_YES),
    "a page with nothing on it and more to come": Answer(body=b'{"object": "list", "data": [], "has_more": true}'),
}


@pytest.mark.req("S2")
@pytest.mark.parametrize("answer", AGAIN.values(), ids=AGAIN)
def test_a_read_that_may_go_well_next_time_is_asked_again(serve: Serve, answer: Answer) -> None:
    adapter, vendor, _ = serve(
        {f"GET {SESSIONS}": [answer, answer, ok(listed(session(metadata={"receivables_op": OP})))]}
    )
    assert len(adapter.find_pages(PAGE, WRITE_KEY)) == 1
    assert len(vendor.heard) == 3


NEVER = {
    "400": (fault_answer(400, code="parameter_unknown"), Rejected),
    "401": (fault_answer(401), NeedsReconnect),
    "402": (fault_answer(402, code="card_declined"), Rejected),
    "403": (fault_answer(403), NeedsReconnect),
    "404": (fault_answer(404, code="resource_missing"), NotFound),
    "400 that says yes": (fault_answer(400, SAYS_YES), Rejected),
    "401 that says yes": (fault_answer(401, SAYS_YES), NeedsReconnect),
    "402 that says yes": (fault_answer(402, SAYS_YES), Rejected),
    "403 that says yes": (fault_answer(403, SAYS_YES), NeedsReconnect),
    "404 that says yes": (fault_answer(404, SAYS_YES), NotFound),
    "500 that says no": (fault_answer(500, SAYS_NO), Rejected),
    "503 that says no": (fault_answer(503, SAYS_NO), Rejected),
}


@pytest.mark.req("S2")
@pytest.mark.parametrize(("answer", "error"), NEVER.values(), ids=NEVER)
def test_a_read_that_would_go_no_better_is_asked_once(serve: Serve, answer: Answer, error: type[VendorError]) -> None:
    adapter, vendor, _ = serve({f"GET {SESSIONS}": [answer]})
    with pytest.raises(error) as caught:
        adapter.find_pages(PAGE, WRITE_KEY)
    assert type(caught.value) is error
    assert len(vendor.heard) == 1


@pytest.mark.req("S2")
@pytest.mark.parametrize("kind", ["truncate", "drop-before", "drop-after"])
def test_a_read_lost_on_the_way_is_asked_for_again(serve: Serve, kind: str) -> None:
    lost = Fault(method="GET", path=SESSIONS, nth=1, kind=kind)
    found = listed(session(metadata={"receivables_op": OP}))
    adapter, _, server = serve({f"GET {SESSIONS}": [ok(found)]}, lost)
    assert [page.ref.vendor_id for page in adapter.find_pages(PAGE, WRITE_KEY)] == ["cs_test_1"]
    assert server.problems == []


ALWAYS = {
    "409": (fault_answer(409), RateLimited),
    "429": (fault_answer(429), RateLimited),
    "500": (fault_answer(500), Unreachable),
    "not JSON": (ok(b"<html>"), MalformedAnswer),
    "cut": (ok(listed(session())[:40]), MalformedAnswer),
    "another version": (Answer(body=listed(), headers={"Stripe-Version": "2020-03-02"}), MalformedAnswer),
}


@pytest.mark.req("S2")
@pytest.mark.parametrize(("answer", "error"), ALWAYS.values(), ids=ALWAYS)
def test_a_read_that_never_goes_well_is_given_up_and_the_last_error_told(
    serve: Serve, answer: Answer, error: type[VendorError]
) -> None:
    adapter, vendor, _ = serve({f"GET {SESSIONS}": [answer]})
    with pytest.raises(error):
        adapter.find_pages(PAGE, WRITE_KEY)
    assert len(vendor.heard) == 5


@pytest.mark.req("S2")
@pytest.mark.parametrize(("budget_seconds", "asked"), [("0", 1), ("3", 2), ("120", 5)])
def test_asking_again_ends_with_the_budget_of_time(
    serve: Serve, clock: FakeClock, budget_seconds: str, asked: int
) -> None:
    busy = fault_answer(429, {"Retry-After": "2"})
    adapter, vendor, _ = serve({f"GET {SESSIONS}": [busy]}, retry_seconds=budget_seconds)
    with pytest.raises(RateLimited):
        adapter.find_pages(PAGE, WRITE_KEY)
    assert len(vendor.heard) == asked
    assert sum(clock.slept) <= float(budget_seconds)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Sun, 01 Mar 2026 12:00:30 GMT", "Date": "Sun, 01 Mar 2026 12:00:00 GMT"}, 30),
        ({"Retry-After": "soon"}, 2),
        ({}, 2),
    ],
    ids=["seconds", "a time of day", "nothing sensible", "nothing"],
)
def test_a_pause_that_stripe_asks_for_holds_for_the_whole_connection(
    serve: Serve, clock: FakeClock, headers: dict[str, str], seconds: float
) -> None:
    budget = OpenBudget()
    adapter, _, _ = serve({f"GET {SESSIONS}": [fault_answer(429, headers), ok(listed())]}, budget=budget)
    adapter.find_pages(PAGE, WRITE_KEY)
    assert budget.pauses == [seconds]
    assert clock.slept == [seconds]
    assert budget.taken == 2


def test_a_pause_longer_than_the_budget_of_time_is_told_and_not_shortened(serve: Serve, clock: FakeClock) -> None:
    budget = OpenBudget()
    adapter, vendor, _ = serve({f"GET {SESSIONS}": [fault_answer(429, {"Retry-After": "3600"})]}, budget=budget)
    with pytest.raises(RateLimited) as caught:
        adapter.find_pages(PAGE, WRITE_KEY)
    assert caught.value.retry_after_seconds == 3600
    assert budget.pauses == [3600]
    assert len(vendor.heard) == 1
    assert clock.slept == []


@pytest.mark.parametrize("answer", [fault_answer(429, code="lock_timeout"), fault_answer(409)], ids=["locked", "busy"])
def test_a_record_that_somebody_else_holds_stops_this_call_alone(
    serve: Serve, clock: FakeClock, answer: Answer
) -> None:
    budget = OpenBudget()
    adapter, _, _ = serve({f"GET {SESSIONS}": [answer, ok(listed())]}, budget=budget)
    adapter.find_pages(PAGE, WRITE_KEY)
    assert budget.pauses == []
    assert clock.slept == [2]


# Writes

TURNED_AWAY = {
    "429": fault_answer(429),
    "429 locked": fault_answer(429, code="lock_timeout"),
    "409": fault_answer(409),
    "409 key in use": fault_answer(409, code="idempotency_key_in_use"),
}


@pytest.mark.req("S2")
@pytest.mark.parametrize("answer", TURNED_AWAY.values(), ids=TURNED_AWAY)
def test_a_write_that_was_turned_away_undone_is_made_again_under_the_same_key(serve: Serve, answer: Answer) -> None:
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [answer, answer, ok(text(session()))]})
    assert adapter.open_page(PAGE, WRITE_KEY).ref.vendor_id == "cs_test_1"
    assert [call.headers["idempotency-key"] for call in vendor.heard] == [OP, OP, OP]
    assert len({call.body for call in vendor.heard}) == 1


@pytest.mark.req("S2")
@pytest.mark.parametrize("answer", TURNED_AWAY.values(), ids=TURNED_AWAY)
def test_a_write_that_is_always_turned_away_ends_with_the_budget_of_time(
    serve: Serve, clock: FakeClock, answer: Answer
) -> None:
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [answer]}, retry_seconds="5")
    with pytest.raises(RateLimited):
        adapter.open_page(PAGE, WRITE_KEY)
    assert len(vendor.heard) == 3
    assert clock.slept == [2, 2]


def test_a_write_whose_connection_was_never_made_is_tried_again(clock: FakeClock) -> None:
    adapter = connected("http://127.0.0.1:9", clock)
    with pytest.raises(Unreachable):
        adapter.open_page(PAGE, WRITE_KEY)
    assert clock.slept == [0.5, 1, 2, 4]


ONCE = {
    "400": (fault_answer(400, code="amount_too_small"), Rejected),
    "400 for a key of something else": (fault_answer(400, type="idempotency_error"), Rejected),
    "400 that says yes": (fault_answer(400, SAYS_YES), Rejected),
    "401": (fault_answer(401), NeedsReconnect),
    "402": (fault_answer(402, code="card_declined"), Rejected),
    "403": (fault_answer(403), NeedsReconnect),
    "404": (fault_answer(404), NotFound),
    "500": (fault_answer(500), OutcomeUnknown),
    "500 that says yes": (fault_answer(500, SAYS_YES), OutcomeUnknown),
    "500 that says no": (fault_answer(500, SAYS_NO), OutcomeUnknown),
    "502 without a word of Stripe's": (Answer(status=502, body=b"<html>bad gateway"), OutcomeUnknown),
    "503": (fault_answer(503), OutcomeUnknown),
    "408": (fault_answer(408), OutcomeUnknown),
    "no JSON": (ok(b"<html>"), OutcomeUnknown),
    "a list": (ok(b"[]"), OutcomeUnknown),
    "another thing": (ok(b'{"object":"list","data":5}'), OutcomeUnknown),
    "half of it": (ok(b'{"id":"cs_1","object":"checkout.session"}'), OutcomeUnknown),
}


@pytest.mark.req("S1", "S2")
@pytest.mark.parametrize(("answer", "error"), ONCE.values(), ids=ONCE)
def test_any_other_answer_to_a_write_is_final_or_unknown_and_the_write_is_made_once(
    serve: Serve, answer: Answer, error: type[VendorError]
) -> None:
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [answer]})
    with pytest.raises(error) as caught:
        adapter.open_page(PAGE, WRITE_KEY)
    assert type(caught.value) is error
    assert len(vendor.heard) == 1


@pytest.mark.parametrize("kind", ["drop-before", "drop-after", "truncate"])
def test_a_write_whose_answer_was_lost_has_an_unknown_outcome_and_is_made_once(serve: Serve, kind: str) -> None:
    lost = Fault(method="POST", path="*", nth=1, kind=kind)
    adapter, vendor, server = serve({f"POST {SESSIONS}": [ok(text(session()))]}, lost)
    with pytest.raises(OutcomeUnknown) as caught:
        adapter.open_page(PAGE, WRITE_KEY)
    assert not caught.value.key_spent
    assert len(vendor.heard) <= 1
    assert [method for method, _, _ in server.calls] == ["POST"] * len(vendor.heard)


REPLAYED = {
    "500": fault_answer(500, {"Idempotent-Replayed": "true"}),
    "429": fault_answer(429, {"Idempotent-Replayed": "true"}),
    "409": fault_answer(409, {"Idempotent-Replayed": "true"}),
}


@pytest.mark.parametrize("answer", REPLAYED.values(), ids=REPLAYED)
def test_an_answer_that_stripe_only_repeats_says_that_the_key_is_spent(serve: Serve, answer: Answer) -> None:
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [answer]})
    with pytest.raises(OutcomeUnknown) as caught:
        adapter.open_page(PAGE, WRITE_KEY)
    assert caught.value.key_spent
    assert len(vendor.heard) == 1


def test_answers_that_are_no_throttle_end_the_count_towards_a_block(serve: Serve) -> None:
    class Heard(OpenBudget):
        answers = 0

        def answered(self) -> None:
            self.answers += 1

    budget = Heard()
    adapter, _, _ = serve({f"GET {SESSIONS}": [fault_answer(429), fault_answer(500), ok(listed())]}, budget=budget)
    adapter.find_pages(PAGE, WRITE_KEY)
    assert (len(budget.pauses), budget.answers) == (1, 2)
