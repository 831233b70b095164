"""One pace, one pause and one month for all threads and processes of a connection, on both databases."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select

from connector.errors import BudgetSpent
from connector.store import Store, tables
from connector.store.budget import SharedBudget
from connector.store.database import now_ms
from tests.clocks import FakeClock
from tests.databases import own_schema
from tests.unit.budget_ground import NOON_MS, OurPace, timed
from tests.unit.store_ground import ACME, BOOKS, OTHER, STRIPE, ready, statements

USUAL = OurPace()
GAP_MS = 240
"""Between two calls at 250 in a minute."""
NEARLY = 5e-3
"""A millisecond in a second is laid on top, for the clock of the database knows no less."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    """One store of each kind for all tests of this module: budgets are one table, and making a store takes long."""
    if request.param == "sqlite":
        address = str(tmp_path_factory.mktemp("budget") / "store.db")
    else:
        address = own_schema(request.getfixturevalue("postgres"))
    with ready(address, FakeClock("2001-01-01T00:00:00Z")) as made:
        yield address, made


@pytest.fixture
def store(opened: tuple[str, Store]) -> Store:
    """A store in which nobody has called anything yet."""
    with opened[1]._database.write() as tx:
        tx.execute(delete(tables.budget))
    return opened[1]


def moments(budget: SharedBudget, clock: FakeClock, number: int) -> list[float]:
    """When each of so many calls may be made, one after the other."""
    found = []
    for _ in range(number):
        budget.take()
        found.append(clock.monotonic())
    return found


def most_in(window_seconds: float, calls: list[float]) -> int:
    """The most calls in any stretch of that length, the beginning counted and the end not."""
    return max(sum(1 for at in calls if first <= at < first + window_seconds - 1e-9) for first in calls)


def test_the_burst_goes_at_once_and_then_one_call_per_share_of_the_minute(store: Store, clock: FakeClock) -> None:
    assert moments(timed(store, clock, USUAL), clock, 7) == pytest.approx([0, 0, 0, 0, 0.24, 0.48, 0.72], abs=NEARLY)


def test_a_quiet_hour_saves_up_no_more_than_the_burst(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, USUAL)
    moments(budget, clock, 4)
    clock.pass_seconds(3600)
    assert [at - 3600 for at in moments(budget, clock, 5)] == pytest.approx([0, 0, 0, 0, 0.24], abs=NEARLY)


def test_several_calls_may_be_taken_at_once(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, OurPace(calls_per_minute=60, calls_burst=1))
    budget.take(3)
    assert clock.slept == pytest.approx([2.0], abs=NEARLY)


PACES = {
    "usual": USUAL,
    "highest": OurPace(calls_per_minute=450, calls_burst=1),
    "slow": OurPace(calls_per_minute=61, calls_burst=4),
}


@pytest.mark.gate
@pytest.mark.parametrize("pace", PACES.values(), ids=PACES)
def test_no_second_sees_more_than_eight_calls_and_no_minute_more_than_450(
    store: Store, clock: FakeClock, pace: OurPace
) -> None:
    choose = random.Random(7)  # noqa: S311 - a pattern of callers, no secret
    budget = timed(store, clock, pace)
    calls: list[float] = []
    for _ in range(500):
        clock.pass_seconds(choose.choice([0.0] * 60 + [0.001, 0.1, 0.24, 0.9, 1.0, 7.0]))
        calls += moments(budget, clock, 1)
    assert most_in(1, calls) <= 8
    assert most_in(60, calls) <= 450


@pytest.mark.parametrize("per_minute", [250, 450])
def test_whoever_asks_without_end_gets_nine_tenths_of_the_pace_and_more(
    store: Store, clock: FakeClock, per_minute: int
) -> None:
    budget = timed(store, clock, OurPace(calls_per_minute=per_minute, calls_burst=1))
    calls = moments(budget, clock, per_minute)
    assert calls[-1] <= 60 / 0.9


def test_threads_share_one_schedule_and_none_is_given_the_place_of_another(store: Store) -> None:
    clock = FakeClock()
    budgets = [timed(store, clock, USUAL) for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: [mine.take() for _ in range(10)]) for mine in budgets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store._database.read() as tx:
        next_at = tx.execute(select(tables.budget.c.next_at)).scalar_one()
    assert next_at - NOON_MS * 1000 >= 40 * GAP_MS * 1000


def test_processes_share_one_schedule_and_none_is_given_the_place_of_another(
    store: Store, opened: tuple[str, Store]
) -> None:
    takes, processes = 60, 2
    began = database_now(store)
    command = [sys.executable, "-m", "tests.unit.budget_ground", opened[0], "250", str(takes)]
    running = [subprocess.Popen(command) for _ in range(processes)]
    assert [one.wait(timeout=60) for one in running] == [0] * processes
    with store._database.read() as tx:
        next_at = tx.execute(select(tables.budget.c.next_at)).scalar_one()
    assert next_at - began * 1000 >= takes * processes * GAP_MS * 1000


def database_now(store: Store) -> int:
    with store._database.read() as tx:
        return tx.execute(select(now_ms())).scalar_one()


def test_the_product_asks_the_database_for_the_time_and_not_this_computer(store: Store) -> None:
    before = database_now(store)
    store.budget(ACME, BOOKS, OurPace(metered_per_month=9), "The Books").pause(60)
    paused = store.spending(ACME, BOOKS, USUAL).paused_until
    assert paused is not None
    assert paused.timestamp() * 1000 >= before + 60_000


def test_budgets_of_two_connections_and_of_two_companies_are_two(store: Store, clock: FakeClock) -> None:
    moments(timed(store, clock, USUAL), clock, 4)
    timed(store, clock, USUAL, connection=STRIPE).take()
    timed(store, clock, USUAL, company=OTHER).take()
    assert clock.slept == []


def test_nothing_of_the_database_is_held_while_somebody_waits(store: Store) -> None:
    waited: list[float] = []

    class Busy(FakeClock):
        """While its owner sleeps, somebody else writes to the same database."""

        def sleep(self, seconds: float) -> None:
            store.budget(ACME, STRIPE, USUAL, "Other").take()
            waited.append(seconds)
            super().sleep(seconds)

    timed(store, Busy(), OurPace(calls_per_minute=60, calls_burst=1)).take(2)
    assert waited == pytest.approx([1.0], abs=NEARLY)


def test_a_pause_holds_everybody_of_the_connection_back_and_then_the_pace_goes_on(
    store: Store, clock: FakeClock
) -> None:
    one, other = timed(store, clock, USUAL), timed(store, clock, USUAL)
    moments(one, clock, 4)
    one.pause(60)
    assert moments(other, clock, 6) == pytest.approx([60, 60, 60, 60, 60.24, 60.48], abs=NEARLY)
    timed(store, clock, USUAL, connection=STRIPE).take()
    assert sum(clock.slept) == pytest.approx(60.48, abs=NEARLY)


def test_who_slept_past_his_turn_takes_another_and_goes_not_together_with_the_others(store: Store) -> None:
    class Starved(FakeClock):
        """The first time its owner sleeps, this computer has no time for it until long after."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + (2 if not self.slept else 0))

    clock = Starved()
    budget = timed(store, clock, USUAL)
    assert moments(budget, clock, 9) == pytest.approx([0, 0, 0, 0, 2.24, 2.24, 2.24, 2.24, 2.48], abs=NEARLY)


