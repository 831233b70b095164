"""The benchmark of a first sync as a test: too slow for every run, and its figures depend on the machine."""

from __future__ import annotations

import sys

import pytest

from tests.bench.bench_quickbooks_sync import measured, shown

INVOICES = 100_000
LIBRARY_INVOICES = 5_000


@pytest.mark.long
def test_a_hundred_thousand_invoices_cost_a_fraction_of_the_librarys_objects_and_a_tick_next_to_nothing() -> None:
    ours, objects = measured("ours", INVOICES, 0), measured("objects", LIBRARY_INVOICES, 0)
    sys.stdout.write(shown("ours", INVOICES, 0, ours) + "\n" + shown("objects", LIBRARY_INVOICES, 0, objects) + "\n")
    assert objects["cpu"] / LIBRARY_INVOICES >= 4 * ours["cpu"] / INVOICES
    assert ours["tick_ms"] <= 50
    assert ours["tick_calls"] <= 3
