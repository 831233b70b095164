"""connector.transport: no call waits for ever, a lost write is never taken for a failure, and the log cannot leak."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable

import pytest

from connector.errors import (
    Conflict,
    MalformedAnswer,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)
from connector.testing.standin import Fault, Server
from connector.transport import LOGGED, TRIES_MAX, TokenBucket, VendorSession, retrying
from tests.clocks import FakeClock
from tests.standins import Tally

LIMIT_SECONDS = 0.3


def session(budget: TokenBucket | None = None) -> VendorSession:
    return VendorSession(
        "tally", budget, connect_seconds=LIMIT_SECONDS, read_seconds=LIMIT_SECONDS, trace_header="Trace-Id"
    )


def struck(kind: str, argument: str = "") -> Server:
    """A stand-in whose every request suffers that fault."""
    return Server(Tally(), faults=(Fault(method="*", path="/*", nth=0, kind=kind, argument=argument),))


@pytest.fixture
def closed_door() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}/x"


@pytest.mark.parametrize(("method", "error"), [("GET", Unreachable), ("POST", OutcomeUnknown)])
def test_a_server_that_hangs_ends_in_our_error_within_the_limit(method: str, error: type[VendorError]) -> None:
    with struck("slow", "2") as server:
        began = time.monotonic()
        with pytest.raises(error):
            session().request(method, f"{server.url}/x")
        assert time.monotonic() - began < LIMIT_SECONDS + 1


def test_a_caller_cannot_switch_the_time_limit_off() -> None:
    with struck("slow", "2") as server, pytest.raises(Unreachable):
        session().get(f"{server.url}/x", timeout=None)


@pytest.mark.parametrize("method", ["POST", "DELETE", "post"])
@pytest.mark.parametrize("kind", ["drop-after", "drop-before", "truncate"])
def test_a_write_without_a_whole_answer_may_have_happened(method: str, kind: str) -> None:
    with struck(kind) as server, pytest.raises(OutcomeUnknown) as caught:
        session().request(method, f"{server.url}/x", data=b"amount=1")
    assert str(caught.value) == (
        "tally did not answer a write, so it may or may not have happened. "
        "It will be looked up there before anything is repeated."
    )
    assert caught.value.system == "tally"


@pytest.mark.parametrize("method", ["GET", "get", b"GET"])
@pytest.mark.parametrize("kind", ["drop-after", "drop-before", "truncate"])
def test_a_read_without_a_whole_answer_is_merely_unreachable(method: str | bytes, kind: str) -> None:
    with struck(kind) as server, pytest.raises(Unreachable) as caught:
        session().request(method, f"{server.url}/x")
    assert caught.value.system == "tally"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_means_nothing_was_sent(closed_door: str, method: str) -> None:
    with pytest.raises(Unreachable) as caught:
        session().request(method, closed_door)
    assert str(caught.value) == (
        "tally cannot be reached. Check the network and the address in the settings, then run it again."
    )


def test_our_errors_show_no_cause_with_an_address_in_it(closed_door: str) -> None:
    with pytest.raises(Unreachable) as caught:
        session().get(f"{closed_door}?token=s3cr3t")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_redirect_is_not_followed() -> None:
    tally = Tally()
    with Server(tally) as server:
        answer = session().get(f"{server.url}/moved", headers={"Authorization": "Bearer s3cr3t"})
    assert answer.status_code == 302
    assert tally.acted == [("GET", "/moved")]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Server(Tally()) as server:
        assert session().get(f"{server.url}/x").status_code == 200


def test_faults_of_the_vendor_are_left_to_the_adapter() -> None:
    with struck("status-before", "503") as server:
        assert session().get(f"{server.url}/x").status_code == 503


def extras(record: logging.LogRecord) -> dict[str, object]:
    plain = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
    return {name: value for name, value in vars(record).items() if name not in plain}


def test_the_log_of_a_call_has_only_the_allowed_fields_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="receivables"), Server(Tally()) as server:
        session().post(
            f"{server.url}/pay?token=s3cr3t-query",
            data={"card": "s3cr3t-body"},
            headers={"Authorization": "Bearer s3cr3t-header"},
        )
    (record,) = [record for record in caplog.records if record.name == "receivables.http"]
    fields = extras(record)
    assert fields.keys() <= set(LOGGED)
    assert {name: fields[name] for name in ("system", "method", "path", "status", "trace")} == {
        "system": "tally",
        "method": "POST",
        "path": "/pay",
        "status": 200,
        "trace": "trace-1",
    }
    assert "s3cr3t" not in repr(vars(record))


def test_a_session_without_a_trace_header_logs_an_empty_trace(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="receivables"), Server(Tally()) as server:
        VendorSession("tally").get(f"{server.url}/x")
    (record,) = [record for record in caplog.records if record.name == "receivables.http"]
    assert extras(record)["trace"] == ""


def test_every_call_takes_from_the_budget(clock: FakeClock) -> None:
    with Server(Tally()) as server:
        limited = session(TokenBucket(60, clock, burst=2))
        for _ in range(4):
            limited.get(f"{server.url}/x")
    assert clock.slept == [1.0, 1.0]


def failing(*errors: VendorError) -> tuple[Callable[[], str], list[int]]:
    """A call that raises these errors one after the other, then answers; and a list that grows with every try."""
    left = list(errors)
    tries: list[int] = []

    def call() -> str:
        tries.append(len(tries) + 1)
        if left:
            raise left.pop(0)
        return "answer"

    return call, tries


def test_a_call_that_answers_is_made_once(clock: FakeClock) -> None:
    call, tries = failing()
    assert retrying(call, clock=clock) == "answer"
    assert (tries, clock.slept) == ([1], [])


@pytest.mark.parametrize("error", [Unreachable("Away."), MalformedAnswer("Cut short.")])
def test_what_is_safe_to_repeat_is_repeated_with_growing_pauses(error: VendorError, clock: FakeClock) -> None:
    call, tries = failing(error, error, error)
    assert retrying(call, clock=clock) == "answer"
    assert len(tries) == 4
    assert clock.slept == [0.5, 1.0, 2.0]


def test_a_rate_limit_is_waited_out_as_long_as_the_vendor_asks(clock: FakeClock) -> None:
    slow = RateLimited("Slow down.", retry_after_seconds=37)
    call, _ = failing(slow, Unreachable("Away."), slow)
    assert retrying(call, clock=clock) == "answer"
    assert clock.slept == [37, 1.0, 37]


def test_a_wish_beyond_the_budget_of_pauses_is_not_waited_for(clock: FakeClock) -> None:
    call, tries = failing(RateLimited("Come back tomorrow.", retry_after_seconds=86_400))
    with pytest.raises(RateLimited):
        retrying(call, clock=clock)
    assert (len(tries), clock.slept) == (1, [])


def test_the_tries_have_an_end_and_the_last_error_is_raised(clock: FakeClock) -> None:
    call, tries = failing(*(Unreachable(f"Away {n}.") for n in range(9)))
    with pytest.raises(Unreachable, match=f"^Away {TRIES_MAX - 1}"):
        retrying(call, clock=clock)
    assert len(tries) == TRIES_MAX


@pytest.mark.parametrize(
    "error",
    [OutcomeUnknown("?"), NeedsReconnect("Dead."), Conflict("Changed."), NotFound("Gone."), Rejected("No.")],
    ids=lambda error: type(error).__name__,
)
def test_what_repeating_cannot_mend_is_raised_at_once(error: VendorError, clock: FakeClock) -> None:
    call, tries = failing(error)
    with pytest.raises(type(error)):
        retrying(call, clock=clock)
    assert (len(tries), clock.slept) == (1, [])


def test_an_error_that_is_not_the_vendors_is_raised_at_once(clock: FakeClock) -> None:
    tries: list[int] = []

    def call() -> str:
        tries.append(1)
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        retrying(call, clock=clock)
    assert len(tries) == 1


def test_a_bucket_lets_the_burst_through_and_then_one_call_per_share_of_a_minute(clock: FakeClock) -> None:
    bucket = TokenBucket(240, clock, burst=3)
    for _ in range(5):
        bucket.take()
    assert clock.slept == [0.25, 0.25]


def test_a_bucket_fills_up_while_nobody_calls_but_never_above_the_burst(clock: FakeClock) -> None:
    bucket = TokenBucket(60, clock, burst=2)
    bucket.take(2)
    clock.pass_seconds(1000)
    bucket.take(2)
    assert clock.slept == []
    bucket.take()
    assert clock.slept == [1.0]


def test_several_calls_may_be_taken_at_once(clock: FakeClock) -> None:
    bucket = TokenBucket(60, clock, burst=1)
    bucket.take(3)
    assert clock.slept == [2.0]


@pytest.mark.parametrize("idle_seconds", [0, 1000])
def test_a_pause_holds_everybody_back_however_long_the_line_was_idle(clock: FakeClock, idle_seconds: float) -> None:
    bucket = TokenBucket(60, clock, burst=10)
    bucket.take()
    clock.pass_seconds(idle_seconds)
    bucket.pause(30)
    bucket.take()
    assert len(clock.slept) == 1
    assert 30 <= clock.slept[0] <= 31
