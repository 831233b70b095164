"""What every test may ask for."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.clocks import FakeClock
from tests.databases import address, postgres

__all__ = ["address", "postgres"]

LONGEST = ("test_soak_kills.py", "test_wired_world.py", "test_all_kills.py", "test_books_laws.py", "test_replayed.py")
"""Files of the tests that take longest, and share nothing that would be made twice."""

settings.register_profile("house", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True, database=None)
# The gate tries the same cases every time; whoever runs the tests by hand tries new ones.
settings.load_profile("gate" if "CI" in os.environ else "house")


@pytest.hookimpl(trylast=True)  # after those that nobody asked for were left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, dealt out among the workers, each of whom begins with a share of the list: so all end
    together."""
    workers = getattr(config, "workerinput", {"workercount": 0})["workercount"]
    longest = [item for name in LONGEST for item in items if item.path.name == name]
    others = [item for item in items if item.path.name not in LONGEST]
    dealt: list[pytest.Item] = []
    for nth in range(workers):
        own, size = longest[nth::workers], (len(items) - len(dealt)) // (workers - nth)
        dealt += (*own, *others[: size - len(own)])
        del others[: size - len(own)]
    items[:] = dealt or items


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until somebody sleeps."""
    return FakeClock()
