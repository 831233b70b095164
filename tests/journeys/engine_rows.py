"""What is kept of turns by whoever hands them out: the rows of DBOS on PostgreSQL, and those of the embedded loop.

A real dispatcher hands out real turns. For a soak of many days what they left is copied, row by row as DBOS writes them
(put in, begun, ended), with the times of the days that pass; the dispatcher's clock is set, and it cleans up by itself.
"""

from __future__ import annotations

import base64
import pickle
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from connector.clock import SystemClock
from connector.model.autosync import Turn
from connector.model.source import CompanyId
from connector.runtime import Ticked
from connector.runtime.cluster import Dispatcher
from connector.runtime.loop import LEASE_SECONDS, Loop
from connector.store import Store
from tests.clocks import FakeClock

DAY_SECONDS = 86_400
SECONDS_MAX = 300.0
LOG_BYTES_MAX = 20_000_000
_TABLES = ("workflow_status", "workflow_input", "workflow_output")
"""Those that a turn leaves a row in; all others are looked at too."""

_COPIED = {
    "workflow_uuid": "concat_ws(':', split_part(workflow_uuid, ':', 1), n + 1000000, %(begins)s)",
    "created_at": "%(begins)s::bigint + (n - %(first)s + 1) * %(apart)s",
    "started_at_epoch_ms": "%(begins)s::bigint + (n - %(first)s + 1) * %(apart)s + 250",
    "completed_at": "%(begins)s::bigint + (n - %(first)s + 1) * %(apart)s + 2000",
    "retention_timestamp": "%(begins)s::bigint + (n - %(first)s + 1) * %(apart)s",
    "creator_xid": "gen_random_uuid()::text",
    "status": "'ENQUEUED'",
}


def own_database(server: str) -> str:
    """The URL of a new, empty database: DBOS has one name for its rows in each."""
    name = f"d{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@dataclass(kw_only=True)
