"""What stays ours while we work on it, however long a call takes: held on by a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from connector.errors import LeaseLost, StoreError

_SHARE_OF_LEASE = 3
"""Held on after a third of its time, so that two missed ones lose nothing."""


class Held:
    """`hold` makes it ours for `seconds` from then on, and raises LeaseLost when it is somebody else's by now."""

    def __init__(
        self, hold: Callable[[], object], seconds: float, *, on_lost: Callable[[], object] = lambda: None
    ) -> None:
        self._hold = hold
        self._seconds = seconds
        self._on_lost = on_lost
        self._over = threading.Event()
        self._fault: LeaseLost | None = None
        self._thread = threading.Thread(target=self._hold_on, name="lease-held", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def still(self) -> None:
        """LeaseLost when it is somebody else's by now."""
        if self._fault is not None:
            raise self._fault

    def _hold_on(self) -> None:
        while not self._over.wait(self._seconds / _SHARE_OF_LEASE):
            try:
                self._hold()
            except LeaseLost as fault:
                self._fault = fault
                self._on_lost()
                return
            except StoreError:
                continue  # busy for the moment; there are two more tries before its time is up
