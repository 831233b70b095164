"""What was worked out of a company's mirror a moment ago, shown again as long as nothing of it changed.

It is good for exactly one end of the company's journal and one of its days: everything that a page is made of moves the
one or the other.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from connector.app.collecting import today
from connector.app.conflicting import Shown, conflicts
from connector.app.house import Desk
from connector.app.payouts import Payouts, payouts
from connector.app.reviewing import waiting
from connector.app.standing import status
from connector.app.statements import BankLine, bank_lines
from connector.collect.worklist import WorkItem
from connector.model.finding import Decision
from connector.model.ruling import Waiting
from connector.reconcile.match import reconcile
from connector.reconcile.snapshot import Snapshot
from connector.store.rows import PROGRAM

KEPT_MAX = 24
"""So many results are kept, of whatever company; the one that was used longest ago goes first."""

T = TypeVar("T")


class Glass:
    """May be asked by many threads at once; two that ask for the same thing may both work it out."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[object, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def snapshot(self, desk: Desk) -> Snapshot:
        """The mirror as it is."""
        return self._of(desk, "snapshot", desk.snapshot)

    def today(self, desk: Desk) -> tuple[WorkItem, ...]:
        """Whom to contact."""
        return self._of(desk, "today", lambda: today(desk))

    def conflicts(self, desk: Desk) -> tuple[Shown, ...]:
        """Money of which both sides say something else since it was posted."""
        return self._of(desk, "conflicts", lambda: conflicts(desk, self.snapshot(desk)))

    def bank(self, desk: Desk) -> tuple[BankLine, ...]:
        """What came in at the bank, and what became of it."""
        return self._of(desk, "bank", lambda: bank_lines(desk))

    def payouts(self, desk: Desk) -> Payouts:
        """What was paid out, explained."""
        return self._of(desk, "payouts", lambda: payouts(desk)[0])

    def decisions(self, desk: Desk) -> tuple[Decision, ...]:
        """What every payment settles, as it is decided now."""
        return self._of(desk, "decisions", lambda: reconcile(self.snapshot(desk)).decisions)

    def failed(self, desk: Desk) -> int:
        """What failed and needs somebody."""
        return self._of(desk, "failed", lambda: status(desk).failed)

    def waiting_known(self, desk: Desk) -> int | None:
        """How many payments wait for a person, where they were shown and nothing has happened since; never works it
        out, because a first page is not to wait for that."""
        with self._lock:
            held = self._kept.get((desk.id, "waiting"))
        return len(held[1]) if held is not None and held[0] == _moment(desk) else None

    def waiting(self, desk: Desk) -> tuple[Waiting, ...]:
        """What waits for a person."""

        def worked_out() -> tuple[Waiting, ...]:
            # Deciding writes down what it finds; whoever only looks has not done that.
            own = desk.house.company(desk.id)
            own.actor = PROGRAM
            return waiting(own)

        return self._of(desk, "waiting", worked_out)

    def _of(self, desk: Desk, what: str, work: Callable[[], T]) -> T:
        key, before = (desk.id, what), _moment(desk)
        with self._lock:
            held = self._kept.get(key)
            if held is not None and held[0] == before:
                self._kept.move_to_end(key)
                found: T = held[1]
                return found
        made = work()
        # Not kept where something changed meanwhile, be it only that deciding wrote down what it found.
        if _moment(desk) == before:
            with self._lock:
                self._kept[key] = before, made
                self._kept.move_to_end(key)
                while len(self._kept) > KEPT_MAX:
                    self._kept.popitem(last=False)
        return made


def _moment(desk: Desk) -> object:
    return desk.store.head(desk.id), desk.today
