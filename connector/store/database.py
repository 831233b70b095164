"""One database, SQLite or PostgreSQL: transactions, the few words they spell differently, and faults in plain words.

On SQLite every writing transaction is BEGIN IMMEDIATE in WAL mode with synchronous=FULL: a reader that turned writer
would fail at once with "database is locked", and a commit that is not on disk would let a payment be sent twice.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    URL,
    BigInteger,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)  # fmt: skip
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from connector.clock import SystemClock
from connector.errors import ReceivablesError, SettingsError, StoreCorrupt, StoreError, StoreLocked

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

LOCK_WAIT_SECONDS = 30
_CACHE_KIB = 4 * 1024
_CHECKPOINT_PAGES = 4000
_POLL_SECONDS_MIN = 0.001
_POLL_SECONDS_MAX = 0.01
_UNHEARD = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""A server that has gone without a word (a cut line, a machine that was replaced) is given up in about a minute: else
the driver waits for hours, and whoever waits with it can tell nobody. What the address itself says goes before."""


class Database:
    """An engine, and the only two ways to use it: `read` and `write`."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.path = path
        self.is_sqlite = path is not None
        self.lock_wait_seconds: float = LOCK_WAIT_SECONDS
        self._engine = engine
        self._helper: ThreadPoolExecutor | None = None
        self._shared = threading.local()
        self._writer = threading.Lock()
        self._reading = engine
        if not self.is_sqlite:
            self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._upserts: dict[str, Any] = {}
        self._bulk: dict[str, tuple[str, tuple[str, ...]]] = {}

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the whole database, however long it takes."""
        shared = getattr(self._shared, "tx", None)
        if shared is not None:
            with in_plain_words():
                yield shared
            return
        with in_plain_words(), self._reading.connect() as tx:
            if self.is_sqlite:
                # On the driver's connection: Python's own would begin only at the first INSERT, after our SELECT.
                _driver(tx).execute("BEGIN")
            with tx.begin():
                yield tx

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Every `read` of this thread within is of one view: opening one costs as much as two questions."""
        with self.read() as tx:
            before, self._shared.tx = getattr(self._shared, "tx", None), tx
            try:
                yield
            finally:
                self._shared.tx = before

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """All or nothing. StoreLocked when another process kept writing too long."""
        with self._written("FULL") as tx:
            yield tx

    @contextmanager
    def write_passing(self) -> Iterator[Connection]:
        """The same for who holds what now: on SQLite it does not wait for the disk.

        A power cut ends every holder with the database, and what is written later lasts only together with it. A server
        of PostgreSQL may end alone while its holders go on, so there it waits all the same.
        """
        with self._written("NORMAL") as tx:
            yield tx

    @contextmanager
    def _written(self, synchronous: str) -> Iterator[Connection]:
        with in_plain_words(), self._in_line() as wait_seconds, self._engine.connect() as tx:
            if self.is_sqlite:
                _driver(tx).execute(f"PRAGMA synchronous={synchronous}")
                _begin_immediate(_driver(tx), wait_seconds)
            with tx.begin():
                yield tx

    @contextmanager
    def _in_line(self) -> Iterator[float]:
        """On SQLite the threads of this process wait here for one another, asleep; only one of them asks the file
        again and again, because of other processes. Gives how long it may."""
        if not self.is_sqlite:
            yield self.lock_wait_seconds
            return
        began = SystemClock().monotonic()
        if not self._writer.acquire(timeout=self.lock_wait_seconds):
            raise locked()
        try:
            yield max(0, self.lock_wait_seconds - (SystemClock().monotonic() - began))
        finally:
            self._writer.release()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """INSERT that knows ON CONFLICT."""
        return insert_into(table, is_sqlite=self.is_sqlite)

    def upsert(self, table: Table, *, keep: Sequence[str] = ()) -> Any:
        """INSERT that overwrites the row with the same key, except its columns in `keep`; takes a list of rows."""
        name = f"{table.name} {' '.join(keep)}"
        if name not in self._upserts:
            insert = self.insert(table)
            keys = [column.name for column in table.primary_key]
            overwritten = {
                column.name: insert.excluded[column.name]
                for column in table.columns
                if column.name not in keys and column.name not in keep
            }
            self._upserts[name] = insert.on_conflict_do_update(index_elements=keys, set_=overwritten)
        return self._upserts[name]

    def bulk_upsert(self, tx: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
        """The same for thousands of rows, each a tuple in the order of the table's columns.

        SQLAlchemy writes the statement once and is not asked about every row again: that costs as much as the driver.
        """
        if table.name not in self._bulk:
            kind: Any = type(tx.dialect)
            dialect = kind(paramstyle="qmark" if self.is_sqlite else "format")
            compiled = self.upsert(table).compile(dialect=dialect)
            self._bulk[table.name] = (str(compiled), tuple(compiled.positiontup))
        statement, order = self._bulk[table.name]
        if order != tuple(column.name for column in table.columns):
            raise RuntimeError(f"the columns of {table.name} are not bound in their order")
        tx.exec_driver_sql(statement, rows)

    @property
    def helper(self) -> Executor:
        """One thread for work that needs no interpreter; started when it is first asked for."""
        if self._helper is None:
            self._helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="receivables-store")
        return self._helper

    def close(self) -> None:
        if self._helper is not None:
            self._helper.shutdown()
            self._helper = None
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        return self._engine


def connect(url_or_path: str | Path, *, lock_wait_seconds: float = LOCK_WAIT_SECONDS) -> Database:
    """A database by path, or by a URL beginning with sqlite:/// or postgresql://. Opens nothing yet.

    `lock_wait_seconds`: how long another process may keep it busy before that is a fault.
    """
    database = _named(str(url_or_path))
    database.lock_wait_seconds = lock_wait_seconds
    return database


def _named(text: str) -> Database:
    if "://" not in text:
        return _sqlite(Path(text))
    try:
        url = make_url(text)
    except ArgumentError:
        raise SettingsError("The address of the database cannot be read.", next_step="Give a path or a URL.") from None
    if url.get_backend_name() == "sqlite" and url.database:
        return _sqlite(Path(url.database))
    if url.get_backend_name() == "postgresql":
        return _postgresql(url)
    raise SettingsError(
        "Only SQLite and PostgreSQL can be the store.", next_step="Give a path, or a URL with postgresql://."
    )


def _sqlite(path: Path) -> Database:
    def opened() -> sqlite3.Connection:
        made = sqlite3.connect(
            path, timeout=LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        made.execute("PRAGMA synchronous=FULL")
        made.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        made.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        return made

    # The one used last is used first: each keeps pages and statements, and in turns all would keep all of them.
    engine = create_engine(
        "sqlite+pysqlite://", creator=opened, poolclass=QueuePool, max_overflow=32, pool_use_lifo=True
    )
    return Database(engine, path)


def _driver(tx: Connection) -> sqlite3.Connection:
    driver: Any = tx.connection.driver_connection
    return cast("sqlite3.Connection", driver)


def _begin_immediate(driver: sqlite3.Connection, wait_seconds: float) -> None:
    """Take the write lock. SQLite's own waiting sleeps up to 100 ms at a time and so starves beside a bulk load."""
    clock = SystemClock()
    until = clock.monotonic() + wait_seconds
    pause = _POLL_SECONDS_MIN
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as fault:
                if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock.monotonic() > until:
                    raise
            else:
                return
            clock.sleep(pause)
            pause = min(pause * 2, _POLL_SECONDS_MAX)
    finally:
        driver.execute(f"PRAGMA busy_timeout={LOCK_WAIT_SECONDS * 1000}")


