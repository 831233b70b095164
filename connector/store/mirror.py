"""The mirror: what outside systems hold, as last seen, saved page by page together with its cursor.

A page is one transaction of six statements at most, and a page that brings nothing new writes only its cursor. How
documents are packed, and why, is told in the README of this room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, and_, bindparam, or_, select, update

from connector import canonical
from connector.dates import Instant
from connector.errors import StoreCorrupt, StoreError
from connector.model.mirror import SHAPES, Gone, GoneState, Mirrored, Noun
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, Ref, RunId
from connector.ports import Page
from connector.store import tables
from connector.store.columns import columns
from connector.store.database import Texts, is_one_of
from connector.store.journal import Author, Desk, Scribe, from_micros, micros, read_back
from connector.store.packs import Packer, document_at
from connector.store.rows import Counts, Lease, Stored

PAGE = "page"
"""The kind of the journal entry of a saved page."""

_BATCH = 1000
_MIRROR = tables.mirror.c

_KNOWN = select(
    _MIRROR.kind, _MIRROR.vendor_id, _MIRROR.version, _MIRROR.content_hash, _MIRROR.record, _MIRROR.journal_seq,
    _MIRROR.position,
).where(
    _MIRROR.company_id == bindparam("company"),
    _MIRROR.connection_id == bindparam("connection"),
    is_one_of(_MIRROR.kind, bindparam("kinds", type_=Texts())),
    is_one_of(_MIRROR.vendor_id, bindparam("ids", type_=Texts())),
)  # fmt: skip

_STORED = (
    _MIRROR.connection_id, _MIRROR.kind, _MIRROR.vendor_id, _MIRROR.version, _MIRROR.seen_at, _MIRROR.content_hash,
    _MIRROR.gone, _MIRROR.record,
)  # fmt: skip


# Plain tuples, because one of each is made per record: a name per field would cost as much as hashing the document.
_Sighting = tuple[Kind, str, str, str, str, Mirrored]
"""Kind, vendor id, version, content hash and canonical text of a record as it arrived, and the record."""

_Known = tuple[str, str, str, int | None, int | None]
"""Version, content hash, canonical text, and where the document is: journal entry and position in its pack."""


class Mirror(Desk):
    """What outside systems hold."""

    def save_pages(  # noqa: PLR0913 - where, what, who, in which run, under which lease
        self,
        company: CompanyId,
        connection: ConnectionId,
        stream: str,
        pages: Sequence[Page],
        *,
        actor: ActorId,
        run: RunId | None,
        lease: Lease | None = None,
    ) -> Counts:
        """Store the pages and the cursor of the last in one transaction. LeaseLost: nothing was stored."""
        if not pages:
            return Counts()
        arrived = [_seen(connection, page.records) for page in pages]
        with self._writing(Author(company, actor, run, lease)) as scribe:
            saving = _Saving(scribe, connection, stream, _known(scribe, connection, arrived))
            for page, sightings in zip(pages, arrived, strict=True):
                saving.page(page.cursor, sightings)
            if saving.rows:
                scribe.tx.execute(self._database.upsert(tables.mirror), list(saving.rows.values()))
            scribe.tx.execute(
                self._database.upsert(tables.cursor),
                {
                    "company_id": company,
                    "connection_id": connection,
                    "stream": stream,
                    "cursor": pages[-1].cursor,
                    "at": micros(scribe.at),
                },
            )
        return saving.counts

    def cursor(self, company: CompanyId, connection: ConnectionId, stream: str) -> str | None:
        """Where to go on; None before the first page."""
        with self._database.read() as tx:
            return tx.execute(
                select(tables.cursor.c.cursor).where(
                    tables.cursor.c.company_id == company,
                    tables.cursor.c.connection_id == connection,
                    tables.cursor.c.stream == stream,
                )
            ).scalar_one_or_none()

    def freshness(self, company: CompanyId) -> dict[tuple[ConnectionId, str], Instant]:
        """When each stream was last looked at, whether or not it brought anything."""
        with self._database.read() as tx:
            found = tx.execute(select(tables.cursor).where(tables.cursor.c.company_id == company)).all()
        return {(ConnectionId(row.connection_id), row.stream): from_micros(row.at) for row in found}

    def record(self, company: CompanyId, ref: Ref) -> Stored | None:
        """One record as it stands, or its tombstone; None when it was never seen."""
        with self._database.read() as tx:
            row = tx.execute(select(*_STORED).where(*_is(company, ref))).one_or_none()
        return None if row is None else _stored(row)

    def records(
        self, company: CompanyId, kind: Kind, connection: ConnectionId | None = None, *, include_gone: bool = False
    ) -> Iterator[Stored]:
        """Every record of a kind, by connection and vendor id. Holds no transaction between batches."""
        wanted = select(*_STORED).where(_MIRROR.company_id == company, _MIRROR.kind == kind.value)
        if connection is not None:
            wanted = wanted.where(_MIRROR.connection_id == connection)
        if not include_gone:
            wanted = wanted.where(_MIRROR.gone.is_(None))
        wanted = wanted.order_by(_MIRROR.connection_id, _MIRROR.vendor_id).limit(_BATCH)
        after: Select[Any] = wanted
        while True:
            with self._database.read() as tx:
                batch = tx.execute(after).all()
            for row in batch:
                yield _stored(row)
            if len(batch) < _BATCH:
                return
            last = batch[-1]
            after = wanted.where(
                or_(
                    _MIRROR.connection_id > last.connection_id,
                    and_(_MIRROR.connection_id == last.connection_id, _MIRROR.vendor_id > last.vendor_id),
                )
            )

    def raw(self, company: CompanyId, ref: Ref) -> bytes | None:
        """The document as received; None when the record was never seen or came without one."""
        with self._database.read() as tx:
            found = tx.execute(
                select(_MIRROR.content_hash, _MIRROR.position, tables.journal.c.pack)
                .join(
                    tables.journal,
                    and_(
                        tables.journal.c.company_id == _MIRROR.company_id,
                        tables.journal.c.seq == _MIRROR.journal_seq,
                    ),
                )
                .where(*_is(company, ref))
            ).one_or_none()
        if found is None or found.pack is None or found.position is None:
            return None
        document = document_at(found.pack, found.position)
        if canonical.digest(document) != found.content_hash:
            raise StoreCorrupt(f"The stored document of {ref} was altered.", next_step="Run verify.")
        return document

    def rebuild(self, company: CompanyId) -> int:
        """Compute the mirror's columns again from its records; returns how many rows differed (and no longer do)."""
        names = ("number", "party", "currency", "amount_minor", "open_minor", "on_date", "due_date", "state")
        keys = ("company_id", "connection_id", "kind", "vendor_id")
        with self._database.write() as tx:
            wrong = []
            rows = tx.execute(select(tables.mirror).where(_MIRROR.company_id == company)).yield_per(_BATCH)
            for row in rows:
                right = columns(_decoded(row.kind, row.gone, row.record))
                if tuple(getattr(row, name) for name in names) != right:
                    wrong.append(
                        {f"key_{key}": getattr(row, key) for key in keys} | dict(zip(names, right, strict=True))
                    )
            if wrong:
                tx.execute(
                    update(tables.mirror)
                    .where(*(_MIRROR[key] == bindparam(f"key_{key}") for key in keys))
                    .values({name: bindparam(name) for name in names}),
                    wrong,
                )
        return len(wrong)


