"""The second person's word: kept once per person, for the plan that was looked at, and vouched for by the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connector import canonical
from connector.errors import Refused, UnknownRecord
from connector.model.approval import Approval
from connector.model.source import ActorId, PlanId
from connector.store import Author, Store
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, ANN, OTHER, found, ready

ERIN = ActorId("erin")


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        made.save_plan(ACME, PlanId("p1"), b"a plan", ANN)
        yield made


def word(clock: FakeClock, by: ActorId = ERIN, *, of: bytes = b"a plan") -> Approval:
    return Approval(plan_id=PlanId("p1"), plan_hash=canonical.digest(of), by=by, at=clock.now(), entered_by=ANN)


def test_an_approval_is_kept_with_who_gave_it_and_in_the_journal(store: Store, clock: FakeClock) -> None:
    assert store.approvals(ACME, PlanId("p1")) == ()
    first, second = word(clock), word(clock, ActorId("fay"))
    store.approve(Author(ACME, ANN), first)
    store.approve(Author(ACME, ANN), second)
    assert store.approvals(ACME, PlanId("p1")) == (first, second)
    bodies: list[Any] = [entry.body for entry in store.journal(ACME, "approval")]
    assert [body["by"] for body in bodies] == ["erin", "fay"]
    assert store.verify(ACME) == ()


def test_nobody_approves_twice(store: Store, clock: FakeClock) -> None:
    store.approve(Author(ACME, ANN), word(clock))
    with pytest.raises(Refused):
        store.approve(Author(ACME, ANN), word(clock))
    assert len(list(store.journal(ACME, "approval"))) == 1


def test_a_word_about_another_plan_than_the_stored_one_is_refused(store: Store, clock: FakeClock) -> None:
    with pytest.raises(Refused):
        store.approve(Author(ACME, ANN), word(clock, of=b"another plan"))
    assert store.approvals(ACME, PlanId("p1")) == ()


def test_a_plan_of_another_company_is_not_there(store: Store, clock: FakeClock) -> None:
    found(store, OTHER)
    with pytest.raises(UnknownRecord):
        store.approve(Author(OTHER, ANN), word(clock))
