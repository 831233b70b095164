"""The benchmark of a first sync as a test: too slow for every run, and its figures depend on the machine."""

from __future__ import annotations

import sys

import pytest

from tests.bench.bench_quickbooks_sync import measured, shown

INVOICES = 100_000
MANY = 1_000_000
LIBRARY_INVOICES = 5_000
CPU_US_MAX = 60
RSS_MB_MAX = 120
WALL_SECONDS_MAX = {50: 8, 200: 12}


@pytest.mark.long
@pytest.mark.req("E13")
def test_an_invoice_costs_sixty_microseconds_at_most_and_a_million_take_no_more_memory_than_a_tenth_of_them() -> None:
    some, many = measured("ours", INVOICES, 0), measured("ours", MANY, 0)
    sys.stdout.write(shown("ours", INVOICES, 0, some) + "\n" + shown("ours", MANY, 0, many) + "\n")
    assert some["cpu"] / INVOICES * 1e6 <= CPU_US_MAX
    assert some["rss_mb"] <= RSS_MB_MAX
    assert many["rss_mb"] <= 1.2 * some["rss_mb"]


@pytest.mark.long
@pytest.mark.req("E14")
def test_a_hundred_thousand_invoices_cost_an_eighth_of_the_librarys_objects_and_slow_pages_are_fetched_together() -> (
    None
):
    ours, objects = measured("ours", INVOICES, 0), measured("objects", LIBRARY_INVOICES, 0)
    sys.stdout.write(shown("ours", INVOICES, 0, ours) + "\n" + shown("objects", LIBRARY_INVOICES, 0, objects) + "\n")
    assert objects["cpu"] / LIBRARY_INVOICES >= 8 * ours["cpu"] / INVOICES
    for delay_ms, wall_seconds_max in WALL_SECONDS_MAX.items():
        said = measured("ours", INVOICES, delay_ms)
        sys.stdout.write(shown("ours", INVOICES, delay_ms, said) + "\n")
        assert said["wall"] <= wall_seconds_max
