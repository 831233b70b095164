"""Finding what was altered behind our back.

The journal is walked once along its chain; it says what every mirrored record and every row of ours must hash to. Then
the rows themselves are read and compared. Whoever can rewrite rows, entries and head alike, or puts an older copy of
the database back, leaves no trace in here: a head that was kept somewhere else catches that too.

Not vouched for are secrets (each is sealed by itself), and what a sync makes anew: cursors, notices, which rows did not
tie, leases, budgets, hints, whose turn it is, what was told of what is wrong, money under way to debts, and the words
by which contacts are found. Nor are people of the console with the hashes of their passwords, their sessions, and how
far their errands are; what each may do is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import text as sql

from connector import canonical
from connector.errors import StoreCorrupt
from connector.model.mirror import SHAPES, Gone, Noun
from connector.model.source import CompanyId, Kind
from connector.store import tables
from connector.store.columns import Columns, columns
from connector.store.journal import FIRST_CHAIN, Desk, Entry, hash_of, micros, row_hash, row_key, unknown_company
from connector.store.mirror import records_as_stored
from connector.store.packs import documents, restored
from connector.store.saving import PAGE

_BATCH = 500
_JOURNAL = tables.journal.c
_MIRROR = tables.mirror.c

_NO_DOCUMENT = canonical.digest(b"")

_RefKey = tuple[str, str, str]

_Witness = tuple[str, str, str, int, int]
"""What the journal says of a record: version, hash of its document, its own hash, the entry that brought it, when."""


class Verification(Desk):
    """Whether everything still is as it was written."""

    def verify(self, company: CompanyId, heads: Collection[tuple[int, str]] = ()) -> tuple[str, ...]:
        """One sentence for every thing that was altered, removed or smuggled in; empty when all is as it was written.
        `heads` were kept elsewhere: numbers of entries with the chain hashes they had.

        Reads everything of the company, in one consistent view; other processes go on writing meanwhile.
        """
        with self._database.read() as tx:
            tip = tx.execute(select(tables.head).where(tables.head.c.company_id == company)).one_or_none()
            if tip is None and tx.execute(select(_JOURNAL.seq).where(_JOURNAL.company_id == company)).first() is None:
                raise unknown_company(company)
            problems = list(_damage(tx))
            walk = _Walk()
            problems += walk.journal(tx, company, heads)
            if tip is None or (int(tip.seq), tip.chain) != (walk.seq, walk.chain):
                problems.append(f"The journal does not end where its head says: entries after {walk.seq} are missing.")
            problems += _mirror(tx, company, walk.records)
            problems += _documents(tx, company)
            for table in tables.SEALED.values():
                problems += _rows(tx, company, table.name, walk.rows.get(table.name, {}))
        return tuple(problems)


class _Walk:
    """One walk along the journal: what it says everything must be."""

    def __init__(self) -> None:
        self.seq = 0
        self.chain = FIRST_CHAIN
        self.records: dict[_RefKey, _Witness] = {}
        self.rows: dict[str, dict[str, str]] = {}

    def journal(self, tx: Connection, company: CompanyId, heads: Collection[tuple[int, str]]) -> Iterator[str]:
        kept = {seq: FIRST_CHAIN for seq, _ in heads}
        found = tx.execute(
            select(tables.journal).where(_JOURNAL.company_id == company).order_by(_JOURNAL.seq)
        ).yield_per(_BATCH)
        for row in found:
            if row.seq != self.seq + 1:
                missing = f"Journal entry {self.seq + 1}"
                yield (
                    f"{missing} is missing." if row.seq == self.seq + 2 else f"{missing} to {row.seq - 1} are missing."
                )
                yield from self._entry(row, None)
            else:
                yield from self._entry(row, self.chain)
            self.seq, self.chain = row.seq, row.chain
            if row.seq in kept:
                kept[row.seq] = row.chain
        for seq, chain in sorted(heads):
            if seq > self.seq:
                yield f"The journal ends at entry {self.seq}, and entry {seq} was there once: its end was cut off."
            elif kept[seq] != chain:
                yield f"Journal entry {seq} is not the one whose hash was kept: it, or one before it, was rewritten."

    def _entry(self, row: Any, previous: str | None) -> Iterator[str]:
        """One entry; the chain is checked when the entry before it is known."""
        try:
            plain = restored(row.entry)
            if previous is not None and canonical.chain(previous, plain) != row.chain:
                yield f"The chain breaks at journal entry {row.seq}: it, or the one before it, was altered."
            entry = canonical.decode(plain, Entry)
        except (StoreCorrupt, canonical.DecodeError):
            yield f"Journal entry {row.seq} cannot be read: it was altered."
            return
        if (entry.seq, entry.kind) != (row.seq, row.kind):
            yield f"Journal entry {row.seq} was altered: it was written as number {entry.seq}, {entry.kind!r}."
        if hash_of(row.pack) != entry.pack:
            yield f"The documents stored with journal entry {row.seq} were altered."
        if hash_of(row.pattern) != entry.pattern:
            yield f"The pattern stored with journal entry {row.seq} was altered."
        if entry.kind == PAGE:
            connection = entry.body["connection"]
            for kind, vendor_id, *hashes in entry.body["changes"]:
                self.records[connection, kind, vendor_id] = (*hashes, entry.seq, micros(entry.at))
        for table, key, hashed in entry.sealed:
            rows = self.rows.setdefault(table, {})
            if hashed is None:
                rows.pop(key, None)
            else:
                rows[key] = hashed


def _damage(tx: Connection) -> Iterator[str]:
    if tx.dialect.name == "sqlite" and tx.execute(sql("PRAGMA quick_check(1)")).scalar_one() != "ok":
        yield "The database file is damaged."


def _mirror(tx: Connection, company: CompanyId, expected: dict[_RefKey, _Witness]) -> Iterator[str]:
    for row, text in records_as_stored(tx, company):
        ref = _ref(row)
        wanted = expected.pop((row.connection_id, row.kind, row.vendor_id), None)
        held = None if text is None else canonical.digest(text)
        stands = (row.version, row.content_hash.hex(), row.record_hash.hex(), row.record_seq, row.seen_at)
        if wanted is None:
            yield f"The mirrored record {ref} was put in by hand: no sync brought it."
        elif stands != wanted or held != wanted[2]:
            yield f"The mirrored record {ref} was altered."
        elif text is None or not _columns_follow(row, text):
            yield f"The columns of the mirrored record {ref} were altered: they do not follow from it."
        elif row.journal_seq is None and row.content_hash.hex() != _NO_DOCUMENT:
            yield f"The document of the mirrored record {ref} was made unfindable."
    for connection, kind, vendor_id in expected:
        yield f"The mirrored record {connection}/{kind}/{vendor_id} was removed."


def _columns_follow(row: Any, text: bytes) -> bool:
    shape: type[Noun | Gone] = SHAPES[Kind(row.kind)] if row.gone is None else Gone
    try:
        record = canonical.decode(text, shape)
    except canonical.DecodeError:
        return False
    gone = record.state.value if isinstance(record, Gone) else None
    return row.gone == gone and columns(record) == tuple(getattr(row, name) for name in Columns._fields)


def _documents(tx: Connection, company: CompanyId) -> Iterator[str]:
    """Whether every mirrored record still leads to the document it came from."""
    rows = (
        select(
            _MIRROR.connection_id, _MIRROR.kind, _MIRROR.vendor_id, _MIRROR.content_hash, _MIRROR.journal_seq,
            _MIRROR.position,
        )
        .where(_MIRROR.company_id == company, _MIRROR.journal_seq.is_not(None))
        .order_by(_MIRROR.journal_seq)
    )  # fmt: skip
    seq: int | None = None
    held: dict[int, str] = {}
    for row in tx.execute(rows).yield_per(_BATCH):
        if row.journal_seq != seq:
            seq = row.journal_seq
            held = _held(tx, company, row.journal_seq)
        if held.get(row.position) != row.content_hash.hex():
            yield f"The document of the mirrored record {_ref(row)} is not where it was stored."


def _held(tx: Connection, company: CompanyId, seq: int) -> dict[int, str]:
    pack = tx.execute(
        select(_JOURNAL.pack).where(_JOURNAL.company_id == company, _JOURNAL.seq == seq)
    ).scalar_one_or_none()
    if pack is None:
        return {}
    try:
        return {position: canonical.digest(document) for position, document in documents(pack)}
    except StoreCorrupt:
        return {}


def _rows(tx: Connection, company: CompanyId, name: str, expected: dict[str, str]) -> Iterator[str]:
    table = tables.SEALED[name]
    shown = name.replace("_", " ")
    names = [column.name for column in table.columns]
    for row in tx.execute(select(table).where(table.c.company_id == company)).yield_per(_BATCH):
        values = dict(zip(names, row, strict=True))
        key = row_key(table, values)
        wanted = expected.pop(key, None)
        if wanted is None:
            yield f"The {shown} {key} was put in by hand: no journal entry tells of it."
        elif row_hash(table, values) != wanted:
            yield f"The {shown} {key} was altered."
    for key in expected:
        yield f"The {shown} {key} was removed."


def _ref(row: Any) -> str:
    """As people look it up; whoever altered the row may have left it no kind that there is."""
    return f"{row.connection_id}/{row.kind}/{row.vendor_id}"
