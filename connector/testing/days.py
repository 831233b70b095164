"""Days that pass in a double: what people bill, payers pay and banks move, and the clock by which they do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from connector.dates import Instant, after
from connector.money import Money
from connector.testing.worlds import World


class DayClock:
    """A `Clock` whose time passes only when somebody waits by it: a month takes as long as its work."""

    def __init__(self, began: Instant) -> None:
        self._began = began
        self._passed_seconds: float = 0

    def now(self) -> Instant:
        return after(self._began, self._passed_seconds)

    def monotonic(self) -> float:
        return self._passed_seconds

    def sleep(self, seconds: float) -> None:
        self._passed_seconds += max(seconds, 0)

    def until(self, second: float) -> None:
        """Let it be so many seconds since it began; it never runs backwards."""
        self._passed_seconds = max(self._passed_seconds, second)


class Owed(NamedTuple):
    """An open invoice, as its payer has it in hand."""

    number: str
    payer: str
    amount: Money


@runtime_checkable
class Lived(Protocol):
    """A stand-in in which days go by. Call it behind the server's back, once for each day and company."""

    @property
    def addresses(self) -> str:
        """The pattern of the addresses at which its calls may fail."""

    @property
    def mishaps(self) -> tuple[str, ...]:
        """The shapes of its vendor's own answers that are over by themselves."""

    def live_a_day(self, world: World, chance: random.Random, owed: Sequence[Owed]) -> tuple[Owed, ...]:
        """What people do there in a day. `owed`: what payers have in hand. Returns what is open in the books
        afterwards, nothing where no books are kept."""
