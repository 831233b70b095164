"""Stripe's limits, held against a stand-in that counts: the pace, each operation, what is under way, one write each."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.stripe.calls import operation
from adapters.stripe.client import Stripe, connect
from adapters.stripe.standin.conduct import Conduct, Limits
from connector.app.turns import StoreTurns
from connector.clock import SystemClock
from connector.model.source import ConnectionId, OpId
from connector.ports import Pace, RateBudget, Turns
from connector.store import Store
from connector.testing.standin import Call, Fault
from tests.clocks import FakeClock
from tests.contract.stripe_writer import leave_notes
from tests.contract.test_stripe_against_standin import WORLD
from tests.stripe_desk import Desk, open_desk
from tests.stripe_rig import CONNECTION, Scripted, listed, surrounded
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.budget_ground import timed
from tests.unit.store_ground import ACME, ready
from tests.unit.stripe_ground import ok, serving

LISTS = ("customers", "invoices", "charges", "refunds", "disputes", "payouts", "payment_intents", "events")


class TimedTurns(OpenTurns):
    """Lanes whose time is the test's."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        super().__init__()
        self._store = store
        self._clock = clock

    def lane(self, name: str, pace: Pace) -> RateBudget:  # type: ignore[override]
        return timed(self._store, self._clock, pace, connection=ConnectionId(f"{CONNECTION} {name}"))


@dataclass
class Counted:
    """A stand-in that counts by the same clock as the budgets; every connection is as good as a process of its own."""

    desk: Desk
    store: Store

    def connect(self, **settings: str) -> Stripe:
        clock = self.desk.clock
        around = surrounded(self.desk.server.url, clock, budget=OpenBudget(), mirror=Held(), **settings)
        assert isinstance(around.settings, Pace)
        budget = timed(self.store, clock, around.settings, connection=CONNECTION)
        return connect(replace(around, budget=budget, turns=TimedTurns(self.store, clock)))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Counted]:
    with open_desk(WORLD) as desk, ready(str(tmp_path / "store.db"), desk.clock) as store:
        desk.stand_in.conduct = Conduct(limits=Limits(per_account=100, per_endpoint=20))
        yield Counted(desk, store)


def ask(bench: Counted, times: int, lists: tuple[str, ...], **settings: str) -> float:
    """Ask without end from four connections; the calls a second that were made of it."""
    connections = [bench.connect(**settings) for _ in range(4)]
    began = bench.desk.clock.monotonic()
    for turn in range(times):
        name = lists[turn % len(lists)]
        connections[turn % 4]._calls.read(f"/v1/{name}", {} if "/" in name else {"limit": 1}, bytes)
    return times / (bench.desk.clock.monotonic() - began)


@pytest.mark.req("S3")
@pytest.mark.parametrize(("live", "per_second"), [(True, 10), (False, 5)], ids=["live", "test"])
def test_four_connections_as_they_come_use_the_pace_and_no_second_sees_more(
    bench: Counted,
    live: bool,  # noqa: FBT001  a row of the table
    per_second: int,
) -> None:
    key = bench.desk.stand_in.issue("acct_harbor", live=live)
    used = ask(bench, 40, ("customers",), api_key=key)
    seen = bench.desk.stand_in.traffic("acct_harbor")
    assert seen.refused == 0
    assert seen.second_max == per_second
    assert used >= per_second * 0.9


@pytest.mark.req("S3")
def test_no_operation_is_called_more_than_20_times_a_second_however_fast_the_account_may_be(bench: Counted) -> None:
    key = bench.desk.stand_in.issue("acct_harbor", live=True)
    used = ask(bench, 50, ("customers",), api_key=key, calls_per_second="100")
    seen = bench.desk.stand_in.traffic("acct_harbor")
    assert seen.refused == 0
    assert seen.endpoint_max == {"GET /v1/customers": 20}
    assert used >= 18


@pytest.mark.req("S3")
def test_several_operations_together_use_the_pace_of_the_account_and_each_keeps_its_own(bench: Counted) -> None:
    key = bench.desk.stand_in.issue("acct_harbor", live=True)
    used = ask(bench, 160, LISTS, api_key=key, calls_per_second="100")
    seen = bench.desk.stand_in.traffic("acct_harbor")
    assert seen.refused == 0
    assert seen.second_max <= 100
    assert max(seen.endpoint_max.values()) <= 20
    assert used >= 90


