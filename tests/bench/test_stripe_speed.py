"""The benchmark of a first Stripe sync as a test: too slow for every run, and its figures depend on the machine."""

from __future__ import annotations

import sys

import pytest

from tests.bench import bench_quickbooks_sync
from tests.bench.bench_stripe_sync import ALLOWED_PER_SECOND, LIBRARY_ROWS, LIMITED_ROWS, measured, shown

ROWS = 50_000
TICK_MS_MAX = 50
TICK_CALLS_MAX = 3


@pytest.mark.long
def test_a_hundred_thousand_records_cost_a_fifteenth_of_the_librarys_and_no_more_memory_for_being_many() -> None:
    ours, library = measured("ours", ROWS, 0), measured("library", LIBRARY_ROWS, 0)
    sys.stdout.write(shown("ours", ROWS, 0, ours) + "\n" + shown("library", LIBRARY_ROWS, 0, library) + "\n")
    assert library["cpu"] / LIBRARY_ROWS >= 15 * ours["cpu"] / ROWS
    assert ours["rss_mb"] <= 120


@pytest.mark.long
@pytest.mark.req("E16")
def test_a_cycle_with_nothing_new_is_three_calls_and_next_to_no_work_at_either_vendor() -> None:
    for said in (measured("ours", 1_000, 0), bench_quickbooks_sync.measured("ours", 1_000, 0)):
        assert said["tick_calls"] <= TICK_CALLS_MAX
        assert said["tick_ms"] <= TICK_MS_MAX


@pytest.mark.long
@pytest.mark.req("E15")
def test_nine_tenths_of_an_allowed_rate_are_used_and_nothing_is_asked_for_beyond_it_once_it_was_refused() -> None:
    said = measured("limited", LIMITED_ROWS, 0, str(ALLOWED_PER_SECOND))
    used = said["requests"] / said["seconds"] / ALLOWED_PER_SECOND
    sys.stdout.write(f"{used:.0%} of {ALLOWED_PER_SECOND} a second, {said['refused']:.0f} refused\n")
    assert used >= 0.9
    assert said["refused_again"] == 0
