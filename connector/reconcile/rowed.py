"""Every row of a mirror that moves money, as one plain list, and what each is linked to, from invoice to bank. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connector.dates import BusinessDate, day_of
from connector.model.allocation import Allocation
from connector.model.invoice import InvoiceState
from connector.model.money_in import PaymentState
from connector.model.source import Kind, Ref, ref_from_text
from connector.model.stamp import Stamp
from connector.money import Money, grouped
from connector.reconcile.chains import Chains
from connector.reconcile.snapshot import Snapshot

CHAIN_MAX = 40
"""Beyond so many links a chain says no more."""


class Row(NamedTuple):
    """A row: what kind it is, when, how much (negative: takes), whose, and the payout it belongs to; "" for neither."""

    what: str
    on: BusinessDate
    amount: Money
    ref: str
    party: str = ""
    payout: str = ""

    @property
    def says(self) -> str:
        return f"The {self.what} {self.ref} of {grouped(self.amount)}"


class Linked(NamedTuple):
    """One link of a chain, in the order in which money goes: invoice, payment, posting, fee, payout, bank."""

    place: int
    what: str
    ref: str
    on: BusinessDate
    amount: Money


_INVOICE, _PAYMENT, _LINE, _POSTING, _PAYOUT, _BANK = range(6)


def rows_of(seen: Snapshot, zone: ZoneInfo) -> Iterator[Row]:
    """All of them: documents, payments, postings of the books, lines of the processors, payouts and deposits."""
    yield from _documents(seen)
    for ref, payment in seen.payments.items():
        if payment.state is not PaymentState.VOID:
            what = "payment in the books" if seen.in_books(ref) else "payment"
            yield Row(what, payment.received_on, payment.gross, str(ref), _party(payment.customer))
            if payment.unapplied:
                what = "unapplied rest of payment"
                yield Row(what, payment.received_on, payment.unapplied, str(ref), _party(payment.customer))
    for ref, entry in seen.book_entries.items():
        yield Row("entry in the books", entry.on, entry.amount, str(ref))
    for ref, deposit in seen.deposits.items():
        yield Row("deposit", deposit.on, deposit.total, str(ref))
    yield from _of_processors(seen, zone)


def _documents(seen: Snapshot) -> Iterator[Row]:
    for ref, invoice in seen.invoices.items():
        if invoice.state not in (InvoiceState.VOID, InvoiceState.DRAFT):
            yield Row("invoice", invoice.issued_on, invoice.total, str(ref), _party(invoice.customer))
            if invoice.open and invoice.open != invoice.total:
                yield Row("open rest of invoice", invoice.issued_on, invoice.open, str(ref), _party(invoice.customer))
    for ref, credit in seen.credit_notes.items():
        if credit.state is not InvoiceState.VOID:
            yield Row("credit note", credit.issued_on, -credit.total, str(ref), _party(credit.customer))


def _of_processors(seen: Snapshot, zone: ZoneInfo) -> Iterator[Row]:
    of_payout = {line: str(ref) for ref, payout in seen.payouts.items() for line in payout.entries or ()}
    for ref, line in seen.balance_entries.items():
        on, payout = day_of(line.created, zone), of_payout.get(ref, "")
        word = line.nature.replace("_", " ")
        yield Row(f"line ({word})", on, line.gross, str(ref), payout=payout)
        if line.fee:
            yield Row(f"fee of {word}", on, line.fee, str(ref), payout=payout)
            yield Row(f"net of {word}", on, line.net, str(ref), payout=payout)
    for ref, sent in seen.payouts.items():
        yield Row("payout", sent.arrives_on, sent.amount, str(ref))


def _party(ref: Ref | None) -> str:
    return str(ref) if ref is not None else ""


class Links:
    """Finds what rows are linked to. Looks everything up once."""

    def __init__(self, seen: Snapshot, zone: ZoneInfo) -> None:
        self._seen = seen
        self._zone = zone
        self._chains = Chains(seen)
        self._lines: dict[Ref, list[Ref]] = defaultdict(list)
        for ref, line in seen.balance_entries.items():
            if line.about is not None:
                self._lines[line.about].append(ref)
        self._payout = {line: ref for ref, payout in seen.payouts.items() for line in payout.entries or ()}
        self._marked: dict[Ref, list[Ref]] = defaultdict(list)
        for kind in (seen.payments, seen.deposits, seen.book_entries):
            for ref, record in kind.items():
                for about in _abouts(record.stamps) if seen.in_books(ref) else ():
                    self._marked[about].append(ref)
        self._settling: dict[Ref, list[Ref]] = defaultdict(list)
        for ref, payment in seen.payments.items():
            for share in payment.allocations if seen.in_books(ref) else ():
                self._settling[share.target].append(ref)
        for allocation in seen.allocations.values():
            self._settling[allocation.target].append(allocation.payment)

    def chain(self, told: str) -> tuple[Linked, ...]:
        """From a row, as a report names it, to everything it is linked to; empty for what is no row."""
        start = ref_from_text(told) or ref_from_text(told.rpartition(" ")[2])
        if start is None:
            return ()
        found: dict[Ref, Linked] = {}
        todo = [start]
        while todo and len(found) < CHAIN_MAX:
            ref = todo.pop(0)
            link = None if ref in found else self._link(ref)
            if link is not None:
                found[ref] = link
                todo += [each for each in self._next(ref) if each not in found]
        return tuple(sorted(found.values(), key=lambda link: (link.place, link.on, link.ref)))

    def _next(self, ref: Ref) -> Iterator[Ref]:
        """What a row leads to. A payout leads to the bank and to its own line, not to all that it consists of."""
        seen = self._seen
        if ref.kind is Kind.INVOICE:
            yield from self._settling.get(ref, ())
        elif ref.kind is Kind.PAYOUT:
            yield from self._marked.get(ref, ())
        elif ref in seen.balance_entries:
            line = self._chains.line(ref, seen.balance_entries[ref])
            yield from (each for each in (line.chain.about, line.chain.payment, self._payout.get(ref)) if each)
            yield from line.chain.invoices
            yield from self._marked.get(ref, ())
        else:
            yield from self._lines.get(ref, ())
            yield from self._marked.get(ref, ())
            yield from self._posted(ref)

    def _posted(self, ref: Ref) -> Iterator[Ref]:
        """What an entry of the books is about, and what it settles."""
        seen = self._seen
        record = seen.payments.get(ref) or seen.book_entries.get(ref) or seen.deposits.get(ref)
        if record is None:
            return
        yield from _abouts(record.stamps)
        shares: tuple[Allocation, ...] = getattr(record, "allocations", ())
        yield from (share.target for share in shares if share.target.kind is Kind.INVOICE)

    def _link(self, ref: Ref) -> Linked | None:
        """None for what was never read, and for what moves no money."""
        seen, at = self._seen, str(ref)
        if ref in seen.payments:
            payment = seen.payments[ref]
            place, what = (_POSTING, "payment in the books") if seen.in_books(ref) else (_PAYMENT, "payment")
            return Linked(place, what, at, payment.received_on, payment.gross)
        if ref in seen.balance_entries:
            line = seen.balance_entries[ref]
            what = f"line of the ledger, fee {grouped(line.fee)}" if line.fee else "line of the ledger"
            return Linked(_LINE, what, at, day_of(line.created, self._zone), line.gross)
        if ref in seen.book_entries:
            entry = seen.book_entries[ref]
            kinds = {about.kind for about in _abouts(entry.stamps)}
            out = Kind.PAYOUT in kinds
            what = (
                "payout in the books" if out else "fee in the books" if Kind.PAYMENT in kinds else "entry in the books"
            )
            return Linked(_BANK if out else _POSTING, what, at, entry.on, entry.amount)
        return self._end(ref)

    def _end(self, ref: Ref) -> Linked | None:
        """Where money comes from, or where it ends."""
        seen, at = self._seen, str(ref)
        if ref in seen.invoices:
            invoice = seen.invoices[ref]
            return Linked(_INVOICE, f"invoice {invoice.number or ''}".strip(), at, invoice.issued_on, invoice.total)
        if ref in seen.payouts:
            return Linked(_PAYOUT, "payout", at, seen.payouts[ref].arrives_on, seen.payouts[ref].amount)
        if ref in seen.deposits:
            return Linked(_BANK, "deposit at the bank", at, seen.deposits[ref].on, seen.deposits[ref].total)
        if ref in seen.refunds:
            return Linked(_PAYMENT, "refund", at, seen.refunds[ref].on, seen.refunds[ref].amount)
        return None


def _abouts(stamps: tuple[Stamp, ...]) -> list[Ref]:
    return [stamp.about for stamp in stamps if stamp.about is not None]
