"""Turns of many companies begin in time, and one that reads everything delays nobody."""

from __future__ import annotations

import pytest

from tests.bench.bench_crowd import SLICES, measured, told


@pytest.mark.gate
def test_many_companies_begin_in_time_and_one_huge_first_reading_delays_nobody_by_a_minute() -> None:
    """Four workers of one thread: the fewest who can carry that many."""
    day = measured(companies=100, hours=1, threads=1, slices=12)
    assert day.beside.slices == 12
    for late in day.late_ms:
        assert late[int(len(late) * 0.95)] <= 30_000
        assert late[-1] <= 600_000
    assert day.worst_delay_seconds <= 60


@pytest.mark.long
@pytest.mark.req("E5")
def test_in_a_day_of_5000_companies_turns_begin_in_time_and_a_first_reading_of_a_million_delays_nobody() -> None:
    """1.4 million turns twice, looked for by the loop over the rows of a store, whose clock is set; only what a turn
    does is replaced by how long it takes. All companies are due at once when it begins."""
    day = measured()
    print(f"\n{told(day)}")  # noqa: T201 - the figures are what it is run for
    assert day.beside.slices == SLICES
    for late in day.late_ms:
        assert len(late) > 1_350_000
        assert late[int(len(late) * 0.95)] <= 30_000
        assert late[-1] <= 600_000
    assert day.worst_delay_seconds <= 60
