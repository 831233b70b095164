"""The mirror: what outside systems hold, as last seen. How it got in is in `saving.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select, tuple_, update

from connector import canonical
from connector.dates import Instant
from connector.errors import StoreCorrupt
from connector.model.mirror import SHAPES, UNFINISHED, Gone, GoneState, Noun
from connector.model.source import CompanyId, ConnectionId, Kind, Ref
from connector.store import tables
from connector.store.columns import columns
from connector.store.journal import from_micros, read_back
from connector.store.packs import Pattern, document_at
from connector.store.rows import Stored
from connector.store.saving import Saving

_BATCH = 1000
_MIRROR = tables.mirror.c
_KEY = (_MIRROR.connection_id, _MIRROR.kind, _MIRROR.vendor_id)

_STORED = (
    _MIRROR.connection_id, _MIRROR.kind, _MIRROR.vendor_id, _MIRROR.version, _MIRROR.seen_at, _MIRROR.content_hash,
    _MIRROR.gone, _MIRROR.record_seq, _MIRROR.record,
)  # fmt: skip


_PATTERNS = select(tables.journal.c.seq, tables.journal.c.pattern).where(
    tables.journal.c.company_id == bindparam("company"),
    tables.journal.c.seq.in_(bindparam("seqs", expanding=True)),
)


_CURSOR = select(tables.cursor.c.cursor).where(
    tables.cursor.c.company_id == bindparam("company"),
    tables.cursor.c.connection_id == bindparam("connection"),
    tables.cursor.c.stream == bindparam("stream"),
)
_IT = (
    _MIRROR.company_id == bindparam("company"),
    _MIRROR.connection_id == bindparam("connection"),
    _MIRROR.kind == bindparam("kind"),
    _MIRROR.vendor_id == bindparam("vendor_id"),
)
_RECORD = select(*_STORED).where(*_IT)
_EVERYTHING = select(*_STORED).where(_MIRROR.company_id == bindparam("company")).order_by(*_KEY).limit(_BATCH)


def _of_kind(*, in_one: bool, gone: bool) -> Select[Any]:
    wanted = select(*_STORED).where(_MIRROR.company_id == bindparam("company"), _MIRROR.kind == bindparam("kind"))
    if in_one:
        wanted = wanted.where(_MIRROR.connection_id == bindparam("connection"))
    if not gone:
        wanted = wanted.where(_MIRROR.gone.is_(None))
    return wanted.order_by(_MIRROR.connection_id, _MIRROR.vendor_id).limit(_BATCH)


_OF_KIND = {(in_one, gone): _of_kind(in_one=in_one, gone=gone) for in_one in (False, True) for gone in (False, True)}
"""Whether of one connection only, and with what is gone. Made once: making a statement costs more than its answer."""

_WAITING = (
    select(_MIRROR.vendor_id)
    .where(
        _MIRROR.company_id == bindparam("company"),
        _MIRROR.connection_id == bindparam("connection"),
        _MIRROR.kind == bindparam("kind"),
        _MIRROR.gone.is_(None),
        _MIRROR.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(_MIRROR.vendor_id)
)


class Mirror(Saving):
    """What outside systems hold."""

    def cursor(self, company: CompanyId, connection: ConnectionId, stream: str) -> str | None:
        """Where to go on; None before the first page."""
        with self._database.read() as tx:
            asked = {"company": company, "connection": connection, "stream": stream}
            return tx.execute(_CURSOR, asked).scalar_one_or_none()

    def freshness(self, company: CompanyId) -> dict[tuple[ConnectionId, str], Instant | None]:
        """When each stream was last read to its end, whether or not that brought anything; None: never yet."""
        with self._database.read() as tx:
            found = tx.execute(select(tables.cursor).where(tables.cursor.c.company_id == company)).all()
        return {
            (ConnectionId(row.connection_id), row.stream): None if row.whole_at is None else from_micros(row.whole_at)
            for row in found
        }

    def record(self, company: CompanyId, ref: Ref) -> Stored | None:
        """One record as it stands, or its tombstone; None when it was never seen."""
        with self._database.read() as tx:
            row = tx.execute(_RECORD, _place(company, ref)).one_or_none()
            return None if row is None else next(_all_stored(tx, company, [row]))

    def records(
        self,
        company: CompanyId,
        kind: Kind,
        connection: ConnectionId | None = None,
        *,
        include_gone: bool = False,
        parties: Collection[str] | None = None,
    ) -> Iterator[Stored]:
        """Every record of a kind (of these customers), by connection and vendor id. Holds no transaction between
        batches."""
        wanted = _OF_KIND[connection is not None, include_gone]
        if parties is not None:
            wanted = wanted.where(_MIRROR.party.in_(sorted(parties)))
        return self._each({"company": company, "kind": kind.value, "connection": connection}, wanted)

    def everything(self, company: CompanyId, *, since: int = 0) -> Iterator[Stored]:
        """Every record of every kind and every tombstone, by connection, kind and vendor id; those that were stored
        after that journal entry. Holds no transaction between batches."""
        wanted = _EVERYTHING.where(_MIRROR.record_seq > since) if since else _EVERYTHING
        after: Select[Any] = wanted
        while True:
            with self._database.read() as tx:
                batch = tx.execute(after, {"company": company}).all()
                held = list(_all_stored(tx, company, batch))
            yield from held
            if len(batch) < _BATCH:
                return
            last = batch[-1]
            after = wanted.where(tuple_(*_KEY) > (last.connection_id, last.kind, last.vendor_id))

    def changed_since(
        self, company: CompanyId, kind: Kind, connection: ConnectionId, since: int | None
    ) -> Iterator[Stored]:
        """Every record of a kind that stands and changed after that journal entry; None: every one that stands."""
        wanted = _OF_KIND[True, False]
        if since is not None:
            wanted = wanted.where(_MIRROR.record_seq > since)
        return self._each({"company": company, "kind": kind.value, "connection": connection}, wanted)

    def _each(self, asked: Mapping[str, Any], wanted: Select[Any]) -> Iterator[Stored]:
        after: Select[Any] = wanted
        while True:
            with self._database.read() as tx:
                batch = tx.execute(after, asked).all()
                held = list(_all_stored(tx, asked["company"], batch))
            yield from held
            if len(batch) < _BATCH:
                return
            last = batch[-1]
            after = wanted.where(
                or_(
                    _MIRROR.connection_id > last.connection_id,
                    and_(_MIRROR.connection_id == last.connection_id, _MIRROR.vendor_id > last.vendor_id),
                )
            )

    def known(self, company: CompanyId, connection: ConnectionId, kind: Kind) -> dict[str, str]:
        """Vendor id to version, of every record of that kind that is not gone. Reads no record."""
        wanted = select(_MIRROR.vendor_id, _MIRROR.version).where(
            _MIRROR.company_id == company,
            _MIRROR.connection_id == connection,
            _MIRROR.kind == kind.value,
            _MIRROR.gone.is_(None),
        )
        with self._database.read() as tx:
            return {row.vendor_id: row.version for row in tx.execute(wanted)}

    def number(self, company: CompanyId, connection: ConnectionId, kind: Kind) -> int:
        """How many records of that kind are not gone."""
        wanted = select(func.count()).where(
            _MIRROR.company_id == company,
            _MIRROR.connection_id == connection,
            _MIRROR.kind == kind.value,
            _MIRROR.gone.is_(None),
        )
        with self._database.read() as tx:
            return int(tx.execute(wanted).scalar_one())

    def unfinished(self, company: CompanyId, connection: ConnectionId, kind: Kind) -> tuple[str, ...]:
        """Vendor ids of the records of that kind that wait for something to happen, in order. Reads no record."""
        states = [state.value for state in UNFINISHED.get(kind, ())]
        asked = {"company": company, "connection": connection, "kind": kind.value, "states": states}
        with self._database.read() as tx:
            return tuple(tx.execute(_WAITING, asked).scalars())

    def kept_for(self, company: CompanyId, connection: ConnectionId, kind: Kind) -> tuple[str, ...]:
        """Vendor ids of the customers whose lines of that kind do not come to nothing, in order. Reads no record."""
        wanted = (
            select(_MIRROR.party)
            .where(
                _MIRROR.company_id == company,
                _MIRROR.connection_id == connection,
                _MIRROR.kind == kind.value,
                _MIRROR.gone.is_(None),
            )
            .group_by(_MIRROR.party, _MIRROR.currency)
            .having(func.sum(_MIRROR.amount_minor) != 0)
        )
        with self._database.read() as tx:
            return tuple(sorted({party for party in tx.execute(wanted).scalars() if party is not None}))

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
                .where(*_IT),
                _place(company, ref),
            ).one_or_none()
        if found is None or found.pack is None or found.position is None:
            return None
        document = document_at(found.pack, found.position)
        if canonical.digest(document) != found.content_hash.hex():
            raise StoreCorrupt(f"The stored document of {ref} was altered.", next_step="Run verify.")
        return document

    def rebuild(self, company: CompanyId) -> int:
        """Compute the mirror's columns again from its records; returns how many rows differed (and no longer do)."""
        names = ("number", "party", "currency", "amount_minor", "open_minor", "on_date", "due_date", "state")
        keys = ("company_id", "connection_id", "kind", "vendor_id")
        with self._database.write() as tx:
            wrong = []
            for batch in _batches(tx, company):
                texts = _texts(tx, company, batch)
                for row, text in zip(batch, texts, strict=True):
                    right = columns(_decoded(row.kind, row.gone, text))
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


