"""What the mirror adds up to. Derived on every call: no balance is stored beside the records it comes from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from connector.model.invoice import InvoiceState
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import BookEntry, Deposit
from connector.model.source import CompanyId, ConnectionId, Kind, Ref
from connector.money import Currency, Money, by_currency
from connector.store import tables
from connector.store.mirror import Mirror
from connector.store.rows import Balance

_MIRROR = tables.mirror.c

_NOT_OWED = (InvoiceState.DRAFT.value, InvoiceState.VOID.value, InvoiceState.UNCOLLECTIBLE.value)
_NO_MONEY = frozenset({PaymentState.VOID, PaymentState.FAILED, PaymentState.RETURNED})


class Views(Mirror):
    """Sums over the mirror."""

    def sizes(self, company: CompanyId) -> dict[ConnectionId, int]:
        """How many records of each connection are mirrored and not gone. Reads none of them."""
        wanted = (
            select(_MIRROR.connection_id, func.count().label("held"))
            .where(_MIRROR.company_id == company, _MIRROR.gone.is_(None))
            .group_by(_MIRROR.connection_id)
        )
        with self._database.read() as tx:
            return {ConnectionId(row.connection_id): int(row.held) for row in tx.execute(wanted)}

    def open_balances(self, company: CompanyId) -> tuple[Balance, ...]:
        """What is owed, per connection, customer and currency; drafts, void and written-off invoices are not owed."""
        return self._sums(_open(company).where(_MIRROR.kind == Kind.INVOICE.value, _MIRROR.state.not_in(_NOT_OWED)))

    def unapplied(self, company: CompanyId) -> tuple[Balance, ...]:
        """Money and credit notes that settle nothing yet, per connection, customer and currency."""
        return self._sums(
            _open(company).where(
                _MIRROR.kind.in_((Kind.PAYMENT.value, Kind.CREDIT_NOTE.value)),
                _MIRROR.state.not_in((*_NOT_OWED, *(state.value for state in _NO_MONEY))),
            )
        )

    def clearing(self, company: CompanyId, account: Ref) -> dict[Currency, Money]:
        """What the books hold in a money account by what is mirrored: payments into it, less those banked from it,
        with expenses, transfers and deposits. One amount per currency."""
        return by_currency(
            (
                *self._payments(company, account),
                *self._entries(company, account),
            )
        )

    def _payments(self, company: CompanyId, account: Ref) -> list[Money]:
        rested: dict[Ref, Money] = {}
        moves: list[Money] = []
        for stored in self.records(company, Kind.PAYMENT, account.connection):
            payment = stored.record
            if isinstance(payment, Payment) and payment.into == account and payment.state not in _NO_MONEY:
                rested[stored.ref] = payment.gross
                moves.append(payment.gross)
        for stored in self.records(company, Kind.DEPOSIT, account.connection):
            deposit = stored.record
            if isinstance(deposit, Deposit):
                moves.extend(-line.amount for line in deposit.lines if line.payment in rested)
                if deposit.into == account:
                    moves.append(deposit.total)
        return moves

    def _entries(self, company: CompanyId, account: Ref) -> list[Money]:
        moves: list[Money] = []
        for stored in self.records(company, Kind.BOOK_ENTRY, account.connection):
            entry = stored.record
            if isinstance(entry, BookEntry):
                if entry.paid_to == account:
                    moves.append(entry.amount)
                if entry.paid_from == account:
                    moves.append(-entry.amount)
        return moves

    def _sums(self, wanted: Select[Any]) -> tuple[Balance, ...]:
        with self._database.read() as tx:
            found = tx.execute(wanted).all()
        # Sorted here: the databases differ in where they put "nobody".
        found = sorted(found, key=lambda row: (row.connection_id, row.party or "", row.currency))
        return tuple(
            Balance(
                connection=ConnectionId(row.connection_id),
                customer=(
                    None if row.party is None else Ref(ConnectionId(row.connection_id), Kind.CUSTOMER, row.party)
                ),
                amount=Money(int(row.open), Currency(row.currency)),
            )
            for row in found
        )


def _open(company: CompanyId) -> Select[Any]:
    grouped = (_MIRROR.connection_id, _MIRROR.party, _MIRROR.currency)
    return (
        select(*grouped, func.sum(_MIRROR.open_minor).label("open"))
        .where(
            _MIRROR.company_id == company,
            _MIRROR.gone.is_(None),
            _MIRROR.open_minor.is_not(None),
            _MIRROR.open_minor != 0,
        )
        .group_by(*grouped)
    )
