"""The embedded runner: a loop over the rows that say whose turn it is, in the database that everything else is in.

Nothing beside this process and that database is needed. Several processes may run it over one database; each company
has one turn at a time, and the turn of a process that died is taken over when its time is up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from connector.errors import StoreError, TurnOver
from connector.model.source import CompanyId
from connector.runtime import SLICE_SECONDS, RunnerStatus, Tick
from connector.runtime.held import Held
from connector.store import Store
from connector.store.due import Claim, Coming
from connector.store.owners import is_dead

LEASE_SECONDS = 60.0
POLL_SECONDS = 2.0
"""How soon a word from another process is heard; a turn that is due earlier is waited for exactly."""

_PAUSE_SECONDS_MIN = 0.01


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
    owed: list[Claim] = field(default_factory=list)
    """Turns that came to an end while the database was away: given back as soon as it answers."""
    looking: threading.Lock = field(default_factory=threading.Lock)

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
            # One thread looks and waits for all: with thousands of companies somebody is due many times in a second.
            with self.looking:
                claim = self._next(stop)
            if claim is None:
                continue
            try:
                carry_out(self, claim, tick, stop)
            except StoreError as fault:
                self.trouble(fault)

    def _next(self, stop: Event) -> Claim | None:
        """The next turn, when it comes; None when told to stop."""
        while not stop.is_set():
            try:
                claim, pause = self.look()
            except StoreError as fault:
                self.trouble(fault)
                claim, pause = None, POLL_SECONDS
            if claim is not None:
                return claim
            stop.wait(pause)
        return None

    def look(self) -> tuple[Claim | None, float]:
        """The turn of whoever is due now; else after how many seconds to look again."""
        pause = self._until_next()
        claim = None if pause else self.store.claim(self.owner, self.lease_seconds)
        return claim, pause or _PAUSE_SECONDS_MIN  # at once, and another process was quicker

    def _until_next(self) -> float:
        """Seconds until somebody is due, or a word from another process may have come; 0 where somebody is due now."""
        self._give_back()
        coming = self.store.coming()
        if self._freed(coming):
            return 0
        return POLL_SECONDS if coming.in_ms is None else min(coming.in_ms / 1000, POLL_SECONDS)

    def free_the_dead(self) -> None:
        """What a process of this computer had that is no more need not wait until its time is up, nor what this one
        could not give back."""
        self._give_back()
        self._freed(self.store.coming())

    def _give_back(self) -> None:
        with suppress(IndexError):  # none is left; several threads may ask at once
            while True:
                claim = self.owed.pop()
                try:
                    self.store.done(claim, in_ms=0)
                except StoreError:
                    self.owed.append(claim)
                    raise

    def _freed(self, coming: Coming) -> bool:
        dead = [owner for owner in coming.at_work if owner != self.owner and is_dead(owner)]
        for owner in dead:
            self.store.free(owner)
        return bool(dead)


def take_turn(loop: Loop, tick: Tick, stop: Event, *, only: CompanyId) -> bool:
    """That company's turn, if it is due; whether it was."""
    claim = loop.store.claim(loop.owner, loop.lease_seconds, only=only)
    if claim is None:
        return False
    carry_out(loop, claim, tick, stop)
    return True


def carry_out(loop: Loop, claim: Claim, tick: Tick, stop: Event) -> None:
    """A turn that was taken, to its end. Errors: StoreError when the database was away at its end."""
    with Held(lambda: loop.store.hold(claim, loop.lease_seconds), loop.lease_seconds) as held:

        def still() -> None:
            held.still()
            if stop.is_set():
                raise TurnOver("The program is to stop.")

        try:
            again = tick(claim.company, SLICE_SECONDS, still).again_in_seconds
            loop.store.done(claim, in_ms=None if again is None else again * 1000)
        except StoreError:
            loop.owed.append(claim)
            raise
