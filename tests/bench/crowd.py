"""Many companies, few workers, and a clock that jumps: whose turn begins how late, by the rows that decide it.

Turns are the real rows of a real store; only what a turn does is replaced by how long it takes, and the database's
clock by one that is set. So a day of thousands of companies passes as fast as its rows can be written.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event

from connector.model.source import CompanyId
from connector.runtime import SLICE_SECONDS
from connector.runtime.loop import LEASE_SECONDS, POLL_SECONDS
from connector.store import Store
from connector.store.due import Claim
from tests.clocks import FakeClock

BEGAN_MS = 1_800_000_000_000
POLL_MS = int(POLL_SECONDS * 1000)


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
    """What is simulated: turns of so many companies, by workers of so many threads each."""

    companies: int
    hours: float
    workers: int = 4
    threads: int = 16
    every_seconds: int = 300
    turn_seconds: Callable[[random.Random], float]
    backfill_slices: int = 0
    """So many whole slices has one company to read before it is like the others."""
    seed: int = 1


@dataclass(kw_only=True)
class Waits:
    """How late turns began, in seconds; of the company that reads everything, apart."""

    late: list[float] = field(default_factory=list)
    backfill: list[float] = field(default_factory=list)

    def share_within(self, seconds: float) -> float:
        return sum(each <= seconds for each in self.late) / len(self.late)

    @property
    def latest(self) -> float:
        return max(self.late)


def lived(store: Store, time: SetTime, crowd: Crowd) -> Waits:
    """All turns of so many hours. Everybody's first turn is due somewhere in the first interval."""
    chance = random.Random(crowd.seed)  # noqa: S311 - a seed, so that it can be repeated
    names = [CompanyId(f"c{number:05}") for number in range(crowd.companies)]
    huge, left = names[0], crowd.backfill_slices
    for name in names:
        store.wake(name, "begin", in_ms=chance.randrange(crowd.every_seconds * 1000))
    waits, ends = Waits(), BEGAN_MS + int(crowd.hours * 3_600_000)
    # As in the loop, one looks for all: whoever has no turn waits until there is one.
    idle = [f"worker-{number}:{thread}" for number in range(crowd.workers) for thread in range(crowd.threads)]
    under_way: list[tuple[int, str, Claim, int]] = []
    while time.ms < ends:
        while under_way and under_way[0][0] <= time.ms:
            _, owner, claim, again = heapq.heappop(under_way)
            store.done(claim, in_ms=again)
            idle.append(owner)
        while idle and (found := store.claim(idle[-1], LEASE_SECONDS * 10)) is not None:
            reading = found.company == huge and left > 0
            (waits.backfill if reading else waits.late).append(found.late_ms / 1000)
            seconds = SLICE_SECONDS if reading else crowd.turn_seconds(chance)
            left -= reading
            again = 0 if reading and left else crowd.every_seconds * 1000
            heapq.heappush(under_way, (time.ms + int(seconds * 1000), idle.pop(), found, again))
        coming = [under_way[0][0]] if under_way else []
        if idle:
            pause = store.queue().next_ms
            coming.append(time.ms + (POLL_MS if pause is None else min(max(pause, 1), POLL_MS)))
        time.ms = min(coming)
    return waits


def opened(path: Path) -> tuple[Store, SetTime]:
    """A store whose clock is set."""
    store, time = Store.open(path, FakeClock()), SetTime()
    time.set_clock_of(store)
    return store, time
