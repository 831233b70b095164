"""Rows as records, and single records by their ids: what every way of reading ends in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from adapters.quickbooks import keyset, translate, wire
from adapters.quickbooks.calls import Room
from adapters.quickbooks.entities import BY_SHAPE, Entity
from connector.errors import NotFound, UnknownCurrency
from connector.model.finding import Finding, FindingCode
from connector.model.link_line import veiled
from connector.model.mirror import Gone, GoneState, Mirrored
from connector.model.source import Ref
from connector.money import Currency

TOGETHER_MAX = 100
"""Rows asked for by their ids in one query."""

_RECEIVABLE = "Active IN (true, false) AND AccountType = 'Accounts Receivable'"

Rows = Sequence[wire.Received[wire.Entity]]
Found = Mirrored | Finding
"""A row's record, or why it has none."""


class Records(Room):
    """How rows become records."""

    _receivable: frozenset[str] | None = None
    _home_currency: Currency | None = None

    def _records(self, rows: Iterable[wire.Received[wire.Entity]], frame: translate.Frame) -> tuple[Found, ...]:
        return tuple([self._record(one, frame) for one in rows])

    def _record(self, one: wire.Received[wire.Entity], frame: translate.Frame) -> Found:
        row = one.row
        ref = translate.ref_of(row, self._connection)
        try:
            record = BY_SHAPE[type(row)].translate(row, frame)
        except UnknownCurrency as error:
            return _unheld(row, ref, error.code)
        return Mirrored(ref=ref, version=row.sync_token, raw=veiled(one.raw), record=record)

    def _tombstone(self, entity: Entity, vendor_id: str) -> Mirrored:
        """Names cannot be deleted in QuickBooks, only made inactive: one that is gone was merged into another."""
        state = GoneState.MERGED if entity.lists_names else GoneState.DELETED
        return Mirrored(ref=entity.ref(vendor_id, self._connection), version="", raw=b"", record=Gone(state=state))

    def _still(self, entity: Entity, vendor_id: str) -> wire.Received[wire.Entity] | None:
        """The row as it stands, None when Intuit itself says that it is gone."""
        try:
            return self._calls.one(entity.shape, vendor_id)
        except NotFound:
            return None

    def _confirmed(self, entity: Entity, ids: Iterable[str], frame: translate.Frame) -> Iterator[Found]:
        """What became of records that are said to be gone: a tombstone, or the record that is there after all."""
        for vendor_id in ids:
            row = self._still(entity, vendor_id)
            yield self._tombstone(entity, vendor_id) if row is None else self._record(row, frame)

    def _listed(self, entity: Entity, ids: Sequence[str]) -> list[wire.Received[wire.Entity]]:
        """Those of the rows that are there, a hundred at a time."""
        found: list[wire.Received[wire.Entity]] = []
        for first in range(0, len(ids), TOGETHER_MAX):
            lot = ids[first : first + TOGETHER_MAX]
            question = keyset.of_ids(entity.shape.__name__, lot, name_list=entity.lists_names)
            found += self._calls.rows(question, entity.shape)
        return found

    def _frame_for(self, rows: Rows) -> translate.Frame:
        """The frame of rows that were read outside the books' own stream, whose cursor keeps it."""
        frame = self._known()
        if frame.receivable or not any(isinstance(one.row, wire.JournalEntry | wire.Deposit) for one in rows):
            return frame
        if self._receivable is None:
            self._receivable = frozenset(row.id for row in self._calls.every(wire.Account, _RECEIVABLE))
        return replace(frame, receivable=self._receivable)

    def _home(self) -> Currency:
        if self._home_currency is None:
            self._home_currency = translate.home_currency(self._how_kept())
        return self._home_currency


def parted(found: Iterable[Found]) -> tuple[tuple[Mirrored, ...], tuple[Finding, ...]]:
    """What can be mirrored, and what a person is told of instead."""
    records: list[Mirrored] = []
    findings: list[Finding] = []
    for one in found:
        if isinstance(one, Mirrored):
            records.append(one)
        else:
            findings.append(one)
    return tuple(records), tuple(findings)


def _unheld(row: wire.Entity, ref: Ref, code: str) -> Finding:
    """A record in money nobody knows: exact amounts need to know how many decimal places it has."""
    return Finding(
        code=FindingCode.NOT_MIRRORED,
        sentence=f"QuickBooks' {type(row).__name__} {row.id} is in {code!r}, which is no currency of ISO 4217; "
        "it is not in the mirror.",
        next_step="Look at its currency in QuickBooks; once it is put right, run: receivables sync --again",
        refs=(ref,),
    )
