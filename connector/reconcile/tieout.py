"""Do the books agree with themselves, with the processors, and with us: to the minor unit, and if not, which row.

Four identities hold in every healthy company (the first two were found to hold in all recorded sandbox data):
an invoice's total less its balance is what payments apply to it; a payment is its allocations plus what is unapplied;
the receivable account is the open items; a processor's balance is the sum of its entries, a payout the sum of its own.
A fifth is ours: a clearing account holds exactly what we booked to it, unless somebody else books there too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from connector.model.allocation import Allocation
from connector.model.finding import Finding, FindingCode
from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.money_in import Payment, PaymentState, RefundState
from connector.model.party import AccountRole
from connector.model.settlement import EntryNature, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money, grouped, total, zero
from connector.reconcile.clearing import standings
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class TieLine:
    """One comparison of totals: what the outside system says itself, and what its parts add up to."""

    name: str
    connection: ConnectionId
    theirs: Money
    ours: Money

    @property
    def difference(self) -> Money:
        return self.theirs - self.ours


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOut:
    """The comparisons, and a finding for each row that breaks an identity. Empty findings mean it ties."""

    lines: tuple[TieLine, ...]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return not self.findings


class Identity(NamedTuple):
    """Two figures about one record that have to be one: `said` by itself, `held` by what it consists of, which is `by`
    where that is one record. `left` are parts that it names and that were not read, or are in another currency."""

    ref: Ref
    what: str
    said: Money
    held: Money
    by: Ref | None = None
    left: tuple[Ref, ...] = ()

    @property
    def holds(self) -> bool:
        return self.said == self.held and not self.left


Clearing = Mapping[tuple[ConnectionId, Currency], Ref]
"""The books' clearing account of each processor and currency."""


def tie_out(snapshot: Snapshot, clearing: Clearing | None = None) -> TieOut:
    """Check every identity over the whole snapshot."""
    lines = (*_receivable(snapshot), *_processor_balances(snapshot), *_clearing(snapshot, clearing or {}))
    rows = (
        *unsettled(snapshot),
        *(_torn(row) for row in _records(snapshot) if not row.holds),
    )
    totals = tuple(_off(line) for line in lines if line.difference)
    return TieOut(lines=lines, findings=(*rows, *totals))


def unsettled(snapshot: Snapshot) -> tuple[Finding, ...]:
    """The rows to be quarantined: invoices, credit notes and payments of the books whose own sums do not hold.

    The first ref of each is the row, the others are what it pulls down with it. Needs only those three kinds.
    """
    return (*_applied_to_each(snapshot), *_payments(snapshot))


def _broken(ref: Ref, what: str, theirs: Money, ours: Money, *with_it: Ref) -> Finding:
    apart = theirs - ours if theirs.currency == ours.currency else theirs
    return Finding(
        code=FindingCode.DOES_NOT_TIE,
        sentence=f"{what} ({ref}) is off by {grouped(apart)}: it says {grouped(theirs)}, "
        f"and what it consists of adds up to {grouped(ours)}.",
        next_step=f"Look at it in {ref.connection}; nothing that touches it is posted until it ties.",
        refs=(ref, *with_it),
        amount=apart,
    )


def _torn(row: Identity) -> Finding:
    return _broken(row.ref, f"{row.what} {row.ref.vendor_id}", row.said, row.held)


def _off(line: TieLine) -> Finding:
    return Finding(
        code=FindingCode.DOES_NOT_TIE,
        sentence=f"{line.name} in {line.connection} says {grouped(line.theirs)}, "
        f"and its open items add up to {grouped(line.ours)}: off by {grouped(line.difference)}.",
        next_step="The rows listed beside this one explain it; if there is none, the account itself is off.",
        refs=(),
        amount=line.difference,
    )


def applied_of(snapshot: Snapshot) -> Mapping[Ref, int]:
    """Per invoice and credit note of the books, what live payments apply to it, in minor units."""
    applied: dict[Ref, int] = defaultdict(int)
    for ref, payment in snapshot.payments.items():
        if snapshot.in_books(ref) and payment.state is not PaymentState.VOID:
            for allocation in payment.allocations:
                applied[allocation.target] += allocation.amount.minor
    return applied


