"""Which sets of items are a sum: the smallest kind of set first, and only where the sum identifies one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connector.reconcile.cash import sums


class Found(NamedTuple):
    """The sets that are the sum, at most two, as places in what was searched; how many were to be expected by
    accident, in millionths."""

    answers: tuple[tuple[int, ...], ...] = ()
    accidents: int = 0


NOTHING = Found()


def explained(amounts: Sequence[int], wanted: int) -> Found:
    """One item; all of them; else the one set that the amount identifies: pairs, and where there are few items any."""
    count = len(amounts)
    if not count or not wanted:
        return NOTHING
    answers = sums.singles(amounts, wanted)
    if answers:
        return Found(tuple(answers[: sums.FOUND_MAX]))
    if count > 1 and sum(amounts) == wanted:
        return Found((tuple(range(count)),))
    return searched(amounts, wanted)


def searched(amounts: Sequence[int], wanted: int) -> Found:
    """The pairs, and where there are few items all sets, that are the sum."""
    count = len(amounts)
    if count > sums.PAIRS_AMONG_MAX:
        return NOTHING
    answers = sums.pairs(amounts, wanted)
    if count <= sums.SEARCHED_MAX and len(answers) <= 1:
        sizes = range(2, sums.SUBSET_MIN + 1)
        if answers or sums.accidents(amounts, wanted, sizes) <= sums.ACCIDENTS_PPM_MAX:
            answers += sums.subsets(amounts, wanted)
    if not answers:
        return NOTHING
    expected = sums.accidents(amounts, wanted, range(2, max(map(len, answers)) + 1))
    return Found(tuple(answers), expected) if expected <= sums.ACCIDENTS_PPM_MAX else NOTHING
