"""A merchant at work while somebody else reads: acts in a thread of their own, between two requests each.

The acts and their order are the same for the same seed. Where in a reader's work they fall is not: that is the point.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from adapters.stripe.standin.life import Merchant
from connector.testing.standin import Server

_STOP_SECONDS_MAX = 30.0


class Busy:
    """`with Busy(server, merchant, acts=500):` lets the merchant act until then, or until the block is left."""

    def __init__(self, server: Server, merchant: Merchant, *, acts: int, pause_seconds: float = 0.0) -> None:
        self._server = server
        self._merchant = merchant
        self._acts = acts
        self._pause = pause_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="merchant", daemon=True)
        self._broken: list[BaseException] = []
        self.done: list[str] = []
        """What was done so far."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(_STOP_SECONDS_MAX)
        if self._broken and fault is None:
            raise self._broken[0]

    def finish(self) -> None:
        """Wait until all acts are done."""
        self._thread.join()

    def _work(self) -> None:
        try:
            while len(self.done) < self._acts and not self._over.wait(self._pause):
                self.done.append(self._server.behind(self._merchant.step))
        except BaseException as fault:  # noqa: BLE001 - said where the block ends
            self._broken.append(fault)
