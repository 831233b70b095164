"""Whoever lost the right to act sends nothing any more, however long ago the call was begun.

A call may wait for its turn, for a pause the vendor asked for, for a new token or for its own repetition, longer than a
lease lasts. So the lease is looked at in the last moment before anything is sent, and held on while half of it is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connector.ports import Flights, RateBudget


def no_fence() -> None:
    """For whoever acts under no lease: nothing is asked."""


class Fenced:
    """A budget, and the question whether its user may still act, in this order."""

    def __init__(self, budget: RateBudget, fence: Callable[[], None]) -> None:
        self._budget = budget
        self._fence = fence

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:
        self._budget.take(tokens, metered=metered)
        self._fence()

    @contextmanager
    def flight(self, *, metered: bool = False) -> Iterator[None]:
        """One call, on its way at once with as many others as the budget allows."""
        if isinstance(self._budget, Flights):
            with self._budget.flight(metered=metered):
                self._fence()
                yield
            return
        self.take(metered=metered)
        yield

    def pause(self, seconds: float) -> None:
        self._budget.pause(seconds)

    def answered(self) -> None:
        self._budget.answered()
