"""Rows as records: what every way of reading ends in, and where live data stops a test connection (and the reverse)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.stripe import ledger, translate, wire
from adapters.stripe.currency import Inexact
from adapters.stripe.lists import Shelf
from adapters.stripe.pointers import Document
from adapters.stripe.refusal import other_mode
from adapters.stripe.translate import Where
from connector.errors import UnknownCurrency
from connector.model.finding import Finding
from connector.model.mirror import Gone, GoneState, Mirrored
from connector.model.source import Kind, Ref

Members = Mapping[str, tuple[str, ...]]
"""Payout id to the ledger lines it consists of, of those payouts whose members Stripe can name."""

Found = tuple[list[Mirrored], list[Finding]]


class Records:
    """How the rows of one connection become records. Remembers which unknown fields it has already told of."""

    def __init__(self, where: Where) -> None:
        self.where = where
        self._told: set[str] = set()

    def rows(
        self, shelf: Shelf, rows: Sequence[Document], *, members: Members | None = None, first: bool = True
    ) -> Found:
        """The records of these rows, and what a person should know of them. `first`: not a later page of a long list,
        of which only the first row is looked at for unknown fields."""
        if shelf.kind is Kind.PAYOUT:
            return self._payouts(shelf, rows, members or {})
        where, to_noun, kind, shape = self.where, shelf.translate, shelf.kind, shelf.shape
        decode, connection, live = wire.decode, where.connection, where.live
        records: list[Mirrored] = []
        found: list[Finding] = []
        for raw in rows:
            row = decode(raw, shape)
            ref = Ref(connection, kind, row.id)
            if row.livemode is not None and row.livemode is not live:
                raise other_mode(key_is_live=live)
            if (first or raw is rows[0]) and not _deleted(row):
                found += self.unheard(raw, shelf.name, ref)
            try:
                record, seen = to_noun(row, where)
            except (UnknownCurrency, Inexact) as error:
                found.append(translate.unheld(ref, error.code))
                continue
            found += seen
            records.append(Mirrored(ref=ref, version="", raw=bytes(raw), record=record))
        return records, found

    def _payouts(self, shelf: Shelf, rows: Sequence[Document], members: Members) -> Found:
        records: list[Mirrored] = []
        found: list[Finding] = []
        for raw in rows:
            row = wire.decode(raw, wire.Payout)
            ref = self.where.ref(Kind.PAYOUT, row.id)
            if row.livemode is not self.where.live:
                raise other_mode(key_is_live=self.where.live)
            found += self.unheard(raw, shelf.name, ref)
            entries = members.get(row.id)
            try:
                record, seen = ledger.payout(row, self.where, entries)
            except (UnknownCurrency, Inexact) as error:
                found.append(translate.unheld(ref, error.code))
                continue
            found += seen
            document = wire.payout_document(bytes(raw), entries or ())
            records.append(Mirrored(ref=ref, version="", raw=document, record=record))
        return records, found

    def profile(self, body: bytes) -> Found:
        """The account that the key belongs to."""
        row = wire.decode(body, wire.Account)
        ref = self.where.ref(Kind.PROFILE, row.id)
        record, seen = translate.profile(row, self.where)
        found = [*self.unheard(body, "account", ref), *seen]
        return [Mirrored(ref=ref, version="", raw=body, record=record)], found

    def accounts(self, body: bytes) -> Found:
        """The balance, as one account per currency."""
        row = wire.decode(body, wire.Balance)
        if row.livemode is not self.where.live:
            raise other_mode(key_is_live=self.where.live)
        found: list[Finding] = []
        records: list[Mirrored] = []
        for code in sorted({part.currency for part in (*row.available, *row.pending)}):
            ref = self.where.ref(Kind.ACCOUNT, code)
            found += self.unheard(body, "balance", ref)
            try:
                record = ledger.account(row, code)
            except (UnknownCurrency, Inexact) as error:
                found.append(translate.unheld(ref, error.code))
                continue
            records.append(Mirrored(ref=ref, version="", raw=body, record=record))
        return records, found

    def tombstone(self, kind: Kind, vendor_id: str) -> Mirrored:
        """A record that Stripe no longer has."""
        return Mirrored(ref=self.where.ref(kind, vendor_id), version="", raw=b"", record=Gone(state=GoneState.DELETED))

    def unheard(self, raw: Any, name: str, ref: Ref) -> list[Finding]:
        """Findings for fields never heard of, each told once. Stripe adds a field to all objects of a kind at once."""
        new = sorted(wire.unknown_fields(raw, name))
        if not new:
            return []
        findings = [translate.unknown_field(field, ref.kind, ref) for field in new]
        fresh = [finding for finding in findings if finding.sentence not in self._told]
        self._told.update(finding.sentence for finding in fresh)
        return fresh


def _deleted(row: object) -> bool:
    """Whether Stripe says of a record only that it is gone."""
    return isinstance(row, wire.Customer) and row.deleted
