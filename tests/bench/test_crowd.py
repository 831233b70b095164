"""Turns of many companies begin in time, and one that reads everything delays nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_crowd import turn
from tests.bench.crowd import Crowd, lived, opened


@pytest.mark.gate
def test_many_companies_begin_in_time_and_one_huge_first_reading_delays_nobody_by_a_minute(tmp_path: Path) -> None:
    """Four workers of one thread: the fewest who can carry that many."""
    alone, beside = (
        lived(
            *opened(tmp_path / f"{slices}.db"),
            Crowd(companies=100, hours=0.3, threads=1, turn_seconds=turn, backfill_slices=slices),
        )
        for slices in (0, 12)
    )
    assert alone.share_within(30) >= 0.95
    assert len(beside.backfill) == 12
    assert beside.latest <= alone.latest + 60
    assert max(alone.latest, beside.latest) <= 600
