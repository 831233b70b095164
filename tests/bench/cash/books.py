"""One firm's ledger while its life is simulated: what was issued, what is open, what is planned for which day."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction

from tests.bench.cash.judge import Clue
from tests.bench.cash.people import HOME, Crowd, Payer
from tests.bench.cash.records import Item, Link, Rate, Receipt
from tests.bench.cash.settings import Profile

BEGINNING = date(2024, 1, 1)
_MIDDLE = {"EUR": 1.08, "GBP": 1.27, "CAD": 0.73, "JPY": 0.0067}
_RATE_DIGITS = 6


class Books:
    """The ledger. Items and payers go by their ids, days by their number since the beginning."""

    def __init__(self, profile: Profile, rng: random.Random, tenant: str, crowd: Crowd) -> None:
        self.profile = profile
        self.rng = rng
        self.tenant = tenant
        self.crowd = crowd
        self.items: dict[str, Item] = {}
        self.left: dict[str, int] = {}
        self.lost: set[str] = set()
        """Open, and nobody will ever pay it."""
        self.receipts: list[Receipt] = []
        self.clues: list[Clue] = []
        self.paid: dict[str, list[str]] = defaultdict(list)
        self._shape = rng.choice(profile.shapes)
        self._next = self._shape.first + rng.randrange(0, 90)
        self._open: dict[str, dict[str, None]] = defaultdict(dict)
        self._agenda: dict[int, list[Callable[[date], None]]] = defaultdict(list)
        self._rates = {currency: _walk(rng, middle, profile.days + 400) for currency, middle in _MIDDLE.items()}

    def at(self, day: int, act: Callable[[date], None]) -> None:
        """Plan something for a day."""
        self._agenda[day].append(act)

    def live(self, days: int) -> None:
        """All days, in order; what is done may plan for later days and for the same."""
        for day in range(days):
            today = BEGINNING + timedelta(days=day)
            planned = self._agenda[day]
            for act in planned:
                act(today)

    def add(self, payer: Payer, amount: int, issued: date, due: date) -> Item:
        """A new document."""
        item = Item(
            id=f"{self.tenant}-i{len(self.items)}", number=self._shape.number(self._next, issued.year),
            customer=payer.id, currency=payer.customer.currency, amount=amount, issued=issued, due=due,
        )  # fmt: skip
        self._next += 1
        self.items[item.id] = item
        self.left[item.id] = amount
        self._open[payer.id][item.id] = None
        return item

    def open_of(self, payer: Payer) -> list[str]:
        """What a payer itself has open, oldest first."""
        return list(self._open[payer.id])

    def open_of_group(self, payer: Payer) -> list[str]:
        """What the payer and its kin have open, oldest first."""
        found = [item for one in self.crowd.group(payer) for item in self._open[one]]
        return sorted(found, key=lambda item: (self.items[item].due, len(item), item))

    def apply(self, links: Iterable[Link]) -> None:
        """Close what is paid, open again what went back."""
        for link in links:
            self.left[link.item] -= link.applied
            mine = self._open[self.items[link.item].customer]
            if self.left[link.item]:
                mine[link.item] = None
            else:
                mine.pop(link.item, None)
                self.paid[self.items[link.item].customer].append(link.item)

    def receipt_id(self) -> str:
        """The next."""
        return f"{self.tenant}-p{len(self.receipts)}"

    def mid(self, currency: str, on: date) -> Fraction:
        """So much of our money for one of that."""
        return Fraction(self._rates[currency][(on - BEGINNING).days])

    def rates(self) -> list[Rate]:
        """Of the currencies in which somebody is invoiced and pays in ours."""
        used = sorted({one.customer.currency for one in self.crowd.payers.values() if one.converts})
        days = max((receipt.on - BEGINNING).days for receipt in self.receipts) + 1 if self.receipts else 0
        return [
            Rate(BEGINNING + timedelta(days=day), currency, HOME, self._rates[currency][day])
            for day in range(days)
            for currency in used
        ]


def _walk(rng: random.Random, middle: float, days: int) -> Sequence[str]:
    """A rate for every day, as a text: what is written is what is reckoned with."""
    rates, now = [], middle
    for _ in range(days):
        now *= 1 + rng.gauss(0, 0.004)
        rates.append(f"{now:.{_RATE_DIGITS}f}")
    return rates