class _Saving:
    """The work of one `save_pages`: decides for each record whether it is news, and collects what must be written."""

    def __init__(
        self, scribe: Scribe, connection: ConnectionId, stream: str, known: dict[tuple[str, str], _Known]
    ) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.counts = Counts()
        self._scribe = scribe
        self._connection = connection
        self._stream = stream
        self._known = known
        self._placed: dict[str, tuple[int, int]] = {}
        self._seen_at = micros(scribe.at)

    def page(self, cursor: str, sightings: list[_Sighting]) -> None:
        """One page: at most one journal entry."""
        packer = Packer()
        changes: list[tuple[str, str, str, str, str]] = []
        new = changed = unchanged = gone = 0
        known = self._known
        for one in sightings:
            kind, vendor_id, version, content_hash, text, mirrored = one
            old = known.get((kind, vendor_id))
            if old is None:
                old = _NEVER_SEEN
            elif old[1] == content_hash and old[2] == text and old[0] == version:
                unchanged += 1
                continue
            if old[2] == text:
                unchanged += 1
            elif isinstance(mirrored.record, Gone):
                gone += 1
            elif old is _NEVER_SEEN:
                new += 1
            else:
                changed += 1
            self._take(one, old, packer)
            changes.append((kind, vendor_id, version, content_hash, canonical.digest(text.encode())))
        self.counts += Counts(new=new, changed=changed, unchanged=unchanged, gone=gone)
        if changes:
            body = {"connection": self._connection, "stream": self._stream, "cursor": cursor, "changes": changes}
            self._scribe.write(PAGE, body, pack=packer.packed())

    def _take(self, one: _Sighting, old: _Known, packer: Packer) -> None:
        kind, vendor_id, version, content_hash, text, mirrored = one
        record = mirrored.record
        seq, position = self._place(content_hash, mirrored.raw, old, packer)
        self._known[kind, vendor_id] = version, content_hash, text, seq, position
        number, party, currency, amount_minor, open_minor, on_date, due_date, state = columns(record)
        self.rows[kind, vendor_id] = {
            "company_id": self._scribe.company,
            "connection_id": self._connection,
            "kind": kind.value,
            "vendor_id": vendor_id,
            "version": version,
            "seen_at": self._seen_at,
            "content_hash": content_hash,
            "journal_seq": seq,
            "position": position,
            "gone": record.state.value if isinstance(record, Gone) else None,
            "number": number,
            "party": party,
            "currency": currency,
            "amount_minor": amount_minor,
            "open_minor": open_minor,
            "on_date": on_date,
            "due_date": due_date,
            "state": state,
            "record": text,
        }

    def _place(self, content_hash: str, raw: bytes, old: _Known, packer: Packer) -> tuple[int | None, int | None]:
        """Where the document is: where it already was, where another record of these pages put it, or in this pack."""
        if not raw:
            return None, None
        if old[1] == content_hash:
            return old[3], old[4]
        placed = self._placed.get(content_hash)
        if placed is None:
            placed = self._placed[content_hash] = (self._scribe.seq + 1, packer.add(raw))
        return placed


