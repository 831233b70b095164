"""Taking pages in: what is news is decided record by record, and written in one transaction with the cursor.

Six statements at most: lock the head and check the lease, read what is known, upsert what changed, append to the
journal, move the cursor, move the head. What can be computed is computed before the lock is taken.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, Future
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, delete, select

from connector import canonical
from connector.errors import StoreError
from connector.model.mirror import Gone, Mirrored
from connector.model.source import CompanyId, ConnectionId, Kind, Ref
from connector.ports import Page
from connector.store import notices, tables
from connector.store.columns import columns
from connector.store.database import Texts, is_one_of
from connector.store.journal import Desk, Scribe, micros
from connector.store.packs import Packer, Pattern
from connector.store.rows import Author, Counts

PAGE = "page"
"""The kind of the journal entry of a saved page."""

LOOKED_AT = "looked-at"
"""What a page's journal entry has for a stream when its records were looked at singly."""

_HASH_BYTES = 16
"""As many as `canonical.digest` shows."""

_MIRROR = tables.mirror.c
_KNOWN = select(
    _MIRROR.kind, _MIRROR.vendor_id, _MIRROR.version, _MIRROR.content_hash, _MIRROR.record_hash, _MIRROR.journal_seq,
    _MIRROR.position, _MIRROR.record_seq,
).where(
    _MIRROR.company_id == bindparam("company"),
    _MIRROR.connection_id == bindparam("connection"),
    is_one_of(_MIRROR.kind, bindparam("kinds", type_=Texts())),
    is_one_of(_MIRROR.vendor_id, bindparam("ids", type_=Texts())),
)  # fmt: skip

# Plain tuples, because one of each is made per record: a name per field would cost as much as hashing the document.
_Sighting = tuple[Kind, str, str, bytes, Mirrored]
"""Kind, vendor id, version and content hash of a record as it arrived, and the record."""

_News = tuple[Kind, str, str, bytes, bytes, bytes, Mirrored]
"""A sighting whose document is new: with the hash and the canonical text of its record before the record itself."""

_Known = Sequence[Any]
"""Kind, vendor id, version, content hash, record hash, the place of the document, and the entry of the record as it
stands; 0 for one that these very pages brought."""

_KnownByKind = dict[str, dict[str, _Known]]

_Place = tuple[int | None, int | None]
"""Where a document is: the number of a journal entry and the position in its pack."""

_Draft = tuple[dict[str, Any], bytes, "Future[bytes | None]"]
"""The body of a journal entry, its pattern, and its pack in the making."""

_NEW, _CHANGED, _UNCHANGED, _GONE, _OVERTAKEN = range(5)

_NEVER_SEEN: _Known = ("", "", "", b"", b"", None, None, 0)


