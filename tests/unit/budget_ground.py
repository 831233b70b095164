"""The ground that the tests of budgets stand on, and a process of its own that takes from one.

`python -m tests.unit.budget_ground ADDRESS PER_MINUTE TAKES` takes that many times without waiting for its turn.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, bindparam

from connector.model.source import CompanyId, ConnectionId
from connector.ports import Pace
from connector.store import Store
from connector.store.budget import SharedBudget, Spender
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, BOOKS

NOON_MS = 1_774_958_400_000
"""2026-03-31 12:00 UTC: a day and a half later it is another month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OurPace:
    """A pace, as a spec or settings have one."""

    calls_per_minute: int = 250
    calls_burst: int = 4
    metered_per_month: int | None = None


def at(clock: FakeClock) -> ColumnElement[int]:
    """The test's clock in the place of the database's: milliseconds since 1970, asked anew by every statement."""
    return bindparam("at", callable_=lambda: NOON_MS + int(clock.monotonic() * 1000 + 1e-6), type_=BigInteger())


def timed(
    store: Store,
    clock: FakeClock,
    pace: Pace,
    *,
    company: CompanyId = ACME,
    connection: ConnectionId = BOOKS,
) -> SharedBudget:
    """A budget whose time is the test's."""
    spender = Spender(company, connection, "The Books")
    return SharedBudget(store._database, clock, spender, pace, now=at(clock)).within(store.room(spender))


def main(address: str, per_minute: str, takes: str) -> None:
    """Take places in the schedule as fast as the database gives them."""
    clock = FakeClock()
    with Store.open(address, clock) as store:
        budget = store.budget(ACME, BOOKS, OurPace(calls_per_minute=int(per_minute)), "The Books")
        for _ in range(int(takes)):
            budget.take()


if __name__ == "__main__":
    main(*sys.argv[1:])
