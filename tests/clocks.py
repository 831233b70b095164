"""A clock that tests set: sleeping moves it on at once and is written down."""

from __future__ import annotations

from connector.dates import Instant, after, instant_from_iso


class FakeClock:
    """A Clock whose time passes only when somebody sleeps, or when the test calls `pass_seconds`."""

    def __init__(self, at: str = "2026-03-01T12:00:00Z") -> None:
        self._now = instant_from_iso(at)
        self._ticks = 0.0
        self.slept: list[float] = []

    def now(self) -> Instant:
        return self._now

    def monotonic(self) -> float:
        return self._ticks

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_seconds(seconds)

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by without anybody waiting for it."""
        self._ticks += seconds
        self._now = after(self._now, seconds)
