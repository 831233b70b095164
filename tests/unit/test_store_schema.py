"""Opening a store: made new, upgraded with its rows, or refused in words; never half done."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from connector.clock import SystemClock
from connector.errors import StoreCorrupt, StoreError, StoreLocked
from connector.store import Store, tables
from connector.store.schema import PACKAGED
from tests.clocks import FakeClock
from tests.unit.store_child import pull
from tests.unit.store_ground import ACME, by_hand, page, ready, ref, save, seen
from tests.unit.test_store_journal import lived_in

NEXT = '''
"""A made-up next release: one more column, filled from the rows there are, and one more table."""

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table("holiday", sa.Column("company_id", sa.Text, primary_key=True), sa.Column("day", sa.Text))
    op.add_column("payer_file", sa.Column("approver", sa.Text))
    op.execute("UPDATE payer_file SET approver = 'somebody'")
    if os.environ.get("KILL_THE_UPGRADE"):
        os.kill(os.getpid(), signal.SIGKILL)
    op.execute("INSERT INTO holiday (company_id, day) SELECT company_id, '2026-12-25' FROM company")
'''


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """The revisions of this release and one more."""
    revisions = tmp_path / "revisions"
    shutil.copytree(PACKAGED, revisions, ignore=shutil.ignore_patterns("__pycache__"))
    (revisions / "versions" / "r0002_next.py").write_text(NEXT)
    return revisions


def opened_by_a_child(address: str, revisions: Path, **more: str) -> int:
    words = [sys.executable, "-m", "tests.unit.store_child", "open", address, str(revisions)]
    return subprocess.run(words, check=False, capture_output=True, timeout=60, env=os.environ | more).returncode


def holidays(store: Store) -> list[str]:
    with store._database.read() as tx:
        return list(tx.execute(text("SELECT day FROM holiday")).scalars())


def test_an_older_store_is_upgraded_with_its_rows(address: str, clock: FakeClock, next_release: Path) -> None:
    with ready(address, clock) as store:
        lived_in(store, clock.now())
        before = (store.head(ACME), list(store.journal(ACME)), store.contacts(ACME), store.outbox(ACME))
    with Store.open(address, clock, revisions=next_release) as store:
        assert holidays(store) == ["2026-12-25"]
        assert (store.head(ACME), list(store.journal(ACME)), store.contacts(ACME), store.outbox(ACME)) == before
        assert store.record(ACME, ref(1)) is not None
        assert store.rebuild(ACME) == 0


def test_an_older_file_is_copied_beside_itself_before_it_is_upgraded(
    tmp_path: Path, clock: FakeClock, next_release: Path
) -> None:
    path = tmp_path / "store.db"
    with ready(str(path), clock) as store:
        lived_in(store, clock.now())
        before = store.head(ACME)
    Store.open(path, clock, revisions=next_release).close()
    copy = tmp_path / "store.db.before-upgrade-from-0001"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with Store.open(copy, clock, must_exist=True) as old:
        assert old.head(ACME) == before
        assert old.verify(ACME) == ()


@pytest.mark.req("E12")
def test_an_upgrade_killed_in_the_middle_leaves_the_old_schema_and_the_next_start_completes_it(
    address: str, clock: FakeClock, next_release: Path
) -> None:
    with ready(address, clock) as store:
        lived_in(store, clock.now())
        before = store.head(ACME)
    assert opened_by_a_child(address, next_release, KILL_THE_UPGRADE="1") == -signal.SIGKILL
    with Store.open(address, clock) as store:
        assert store.head(ACME) == before
        assert store.verify(ACME) == ()
        with store._database.read() as tx:
            assert "holiday" not in inspect(tx).get_table_names()
    with Store.open(address, clock, revisions=next_release) as store:
        assert holidays(store) == ["2026-12-25"]
        assert store.head(ACME) == before


def test_a_first_start_killed_in_the_middle_begins_again(address: str, clock: FakeClock, next_release: Path) -> None:
    assert opened_by_a_child(address, next_release, KILL_THE_UPGRADE="1") == -signal.SIGKILL
    with ready(address, clock) as store:
        assert store.verify(ACME) == ()


def test_two_first_starts_at_once_make_one_schema(address: str, clock: FakeClock) -> None:
    words = [sys.executable, "-m", "tests.unit.store_child", "open", address, str(PACKAGED)]
    starts = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(3)]
    for start in starts:
        _, err = start.communicate(timeout=60)
        assert start.returncode == 0, err
    with ready(address, clock) as store:
        assert store.verify(ACME) == ()


def test_a_store_of_a_newer_release_is_refused_and_left_alone(
    address: str, clock: FakeClock, next_release: Path
) -> None:
    Store.open(address, clock, revisions=next_release).close()
    with pytest.raises(StoreCorrupt, match=r"newer release \(schema 0002; this one knows 0001\)"):
        Store.open(address, clock)
    with Store.open(address, clock, revisions=next_release) as store:
        assert store.companies() == ()


def not_a_database(path: Path) -> None:
    path.write_bytes(b"This is a letter, not a database. " * 200)


def torn(path: Path) -> None:
    with ready(str(path), FakeClock()) as store:
        pull(store, 4)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 30_000)


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipe (name TEXT)")


def without_a_revision(path: Path) -> None:
    with ready(str(path), FakeClock()) as store:
        by_hand(store, "DELETE FROM alembic_version")


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file that is no database": (not_a_database, "not a database"),
    "a database whose pages were overwritten": (torn, "damaged"),
    "a database of another program": (of_another_program, "another program"),
    "a database that does not say which release made it": (without_a_revision, "which release"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_words_is(name: str, tmp_path: Path, clock: FakeClock) -> None:
    spoil, words = REFUSED[name]
    spoil(tmp_path / "store.db")
    with pytest.raises(StoreCorrupt, match=words) as caught:
        Store.open(tmp_path / "store.db", clock)
    assert caught.value.next_step
    assert caught.value.__cause__ is None
    assert not any(word in str(caught.value) for word in ("SELECT", "sqlite3", "Traceback"))


def test_a_store_that_must_exist_is_not_made(tmp_path: Path, clock: FakeClock) -> None:
    with pytest.raises(StoreError, match="no database"):
        Store.open(tmp_path / "store.db", clock, must_exist=True)
    assert not (tmp_path / "store.db").exists()
    with pytest.raises(StoreError, match="no database"):
        Store.open(tmp_path / "no-folder" / "store.db", clock)


def test_a_server_database_that_must_exist_is_not_filled(address: str, clock: FakeClock) -> None:
    if "://" not in address:
        Path(address).touch()
    with pytest.raises(StoreError, match="empty"):
        Store.open(address, clock, must_exist=True)


def test_a_server_that_is_not_there_is_told_in_words(clock: FakeClock) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        Store.open("postgresql://someone:canary@127.0.0.1:1/x", clock)
    assert "canary" not in str(caught.value)


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path, clock: FakeClock) -> None:
    before = os.umask(0)
    try:
        with ready(str(tmp_path / "store.db"), clock) as store:
            save(store, page(seen(1)))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("store.db*")}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm"), 0o600)


def test_a_file_writes_ahead_and_through_to_the_disk(tmp_path: Path, clock: FakeClock) -> None:
    with ready(str(tmp_path / "store.db"), clock) as store, store._database.read() as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_every_write_takes_its_turn_before_it_reads(address: str, clock: FakeClock) -> None:
    with ready(address, clock) as store, ready_again(address) as second, store._database.write() as tx:
        tx.execute(text("SELECT seq FROM head FOR UPDATE" if not store._database.is_sqlite else "SELECT seq FROM head"))
        impatient(second)
        with pytest.raises(StoreLocked, match="kept the database busy"):
            second.journal_append(ACME, "tick", {})


@pytest.mark.long
def test_a_database_that_stays_busy_is_told_in_words_after_half_a_minute(address: str) -> None:
    clock = SystemClock()
    with ready(address, clock) as store, ready_again(address) as second, store._database.write() as tx:
        tx.execute(text("SELECT seq FROM head FOR UPDATE" if not store._database.is_sqlite else "SELECT seq FROM head"))
        start = clock.monotonic()
        with pytest.raises(StoreLocked):
            second.journal_append(ACME, "tick", {})
        assert 29 <= clock.monotonic() - start <= 40


def ready_again(address: str) -> Store:
    return Store.open(address, SystemClock(), must_exist=True)


def impatient(store: Store) -> None:
    """Let the one connection this store has used so far wait a tenth of a second only."""
    store._database.lock_wait_seconds = 0.1
    if not store._database.is_sqlite:
        with store._database.engine.connect() as tx:
            tx.execute(text("SET lock_timeout = '100ms'"))
            tx.commit()


def test_the_revisions_make_exactly_the_tables_the_code_uses(address: str, clock: FakeClock) -> None:
    def ours(name: str | None, kind: str, _reflected: object, __: object) -> bool:
        return not (kind == "table" and name is not None and name.startswith("contact_search"))

    with Store.open(address, clock) as store, store._database.engine.connect() as tx:
        context = MigrationContext.configure(tx, opts={"include_object": lambda _, *rest: ours(*rest)})
        assert compare_metadata(context, tables.metadata) == []


def test_revisions_are_one_line_named_by_their_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(PACKAGED))
    config.set_main_option("path_separator", "os")
    found = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [each.revision for each in reversed(found)] == sorted(
        path.name[1:5] for path in (PACKAGED / "versions").glob("r*.py")
    )


def test_the_company_begins_every_primary_key_and_every_unique_index(address: str, clock: FakeClock) -> None:
    with Store.open(address, clock) as store, store._database.read() as tx:
        look = inspect(tx)
        for name in look.get_table_names():
            if name == "alembic_version" or (name.startswith("contact_search") and store._database.is_sqlite):
                continue  # SQLite's full-text index has no keys; a search in it begins with the company's own word
            firsts: list[list[str | None]] = [[*look.get_pk_constraint(name)["constrained_columns"][:1]]]
            firsts += [index["column_names"][:1] for index in look.get_indexes(name) if index["unique"]]
            assert firsts == [["company_id"]] * len(firsts), name
