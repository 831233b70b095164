"""Carry pages in: from an adapter's streams to the mirror, page and cursor together, resuming where it stopped.

While the store writes one page, the adapter already reads the next: one page at a time, in a thread of its own.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol

from connector.errors import ReceivablesError
from connector.model.finding import Finding
from connector.model.source import ConnectionId
from connector.ports import Page, Readable
from connector.store import Author, Counts, Store

RECORDS_PER_TRANSACTION = 1_000
LEASE_SECONDS = 60.0


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
    for stream in source.streams():
        carrier = _Carrier(store, connection, stream, author)
        try:
            findings += _carry(source, carrier, progress)
        except (ReceivablesError, KeyboardInterrupt):
            carrier.finish()
            raise
        for what, brought in (carrier.finish() or {stream: Counts()}).items():
            counts[what] = counts.get(what, Counts()) + brought
    return Synced(counts=counts, findings=tuple(findings))


def _carry(source: Readable, carrier: _Carrier, progress: Progress) -> list[Finding]:
    """One stream to its end. What a person should know of it."""
    findings: list[Finding] = []
    done: Counter[str] = Counter()
    coming = _pulled(source, carrier.stream, carrier.cursor())
    while True:
        page = coming.result()
        if page.store_first:
            carrier.take(page)
            carrier.finish()
        if page.more:
            coming = _pulled(source, carrier.stream, page.cursor)
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


def _pulled(source: Readable, stream: str, cursor: str | None) -> Future[Page]:
    """The next page, read meanwhile. A daemon: whoever interrupts the program does not wait for the answer."""
    coming: Future[Page] = Future()

    def pull() -> None:
        try:
            coming.set_result(source.pull(stream, cursor))
        except BaseException as fault:  # noqa: BLE001 - carried to whoever waits for the page
            coming.set_exception(fault)

    threading.Thread(target=pull, name=f"sync-{stream}", daemon=True).start()
    return coming


class _Carrier:
    """Gathers small pages, so that a transaction is worth its commit."""

    def __init__(self, store: Store, connection: ConnectionId, stream: str, author: Author) -> None:
        self.stream = stream
        self._store = store
        self._connection = connection
        self._author = author
        self._pages: list[Page] = []
        self._counts: dict[str, Counts] = {}

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
            self._author = replace(self._author, lease=self._store.renew(self._author.lease))
        saved = self._store.save_kinds(self._author, self._connection, self.stream, pages)
        for kind, brought in saved.items():
            self._counts[kind] = self._counts.get(kind, Counts()) + brought
