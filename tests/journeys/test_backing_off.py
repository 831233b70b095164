"""While a fault passes nobody has to do anything: turns come later and later until it is over, and then as before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.app.books import apply_plan, make_plan
from connector.app.house import Desk, House
from connector.app.parked import parked
from connector.app.switching import Wanted, switch_on
from connector.app.ticking import PATIENCE, tick
from connector.model.intent import IntentKind, PostPayment
from connector.runtime import SLICE_SECONDS
from tests.clocks import FakeClock
from tests.journeys.firm import Firm, nothing

EVERY_SECONDS = 600


@pytest.fixture
def desk(firm: Firm, clock: FakeClock) -> Iterator[Desk]:
    """At a clock that passes only when somebody waits by it."""
    with House(firm.config(), clock) as house:
        yield house.company(None)


def turn(desk: Desk) -> tuple[bool, int]:
    """One turn: whether it failed, and in how many seconds the next one comes."""
    ticked = tick(desk.house, desk.id, SLICE_SECONDS, lambda: None)
    assert ticked.again_in_seconds is not None
    return desk.store.turn(desk.id).failed, ticked.again_in_seconds


def turns_come_later_while_a_vendor_is_away_and_as_before_when_it_is_back(firm: Firm, desk: Desk) -> None:
    switch_on(desk, Wanted(every_seconds=EVERY_SECONDS, dry_run=True))
    assert turn(desk) == (False, EVERY_SECONDS)
    firm.faults("stripe", "* * 0 status-before 503")
    assert turn(desk) == (True, EVERY_SECONDS), "the first fault is mostly over by then"
    assert [turn(desk) for _ in range(3)] == [(True, EVERY_SECONDS * PATIENCE)] * 3
    said = desk.store.turn(desk.id)
    assert (said.failures, bool(said.said)) == (4, True)
    firm.doubles["stripe"].clear_faults()
    assert turn(desk) == (False, EVERY_SECONDS)
    assert desk.store.turn(desk.id).failures == 0


REFUSALS = ("gone", "closed", "closed-as-stale", "suspended", "two-faults", "invalid-grant")


def whatever_is_refused_is_parked_with_a_cause_and_a_remedy_and_nothing_without_text(firm: Firm) -> None:
    for shape in REFUSALS:
        firm.faults("quickbooks", f"POST /v3/company/*/payment 1 answer-before {shape}")
        with firm.desk() as desk:
            made = make_plan(desk)
            assert any(isinstance(line.intent, PostPayment) for line in made.lines), shape
            apply_plan(desk, made, nothing, nothing)
            waits = [each for each in parked(desk.store.outbox(desk.id)) if each.kind is IntentKind.PAYMENT]
        assert [each.state for each in waits] == ["refused"], shape
        assert all(each.cause.strip() and each.next_step.strip() for each in waits), shape


@pytest.mark.req("F32")
def test_what_passes_is_waited_out_and_what_does_not_is_parked_with_its_cause_and_remedy(
    firm: Firm, desk: Desk
) -> None:
    turns_come_later_while_a_vendor_is_away_and_as_before_when_it_is_back(firm, desk)
    whatever_is_refused_is_parked_with_a_cause_and_a_remedy_and_nothing_without_text(firm)
