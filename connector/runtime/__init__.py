"""When anything is done unattended: the port of a runner, and the runners. It decides when; the store decides whether.

A runner has no retries, no steps and no memory of its own: whatever it forgets, repeats or does twice changes nothing,
because a turn is safe to begin at any moment, any number of times, in any process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from connector.model.source import CompanyId

SLICE_SECONDS = 60.0
"""How long a turn works before it lets another company have one; what is left is done in the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What a turn led to: in how many seconds the next one is due; None when only somebody's word makes it due."""

    again_in_seconds: int | None


class Tick(Protocol):
    """One company's turn."""

    def __call__(self, company: CompanyId, budget_seconds: float, hold: Callable[[], None], /) -> Ticked:
        """Work on it for about so long. `hold` is called now and then while it works, and raises LeaseLost when the
        turn is somebody else's by now, TurnOver when the program is to stop. The turn raises nothing itself: a fault is
        a turn that went badly, and that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerStatus:
    """How many companies have turns, how many are due, for how long the oldest, and how many turns each worker has
    now."""

    companies: int
    due: int
    oldest_seconds: float
    workers: tuple[tuple[str, int], ...]


class Runner(Protocol):
    """Who calls the turns."""

    def wake(self, company: CompanyId, *, reason: str, in_seconds: float = 0) -> None:
        """It is due in so many seconds, unless it is sooner: a webhook, a person, or the schedule wants it."""

    def run(self, tick: Tick, stop: Event) -> None:
        """Call turns until told to stop; returns when the turns that were begun have ended."""

    def status(self) -> RunnerStatus:
        """How it stands now."""
