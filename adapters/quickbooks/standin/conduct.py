"""How this Intuit behaves where the real one leaves a choice or a setting, and what it counted of its callers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from connector.dates import Instant, after

MINUTE_SECONDS = 60
SECOND_SECONDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Requests above these are refused with `shape`, one of `shapes.SHAPES`. Intuit's own numbers, per company."""

    per_second: int = 10
    per_minute: int = 500
    batch_per_minute: int = 40
    shape: str = "throttle-json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """The switches of a stand-in. Its `conduct` may be replaced while it runs."""

    limits: Limits | None = None
    """None counts and refuses nothing."""
    look_back: str = "refuse"
    """What becomes of a change data capture of more than 30 days: `refuse` (fault 4001), or `cut` to 30 silently."""
    access_seconds: int = 3600
    grace_seconds: int = 0
    """How long a refresh token still works after it was used. Intuit's documents speak of about a day."""
    rotate_seconds: int = 0
    """A refresh hands out the same refresh token again until it is that old. 0: a new one every time."""
    search_lag_seconds: int = 0
    """Queries and change data capture do not show what was made within that time; a read by id does."""


@dataclass(slots=True)
class Traffic:
    """What one company's callers did; the maxima are of any second and any minute of the stand-in's clock."""

    calls: int = 0
    metered: int = 0
    """Reads that succeeded: what Intuit counts against the plan."""
    refused: int = 0
    second_max: int = 0
    minute_max: int = 0
    batch_minute_max: int = 0
    flight_max: int = 0
    """So many were under way at the same time."""
    _flying: int = 0
    _calls: deque[Instant] = field(default_factory=deque)
    _batches: deque[Instant] = field(default_factory=deque)

    def counted(self) -> dict[str, int]:
        """The counters by name."""
        names = ("calls", "metered", "refused", "second_max", "minute_max", "batch_minute_max", "flight_max")
        return {name: getattr(self, name) for name in names}

    def enter(self) -> None:
        """A call has come."""
        self._flying += 1
        self.flight_max = max(self.flight_max, self._flying)

    def leave(self) -> None:
        """It is answered."""
        self._flying -= 1

    def arrive(self, now: Instant, limits: Limits | None, *, batch: bool) -> bool:
        """Count a call. False when it is one too many; it counts all the same."""
        self.calls += 1
        minute = _counted(self._calls, now)
        second = sum(1 for at in self._calls if at > after(now, -SECOND_SECONDS))
        batches = _counted(self._batches, now) if batch else 0
        self.second_max = max(self.second_max, second)
        self.minute_max = max(self.minute_max, minute)
        self.batch_minute_max = max(self.batch_minute_max, batches)
        if limits is None:
            return True
        held = second <= limits.per_second and minute <= limits.per_minute and batches <= limits.batch_per_minute
        self.refused += not held
        return held


def _counted(calls: deque[Instant], now: Instant) -> int:
    calls.append(now)
    while calls[0] <= after(now, -MINUTE_SECONDS):
        calls.popleft()
    return len(calls)
