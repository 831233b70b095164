"""Bringing a database to the schema of this release: at start, under a lock, all or nothing, forward only.

An older SQLite file is copied beside itself first. A kill in the middle leaves the old schema with all its rows, and
the next start begins again.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from connector.clock import Clock
from connector.errors import StoreCorrupt, StoreError
from connector.store.database import Database, in_plain_words, locked

PACKAGED = Path(__file__).parent / "migrations"
"""The revisions this release ships."""

_RETRY_SECONDS = 0.05
_LOCK_NUMBER = 0x7265_6365_6976
_PRIVATE = 0o600


def prepare(database: Database, clock: Clock, *, must_exist: bool, revisions: Path = PACKAGED) -> None:
    """Make, check or upgrade the schema. StoreCorrupt: damaged, not ours, or from a newer release."""
    path = database.path
    if path is not None:
        _touch(path, must_exist=must_exist)
        _use_wal(path, clock, database.lock_wait_seconds)
    known = tuple(sorted(found.name[1:5] for found in (revisions / "versions").glob("r[0-9]*.py")))
    with database.read() as tx:
        current = _current(tx, known)
    if current == known[-1]:
        return
    if current is None and must_exist:
        raise StoreError("The database is empty.", next_step="Check the database's address.")
    with database.write() as tx:
        if path is None:
            tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        current = _current(tx, known)
        if current == known[-1]:
            return
        if path is not None and current is not None:
            _copy_beside(path, current)
        _upgrade(tx, revisions)


def _touch(path: Path, *, must_exist: bool) -> None:
    if path.is_file():
        return
    if must_exist or path.exists() or not path.parent.is_dir():
        raise StoreError(
            f"There is no database at {path}, and none can be made there.",
            next_step="Name a file in a folder that is there.",
        )
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _PRIVATE))
    except OSError:
        raise StoreError(f"No database can be made at {path}.", next_step="Check the folder's owner.") from None


def _use_wal(path: Path, clock: Clock, lock_wait_seconds: float) -> None:
    # Changing the mode needs the file alone and does not wait by itself, so two first starts must take turns here.
    waited_seconds = 0.0
    while True:
        with in_plain_words():
            one = sqlite3.connect(path, timeout=lock_wait_seconds, isolation_level=None)
            try:
                if one.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                    return
                _leave_strangers_alone({row[0] for row in one.execute("SELECT name FROM sqlite_schema")})
                if one.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
                    return
            except sqlite3.OperationalError as fault:
                if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
            finally:
                one.close()
        if waited_seconds > lock_wait_seconds:
            raise locked()
        clock.sleep(_RETRY_SECONDS)
        waited_seconds += _RETRY_SECONDS


def _leave_strangers_alone(tables: set[str]) -> None:
    if tables and "alembic_version" not in tables:
        raise StoreCorrupt(
            "The database belongs to another program.", next_step="Choose another file, or another database."
        )


def _current(tx: Connection, known: tuple[str, ...]) -> str | None:
    """The revision the database stands at, None for an empty one."""
    tables = inspect(tx).get_table_names()
    _leave_strangers_alone(set(tables))
    if not tables:
        return None
    found = tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(found) != 1:
        raise StoreCorrupt("The database does not say which release made it.", next_step="Restore it from a backup.")
    if found[0] not in known:
        raise StoreCorrupt(
            f"The database comes from a newer release (schema {found[0]}; this one knows {known[-1]}).",
            next_step="Install that release again; nothing was changed.",
        )
    return str(found[0])


def _copy_beside(path: Path, revision: str) -> None:
    # We hold the write lock, so what this second connection reads is the last committed state, whole.
    try:
        copy_file(path, path.with_name(f"{path.name}.before-upgrade-from-{revision}"))
    except OSError:
        raise StoreError(
            "No copy of the database could be made, so it was not upgraded.", next_step="Make room on the disk."
        ) from None


def copy_file(path: Path, target: Path) -> None:
    """A whole copy of a SQLite file as it was last committed, while others use it; there at once or not at all. Only
    its owner may read it. Errors: OSError, sqlite3.Error."""
    partial = target.with_name(target.name + ".partial")
    os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_RDWR, _PRIVATE))
    source, copy = sqlite3.connect(path), sqlite3.connect(partial)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    with partial.open("rb+") as written:
        os.fsync(written.fileno())
    partial.replace(target)


def _upgrade(tx: Connection, revisions: Path) -> None:
    # Imported here: almost every start finds the schema as it should be.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(revisions).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
