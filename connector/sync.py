"""Carry pages in: from an adapter's streams to the mirror, page and cursor together, resuming where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from connector.errors import ReceivablesError
from connector.model.finding import Finding
from connector.model.source import ConnectionId
from connector.ports import Page, Readable
from connector.store import Author, Counts, Store

RECORDS_PER_TRANSACTION = 1_000
LEASE_SECONDS = 60.0

Progress = Callable[[str, int], None]
"""Told the stream and how many of its records have come in so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What one connection's run brought, per stream, and what a person should know of it."""

    counts: dict[str, Counts]
    findings: tuple[Finding, ...]


def sync(store: Store, source: Readable, connection: ConnectionId, author: Author, progress: Progress) -> Synced:
    """Pull every stream to its end. Errors end the run where it is; earlier pages stay, and the next run goes on."""
    counts: dict[str, Counts] = {}
    findings: list[Finding] = []
    for stream in source.streams():
        carrier = _Carrier(store, connection, stream, author)
        cursor = None if author.again else store.cursor(author.company, connection, stream)
        more = True
        while more:
            try:
                page = source.pull(stream, cursor)
            except ReceivablesError:
                carrier.finish()
                raise
            findings.extend(page.findings)
            carrier.take(page)
            progress(stream, carrier.seen)
            cursor, more = page.cursor, page.more
        counts[stream] = carrier.finish()
    return Synced(counts=counts, findings=tuple(findings))


class _Carrier:
    """Gathers small pages, so that a transaction is worth its commit."""

    def __init__(self, store: Store, connection: ConnectionId, stream: str, author: Author) -> None:
        self._store = store
        self._connection = connection
        self._stream = stream
        self._author = author
        self._pages: list[Page] = []
        self._counts = Counts()
        self.seen = 0

    def take(self, page: Page) -> None:
        self._pages.append(page)
        self.seen += len(page.records)
        if sum(len(held.records) for held in self._pages) >= RECORDS_PER_TRANSACTION:
            self._save()

    def finish(self) -> Counts:
        self._save()
        return self._counts

    def _save(self) -> None:
        if not self._pages:
            return
        if self._author.lease is not None:
            self._author = replace(self._author, lease=self._store.renew(self._author.lease))
        self._counts += self._store.save_pages(self._author, self._connection, self._stream, self._pages)
        self._pages = []
