"""From a line of a processor's ledger to what it was for: the payment, the invoices, the customer, the payer's money.

A line is a number until somebody can say whose invoice it paid. Every link is one the systems themselves name; where
one is named and was not read, the chain says so instead of ending quietly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from connector.dates import Instant
from connector.model.finding import Decision
from connector.model.settlement import BalanceEntry, EntryNature
from connector.model.source import Kind, Ref
from connector.money import DIGITS, Money, half_up
from connector.reconcile.booked import posted_payments
from connector.reconcile.debts import books_index, twins
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a line was for, link by link. `lost` is the first record that is named and was not read."""

    about: Ref | None = None
    payment: Ref | None = None
    attempt: Ref | None = None
    invoices: tuple[Ref, ...] = ()
    customer: Ref | None = None
    lost: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """Money that was changed on its way: what the payer saw, the rate in the processor's own digits, what it became.

    `difference` is what the exchange brought (negative: cost) against the rate at which the payment itself was changed:
    the rounding of a payment, the gain or loss of what goes back later at another rate. None where that is not known.
    """

    presented: Money
    rate: str | None
    settled: Money
    difference: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the ledger, explained."""

    entry: Ref
    nature: EntryNature
    category: str
    created: Instant
    gross: Money
    fee: Money
    net: Money
    chain: Chain
    exchange: Exchanged | None = None


@dataclass(slots=True, kw_only=True)
class _Index:
    """What has to be looked up from the other end."""

    debts: dict[Ref, list[Ref]] = field(default_factory=lambda: defaultdict(list))
    brought: dict[Ref, BalanceEntry] = field(default_factory=dict)


class Chains:
    """Follows the lines of one snapshot. `decisions` say which invoices payments settle that are not posted yet."""

    def __init__(self, snapshot: Snapshot, decisions: Iterable[Decision] = ()) -> None:
        self._snapshot = snapshot
        self._index = _Index()
        doubled = twins(snapshot, books_index(snapshot))
        for link in snapshot.allocations.values():
            self._index.debts[link.payment].append(doubled.get(link.target, link.target))
        in_books = posted_payments(snapshot)
        settled: Mapping[Ref, list[Ref]] = {
            **{each.payment: [share.target for share in each.allocations] for each in decisions},
            **{about: [a.target for a in snapshot.payments[ref].allocations] for about, ref in in_books.items()},
        }
        self._settled = settled
        for entry in snapshot.balance_entries.values():
            if entry.nature is EntryNature.PAYMENT and entry.about is not None:
                self._index.brought[entry.about] = entry

    def line(self, ref: Ref, entry: BalanceEntry) -> Line:
        """The line with its chain, and what was exchanged."""
        chain = self._chain(entry)
        return Line(
            entry=ref,
            nature=entry.nature,
            category=entry.category,
            created=entry.created,
            gross=entry.gross,
            fee=entry.fee,
            net=entry.net,
            chain=chain,
            exchange=self._exchange(entry, chain),
        )

    def _chain(self, entry: BalanceEntry) -> Chain:
        about = entry.about
        if about is None:
            return Chain()
        payment_ref: Ref | None = about if about.kind is Kind.PAYMENT else None
        if about.kind is Kind.REFUND:
            refund = self._snapshot.refunds.get(about)
            if refund is None:
                return Chain(about=about, lost=about)
            payment_ref = refund.payment
        elif about.kind is Kind.DISPUTE:
            dispute = self._snapshot.disputes.get(about)
            if dispute is None:
                return Chain(about=about, lost=about)
            payment_ref = dispute.payment
        elif about.kind is Kind.PAYOUT:
            return Chain(about=about, lost=about if about not in self._snapshot.payouts else None)
        return self._from_payment(about, payment_ref)

    def _from_payment(self, about: Ref, payment_ref: Ref | None) -> Chain:
        payment = self._snapshot.payments.get(payment_ref) if payment_ref is not None else None
        if payment is None or payment_ref is None:
            return Chain(about=about, payment=payment_ref, lost=payment_ref)
        found = self._settled.get(payment_ref) or self._index.debts.get(payment_ref) or []
        if not found and payment.attempt is not None:
            found = self._index.debts.get(payment.attempt) or []
        invoices = tuple(dict.fromkeys(target for target in found if target.kind is Kind.INVOICE))
        debt = self._snapshot.invoices.get(invoices[0]) if invoices else None
        return Chain(
            about=about,
            payment=payment_ref,
            attempt=payment.attempt,
            invoices=invoices,
            customer=(debt.customer if debt is not None else None) or payment.customer,
        )

    def _exchange(self, entry: BalanceEntry, chain: Chain) -> Exchanged | None:
        presented = self._presented(entry)
        if presented is None or presented.currency == entry.gross.currency:
            return None
        return Exchanged(
            presented=presented,
            rate=entry.rate,
            settled=entry.gross,
            difference=self._difference(entry, presented, chain.payment),
        )

    def _presented(self, entry: BalanceEntry) -> Money | None:
        """The amount in the payer's currency, with the sign of the line."""
        snapshot, about = self._snapshot, entry.about
        if about is None:
            return None
        match about.kind:
            case Kind.PAYMENT:
                payment = snapshot.payments.get(about)
                amount = payment.gross if payment is not None else None
            case Kind.REFUND:
                refund = snapshot.refunds.get(about)
                amount = refund.amount if refund is not None else None
            case Kind.DISPUTE:
                dispute = snapshot.disputes.get(about)
                amount = dispute.amount if dispute is not None else None
            case _:
                amount = None
        if amount is None:
            return None
        return -amount if entry.gross.minor < 0 else amount

    def _difference(self, entry: BalanceEntry, presented: Money, payment_ref: Ref | None) -> Money | None:
        code = entry.gross.currency
        if entry.nature is EntryNature.PAYMENT:
            return _rounding(entry, presented)
        brought = self._index.brought.get(payment_ref) if payment_ref is not None else None
        payment = self._snapshot.payments.get(payment_ref) if payment_ref is not None else None
        if brought is None or payment is None or brought.gross.currency != code or not payment.gross:
            return None
        if payment.gross.currency != presented.currency:
            return None
        share = half_up(brought.gross.minor * presented.minor, payment.gross.minor)
        return entry.gross - Money(share, code)


def _rounding(entry: BalanceEntry, presented: Money) -> Money | None:
    """What a payment became, less what its rate makes of it. The rate is between smallest units as the vendor counts
    them, which for some currencies are not ours: of the two readings the nearer one is meant."""
    if entry.rate is None:
        return None
    code = entry.gross.currency
    top, bottom = Decimal(entry.rate).as_integer_ratio()
    shift = DIGITS[code] - DIGITS[presented.currency]
    readings = [half_up(presented.minor * top, bottom)]
    if shift > 0:
        readings.append(half_up(presented.minor * top * 10**shift, bottom))
    elif shift < 0:
        readings.append(half_up(presented.minor * top, bottom * 10**-shift))
    nearest = min(readings, key=lambda minor: abs(entry.gross.minor - minor))
    return Money(entry.gross.minor - nearest, code)