def _applied_to_each(snapshot: Snapshot) -> Iterator[Finding]:
    """Invoices and credit notes of the books: total - open = what live payments apply to them."""
    applied = applied_of(snapshot)
    debts: dict[Ref, Invoice | CreditNote] = {**snapshot.invoices, **snapshot.credit_notes}
    for ref, debt in debts.items():
        if snapshot.in_books(ref) and debt.state not in (InvoiceState.VOID, InvoiceState.DRAFT):
            used, said = Money(applied.get(ref, 0), debt.total.currency), debt.total - debt.open
            if used != said:
                kind = "Invoice" if ref.kind is Kind.INVOICE else "Credit note"
                yield _broken(ref, f"What is settled of {kind} {debt.number}", said, used)


def _payments(snapshot: Snapshot) -> Iterator[Finding]:
    """Payments of the books: amount = invoices - credits + unapplied. One that is off pulls down what it settles."""
    for ref, payment in snapshot.payments.items():
        if not snapshot.in_books(ref) or payment.state is PaymentState.VOID or payment.unapplied is None:
            continue
        parts = Money(payment.unapplied.minor + taken_by(snapshot, payment).minor, payment.gross.currency)
        if parts != payment.gross:
            settles = [allocation.target for allocation in payment.allocations]
            yield _broken(ref, f"Payment {payment.reference or ref.vendor_id}", payment.gross, parts, *settles)


def taken_by(snapshot: Snapshot, payment: Payment) -> Money:
    """What the allocations of a payment of the books take of its cash, less what credits give to it. They are in its
    currency; where a record says otherwise, that is for the report to show and not to fall over."""
    taken = sum(_signed(snapshot, allocation).minor for allocation in payment.allocations)
    return Money(taken, payment.gross.currency)


def _signed(snapshot: Snapshot, allocation: Allocation) -> Money:
    """What an allocation takes of its payment's cash: a credit that is used up gives some instead."""
    entry = snapshot.book_entries.get(allocation.target)
    gives = allocation.target.kind is Kind.CREDIT_NOTE or (
        entry is not None and sum(part.amount.minor for part in entry.owed) < 0
    )
    return -allocation.amount if gives else allocation.amount


def _records(snapshot: Snapshot) -> Iterator[Identity]:
    for each in (lines_of, payments_of, refunds_of, sent_of, payouts_of):
        yield from each(snapshot)


def lines_of(snapshot: Snapshot) -> Iterator[Identity]:
    """A processor's balance entries: net = gross - fee."""
    for ref, entry in snapshot.balance_entries.items():
        held = Money(entry.gross.minor - entry.fee.minor, entry.gross.currency)
        yield Identity(ref, "Balance entry", entry.net, held, ref)


def payments_of(snapshot: Snapshot) -> Iterator[Identity]:
    """A processor's payments: gross = its own balance entry, where both are in one currency."""
    for ref, entry in snapshot.balance_entries.items():
        payment = snapshot.payments.get(entry.about) if entry.about is not None else None
        if payment is None or entry.nature is not EntryNature.PAYMENT or payment.gross.currency != entry.gross.currency:
            continue
        yield Identity(entry.about or ref, "Payment", payment.gross, entry.gross, ref)


def refunds_of(snapshot: Snapshot) -> Iterator[Identity]:
    """A processor's payments: what has gone back = its refunds that did not fail."""
    back: dict[Ref, int] = defaultdict(int)
    for refund in snapshot.refunds.values():
        if refund.payment is not None and refund.state is not RefundState.FAILED:
            back[refund.payment] += refund.amount.minor
    for ref, payment in snapshot.payments.items():
        if payment.refunded is not None:
            held = Money(back[ref], payment.refunded.currency)
            yield Identity(ref, "What was refunded of payment", payment.refunded, held)


def sent_of(snapshot: Snapshot) -> Iterator[Identity]:
    """Payouts: amount = what its own line in the ledger takes."""
    for ref, payout in snapshot.payouts.items():
        own = snapshot.balance_entries.get(payout.entry) if payout.entry is not None else None
        if own is not None and own.gross.currency == payout.amount.currency:
            yield Identity(ref, "What is sent by payout", payout.amount, -own.gross, payout.entry)


def payouts_of(snapshot: Snapshot) -> Iterator[Identity]:
    """Payouts that name their entries: amount = sum of their nets, every one of them read and in its currency."""
    entries = snapshot.balance_entries
    for ref, payout in snapshot.payouts.items():
        if payout.entries is None or payout.state is PayoutState.FAILED:
            continue
        code = payout.amount.currency
        nets = [entries[each].net for each in payout.entries if each in entries and entries[each].net.currency == code]
        left = tuple(each for each in payout.entries if each not in entries or entries[each].net.currency != code)
        yield Identity(ref, "Payout", payout.amount, total(nets, code), left=left)


