"""Whose turn it is, on both databases: one worker at a time, nothing forgotten, nobody waits for the dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from connector.errors import LeaseLost
from connector.model.autosync import Turn
from connector.model.source import CompanyId
from connector.runtime import Ticked
from connector.runtime.loop import Loop
from connector.store import Store, due, tables
from connector.store.due import Claim, Coming
from tests.clocks import FakeClock
from tests.databases import own_schema
from tests.unit.store_ground import ACME, OTHER, ready

LONG = 60.0
ONE, TWO = "here:1", "here:2"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store of each kind for all tests of this module."""
    if request.param == "sqlite":
        address = str(tmp_path_factory.mktemp("due") / "store.db")
    else:
        address = own_schema(request.getfixturevalue("postgres"))
    with ready(address, FakeClock()) as made:
        yield made


@pytest.fixture
def store(opened: Store) -> Store:
    """A store in which nobody is due."""
    with opened._database.write() as tx:
        tx.execute(delete(tables.due))
    return opened


def taken(store: Store, owner: str = ONE, seconds: float = LONG) -> Claim:
    claim = store.claim(owner, seconds)
    assert claim is not None
    return claim


def test_nobody_is_due_before_somebody_says_so(store: Store) -> None:
    assert store.claim(ONE, LONG) is None
    assert store.coming().in_ms is None


def test_who_is_due_is_taken_by_one_worker_alone(store: Store) -> None:
    store.wake(ACME, "a person")
    claim = taken(store)
    assert (claim.company, claim.reason) == (ACME, "a person")
    assert store.claim(TWO, LONG) is None
    assert store.queue().working == ((ONE, 1),)


def test_many_workers_at_once_take_each_company_once(store: Store) -> None:
    companies = [CompanyId(f"c{number:02}") for number in range(20)]
    for company in companies:
        store.wake(company, "all at once")
    found: list[CompanyId] = []

    def work() -> None:
        while (claim := store.claim(f"here:{threading.get_ident()}", LONG)) is not None:
            found.append(claim.company)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(found) == companies


def test_who_has_waited_longest_comes_first(store: Store) -> None:
    store.wake(ACME, "later", in_ms=-1_000)
    store.wake(OTHER, "sooner", in_ms=-9_000)
    first = taken(store)
    assert first.company == OTHER
    assert first.late_ms >= 9_000
    assert taken(store).company == ACME


def test_waking_makes_it_due_sooner_and_never_later(store: Store) -> None:
    store.wake(ACME, "the schedule", in_ms=60_000)
    assert store.claim(ONE, LONG) is None
    store.wake(ACME, "a webhook")
    store.wake(ACME, "the schedule", in_ms=60_000)
    assert taken(store).reason == "a webhook"


def test_a_word_that_comes_while_it_is_worked_on_makes_another_turn(store: Store) -> None:
    store.wake(ACME, "the schedule")
    claim = taken(store)
    store.wake(ACME, "a webhook")
    assert store.claim(TWO, LONG) is None
    store.done(claim, in_ms=300_000)
    assert taken(store, TWO).reason == "a webhook"


def test_a_turn_that_is_over_comes_again_when_it_said(store: Store) -> None:
    store.wake(ACME, "the schedule")
    store.done(taken(store), in_ms=300_000)
    assert store.claim(TWO, LONG) is None
    coming = store.coming().in_ms
    assert coming is not None
    assert 290_000 < coming <= 300_000


def test_a_turn_whose_worker_died_is_taken_over_when_its_time_is_up_and_its_end_is_nobodys(store: Store) -> None:
    store.wake(ACME, "the schedule")
    dead = taken(store, ONE, 0.02)
    time.sleep(0.03)
    heir = taken(store, TWO)
    assert heir.company == ACME
    with pytest.raises(LeaseLost, match="Another process works on acme now"):
        store.hold(dead, LONG)
    store.done(dead, in_ms=0)
    assert store.claim(ONE, LONG) is None
    store.hold(heir, LONG)


def test_what_a_dead_worker_had_comes_before_those_that_are_due_all_the_time(store: Store) -> None:
    store.wake(ACME, "the schedule")
    taken(store, ONE, 0.01)
    time.sleep(0.02)
    store.wake(OTHER, "the schedule")
    assert [taken(store, TWO).company for _ in range(2)] == [ACME, OTHER]


