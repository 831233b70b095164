"""What every test may ask for."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.clocks import FakeClock
from tests.databases import address, postgres

__all__ = ["address", "postgres"]

settings.register_profile("house", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True, database=None)
# The gate tries the same cases every time; whoever runs the tests by hand tries new ones.
settings.load_profile("gate" if "CI" in os.environ else "house")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until somebody sleeps."""
    return FakeClock()
