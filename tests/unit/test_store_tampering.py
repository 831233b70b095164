"""Whatever is altered in the database behind our back is found: any column of any row, any byte, rows swapped, an older
copy put back. What is not vouched for is named, and nothing else."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Table, select, text, update

from connector import canonical
from connector.model.approval import Approval
from connector.model.money_in import AttemptState
from connector.model.paylink import AttemptId, LinkAttempt, LinkId, Receipt, ReceiptState, Step
from connector.model.person import Role, Seat
from connector.model.ruling import Forgotten, Ruling, RulingKind
from connector.model.source import Kind, PlanId
from connector.money import Money
from connector.store import Author, Store, tables
from connector.store.mirror import records_as_stored
from connector.store.packs import restored
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, ANN, BOOKS, RUN, USD, by_hand, ready, ref, write
from tests.unit.test_store_journal import lived_in

UNSEALED = {
    *("secret", "cursor", "lease", "tie_check", "notice", "budget", "inbox", "under_way", "due", "alarm"),
    *("person", "session", "errand", "figure", "tried", "message"),
}
"""What the module of `verify` says is not vouched for."""

BYTES_TRIED = 24


@pytest.fixture
def store(lived: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    """A company with something in every table that the journal vouches for, triggers switched off."""
    shutil.copy(lived, tmp_path / "firm.db")
    with Store.open(str(tmp_path / "firm.db"), clock, must_exist=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of such a company: made once, and copied for each test."""
    clock, path = FakeClock(), tmp_path_factory.mktemp("lived") / "firm.db"
    with ready(str(path), clock) as made:
        lived_in(made, clock.now())
        author, paid = Author(ACME, ANN, RUN), ref(1, Kind.PAYMENT)
        made.save_plan(ACME, PlanId("p2"), b"another plan", ANN)
        plan_hash = canonical.digest(b"another plan")
        made.approve(
            author, Approval(plan_id=PlanId("p2"), plan_hash=plan_hash, by=ANN, at=clock.now(), entered_by=ANN)
        )
        ruling = Ruling(
            payment=paid, kind=RulingKind.HUMAN, by=ANN, at=clock.now(), gross=Money(1, USD), unapplied=Money(1, USD)
        )
        made.add_rulings(author, [ruling, ruling], after=0)
        made.save_evidence(author, {paid: b"what it stands on", ref(2, Kind.PAYMENT): b"and this"})
        made.forget(author, Forgotten(fact_id="f1", sign="cus_1", by=ANN, at=clock.now()))
        attempt = LinkAttempt(
            attempt_id=AttemptId("a1"), link_id=LinkId("l1"), debt=ref(1), connection=BOOKS, op_id=write(1).op_id,
            amount=Money(1, USD), methods=("card",), state=AttemptState.CREATED, expires_at=clock.now(),
        )  # fmt: skip
        made.save_attempt(ACME, attempt)
        made.give_seat(Seat(company_id=ACME, person_id=ANN, role=Role.VIEW), ANN)
        receipt = Receipt(
            payment=paid, attempt_id=attempt.attempt_id, link_id=attempt.link_id, debt=ref(1), amount=Money(1, USD),
            kept=Money(1, USD), state=ReceiptState.SUCCEEDED, at=clock.now(),
        )  # fmt: skip
        step = Step(
            attempt_id=attempt.attempt_id, link_id=attempt.link_id, before="offered", after="succeeded", cause="poll"
        )
        made.add_receipt(ACME, receipt, attempt, step)
        by_hand(made)
        with made._database.engine.connect() as tx:
            tx.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    return path


def rows_of(store: Store, table: Table) -> list[dict[str, Any]]:
    with store._database.read() as tx:
        return [dict(row) for row in tx.execute(select(table)).mappings()]


def put(store: Store, table: Table, row: dict[str, Any], column: str, value: object) -> None:
    """Overwrite one column of one row, found by its key; its key itself can be overwritten too."""
    keys = {name: row[name] for name in (each.name for each in table.primary_key)}
    where = [table.c[name] == held for name, held in keys.items()]
    with store._database.engine.begin() as tx:
        tx.execute(update(table).where(*where).values({column: value}))


def altered(value: object, drawn: random.Random) -> object:
    """The same with one thing different."""
    if isinstance(value, bytes):
        place = drawn.randrange(len(value))
        return value[:place] + bytes([value[place] ^ (1 << drawn.randrange(8))]) + value[place + 1 :]
    if isinstance(value, str):
        place = drawn.randrange(len(value)) if value else 0
        return value[:place] + ("x" if value[place : place + 1] != "x" else "y") + value[place + 1 :]
    return value + 1_000 if isinstance(value, int) else 1 if value is None else value


def says(store: Store) -> tuple[object, ...]:
    """All that the journal and the mirror tell, as it is read: the same content in other bytes is the same."""
    with store._database.read() as tx:
        entries = [restored(row.entry) for row in tx.execute(select(tables.journal).order_by(tables.journal.c.seq))]
        return (*entries, *((row.vendor_id, text) for row, text in records_as_stored(tx, ACME)))