_NEVER_SEEN: _Known = ("", "", "", None, None)


def _seen(connection: ConnectionId, records: Sequence[Mirrored]) -> list[_Sighting]:
    sightings: list[_Sighting] = []
    for one in records:
        owner, kind, vendor_id = one.ref
        if owner != connection or "\0" in vendor_id:
            raise StoreError(f"A page of {connection!r} carries a record that is not its own.", next_step="Report it.")
        text = canonical.encode(one.record).decode()
        sightings.append((kind, vendor_id, one.version, canonical.digest(one.raw), text, one))
    return sightings


def _known(scribe: Scribe, connection: ConnectionId, arrived: list[list[_Sighting]]) -> dict[tuple[str, str], _Known]:
    ids = [one[1] for sightings in arrived for one in sightings]
    if not ids:
        return {}
    kinds = sorted({one[0].value for sightings in arrived for one in sightings})
    found = scribe.tx.execute(
        _KNOWN, {"company": scribe.company, "connection": connection, "kinds": kinds, "ids": ids}
    ).all()
    return {
        (kind, vendor_id): (version, content_hash, text, seq, position)
        for kind, vendor_id, version, content_hash, text, seq, position in found
    }


def _is(company: CompanyId, ref: Ref) -> tuple[Any, ...]:
    return (
        _MIRROR.company_id == company,
        _MIRROR.connection_id == ref.connection,
        _MIRROR.kind == ref.kind.value,
        _MIRROR.vendor_id == ref.vendor_id,
    )


def _decoded(kind: str, gone: str | None, text: str) -> Noun | Gone:
    shape: type[Noun | Gone] = SHAPES[Kind(kind)] if gone is None else Gone
    return read_back(text, shape)


def _stored(row: Any) -> Stored:
    return Stored(
        ref=Ref(ConnectionId(row.connection_id), Kind(row.kind), row.vendor_id),
        version=row.version,
        seen_at=from_micros(row.seen_at),
        content_hash=row.content_hash,
        record=_decoded(row.kind, row.gone, row.record),
        gone=None if row.gone is None else GoneState(row.gone),
    )