@pytest.mark.req("S3")
def test_reads_of_different_records_are_one_operation(bench: Counted) -> None:
    key = bench.desk.stand_in.issue("acct_harbor", live=True)
    ask(bench, 40, ("customers/cus_acme", "customers/cus_bolt"), api_key=key, calls_per_second="100")
    assert bench.desk.stand_in.traffic("acct_harbor").endpoint_max == {"GET /v1/customers/{id}": 20}


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", "/v1/customers", "GET v1/customers"),
        ("GET", "/v1/customers/cus_1", "GET v1/customers/{id}"),
        ("POST", "/v1/customers/cus_1", "POST v1/customers/{id}"),
        ("GET", "/v1/customers/cus_1/cash_balance_transactions", "GET v1/customers/{id}/cash_balance_transactions"),
        ("POST", "/v1/checkout/sessions/cs_1/expire", "POST v1/checkout/sessions/{id}/expire"),
        ("GET", "/v1/payment_records/pr_1", "GET v1/payment_records/{id}"),
        ("GET", "/v2/core/events", "GET v2/core/events"),
    ],
)
def test_an_operation_is_its_address_without_the_record(method: str, path: str, named: str) -> None:
    assert operation(method, path) == named


class Watched(Scripted):
    """Counts how many requests are under way at once."""

    def __init__(self) -> None:
        super().__init__({"GET /v1/customers": [ok(listed())]})
        self.now = 0
        self.most = 0

    def entered(self, call: Call) -> None:
        self.now += call.method == "GET"
        self.most = max(self.most, self.now)

    def left(self, call: Call) -> None:
        self.now -= call.method == "GET"


@pytest.mark.parametrize(("said", "most"), [({}, 4), ({"in_flight": "2"}, 2)], ids=["as it comes", "two"])
def test_no_more_are_under_way_at_once_than_was_said_however_many_threads_ask(said: dict[str, str], most: int) -> None:
    vendor = Watched()
    slow = Fault(method="GET", path="*", nth=0, kind="slow", argument="0.1")
    with serving(SystemClock()) as start:
        adapter, _, server = start({}, slow, vendor=vendor, **said)
        with ThreadPoolExecutor(10) as pool:
            asked = [pool.submit(adapter._calls.beside().read, "/v1/customers", {"limit": 1}, bytes) for _ in range(10)]
            bodies = [one.result() for one in asked]
    assert len(bodies) == len(server.calls) == 10
    assert vendor.most == most


# One write at a time to one customer


@contextmanager
def written_to(tmp_path: Path, slow: str = "0.03") -> Iterator[tuple[Desk, Store]]:
    with open_desk(WORLD) as desk, ready(str(tmp_path / "store.db"), SystemClock()) as store:
        desk.server.add_faults(Fault(method="POST", path="*", nth=0, kind="slow", argument=slow))
        yield desk, store


KEYS = [OpId(f"OPOP{number:0>16}") for number in range(8)]


@pytest.mark.req("S3")
def test_threads_that_write_to_one_customer_do_so_one_after_the_other(tmp_path: Path) -> None:
    with written_to(tmp_path) as (desk, store):
        leave_notes(StoreTurns(store, SystemClock(), ACME, CONNECTION, "Stripe"), desk.server.url, "cus_acme", KEYS)
        seen = desk.stand_in.traffic("acct_harbor")
        assert (seen.writes_max, seen.locked) == ({"cus_acme": 1}, 0)
        assert [call[0] for call in desk.server.calls].count("POST") == 8


def test_without_turns_they_would_write_at_once(tmp_path: Path) -> None:
    with written_to(tmp_path, "0.3") as (desk, _):
        leave_notes(OpenTurns(), desk.server.url, "cus_bolt", KEYS[7:], FakeClock())  # the judges' first look is slow
        leave_notes(OpenTurns(), desk.server.url, "cus_acme", KEYS[:2], FakeClock())
        assert desk.stand_in.traffic("acct_harbor").writes_max["cus_acme"] == 2


@pytest.mark.req("S3")
def test_processes_that_write_to_one_customer_do_so_one_after_the_other(tmp_path: Path) -> None:
    with written_to(tmp_path) as (desk, _):
        places = [str(tmp_path / "store.db"), desk.server.url, "cus_acme"]
        command = [sys.executable, "-m", "tests.contract.stripe_writer", *places]
        writers = [subprocess.Popen([*command, name, "6"]) for name in ("ONEE", "TWOO")]
        assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
        seen = desk.stand_in.traffic("acct_harbor")
        assert (seen.writes_max, seen.locked) == ({"cus_acme": 1}, 0)
        assert [call[0] for call in desk.server.calls].count("POST") == 12


def test_writes_to_two_customers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    inside = threading.Barrier(2, timeout=10)
    with ready(str(tmp_path / "store.db"), SystemClock()) as store, ThreadPoolExecutor(2) as pool:
        turns: Turns = StoreTurns(store, SystemClock(), ACME, CONNECTION, "Stripe")

        def meet(name: str) -> int:
            with turns.turn(name, seconds=60):
                return inside.wait()

        assert sorted(pool.map(meet, ["cus_acme", "cus_bolt"])) == [0, 1]
