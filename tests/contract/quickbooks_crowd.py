"""A big company in the stand-in, a reader that keeps what it reads, and whether both hold the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from adapters.quickbooks import standin
from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.entities import ENTITIES
from adapters.quickbooks.settings import Settings
from adapters.quickbooks.standin.office import Office
from connector.model.mirror import Gone, Mirrored
from connector.model.source import Kind, Ref
from connector.ports import Page, Surroundings
from connector.testing.standin import Server
from connector.testing.worlds import World
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import inspect
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.quickbooks_ground import BOOKS, MemoryTokens

_ELSEWHERE = frozenset({"name", "FullyQualifiedName", "Line1", "CurrentBalance", "CurrentBalanceWithSubAccounts"})
"""What changes on a row when another row changes, and moves no time."""


PAGES_MAX = 2_000
"""More than any test here needs."""


class Reader:
    """A connection that is read from, and its mirror."""

    def __init__(self, server: Server, world: World, clock: FakeClock, **changed: str) -> None:
        self.clock = clock
        self.server = server
        self.budget = OpenBudget()
        self.held = Held()
        self.records: dict[Ref, Mirrored] = {}
        self.cursor: str | None = None
        self._values = server.stand_in.settings(world, server.url) | changed
        self._tokens = MemoryTokens()
        self.books = self.reconnected()

    def reconnected(self) -> QuickBooksOnline:
        """A connection that knows nothing but the cursor, as another process has."""
        self.books = connect(
            Surroundings(
                connection=BOOKS,
                settings=Settings.parse(self._values),
                zone="America/New_York",
                clock=self.clock,
                tokens=self._tokens,
                budget=self.budget,
                turns=OpenTurns(),
                mirror=self.held,
            )
        )
        return self.books

    def pull(self) -> Page:
        """One page, kept with its cursor."""
        page = self.books.pull("books", self.cursor)
        for one in page.records:
            shelf = self.held.records.setdefault(one.ref.kind, {})
            self.records[one.ref] = one
            if isinstance(one.record, Gone):
                shelf.pop(one.ref.vendor_id, None)
            else:
                shelf[one.ref.vendor_id] = one.version
        self.cursor = page.cursor
        return page

    def sync(self, between: Callable[[], object] = lambda: None) -> list[Page]:
        """Pages until there is no more; something may happen between them."""
        pages = [self.pull()]
        while pages[-1].more:
            assert len(pages) < PAGES_MAX, "the reading does not end"
            between()
            pages.append(self.pull())
        return pages

    def calls(self, work: Callable[[], object]) -> list[str]:
        """The last parts of the addresses that were called meanwhile, tokens aside."""
        before = len(self.server.calls)
        work()
        return [path.rsplit("/", 1)[1] for _, path, _ in self.server.calls[before:] if path.startswith("/v3/")]

    def of(self, kind: Kind) -> dict[str, Mirrored]:
        """What is held of a kind, by vendor id, tombstones too."""
        return {ref.vendor_id: one for ref, one in self.records.items() if ref.kind is kind}

    def here(self, name: str) -> dict[str, object]:
        """The documents of an entity's rows as they were mirrored, by Intuit's id."""
        entity = ENTITIES[name]
        found = {ref: one for ref, one in self.records.items() if ref.kind is entity.kind}
        live = {ref.vendor_id: one for ref, one in found.items() if not isinstance(one.record, Gone)}
        named = entity.own(dict.fromkeys(live, ""))
        return {own: _plain(json.loads(live[entity.ref(own, BOOKS).vendor_id].raw)) for own in named}

    def differences(self) -> list[str]:
        """Every row that is not the same here and there."""
        dump: Any = self.server.behind(lambda: self.server.stand_in.dump(normalised=False))
        [company] = json.loads(json.dumps(dump, default=str)).values()
        found = []
        for name, entity in ENTITIES.items():
            here = self.here(name)
            there = {str(row["Id"]): _plain(row) for row in company[entity.shape.__name__]}
            found += [f"{name} {one}" for one in here.keys() | there.keys() if here.get(one) != there.get(one)]
        return found


def _plain(value: Any) -> Any:
    """A document without what other rows change in it, amounts as text, and without the deposit a payment is in."""
    match value:
        case dict():
            kept = {key: _plain(one) for key, one in value.items() if key not in _ELSEWHERE}
            linked = [one for one in kept.pop("LinkedTxn", []) if one.get("TxnType") != "Deposit"]
            return kept | ({"LinkedTxn": linked} if linked else {})
        case list():
            return [_plain(one) for one in value]
        case bool() | None:
            return value
        case int() | float():
            return f"{value:.5f}"
        case str() if value.replace(".", "", 1).replace("-", "", 1).isdigit():
            return f"{float(value):.5f}"
        case _:
            return value


@contextmanager
def served_crowd(worlds: tuple[World, ...], *, judged: bool = True) -> Iterator[tuple[Server, Office, FakeClock]]:
    """The world's books, and the people who work in them. `judged`: by Intuit's schema, which takes its time."""
    clock = FakeClock("2026-04-06T12:00:00Z")
    inspectors = (inspect,) if judged else ()
    with Server(standin.build(worlds, clock=clock), inspectors=inspectors) as server:
        stand_in: Any = server.stand_in
        yield server, stand_in.office(), clock
    assert server.problems == []


@contextmanager
def at_work(act: Callable[[], object]) -> Iterator[None]:
    """Somebody who acts again and again in a thread of their own, until the block ends."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.0005):
            act()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()