def _receivable(snapshot: Snapshot) -> Iterator[TieLine]:
    """Per currency: all receivable accounts of the books together against open invoices - open credits - unapplied
    cash, because an invoice does not say which of them it stands in."""
    if snapshot.books is None:
        return
    control: dict[Currency, Money] = {}
    for ref, account in snapshot.accounts.items():
        if snapshot.in_books(ref) and account.role is AccountRole.RECEIVABLE and account.balance is not None:
            code = account.currency
            control[code] = control.get(code, zero(code)) + account.balance
    parts = open_items(snapshot)
    for code in sorted(control.keys() | parts.keys()):
        yield TieLine(
            name=f"Accounts receivable {code}",
            connection=snapshot.books,
            theirs=control.get(code, zero(code)),
            ours=parts.get(code, zero(code)),
        )


def open_items(snapshot: Snapshot) -> dict[Currency, Money]:
    """Per currency, what the books' open items add up to: open invoices - open credits - unapplied cash, and what
    entries by hand make customers owe, less what payments settled of that."""
    sums: dict[Currency, int] = defaultdict(int)
    for ref, invoice in snapshot.invoices.items():
        if snapshot.in_books(ref) and invoice.state is not InvoiceState.VOID:
            sums[invoice.open.currency] += invoice.open.minor
    for ref, credit in snapshot.credit_notes.items():
        if snapshot.in_books(ref) and credit.state is not InvoiceState.VOID:
            sums[credit.open.currency] -= credit.open.minor
    for ref, payment in snapshot.payments.items():
        if snapshot.in_books(ref) and payment.unapplied is not None and payment.state is not PaymentState.VOID:
            sums[payment.unapplied.currency] -= payment.unapplied.minor
    if snapshot.books is not None:
        for _, amount in by_hand(snapshot, snapshot.books):
            sums[amount.currency] += amount.minor
    return {code: Money(minor, code) for code, minor in sums.items()}


def by_hand(snapshot: Snapshot, books: ConnectionId) -> Iterator[tuple[Ref | None, Money]]:
    """Per customer, what entries by hand make him owe, and, negative, what live payments settled of that."""
    return ((customer, amount) for _, customer, amount in entered(snapshot, books))


def entered(snapshot: Snapshot, books: ConnectionId) -> Iterator[tuple[Ref, Ref | None, Money]]:
    """The same with the entry. A payment settles what the one customer of the entry owes; where the entry has several,
    it is the payer's."""
    for ref, entry in snapshot.book_entries.items():
        if ref.connection == books:
            yield from ((ref, part.customer, part.amount) for part in entry.owed)
    for ref, deposit in snapshot.deposits.items():
        if ref.connection == books:
            yield from ((ref, part.customer, part.amount) for part in deposit.owed)
    for ref, payment in snapshot.payments.items():
        if ref.connection == books and payment.state is not PaymentState.VOID:
            for allocation in payment.allocations:
                if allocation.target.kind is Kind.BOOK_ENTRY:
                    settled = snapshot.book_entries.get(allocation.target)
                    owing = {part.customer for part in settled.owed} if settled is not None else set()
                    customer = owing.pop() if len(owing) == 1 else payment.customer
                    yield allocation.target, customer, -_signed(snapshot, allocation)


def _clearing(snapshot: Snapshot, chosen: Clearing) -> Iterator[TieLine]:
    """Per clearing account: its own balance against what of the processor's entries stands in the books."""
    for each in standings(snapshot, chosen) if chosen else ():
        account = snapshot.accounts.get(each.account) if each.account is not None else None
        if account is not None and account.balance is not None and each.account is not None:
            yield TieLine(
                name=account.name,
                connection=each.account.connection,
                theirs=account.balance,
                ours=each.opening + each.booked,
            )


def _processor_balances(snapshot: Snapshot) -> Iterator[TieLine]:
    """Per processor and currency: its own balance against the sum of its entries' nets."""
    sums: dict[tuple[ConnectionId, Currency], int] = defaultdict(int)
    for ref, entry in snapshot.balance_entries.items():
        sums[ref.connection, entry.net.currency] += entry.net.minor
    for ref, account in sorted(snapshot.accounts.items()):
        if account.role is AccountRole.PROCESSOR and account.balance is not None:
            ours = Money(sums.get((ref.connection, account.currency), 0), account.currency)
            yield TieLine(
                name=f"Balance {account.currency}", connection=ref.connection, theirs=account.balance, ours=ours
            )