def _place(company: CompanyId, ref: Ref) -> dict[str, str]:
    return {"company": company, "connection": ref.connection, "kind": ref.kind.value, "vendor_id": ref.vendor_id}


def records_as_stored(tx: Connection, company: CompanyId) -> Iterator[tuple[Any, bytes | None]]:
    """Every row of the mirror with its canonical text, None where it cannot be read back."""
    for batch in _batches(tx, company):
        patterns = _patterns(tx, company, batch)
        for row in batch:
            try:
                yield row, _text(row, patterns)
            except StoreCorrupt:
                yield row, None


def _batches(tx: Connection, company: CompanyId) -> Iterator[Sequence[Any]]:
    """Every row of the mirror in order of its key, some at a time."""
    wanted = select(tables.mirror).where(_MIRROR.company_id == company).order_by(*_KEY).limit(_BATCH)
    after: Select[Any] = wanted
    while batch := tx.execute(after).all():
        yield batch
        last = batch[-1]
        after = wanted.where(tuple_(*_KEY) > (last.connection_id, last.kind, last.vendor_id))


def _patterns(tx: Connection, company: CompanyId, rows: Sequence[Any]) -> dict[int, Pattern]:
    if not rows:
        return {}
    seqs = sorted({row.record_seq for row in rows})
    found = tx.execute(_PATTERNS, {"company": company, "seqs": seqs})
    return {row.seq: Pattern(row.pattern) for row in found if row.pattern is not None}


