"""Where a running balance is cut by what was taken out of it by hand.

Money leaves in the order in which it became available. So the lines up to some place come to everything that was taken
up to then, and if that is so at one place only, the lines between two such places are what was taken there. Never a
search for a subset: with many lines some subset always fits. Moments are whole numbers: days, or seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple


class Came(NamedTuple):
    """A line of the balance: when its money could be taken, and when it was made."""

    ready: int
    made: int
    net: int


class Taken(NamedTuple):
    """Something that was taken, with what it cost. `at_once`: it could take what was made and not available yet."""

    at: int
    amount: int
    at_once: bool = False


class Cut(NamedTuple):
    """The lines from `begin` to before `end` are what was taken. None where that cannot be told; `places`: at how many
    the amount fits."""

    begin: int | None
    end: int | None
    places: int

    @property
    def fits(self) -> bool:
        return self.begin is not None and self.end is not None


def cuts(came: Sequence[Came], takings: Sequence[Taken]) -> Iterator[Cut]:
    """A cut for every taking. Both are in order: the lines by `ready`, the takings as they were made.

    One that cannot be cut leaves the one behind it without a beginning; but the lines so far still come to the takings
    so far at the end of that, so those after it can be told again.
    """
    begin: int | None = 0
    least, owed = 0, 0
    made = list(accumulate((line.made for line in came), max))
    where: dict[int, list[int]] = defaultdict(list)
    for count, sum_minor in enumerate(accumulate(line.net for line in came), start=1):
        where[sum_minor].append(count)
    for taking in takings:
        owed += taking.amount
        fits = [
            count
            for count in where.get(owed, ())
            if count > least and (made[count - 1] if taking.at_once else came[count - 1].ready) <= taking.at
        ]
        end = fits[0] if len(fits) == 1 else None
        yield Cut(begin, end, len(fits))
        begin = end
        least = end if end is not None else least
