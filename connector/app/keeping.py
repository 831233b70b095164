"""What every decision, proposal and question stands on, kept beside it, and read again to be shown or checked."""

from __future__ import annotations

from dataclasses import dataclass

from connector import canonical
from connector.app.house import Desk
from connector.errors import StoreCorrupt
from connector.model.ruling import Option, Ruling, RulingKind
from connector.model.source import Ref
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.record import Line
from connector.reconcile.match import Reconciliation
from connector.reconcile.options import Review, by_policy
from connector.reconcile.rulings import in_force
from connector.reconcile.snapshot import Snapshot
from connector.store import Author
from connector.store.rows import PROGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One payment's evidence: what the company permitted, the line that can be computed again, what it may be for."""

    policy: Policy
    line: Line
    options: tuple[Option, ...]


def keep(desk: Desk, seen: Snapshot, outcome: Reconciliation, author: Author) -> None:
    """Keep the evidence of everything the engine looked at, and for good what a rule of the company decided."""
    if outcome.applied is None:
        return
    policy = outcome.applied.at.case.policy
    examined = Review(seen, outcome).examined()
    bodies = {
        ref: canonical.encode(Kept(policy=policy, line=each.line, options=each.options))
        for ref, each in examined.items()
    }
    desk.store.save_evidence(author, bodies)
    standing = in_force(seen.rulings).decided
    fresh = [
        Ruling(
            payment=each.payment,
            kind=RulingKind.POLICY,
            by=PROGRAM,
            at=desk.clock.now(),
            gross=each.gross,
            unapplied=each.unapplied,
            allocations=each.allocations,
            sentence=each.sentence,
        )
        for each in by_policy(outcome)
        if each.payment not in standing
    ]
    if fresh:
        desk.store.add_rulings(author, fresh, after=last_number(seen))


def last_number(seen: Snapshot) -> int:
    """The end of the log of rulings, as it was seen."""
    return max((ruling.number for ruling in seen.rulings), default=0)


def all_kept(desk: Desk) -> dict[Ref, Kept]:
    """Everything that is kept, by payment."""
    return {ref: _read(ref, body) for ref, body in desk.store.evidence_of_all(desk.id).items()}


def kept(desk: Desk, payment: Ref) -> Kept | None:
    """The evidence of one payment as it was last looked at; None for one that the engine never was asked about."""
    body = desk.store.evidence(desk.id, payment)
    return None if body is None else _read(payment, body)


def _read(payment: Ref, body: bytes) -> Kept:
    try:
        return canonical.decode(body, Kept)
    except canonical.DecodeError:
        raise StoreCorrupt(
            f"The stored evidence of {payment.vendor_id} cannot be read.", next_step="Run: receivables reconcile"
        ) from None
