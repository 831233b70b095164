"""On worlds of another character than any that was tuned on, hardly a decision is wrong, and no invariant breaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.bench import bench_cash
from tests.bench.cash import files
from tests.bench.cash.records import Tenant
from tests.bench.cash.scoring import Score, score, wilson_low
from tests.bench.cash.settings import PROFILES, Profile
from tests.bench.cash.strange import STRANGE, wrapped
from tests.bench.cash.world import world

SEED = 25


def scored(tenants: Iterable[Tenant]) -> Score:
    known = list(tenants)
    with TemporaryDirectory() as folder:
        files.write(Path(folder), known)
        links, classes, _ = bench_cash.engine(Path(folder))
    return score(known, links, classes)


def found_in(profiles: Mapping[str, Profile], receipts: int, seed: int) -> list[Score]:
    """Each world as it is made, and with wrapped texts."""
    worlds = [list(world(profile, receipts, seed)) for profile in profiles.values()]
    return [scored(tenants) for tenants in chain(worlds, (wrapped(one, seed) for one in worlds))]


def holds(found: list[Score], least: float) -> None:
    decided, right = sum(one.decided for one in found), sum(one.right for one in found)
    assert [one.broken for one in found] == [0] * len(found)
    assert right / decided >= least
    assert sum(one.false_applied for one in found) <= 0.0005 * sum(one.must_not for one in found) + 1
    # As much as the most careful of the peers decides of worlds that are less strange.
    assert decided >= 0.7 * sum(one.receipts for one in found)


@pytest.mark.gate
def test_in_worlds_of_another_character_hardly_a_decision_is_wrong() -> None:
    holds(found_in(STRANGE, 900, SEED), 0.9993)


@pytest.mark.long
def test_in_large_worlds_of_another_character_fewer_than_one_of_two_thousand_decisions_is_wrong() -> None:
    found = found_in({**STRANGE, **PROFILES}, 12_000, SEED + 1)
    holds(found, 0.9995)
    assert wilson_low(sum(one.right for one in found), sum(one.decided for one in found)) >= 0.9993
