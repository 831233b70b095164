"""connector.transport: what a call waits for at most, what is logged of it, and how a throttle reaches everybody."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connector.errors import BudgetSpent, OutcomeUnknown, RateLimited, Unreachable, VendorError
from connector.testing.standin import Fault, Server
from connector.transport import IN_FLIGHT_MAX, LOGGED, TokenBucket, VendorSession, retry_after_seconds, retrying
from tests.clocks import FakeClock
from tests.standins import Tally
from tests.surroundings import OpenBudget

LIMIT_SECONDS = 0.2


class Keyed(VendorSession):
    """A session of a vendor that takes our name of a write as a query value."""

    key_parameter = "requestid"


def session(budget: OpenBudget | None = None, **more: str) -> VendorSession:
    return Keyed("tally", budget, connect_seconds=LIMIT_SECONDS, read_seconds=LIMIT_SECONDS, **more)


@contextmanager
def silent() -> Iterator[str]:
    """A server that takes every connection, reads what it is sent, and never says a word."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(5)

        def listen() -> None:
            with door.accept()[0] as caller:
                caller.settimeout(5)
                while not done.is_set() and caller.recv(65536):
                    pass

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/x"
        done.set()
        thread.join(timeout=5)


@pytest.mark.req("Q1")
@pytest.mark.parametrize(("method", "error"), [("GET", Unreachable), ("POST", OutcomeUnknown)])
def test_a_server_that_takes_the_call_and_never_answers_is_not_waited_for(
    method: str, error: type[VendorError]
) -> None:
    with silent() as url, pytest.raises(error):
        session().request(method, url, data=b"x" if method == "POST" else None)


@pytest.mark.req("Q1")
def test_a_server_that_never_takes_the_call_is_not_waited_for() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        address = door.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # they fill the queue, so that no further handshake ends
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            with pytest.raises(Unreachable):
                session().post(f"http://127.0.0.1:{address[1]}/x", data=b"amount=1")
        finally:
            for one in waiting:
                one.close()


@pytest.mark.req("Q1")
def test_an_answer_that_stops_in_the_middle_is_not_waited_for() -> None:
    stall = Fault(method="*", path="/*", nth=0, kind="stall", argument="3")
    with Server(Tally(), faults=(stall,)) as server:
        with pytest.raises(Unreachable):
            session().get(f"{server.url}/x")
        with pytest.raises(OutcomeUnknown):
            session().post(f"{server.url}/x", data=b"amount=1")


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "receivables.http"]


def test_a_call_is_logged_with_the_vendors_name_of_it_and_with_ours(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), Server(Tally()) as server:
        calls = session(trace_header="Trace-Id")
        calls.post(f"{server.url}/pay", params={"requestid": "OP-1", "note": "s3cr3t"}, data={"card": "s3cr3t"})
        calls.get(f"{server.url}/pay?note=s3cr3t")
    write, read = lines(caplog)
    assert (write.__dict__["trace"], write.__dict__["key"], write.__dict__["status"]) == ("trace-1", "OP-1", 200)
    assert (read.__dict__["trace"], read.__dict__["key"]) == ("trace-2", "")
    assert "s3cr3t" not in "".join(repr(vars(record)) for record in (write, read))


