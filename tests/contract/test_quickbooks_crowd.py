"""However many processes and threads ask at once, no more than ten calls of a company are ever under way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.quickbooks import standin
from adapters.quickbooks.standin.conduct import Conduct, Limits
from adapters.quickbooks.standin.intuit import Intuit
from connector.clock import SystemClock
from connector.model.source import ConnectionId
from connector.store import Store
from connector.store.budget import Spender
from connector.store.owners import this_process
from connector.store.slots import KEPT_SECONDS, SHARE, SLOTS
from connector.testing.standin import Fault, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import REALM, WORLD, inspect
from tests.contract.test_quickbooks_limits import Counted, counted
from tests.unit.budget_ground import OurPace, timed
from tests.unit.store_ground import ACME, BOOKS, ready, statements

HURRIED = OurPace(calls_per_minute=60_000, calls_burst=1000)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


def callers(address: str, server: Server, number: int, calls: int) -> list[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.contract.paced_caller", address, server.url, str(calls), "crowd"]
    return [subprocess.Popen(command) for _ in range(number)]


def slow_intuit(clock: SystemClock) -> tuple[Intuit, Server]:
    intuit = standin.build(parse(WORLD), clock=clock, conduct=Conduct(limits=Limits(per_second=10_000)))
    server = Server(intuit, inspectors=(inspect,))
    server.add_faults(Fault(method="GET", path=f"/v3/company/{REALM}/*", nth=0, kind="slow-answer", argument="0.15"))
    return intuit, server


@pytest.mark.req("F43")
def test_four_processes_of_six_threads_never_have_more_than_ten_calls_under_way(store: Store, address: str) -> None:
    intuit, server = slow_intuit(SystemClock())
    with server:
        assert [each.wait(60) for each in callers(address, server, 4, 4)] == [0] * 4
    seen = intuit.traffic()
    assert (seen.calls, seen.refused) == (4 * 6 * 4, 0)
    assert SHARE < seen.flight_max <= SLOTS == 10
    assert store.budget(ACME, BOOKS, HURRIED, "QuickBooks").burst == HURRIED.calls_burst, "the pace held nobody back"


def test_the_slots_of_a_killed_process_come_free(store: Store, address: str) -> None:
    intuit, server = slow_intuit(SystemClock())
    with server:
        killed = callers(address, server, 3, 10_000)
        while intuit.traffic().flight_max < SLOTS:
            SystemClock().sleep(0.02)
        assert intuit.traffic().flight_max == SLOTS
        # From here on calls of the dead may still be under way at the other end, which nobody here can count.
        for each in killed:
            os.kill(each.pid, signal.SIGKILL)
            each.wait(10)
        before = intuit.traffic().calls
        assert callers(address, server, 1, 4)[0].wait(60) == 0
        assert intuit.traffic().calls >= before + 24


def test_one_process_has_four_calls_under_way_and_no_more(store: Store, address: str) -> None:
    intuit, server = slow_intuit(SystemClock())
    with server:
        assert callers(address, server, 1, 4)[0].wait(60) == 0
    assert intuit.traffic().flight_max == SHARE == 4


def test_a_call_costs_no_statement_for_its_slot_but_the_first_and_one_now_and_then(
    store: Store, clock: FakeClock
) -> None:
    slots = store.room(Spender(ACME, BOOKS, "The Books")).slots
    with slots.one():
        pass
    with statements(store) as heard:
        for _ in range(100):
            with slots.one() as slot:
                slots.still(slot)
    assert heard == []
    clock.pass_seconds(KEPT_SECONDS + 1)
    with statements(store) as heard, slots.one():
        pass
    assert 1 <= len(heard) <= 3, "given back, and another one taken, so that others come to theirs"


def test_two_connections_to_one_account_share_its_slots_its_pace_and_its_pause(store: Store, clock: FakeClock) -> None:
    one, other = (timed(store, clock, OurPace(calls_per_minute=60, calls_burst=1)) for _ in range(2))
    with one.flight(), other.flight():
        assert clock.slept == pytest.approx([1.0], abs=5e-3)
    assert store.room(Spender(ACME, BOOKS, "x")).slots is store.room(Spender(ACME, BOOKS, "y")).slots


def test_nobody_works_in_a_slot_whose_lease_another_took_meanwhile(store: Store) -> None:
    """A computer that slept longer than its lease finds its slot in other hands, and takes another one."""
    slots = store.room(Spender(ACME, BOOKS, "The Books")).slots
    with slots.one() as slot:
        first = slot.lease
        store.release(first)
        other = store.acquire(ACME, first.name, "another:1", 60)
        assert other is not None
        slot.since_seconds -= KEPT_SECONDS + 1
        slots.still(slot)
        assert slot.lease.name != first.name
        assert store.holder(ACME, slot.lease.name) == this_process()
        assert store.holder(ACME, first.name) == "another:1"


def test_a_store_that_is_closed_gives_its_slots_back(address: str, store: Store, clock: FakeClock) -> None:
    with Store.open(address, clock) as second:
        with second.budget(ACME, BOOKS, HURRIED, "QuickBooks").flight():
            assert store.holder(ACME, f"slot 1 of {BOOKS}") == this_process()
        assert store.holder(ACME, f"slot 1 of {BOOKS}") == this_process(), "kept for the next call"
    assert store.holder(ACME, f"slot 1 of {BOOKS}") is None


def test_accounts_have_slots_of_their_own(store: Store) -> None:
    with (
        store.room(Spender(ACME, BOOKS, "x")).slots.one(1),
        store.room(Spender(ACME, ConnectionId("y"), "y")).slots.one(1),
    ):
        assert store.holder(ACME, "slot 1 of y") == this_process()


@pytest.fixture
def bench(store: Store) -> Iterator[Counted]:
    with counted(store) as made:
        yield made


@pytest.mark.long
def test_at_a_pace_as_high_as_intuits_limit_nine_tenths_of_it_are_used_and_nothing_is_refused(bench: Counted) -> None:
    """No setting allows that pace; it shows that the budget wastes nothing and that the limiter counts as ours does."""
    every = OurPace(calls_per_minute=500, calls_burst=1)
    connections = [bench.connect(every) for _ in range(4)]
    for turn in range(1500):
        connections[turn % 4].company()
    seen = bench.intuit.traffic()
    assert (seen.calls, seen.refused) == (1500, 0)
    assert 450 <= seen.minute_max <= 500
    assert seen.calls / (bench.clock.monotonic() / 60) >= 450