def _postgresql(url: URL) -> Database:
    try:
        patient = url.set(drivername="postgresql+psycopg", query={**_UNHEARD, **url.query})
        engine = create_engine(patient, pool_pre_ping=True, max_overflow=32)
    except (ImportError, NoSuchModuleError):
        raise SettingsError(
            "The driver of PostgreSQL is not installed.", next_step="Run: pip install receivables-connector[postgres]"
        ) from None

    database = Database(engine, None)

    @event.listens_for(engine, "connect")
    def settle(driver: Any, _record: object) -> None:
        with driver.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {max(1, int(database.lock_wait_seconds * 1000))}")
            cursor.execute("SET synchronous_commit = on")
        driver.commit()

    return database


# What the two databases spell differently. What SQLAlchemy knows of PostgreSQL takes three megabytes, so it is imported
# where the database is one.


def insert_into(table: Table, *, is_sqlite: bool) -> sqlite.Insert | postgresql.Insert:
    """INSERT that knows ON CONFLICT, for the one database or the other."""
    if is_sqlite:
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


class now_ms(FunctionElement[int]):  # noqa: N801 - reads as the SQL function it is
    """The database's own clock, in whole milliseconds since 1970, as of this statement."""

    type: TypeEngine[int] = BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _now_sqlite(_element: ClauseElement, _compiler: SQLCompiler, **_: Any) -> str:
    return "(CAST(strftime('%s', 'now') AS INTEGER) * 1000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER))"