class Saving(Desk):
    """The way in for what outside systems hold."""

    def save_pages(self, author: Author, connection: ConnectionId, stream: str | None, pages: Sequence[Page]) -> Counts:
        """Store the pages and the cursor of the last in one transaction. LeaseLost: nothing was stored.

        `stream` None: the records were looked at singly, and no stream's cursor moves.
        """
        return sum(self.save_kinds(author, connection, stream, pages).values(), Counts())

    def save_kinds(
        self,
        author: Author,
        connection: ConnectionId,
        stream: str | None,
        pages: Sequence[Page],
        noticed: AbstractSet[Ref] = frozenset(),
    ) -> dict[Kind, Counts]:
        """The same, counted for each kind of record that came.

        `noticed`: the records about which something stands (`Notices.noticed`). Whoever reads a stream looks once, so
        that a page costs no statement more; for records that were looked at singly it is looked up here.
        """
        if not pages:
            return {}
        refs, helper = _own(connection, pages), self._database.helper
        # Hashing needs no interpreter, and asking the database what it knows needs no hash.
        seeing = helper.submit(_seen, pages)
        with self._writing(author) as scribe:
            intake = _Intake(scribe, connection, stream or LOOKED_AT, _known(scribe, connection, refs), helper)
            arrived = seeing.result()
            for page, sightings in zip(pages, arrived, strict=True):
                intake.page(page.cursor, sightings)
            if intake.rows:
                self._database.bulk_upsert(scribe.tx, tables.mirror, list(intake.rows.values()))
                intake.tell()
            notices.keep(scribe, self._database, connection, pages, noticed if stream is not None else None)
            if stream is not None:
                self._move_cursor(scribe, connection, stream, pages[-1])
        return intake.counted()

    def begin_reading(self, company: CompanyId, connection: ConnectionId, streams: Sequence[str]) -> None:
        """These streams are to be read, and no others are any more: until each was read to its end once, the mirror of
        the connection is not whole."""
        mine = (tables.cursor.c.company_id == company, tables.cursor.c.connection_id == connection)
        with self._database.read() as tx:
            held = set(tx.execute(select(tables.cursor.c.stream).where(*mine)).scalars())
        if held == set(streams):
            return
        place = {"company_id": company, "connection_id": connection, "at": micros(self._clock.now())}
        with self._database.write() as tx:
            for stream in held - set(streams):
                tx.execute(delete(tables.cursor).where(*mine, tables.cursor.c.stream == stream))
            for stream in streams:
                fresh = self._database.insert(tables.cursor).values({**place, "stream": stream})
                tx.execute(fresh.on_conflict_do_nothing())

    def _move_cursor(self, scribe: Scribe, connection: ConnectionId, stream: str, last: Page) -> None:
        """The stream goes on after that page; when it was its last, the stream is whole as of now."""
        statement = self._database.upsert(tables.cursor, keep=("whole_at",) if last.more else ())
        place = {"company_id": scribe.company, "connection_id": connection, "stream": stream}
        at = micros(scribe.at)
        scribe.tx.execute(statement, {**place, "cursor": last.cursor, "at": at, "whole_at": None if last.more else at})