def _text(row: Any, patterns: Mapping[int, Pattern]) -> bytes:
    pattern = patterns.get(row.record_seq)
    if pattern is None:
        raise StoreCorrupt("A journal entry that a record needs is missing.", next_step="Run verify.")
    return pattern.restored(row.record)


def _texts(tx: Connection, company: CompanyId, rows: Sequence[Any]) -> list[bytes]:
    patterns = _patterns(tx, company, rows)
    return [_text(row, patterns) for row in rows]


def _all_stored(tx: Connection, company: CompanyId, rows: Sequence[Any]) -> Iterator[Stored]:
    for row, text in zip(rows, _texts(tx, company, rows), strict=True):
        yield Stored(
            ref=Ref(ConnectionId(row.connection_id), Kind(row.kind), row.vendor_id),
            version=row.version,
            seen_at=from_micros(row.seen_at),
            content_hash=row.content_hash.hex(),
            record=_decoded(row.kind, row.gone, text),
            gone=None if row.gone is None else GoneState(row.gone),
        )


def _decoded(kind: str, gone: str | None, text: bytes) -> Noun | Gone:
    shape: type[Noun | Gone] = SHAPES[Kind(kind)] if gone is None else Gone
    return read_back(text, shape)


class MirrorOf:
    """`ports.Mirror` for one connection."""

    def __init__(self, mirror: Mirror, company: CompanyId, connection: ConnectionId) -> None:
        self._mirror = mirror
        self._company = company
        self._connection = connection

    def known(self, kind: Kind) -> Mapping[str, str]:
        return self._mirror.known(self._company, self._connection, kind)

    def number(self, kind: Kind) -> int:
        return self._mirror.number(self._company, self._connection, kind)

    def unfinished(self, kind: Kind) -> tuple[str, ...]:
        return self._mirror.unfinished(self._company, self._connection, kind)

    def kept_for(self, kind: Kind) -> tuple[str, ...]:
        return self._mirror.kept_for(self._company, self._connection, kind)
