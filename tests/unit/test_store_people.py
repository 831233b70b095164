"""People of the console in the store, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.dates import after
from connector.errors import UnknownRecord
from connector.model.firm import Actor, Company
from connector.model.person import Errand, ErrandKind, ErrandState, Person, Role, Seat, Session
from connector.model.source import ActorId, CompanyId
from connector.money import currency
from connector.store import Store
from tests.clocks import FakeClock

ONE, TWO = CompanyId("one"), CompanyId("two")
ERIN, DANA = ActorId("erin"), ActorId("dana")


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with Store.open(address, clock) as opened:
        for company in (ONE, TWO):
            made = Company(company_id=company, name=company.title(), home_currency=currency("USD"), zone="UTC")
            opened.add_company(made, Actor(company_id=company, actor_id=DANA, name="Dana"))
        yield opened


def session(clock: FakeClock, token_hash: str, person: ActorId = ERIN, *, invited: bool = False) -> Session:
    now = clock.now()
    return Session(token_hash=token_hash, person_id=person, invited=invited, form_key="k", made_at=now, seen_at=now)


def test_a_role_is_of_one_company_and_stands_in_its_journal(store: Store) -> None:
    store.give_seat(Seat(company_id=ONE, person_id=ERIN, role=Role.VIEW), DANA)
    store.give_seat(Seat(company_id=ONE, person_id=ERIN, role=Role.APPROVE), DANA)
    assert store.role_of(ONE, ERIN) is Role.APPROVE
    assert store.role_of(TWO, ERIN) is None
    assert [seat.company_id for seat in store.seats(person=ERIN)] == [ONE]
    store.take_seat(ONE, ERIN, DANA)
    assert store.seats() == ()
    told = list(store.journal(ONE, "seat"))
    assert [entry.actor for entry in told] == [DANA] * 3
    assert store.verify(ONE) == ()


def test_a_person_who_is_dropped_is_signed_in_nowhere(store: Store, clock: FakeClock) -> None:
    store.save_person(Person(person_id=ERIN, name="Erin"))
    store.save_person(Person(person_id=ERIN, name="Erin", password_hash="h"))
    assert [each.password_hash for each in store.people()] == ["h"]
    store.begin_session(session(clock, "a"))
    store.begin_session(session(clock, "b", DANA))
    store.drop_person(ERIN)
    assert store.people() == ()
    assert store.session("a") is None
    assert store.session("b") == session(clock, "b", DANA)


def test_of_two_who_end_a_session_one_is_told_that_it_was_there(store: Store, clock: FakeClock) -> None:
    store.begin_session(session(clock, "a"))
    assert [store.end_session("a"), store.end_session("a")] == [True, False]


def test_sessions_end_by_person_by_kind_and_by_age(store: Store, clock: FakeClock) -> None:
    store.begin_session(session(clock, "old"))
    clock.pass_seconds(10)
    for name, person, invited in (("a", ERIN, False), ("b", ERIN, True), ("c", DANA, True)):
        store.begin_session(session(clock, name, person, invited=invited))
    store.touch_session("a", after(clock.now(), 5))
    store.end_sessions(made_before=clock.now())
    store.end_sessions(ERIN, invited=True)
    left = {name: store.session(name) for name in ("old", "a", "b", "c")}
    assert [name for name, each in left.items() if each is not None] == ["a", "c"]
    assert left["a"] is not None
    assert left["a"].seen_at == after(clock.now(), 5)


def test_an_errand_is_told_of_to_its_company_alone(store: Store, clock: FakeClock) -> None:
    first = Errand(errand_id="w-1", company_id=ONE, kind=ErrandKind.READ, by=ERIN, owner="here:1", made_at=clock.now())
    store.save_errand(first)
    clock.pass_seconds(1)
    store.save_errand(replace(first, errand_id="w-2", made_at=clock.now()))
    store.save_errand(replace(first, state=ErrandState.DONE, said=("Done.",)))
    assert [each.errand_id for each in store.errands(ONE)] == ["w-2", "w-1"]
    assert [each.errand_id for each in store.errands(ONE, working=True)] == ["w-2"]
    assert store.errand(ONE, "w-1").said == ("Done.",)
    assert store.errands(TWO) == ()
    with pytest.raises(UnknownRecord):
        store.errand(TWO, "w-1")
