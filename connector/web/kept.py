"""One house, kept open between requests, because opening it takes longer than answering one.

It is opened anew now and then, so that a database that was put in another's place (a restored backup) is found.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from connector.app.house import House

KEPT_SECONDS = 60.0
"""How long the house is kept open."""


class Kept:
    """Call it for the house. It may be asked for by many threads at once."""

    def __init__(self, open_house: Callable[[], House]) -> None:
        self._open_house = open_house
        self._lock = threading.Lock()
        self._house: House | None = None
        self._before: House | None = None
        self._opened_at_seconds = 0.0

    def __call__(self) -> House:
        with self._lock:
            if self._house is not None:
                if self._house.clock.monotonic() - self._opened_at_seconds < KEPT_SECONDS:
                    return self._house
                # Whoever was given the one before may still be using it; nobody uses the one before that.
                _close(self._before)
                self._before = self._house
            self._house = self._open_house()
            self._opened_at_seconds = self._house.clock.monotonic()
            return self._house

    def anew(self) -> None:
        """Another database is in the place of the one that is open: whoever asks next is given that."""
        with self._lock:
            _close(self._before)
            self._before, self._house = self._house, None

    def close(self) -> None:
        """Let it go; the next call opens another."""
        _close(self._before)
        _close(self._house)
        self._before = self._house = None

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Close the house when the app ends."""
        try:
            yield
        finally:
            self.close()


def _close(house: House | None) -> None:
    if house is not None:
        house.store.close()
