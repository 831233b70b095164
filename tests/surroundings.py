"""What an adapter is given to live in, where a test needs nothing of it: no limit, nothing mirrored yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from connector.model.source import Kind
from connector.ports import Pace


class OpenBudget:
    """A RateBudget that lets every call through, counts, and remembers the pauses."""

    def __init__(self) -> None:
        self.taken = 0
        self.metered = 0
        self.pauses: list[float] = []

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:
        self.taken += tokens
        self.metered += tokens * metered

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def answered(self) -> None:
        """Nothing is counted towards a block here."""


class OpenTurns:
    """Turns that always come at once; remembers whose they were, and which lanes were asked for."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.lanes: dict[str, OpenBudget] = {}

    @contextmanager
    def turn(self, name: str, *, seconds: float) -> Iterator[None]:
        assert seconds > 0
        self.taken.append(name)
        yield

    def lane(self, name: str, pace: Pace) -> OpenBudget:
        assert pace.calls_per_minute > 0
        return self.lanes.setdefault(name, OpenBudget())


class Held:
    """A Mirror that holds what it was told of; nothing at first."""

    def __init__(self) -> None:
        self.records: dict[Kind, dict[str, str]] = {}
        self.waiting: dict[Kind, set[str]] = {}
        self.kept: dict[Kind, set[str]] = {}

    def known(self, kind: Kind) -> Mapping[str, str]:
        return self.records.get(kind, {})

    def number(self, kind: Kind) -> int:
        return len(self.known(kind))

    def unfinished(self, kind: Kind) -> tuple[str, ...]:
        return tuple(sorted(self.waiting.get(kind, ())))

    def kept_for(self, kind: Kind) -> tuple[str, ...]:
        return tuple(sorted(self.kept.get(kind, ())))
