"""Which of many items a payer may have paid together: sets, runs, and runs with a gap or a credit. Ideas, no proofs.

Everything here is bounded by the number of items, whatever the amounts are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from connector.reconcile.cash import sums

SEARCHED_MAX = 20
PAIRS_AMONG_MAX = 400
RUNS_AMONG_MAX = 400
GAPS_AMONG_MAX = 90
CREDITS_MAX = 4
LESS_AMONG_MAX = 100
FOUND_MAX = 12


def sets(amounts: Sequence[int], wanted: int, least: int = 1) -> list[tuple[int, ...]]:
    """The first sets of amounts that have that sum, the smallest first."""
    found = sums.singles(amounts, wanted)[:FOUND_MAX] if least == 1 else []
    if len(amounts) <= PAIRS_AMONG_MAX:
        found += sums.pairs(amounts, wanted, FOUND_MAX)
    if len(found) < FOUND_MAX and len(amounts) <= SEARCHED_MAX:
        found += sums.subsets(amounts, wanted, FOUND_MAX)
    return found


def less_credit(amounts: Sequence[int], wanted: int) -> Iterator[tuple[int, int]]:
    """One amount and what is taken off it, however many there are."""
    owed = {amount: place for place, amount in reversed([*enumerate(amounts)]) if amount > 0}
    credits_ = [place for place, amount in enumerate(amounts) if amount < 0]
    for place in credits_[-LESS_AMONG_MAX:]:
        if (one := owed.get(wanted - amounts[place])) is not None:
            yield one, place


def runs(amounts: Sequence[int], wanted: int, *, least: int = 2) -> list[tuple[int, ...]]:
    """Neighbours that have that sum: of those above nothing alone, with some of those below, without one of them."""
    if not 1 < len(amounts) <= RUNS_AMONG_MAX:
        return []
    owed = [place for place, amount in enumerate(amounts) if amount > 0]
    credits_ = [place for place, amount in enumerate(amounts) if amount < 0][:CREDITS_MAX]
    worth = [amounts[place] for place in owed]
    found: list[tuple[int, ...]] = []
    for count in range(len(credits_) + 1):
        for less in combinations(credits_, count):
            rest = wanted - sum(amounts[place] for place in less)
            found += [(*(owed[one] for one in run), *less) for run in _exact(worth, rest, 1 if less else least)]
    if len(worth) <= GAPS_AMONG_MAX:
        for less in ((), tuple(credits_)) if credits_ else ((),):
            rest = wanted - sum(amounts[place] for place in less)
            found += [(*(owed[one] for one in run), *less) for run in _with_gap(worth, rest)]
    return found[:FOUND_MAX]


def unbroken(amounts: Sequence[int], wanted: int) -> list[tuple[int, ...]]:
    """Neighbours that have that sum, and nothing left out."""
    owed = [place for place, amount in enumerate(amounts) if amount > 0]
    return [tuple(owed[one] for one in run) for run in _exact([amounts[place] for place in owed], wanted, 2)]


def _exact(amounts: Sequence[int], wanted: int, least: int) -> Iterator[range]:
    """Runs of so many at least; all amounts are above nothing, so of each first there is one at most."""
    first = total = 0
    for last, amount in enumerate(amounts):
        total += amount
        while total > wanted and first <= last:
            total -= amounts[first]
            first += 1
        if total == wanted and last - first + 1 >= least:
            yield range(first, last + 1)


def _with_gap(amounts: Sequence[int], wanted: int) -> Iterator[list[int]]:
    """Runs without one of those between their ends."""
    largest = max(amounts, default=0)
    for first in range(len(amounts)):
        total = amounts[first]
        seen: dict[int, int] = {}
        for last in range(first + 1, len(amounts)):
            total += amounts[last]
            if total - wanted in seen:
                out = seen[total - wanted]
                yield [one for one in range(first, last + 1) if one != out]
            if total - wanted > largest:
                break
            seen[amounts[last]] = last


def between(amounts: Sequence[int], breaks: Sequence[int], wanted: range, most: int = FOUND_MAX) -> list[range]:
    """Runs of two and more whose sum lies there, and that begin and end where `breaks` changes."""
    count = len(amounts)
    ends = [last for last in range(count) if last + 1 == count or breaks[last] != breaks[last + 1]]
    found: list[range] = []
    for first in range(count) if count <= GAPS_AMONG_MAX else ():
        if first and breaks[first] == breaks[first - 1]:
            continue
        total, begun = 0, first
        for last in ends:
            if last < first:
                continue
            total += sum(amounts[begun : last + 1])
            begun = last + 1
            if total in wanted and last > first:
                found.append(range(first, last + 1))
    return found[:most]
