"""How often decisions and proposals were right where the truth is known, in parts of a million.

A kind is counted ever more finely; the finer count leads as far as it is large, and leans on the coarser where it is
small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isqrt
from typing import TYPE_CHECKING

from connector.reconcile.cash.frequencies import DECISIONS, PROPOSALS

if TYPE_CHECKING:
    from connector.model.finding import FindingCode
    from connector.reconcile.cash.ideas import Idea

PPM = 1_000_000
UNKNOWN_PPM = 990_000
"""What is said of a class of which nothing was seen yet."""
PROPOSED_PPM_MAX = 990_000
RIVALLED_PPM_MAX = 900_000
RIVAL_PPM_MIN = 50_000
"""What is surer would have been decided. Of equal rivals one is never sure, however steadily the worlds' payers
pay; and one is never ruled out."""
RARE_PPM, SELDOM_PPM = 1_000, 100_000
SEEN_MIN = 25
LEAN = 8
"""So many of the coarser kind weigh as much as those that were seen."""
_STEPS = (1, 2, 3, 4, 6, 10)
_Z_SQUARED = 3_841_459
"""Of 95 %, in parts of a million."""


def proposal_keys(idea: Idea, code: FindingCode) -> Iterator[tuple[str, ...]]:
    """The kinds that an idea is of, the coarsest first."""
    sort, rank = idea.sort.value, _step(idea.rank + 1)
    chance = "rare" if idea.accidents_ppm <= RARE_PPM else "seldom" if idea.accidents_ppm <= SELDOM_PPM else "often"
    yield (sort,)
    yield sort, rank, _step(idea.many), chance
    yield sort, rank, _step(idea.many), chance, code.value


def decision_keys(kind: str, adjustment: str, *, known: bool) -> Iterator[tuple[str, ...]]:
    """The kinds that a decision is of, the coarsest first. `known`: whether it is known who paid."""
    yield (kind,)
    yield kind, adjustment, "known" if known else "unknown"


def proposal_ppm(idea: Idea, code: FindingCode) -> int:
    """Of a million such proposals, so many are right."""
    found = _read(PROPOSALS, proposal_keys(idea, code), PPM // 4)
    found = min(found, RIVALLED_PPM_MAX if idea.many > 1 else PROPOSED_PPM_MAX)
    return max(found, RIVAL_PPM_MIN) if idea.sort == "amount" else found


def decision_ppm(kind: str, adjustment: str, *, known: bool) -> int:
    """Of a million such decisions, so many are right: of the finest kind of which enough was seen."""
    found = UNKNOWN_PPM
    for key in decision_keys(kind, adjustment, known=known):
        right, all_ = DECISIONS.get(key, (0, 0))
        if all_ >= SEEN_MIN:
            found = (2 * right + 1) * PPM // (2 * all_ + 2)
    return found


def class_ppm(kind: str) -> int:
    """Of a million decisions of a class, so many are right."""
    right, all_ = DECISIONS.get((kind,), (0, 0))
    return (2 * right + 1) * PPM // (2 * all_ + 2) if all_ >= SEEN_MIN else UNKNOWN_PPM


def class_low_ppm(kind: str) -> int:
    """The same as far as it is shown: the lower end of Wilson's interval of 95 %."""
    right, all_ = DECISIONS.get((kind,), (0, 0))
    if not all_:
        return 0
    middle = right * PPM + _Z_SQUARED // 2
    spread = isqrt(_Z_SQUARED * (right * (all_ - right) * PPM // all_ + _Z_SQUARED // 4))
    return (middle - spread) * PPM // (all_ * PPM + _Z_SQUARED)


def _read(seen: Mapping[tuple[str, ...], tuple[int, int]], keys: Iterator[tuple[str, ...]], unknown: int) -> int:
    found = unknown
    for key in keys:
        right, all_ = seen.get(key, (0, 0))
        found = (right * PPM + LEAN * found) // (all_ + LEAN)
    return found


def _step(number: int) -> str:
    """Small numbers by themselves, larger ones together."""
    return str(max(step for step in _STEPS if step <= number))
