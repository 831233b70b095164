"""Slots for calls on their way, when the database is away at the wrong moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from connector.errors import StoreError
from connector.store import Store
from connector.store.budget import Spender
from connector.store.slots import KEPT_SECONDS, SHARE
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, BOOKS, ready


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Somebody else writes all the time."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_database_that_is_away_when_slots_are_given_back_costs_none_of_them(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "store.db"
    ready(str(path), clock).close()
    with Store.open(path, clock, lock_wait_seconds=0.01) as store:
        slots = store.room(Spender(ACME, BOOKS, "The Books")).slots
        for _ in range(SHARE + 1):
            with slots.one():
                pass
            clock.pass_seconds(KEPT_SECONDS + 1)
            with busy(path), pytest.raises(StoreError), slots.one():
                pass
        with ExitStack() as stack:
            names = {stack.enter_context(slots.one()).lease.name for _ in range(SHARE)}
        assert len(names) == SHARE
