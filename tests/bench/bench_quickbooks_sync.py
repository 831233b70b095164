"""How long a whole first sync of many QuickBooks invoices takes, store and all, beside python-quickbooks on its own.

Run it by hand: `python -m tests.bench.bench_quickbooks_sync [INVOICES]`. The pages come from a process of its own on
loopback (about 1.8 KB an invoice, a thousand a page), at once or some milliseconds late. Every reader is a process of
its own too: CPU seconds and peak memory are what it says of itself. Our own limiter is off.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.page_server import PROJECT, REALM, served

INVOICES = 100_000
LIBRARY_INVOICES = 5_000
PAGE = 1000
DELAYS_MS = (0, 50, 200)
KILOBYTE = 1024


def ours(url: str, invoices: int) -> dict[str, float]:
    """The product's own path: adapter, decode, translate, hash, journal, upsert, commit."""
    from adapters.quickbooks.client import connect
    from adapters.quickbooks.settings import Settings
    from connector.clock import SystemClock
    from connector.model.firm import Actor, Company
    from connector.model.source import ActorId, CompanyId, ConnectionId, Kind
    from connector.money import currency
    from connector.ports import Surroundings
    from connector.store import Author, Store
    from connector.sync import sync
    from tests.surroundings import OpenBudget, OpenTurns
    from tests.unit.quickbooks_ground import MemoryTokens

    company, connection = CompanyId("crowd"), ConnectionId("quickbooks")
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "store.db", SystemClock())
        store.add_company(
            Company(company_id=company, name="Crowd", home_currency=currency("USD"), zone="America/New_York"),
            Actor(company_id=company, actor_id=ActorId("bench"), name="bench"),
        )
        values = {
            "client_id": "c",
            "client_secret": "s",
            "realm_id": REALM,
            "refresh_token": "r",
            "base_url": url,
            "token_url": f"{url}/token",
        }
        budget = OpenBudget()
        surroundings = Surroundings(
            connection=connection,
            settings=Settings.parse(values),
            zone="America/New_York",
            clock=SystemClock(),
            tokens=MemoryTokens(),
            budget=budget,
            turns=OpenTurns(),
            mirror=store.mirrored(company, connection),
        )
        books = connect(surroundings)
        author = Author(company=company)
        began, spent = time.perf_counter(), time.process_time()
        counts = sync(store, books, connection, author, lambda *_: None).counts
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        first_calls = budget.taken
        began, spent = time.perf_counter(), time.process_time()
        sync(store, connect(surroundings), connection, author, lambda *_: None)
        tick = time.process_time() - spent
        held = store.mirrored(company, connection).number(Kind.INVOICE)
        calls = budget.taken - first_calls
        store.close()
    if held != invoices or counts["invoice"].new != invoices:
        raise SystemExit(f"{held} of {invoices} are held")
    return {"wall": wall, "cpu": cpu, "calls": first_calls, "tick_ms": tick * 1000, "tick_calls": calls}


def library_objects(url: str, invoices: int) -> dict[str, float]:
    """python-quickbooks' own objects: `Invoice.filter` page after page, each as JSON into one table of SQLite."""
    from quickbooks.objects.invoice import Invoice

    client = _library(url)

    def page(start: int) -> list[tuple[str, str]]:
        found = Invoice.filter(start_position=str(start), max_results=str(PAGE), qb=client)
        return [(each.Id, each.to_json()) for each in found]

    return _looped(page, invoices)


def library_dicts(url: str, invoices: int) -> dict[str, float]:
    """python-quickbooks' `client.query`: plain dicts with floats, each as JSON into one table of SQLite."""
    client = _library(url)

    def page(start: int) -> list[tuple[str, str]]:
        answer = client.query(f"SELECT * FROM Invoice STARTPOSITION {start} MAXRESULTS {PAGE}")  # noqa: S608 - a number
        return [(each["Id"], json.dumps(each)) for each in answer["QueryResponse"].get("Invoice", [])]

    return _looped(page, invoices)


def _library(url: str) -> Any:
    import requests
    from quickbooks.client import QuickBooks

    class Session(requests.Session):
        access_token = "access"

    warnings.simplefilter("ignore")
    client = QuickBooks(company_id=REALM, minorversion=75)
    client.api_url_v3 = f"{url}/v3"
    client.session = Session()
    return client


def _looped(page: Callable[[int], list[tuple[str, str]]], invoices: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "rows.db")) as database:
        database.execute("CREATE TABLE invoice (id TEXT PRIMARY KEY, document TEXT)")
        began, spent, read = time.perf_counter(), time.process_time(), 0
        while read < invoices:
            rows = page(read + 1)
            with database:
                database.executemany("INSERT OR REPLACE INTO invoice VALUES (?, ?)", rows)
            read += len(rows)
        return {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}


READERS = {"ours": ours, "objects": library_objects, "dicts": library_dicts}


def measured(reader: str, invoices: int, delay_ms: int) -> dict[str, float]:
    """What one reader says of itself, in a process of its own."""
    with served(invoices, delay_ms) as url:
        answer = subprocess.run(
            [sys.executable, "-m", "tests.bench.bench_quickbooks_sync", "--read", reader, url, str(invoices)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
    said: dict[str, float] = json.loads(answer.stdout)
    return said


def shown(name: str, invoices: int, delay_ms: int, said: dict[str, float]) -> str:
    """One line of the table."""
    return (
        f"{name:42} {invoices:8,} {delay_ms:5} ms {said['wall']:8.1f} s {invoices / said['wall']:9,.0f}/s "
        f"{said['cpu'] / invoices * 1e6:8.1f} us {said['rss_mb']:6.0f} MB"
    )


def main(invoices: int) -> None:
    """Print the table, and what Intuit's own limits allow."""
    say = sys.stdout.write
    say(f"{'reader':42} {'invoices':>8} {'a page':>8} {'wall':>10} {'records':>11} {'CPU each':>11} {'peak':>9}\n")
    for delay_ms in DELAYS_MS:
        said = measured("ours", invoices, delay_ms)
        say(shown("ours, first sync into SQLite", invoices, delay_ms, said) + "\n")
        say(f"{'':42} {said['calls']:.0f} calls; a tick with nothing new: {said['tick_ms']:.1f} ms CPU, ")
        say(f"{said['tick_calls']:.0f} calls\n")
    for name in ("objects", "dicts"):
        few = LIBRARY_INVOICES if name == "objects" else LIBRARY_INVOICES * 4
        title = {"objects": "python-quickbooks Invoice.filter", "dicts": "python-quickbooks client.query"}[name]
        say(shown(title, few, 0, measured(name, few, 0)) + "\n")
    say(f"Intuit allows 500 calls a minute: {invoices / PAGE / 500 * 60:.0f} s for {invoices:,}; ")
    say(f"our own half of it: {invoices / PAGE / 250 * 60:.0f} s.\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        outcome = READERS[sys.argv[2]](sys.argv[3], int(sys.argv[4]))
        outcome["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTE
        sys.stdout.write(json.dumps(outcome))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else INVOICES)
