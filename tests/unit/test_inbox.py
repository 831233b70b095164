"""The inbox: a hint is stored once, for one connection, until it was looked at; and it is never anything but a hint."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.model.source import Kind
from connector.ports import Hint, Page
from connector.store import Author, Store
from connector.store.inbox import Addressed
from tests.clocks import FakeClock
from tests.unit.store_ground import (
    ACME,
    ANN,
    BOOKS,
    OTHER,
    RUN,
    STRIPE,
    found,
    page,
    ready,
    ref,
    save,
    seen,
    statements,
)

DAY_SECONDS = 24 * 3600


def hint(number: int) -> Hint:
    return Hint(account="9130001", key=f"event-{number:03d}", kind=Kind.INVOICE, vendor_id=str(number), at="")


def addressed(*numbers: int) -> list[Addressed]:
    return [Addressed(ACME, BOOKS, hint(number)) for number in numbers]


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        found(made, OTHER)
        yield made


def test_a_hint_is_stored_once_however_often_it_comes(store: Store) -> None:
    assert store.add_hints(addressed(1, 2, 1)) == 2
    assert store.add_hints(addressed(2, 3)) == 1
    assert store.add_hints([]) == 0
    assert store.open_hints(ACME, BOOKS) == (hint(1), hint(2), hint(3))


def test_the_same_event_is_another_hint_for_another_connection_or_company(store: Store) -> None:
    everywhere = [Addressed(ACME, BOOKS, hint(1)), Addressed(ACME, STRIPE, hint(1)), Addressed(OTHER, BOOKS, hint(1))]
    assert store.add_hints(everywhere) == 3
    store.hints_done(ACME, BOOKS, [hint(1)])
    assert store.open_hints(ACME, BOOKS) == ()
    assert store.open_hints(ACME, STRIPE) == store.open_hints(OTHER, BOOKS) == (hint(1),)


def test_a_hint_that_was_looked_at_stays_done_when_it_comes_again(store: Store) -> None:
    store.add_hints(addressed(1, 2))
    store.hints_done(ACME, BOOKS, [hint(1)])
    store.hints_done(ACME, BOOKS, [])
    assert store.add_hints(addressed(1)) == 0
    assert store.open_hints(ACME, BOOKS) == (hint(2),)


def test_hints_come_back_in_the_order_in_which_they_came_and_whole(store: Store, clock: FakeClock) -> None:
    merged = replace(hint(9), at="2026-03-01T12:00:00+00:00", merged_into="4")
    store.add_hints([Addressed(ACME, BOOKS, merged)])
    clock.pass_seconds(1)
    store.add_hints(addressed(2, 1))
    assert store.open_hints(ACME, BOOKS) == (merged, hint(1), hint(2))


def test_done_hints_are_forgotten_after_some_days_and_open_ones_never(store: Store, clock: FakeClock) -> None:
    store.add_hints(addressed(1, 2, 3))
    store.hints_done(ACME, BOOKS, [hint(1)])
    clock.pass_seconds(20 * DAY_SECONDS)
    store.hints_done(ACME, BOOKS, [hint(2)])
    assert store.forget_hints(ACME, 30) == 0
    clock.pass_seconds(11 * DAY_SECONDS)
    assert store.forget_hints(OTHER, 30) == 0
    assert store.forget_hints(ACME, 30) == 1
    assert store.add_hints(addressed(1, 2)) == 1
    assert store.open_hints(ACME, BOOKS) == (hint(3), hint(1))


def test_two_deliveries_of_the_same_events_at_once_store_each_once(store: Store) -> None:
    counts: list[int] = []
    there = threading.Barrier(4)

    def deliver(numbers: list[int]) -> None:
        there.wait()
        counts.append(store.add_hints(addressed(*numbers)))

    numbers = list(range(200))
    threads = [threading.Thread(target=deliver, args=(numbers[::step],)) for step in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == len(store.open_hints(ACME, BOOKS)) == 200


def test_a_delivery_costs_one_transaction_however_many_hints_it_holds(store: Store) -> None:
    with statements(store) as heard:
        store.add_hints(addressed(*range(300)))
    assert len([each for each in heard if each.lstrip().upper().startswith("INSERT")]) == len(heard) <= 1


def test_hints_are_no_entries_of_the_journal(store: Store) -> None:
    before = store.head(ACME)
    store.add_hints(addressed(1))
    store.hints_done(ACME, BOOKS, [hint(1)])
    assert store.head(ACME) == before


def test_records_that_were_looked_at_are_stored_and_move_no_cursor(store: Store) -> None:
    save(store, page(seen(1), cursor="c7"))
    fresh = store.freshness(ACME)
    looked = Page(records=(seen(1, still_open=0), seen(2)), cursor="", more=False)
    counts = store.save_pages(Author(ACME, ANN, RUN), STRIPE, None, [looked])
    assert (counts.new, counts.changed) == (1, 1)
    assert store.cursor(ACME, STRIPE, "invoices") == "c7"
    assert store.freshness(ACME) == fresh
    held = store.record(ACME, ref(1))
    assert held is not None
    assert held.record == seen(1, still_open=0).record
    assert store.verify(ACME) == ()
