"""A grant that nobody needs to renew yet is renewed before it ends, and its end for good is told a month ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.quickbooks import checks, standin
from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.settings import Settings
from adapters.quickbooks.standin.conduct import Conduct
from adapters.quickbooks.standin.intuit import Intuit
from connector.dates import after
from connector.testing.standin import Fault, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import WORLD, Room, inspect

DAY = 86_400
TOKENS = "/oauth2/v1/tokens/bearer"
LASTING = Conduct(access_seconds=6 * 365 * DAY)
"""Access tokens that outlive everything: whatever renews a grant here does so to keep it alive."""


class Intuits:
    """An Intuit with the clock of the test, and connections to it, each as good as a process of its own."""

    def __init__(self, room: Room, intuit: Intuit, clock: FakeClock) -> None:
        self.room = room
        self.clock = clock
        self._values = intuit.settings(parse(WORLD)[0], room.server.url)

    def open(self) -> QuickBooksOnline:
        settings = Settings.parse({**self._values, "retry_seconds": "0"} | {"in_flight": "1"})
        return connect(self.room.surroundings(settings))

    def renewals(self) -> int:
        pair = self.room.tokens.pair
        return int(pair.refresh.rpartition("-")[2]) if pair is not None else 0


@pytest.fixture
def intuit(clock: FakeClock) -> Iterator[Intuits]:
    made = standin.build(parse(WORLD), clock=clock, conduct=LASTING)
    with Server(made, inspectors=(inspect,)) as server:
        yield Intuits(Room(server, clock), made, clock)
    assert server.problems == []


@pytest.mark.req("F29")
def test_a_grant_is_renewed_when_less_than_a_quarter_of_its_life_is_left_and_not_before(intuit: Intuits) -> None:
    intuit.open().company()
    begun = intuit.renewals()
    intuit.clock.pass_seconds(74 * DAY)
    intuit.open().company()
    assert intuit.renewals() == begun
    intuit.clock.pass_seconds(2 * DAY)
    intuit.open().company()
    assert intuit.renewals() == begun + 1
    intuit.open().company()
    assert intuit.renewals() == begun + 1


def test_a_firm_that_looks_in_once_a_season_stays_connected(intuit: Intuits) -> None:
    for _ in range(8):
        intuit.clock.pass_seconds(80 * DAY)
        assert all(check.ok for check in intuit.open().check() if check.name in ("connection", "grant"))


def test_what_fails_while_the_old_pair_still_works_stops_nothing_and_is_tried_at_the_next_start(
    intuit: Intuits,
) -> None:
    intuit.open().company()
    begun = intuit.renewals()
    intuit.clock.pass_seconds(80 * DAY)
    intuit.room.server.add_faults(Fault(method="POST", path=TOKENS, nth=1, kind="drop-before"))
    one = intuit.open()
    assert one.company().row.id == "1"
    assert one.company().row.id == "1"
    assert intuit.renewals() == begun
    intuit.open().company()
    assert intuit.renewals() == begun + 1


def test_a_pair_from_before_this_was_kept_is_used_as_it_is(intuit: Intuits) -> None:
    intuit.open().company()
    pair = intuit.room.tokens.pair
    assert pair is not None
    intuit.room.tokens.pair = replace(pair, renewed_at="")
    begun = intuit.renewals()
    intuit.clock.pass_seconds(80 * DAY)
    intuit.open().company()
    assert intuit.renewals() == begun


@pytest.mark.req("F29")
def test_the_end_for_good_is_told_thirty_days_ahead_with_the_command_that_connects_again(intuit: Intuits) -> None:
    intuit.open().company()
    pair = intuit.room.tokens.pair
    assert pair is not None
    end = after(intuit.clock.now(), 31 * DAY).isoformat()
    intuit.room.tokens.pair = replace(pair, hard_expires_at=end, refresh_expires_at=end)
    told = []
    for _ in range(2):
        told.append(checks.grant(intuit.room.tokens.pair, intuit.clock.now()))
        intuit.clock.pass_seconds(2 * DAY)
    assert [each.ok for each in told] == [True, False]
    assert "a person must connect again" in told[1].sentence
    assert "receivables connect quickbooks" in told[1].next_step