@compiles(now_ms, "postgresql")
def _now_postgresql(_element: ClauseElement, _compiler: SQLCompiler, **_: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"


class Texts(TypeDecorator[Any]):
    """A list of texts as one parameter: an array on PostgreSQL, a JSON array on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects import postgresql

        return dialect.type_descriptor(postgresql.ARRAY(Text()))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


class is_one_of(FunctionElement[Any]):  # noqa: N801 - reads as the SQL condition it is
    """`column` is among the texts of one parameter, however many they are: one statement text, compiled once."""

    # Not Boolean: that would be written `... = 1` for SQLite, which then reads the whole company instead of the index.
    type: TypeEngine[Any] = NullType()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], texts: ColumnElement[Any]) -> None:
        super().__init__(column, texts)


@compiles(is_one_of, "sqlite")
def _one_of_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = element.clauses
    listed = f"json_each({compiler.process(texts, **options)})"
    return f"{compiler.process(column, **options)} IN (SELECT value FROM {listed})"  # noqa: S608 - parameters only


@compiles(is_one_of, "postgresql")
def _one_of_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = element.clauses
    return f"{compiler.process(column, **options)} = ANY({compiler.process(texts, **options)})"


# Faults in plain words.


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Turn whatever the database says into one of our errors: a sentence, no SQL, no values, no chained traceback."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as fault:
        raise _explained(fault) from None
    except OverflowError:
        raise _TOO_LARGE[0](_TOO_LARGE[1], next_step=_TOO_LARGE[2]) from None


def _explained(fault: Exception) -> ReceivablesError:
    cause = fault.orig if isinstance(fault, DBAPIError) and fault.orig is not None else fault
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0)
        kind, name = _OF_SQLITE.get(code & 0xFF), getattr(cause, "sqlite_errorname", "no code")
    elif (state := getattr(cause, "sqlstate", None)) is not None:
        kind, name = _OF_POSTGRESQL.get(state) or _OF_POSTGRESQL.get(state[:2]), state
    else:
        kind, name = _UNREACHABLE if isinstance(fault, DBAPIError) else None, type(fault).__name__
    if kind is None:
        return StoreError(f"The database failed in a way this program does not know ({name}).", next_step="Report it.")
    error, sentence, next_step = kind
    return error(sentence, next_step=next_step)


def locked() -> StoreLocked:
    """What a person is told when another writer took too long."""
    return StoreLocked(_BUSY[1], next_step=_BUSY[2])


_Words = tuple[type[StoreError], str, str]

_BUSY: _Words = (
    StoreLocked,
    "Another process kept the database busy for too long.",
    "Wait for it to finish, or stop it, and try again.",
)
_DAMAGED: _Words = (
    StoreCorrupt,
    "The database file is damaged, or is not a database.",
    "Restore it from a backup, or pull everything into a new one.",
)
_FULL: _Words = (StoreError, "The disk is full; nothing of this step was stored.", "Make room and try again.")
_CLOSED: _Words = (StoreError, "The database cannot be opened for writing.", "Check who owns it and its folder.")
_DISK: _Words = (StoreError, "The disk failed while the database was in use.", "Check the disk, then run verify.")
_RULES: _Words = (
    StoreError,
    "The database refused a row that breaks its own rules; nothing of this step was stored.",
    "Run the command again; if it stays, report it.",
)
_TOO_LARGE: _Words = (
    StoreError,
    "A number is too large to be stored; nothing of this step was.",
    "Correct it at its source.",
)
_LOGIN: _Words = (StoreError, "The database server refused the login.", "Check the address of the database.")
_UNREACHABLE: _Words = (
    StoreError,
    "The database server cannot be reached.",
    "Check that it runs, and the address; then try again.",
)

_OF_SQLITE: dict[int, _Words] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FORMAT: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_AUTH: _CLOSED,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CONSTRAINT: _RULES,
}

_OF_POSTGRESQL: dict[str, _Words] = {
    # SQLSTATE, or its class of two characters
    "55P03": _BUSY,
    "40001": _BUSY,
    "40P01": _BUSY,
    "57014": _BUSY,
    "57": _UNREACHABLE,
    "08": _UNREACHABLE,
    "53": _FULL,
    "28": _LOGIN,
    "3D": _LOGIN,
    "42501": _CLOSED,
    "25006": _CLOSED,
    "22003": _TOO_LARGE,
    "23": _RULES,
    "P0001": _RULES,
    "58": _DISK,
    "XX": _DAMAGED,
}