def test_everything_there_is_is_vouched_for_or_said_not_to_be(store: Store) -> None:
    assert store.verify(ACME) == ()
    known = {*tables.SEALED, *UNSEALED, "head", "journal", "mirror"}
    assert {table.name for table in tables.metadata.sorted_tables} == known
    assert [name for name, table in tables.SEALED.items() if not rows_of(store, table)] == []


@pytest.mark.req("M17")
@pytest.mark.parametrize("name", ["head", "journal", "mirror", *tables.SEALED])
def test_any_column_of_any_row_that_is_altered_is_found(store: Store, name: str) -> None:
    table, drawn, tried = tables.metadata.tables[name], random.Random(name), 0  # noqa: S311
    before = says(store)
    for row in drawn.sample(rows_of(store, table), k=min(2, len(rows_of(store, table)))):
        for column in [each.name for each in table.columns if each.name != "company_id"]:
            blob = isinstance(table.c[column].type, LargeBinary)
            wrong = b"x" if row[column] is None and blob else altered(row[column], drawn)
            put(store, table, row, column, wrong)
            assert store.verify(ACME) or says(store) == before, f"{name}.{column}: {row[column]!r}"
            changed = {**row, column: wrong}
            put(store, table, changed, column, row[column])
            tried += 1
    assert tried
    assert store.verify(ACME) == ()


@pytest.mark.parametrize(("name", "column"), [("journal", "entry"), ("journal", "pack"), ("mirror", "record")])
def test_any_byte_that_is_altered_is_found_or_changes_nothing_that_is_read(
    store: Store, name: str, column: str
) -> None:
    table, drawn = tables.metadata.tables[name], random.Random(column)  # noqa: S311
    before, found = says(store), 0
    held = [row for row in rows_of(store, table) if row[column]]
    for _ in range(BYTES_TRIED):
        row = drawn.choice(held)
        put(store, table, row, column, altered(row[column], drawn))
        told = store.verify(ACME)
        assert told or says(store) == before
        found += bool(told)
        put(store, table, row, column, row[column])
    assert found >= BYTES_TRIED // 2
    assert store.verify(ACME) == ()


@pytest.mark.parametrize("name", ["outbox", "ruling", "evidence", "plan", "mirror"])
def test_two_rows_that_changed_places_are_found(store: Store, name: str) -> None:
    table = tables.metadata.tables[name]
    one, other = rows_of(store, table)[:2]
    keys = {each.name for each in table.primary_key}
    for column in [each.name for each in table.columns if each.name not in keys]:
        put(store, table, one, column, "meanwhile" if column == "subject" else other[column])
        put(store, table, other, column, one[column])
        put(store, table, one, column, other[column])
    assert len(store.verify(ACME)) >= 2


def test_the_running_number_by_which_rows_follow_each_other_is_vouched_for(store: Store) -> None:
    first = next(row for row in rows_of(store, tables.plan) if row["plan_id"] == "p1")
    put(store, tables.plan, first, "number", 10_000)
    assert store.verify(ACME) == ("The plan p1 was altered.",)


def test_a_document_that_was_made_unfindable_is_found(store: Store) -> None:
    by_hand(store, "UPDATE mirror SET journal_seq = NULL, position = NULL WHERE vendor_id = 'invoice_000001'")
    assert store.verify(ACME) == (
        "The document of the mirrored record stripe/invoice/invoice_000001 was made unfindable.",
    )


def test_an_older_copy_that_was_put_back_is_told_by_a_head_that_was_kept(
    store: Store, tmp_path: Path, clock: FakeClock
) -> None:
    old, kept_before = tmp_path / "old.db", store.head(ACME)
    by_hand(store)
    with store._database.engine.connect() as tx:
        tx.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    shutil.copy(tmp_path / "firm.db", old)
    store.journal_append(ACME, "tick", {"n": 1}, actor=ANN)
    kept = store.head(ACME)
    assert store.verify(ACME, [kept_before, kept]) == ()
    with ready_copy(old, clock) as older:
        assert older.verify(ACME) == ()
        assert older.verify(ACME, [kept_before]) == ()
        (told,) = older.verify(ACME, [kept])
        assert "its end was cut off" in told
        older.journal_append(ACME, "tick", {"n": 2}, actor=ANN)
        (told,) = older.verify(ACME, [kept])
        assert "was rewritten" in told


def ready_copy(path: Path, clock: FakeClock) -> Store:
    return Store.open(str(path), clock, must_exist=True)


def test_cutting_off_the_end_with_all_it_tells_of_and_moving_the_head_is_told_by_a_head_that_was_kept(
    store: Store,
) -> None:
    before = store.head(ACME)
    store.journal_append(ACME, "tick", {"n": 1}, actor=ANN)
    kept = store.head(ACME)
    by_hand(
        store,
        f"DELETE FROM journal WHERE seq = {kept[0]}",  # noqa: S608  numbers of our own
        f"UPDATE head SET seq = {before[0]}, chain = '{before[1]}'",  # noqa: S608  the same
    )
    assert store.verify(ACME) == ()
    assert "its end was cut off" in store.verify(ACME, [kept])[0]