@pytest.mark.parametrize("kind", ["drop-before", "drop-after", "truncate", "slow"])
def test_a_call_without_an_answer_is_logged_too_with_the_key_to_ask_for(
    caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    fault = Fault(method="*", path="/*", nth=0, kind=kind, argument="1" if kind == "slow" else "")
    with caplog.at_level(logging.DEBUG), Server(Tally(), faults=(fault,)) as server, pytest.raises(OutcomeUnknown):
        session().post(f"{server.url}/pay", params={"requestid": "OP-1"}, data=b"s3cr3t")
    (line,) = lines(caplog)
    assert (line.__dict__["key"], line.__dict__["status"], line.__dict__["path"]) == ("OP-1", 0, "/pay")
    assert set(LOGGED) <= vars(line).keys()
    assert "s3cr3t" not in "".join(repr(vars(record)) for record in caplog.records)


def test_metered_calls_are_told_to_the_budget() -> None:
    budget = OpenBudget()
    with Server(Tally()) as server:
        session(budget).request("GET", f"{server.url}/x", metered=True)
        session(budget).get(f"{server.url}/x")
    assert (budget.taken, budget.metered) == (2, 1)


def test_a_spent_budget_sends_nothing() -> None:
    class Spent(OpenBudget):
        def take(self, tokens: int = 1, *, metered: bool = False) -> None:
            raise BudgetSpent(f"{tokens} {metered}")

    tally = Tally()
    with Server(tally) as server, pytest.raises(BudgetSpent):
        session(Spent()).get(f"{server.url}/x")
    assert tally.acted == []


WISHES = [
    pytest.param({"Retry-After": "37"}, 37.0, id="seconds"),
    pytest.param({"Retry-After": " 0 "}, 0.0, id="at once"),
    pytest.param(
        {"Retry-After": "Wed, 01 Apr 2026 12:02:00 GMT", "Date": "Wed, 01 Apr 2026 12:00:30 GMT"}, 90.0, id="a date"
    ),
    pytest.param(
        {"Retry-After": "Wed, 01 Apr 2026 12:00:00 GMT", "Date": "Wed, 01 Apr 2026 12:00:30 GMT"}, 0.0, id="gone by"
    ),
    pytest.param({"Retry-After": "Wed, 01 Apr 2026 12:02:00 GMT"}, None, id="a date and no clock"),
    pytest.param({"Retry-After": "soon"}, None, id="a word"),
    pytest.param({"Retry-After": "-5"}, None, id="less than nothing"),
    pytest.param({}, None, id="nothing"),
]


@pytest.mark.parametrize(("headers", "seconds"), WISHES)
def test_the_vendors_wish_to_wait_is_read_in_both_spellings(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_several_calls_in_flight_share_one_pause(clock: FakeClock) -> None:
    """One of three threads is told to slow down; the bucket holds all of them back until the pause is over."""
    bucket = TokenBucket(6000, clock, burst=100)
    bucket.take(3)
    bucket.pause(60)
    for _ in range(3):
        bucket.take()
    assert clock.slept[0] >= 60
    assert clock.monotonic() < 63


def test_a_call_told_to_slow_down_waits_for_the_pause_once_and_not_twice(clock: FakeClock) -> None:
    bucket = TokenBucket(6000, clock, burst=100)
    left = [RateLimited("Slow down.", retry_after_seconds=60)]

    def call() -> str:
        bucket.take()
        if left:
            bucket.pause(60)
            raise left.pop()
        return "answer"

    assert retrying(call, clock=clock) == "answer"
    assert 60 <= clock.monotonic() < 62


def test_a_session_has_no_more_than_four_calls_on_their_way() -> None:
    """Nobody is answered until four have come; a fifth could only come over a fifth connection, and there is none."""
    callers = IN_FLIGHT_MAX + 3
    together = threading.Barrier(IN_FLIGHT_MAX, timeout=30)
    connections: list[int] = []

    def serve(caller: socket.socket) -> None:
        with caller:
            first = True
            while caller.recv(65536):
                if first:
                    together.wait()
                first = False
                answered.append(1)
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    answered: list[int] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.1)
        url = f"http://127.0.0.1:{door.getsockname()[1]}/x"

        def listen() -> None:
            while not done.is_set():
                try:
                    caller, (_, port) = door.accept()
                except TimeoutError:
                    continue
                connections.append(port)
                threading.Thread(target=serve, args=(caller,), daemon=True).start()

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        calls = VendorSession("tally", connect_seconds=30, read_seconds=30)
        threads = [threading.Thread(target=calls.get, args=(url,)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        done.set()
        listener.join(timeout=60)
        calls.close()
    assert (len(answered), len(connections)) == (callers, IN_FLIGHT_MAX)
