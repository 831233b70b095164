"""Many companies, few workers, and a clock that jumps: whose turn begins how late, by the rows that decide it.

Turns are the real rows of a real store; only what a turn does is replaced by how long it takes, and the database's
clock by one that is set. So a day of thousands of companies passes as fast as its rows can be written.
"""

from __future__ import annotations

import heapq
import random
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from sqlalchemy import event

from connector.model.source import CompanyId
from connector.runtime import SLICE_SECONDS
from connector.runtime.loop import LEASE_SECONDS, Loop
from connector.store import Store
from connector.store.due import Claim
from tests.clocks import FakeClock

BEGAN_MS = 1_800_000_000_000


class SetTime:
    """The clock of one SQLite database: milliseconds since 1970."""

    def __init__(self) -> None:
        self.ms = BEGAN_MS

    def set_clock_of(self, store: Store) -> None:
        """From its next connection on."""

        @event.listens_for(store._database.engine, "connect")
        def told(driver: Any, _record: object) -> None:
            driver.create_function("strftime", 2, self._said, deterministic=True)  # the same within a statement

        store._database.engine.dispose()

    def _said(self, wanted: str, _when: str) -> str:
        seconds, rest = divmod(self.ms, 1000)
        return str(seconds) if wanted == "%s" else f"{seconds % 60:02}.{rest:03}"


@dataclass(kw_only=True)
class Crowd:
    """What is simulated: turns of so many companies, by workers of so many threads each. All are due when it begins, as
    when a daemon begins."""

    companies: int
    hours: float
    workers: int = 4
    threads: int = 16
    every_seconds: int = 300
    turn_seconds: Callable[[random.Random], float]
    """How long a turn takes. Each turn of a company takes as long in every day that is lived."""
    backfill_slices: int = 0
    """So many whole slices has one company to read before it is like the others."""


@dataclass(kw_only=True)
class Waits:
    """How late turns began, in milliseconds, for each company in order; `slices` are those of whoever reads all."""

    late: list[array[int]]
    slices: int = 0
    cpu_seconds: float = 0

    @property
    def sorted(self) -> list[int]:
        return sorted(each for company in self.late for each in company)

    def worst_delay_beside(self, alone: Waits) -> int:
        """By how many milliseconds more than in the other day the same turn of a company began late, at most. Of who
        reads everything, nothing is said."""
        return max(
            mine - other
            for ours, theirs in zip(self.late[1:], alone.late[1:], strict=True)
            for mine, other in zip(ours, theirs, strict=False)
        )


def lived(store: Store, time: SetTime, crowd: Crowd) -> Waits:
    """All turns of so many hours, as the loop itself looks for them."""
    began = process_time()
    names = [CompanyId(f"c{number:05}") for number in range(crowd.companies)]
    for name in names:
        store.wake(name, "the daemon began")
    chances = {name: random.Random(name) for name in names}  # noqa: S311 - a seed, so that it can be repeated
    late = {name: array("l") for name in names}
    waits, ends = Waits(late=list(late.values())), time.ms + int(crowd.hours * 3_600_000)
    workers = [
        Loop(store=store, owner=f"worker:{number}", lease_seconds=LEASE_SECONDS * 10) for number in range(crowd.workers)
    ]
    # As in the loop, one thread of a worker looks for all; the workers take it in turns.
    idle = deque(workers * crowd.threads)
    under_way: list[tuple[int, CompanyId, Loop, Claim, int]] = []
    look_at = time.ms
    while time.ms < ends:
        while under_way and under_way[0][0] <= time.ms:
            _, _, worker, claim, again = heapq.heappop(under_way)
            store.done(claim, in_ms=again)
            idle.append(worker)
        while idle and time.ms >= look_at:
            found, pause = idle[0].look()
            if found is None:
                look_at = time.ms + max(1, int(pause * 1000))
                break
            reading = found.company == names[0] and waits.slices < crowd.backfill_slices
            waits.slices += reading
            late[found.company].append(found.late_ms)
            seconds = SLICE_SECONDS if reading else crowd.turn_seconds(chances[found.company])
            again = 0 if reading and waits.slices < crowd.backfill_slices else crowd.every_seconds * 1000
            heapq.heappush(under_way, (time.ms + int(seconds * 1000), found.company, idle.popleft(), found, again))
        coming = [under_way[0][0]] if under_way else []
        if idle:
            coming.append(max(look_at, time.ms))
        time.ms = min(coming)
    waits.cpu_seconds = process_time() - began
    return waits


def opened(path: Path) -> tuple[Store, SetTime]:
    """A store whose clock is set."""
    store, time = Store.open(path, FakeClock()), SetTime()
    time.set_clock_of(store)
    return store, time
