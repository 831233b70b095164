"""How long a whole first sync of many Stripe invoices and charges takes, store and all, beside Stripe's own library.

Run it by hand: `python -m tests.bench.bench_stripe_sync [ROWS]`: so many invoices and as many charges. The pages come
from a process of its own on loopback (a hundred a page, as Stripe gives at most), at once or some milliseconds late.
Every reader is a process of its own too: CPU seconds and peak memory are what it says of itself. Our own limiter is
off, but for the last lines, where the server allows 25 calls a second.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.page_server import PROJECT, served
from tests.bench.rounds import peak_mb

ROWS = 100_000
LIBRARY_ROWS = 2_000
PAGE = 100
DELAYS_MS = (0, 50, 200)
ALLOWED_PER_SECOND = 25
PACE_PER_SECOND = 24
"""A little less than is allowed: requests that leave evenly do not arrive evenly."""
MANY_IN_FLIGHT = 10
LIMITED_ROWS = 25_000
MODULE = "tests.bench.stripe_pages"


def ours(url: str, rows: int, per_second: int = 0, in_flight: int = 4) -> dict[str, float]:
    """The product's own path: adapter, decode, translate, hash, journal, upsert, commit."""
    from adapters.stripe.client import connect
    from connector.clock import SystemClock
    from connector.model.firm import Actor, Company
    from connector.model.source import ActorId, CompanyId, ConnectionId, Kind
    from connector.money import currency
    from connector.store import Author, Store
    from connector.sync import sync
    from connector.transport import TokenBucket
    from tests.stripe_rig import surrounded
    from tests.surroundings import OpenBudget

    company, connection = CompanyId("crowd"), ConnectionId("stripe")
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "store.db", SystemClock())
        store.add_company(
            Company(company_id=company, name="Crowd", home_currency=currency("USD"), zone="America/New_York"),
            Actor(company_id=company, actor_id=ActorId("bench"), name="bench"),
        )
        budget = OpenBudget()
        surroundings = surrounded(
            url,
            SystemClock(),
            budget=TokenBucket(per_second * 60, SystemClock(), burst=1) if per_second else budget,
            mirror=store.mirrored(company, connection),
            in_flight=str(in_flight),
        )
        author = Author(company=company)
        began, spent = time.perf_counter(), time.process_time()
        counts = sync(store, connect(surroundings), connection, author, lambda *_: None).counts
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        first_calls = budget.taken
        again = connect(surroundings)
        began, spent = time.perf_counter(), time.process_time()
        sync(store, again, connection, author, lambda *_: None)
        tick = time.process_time() - spent
        mirror = store.mirrored(company, connection)
        held = [mirror.number(Kind.INVOICE), mirror.number(Kind.PAYMENT)]
        calls = budget.taken - first_calls
        store.close()
    if held != [rows, rows] or counts["invoice"].new != rows or counts["payment"].new != rows:
        raise SystemExit(f"{held} of {rows} each are held")
    return {"wall": wall, "cpu": cpu, "calls": first_calls, "tick_ms": tick * 1000, "tick_calls": calls}


def many(url: str, rows: int) -> dict[str, float]:
    """Ours, with as many calls under way as the settings allow."""
    return ours(url, rows, in_flight=MANY_IN_FLIGHT)


def limited(url: str, rows: int) -> dict[str, float]:
    """Ours, at about the pace that the server allows."""
    said = ours(url, rows, PACE_PER_SECOND)
    with urllib.request.urlopen(f"{url}/v1/counted") as answer:  # noqa: S310 - our own server
        counted: dict[str, float] = json.loads(answer.read())
    return said | counted


def library(url: str, rows: int) -> dict[str, float]:
    """`auto_paging_iter` over invoices and charges, each object as JSON into one table of SQLite."""
    import stripe

    stripe.enable_telemetry = False
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": url})
    found: list[Iterable[Any]] = [
        client.v1.invoices.list({"limit": PAGE}).auto_paging_iter(),
        client.v1.charges.list({"limit": PAGE}).auto_paging_iter(),
    ]

    def document(row: Any) -> tuple[str, str]:
        return row.id, json.dumps(row.to_dict(for_json=True))

    return _looped(rows, found, document)


