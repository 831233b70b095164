"""How fast, how small: too slow for every run, and only fair on a machine with nothing else to do (`-m long`).

The figures themselves are printed by `python -m tests.bench.bench_store`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_store import Figures, measure, searches, server
from tests.databases import own_schema

ROWS = 100_000
TAKEN_IN_PER_SECOND = {"sqlite": 25_000, "postgresql": 10_000}
LOOKED_THROUGH_PER_SECOND = 100_000

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    folder = tmp_path_factory.mktemp("speed")
    return measure(str(folder / "ours.db"), str(folder / "floor.db"), ROWS)


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    # A server of its own: the tests' other one does not wait for its disk.
    with server(Path("/tmp") / f"receivables-speed-{tmp_path_factory.getbasetemp().name}") as url:  # noqa: S108
        return measure(own_schema(url), own_schema(url), ROWS)


def test_pages_are_taken_in_and_looked_through_as_fast_as_promised(sqlite: Figures, postgresql: Figures) -> None:
    """By `sync` itself, over the whole run. That looking through writes no row is held by `test_sync_work`."""
    assert sqlite.first.whole >= TAKEN_IN_PER_SECOND["sqlite"]
    assert postgresql.first.whole >= TAKEN_IN_PER_SECOND["postgresql"]
    assert sqlite.unchanged.whole >= LOOKED_THROUGH_PER_SECOND
    assert postgresql.unchanged.whole >= LOOKED_THROUGH_PER_SECOND


@pytest.mark.req("E9")
def test_the_whole_way_takes_little_longer_than_the_driver_alone(sqlite: Figures, postgresql: Figures) -> None:
    assert sqlite.first.median >= 0.80 * sqlite.floor.median
    assert postgresql.first.median >= 0.75 * postgresql.floor.median


@pytest.mark.req("E10")
def test_a_hundred_thousand_invoices_take_80_megabytes_at_most(sqlite: Figures) -> None:
    assert sqlite.size_mb <= 80


def test_a_search_among_a_hundred_thousand_contacts_takes_a_tenth_of_a_second_at_most(address: str) -> None:
    assert max(searches(address, ROWS).values()) <= 100
