"""What people said about single payments: what of it is in force, what became impossible since, what it teaches.

A ruling is never changed. What stands follows from the whole log: the last word about each payment that was not taken
back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.model.invoice import InvoiceState
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Kind, OpId, Ref
from connector.money import Money, grouped
from connector.reconcile.snapshot import Snapshot

STANDING = frozenset({RulingKind.HUMAN, RulingKind.POLICY})


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """`decided`: what each payment pays by a person's word or a company's rule. `rejected`: what it does not pay.
    `taken_out`: the last word, AGAIN or LEFT, about each write of ours that was taken out of the books."""

    decided: Mapping[Ref, Ruling]
    rejected: Mapping[Ref, tuple[Ruling, ...]]
    taken_out: Mapping[OpId, Ruling] = field(default_factory=dict)

    def last(self, payment: Ref) -> Ruling | None:
        """What `undo` takes back: the decision, else the last rejection."""
        held = self.decided.get(payment)
        if held is not None:
            return held
        return next(iter(reversed(self.rejected.get(payment, ()))), None)


def in_force(log: Iterable[Ruling]) -> InForce:
    """What stands of a log."""
    entries = sorted(log, key=lambda ruling: ruling.number)
    undone = {ruling.of for ruling in entries if ruling.kind is RulingKind.UNDONE}
    decided: dict[Ref, Ruling] = {}
    rejected: dict[Ref, tuple[Ruling, ...]] = defaultdict(tuple)
    taken_out: dict[OpId, Ruling] = {}
    for ruling in entries:
        if ruling.number in undone:
            continue
        taken_out.update(dict.fromkeys(ruling.writes, ruling))
        if ruling.kind in STANDING:
            decided[ruling.payment] = ruling
        elif ruling.kind is RulingKind.REJECTED:
            rejected[ruling.payment] += (ruling,)
    return InForce(decided=decided, rejected=dict(rejected), taken_out=taken_out)


def kept_out(log: Iterable[Ruling]) -> dict[Ref, Ruling]:
    """What a person said stays out of the books for good, after it was posted and taken out of them."""
    words = in_force(log).taken_out.values()
    return {word.payment: word for word in words if word.kind is RulingKind.LEFT}


def overtaken(snapshot: Snapshot, ruling: Ruling, left: Mapping[Ref, int]) -> str | None:
    """Why it cannot be done as it was said, in words without a full stop; None where it can. `left`: what is open of
    each debt and, negative, of each credit note."""
    for allocation in ruling.allocations:
        target = allocation.target
        number = number_of(snapshot, target)
        if target in snapshot.gone:
            return f"{number} was deleted in the books since"
        held = snapshot.invoices.get(target)
        if held is not None and held.state is InvoiceState.VOID:
            return f"{number} was voided in the books since"
        rest = left.get(target, 0)
        wanted = allocation.amount.minor
        if (wanted > 0 and rest < wanted) or (wanted < 0 and rest > wanted):
            still = grouped(Money(abs(rest), allocation.amount.currency))
            return f"only {still} of {number} is open now"
    return None


def same_allocations(ruling: Ruling, shares: Mapping[Ref, int]) -> bool:
    """Whether a ruling is about exactly these amounts."""
    return {each.target: each.amount.minor for each in ruling.allocations} == dict(shares)


def number_of(snapshot: Snapshot, ref: Ref) -> str:
    """What people call an invoice or a credit note."""
    held = snapshot.credit_notes.get(ref) if ref.kind is Kind.CREDIT_NOTE else snapshot.invoices.get(ref)
    return (held.number if held is not None else None) or ref.vendor_id
