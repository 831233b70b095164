"""A write is stored before it is sent, moves only along its table, and exists once per subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from connector.dates import after
from connector.errors import LeaseLost, Refused, UnknownRecord
from connector.model.intent import Written
from connector.model.source import Kind, OpId
from connector.money import Money
from connector.store import Lease, OutboxRow, OutboxState, Store
from connector.store.outbox import MOVES, OutboxEvent
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, BOOKS, OTHER, USD, found, ready, ref, write

ANSWER = Written(ref=ref(7, Kind.BOOK_ENTRY, BOOKS), version="0", amount=Money(320, USD))
ONE = write(1).op_id

Move = Callable[[Store, Lease | None], OutboxRow]

MOVED: dict[OutboxEvent, Move] = {
    OutboxEvent.SEND: lambda store, lease: store.outbox_sending(ACME, ONE, lease),
    OutboxEvent.CONFIRM: lambda store, lease: store.outbox_done(ACME, ONE, ANSWER, lease),
    OutboxEvent.DOUBT: lambda store, lease: store.outbox_unsure(ACME, ONE, "no answer", None, lease),
    OutboxEvent.POSTPONE: lambda store, lease: store.outbox_postponed(ACME, ONE, "too fast", None, lease),
    OutboxEvent.BURY: lambda store, lease: store.outbox_dead(ACME, ONE, "refused", lease),
    OutboxEvent.REPEAT: lambda store, lease: store.outbox_repeat(ACME, ONE, lease),
}

WAYS: dict[OutboxState, tuple[OutboxEvent, ...]] = {
    OutboxState.READY: (),
    OutboxState.SENDING: (OutboxEvent.SEND,),
    OutboxState.UNSURE: (OutboxEvent.SEND, OutboxEvent.DOUBT),
    OutboxState.DONE: (OutboxEvent.SEND, OutboxEvent.CONFIRM),
    OutboxState.DEAD: (OutboxEvent.BURY,),
}


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        made.outbox_add([write(1)])
        yield made


@pytest.mark.parametrize("state", OutboxState)
def test_from_every_state_the_moves_of_the_table_happen_and_all_others_are_refused(
    store: Store, state: OutboxState
) -> None:
    for place, event in enumerate(MOVED, start=2):
        row = write(place)
        store.outbox_add([row])
        for step in (*WAYS[state], event):
            before = store.outbox_row(ACME, row.op_id)
            target = MOVES.get((before.state, step))
            if target is None:
                with pytest.raises(Refused):
                    _of(row.op_id, step)(store)
                assert store.outbox_row(ACME, row.op_id) == before
            else:
                assert _of(row.op_id, step)(store).state is target


def _of(op_id: OpId, event: OutboxEvent) -> Callable[[Store], OutboxRow]:
    deeds: dict[OutboxEvent, Callable[[Store], OutboxRow]] = {
        OutboxEvent.SEND: lambda store: store.outbox_sending(ACME, op_id, None),
        OutboxEvent.CONFIRM: lambda store: store.outbox_done(ACME, op_id, ANSWER, None),
        OutboxEvent.DOUBT: lambda store: store.outbox_unsure(ACME, op_id, "no answer", None, None),
        OutboxEvent.POSTPONE: lambda store: store.outbox_postponed(ACME, op_id, "too fast", None, None),
        OutboxEvent.BURY: lambda store: store.outbox_dead(ACME, op_id, "refused", None),
        OutboxEvent.REPEAT: lambda store: store.outbox_repeat(ACME, op_id, None),
    }
    return deeds[event]


def test_what_is_done_or_dead_never_moves_again() -> None:
    over = {
        (state, event): after
        for (state, event), after in MOVES.items()
        if state in (OutboxState.DONE, OutboxState.DEAD)
    }
    assert over == {(OutboxState.DEAD, OutboxEvent.DISMISS): OutboxState.DEAD}


def test_a_row_comes_back_as_it_was_added(store: Store) -> None:
    assert store.outbox_row(ACME, ONE) == write(1)


def test_a_known_id_or_subject_is_skipped_and_the_others_are_added(store: Store) -> None:
    again = replace(write(1), subject="something else")
    same_subject = replace(write(2), subject=write(1).subject)
    twice = replace(write(4), subject=write(3).subject)
    assert store.outbox_add([again, same_subject, write(3), twice, write(5)]) == (write(3).op_id, write(5).op_id)
    assert [row.op_id for row in store.outbox(ACME)] == [ONE, write(3).op_id, write(5).op_id]


def test_a_dead_row_frees_its_subject(store: Store) -> None:
    store.outbox_dead(ACME, ONE, "called off", None)
    heir = replace(write(2), subject=write(1).subject)
    assert store.outbox_add([heir]) == (heir.op_id,)


def test_two_companies_may_have_the_same_subject_and_id(store: Store) -> None:
    found(store, OTHER)
    assert store.outbox_add([write(1, company=OTHER)]) == (ONE,)
    assert len(store.outbox(OTHER)) == len(store.outbox(ACME)) == 1


def test_rows_are_listed_in_the_order_of_adding_by_state_and_by_plan(store: Store) -> None:
    store.outbox_add([replace(write(number), plan_id="p1", line=number) for number in (9, 4, 6)])  # type: ignore[arg-type]
    store.outbox_sending(ACME, write(4).op_id, None)
    assert [row.line for row in store.outbox(ACME, plan_id="p1")] == [9, 4, 6]  # type: ignore[arg-type]
    assert [row.line for row in store.outbox(ACME, states=[OutboxState.SENDING])] == [4]


def test_sending_counts_the_try_and_its_moment_before_the_call_is_made(store: Store, clock: FakeClock) -> None:
    row = store.outbox_sending(ACME, ONE, None)
    assert (row.state, row.tries, row.tried_at) == (OutboxState.SENDING, 1, clock.now())
    assert store.outbox_row(ACME, ONE) == row


def test_doubt_says_since_when_and_until_when_and_ends_with_certainty(store: Store, clock: FakeClock) -> None:
    sent = store.outbox_sending(ACME, ONE, None).tried_at
    clock.pass_seconds(30)
    until = after(clock.now(), 3600)
    doubted = store.outbox_unsure(ACME, ONE, "The answer was lost.", until, None)
    assert (doubted.doubted_at, doubted.not_before, doubted.fault) == (sent, until, "The answer was lost.")
    done = store.outbox_done(ACME, ONE, ANSWER, None)
    assert (done.doubted_at, done.not_before, done.fault, done.answer) == (None, None, "", ANSWER)


def test_a_try_that_surely_did_not_happen_is_ready_again(store: Store) -> None:
    store.outbox_sending(ACME, ONE, None)
    assert store.outbox_postponed(ACME, ONE, "too fast", None, None).state is OutboxState.READY


def test_a_try_that_surely_did_not_happen_leaves_an_earlier_doubt_standing(store: Store) -> None:
    store.outbox_sending(ACME, ONE, None)
    store.outbox_unsure(ACME, ONE, "no answer", None, None)
    store.outbox_sending(ACME, ONE, None)
    assert store.outbox_postponed(ACME, ONE, "too fast", None, None).state is OutboxState.UNSURE


def test_a_spent_key_gets_a_new_suffix_and_the_marker_stays(store: Store) -> None:
    row = store.outbox_repeat(ACME, ONE)
    assert (row.repeat, row.op_id) == (2, ONE)


@pytest.mark.parametrize("event", MOVED)
def test_no_row_moves_for_a_process_that_lost_its_lease(store: Store, event: OutboxEvent) -> None:
    lost = store.acquire(ACME, "books:acme", "first", 0)
    store.acquire(ACME, "books:acme", "second", 60)
    with pytest.raises(LeaseLost):
        MOVED[event](store, lost)
    assert store.outbox_row(ACME, ONE) == write(1)


def test_a_row_that_is_not_there_is_unknown(store: Store) -> None:
    with pytest.raises(UnknownRecord):
        store.outbox_row(ACME, write(9).op_id)
    with pytest.raises(UnknownRecord):
        store.outbox_sending(ACME, write(9).op_id, None)


def test_every_move_is_in_the_journal(store: Store) -> None:
    store.outbox_sending(ACME, ONE, None)
    store.outbox_unsure(ACME, ONE, "no answer", None, None)
    bodies = [entry.body for entry in store.journal(ACME, kind="outbox")]
    assert [body["event"] for body in bodies if isinstance(body, dict)] == ["add", "send", "doubt"]
    assert store.verify(ACME) == ()
