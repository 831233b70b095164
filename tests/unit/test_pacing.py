"""The month's metered reads last until the month ends, however they were used so far."""

from __future__ import annotations

import pytest

from connector.app.pacing import LONGEST_SECONDS, seconds_between
from connector.dates import after, instant_from_iso
from connector.store.budget import Spending

DAY_SECONDS = 86_400


def spent(metered: int, allowed: int | None) -> Spending:
    return Spending(month="2026-04", metered=metered, allowed=allowed, paused_until=None, throttled_since=None)


@pytest.mark.parametrize(
    ("at", "metered", "allowed", "seconds"),
    [
        pytest.param("2026-04-01T00:00:00Z", 0, 15_000, 192, id="a whole month"),
        pytest.param("2026-04-16T00:00:00Z", 0, 15_000, 96, id="half of it, nothing used"),
        pytest.param("2026-04-16T00:00:00Z", 12_000, 15_000, 864, id="half of it, most is used"),
        pytest.param("2026-04-30T23:00:00Z", 13_499, 15_000, 3_600, id="one is left for the last hour"),
        pytest.param("2026-04-16T00:00:00Z", 13_500, 15_000, LONGEST_SECONDS, id="what is left is kept for people"),
        pytest.param("2026-04-16T00:00:00Z", 15_000, 15_000, LONGEST_SECONDS, id="nothing is left"),
        pytest.param("2026-04-16T00:00:00Z", 9_999_999, None, 0, id="nothing is metered"),
        pytest.param("2026-12-31T00:00:00Z", 0, 960, 100, id="the last day of a year"),
    ],
)
def test_looks_come_so_far_apart_that_the_reads_last(at: str, metered: int, allowed: int | None, seconds: int) -> None:
    assert seconds_between(spent(metered, allowed), instant_from_iso(at)) == seconds


@pytest.mark.parametrize("cost", [1, 3])
def test_a_month_of_looks_at_that_pace_does_not_run_out_though_each_costs_more_than_planned(cost: int) -> None:
    began = instant_from_iso("2026-04-01T00:00:00Z")
    passed, used, looks = 0, 0, 0
    while passed < 30 * DAY_SECONDS:
        used, looks = used + cost, looks + 1
        passed += max(300, seconds_between(spent(used, 4_000), after(began, passed)))
    assert used < 3_700
    assert looks * cost > 2_400, "and most of the rest is used"