def test_what_a_worker_that_is_known_to_be_dead_had_is_due_at_once(store: Store) -> None:
    store.wake(ACME, "the schedule")
    taken(store, ONE)
    store.free(ONE)
    assert taken(store, TWO).company == ACME


def test_what_a_dead_worker_had_waits_no_longer_than_those_that_were_due_before_it_was_known(store: Store) -> None:
    store.wake(ACME, "the schedule")
    taken(store, ONE)
    store.wake(OTHER, "the schedule", in_ms=-1_000)
    store.free(ONE)
    assert taken(store, TWO).company == OTHER
    heir = taken(store, TWO)
    assert heir.company == ACME
    assert heir.late_ms < 60_000


def test_what_a_dead_worker_had_does_not_wait_longer_the_oftener_its_death_is_seen(store: Store) -> None:
    store.wake(ACME, "the schedule")
    taken(store, ONE)
    store.free(ONE)
    time.sleep(0.01)
    store.wake(OTHER, "the schedule")
    time.sleep(0.01)
    store.free(ONE)
    assert [taken(store, TWO).company for _ in range(2)] == [ACME, OTHER]


def test_when_the_next_turn_is_and_who_is_at_work_is_known_without_taking_one(store: Store) -> None:
    assert store.coming() == Coming(in_ms=None, at_work=())
    store.wake(ACME, "the schedule", in_ms=60_000)
    later = store.coming().in_ms
    assert later is not None
    assert 50_000 < later <= 60_000
    store.wake(OTHER, "a person")
    assert store.coming() == Coming(in_ms=0, at_work=())
    taken(store, ONE, 30.0)
    stands = store.coming()
    assert stands.at_work == (ONE,)
    assert stands.in_ms is not None
    assert 20_000 < stands.in_ms <= 30_000


def test_looking_whose_turn_it_is_reads_no_more_rows_the_more_companies_there_are(tmp_path: Path) -> None:
    with ready(str(tmp_path / "store.db"), FakeClock()) as store, store._database.read() as tx:
        for statement in (due._WAITING, due._BEREFT, due._NEXT, due._HOLDERS):
            written = str(statement.compile(dialect=tx.dialect, compile_kwargs={"literal_binds": True}))
            plan = [row.detail for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}")]
            assert [step for step in plan if step.startswith("SEARCH due USING") and "due_by_time" in step], plan
            assert [step for step in plan if step.startswith("SCAN due")] == []


def test_who_is_forgotten_is_not_due_any_more(store: Store) -> None:
    store.wake(ACME, "the schedule")
    store.forget_due(ACME)
    assert store.claim(ONE, LONG) is None


def test_how_the_last_turn_went_is_kept(store: Store) -> None:
    assert store.turn(ACME) == Turn()
    store.wake(ACME, "the schedule")
    store.save_turn(ACME, Turn(said="3 written.", head=7))
    store.wake(ACME, "a webhook")
    assert store.turn(ACME) == Turn(said="3 written.", head=7)


def test_the_loop_calls_each_turn_again_and_again_and_one_of_a_company_at_a_time(store: Store) -> None:
    stop, under_way, both, calls = threading.Event(), set[CompanyId](), [0], dict[CompanyId, int]()

    def tick(company: CompanyId, _seconds: float, _hold: object) -> Ticked:
        both[0] += company in under_way
        under_way.add(company)
        time.sleep(0.002)
        calls[company] = calls.get(company, 0) + 1
        if all(calls.get(each, 0) >= 5 for each in (ACME, OTHER)):
            stop.set()
        under_way.discard(company)
        return Ticked(again_in_seconds=0)

    loop = Loop(store=store, owner=ONE, workers=3)
    for company in (ACME, OTHER):
        loop.wake(company, reason="begin")
    loop.run(tick, stop)
    assert both == [0]
    assert set(calls) == {ACME, OTHER}
    assert loop.status().workers == ()


def test_a_turn_that_takes_longer_than_its_lease_stays_with_its_worker(store: Store) -> None:
    stop = threading.Event()
    taken_meanwhile: list[Claim | None] = []

    def tick(_company: CompanyId, _seconds: float, _hold: object) -> Ticked:
        time.sleep(0.4)
        taken_meanwhile.append(store.claim(TWO, LONG))
        stop.set()
        return Ticked(again_in_seconds=None)

    store.wake(ACME, "begin")
    Loop(store=store, owner=ONE, lease_seconds=0.15).run(tick, stop)
    assert taken_meanwhile == [None]
