"""How often decisions and proposals were right where the truth is known, in parts of a million.

A kind is counted ever more finely; the finer count leads as far as it is large, and leans on the coarser where it is
small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from connector.reconcile.cash.frequencies import DECISIONS, PROPOSALS
from connector.reconcile.cash.sorts import BY_PLACE

if TYPE_CHECKING:
    from connector.model.finding import FindingCode
    from connector.reconcile.cash.sorts import Idea

PPM = 1_000_000
UNKNOWN_PPM = 990_000
"""What is said of a class of which nothing was seen yet."""
TOGETHER_PPM_MAX = 990_000
"""All ideas about one receipt together are no surer: what is surer would have been decided."""
RARE_PPM, SELDOM_PPM = 1_000, 100_000
SEEN_MIN = 25
LEAN = 8
"""So many of the coarser kind weigh as much as those that were seen."""
_STEPS = (1, 2, 3, 4, 6, 10)
_LEADS = (1, 8, 25)
"""Days by which one is nearer to what the payer usually does; less than one is no difference."""


def proposal_keys(idea: Idea, code: FindingCode) -> Iterator[tuple[str, ...]]:
    """The kinds that an idea is of, the coarsest first."""
    sort, rivals = idea.sort.value, str(min(idea.rivals, 3))
    place = _step(idea.rank + 1) if idea.sort in BY_PLACE else _lead(idea.lead)
    chance = "rare" if idea.accidents_ppm <= RARE_PPM else "seldom" if idea.accidents_ppm <= SELDOM_PPM else "often"
    yield (sort,)
    if rivals in ("1", "2"):  # Counted with those of many rivals first: it has some.
        yield sort, place, "3"
    yield sort, place, rivals
    yield sort, place, rivals, _step(idea.many), chance
    yield sort, place, rivals, _step(idea.many), chance, code.value


def decision_keys(kind: str, adjustment: str, *, known: bool) -> Iterator[tuple[str, ...]]:
    """The kinds that a decision is of, the coarsest first. `known`: whether it is known who paid."""
    yield (kind,)
    yield kind, adjustment, "known" if known else "unknown"


def proposal_ppm(idea: Idea, code: FindingCode) -> int:
    """Of a million such proposals, so many are right, whatever else may be proposed beside it."""
    return _read(PROPOSALS, proposal_keys(idea, code), PPM // 4)


def together(chances: Sequence[int]) -> list[int]:
    """The chances of allocations of which one at most is right: rivals share what there is."""
    total = sum(chances)
    return [one * TOGETHER_PPM_MAX // total if total > TOGETHER_PPM_MAX else one for one in chances]


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


def _read(seen: Mapping[tuple[str, ...], tuple[int, int]], keys: Iterator[tuple[str, ...]], unknown: int) -> int:
    found = unknown
    for key in keys:
        right, all_ = seen.get(key, (0, 0))
        found = (right * PPM + LEAN * found) // (all_ + LEAN)
    return found


def _step(number: int) -> str:
    """Small numbers by themselves, larger ones together."""
    return str(max(step for step in _STEPS if step <= number))


def _lead(days: int) -> str:
    """How far ahead of the next of its like, or behind."""
    reached = [step for step in _LEADS if step <= abs(days)]
    return "level" if not reached else f"{'ahead' if days > 0 else 'behind'} {reached[-1]}"
