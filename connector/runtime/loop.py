"""The embedded runner: a loop over the rows that say whose turn it is, in the database that everything else is in.

Nothing beside this process and that database is needed. Several processes may run it over one database; each company
has one turn at a time, and the turn of a process that died is taken over when its time is up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Self

from connector.errors import LeaseLost, StoreError, TurnOver
from connector.model.source import CompanyId
from connector.runtime import SLICE_SECONDS, RunnerStatus, Tick
from connector.store import Store
from connector.store.due import Claim, Queue, lost
from connector.store.owners import is_dead

LEASE_SECONDS = 60.0
POLL_SECONDS = 2.0
"""How soon a word from another process is heard; a turn that is due earlier is waited for exactly."""

_PAUSE_SECONDS_MIN = 0.01
_SHARE_OF_LEASE = 3
"""Held on after a third of its time, so that two missed ones lose nothing."""


@dataclass(slots=True, kw_only=True)
class Loop:
    """`runtime.Runner` over the rows of a store. `workers`: so many companies at a time, each in a thread."""

    store: Store
    owner: str
    """The name under which this process takes turns (`store.owners.this_process`)."""
    lease_seconds: float = LEASE_SECONDS
    workers: int = 1
    trouble: Callable[[StoreError], None] = field(default=lambda _: None)
    """Told when the database itself could not be used; the loop goes on."""

    def wake(self, company: CompanyId, *, reason: str, in_seconds: float = 0) -> None:
        self.store.wake(company, reason, in_ms=int(in_seconds * 1000))

    def status(self) -> RunnerStatus:
        stands = self.store.queue()
        return RunnerStatus(
            companies=stands.companies,
            due=stands.due,
            oldest_seconds=stands.oldest_ms / 1000,
            workers=stands.working,
        )

    def run(self, tick: Tick, stop: Event) -> None:
        if self.workers == 1:
            self._work(tick, stop)
            return
        threads = [
            threading.Thread(target=self._work, args=(tick, stop), name=f"turns-{number}")
            for number in range(1, self.workers + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, tick: Tick, stop: Event) -> None:
        while not stop.is_set():
            try:
                pause = self._until_next()
                if not pause and not take_turn(self, tick, stop):
                    pause = _PAUSE_SECONDS_MIN  # another worker was quicker
            except StoreError as fault:
                self.trouble(fault)
                pause = POLL_SECONDS
            if pause:
                stop.wait(pause)

    def _until_next(self) -> float:
        """Seconds until somebody is due, or a word from another process may have come; 0 where somebody is due now."""
        stands = self.store.queue()
        if self._freed(stands) or stands.due:
            return 0
        return POLL_SECONDS if stands.next_ms is None else min(stands.next_ms / 1000, POLL_SECONDS)

    def free_the_dead(self) -> None:
        """What a process of this computer had that is no more need not wait until its time is up."""
        self._freed(self.store.queue())

    def _freed(self, stands: Queue) -> bool:
        dead = [owner for owner, _ in stands.working if owner != self.owner and is_dead(owner)]
        for owner in dead:
            self.store.free(owner)
        return bool(dead)


def take_turn(loop: Loop, tick: Tick, stop: Event, *, only: CompanyId | None = None) -> bool:
    """One turn, if one is due (that company's); whether one was."""
    claim = loop.store.claim(loop.owner, loop.lease_seconds, only=only)
    if claim is None:
        return False
    with _Held(loop.store, claim, loop.lease_seconds) as held:

        def still() -> None:
            held.still()
            if stop.is_set():
                raise TurnOver("The program is to stop.")

        ticked = tick(claim.company, SLICE_SECONDS, still)
    again = ticked.again_in_seconds
    loop.store.done(claim, in_ms=None if again is None else again * 1000)
    return True


class _Held:
    """A turn that stays ours while we work on it: held on by a thread of its own, however long a call takes."""

    def __init__(self, store: Store, claim: Claim, seconds: float) -> None:
        self._store = store
        self._claim = claim
        self._seconds = seconds
        self._over = Event()
        self._lost = Event()
        self._thread = threading.Thread(target=self._hold_on, name="turn-held", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def still(self) -> None:
        """LeaseLost when it is somebody else's by now."""
        if self._lost.is_set():
            raise lost(self._claim)

    def _hold_on(self) -> None:
        while not self._over.wait(self._seconds / _SHARE_OF_LEASE):
            try:
                self._store.hold(self._claim, self._seconds)
            except LeaseLost:
                self._lost.set()
                return
            except StoreError:
                continue  # busy for the moment; there are two more tries before its time is up
