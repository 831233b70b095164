"""Clean-up: what `shadow` found wrong in the books, as a stored plan. It is applied and undone like any other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from connector import canonical
from connector.app.books import read_plan
from connector.app.freshness import freshness
from connector.app.house import Desk, new_op_id
from connector.app.marks import may_write
from connector.app.rechecks import with_live_profile
from connector.app.shadow import ground_of, period
from connector.dates import BusinessDate
from connector.errors import UserError
from connector.model.source import OpId, PlanId, Ref
from connector.plan import Effect, Frame, Plan
from connector.plan.clean_up import PREFIX, TWINS, Dirt, clean_up
from connector.plan.undo import OwnWrite
from connector.reconcile.match import reconcile
from connector.reconcile.shadowed import shadowed
from connector.store import OutboxState


def propose(
    desk: Desk,
    start: BusinessDate | None = None,
    end: BusinessDate | None = None,
    take_back: Collection[str] = (),
) -> Plan:
    """The stored plan for what is wrong in a period. `take_back`: entries of ours, by their ids in the books, that a
    person says are the wrong ones of two. UserError: one of them is not ours, or several are called so."""
    fresh = freshness(desk)
    fresh.whole("a plan")
    may_write(desk.store, desk.id)
    seen = with_live_profile(desk, desk.snapshot())
    first, last = period(desk, seen, start, end)
    writes = _writes(desk)
    rows = shadowed(ground_of(desk, seen, last), reconcile(seen), first).rows
    frame = Frame(
        plan_id=PlanId(f"{PREFIX}{new_op_id()[:8].lower()}"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
    )
    wrong = _named(writes, take_back)
    alone = sorted(wrong - {ref for row in rows if row.finding.code in TWINS for ref in row.finding.refs})
    if alone:
        raise UserError(
            f"{alone[0]} is none of two entries that stand for one thing.",
            next_step="See: receivables shadow --propose",
        )
    made = clean_up(seen, Dirt(rows=rows, writes=writes, wrong=wrong), desk.processors(), frame)
    number, chain = desk.store.head(desk.id)
    made = replace(made, data_as_of=fresh.data_as_of, journal_head=f"{number}:{chain}")
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


def _writes(desk: Desk) -> list[OwnWrite]:
    """Every write of ours that stands or may stand, with the effects that its plan told."""
    rows = desk.store.outbox(desk.id, states=(OutboxState.DONE,))
    effects: dict[OpId, tuple[Effect, ...]] = {}
    for run in {row.plan_id for row in rows if row.plan_id is not None}:
        effects |= {line.op_id: line.effects for line in read_plan(run, desk.store.plan(desk.id, run)).lines}
    return [
        OwnWrite(
            op_id=row.op_id,
            run=row.plan_id,
            line=row.line,
            intent=row.intent,
            answer=row.answer,
            effects=effects.get(row.op_id, ()),
        )
        for row in rows
    ]


def _named(writes: Collection[OwnWrite], wanted: Collection[str]) -> frozenset[Ref]:
    found: set[Ref] = set()
    refs = {each.answer.ref for each in writes if each.answer is not None}
    for name in wanted:
        called = [ref for ref in refs if name in (ref.vendor_id, str(ref))]
        if len(called) != 1:
            what = "is no entry of ours" if not called else "is the name of several entries"
            raise UserError(
                f"{name[:40]!r} {what}.",
                next_step="Name one as the list shows it: " + ", ".join(sorted(str(each) for each in called)[:5])
                if called
                else "See them: receivables shadow --propose",
            )
        found.add(called[0])
    return frozenset(found)
