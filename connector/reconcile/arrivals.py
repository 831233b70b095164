"""What came from a processor, among the lines of a bank: the third side of a payout, and no customer's payment. Pure.

A connection whose own account is a bank account reads a bank's statements. A line of it is a payout where the sum is
exactly a payout's, it came within days of the day on which that was to arrive, and nothing else could be either
(`cash.landings`). Lines that name a processor are looked at first; of the others only those that name no invoice. One
that names a processor and is no payout that was read is a question, and never money of a customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connector.dates import BusinessDate
from connector.model.finding import Finding, FindingCode
from connector.model.money_in import Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.settlement import Payout, PayoutState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, grouped
from connector.reconcile.cash import landings
from connector.reconcile.cash.landings import Lost
from connector.reconcile.cash.payouts import ARRIVES_DAYS_MAX, Deposit
from connector.reconcile.cash.payouts import Payout as Sent
from connector.reconcile.references import REFERENCE_TAG, named_in_text, number_index
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """`payouts`: per line of a bank the payout that it is; several where they are equal, so that it is one of them.
    `strange`: lines that name a processor, and that no payout explains, with its name."""

    payouts: Mapping[Ref, tuple[Ref, ...]] = field(default_factory=dict)
    strange: Mapping[Ref, ConnectionId] = field(default_factory=dict)


def banks(snapshot: Snapshot) -> frozenset[ConnectionId]:
    """The connections that read a bank's own statements."""
    return frozenset(
        ref.connection
        for ref, account in snapshot.accounts.items()
        if account.role is AccountRole.BANK and not snapshot.in_books(ref)
    )


def arrivals(snapshot: Snapshot) -> Arrivals:
    """Every line of every bank that came from a processor."""
    reading = banks(snapshot)
    if not reading:
        return Arrivals()
    lines = {
        ref: payment
        for ref, payment in snapshot.payments.items()
        if ref.connection in reading and payment.state is not PaymentState.PENDING
    }
    sent = {
        ref: payout
        for ref, payout in snapshot.payouts.items()
        if payout.state is not PayoutState.FAILED and payout.amount.minor > 0
    }
    names = {ref.connection for ref in snapshot.payouts} | {
        ref.connection for ref, account in snapshot.accounts.items() if account.role is AccountRole.PROCESSOR
    }
    naming = {ref: name for ref, payment in lines.items() if (name := _named(payment, names)) is not None}
    found = _landed(sent, {ref: lines[ref] for ref in naming})
    taken = {payout for of in found.values() for payout in of}
    numbers = number_index((ref, each) for ref, each in snapshot.invoices.items())
    rest = {
        ref: payment
        for ref, payment in lines.items()
        if ref not in naming
        and not any(tag.name == REFERENCE_TAG for tag in payment.tags)
        and not named_in_text(payment, ref, numbers)
    }
    found |= _landed({ref: payout for ref, payout in sent.items() if ref not in taken}, rest)
    return Arrivals(payouts=found, strange={ref: name for ref, name in naming.items() if ref not in found})


def _named(payment: Payment, names: Iterable[ConnectionId]) -> ConnectionId | None:
    """The processor that a line names, by a word of its own."""
    words = set(_text(payment).casefold().replace("*", " ").replace("-", " ").split())
    return next((name for name in sorted(names) if str(name).casefold() in words), None)


def _text(payment: Payment) -> str:
    return " ".join(filter(None, (payment.payer, payment.reference, payment.memo)))


def _landed(sent: Mapping[Ref, Payout], lines: Mapping[Ref, Payment]) -> dict[Ref, tuple[Ref, ...]]:
    payouts, deposits = sorted(sent), sorted(lines)
    told = landings.landed(
        [_sent(ref, sent[ref]) for ref in payouts],
        [
            Deposit(
                ref.vendor_id,
                lines[ref].received_on.toordinal(),
                str(lines[ref].gross.currency),
                lines[ref].gross.minor,
                _text(lines[ref]),
            )
            for ref in deposits
        ],
    )
    found: dict[Ref, tuple[Ref, ...]] = {deposits[pair.deposit]: (payouts[pair.payout],) for pair in told.pairs}
    for each in told.missing:
        if each.why is Lost.ONE_OF_SEVERAL:
            every = tuple(payouts[place] for place in each.payouts)
            found.update(dict.fromkeys((deposits[place] for place in each.deposits), every))
    return found


def _sent(ref: Ref, payout: Payout) -> Sent:
    return Sent(
        ref.vendor_id,
        str(ref.connection),
        "",
        payout.arrives_on.toordinal(),
        str(payout.amount.currency),
        payout.amount.minor,
    )


def strange(ref: Ref, payment: Payment, processor: ConnectionId) -> Finding:
    """A line that names a processor, and is none of its payouts."""
    return Finding(
        code=FindingCode.PAYOUT_GAP,
        sentence=f"The bank shows {grouped(payment.gross)} of {payment.received_on} as {processor}'s, and no payout of "
        "that sum and those days was read. It is applied to nothing.",
        next_step=f"Read {processor} again: receivables sync {processor}. If it is a customer's after all: receivables "
        f"review allocate {ref.vendor_id} INVOICE=AMOUNT",
        refs=(ref,),
        amount=payment.gross,
    )


def not_seen(snapshot: Snapshot) -> Iterator[Finding]:
    """Payouts that should have arrived on an account whose statements were read, and are not on them: only of
    processors whose payouts arrive there."""
    found = arrivals(snapshot)
    seen = {payout for of in found.payouts.values() for payout in of}
    days: dict[tuple[ConnectionId, Currency], list[BusinessDate]] = {}
    reading = banks(snapshot)
    for ref, payment in snapshot.payments.items():
        if ref.connection in reading:
            days.setdefault((ref.connection, payment.gross.currency), []).append(payment.received_on)
    lands = {
        (payout.connection, snapshot.payouts[payout].amount.currency): line.connection
        for line, of in found.payouts.items()
        for payout in of
    }
    for ref, payout in sorted(snapshot.payouts.items()):
        at = lands.get((ref.connection, payout.amount.currency))
        if at is None or ref in seen or payout.state is not PayoutState.PAID or payout.amount.minor <= 0:
            continue
        known = days[at, payout.amount.currency]
        if min(known) <= payout.arrives_on and (max(known) - payout.arrives_on).days > ARRIVES_DAYS_MAX:
            yield Finding(
                code=FindingCode.PAYOUT_NOT_SEEN,
                sentence=f"Payout {ref.vendor_id} of {grouped(payout.amount)} was to arrive on {payout.arrives_on}, "
                f"and the statements of {at}, which go to {max(known)}, do not show it.",
                next_step="Ask the processor where it went; a statement may be missing, or it went to another account.",
                refs=(ref,),
                amount=payout.amount,
            )


def told(snapshot: Snapshot, of: tuple[Ref, ...]) -> str:
    """The payout that a line is, in words."""
    first = of[0]
    amount = grouped(snapshot.payouts[first].amount) if first.kind is Kind.PAYOUT else ""
    if len(of) == 1:
        return f"payout {first.vendor_id} of {first.connection}, {amount}, at the bank"
    return f"one of {len(of)} payouts of {first.connection} of {amount} at the bank"
