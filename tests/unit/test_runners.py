"""The port of a runner: the same for the embedded loop and for the cluster's dispatcher, on both databases."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.model.source import CompanyId
from connector.runtime import Runner, Ticked
from connector.runtime.cluster import Dispatcher
from connector.runtime.loop import Loop
from connector.store import Store
from tests.clocks import FakeClock
from tests.databases import own_schema
from tests.unit.store_ground import ready

COMPANIES = [CompanyId(f"c{number:02}") for number in range(6)]
SECONDS_MAX = 60


class Ground:
    """A store, and runners over it as processes have them."""

    def __init__(self, kind: str, store: Store, url: str) -> None:
        self.kind = kind
        self.store = store
        self.url = url

    def runner(self, owner: str = "here:1", *, workers: int = 3) -> Runner:
        loop = Loop(store=self.store, owner=owner, workers=workers)
        return (
            loop if self.kind == "loop" else Dispatcher(loop=loop, url=self.url, clock=SystemClock(), workers=workers)
        )


@pytest.fixture(
    params=[
        "loop-sqlite",
        "loop-postgresql",
        pytest.param("dbos-sqlite", marks=pytest.mark.gate),
        pytest.param("dbos-postgresql", marks=pytest.mark.gate),
    ]
)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    kind, database = request.param.split("-")
    if database == "sqlite":
        address, url = str(tmp_path / "store.db"), f"sqlite:///{tmp_path / 'turns.db'}"
    else:
        postgres = request.getfixturevalue("postgres")
        address = own_schema(postgres)
        url = str(postgres)
    with ready(address, FakeClock()) as store:
        yield Ground(kind, store, url)


class Turns:
    """Counts turns, and whether two of one company were ever under way at once."""

    def __init__(self, stop: threading.Event, each: int) -> None:
        self.calls: Counter[CompanyId] = Counter()
        self.both = 0
        self._under_way: set[CompanyId] = set()
        self._stop, self._each = stop, each

    def __call__(self, company: CompanyId, _seconds: float, _hold: object) -> Ticked:
        self.both += company in self._under_way
        self._under_way.add(company)
        time.sleep(0.01)
        self.calls[company] += 1
        if all(self.calls[one] >= self._each for one in COMPANIES):
            self._stop.set()
        self._under_way.discard(company)
        return Ticked(again_in_seconds=0)


def run(runner: Runner, turns: Turns, stop: threading.Event) -> None:
    threading.Timer(SECONDS_MAX, stop.set).start()
    runner.run(turns, stop)


@pytest.mark.req("E2")
def test_every_company_has_turns_again_and_again_and_one_at_a_time(ground: Ground) -> None:
    stop = threading.Event()
    turns, runner = Turns(stop, 2), ground.runner()
    for company in COMPANIES:
        runner.wake(company, reason="begin")
    run(runner, turns, stop)
    assert set(turns.calls) == set(COMPANIES)
    assert min(turns.calls.values()) >= 2
    assert turns.both == 0
    assert runner.status().workers == ()
