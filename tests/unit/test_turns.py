"""connector.app.turns: one at a time among threads and processes, and what becomes of whoever dies in his turn."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.app.turns import WAIT_SECONDS, StoreTurns
from connector.clock import SystemClock
from connector.errors import Retry, Unreachable
from connector.model.source import ConnectionId
from connector.store import Store
from connector.store.budget import SharedBudget
from tests.clocks import FakeClock
from tests.unit.budget_ground import OurPace
from tests.unit.store_ground import ACME, BOOKS, STRIPE, ready


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    with ready(str(tmp_path / "store.db"), clock) as opened:
        yield opened


def turns(store: Store, clock: FakeClock | None = None, connection: ConnectionId = STRIPE) -> StoreTurns:
    return StoreTurns(store, clock or FakeClock(), ACME, connection, "The Vendor")


def test_a_turn_may_be_taken_again_once_it_is_given_back(store: Store) -> None:
    mine = turns(store)
    for _ in range(3):
        with mine.turn("cus_1", seconds=60):
            pass


def test_a_turn_is_given_back_by_whoever_fails_in_it(store: Store) -> None:
    mine = turns(store)
    with pytest.raises(ZeroDivisionError), mine.turn("cus_1", seconds=60):
        raise ZeroDivisionError
    with mine.turn("cus_1", seconds=60):
        assert store.holder(ACME, "turn:stripe:cus_1") is not None
    assert store.holder(ACME, "turn:stripe:cus_1") is None


def test_what_another_holds_is_waited_for_and_then_told_as_nothing_sent(store: Store) -> None:
    clock = FakeClock()
    with turns(store).turn("cus_1", seconds=600):
        with pytest.raises(Unreachable) as caught, turns(store, clock).turn("cus_1", seconds=600):
            raise AssertionError("both had the turn")
        assert sum(clock.slept) == pytest.approx(WAIT_SECONDS, abs=0.1)
    assert caught.value.retry is Retry.SAFE
    assert "nothing was sent" in caught.value.sentence


def test_turns_of_other_names_and_other_connections_are_free(store: Store) -> None:
    with (
        turns(store).turn("cus_1", seconds=60),
        turns(store).turn("cus_2", seconds=60),
        turns(store, connection=BOOKS).turn("cus_1", seconds=60),
    ):
        assert store.holder(ACME, "turn:quickbooks:cus_1") is not None


def test_the_turn_of_a_process_that_died_is_taken_at_once(store: Store) -> None:
    clock = FakeClock()
    dead = _of_a_dead_process()
    assert store.acquire(ACME, "turn:stripe:cus_1", dead, 600) is not None
    with turns(store, clock).turn("cus_1", seconds=60):
        assert clock.slept == []


def _of_a_dead_process() -> str:
    """The name of an owner on this computer whose process has ended."""
    naming = "from connector.store.owners import this_process; print(this_process())"
    return subprocess.run([sys.executable, "-c", naming], capture_output=True, text=True, check=True).stdout.strip()


def test_many_threads_of_one_process_never_have_the_same_turn_together(store: Store) -> None:
    mine, inside, most = StoreTurns(store, SystemClock(), ACME, STRIPE, "The Vendor"), [0], [0]
    look = threading.Lock()

    def go(_: int) -> None:
        with mine.turn("cus_1", seconds=60):
            with look:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            with look:
                inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(go, range(40)))
    assert most == [1]


def test_a_lane_is_a_budget_of_its_own_that_all_processes_share(store: Store, clock: FakeClock) -> None:
    once_a_minute = OurPace(calls_per_minute=1, calls_burst=1)
    lane = turns(store).lane("GET v1/customers", once_a_minute)
    assert isinstance(lane, SharedBudget)
    lane.take()
    turns(store).lane("GET v1/invoices", once_a_minute).take()
    store.budget(ACME, STRIPE, once_a_minute, "The Vendor").take()
    assert clock.slept == []
    turns(store).lane("GET v1/customers", once_a_minute).take()
    assert [round(seconds, -1) for seconds in clock.slept] == [60]
