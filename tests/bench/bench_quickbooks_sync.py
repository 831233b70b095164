"""How long a whole first sync of many QuickBooks invoices takes, store and all, beside python-quickbooks on its own.

Run it by hand: `python -m tests.bench.bench_quickbooks_sync [INVOICES]`. The pages come from a process of its own on
loopback (about 1.8 KB an invoice, a thousand a page), at once or some milliseconds late. Every reader is a process of
its own too: CPU seconds and peak memory are what it says of itself. Our own limiter is off.
"""

from __future__ import annotations

import json
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

from tests.bench.page_server import PROJECT, REALM, changed, served
from tests.bench.rounds import peak_mb

INVOICES = 100_000
LIBRARY_INVOICES = 5_000
PAGE = 1000
HELD = 2_000
"""Rows there are while changes are captured, of which the newest change."""
CHANGES = 900
DELAYS_MS = (0, 50, 200)


def ours(url: str, invoices: int) -> dict[str, float]:
    """The product's own path. What it imports is no part of the others' memory."""
    from tests.bench import quickbooks_reader

    return quickbooks_reader.first_sync(url, invoices)


def ours_changes(url: str, invoices: int) -> dict[str, float]:
    """Change capture by the product's own path: the newest rows, changed every time, until so many have come."""
    from tests.bench import quickbooks_reader

    return quickbooks_reader.changes(url, invoices, HELD, CHANGES)


def library_changes(url: str, invoices: int) -> dict[str, float]:
    """python-quickbooks' own `change_data_capture`, each object as JSON into one table of SQLite."""
    from quickbooks.cdc import change_data_capture
    from quickbooks.objects.invoice import Invoice

    client = _library(url)
    since = changed(HELD - CHANGES).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def page(start: int) -> list[tuple[str, str]]:
        del start
        found = change_data_capture([Invoice], since, qb=client)
        return [(each.Id, each.to_json()) for each in found.Invoice._object_list]

    return _looped(page, invoices)


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


READERS = {
    "ours": ours,
    "objects": library_objects,
    "dicts": library_dicts,
    "changes": ours_changes,
    "library_changes": library_changes,
}


def measured(reader: str, invoices: int, delay_ms: int) -> dict[str, float]:
    """What one reader says of itself, in a process of its own."""
    with served(HELD if "changes" in reader else invoices, delay_ms) as url:
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
    for name, title, few in (
        ("changes", "ours, change capture", 100 * CHANGES),
        ("library_changes", "python-quickbooks change_data_capture", 6 * CHANGES),
    ):
        say(shown(title, few, 0, measured(name, few, 0)) + "\n")
    say(f"Intuit allows 500 calls a minute: {invoices / PAGE / 500 * 60:.0f} s for {invoices:,}; ")
    say(f"our own half of it: {invoices / PAGE / 250 * 60:.0f} s.\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        outcome = READERS[sys.argv[2]](sys.argv[3], int(sys.argv[4]))
        outcome["rss_mb"] = peak_mb()
        sys.stdout.write(json.dumps(outcome))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else INVOICES)
