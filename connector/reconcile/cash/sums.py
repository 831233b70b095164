"""Which open items add up to an amount, and how likely it is that some do by accident.

An amount identifies a subset only while few subsets are possible; beyond that more searching finds more answers, not
the right one. `accidents` says how many accidental answers there should be, in millionths.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

SEARCHED_MAX = 20
"""So many open items are searched whole; beyond, only single ones, pairs and runs of due days."""
PAIRS_AMONG_MAX = 80
RUNS_AMONG_MAX = 200
FOUND_MAX = 2
SUBSET_MIN = 3
ACCIDENTS_PPM_MAX = 1_000
"""One in a thousand."""
ROUND = (100, 1_000)
PPM = 1_000_000
SERIES_TERMS = 16
HALVINGS_MAX = 40
_ONE = 10**12
_LN_TWO = 693_147_180_560
_ROOT_SCALE, _ROOT_OF_TWO_PI = 10_000, 25_066


def singles(amounts: Sequence[int], wanted: int) -> list[tuple[int, ...]]:
    """The places of items that are the amount by themselves."""
    return [(place,) for place, amount in enumerate(amounts) if amount == wanted]


def pairs(amounts: Sequence[int], wanted: int, most: int = FOUND_MAX) -> list[tuple[int, ...]]:
    """The first pairs that add up to the amount."""
    if set(amounts).isdisjoint([wanted - amount for amount in amounts]):
        return []
    seen: dict[int, list[int]] = {}
    found: list[tuple[int, ...]] = []
    for place, amount in enumerate(amounts):
        for other in seen.get(wanted - amount, ()):
            found.append((other, place))
            if len(found) >= most:
                return found
        seen.setdefault(amount, []).append(place)
    return found


def subsets(amounts: Sequence[int], wanted: int, most: int = FOUND_MAX) -> list[tuple[int, ...]]:
    """The first subsets of three items and more that add up to it, by meeting in the middle."""
    if not sum(amount for amount in amounts if amount < 0) <= wanted <= sum(one for one in amounts if one > 0):
        return []
    half = len(amounts) // 2
    ones, others = _sums(amounts[:half]), _sums(amounts[half:])
    if set(ones).isdisjoint([wanted - total for total in others]):
        return []
    left: dict[int, list[int]] = {}
    for mask, total in enumerate(ones):
        left.setdefault(total, []).append(mask)
    found: list[tuple[int, ...]] = []
    for mask, total in enumerate(others):
        if wanted - total not in left:
            continue
        for other in left[wanted - total]:
            if mask.bit_count() + other.bit_count() >= SUBSET_MIN:
                found.append(_places(other, 0) + _places(mask, half))
                if len(found) >= most:
                    return found
    return found


def runs(amounts: Sequence[int], breaks: Sequence[int], wanted: int, most: int = FOUND_MAX) -> list[tuple[int, ...]]:
    """The first runs of two neighbours and more that add up to it. A run begins and ends only where `breaks` changes:
    everything that was due from one day to another."""
    seen: dict[int, list[int]] = {}
    found: list[tuple[int, ...]] = []
    total = 0
    for place, amount in enumerate(amounts):
        if not place or breaks[place] != breaks[place - 1]:
            seen.setdefault(total, []).append(place)
        total += amount
        if place + 1 == len(amounts) or breaks[place] != breaks[place + 1]:
            for first in seen.get(total - wanted, ()):
                if first < place:
                    found.append(tuple(range(first, place + 1)))
                    if len(found) >= most:
                        return found
    return found


def accidents(amounts: Sequence[int], wanted: int, sizes: range) -> int:
    """How many subsets of these sizes should add up to the amount by accident, in millionths. Round amounts add up to
    a round one far more often."""

    def ways(among: Sequence[int]) -> int:
        return _expected(among, wanted, sizes, lambda size: math.comb(len(among), size))

    expected = ways(amounts)
    for grain in ROUND:
        if wanted % grain == 0:
            expected = max(expected, ways([amount for amount in amounts if amount % grain == 0]))
    return expected


def accidents_of_runs(amounts: Sequence[int], wanted: int) -> int:
    """The same of runs of neighbours."""
    count = len(amounts)
    return _expected(amounts, wanted, range(2, count + 1), lambda size: count - size + 1)


def accidents_of_heads(amounts: Sequence[int], wanted: int) -> int:
    """The same of the first so many of them, where their order is given."""
    return _expected(amounts, wanted, range(1, len(amounts) + 1), lambda _: 1)


def _expected(amounts: Sequence[int], wanted: int, sizes: range, ways: Callable[[int], int]) -> int:
    """The number of ways of each size times the density of their sums at the amount, as of a normal distribution, in
    whole numbers throughout."""
    count = len(amounts)
    if count <= 1:
        return 0
    total = sum(amounts)
    variance = count * sum(amount * amount for amount in amounts) - total * total  # times count squared
    grain = math.gcd(*amounts) or 1
    expected = 0
    for size in sizes:
        if size > count:
            break
        spread = max(variance * size * max(count - size, 1) // (count * count * (count - 1)), 1)
        distance = wanted * count - total * size  # times count
        exponent = distance * distance * _ONE // (2 * count * count * spread)
        expected += ways(size) * _falling(exponent) * grain * _ROOT_SCALE // (math.isqrt(spread) * _ROOT_OF_TWO_PI)
    return min(expected // (_ONE // PPM), PPM)


def _falling(exponent: int) -> int:
    """E to the minus exponent, both in parts of _ONE: halved as often as it goes, the rest by its series."""
    halvings, rest = divmod(exponent, _LN_TWO)
    if halvings > HALVINGS_MAX:
        return 0
    term = result = _ONE
    for step in range(1, SERIES_TERMS):
        term = term * rest // (_ONE * step)
        if not term:
            break
        result += -term if step % 2 else term
    return result >> halvings


def _sums(amounts: Sequence[int]) -> list[int]:
    """The sum of every set: the bits of its place say which amounts are in it."""
    sums = [0]
    for amount in amounts:
        sums += [total + amount for total in sums]
    return sums


def _places(mask: int, offset: int) -> tuple[int, ...]:
    return tuple(offset + place for place in range(mask.bit_length()) if mask >> place & 1)
