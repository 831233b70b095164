"""A simulated merchant's plans: what is to be done when, what was done, and the dice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.truth import Truth

Act = Callable[[], str]
"""Does something and says to which object; "" when it could not be done any more."""


@dataclass(frozen=True, slots=True, order=True)
class _Plan:
    at: int
    number: int
    name: str
    act: Act


class Diary:
    """The plans of one merchant, worked off in the order of their times."""

    def __init__(self, ledger: Ledger, chance: random.Random, wait: Callable[[float], object] | None) -> None:
        self.ledger = ledger
        self.truth = Truth()
        self.chance = chance
        self.done: Counter[str] = Counter()
        self.charges = 0
        """How many charges were made."""
        self._wait = wait
        self._plans: list[_Plan] = []
        self._planned = 0

    def later(self, seconds: int, name: str, act: Act) -> None:
        """Plan an act so many seconds from now."""
        self._planned += 1
        heappush(self._plans, _Plan(self.ledger.now() + seconds, self._planned, name, act))

    @property
    def next_at(self) -> int:
        """The second of the next act."""
        return self._plans[0].at

    def step(self) -> str:
        """Do the next act at its time."""
        plan = heappop(self._plans)
        self.move_to(plan.at)
        about = plan.act()
        if plan.name != "deal":
            about = self.did(plan.name, about)
        return about

    def did(self, name: str, about: str) -> str:
        """Count what was done, unless it could not be; says it."""
        if about:
            self.done[name] += 1
        return f"{name} {about}".strip()

    def move_to(self, second: int) -> None:
        """Let it be that second."""
        missing = second - self.ledger.now()
        if missing <= 0:
            return
        if self._wait is None:
            self.ledger.ahead = second
        else:
            self._wait(missing)

    def happens(self, percent: float) -> bool:
        """Whether something that happens so often in a hundred times happens now."""
        return self.chance.random() * 100 < percent

    def days(self, fewest: int, most: int) -> int:
        """Some days, in seconds, and some hours."""
        return self.chance.randint(fewest * 86_400, most * 86_400)
