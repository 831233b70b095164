"""What an adapter is given to live in, where a test needs nothing of it: no limit, nothing mirrored yet."""

from __future__ import annotations

from collections.abc import Mapping

from connector.model.source import Kind


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


class Held:
    """A Mirror that holds what it was told of; nothing at first."""

    def __init__(self) -> None:
        self.records: dict[Kind, dict[str, str]] = {}
        self.waiting: dict[Kind, set[str]] = {}

    def known(self, kind: Kind) -> Mapping[str, str]:
        return self.records.get(kind, {})

    def number(self, kind: Kind) -> int:
        return len(self.known(kind))

    def unfinished(self, kind: Kind) -> tuple[str, ...]:
        return tuple(sorted(self.waiting.get(kind, ())))
