"""How old the debts are: by days past due (or since issue), per customer and currency, unapplied money apart.

The total of a currency is the books' own receivable total, to the minor unit: open invoices in their buckets, less open
credit notes and unapplied cash, which stand in a column of their own and make no debt look younger. What a journal
entry makes a customer owe without any invoice has no terms: it is as old as the entry. What one takes off a customer's
debts is no age at all and stands in a column of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from connector.dates import BusinessDate, days_between
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import PaymentState
from connector.model.source import ConnectionId, Ref
from connector.money import Currency, Money, total, zero
from connector.reconcile.snapshot import Snapshot
from connector.reconcile.tieout import entered


class AgeBy(StrEnum):
    """The two conventions; mixed terms want the due date."""

    DUE = "due"
    ISSUE = "issue"


BUCKETS = ("current", "1-30", "31-60", "61-90", "91+")
_LAST_DAY = (0, 30, 60, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgingRow:
    """One customer in one currency. `buckets` as BUCKETS; `unapplied` is what is to be taken off, `by_hand` what
    journal entries take off (negative), or add where nobody knows the entry; no payment has settled it yet."""

    customer: Ref | None
    name: str
    buckets: tuple[Money, ...]
    unapplied: Money
    by_hand: Money
    invoices: int

    @property
    def open(self) -> Money:
        total = self.buckets[0]
        for bucket in self.buckets[1:]:
            total += bucket
        return total

    @property
    def overdue(self) -> Money:
        return self.open - self.buckets[0]

    @property
    def total(self) -> Money:
        return self.open - self.unapplied + self.by_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Aging:
    """The rows of one system, biggest overdue first, and a total row per currency."""

    as_of: BusinessDate
    by: AgeBy
    connection: ConnectionId
    rows: tuple[AgingRow, ...]
    totals: tuple[AgingRow, ...]


def bucket_of(days: int) -> int:
    """The index in BUCKETS of so many days past due; zero and less is current."""
    return sum(days > last for last in _LAST_DAY)


def days_overdue(invoice: Invoice, as_of: BusinessDate, by: AgeBy = AgeBy.DUE) -> int:
    """Days past the due date (the issue date where there is none, or where asked); negative before it."""
    start = invoice.due_on if by is AgeBy.DUE and invoice.due_on is not None else invoice.issued_on
    return days_between(start, as_of)


def aging(snapshot: Snapshot, connection: ConnectionId, as_of: BusinessDate, by: AgeBy = AgeBy.DUE) -> Aging:
    """The aging of one system's own open items on that day."""
    buckets: dict[tuple[Ref | None, Currency], list[int]] = defaultdict(lambda: [0] * len(BUCKETS))
    unapplied: dict[tuple[Ref | None, Currency], int] = defaultdict(int)
    by_hand: dict[tuple[Ref | None, Currency], int] = defaultdict(int)
    counts: dict[tuple[Ref | None, Currency], int] = defaultdict(int)
    for ref, invoice in snapshot.invoices.items():
        if ref.connection == connection and invoice.state is not InvoiceState.VOID and invoice.open:
            key = (invoice.customer, invoice.open.currency)
            buckets[key][bucket_of(days_overdue(invoice, as_of, by))] += invoice.open.minor
            counts[key] += 1
    for customer, money in _credits(snapshot, connection):
        unapplied[customer, money.currency] += money.minor
    for customer, money, on in _entered(snapshot, connection):
        if on is not None and money.minor > 0:
            buckets[customer, money.currency][bucket_of(days_between(on, as_of))] += money.minor
        else:
            by_hand[customer, money.currency] += money.minor
    shown = buckets.keys() | unapplied.keys() | {key for key, minor in by_hand.items() if minor}
    rows = [
        AgingRow(
            customer=customer,
            name=snapshot.name_of(customer),
            buckets=tuple(Money(minor, code) for minor in buckets[customer, code]),
            unapplied=Money(unapplied[customer, code], code),
            by_hand=Money(by_hand[customer, code], code),
            invoices=counts[customer, code],
        )
        for customer, code in shown
    ]
    rows.sort(key=lambda row: (row.open.currency, -row.overdue.minor, -row.open.minor, row.name))
    return Aging(as_of=as_of, by=by, connection=connection, rows=tuple(rows), totals=_totals(rows))


def _entered(snapshot: Snapshot, connection: ConnectionId) -> Iterator[tuple[Ref | None, Money, BusinessDate | None]]:
    """What is left of each journal entry, per customer, and the entry's day; None where it is not known."""
    left: dict[tuple[Ref, Ref | None, Currency], int] = defaultdict(int)
    for ref, customer, money in entered(snapshot, connection):
        left[ref, customer, money.currency] += money.minor
    for (ref, customer, code), minor in left.items():
        entry = snapshot.book_entries.get(ref)
        yield customer, Money(minor, code), entry.on if entry is not None else None


class Credits:
    """What customers have to their credit, per system and currency: credit notes and money that nothing was applied to
    yet."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._minor: dict[tuple[ConnectionId, Ref | None, Currency], int] = defaultdict(int)
        for connection in {ref.connection for ref in snapshot.invoices}:
            for customer, money in _credits(snapshot, connection):
                self._minor[connection, customer, money.currency] += money.minor

    def of(self, ref: Ref, invoice: Invoice) -> Money | None:
        """What the customer of an invoice has in its currency; None for nothing."""
        code = invoice.open.currency
        minor = self._minor.get((ref.connection, invoice.customer, code), 0) if invoice.customer is not None else 0
        return Money(minor, code) if minor > 0 else None


def _credits(snapshot: Snapshot, connection: ConnectionId) -> list[tuple[Ref | None, Money]]:
    notes = [
        (credit.customer, credit.open)
        for ref, credit in snapshot.credit_notes.items()
        if ref.connection == connection and credit.state is not InvoiceState.VOID and credit.open
    ]
    cash = [
        (payment.customer, payment.unapplied)
        for ref, payment in snapshot.payments.items()
        if ref.connection == connection and payment.unapplied and payment.state is not PaymentState.VOID
    ]
    return notes + cash


def _totals(rows: list[AgingRow]) -> tuple[AgingRow, ...]:
    totals = []
    for code in sorted({row.open.currency for row in rows}):
        own = [row for row in rows if row.open.currency == code]
        sums = [zero(code)] * len(BUCKETS)
        for row in own:
            sums = [have + more for have, more in zip(sums, row.buckets, strict=True)]
        totals.append(
            AgingRow(
                customer=None,
                name=f"Total {code}",
                buckets=tuple(sums),
                unapplied=total((row.unapplied for row in own), code),
                by_hand=total((row.by_hand for row in own), code),
                invoices=sum(row.invoices for row in own),
            )
        )
    return tuple(totals)