class Engine:
    """A store, a dispatcher, and a look at all that DBOS keeps."""

    store: Store
    url: str
    clock: FakeClock = field(default_factory=lambda: FakeClock(SystemClock().now().isoformat()))
    copied: int = 0
    wrong: Exception | None = None
    """What a turn raises, though none should."""

    @contextmanager
    def dispatching(self) -> Iterator[None]:
        """Hand out whatever is due, and clean up."""
        stop = threading.Event()
        loop = Loop(store=self.store, owner="here:1")
        runner = Dispatcher(loop=loop, url=self.url, clock=self.clock, workers=64)
        thread = threading.Thread(target=runner.run, args=(self._tick, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _tick(self, _company: CompanyId, _seconds: float, _hold: object) -> Ticked:
        if self.wrong is not None:
            raise self.wrong
        return Ticked(again_in_seconds=None)

    def give_turns(self, companies: list[CompanyId], each: int) -> None:
        """So many real turns of each; DBOS may have been told of one twice, in the next minute."""
        for _ in range(each):
            for company in companies:
                self.store.wake(company, "begin")
            _until(lambda: self.store.coming().in_ms is None)
        self.wait_until_all_are("SUCCESS")
        self.clock.pass_seconds((SystemClock().now() - self.clock.now()).total_seconds())

    def wait_until_all_are(self, status: str) -> None:
        """Until DBOS knows a turn, and each has come so far."""
        _until(lambda: set(self._counted("SELECT status FROM dbos.workflow_status")) == {status})

    def _counted(self, wanted: str) -> list[object]:
        with psycopg.connect(self.url, autocommit=True) as database, suppress(psycopg.errors.UndefinedTable):
            return [row[0] for row in database.execute(wanted.encode()).fetchall()]
        return []  # DBOS has not made its tables yet

    def wait_until_none(self, such: str) -> None:
        """Until DBOS knows no such turn."""
        counted = f"SELECT count(*) FROM dbos.workflow_status WHERE {such}"  # noqa: S608 - our own words
        _until(lambda: self._counted(counted) == [0])

    def kept(self) -> dict[str, list[dict[str, object]]]:
        """Every row of every table of DBOS."""
        with psycopg.connect(self.url, row_factory=dict_row) as database:
            named = database.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'dbos'")
            return {
                str(table): database.execute(f"TABLE dbos.{table}".encode()).fetchall()
                for table in sorted(str(each["table_name"]) for each in named)
            }

    def keep_as_patterns(self) -> None:
        """What real turns left is what is copied from now on."""
        with psycopg.connect(self.url) as database:
            for table in _TABLES:
                placed = f"SELECT row_number() OVER (ORDER BY workflow_uuid) AS place, * FROM dbos.{table}"  # noqa: S608
                database.execute(f"CREATE TABLE pattern_{table} AS {placed}".encode())

    def pass_hours(self, hours: int, turns: int) -> None:
        """So many hours pass, with so many turns spread over them; then DBOS's rows are cleaned as they are by then."""
        apart = hours * 3_600_000 // turns
        values = {
            "begins": int(self.clock.now().timestamp() * 1000),
            "first": self.copied,
            "last": self.copied + turns - 1,
            "apart": apart,
        }
        with psycopg.connect(self.url) as database:
            for table in _TABLES:
                database.execute(self._copying(database, table), values)
            for status in ("PENDING", "SUCCESS"):
                database.execute(
                    "UPDATE dbos.workflow_status SET status = %s, updated_at = created_at WHERE created_at >= %s",
                    (status, values["begins"]),
                )
        self.copied += turns
        self.clock.pass_seconds(hours * 3600)
        before = int(self.clock.now().timestamp() * 1000) - 3 * DAY_SECONDS * 1000
        self.wait_until_none(f"created_at <= {before}")

    def _copying(self, database: psycopg.Connection[tuple[object, ...]], table: str) -> bytes:
        named = database.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'dbos' AND table_name = %s",
            (table,),
        )
        columns = [str(name) for (name,) in named]
        values = [_COPIED.get(column, f'"{column}"') for column in columns]
        return (
            f"INSERT INTO dbos.{table} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608 - DBOS's columns
            f"FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n JOIN pattern_{table} "
            f"ON place = 1 + n %% (SELECT max(place) FROM pattern_{table})"
        ).encode()

    def size(self) -> tuple[int, int]:
        """How many turns DBOS knows, and the bytes that all its tables take once their room is free for others, as the
        server itself does now and then."""
        with psycopg.connect(self.url, autocommit=True) as database:
            for table in _TABLES:
                database.execute(f"VACUUM dbos.{table}".encode())
            found = database.execute(
                "SELECT (SELECT count(*) FROM dbos.workflow_status), sum(pg_total_relation_size(c.oid)) "
                "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND c.relkind = 'r' AND nspname = 'dbos'"
            ).fetchone()
        if found is None:
            raise LookupError
        return int(found[0]), int(found[1])


def _until(so: Callable[[], bool]) -> None:
    late = time.monotonic() + SECONDS_MAX
    while not so():
        if time.monotonic() > late:
            raise TimeoutError
        time.sleep(0.02)


def told_to_turn(inputs: object) -> object:
    """What a turn was told, as DBOS keeps it."""
    return pickle.loads(base64.b64decode(str(inputs)))  # noqa: S301 - written by our own process a moment ago


def room_of_the_loop(folder: Path, companies: int, turns: int) -> list[int]:
    """The bytes of the database after each tenth of so many turns of the embedded loop: each was taken, how it went was
    said, and it was given back."""
    path, sizes = folder / "store.db", list[int]()
    with closing(Store.open(path, SystemClock())) as store:
        for number in range(companies):
            store.wake(CompanyId(f"c{number:02}"), "begin")
        for number in range(1, turns + 1):
            claim = store.claim("here:1", LEASE_SECONDS)
            if claim is None:
                raise LookupError(number)
            store.save_turn(claim.company, Turn(said="Nothing new.", head=number))
            store.done(claim, in_ms=0)
            if number % (turns // 10) == 0:
                sizes.append(_room(path))
    return sizes


def _room(path: Path) -> int:
    """The file's, once what stands beside it is taken in, which must never be more than a few megabytes."""
    beside = path.with_name(f"{path.name}-wal").stat().st_size
    if beside > LOG_BYTES_MAX:
        raise OverflowError(beside)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size