class _Intake:
    """The work of one `save_pages`."""

    def __init__(
        self, scribe: Scribe, connection: ConnectionId, stream: str, known: _KnownByKind, helper: Executor
    ) -> None:
        self.rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._tallies: dict[Kind, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
        self._scribe = scribe
        self._connection = connection
        self._stream = stream
        self._known = known
        self._helper = helper
        self._placed: dict[bytes, tuple[int, int]] = {}
        self._drafts: list[_Draft] = []
        self._seen_at = micros(scribe.at)
        self._again = scribe.again
        self._asked_at = scribe.asked_at

    def page(self, cursor: str, sightings: list[_Sighting]) -> None:
        """One page: at most one journal entry."""
        news: list[_News] = []
        tallies = self._tallies
        for one in sightings:
            kind, vendor_id, version, content_hash, _ = one
            tally = tallies[kind]
            old = self._known[kind].get(vendor_id, _NEVER_SEEN)
            same = old[3] == content_hash and old[2] == version
            if old[7] > self._asked_at:
                tally[_OVERTAKEN] += 1
                continue
            if same and not self._again:
                # The same document is the same record: nothing else of it is looked at, on the hottest path there is.
                tally[_UNCHANGED] += 1
                continue
            fresh = self._fresh(one, old, tally, same=same)
            if fresh is not None:
                news.append(fresh)
        if news:
            self._draft(cursor, news)

    def _fresh(self, one: _Sighting, old: _Known, tally: list[int], *, same: bool) -> _News | None:
        """What is to be stored of a record that is not the one we have, document and all; None when it is."""
        kind, vendor_id, version, content_hash, mirrored = one
        text = canonical.encode(mirrored.record)
        record_hash = hashlib.sha256(text).digest()[:_HASH_BYTES]
        if same and old[4] == record_hash:
            tally[_UNCHANGED] += 1
            return None
        if old[3] == content_hash and old[5] is not None and old[6] is not None:
            self._placed.setdefault(content_hash, (old[5], old[6]))
        if old[4] == record_hash:
            tally[_UNCHANGED] += 1
        elif isinstance(mirrored.record, Gone):
            tally[_GONE] += 1
        elif old is _NEVER_SEEN:
            tally[_NEW] += 1
        else:
            tally[_CHANGED] += 1
        self._known[kind][vendor_id] = kind, vendor_id, version, content_hash, record_hash, old[5], old[6], 0
        return kind, vendor_id, version, content_hash, record_hash, text, mirrored

    def counted(self) -> dict[Kind, Counts]:
        """What all pages together brought."""
        return {
            kind: Counts(new=new, changed=changed, unchanged=unchanged, gone=gone, overtaken=overtaken)
            for kind, (new, changed, unchanged, gone, overtaken) in self._tallies.items()
        }

    def tell(self) -> None:
        """Write the journal entries, when the packs are ready."""
        for body, pattern, pack in self._drafts:
            self._scribe.write(PAGE, body, pack=pack.result(), pattern=pattern)

    def _draft(self, cursor: str, news: list[_News]) -> None:
        seq = self._scribe.seq + len(self._drafts) + 1
        packer = Packer()
        first: dict[str, bytes] = {}
        for one in news:
            first.setdefault(one[0], one[5])
        pattern = Pattern.of(first)
        compress = pattern.compressor().compress
        changes: list[tuple[str, str, str, str, str]] = []
        for one in news:
            kind, vendor_id, version, content_hash, record_hash, text, _ = one
            changes.append((kind, vendor_id, version, content_hash.hex(), record_hash.hex()))
            self._take(one, seq, self._place(one, seq, packer), compress(text))
        # While this thread goes on with the rows: compressing needs no interpreter.
        pack = self._helper.submit(packer.packed)
        body = {"connection": self._connection, "stream": self._stream, "cursor": cursor, "changes": changes}
        self._drafts.append((body, pattern.body, pack))

    def _take(self, one: _News, seq: int, place: _Place, squeezed: bytes) -> None:
        kind, vendor_id, version, content_hash, record_hash, _, mirrored = one
        record = mirrored.record
        self._known[kind][vendor_id] = kind, vendor_id, version, content_hash, record_hash, *place, 0
        gone = record.state.value if isinstance(record, Gone) else None
        self.rows[kind, vendor_id] = (
            self._scribe.company, self._connection, kind.value, vendor_id, version, self._seen_at, content_hash,
            record_hash, *place, gone, *columns(record), seq, squeezed,
        )  # fmt: skip

    def _place(self, one: _News, seq: int, packer: Packer) -> _Place:
        """Where the document is: where it already was, where another record of these pages put it, or in this pack."""
        raw, content_hash = one[6].raw, one[3]
        if not raw:
            return None, None
        placed = self._placed.get(content_hash)
        if placed is None:
            placed = self._placed[content_hash] = (seq, packer.add(raw))
        return placed


def _own(connection: ConnectionId, pages: Sequence[Page]) -> list[Ref]:
    """What the pages bring. Errors: StoreError for what is not the connection's own."""
    refs = [one.ref for page in pages for one in page.records]
    if any(owner != connection or "\0" in vendor_id for owner, _, vendor_id in refs):
        raise StoreError(f"A page of {connection!r} carries a record that is not its own.", next_step="Report it.")
    return refs


def _seen(pages: Sequence[Page]) -> list[list[_Sighting]]:
    """Each page's records as they arrived."""
    sha256 = hashlib.sha256
    return [
        [
            (one.ref.kind, one.ref.vendor_id, one.version, sha256(one.raw).digest()[:_HASH_BYTES], one)
            for one in page.records
        ]
        for page in pages
    ]


def _known(scribe: Scribe, connection: ConnectionId, refs: Sequence[Ref]) -> _KnownByKind:
    ids = [vendor_id for _, _, vendor_id in refs]
    known: _KnownByKind = {kind: {} for _, kind, _ in refs}
    if ids:
        found = scribe.tx.execute(
            _KNOWN,
            {"company": scribe.company, "connection": connection, "kinds": sorted(map(str, known)), "ids": ids},
        )
        # The driver's own tuples: a Row of SQLAlchemy costs more than fetching it and hashing its document together.
        for row in cast("CursorResult[Any]", found).cursor.fetchall():
            known[row[0]][row[1]] = row
    return known
