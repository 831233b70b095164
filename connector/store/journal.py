"""The journal: what happened, in order, chained by hashes, never changed.

Every write of a company is one transaction that locks the company's head row, does its work, appends one or more
entries and moves the head. An entry is canonical JSON

    {seq, at, actor, run, kind, body, sealed: [[table, key, hash or null]], pack, pattern: a hash or null}

and `chain = canonical.chain(previous chain, entry)`. `sealed` vouches for rows of our own tables (null: taken away),
`pack` and `pattern` for the columns of those names. It is stored compressed; the chain is of the plain bytes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select, update

from connector import canonical
from connector.clock import Clock
from connector.dates import Instant
from connector.errors import LeaseLost, ReceivablesError, StoreCorrupt, UnknownRecord
from connector.model.source import ActorId, CompanyId, RunId
from connector.store import tables
from connector.store.database import Database
from connector.store.packs import restored, shrunk
from connector.store.rows import PROGRAM, Author, JournalEntry

FIRST_CHAIN = "0" * 64
"""What the first entry of every company is chained to."""

_EPOCH = Instant(datetime(1970, 1, 1, tzinfo=UTC))
_MICROSECOND = timedelta(microseconds=1)
_BATCH = 500

T = TypeVar("T")

Row = Mapping[str, Any]
Sealed = tuple[str, str, str | None]

_HEAD = select(tables.head.c.seq, tables.head.c.chain).where(tables.head.c.company_id == bindparam("company"))
_LOCK = _HEAD.with_for_update()
# Joined, not asked for apart: PostgreSQL then looks again at the lease after it has waited for the head.
_LOCK_WITH_LEASE = (
    select(tables.head.c.seq, tables.head.c.chain)
    .join_from(
        tables.head,
        tables.lease,
        and_(
            tables.lease.c.company_id == tables.head.c.company_id,
            tables.lease.c.name == bindparam("name"),
            tables.lease.c.owner == bindparam("owner"),
            tables.lease.c.fence == bindparam("fence"),
        ),
    )
    .where(tables.head.c.company_id == bindparam("company"))
    .with_for_update()
)
_APPEND = insert(tables.journal)
_MOVE_HEAD = (
    update(tables.head)
    .where(tables.head.c.company_id == bindparam("company"))
    .values(seq=bindparam("new_seq"), chain=bindparam("new_chain"))
)


def micros(moment: Instant) -> int:
    """An instant as it is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(stored: int) -> Instant:
    """An instant as it was meant."""
    return Instant(_EPOCH + timedelta(microseconds=stored))


def text_of(value: object) -> str:
    """Canonical JSON as it is stored."""
    return canonical.encode(value).decode()


def read_back(stored: str | bytes, shape: type[T]) -> T:
    """What was stored as canonical JSON; StoreCorrupt when it does not fit, because then somebody altered it."""
    try:
        return canonical.decode(stored.encode() if isinstance(stored, str) else stored, shape)
    except canonical.DecodeError:
        raise StoreCorrupt(
            f"A stored {shape.__name__} was altered and cannot be read.", next_step="Run verify; then restore a backup."
        ) from None


def hash_of(column: bytes | None) -> str | None:
    """The SHA-256 by which an entry vouches for what is stored beside it."""
    return None if column is None else hashlib.sha256(column).hexdigest()


def row_key(table: Table, values: Row) -> str:
    """What tells a row from others of its company, in one text."""
    return "/".join(str(values[column.name]) for column in table.primary_key if column.name != "company_id")


def row_hash(table: Table, values: Row) -> str:
    """The hash that the journal keeps of a row: every column but the key."""
    keys = {column.name for column in table.primary_key}
    return canonical.digest(
        canonical.encode({column.name: values[column.name] for column in table.columns if column.name not in keys})
    )


