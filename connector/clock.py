"""The one place that asks the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

from connector.dates import Instant


class Clock(Protocol):
    """What the rest of the house may ask about time."""

    def now(self) -> Instant:
        """This moment."""

    def monotonic(self) -> float:
        """Seconds that never run backwards, for measuring waits."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Instant:
        return Instant(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
