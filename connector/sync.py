"""Carry pages in: from an adapter's streams to the mirror, page and cursor together, resuming where it stopped.

While the store writes one page, the adapter already reads the next: one page at a time, in a thread of its own.
"""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

from connector.errors import ReceivablesError
from connector.model.finding import Finding
from connector.model.source import ConnectionId
from connector.ports import Page, Readable
from connector.store import Author, Counts, Store

RECORDS_PER_TRANSACTION = 1_000
LEASE_SECONDS = 60.0
ALLOCATIONS_PER_COLLECTION = 100_000


class Progress(Protocol):
    """Told what is being read, how many records of it have come so far, and how many there are in all where known."""

    def __call__(self, what: str, done: int, expected: int | None = None, /) -> None:
        """Show it, or do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What one connection's run brought, and what a person should know of it.

    `counts` is per kind of record; a stream that brought none at all stands there under its own name.
    """

    counts: Mapping[str, Counts]
    findings: tuple[Finding, ...]


def sync(store: Store, source: Readable, connection: ConnectionId, author: Author, progress: Progress) -> Synced:
    """Pull every stream to its end. Errors end the run where it is; earlier pages stay, and the next run goes on."""
    counts: dict[str, Counts] = {}
    findings: list[Finding] = []
    streams = source.streams()
    store.begin_reading(author.company, connection, streams)
    with _few_collections():
        for stream in streams:
            carrier = _Carrier(store, connection, stream, author)
            try:
                findings += _carry(source, carrier, progress)
            except (ReceivablesError, KeyboardInterrupt):
                carrier.finish()
                raise
            for what, brought in (carrier.finish() or {stream: Counts()}).items():
                counts[what] = counts.get(what, Counts()) + brought
    return Synced(counts=counts, findings=tuple(dict.fromkeys(findings)))  # one record may be met twice


@contextmanager
def _few_collections() -> Iterator[None]:
    """Records hold no cycles and go when their page is stored; looking for cycles as often as Python does by itself
    costs a quarter of a sync's time."""
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _carry(source: Readable, carrier: _Carrier, progress: Progress) -> list[Finding]:
    """One stream to its end. What a person should know of it."""
    puller = _Puller(source, carrier.stream)
    try:
        return _carried(puller, carrier, progress)
    finally:
        puller.rest()


def _carried(puller: _Puller, carrier: _Carrier, progress: Progress) -> list[Finding]:
    findings: list[Finding] = []
    done: Counter[str] = Counter()
    coming = puller.pull(carrier.cursor())
    while True:
        page = coming.result()
        if page.store_first:
            carrier.take(page)
            carrier.finish()
        if page.more:
            coming = puller.pull(page.cursor)
        try:
            if not page.store_first:
                carrier.take(page)
        except ReceivablesError:
            coming.exception()  # nobody else may use the adapter before it has come to rest
            raise
        findings.extend(page.findings)
        what = page.about or carrier.stream
        done[what] += len(page.records)
        progress(what, done[what], page.expected)
        if not page.more:
            return findings


class _Puller:
    """Reads the next page meanwhile, in one thread for the whole stream: memory taken by many threads comes back late.

    A daemon: whoever interrupts the program does not wait for the answer.
    """

    def __init__(self, source: Readable, stream: str) -> None:
        self._source = source
        self._stream = stream
        self._wanted: SimpleQueue[tuple[str | None, Future[Page]] | None] = SimpleQueue()
        threading.Thread(target=self._run, name=f"sync-{stream}", daemon=True).start()

    def pull(self, cursor: str | None) -> Future[Page]:
        """The page after that cursor, when it comes."""
        coming: Future[Page] = Future()
        self._wanted.put((cursor, coming))
        return coming

    def rest(self) -> None:
        """No more pages are wanted."""
        self._wanted.put(None)

    def _run(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            cursor, coming = wanted
            try:
                coming.set_result(self._source.pull(self._stream, cursor))
            except BaseException as fault:  # noqa: BLE001 - carried to whoever waits for the page
                coming.set_exception(fault)
            del wanted, coming  # or the page would be kept until the next one is wanted


class _Carrier:
    """Gathers small pages, so that a transaction is worth its commit."""

    def __init__(self, store: Store, connection: ConnectionId, stream: str, author: Author) -> None:
        self.stream = stream
        self._store = store
        self._connection = connection
        self._author = author
        self._pages: list[Page] = []
        self._counts: dict[str, Counts] = {}
        self._noticed = store.noticed(author.company, connection)

    def cursor(self) -> str | None:
        """Where the stream goes on."""
        return None if self._author.again else self._store.cursor(self._author.company, self._connection, self.stream)

    def take(self, page: Page) -> None:
        """Keep a page, and store what was gathered when it is enough."""
        self._pages.append(page)
        if sum(len(held.records) for held in self._pages) >= RECORDS_PER_TRANSACTION:
            self._save()

    def finish(self) -> dict[str, Counts]:
        """Store what is left. What was stored so far, per kind."""
        self._save()
        return self._counts

    def _save(self) -> None:
        if not self._pages:
            return
        pages, self._pages = self._pages, []
        if self._author.lease is not None:
            self._store.keep(self._author.lease)
        saved = self._store.save_kinds(self._author, self._connection, self.stream, pages, self._noticed)
        if any(page.findings for page in pages):
            self._noticed = self._store.noticed(self._author.company, self._connection)
        for kind, brought in saved.items():
            self._counts[kind] = self._counts.get(kind, Counts()) + brought