def test_a_shorter_pause_does_not_end_a_longer_one(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, USUAL)
    budget.pause(60)
    budget.pause(1)
    budget.take()
    assert clock.monotonic() == 60


def test_who_waits_for_his_turn_when_the_pause_comes_waits_for_the_pause_too(store: Store) -> None:
    class Throttled(FakeClock):
        """The first time its owner sleeps, another thread of the connection is told to slow down."""

        def sleep(self, seconds: float) -> None:
            if not self.slept:
                timed(store, self, pace).pause(60)
            super().sleep(seconds)

    pace = OurPace(calls_per_minute=60, calls_burst=1)
    clock = Throttled()
    budget = timed(store, clock, pace)
    assert moments(budget, clock, 2)[1] >= 60


def test_a_pause_longer_than_anybody_waits_is_told_with_its_end(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, USUAL)
    budget.pause(3600)
    with pytest.raises(BudgetSpent) as caught:
        budget.take()
    assert str(caught.value) == (
        "The Books has asked us to wait until 2026-03-31 13:00 UTC; nothing was sent. Run it again after that time."
    )
    assert clock.slept == []
    clock.pass_seconds(3600)
    budget.take()


def test_pauses_without_end_are_not_waited_for_without_end(store: Store) -> None:
    class Stormy(FakeClock):
        """Whenever its owner sleeps, another process is told to slow down again."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            timed(store, self, USUAL).pause(60)

    clock = Stormy()
    budget = timed(store, clock, USUAL)
    budget.pause(60)
    with pytest.raises(BudgetSpent, match="keeps asking us to slow down; nothing was sent"):
        budget.take()
    assert sum(clock.slept) <= 240


def throttled_for(store: Store, clock: FakeClock, minutes: int, *, answered_after: int | None = None) -> None:
    """One call in a minute, each by a process of its own, each refused; one is answered, if that is wanted."""
    for minute in range(minutes + 1):
        budget = timed(store, clock, USUAL)
        budget.take()
        if minute == answered_after:
            budget.answered()
        budget.pause(60)


def test_refused_for_an_hour_it_is_a_plan_limit_or_a_block_and_a_person_is_told(store: Store, clock: FakeClock) -> None:
    throttled_for(store, clock, 60)
    budget = timed(store, clock, USUAL)
    budget.take()
    with pytest.raises(BudgetSpent) as caught:
        budget.pause(60)
    assert caught.value.sentence == (
        "The Books has refused every call since 2026-03-31 12:00 UTC: "
        "that is a plan limit or a block, not a moment's throttle."
    )
    assert "developer portal" in caught.value.next_step


def test_one_answer_in_that_hour_and_the_hour_begins_anew(store: Store, clock: FakeClock) -> None:
    throttled_for(store, clock, 90, answered_after=45)
    assert clock.monotonic() >= 90 * 60


def test_an_answer_writes_only_when_there_was_a_throttle(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, USUAL)
    budget.take()
    with statements(store) as said:
        budget.answered()
    assert said == []
    timed(store, clock, USUAL).pause(1)
    budget.take()
    with statements(store) as said:
        budget.answered()
        budget.answered()
    assert [text.split()[0] for text in said if text.split()[0] != "BEGIN"] == ["UPDATE"]
    assert store.spending(ACME, BOOKS, USUAL).throttled_since is None


def test_a_take_is_one_statement(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, OurPace(metered_per_month=9))
    budget.take()
    with statements(store) as said:
        budget.take()
    assert [text.split()[0] for text in said if text.split()[0] != "BEGIN"] == ["UPDATE"]


METERED = OurPace(calls_per_minute=60, calls_burst=4, metered_per_month=5)


def test_the_months_share_is_counted_for_metered_calls_only_and_across_processes(
    store: Store, clock: FakeClock
) -> None:
    for _ in range(5):
        timed(store, clock, METERED).take(metered=True)
        timed(store, clock, METERED).take()
    with pytest.raises(BudgetSpent) as caught:
        timed(store, clock, METERED).take(metered=True)
    assert str(caught.value) == (
        "The 5 reads of The Books that this connection may make in 2026-03 are used up; nothing was sent. "
        "They begin anew on 2026-04-01; if your plan there allows more, connect it again with a higher limit."
    )
    timed(store, clock, METERED).take()


def test_a_refused_call_uses_up_nothing_and_takes_no_place(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, METERED)
    budget.take(metered=True)
    with pytest.raises(BudgetSpent):
        budget.take(5, metered=True)
    assert moments(budget, clock, 3) == [0, 0, 0]
    budget.take(4, metered=True)


def test_a_new_month_begins_anew(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, METERED)
    budget.take(5, metered=True)
    clock.pass_seconds(36 * 3600)
    budget.take(5, metered=True)


def test_what_was_spent_can_be_read_and_four_fifths_are_told(store: Store) -> None:
    pace = OurPace(calls_per_minute=6000, calls_burst=100, metered_per_month=10)
    assert (store.spending(ACME, BOOKS, pace).metered, store.spending(ACME, BOOKS, pace).paused_until) == (0, None)
    budget = store.budget(ACME, BOOKS, pace, "The Books")
    budget.take(7, metered=True)
    assert not store.spending(ACME, BOOKS, pace).nearly_spent
    budget.take(1, metered=True)
    spent = store.spending(ACME, BOOKS, pace)
    assert (spent.metered, spent.allowed, spent.nearly_spent) == (8, 10, True)
    assert not store.spending(ACME, BOOKS, USUAL).nearly_spent


def test_a_connection_without_a_share_is_not_counted(store: Store, clock: FakeClock) -> None:
    budget = timed(store, clock, USUAL)
    for _ in range(3):
        budget.take(metered=True)
    assert store.spending(ACME, BOOKS, METERED).metered == 0
