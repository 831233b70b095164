"""Turns between all threads and processes of this installation, over the store's leases.

Threads of one process wait for each other at a lock; only the one that has it asks the store, so that nobody asks it
over and over but where two processes want the same turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connector.clock import Clock
from connector.errors import Unreachable
from connector.model.source import CompanyId, ConnectionId
from connector.ports import Pace, RateBudget
from connector.store import Lease, Store
from connector.store.owners import is_dead, this_process

WAIT_SECONDS = 60.0
"""A turn that does not come within that time is not waited for."""

LOOK_SECONDS = 0.05
LOOK_SECONDS_MAX = 0.8
"""How often another process's turn is looked at: soon at first, for most turns are one call; then less and less."""


class StoreTurns:
    """`ports.Turns` of one connection. `title` is the vendor's name in sentences."""

    def __init__(self, store: Store, clock: Clock, company: CompanyId, connection: ConnectionId, title: str) -> None:
        self._store = store
        self._clock = clock
        self._company = company
        self._connection = connection
        self._title = title
        self._guard = threading.Lock()
        self._queues: dict[str, _Queue] = {}

    @contextmanager
    def turn(self, name: str, *, seconds: float) -> Iterator[None]:
        with self._among_threads(name):
            lease = self._among_processes(f"turn:{self._connection}:{name}", seconds)
            try:
                yield
            finally:
                self._store.release(lease)

    def lane(self, name: str, pace: Pace) -> RateBudget:
        return self._store.budget(self._company, ConnectionId(f"{self._connection} {name}"), pace, self._title)

    @contextmanager
    def _among_threads(self, name: str) -> Iterator[None]:
        with self._guard:
            queue = self._queues.setdefault(name, _Queue())
            queue.length += 1
        try:
            if not queue.lock.acquire(timeout=WAIT_SECONDS):
                raise self._late()
            try:
                yield
            finally:
                queue.lock.release()
        finally:
            with self._guard:
                queue.length -= 1
                if not queue.length:
                    del self._queues[name]

    def _among_processes(self, name: str, seconds: float) -> Lease:
        owner = this_process()
        waited_seconds = 0.0
        pause_seconds = LOOK_SECONDS
        while True:
            lease = self._store.acquire(self._company, name, owner, seconds)
            if lease is None:
                holder = self._store.holder(self._company, name)
                if holder is not None and is_dead(holder):  # killed in the middle of its turn
                    lease = self._store.acquire(self._company, name, owner, seconds, after_dead=holder)
            if lease is not None:
                return lease
            if waited_seconds >= WAIT_SECONDS:
                raise self._late()
            self._clock.sleep(pause_seconds)
            waited_seconds += pause_seconds
            pause_seconds = min(2 * pause_seconds, LOOK_SECONDS_MAX, max(WAIT_SECONDS - waited_seconds, LOOK_SECONDS))

    def _late(self) -> Unreachable:
        return Unreachable(
            f"Another process of ours is writing to the same record of {self._title}; nothing was sent.",
            next_step="Run it again in a minute.",
            system=self._title,
        )


class _Queue:
    """Those of one process who want the same turn; forgotten when the last has gone."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.length = 0
