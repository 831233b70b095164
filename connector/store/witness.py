"""Rows of ours with what the journal says of them, to be taken away and checked elsewhere; and our hand under it.

What leaves here is enough to compute everything again without this database: the plain bytes of the journal entries
that vouch for the rows, each with the hash it is chained to. Secrets never leave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from connector import canonical
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.journal import FIRST_CHAIN, Desk, Entry, read_back, row_key
from connector.store.keyring import Key
from connector.store.packs import restored
from connector.store.signing import Signature, public_key, sign
from connector.store.vault import AT_IN_FORCE, Vault, key_id_of

_BATCH = 500

RowKey = tuple[str, str]
"""A table and the key of a row in it, as the journal names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: canonical JSON of its columns but the key, which is what the journal keeps the hash of."""

    table: str
    key: str
    columns: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A journal entry as plain canonical JSON, with its chain hash and the one before it."""

    seq: int
    previous: str
    chain: str
    entry: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """Rows, every entry that tells of one of them, and the last entry of all."""

    rows: tuple[Row, ...]
    links: tuple[Link, ...]


class Witness(Desk):
    """What can be shown to somebody who has no access to this database."""

    _vault: Vault

    def keys_of_plans(self, company: CompanyId, plans: Collection[str]) -> tuple[RowKey, ...]:
        """Every row of ours that belongs to one of these plans: the plan, its writes, who approved it."""
        found: list[RowKey] = []
        with self._database.read() as tx:
            for name, table in tables.SEALED.items():
                if "plan_id" in table.columns:
                    wanted = table.c.company_id == company, table.c.plan_id.in_(sorted(plans))
                    keys = list(table.primary_key)
                    rows = tx.execute(select(*keys).where(*wanted)).mappings()
                    found += [(str(name), row_key(table, dict(row))) for row in rows]
        return tuple(sorted(found))

    def witnessed(self, company: CompanyId, wanted: Collection[RowKey]) -> Witnessed:
        """These rows, as far as they are there, with the entries of the journal that vouch for them."""
        asked = frozenset(wanted)
        with self._database.read() as tx:
            links = tuple(_links(tx, company, asked))
            rows = tuple(_rows(tx, company, asked))
        return Witnessed(rows=rows, links=links)

    def signing_key(self) -> str | None:
        """The public key, in hex, that the signatures of this installation can be checked with; None before it has a
        key of its own."""
        key = self._key_in_force()
        return None if key is None else public_key(key)

    def sign(self, body: bytes) -> Signature | None:
        """Our signature under these bytes, the same every time; None where there is no key yet."""
        key = self._key_in_force()
        return None if key is None else sign(key, body)

    def _key_in_force(self) -> Key | None:
        with self._database.read() as tx:
            which = tx.execute(select(tables.secret.c.value).where(*AT_IN_FORCE)).scalar_one_or_none()
        return None if which is None else self._vault.key(key_id_of(which) or "")


def _links(tx: Connection, company: CompanyId, asked: frozenset[RowKey]) -> Iterator[Link]:
    journal = tables.journal
    wanted = select(journal.c.seq, journal.c.chain, journal.c.entry).where(journal.c.company_id == company)
    previous, last = FIRST_CHAIN, None
    for row in tx.execute(wanted.order_by(journal.c.seq)).yield_per(_BATCH):
        plain = restored(row.entry)
        last = Link(seq=row.seq, previous=previous, chain=row.chain, entry=plain)
        previous = row.chain
        entry = read_back(plain, Entry)
        if any((table, key) in asked for table, key, _ in entry.sealed):
            yield last
            last = None
    if last is not None:
        yield last


def _rows(tx: Connection, company: CompanyId, asked: frozenset[RowKey]) -> Iterator[Row]:
    for name, table in tables.SEALED.items():
        mine = {key for of, key in asked if of == name}
        if not mine:
            continue
        keys = {column.name for column in table.primary_key}
        for held in tx.execute(select(table).where(table.c.company_id == company)).mappings().yield_per(_BATCH):
            key = row_key(table, dict(held))
            if key in mine:
                columns: dict[str, Any] = {column: value for column, value in held.items() if column not in keys}
                yield Row(table=str(name), key=key, columns=canonical.encode(columns))
