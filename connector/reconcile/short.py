"""Payments that brought less than was open: what stays open, and why, as far as a person has said or the sum tells.

What is short stays open on its invoice whatever the reason is. Nothing is written off by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.dates import BusinessDate
from connector.model.allocation import AllocationState, Shortfall
from connector.model.finding import Decision
from connector.model.invoice import InvoiceState
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Kind, Ref
from connector.money import Money, grouped
from connector.reconcile.booked import posted_payments
from connector.reconcile.cash.lacking import WORDS, likely
from connector.reconcile.rulings import number_of
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What is open of an invoice after a payment in part. `reason` is a person's word (`by`, None where nobody said
    one), `likely` what the sum looks like."""

    invoice: Ref
    number: str
    customer: str
    left: Money
    payment: Ref
    on: BusinessDate
    likely: Shortfall
    reason: Shortfall = Shortfall.UNKNOWN
    by: str | None = None

    @property
    def words(self) -> str:
        """The reason as one says it."""
        if self.by is not None:
            return f"{WORDS[self.reason]}, says {self.by}"
        return WORDS[self.likely] if self.likely is Shortfall.UNKNOWN else f"looks like {WORDS[self.likely]}"


def said(log: Iterable[Ruling]) -> dict[Ref, Ruling]:
    """The last word about each payment on why it is short."""
    return {each.payment: each for each in sorted(log, key=lambda one: one.number) if each.kind is RulingKind.SHORT}


def last_words(log: Iterable[Ruling]) -> dict[Ref, Ruling]:
    """The last word about each invoice on whether its rest is written off."""
    found: dict[Ref, Ruling] = {}
    for each in sorted(log, key=lambda one: one.number):
        if each.kind in (RulingKind.WRITE_OFF, RulingKind.KEEP_OPEN):
            found.update(dict.fromkeys((share.target for share in each.allocations), each))
    return found


def held_back(snapshot: Snapshot, decisions: Iterable[Decision] = ()) -> tuple[HeldBack, ...]:
    """Every open invoice of the books that was paid in part, by what is in the books and by what is decided and not
    posted yet; the largest rest of each currency first."""
    outside = {ours: about for about, ours in posted_payments(snapshot).items()}
    paid: dict[Ref, list[tuple[BusinessDate, Ref, int]]] = defaultdict(list)
    coming: dict[Ref, int] = defaultdict(int)
    for ref, payment in snapshot.payments.items():
        for each in payment.allocations if snapshot.in_books(ref) else ():
            if each.target.kind is Kind.INVOICE and each.state is AllocationState.APPLIED and each.amount.minor > 0:
                paid[each.target].append((payment.received_on, outside.get(ref, ref), each.amount.minor))
    for decision in decisions:
        came = snapshot.payments.get(decision.payment)
        for each in decision.allocations:
            coming[each.target] += each.amount.minor + sum(part.amount.minor for part in each.adjustments)
            if came is not None:
                paid[each.target].append((came.received_on, decision.payment, each.amount.minor))
    words = said(snapshot.rulings)
    found = []
    for target, parts in paid.items():
        invoice = snapshot.invoices.get(target)
        if invoice is None or not snapshot.in_books(target) or invoice.state is InvoiceState.VOID:
            continue
        left = invoice.open.minor - coming[target]
        on, payment_ref, brought = max(parts)
        if left <= 0:
            continue
        told = next((words[one] for _, one, _ in sorted(parts, reverse=True) if one in words), None)
        found.append(
            HeldBack(
                invoice=target,
                number=number_of(snapshot, target),
                customer=snapshot.name_of(invoice.customer),
                left=Money(left, invoice.open.currency),
                payment=payment_ref,
                on=on,
                likely=likely(left + brought, left),
                reason=told.short if told is not None else Shortfall.UNKNOWN,
                by=str(told.by) if told is not None else None,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.left.currency, -one.left.minor, one.number, one.invoice)))


def in_words(snapshot: Snapshot, decision: Decision, words: Mapping[Ref, Ruling]) -> str:
    """What a decision leaves open for a reason that a person gave (`said`), to stand in a plan; "" where nobody did."""
    word = words.get(decision.payment)
    if word is None:
        return ""
    last = last_words(snapshot.rulings)
    parts, off = [], True
    for each in decision.allocations:
        invoice = snapshot.invoices.get(each.target)
        left = invoice.open - each.amount if invoice is not None and invoice.open > each.amount else None
        if left is not None:
            parts.append(f"{grouped(left)} of {number_of(snapshot, each.target)}")
            meant = last.get(each.target)
            off = off and meant is not None and meant.kind is RulingKind.WRITE_OFF
    stays = "is to be written off by a later plan" if off else "stays open"
    return f"; {' and '.join(parts)} {stays}: {WORDS[word.short]}, says {word.by}" if parts else ""
