"""What a customer may have paid who pays everything that is due: its items in order, back from those just due.

Ideas, no proofs. Everything here is bounded by the number of items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from connector.reconcile.cash.standing import Standing

OWNERS_MAX = 12
BEFORE_DAYS, AFTER_DAYS = 14, 7
"""What falls due so many days before or after a payment may be the last that it pays."""
ENDS_MAX = 20
CREDITS_MAX = 40
LENGTH_MAX = 200
FOUND_MAX = 12
GAP_SHARE = 1
"""What is left out between is at most as much as is paid."""
PAIRED_MAX = 70


class Ending(NamedTuple):
    """Items that are owed as they fall due; the places among them at which a payment may end; and credits."""

    owed: Sequence[int]
    ends: Sequence[int]
    credits_: Sequence[int]


def families(at: Standing, items: Sequence[int]) -> Iterator[list[int]]:
    """All of these; then, where they are several customers', those of each that has several."""
    yield list(items)
    owners: dict[str, list[int]] = {}
    for item in items:
        owners.setdefault(at.case.items[item].party, []).append(item)
    if 1 < len(owners) <= OWNERS_MAX:
        yield from (own for own in owners.values() if len(own) > 1)


def until(at: Standing, due: Sequence[int], on: int) -> Ending:
    """These items, which stand as they fall due, and where a payment of that day may end: at the last that is due on
    a day about then."""
    items = at.case.items
    owed = [item for item in due if at.left[item] > 0]
    ends = [
        place
        for place, item in enumerate(owed)
        if -BEFORE_DAYS <= items[item].due - on <= AFTER_DAYS
        and (place + 1 == len(owed) or items[owed[place + 1]].due != items[item].due)
    ]
    nearest = sorted(ends, key=lambda place: abs(items[owed[place]].due - on))[:ENDS_MAX]
    return Ending(owed, nearest, [item for item in due if at.left[item] < 0][-CREDITS_MAX:])


def backwards(ending: Ending, worth: Mapping[int, int], wanted: range) -> Iterator[list[int]]:
    """Two and more that end there and come to what is wanted, with all credit, with one credit, or without."""
    cuts = _cuts(ending, worth)
    most = wanted.stop - min(cut for _, cut in cuts)
    found = 0
    for end in ending.ends:
        total = 0
        for first in range(end, max(end - LENGTH_MAX, -1), -1):
            total += worth[ending.owed[first]]
            if total >= most or found >= FOUND_MAX:
                break
            for credit, cut in cuts:
                if total + cut in wanted and (credit or first < end):
                    found += 1
                    yield [*ending.owed[first : end + 1], *credit]


def with_gaps(ending: Ending, worth: Mapping[int, int], wanted: int) -> Iterator[tuple[list[int], int]]:
    """The same but for up to three between the first and the last, and how many: those that nobody pays stay behind."""
    cuts = _cuts(ending, worth)
    highest = wanted + wanted // GAP_SHARE - min(cut for _, cut in cuts)
    found = 0
    for end in ending.ends:
        gaps = Gaps()
        total = worth[ending.owed[end]]
        for first in range(end - 1, max(end - LENGTH_MAX, -1), -1):
            total += worth[ending.owed[first]]
            if total > highest or found >= FOUND_MAX:
                break
            for credit, cut in cuts:
                over = total + cut - wanted
                for out in gaps.of(over, 2 if credit else 3) if 0 < over * GAP_SHARE <= wanted else ():
                    found += 1
                    left_out = {end - 1 - one for one in out}
                    kept = [ending.owed[one] for one in range(first, end + 1) if one not in left_out]
                    yield [*kept, *credit], len(out)
            gaps.add(worth[ending.owed[first]])


def _cuts(ending: Ending, worth: Mapping[int, int]) -> list[tuple[list[int], int]]:
    """Which credits may be taken off together, and what they come to."""
    credits_ = ending.credits_
    less: list[list[int]] = [[], *([one] for one in credits_), *([[*credits_]] if len(credits_) > 1 else [])]
    return [(credit, sum(worth[one] for one in credit)) for credit in less]


class Gaps:
    """Which one, two or three of a growing row come to an amount, by their places in it."""

    def __init__(self) -> None:
        self._worth: list[int] = []
        self._one: dict[int, int] = {}
        self._two: dict[int, tuple[int, int]] = {}
        self.most = 0

    def add(self, worth: int) -> None:
        """The next of the row."""
        place = len(self._worth)
        for other, known in enumerate(self._worth[-PAIRED_MAX:], start=max(0, place - PAIRED_MAX)):
            self._two.setdefault(known + worth, (other, place))
        self._one.setdefault(worth, place)
        self.most = max(self.most, worth + max(self._worth, default=0))
        self._worth.append(worth)

    def of(self, amount: int, most: int) -> Iterator[tuple[int, ...]]:
        """Those that do, so many at most: fewer first."""
        if (one := self._one.get(amount)) is not None:
            yield (one,)
        if (two := self._two.get(amount)) is not None:
            yield two
        elif one is None and most > 2:  # noqa: PLR2004 - three
            for place, worth in enumerate(self._worth[:PAIRED_MAX]):
                pair = self._two.get(amount - worth)
                if pair is not None and pair[0] > place:
                    yield (place, *pair)
                    return