def raw(url: str, rows: int) -> dict[str, float]:
    """`raw_request` and json.loads, page after page: the quickest the library can do."""
    import stripe

    stripe.enable_telemetry = False
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": url})

    def every(path: str) -> Iterable[dict[str, Any]]:
        after: dict[str, Any] = {}
        while True:
            answer: Any = client.raw_request("get", path, limit=PAGE, **after)
            page = json.loads(answer.body)
            yield from page["data"]
            if not page["has_more"]:
                return
            after = {"starting_after": page["data"][-1]["id"]}

    return _looped(rows, [every("/v1/invoices"), every("/v1/charges")], lambda row: (row["id"], json.dumps(row)))


def _looped(rows: int, found: list[Iterable[Any]], document: Callable[[Any], tuple[str, str]]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "rows.db")) as database:
        database.execute("CREATE TABLE record (id TEXT PRIMARY KEY, document TEXT)")
        began, spent = time.perf_counter(), time.process_time()
        for records in found:
            page: list[tuple[str, str]] = []
            for record in records:
                page.append(document(record))
                if len(page) == PAGE:
                    _stored(database, page)
                    page = []
            _stored(database, page)
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        [(held,)] = database.execute("SELECT count(*) FROM record")
    if held != 2 * rows:
        raise SystemExit(f"{held} of {2 * rows} are held")
    return {"wall": wall, "cpu": cpu}


def _stored(database: sqlite3.Connection, page: list[tuple[str, str]]) -> None:
    with database:
        database.executemany("INSERT OR REPLACE INTO record VALUES (?, ?)", page)


READERS: dict[str, Callable[[str, int], dict[str, float]]] = {
    "ours": ours,
    "many": many,
    "limited": limited,
    "library": library,
    "raw": raw,
}


def measured(reader: str, rows: int, delay_ms: int, *more: str) -> dict[str, float]:
    """What one reader says of itself, in a process of its own."""
    with served(rows, delay_ms, *more, module=MODULE) as url:
        answer = subprocess.run(
            [sys.executable, "-m", "tests.bench.bench_stripe_sync", "--read", reader, url, str(rows)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
    said: dict[str, float] = json.loads(answer.stdout)
    return said


def shown(name: str, rows: int, delay_ms: int, said: dict[str, float]) -> str:
    """One line of the table; a record is an invoice or a charge."""
    records = 2 * rows
    return (
        f"{name:34} {records:9,} {delay_ms:5} ms {said['wall']:8.1f} s {records / said['wall']:9,.0f}/s "
        f"{said['cpu'] / records * 1e6:8.1f} us {said['rss_mb']:6.0f} MB"
    )


def main(rows: int) -> None:
    """Print the table, and what Stripe's own limits allow."""
    say = sys.stdout.write
    say(f"{'reader':34} {'records':>9} {'a page':>8} {'wall':>10} {'records':>11} {'CPU each':>11} {'peak':>9}\n")
    for delay_ms in DELAYS_MS:
        said = measured("ours", rows, delay_ms)
        say(shown("ours, first sync into SQLite", rows, delay_ms, said) + "\n")
        say(f"{'':34} {said['calls']:.0f} calls; a tick with nothing new: {said['tick_ms']:.1f} ms CPU, ")
        say(f"{said['tick_calls']:.0f} calls\n")
    for delay_ms in DELAYS_MS[1:]:
        said = measured("many", rows, delay_ms)
        say(shown(f"ours, {MANY_IN_FLIGHT} calls under way", rows, delay_ms, said) + "\n")
    for name, few in (("library", LIBRARY_ROWS), ("raw", 5 * LIBRARY_ROWS)):
        title = {"library": "stripe auto_paging_iter", "raw": "stripe raw_request, json.loads"}[name]
        say(shown(title, few, 0, measured(name, few, 0)) + "\n")
    few = min(rows, LIMITED_ROWS)
    said = measured("limited", few, 0, str(ALLOWED_PER_SECOND))
    say(shown(f"ours, {ALLOWED_PER_SECOND} calls a second allowed", few, 0, said) + "\n")
    used = said["requests"] / said["seconds"] / ALLOWED_PER_SECOND
    say(f"{'':34} {used:.0%} of the rate used, {said['refused']:.0f} refused, {said['refused_again']:.0f} after that\n")
    floor = 2 * rows / PAGE / ALLOWED_PER_SECOND
    say(f"Stripe allows {ALLOWED_PER_SECOND} calls a second on one endpoint: {floor:.0f} s for {2 * rows:,} by one.\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        outcome = READERS[sys.argv[2]](sys.argv[3], int(sys.argv[4]))
        outcome["rss_mb"] = peak_mb()
        sys.stdout.write(json.dumps(outcome))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else ROWS)
