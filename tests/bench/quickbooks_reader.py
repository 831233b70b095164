"""The product's own reading of QuickBooks pages, as the benchmarks measure it: adapter, decode, translate, hash,
journal, upsert, commit. The limiter is off."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.quickbooks import course, keyset
from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.settings import Settings
from connector.clock import SystemClock
from connector.dates import epoch_seconds, instant
from connector.model.firm import Actor, Company
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind
from connector.money import currency
from connector.ports import Surroundings
from connector.store import Author, Store
from connector.sync import sync
from tests.bench.page_server import REALM, changed
from tests.surroundings import OpenBudget, OpenTurns
from tests.unit.quickbooks_ground import MemoryTokens


@dataclass(frozen=True, slots=True)
class _Room:
    """A store in a temporary folder, and what makes a connection to it."""

    store: Store
    budget: OpenBudget
    connected: Callable[[], QuickBooksOnline]


COMPANY, CONNECTION = CompanyId("crowd"), ConnectionId("quickbooks")
AUTHOR = Author(company=COMPANY)


@contextmanager
def _room(url: str) -> Iterator[_Room]:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "store.db", SystemClock())
        store.add_company(
            Company(company_id=COMPANY, name="Crowd", home_currency=currency("USD"), zone="America/New_York"),
            Actor(company_id=COMPANY, actor_id=ActorId("bench"), name="bench"),
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
            connection=CONNECTION,
            settings=Settings.parse(values),
            zone="America/New_York",
            clock=SystemClock(),
            tokens=MemoryTokens(),
            budget=budget,
            mirror=store.mirrored(COMPANY, CONNECTION),
            turns=OpenTurns(),
        )
        yield _Room(store, budget, lambda: connect(surroundings))
        store.close()


def first_sync(url: str, invoices: int) -> dict[str, float]:
    """The product's own path: adapter, decode, translate, hash, journal, upsert, commit."""
    with _room(url) as at:
        books = at.connected()
        began, spent = time.perf_counter(), time.process_time()
        counts = sync(at.store, books, CONNECTION, AUTHOR, lambda *_: None).counts
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        first_calls = at.budget.taken
        again = at.connected()
        spent = time.process_time()
        sync(at.store, again, CONNECTION, AUTHOR, lambda *_: None)
        tick = time.process_time() - spent
        held = at.store.mirrored(COMPANY, CONNECTION).number(Kind.INVOICE)
        calls = at.budget.taken - first_calls
    if held != invoices or counts["invoice"].new != invoices:
        raise SystemExit(f"{held} of {invoices} are held")
    return {"wall": wall, "cpu": cpu, "calls": first_calls, "tick_ms": tick * 1000, "tick_calls": calls}


def changes(url: str, invoices: int, held: int, each_time: int) -> dict[str, float]:
    """Change capture by the same path: the newest `each_time` of `held` rows, changed again until so many came."""
    with _room(url) as at:
        books = at.connected()
        sync(at.store, books, CONNECTION, AUTHOR, lambda *_: None)
        since = epoch_seconds(instant(changed(held - each_time))) + keyset.OVERLAP_SECONDS
        began, spent, read = time.perf_counter(), time.process_time(), 0
        while read < invoices:
            stands = course.read(at.store.cursor(COMPANY, CONNECTION, "books"))
            page = books.pull("books", course.write(replace(stands, since=since, seen=())))
            saved = at.store.save_pages(AUTHOR, CONNECTION, "books", [page])
            if saved.changed != each_time:
                raise SystemExit(f"{saved} where {each_time} changed")
            read += saved.changed
        return {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}
