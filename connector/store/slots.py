"""How many calls of one account may be on their way at once, over all threads and processes: a slot for each.

The slots of an account are leases in the database. A process takes one when a call needs it, keeps it for the calls
after, and gives it back after a while, so that others come to theirs; a call costs no statement by itself. There are
only so many slots, so there can be no more calls. The slots of a process that was killed come free at once on the same
computer, and everywhere when their leases end. This room must never know a vendor.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select

from connector.clock import Clock
from connector.errors import BudgetSpent, LeaseLost
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.database import Database, now_ms
from connector.store.leases import Leases
from connector.store.owners import is_dead, this_process
from connector.store.rows import Lease

SLOTS = 10
"""Of one account, for all processes together. No vendor that is connected here allows fewer calls at once."""

SHARE = 4
"""So many of them one process takes at most."""

LEASE_SECONDS = 240.0
KEPT_SECONDS = 90.0
"""A slot older than that is not used for another call as it is. What is left of its lease then is longer than a call
may take: to connect, and the 120 seconds after which a vendor gives up itself."""

LOOK_SECONDS = 0.1
"""How often slots that others have are looked at."""

WAIT_SECONDS = 180.0
"""A slot that does not come free within that time is not waited for."""

_LEASE = tables.lease.c


@dataclass(slots=True)
class Slot:
    """One of them in the hands of this process; `since_seconds` is when its lease began, by our own clock."""

    lease: Lease
    since_seconds: float


class Slots(Leases):
    """The slots of one account as this process uses them. Safe to share between threads."""

    def __init__(self, database: Database, clock: Clock, company: CompanyId, account: str, title: str) -> None:
        self._database = database
        self._clock = clock
        self._company = company
        self._owed = []
        self._names = tuple(f"slot {number} of {account}" for number in range(1, SLOTS + 1))
        self._title = title
        self._changed = threading.Condition()
        self._free: list[Slot] = []
        self._number = 0

    @contextmanager
    def one(self, share: int = SHARE) -> Iterator[Slot]:
        """A slot, when one of `share` of this process and one of all comes free. Errors: BudgetSpent when none did."""
        slot = self._wait(share)
        try:
            yield slot
        finally:
            with self._changed:
                self._free.append(slot)
                self._changed.notify()

    def still(self, slot: Slot) -> None:
        """Before it is used after a long wait: its lease must last for a call. Errors: BudgetSpent as above."""
        if not self._is_old(slot):
            return
        try:
            slot.lease = self.renew(slot.lease)
        except LeaseLost:  # this computer slept, and others went on
            slot.lease = self._anew()
        slot.since_seconds = self._clock.monotonic()

    def give_back(self) -> None:
        """Let others have what is not in use. In use are those of calls that nobody waits for any more."""
        with self._changed:
            free, self._free = self._free, []
            self._number -= len(free)
        for slot in free:
            self.release(slot.lease)

    def _wait(self, share: int) -> Slot:
        waited_seconds = 0.0
        while True:
            with self._changed:
                slot = self._free.pop() if self._free else None
                wanted = slot is None and self._number < share
                self._number += wanted
            if slot is not None and not self._is_old(slot):
                return slot
            if slot is not None:
                self._leave(slot)
            elif wanted and (slot := self._taken()) is not None:
                return slot
            if waited_seconds >= WAIT_SECONDS:
                raise self._none()
            with self._changed:
                if not self._free:
                    self._changed.wait(LOOK_SECONDS)
            waited_seconds += LOOK_SECONDS

    def _is_old(self, slot: Slot) -> bool:
        return self._clock.monotonic() - slot.since_seconds > KEPT_SECONDS

    def _leave(self, slot: Slot) -> None:
        """Others may wait for it, and look often; whoever leaves it looks for another one after them."""
        try:
            self.release(slot.lease)
        finally:  # also where the database is away: what is not counted out would be missing for good
            with self._changed:
                self._number -= 1

    def _taken(self) -> Slot | None:
        """One more from the store; None when others have them all."""
        since, lease = self._clock.monotonic(), None
        try:
            lease = self._leased()
        finally:
            if lease is None:
                with self._changed:
                    self._number -= 1
        return Slot(lease, since) if lease is not None else None

    def _leased(self) -> Lease | None:
        held = self._holders()
        for name in self._names:
            holder = held.get(name)
            if holder is not None and not is_dead(holder):
                continue
            lease = self.acquire(self._company, name, this_process(), LEASE_SECONDS, after_dead=holder)
            if lease is not None:
                return lease
        return None

    def _holders(self) -> dict[str, str]:
        wanted = select(_LEASE.name, _LEASE.owner).where(
            _LEASE.company_id == self._company, _LEASE.name.in_(self._names), _LEASE.until_ms > now_ms()
        )
        with self._database.read() as tx:
            return {row.name: row.owner for row in tx.execute(wanted)}

    def _anew(self) -> Lease:
        """Another one in the place of one that was lost."""
        waited_seconds = 0.0
        while (lease := self._leased()) is None:
            if waited_seconds >= WAIT_SECONDS:
                raise self._none()
            self._clock.sleep(LOOK_SECONDS)
            waited_seconds += LOOK_SECONDS
        return lease

    def _none(self) -> BudgetSpent:
        return BudgetSpent(
            f"Other processes of ours keep all {SLOTS} calls to {self._title} busy that may be on their way at once; "
            "nothing was sent.",
            next_step="Run it again in a few minutes.",
            system=self._title,
        )
