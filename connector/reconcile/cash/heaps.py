"""The open items of one customer group in one currency, found by amount and day without walking through all of them.

A heap knows nothing of receipts. What it answers is remembered until something in it moves.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from functools import cached_property

from connector.reconcile.cash.case import Item

SAME_MAX = 2
"""Two items of one amount are already too many to choose from."""


class _View:
    """What is open at one moment."""

    def __init__(self, heap: Heap) -> None:
        self._items = heap.items
        self._since = heap.since
        self._left = heap.left
        self.open = [place for place in heap.places if heap.left[place]]

    @cached_property
    def latest(self) -> int:
        return max((self._since[place] for place in self.open), default=0)

    @cached_property
    def by_amount(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place in self.open:
            found.setdefault(self._left[place], []).append(place)
        return found

    @cached_property
    def amounts(self) -> list[int]:
        return sorted(self.by_amount)

    @cached_property
    def issued(self) -> tuple[list[int], list[int], list[int]]:
        """The days from which they are open in order, the places in that order, and the running total."""
        places = sorted(self.open, key=self._since.__getitem__)
        return [self._since[place] for place in places], places, _running(places, self._left)

    @cached_property
    def due(self) -> tuple[list[int], list[int]]:
        """The due days in order (never before the issue), and the running total."""
        places = sorted(self.open, key=self._due)
        return [self._due(place) for place in places], _running(places, self._left)

    def _due(self, place: int) -> int:
        return max(self._items[place].due, self._since[place])

    def due_by(self, on: int, grace: int) -> tuple[int, int]:
        """How many that existed on a day are due so many days after it at the latest, and their total."""
        days, running = self.due
        count = bisect_right(days, on + grace)
        total = running[count]
        issued, places, _ = self.issued
        for at in range(bisect_right(issued, on), bisect_right(issued, on + grace)):
            if self._due(places[at]) <= on + grace:
                count, total = count - 1, total - self._left[places[at]]
        return count, total


class Heap:
    """The items of one group in one currency, oldest due first. `left` is what is open on every item of the case,
    `since` the day from which it is."""

    def __init__(self, items: Sequence[Item], left: list[int], since: list[int]) -> None:
        self.items = items
        self.left = left
        self.since = since
        self.places: list[int] = []
        self.steps = 0
        self._view: _View | None = None

    def afresh(self, items: Sequence[Item], left: list[int], since: list[int]) -> Heap:
        """The same items in the same order, of which that much is open."""
        made = Heap(items, left, since)
        made.places = self.places.copy()
        return made

    def add(self, place: int) -> None:
        """An item that was not here."""
        self._view = None
        insort(self.places, place, key=self._in_order)

    def place_again(self, place: int) -> None:
        """An item that is open again, or due on another day."""
        if place in self.places:
            self.places.remove(place)
        self.add(place)

    def _in_order(self, place: int) -> tuple[int, int, str]:
        item = self.items[place]
        return item.due, item.issued, item.id

    def moved(self, *, reopened: int = -1) -> None:
        """Something in it was settled, or the item at that place was opened again."""
        self._view = None
        if reopened >= 0:
            self.place_again(reopened)

    @property
    def view(self) -> _View:
        if self._view is None:
            self.steps += len(self.places)
            self._view = _View(self)
            self.places = self._view.open
            # The list is the view's own from now on; what is opened again is put into a new one by the next view.
        return self._view

    def open(self, on: int) -> Sequence[int]:
        """All that existed on that day, oldest due first."""
        view = self.view
        if view.latest <= on:
            return view.open
        self.steps += len(view.open)
        return [place for place in view.open if self.since[place] <= on]

    def credits(self, on: int, most: int) -> list[int] | None:
        """The credit memos among them; None when they are more than so many."""
        amounts = self.view.amounts
        return self.between(amounts[0], -1, on, most) if amounts and amounts[0] < 0 else []

    def few(self, on: int, most: int) -> Sequence[int] | None:
        """The same if they are no more than so many."""
        return self.open(on) if self.count(on) <= most else None

    def count(self, on: int) -> int:
        """How many existed on that day."""
        view = self.view
        return len(view.open) if view.latest <= on else self.total(on)[0]

    def exact(self, amount: int, on: int, most: int = SAME_MAX) -> list[int]:
        """The first items of that amount that existed on that day."""
        found: list[int] = []
        for place in self.view.by_amount.get(amount, ()):
            self.steps += 1
            if self.since[place] <= on:
                found.append(place)
                if len(found) >= most:
                    break
        return found

    def between(self, low: int, high: int, on: int, most: int) -> list[int] | None:
        """The items of amounts from low to high that existed on that day; None when they are more than so many."""
        amounts = self.view.amounts
        found: list[int] = []
        for at in range(bisect_left(amounts, low), bisect_right(amounts, high)):
            found += self.exact(amounts[at], on, most + 1)
            if len(found) > most:
                return None
        return found

    def total(self, on: int) -> tuple[int, int]:
        """How many existed on that day, and what is open on them together."""
        days, _, running = self.view.issued
        count = bisect_right(days, on)
        return count, running[count]

    def due_by(self, on: int, grace: int) -> tuple[int, int]:
        """How many of them are due so many days later at the latest, and their total."""
        return self.view.due_by(on, grace)

    def nearest(self, amount: int, on: int, most: int) -> list[int]:
        """The items nearest to an amount that existed on that day."""
        open_ = self.few(on, most)
        if open_ is not None:
            return list(open_)
        amounts = self.view.amounts
        found: list[int] = []
        high = bisect_left(amounts, amount)
        low = high - 1
        while len(found) < most and (low >= 0 or high < len(amounts)):
            below = low >= 0 and (high >= len(amounts) or amount - amounts[low] <= amounts[high] - amount)
            found += self.exact(amounts[low if below else high], on, most - len(found))
            low, high = (low - 1, high) if below else (low, high + 1)
        return found


def _running(places: Sequence[int], left: Sequence[int]) -> list[int]:
    totals = [0]
    for place in places:
        totals.append(totals[-1] + left[place])
    return totals
