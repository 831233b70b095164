"""Lines of the account as mirrored records, each with its document as received.

A line becomes the ledger entry and, where it is one, the payment, refund or withdrawal itself. One that cannot be read
exactly is told and left out: whoever ties the account out sees that it is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapters.paypal import ledger, tables, translate, wire
from adapters.paypal.course import Late
from adapters.paypal.fates import Fates, payment_version, payout_version, refund_version
from adapters.paypal.ledger import entry_id
from adapters.paypal.reports import Read
from adapters.paypal.translate import Where
from connector.errors import MalformedAnswer, UnknownCurrency
from connector.model.finding import Finding, FindingCode
from connector.model.mirror import Gone, GoneState, Mirrored, Noun
from connector.model.settlement import EntryNature
from connector.model.source import Kind
from connector.money import MoneyError

Found = tuple[list[Mirrored], list[Finding]]
_ODD = (MoneyError, UnknownCurrency, MalformedAnswer)


class Records:
    """Makes records of lines."""

    def __init__(self, where: Where) -> None:
        self._where = where

    def heard(self, lines: Iterable[Read], fates: Fates) -> list[Late]:
        """What these lines say of others, before any record is made of them."""
        said: list[Late] = []
        for line in lines:
            try:
                late = fates.hear(line.row)
            except _ODD:
                continue  # told when its own record is to be made
            if late is not None:
                said.append(late)
        return said

    def of(self, lines: Iterable[Read], fates: Fates) -> Found:
        """The records of these lines, and what a person should know of them."""
        records: dict[object, Mirrored] = {}
        findings: list[Finding] = []
        for line in _waiting_first(lines):
            try:
                for mirrored in self._of(line, fates, findings):
                    records[mirrored.ref] = mirrored
            except _ODD:
                findings.append(self._unread(line.row))
        return list(records.values()), findings

    def _of(self, line: Read, fates: Fates, findings: list[Finding]) -> Iterator[Mirrored]:
        row = line.row
        gross = translate.amount(row.transaction_amount)
        if ledger.moves(row, gross):
            entry, odd = ledger.entry(row, self._where)
            findings += odd
            version = f"{row.transaction_status}|{row.transaction_updated_date}"
            yield self._mirrored(Kind.BALANCE_ENTRY, entry_id(row), version, entry, line)
        elif row.transaction_status == tables.DENIED and entry_id(row) in fates.known(Kind.BALANCE_ENTRY):
            yield self._mirrored(Kind.BALANCE_ENTRY, entry_id(row), "", Gone(state=GoneState.DELETED), line)
        match translate.nature(row, gross):
            case EntryNature.PAYMENT:
                fate = fates.of_payment(row.transaction_id, row.transaction_status)
                record, odd = translate.payment(row, self._where, fate, line.payer)
                findings += odd
                version = payment_version(row.transaction_status, row.transaction_updated_date, fate)
                yield self._mirrored(Kind.PAYMENT, row.transaction_id, version, record, line)
            case EntryNature.REFUND:
                back = translate.refund(row, self._where)
                yield self._mirrored(Kind.REFUND, row.transaction_id, refund_version(row), back, line)
            case EntryNature.PAYOUT if gross.minor < 0:
                fate = fates.of_payout(row.transaction_id, row.transaction_status)
                sent = ledger.payout(row, self._where, fate)
                yield self._mirrored(Kind.PAYOUT, row.transaction_id, payout_version(row, fate), sent, line)
            case _:
                pass

    def _mirrored(self, kind: Kind, vendor_id: str, version: str, record: Noun | Gone, line: Read) -> Mirrored:
        return Mirrored(ref=self._where.ref(kind, vendor_id), version=version, raw=line.raw, record=record)

    def _unread(self, row: wire.Transaction) -> Finding:
        return Finding(
            code=FindingCode.UNKNOWN_VALUE,
            sentence=f"The PayPal transaction {row.transaction_id or 'without an id'} has an amount, currency or time "
            "that cannot be read exactly, and was left out.",
            next_step="Look at it in PayPal; until it can be read, the account does not tie.",
            refs=(self._where.ref(Kind.BALANCE_ENTRY, row.transaction_id),),
        )


def _waiting_first(lines: Iterable[Read]) -> list[Read]:
    """One transaction may stand on a line that waits and on one that moved money: the latter counts."""
    return sorted(lines, key=lambda line: line.row.transaction_status in tables.FINISHED)
