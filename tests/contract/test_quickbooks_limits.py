"""Intuit's limits, held against a stand-in that counts: the pace, the pause of the realm, the month, and the log."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.quickbooks import standin
from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.settings import CALLS_PER_MINUTE_MAX, Settings
from adapters.quickbooks.standin.conduct import Conduct, Limits, Traffic
from adapters.quickbooks.standin.intuit import Intuit
from connector.clock import SystemClock
from connector.errors import (
    BudgetSpent,
    Conflict,
    MalformedAnswer,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SettingsError,
    Unreachable,
    VendorError,
)
from connector.ports import Pace
from connector.store import Store
from connector.testing.standin import Fault, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import REALM, WORLD, Room, inspect, room_payment
from tests.unit.budget_ground import timed
from tests.unit.quickbooks_ground import KEY
from tests.unit.store_ground import ready

LIMITED = Conduct(limits=Limits())
INTUIT_PER_MINUTE = 500


@dataclass
class Counted:
    """A stand-in that counts by the same clock as the budget; every connection is as good as a process of its own."""

    room: Room
    intuit: Intuit
    store: Store
    clock: FakeClock

    def connect(self, pace: Pace | None = None, **changed: str) -> QuickBooksOnline:
        quick = {"retry_seconds": "0", "connect_seconds": "10", "read_seconds": "10"}
        values = {**self.intuit.settings(parse(WORLD)[0], self.room.server.url), **quick, **changed}
        settings = Settings.parse(values)
        return connect(
            replace(self.room.surroundings(settings), budget=timed(self.store, self.clock, pace or settings))
        )

    def strike(self, shape: str, *, nth: int = 0, method: str = "*", path: str = "/v3/*") -> None:
        self.room.fault(method, path, "answer-before", shape, nth=nth)


@contextmanager
def counted(store: Store) -> Iterator[Counted]:
    clock = FakeClock("2026-03-31T12:00:00Z")
    intuit = standin.build(parse(WORLD), clock=clock, conduct=LIMITED)
    with Server(intuit, inspectors=(inspect,)) as server:
        yield Counted(Room(server, clock), intuit, store, clock)
    assert server.problems == []


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Iterator[Counted]:
    with ready(str(tmp_path / "store.db"), clock) as store, counted(store) as made:
        yield made


@pytest.mark.req("Q2")
def test_four_connections_that_ask_without_end_use_the_pace_and_never_more(bench: Counted) -> None:
    asked_without_end(bench, 250)


@pytest.mark.req("Q2", "F43", "E15")
def test_the_highest_pace_that_can_be_set_is_nine_tenths_of_intuits_and_no_second_or_minute_sees_more(
    bench: Counted,
) -> None:
    seen = asked_without_end(bench, CALLS_PER_MINUTE_MAX)
    assert seen.minute_max == 0.9 * INTUIT_PER_MINUTE
    assert seen.calls / (bench.clock.monotonic() / 60) >= 0.9 * INTUIT_PER_MINUTE


@pytest.mark.req("E15")
def test_unless_a_person_says_otherwise_half_of_what_intuit_allows_is_used_by_four_calls_at_once(
    bench: Counted,
) -> None:
    usual = Settings.parse(bench.intuit.settings(parse(WORLD)[0], bench.room.server.url))
    assert (usual.calls_per_minute, usual.in_flight) == (INTUIT_PER_MINUTE / 2, 4)


def asked_without_end(bench: Counted, per_minute: int) -> Traffic:
    connections = [bench.connect(calls_per_minute=str(per_minute)) for _ in range(4)]
    for turn in range(per_minute + 30):
        connections[turn % 4].company()
    seen = bench.intuit.traffic()
    assert seen.refused == 0
    assert seen.second_max <= 8
    assert seen.minute_max <= 450
    assert seen.minute_max >= per_minute * 0.9
    assert seen.calls / (bench.clock.monotonic() / 60) >= per_minute * 0.9
    return seen


@pytest.mark.long
@pytest.mark.req("Q2")
def test_processes_and_threads_in_real_time_use_the_pace_and_never_more(tmp_path: Path, clock: FakeClock) -> None:
    """Two processes of two threads each, for 75 real seconds, against a stand-in that counts in real time."""
    address, seconds = str(tmp_path / "store.db"), 75
    intuit = standin.build(parse(WORLD), clock=SystemClock(), conduct=LIMITED)
    with ready(address, clock), Server(intuit, inspectors=(inspect,)) as server:
        command = [sys.executable, "-m", "tests.contract.paced_caller", address, server.url, str(seconds)]
        callers = [subprocess.Popen(command) for _ in range(2)]
        assert [caller.wait(timeout=seconds + 60) for caller in callers] == [0, 0]
    seen = intuit.traffic()
    sys.stdout.write(f"{seen.calls} calls, at most {seen.second_max} a second and {seen.minute_max} a minute\n")
    assert seen.refused == 0
    assert seen.second_max <= 8
    assert 250 * 0.9 <= seen.minute_max <= 450


@pytest.mark.parametrize("asked", ["451", "0", "-1", "1000000"])
def test_no_setting_raises_the_pace_above_the_ceiling(bench: Counted, asked: str) -> None:
    with pytest.raises(SettingsError, match="calls_per_minute is wrong"):
        bench.connect(calls_per_minute=asked)


THROTTLES = [
    "throttle-json",
    "throttle-padded",
    "throttle-xml",
    "throttle-xml-403",
    "throttle-empty",
    "throttle-in-200",
]


@pytest.mark.req("Q3", "F43")
@pytest.mark.parametrize("shape", THROTTLES)
def test_a_throttle_of_any_shape_holds_back_every_connection_of_the_company_for_a_minute(
    bench: Counted, shape: str
) -> None:
    one, other = bench.connect(), bench.connect()
    bench.strike(shape, nth=1)
    with pytest.raises(RateLimited) as caught:
        one.company()
    assert caught.value.retry_after_seconds == 60
    at = bench.clock.monotonic()
    other.company()
    assert bench.clock.monotonic() - at >= 60
    one.company()
    assert bench.clock.monotonic() - at < 62


@pytest.mark.req("Q3")
def test_a_throttle_in_the_middle_of_a_sync_is_waited_out_and_the_sync_goes_on(bench: Counted) -> None:
    books = bench.connect(retry_seconds="120")
    bench.strike("throttle-xml", nth=2)
    assert len(books.pull("account", None).records) > 0
    assert 60 <= bench.clock.monotonic() < 62


@pytest.mark.req("Q3")
def test_throttled_for_an_hour_it_is_reported_as_a_plan_limit_or_a_block(bench: Counted) -> None:
    bench.strike("throttle-json")
    heard: list[VendorError] = []
    while bench.clock.monotonic() <= 3700:
        with pytest.raises(VendorError) as caught:
            bench.connect().company()
        heard.append(caught.value)
    assert [type(error) for error in heard[:60]] == [RateLimited] * 60
    assert isinstance(heard[-1], BudgetSpent)
    assert "plan limit or a block" in heard[-1].sentence
    assert "developer portal" in heard[-1].next_step


def test_a_throttled_write_is_never_taken_for_unsent_however_long_it_goes_on(bench: Counted) -> None:
    books = bench.connect()
    intent = room_payment(books)
    bench.strike("throttle-json", method="POST")
    for _ in range(63):
        with pytest.raises(RateLimited):
            books.post(intent, KEY)
    assert bench.clock.monotonic() > 3600


def test_one_answer_ends_the_hour(bench: Counted) -> None:
    for _ in range(2):
        bench.strike("throttle-json", nth=1)
        with pytest.raises(RateLimited):
            bench.connect().company()
        bench.clock.pass_seconds(2000)
        bench.connect().company()
    bench.strike("throttle-json", nth=1)
    with pytest.raises(RateLimited):
        bench.connect().company()


def test_the_months_reads_are_counted_as_intuit_counts_them_and_none_is_made_beyond(bench: Counted) -> None:
    books = bench.connect(monthly_calls="20")
    intent = room_payment(books)
    assert books.post(intent, KEY).amount == intent.total
    before = bench.intuit.traffic().metered
    for _ in range(20 - before):
        bench.connect(monthly_calls="20").company()
    with pytest.raises(BudgetSpent, match="20 reads of The Books that this connection may make in 2026-03") as caught:
        books.company()
    assert bench.intuit.traffic().metered == 20
    assert "2026-04-01" in caught.value.next_step
    calls = bench.intuit.traffic().calls
    with pytest.raises(BudgetSpent):
        books.pull("invoice", None)
    assert bench.intuit.traffic().calls == calls
    assert bench.connect(monthly_calls="0").company()


SHAPES: dict[str, tuple[type[VendorError], type[VendorError]]] = {
    "throttle-json": (RateLimited, RateLimited),
    "throttle-padded": (RateLimited, RateLimited),
    "throttle-xml": (RateLimited, RateLimited),
    "throttle-xml-403": (RateLimited, RateLimited),
    "throttle-empty": (RateLimited, RateLimited),
    "throttle-in-200": (RateLimited, RateLimited),
    "expired": (NeedsReconnect, NeedsReconnect),
    "forbidden": (NeedsReconnect, NeedsReconnect),
    "stale": (Conflict, Conflict),
    "stale-in-200": (Conflict, Conflict),
    "closed-as-stale": (Rejected, Rejected),
    "closed": (Rejected, Rejected),
    "gone": (NotFound, NotFound),
    "suspended": (Rejected, Rejected),
    "two-faults": (Rejected, Rejected),
    "invalid-grant": (Rejected, Rejected),
    "invalid-client": (NeedsReconnect, NeedsReconnect),
    "fault-in-200": (Unreachable, OutcomeUnknown),
    "fault-without-code": (Unreachable, OutcomeUnknown),
    "system": (Unreachable, OutcomeUnknown),
    "html-502": (Unreachable, OutcomeUnknown),
    "html-503": (Unreachable, OutcomeUnknown),
    "empty-500": (Unreachable, OutcomeUnknown),
    "empty-504": (Unreachable, OutcomeUnknown),
    "html-in-200": (MalformedAnswer, OutcomeUnknown),
    "empty-200": (MalformedAnswer, OutcomeUnknown),
}


def test_every_shape_of_the_stand_in_has_its_row_here() -> None:
    assert set(SHAPES) == set(standin.shapes.SHAPES)


@pytest.mark.req("Q4")
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_fault_becomes_its_error_on_the_whole_way_through(bench: Counted, shape: str) -> None:
    books = bench.connect()
    intent = room_payment(books)
    read, write = SHAPES[shape]
    bench.strike(shape, method="GET", path="*/companyinfo/*")
    bench.strike(shape, method="POST")
    attempts: tuple[tuple[Callable[[], object], type[VendorError]], ...] = (
        (books.company, read),
        (lambda: books.post(intent, KEY), write),
    )
    for attempt, expected in attempts:
        with pytest.raises(VendorError) as caught:
            attempt()
        assert type(caught.value) is expected
        assert caught.value.trace.startswith("1-standin-"), "support asks for Intuit's own name of the call"


@pytest.mark.req("Q5")
def test_every_line_of_a_call_names_it_as_intuit_and_as_we_do_and_says_no_secret(
    bench: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        books = bench.connect(retry_seconds="120")
        intent = room_payment(books)
        bench.strike("throttle-xml", nth=1, method="GET")
        bench.strike("system", nth=2, method="POST")
        books.post(intent, KEY)
        bench.intuit.expire()
        books.company()
        with pytest.raises(OutcomeUnknown):
            books.post(intent, KEY)
        bench.room.fault("POST", "/v3/*", "drop-after", nth=1)
        with pytest.raises(OutcomeUnknown):
            books.post(intent, KEY)
    calls = [vars(record) for record in caplog.records if record.name == "receivables.http"]
    assert {line["status"] for line in calls} >= {0, 200, 401, 429, 500}
    assert all(line["trace"] for line in calls if line["status"]), "an answer without intuit_tid"
    writes = [line for line in calls if line["path"].endswith("/payment") and line["method"] == "POST"]
    assert len(writes) == 3
    assert {line["key"] for line in writes} == {KEY.text}
    said = "\n".join(f"{vars(record)} {record.getMessage()}" for record in caplog.records)
    pair = bench.room.tokens.pair
    assert pair is not None
    for secret in (pair.access, pair.refresh, f"access-{REALM}-1", f"refresh-{REALM}-1", "standin-secret", "Bearer "):
        assert secret not in said
    for body in ("ap@acme.example", "Acme North", "TotalAmt", "receivables op=", "Harbor Supply"):
        assert body not in said


def test_a_server_that_answers_too_late_costs_the_time_limit_and_no_more(bench: Counted) -> None:
    bench.room.server.add_faults(Fault(method="*", path="/v3/*", nth=0, kind="slow-answer", argument="3"))
    books = bench.connect(read_seconds="0.2")
    with pytest.raises(Unreachable):
        books.company()
