"""How fast, how small: too slow for every run, and only fair on a machine with nothing else to do (`-m long`).

The figures themselves are printed by `python -m tests.bench.bench_store`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_store import Figures, measure, searches, server
from tests.databases import own_schema

ROWS = 100_000
RAW_ROWS_PER_SECOND = 42_400
"""What the raw driver did on the machine of the promises: SQLite, 1,000 rows a commit, in rows a second."""

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
    # The promises were made on one machine. The raw driver, in the same run, says what this one makes of them.
    here = sqlite.floor.median / RAW_ROWS_PER_SECOND
    assert sqlite.first.median >= 25_000 * here
    assert postgresql.first.median >= 10_000 * here
    assert sqlite.unchanged.median >= 100_000 * here
    assert postgresql.unchanged.median >= 100_000 * here


@pytest.mark.req("E9")
def test_the_whole_way_takes_little_longer_than_the_driver_alone(sqlite: Figures, postgresql: Figures) -> None:
    assert sqlite.first.median >= 0.80 * sqlite.floor.median
    assert postgresql.first.median >= 0.75 * postgresql.floor.median


@pytest.mark.req("E10")
def test_a_hundred_thousand_invoices_take_80_megabytes_at_most(sqlite: Figures) -> None:
    assert sqlite.size_mb <= 80


def test_a_search_among_a_hundred_thousand_contacts_takes_a_tenth_of_a_second_at_most(address: str) -> None:
    assert max(searches(address, ROWS).values()) <= 100