class Scribe:
    """One transaction of one company, from locking its head to moving it. Made by `Desk._writing`."""

    def __init__(self, tx: Connection, database: Database, author: Author, at: Instant) -> None:
        self.tx = tx
        self.at = at
        self.company = author.company
        self.again = author.again
        self.asked_at = sys.maxsize if author.asked_at is None else author.asked_at
        self._database = database
        self._author = author
        self._sealed: list[Sealed] = []
        self._entries: list[dict[str, Any]] = []
        self.seq, self._chain = self._locked(author)

    def keep(self, table: Table, rows: Sequence[Row], *, renumber: bool = True) -> None:
        """Insert or overwrite rows of ours, vouched for by the next entry. `renumber`: give known ones their number
        anew."""
        if rows:
            numbers = {} if renumber else self._numbers(table, rows)
            full = [{"company_id": self.company, **row, **numbers.get(row_key(table, row), {})} for row in rows]
            self.tx.execute(self._database.upsert(table), full)
            self._sealed.extend((str(table.name), row_key(table, row), row_hash(table, row)) for row in full)

    def _numbers(self, table: Table, rows: Sequence[Row]) -> dict[str, Row]:
        """The running numbers that these rows have already, by key; for tables with one key beside the company's."""
        (key,) = (column for column in table.primary_key if column.name != "company_id")
        known = select(key, table.c.number).where(
            table.c.company_id == self.company, key.in_([row[key.name] for row in rows])
        )
        return {str(found[0]): {"number": found[1]} for found in self.tx.execute(known)}

    def drop(self, table: Table, keys: Sequence[Row]) -> None:
        """Take rows of ours away; the next entry says so."""
        if keys:
            gone = delete(table).where(
                *(table.c[name] == bindparam(f"key_{name}") for name in ("company_id", *keys[0]))
            )
            full = [{"company_id": self.company, **key} for key in keys]
            self.tx.execute(gone, [{f"key_{name}": value for name, value in key.items()} for key in full])
            self._sealed.extend((str(table.name), row_key(table, key), None) for key in full)

    def write(self, kind: str, body: object, *, pack: bytes | None = None, pattern: bytes | None = None) -> int:
        """Append an entry that vouches for what was kept and dropped since the last one; returns its number."""
        self.seq += 1
        entry = canonical.encode(
            {
                "seq": self.seq,
                "at": self.at,
                "actor": self._author.actor,
                "run": self._author.run,
                "kind": kind,
                "body": body,
                "sealed": self._sealed,
                "pack": hash_of(pack),
                "pattern": hash_of(pattern),
            }
        )
        self._sealed = []
        self._chain = canonical.chain(self._chain, entry)
        self._entries.append(
            {
                "company_id": self.company,
                "seq": self.seq,
                "kind": kind,
                "chain": self._chain,
                "entry": shrunk(entry),
                "pattern": pattern,
                "pack": pack,
            }
        )
        return self.seq

    def close(self) -> None:
        """Store the entries and move the head; nothing at all when nothing was written."""
        if self._sealed:
            raise RuntimeError("rows were kept that no journal entry vouches for")
        if self._entries:
            self.tx.execute(_APPEND, self._entries)
            self.tx.execute(_MOVE_HEAD, {"company": self.company, "new_seq": self.seq, "new_chain": self._chain})

    def _locked(self, author: Author) -> tuple[int, str]:
        lease = author.lease
        if lease is None:
            found = self.tx.execute(_LOCK, {"company": author.company}).one_or_none()
            if found is None:
                raise unknown_company(author.company)
        else:
            found = self.tx.execute(
                _LOCK_WITH_LEASE,
                {"company": author.company, "name": lease.name, "owner": lease.owner, "fence": lease.fence},
            ).one_or_none()
            if found is None:
                raise lease_lost(lease.name)
        return int(found.seq), str(found.chain)


class Desk:
    """What every part of the store stands at: one database and one clock."""

    _database: Database
    _clock: Clock

    @contextmanager
    def _writing(self, author: Author) -> Iterator[Scribe]:
        with self._database.write() as tx, self._joining(tx, author) as scribe:
            yield scribe

    @contextmanager
    def _joining(self, tx: Connection, author: Author) -> Iterator[Scribe]:
        scribe = Scribe(tx, self._database, author, self._clock.now())
        yield scribe
        scribe.close()


class Journal(Desk):
    """Reading the journal, and adding to it what has no table of its own."""

    def journal_append(
        self, company: CompanyId, kind: str, body: object, *, actor: ActorId = PROGRAM, run: RunId | None = None
    ) -> int:
        """Append an entry; `body` is anything `canonical.encode` takes. Returns its number."""
        with self._writing(Author(company, actor, run)) as scribe:
            return scribe.write(kind, body)

    def journal(self, company: CompanyId, kind: str | None = None, after: int = 0) -> Iterator[JournalEntry]:
        """Entries in order, those after number `after`, of one kind or all. Holds no transaction between batches."""
        found = select(tables.journal.c.seq, tables.journal.c.entry, tables.journal.c.chain).where(
            tables.journal.c.company_id == company
        )
        if kind is not None:
            found = found.where(tables.journal.c.kind == kind)
        while True:
            with self._database.read() as tx:
                batch = tx.execute(
                    found.where(tables.journal.c.seq > after).order_by(tables.journal.c.seq).limit(_BATCH)
                ).all()
            for row in batch:
                yield _entry(row.entry, row.chain)
            if len(batch) < _BATCH:
                return
            after = batch[-1].seq

    def holds(self, company: CompanyId, seq: int, chain: str) -> bool:
        """Whether the journal has an entry of that number and hash: whoever remembers it knows this very history."""
        wanted = select(tables.journal.c.chain).where(
            tables.journal.c.company_id == company, tables.journal.c.seq == seq
        )
        with self._database.read() as tx:
            return tx.execute(wanted).scalar_one_or_none() == chain

    def head(self, company: CompanyId) -> tuple[int, str]:
        """The number and the chain hash of the last entry: keep it elsewhere, and no rewriting goes unseen."""
        with self._database.read() as tx:
            found = tx.execute(_HEAD, {"company": company}).one_or_none()
        if found is None:
            raise unknown_company(company)
        return int(found.seq), str(found.chain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The stored form of an entry."""

    seq: int
    at: Instant
    actor: ActorId
    run: RunId | None
    kind: str
    body: Any
    sealed: tuple[Sealed, ...]
    pack: str | None
    pattern: str | None


def entry_of(stored: bytes) -> Entry:
    """An entry as it was written."""
    return read_back(restored(stored), Entry)


def _entry(stored: bytes, chain: str) -> JournalEntry:
    read = entry_of(stored)
    return JournalEntry(
        seq=read.seq, at=read.at, actor=read.actor, run=read.run, kind=read.kind, body=read.body, chain=chain
    )


def unknown_company(company: CompanyId) -> ReceivablesError:
    """What a person is told who asks for a company that is not here."""
    return UnknownRecord(f"There is no company {company!r} here.", next_step="See the list of companies.")


def lease_lost(name: str) -> ReceivablesError:
    """What a process is told that must stop writing."""
    return LeaseLost(f"Another process took over {name!r}; this one stopped.", next_step="Nothing: the other goes on.")
