"""The refunds of payments, as they stand: what was begun here, and what the processors tell of beside that."""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.house import Desk
from connector.model.intent import GiveBack, IntentKind
from connector.model.money_in import Refund
from connector.model.source import Kind, Ref
from connector.money import Money
from connector.store import OutboxRow, OutboxState


def refunds_of(desk: Desk, payments: frozenset[Ref]) -> tuple[OutboxRow, ...]:
    """The refunds of these payments that were begun here, in order; those that were refused too."""
    begun = desk.store.outbox(desk.id, kind=IntentKind.REFUND)
    return tuple(row for row in begun if isinstance(row.intent, GiveBack) and row.intent.about in payments)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneBack:
    """One refund: how it stands, and whether it was begun here (by that plan) or at the processor (""). CREATED: it was
    written down here, and the processor has not told of it yet. `ref` is None until it is known there."""

    payment: Ref
    amount: Money
    state: str
    plan: str
    ref: Ref | None = None


CREATED, REFUSED = "created", "refused"
EXTERNAL = ""


def gone_back(desk: Desk, payments: frozenset[Ref]) -> tuple[GoneBack, ...]:
    """Every refund of these payments: those begun here first, then those that the processors tell of beside them."""
    told = {
        stored.ref: stored.record
        for connection in sorted({each.connection for each in payments})
        for stored in desk.store.records(desk.id, Kind.REFUND, connection=connection)
        if isinstance(stored.record, Refund) and stored.record.payment in payments
    }
    found, ours = [], set[Ref]()
    for row in refunds_of(desk, payments):
        ref = row.answer.ref if row.answer is not None else None
        record = told.get(ref) if ref is not None else None
        if ref is not None:
            ours.add(ref)
        state = REFUSED if row.state is OutboxState.DEAD else record.state.value if record is not None else CREATED
        found.append(_gone(row, state, ref))
    others = (
        GoneBack(payment=each.payment, amount=each.amount, state=each.state.value, plan=EXTERNAL, ref=ref)
        for ref, each in told.items()
        if ref not in ours and each.payment is not None
    )
    return (*found, *others)


def _gone(row: OutboxRow, state: str, ref: Ref | None) -> GoneBack:
    if not isinstance(row.intent, GiveBack):
        raise TypeError(row.kind)
    return GoneBack(payment=row.intent.about, amount=row.intent.amount, state=state, plan=row.plan_id or "", ref=ref)
