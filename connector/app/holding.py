"""What is not written although a plan says so, because two sides have come to say two things about its money since.

A plan is made when both sides agree, or after a person chose. Between that and writing somebody may work in the books
and the processor may give money back: whatever touches such money waits, until a person has chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from connector.app.calling_off import CALLED_OFF
from connector.app.conflicting import look
from connector.app.house import Desk
from connector.app.rechecks import NEW_PLAN, Stale
from connector.model.finding import Finding, FindingCode
from connector.model.intent import ApplyCredit, Intent, PostDeposit, Posting, PostPayment, VoidPosting, intent_kind
from connector.model.source import Ref
from connector.plan import Plan, PlanLine
from connector.plan.clean_up import PREFIX
from connector.reconcile.booked import Written
from connector.reconcile.conflict import choice_subject, chosen
from connector.reconcile.snapshot import Snapshot
from connector.store import Lease, OutboxState


def still_agreed(
    desk: Desk, made: Plan, lines: list[tuple[int, PlanLine]], known: Iterable[str]
) -> tuple[list[tuple[int, PlanLine]], list[Stale]]:
    """The lines of a plan made earlier about whose money both sides still say the same, or a person has chosen since.
    `known` are the ids and subjects of what is stored already: those stay."""
    stored = set(known)
    if made.undoes or all(line.op_id in stored or line.subject in stored for _, line in lines):
        return lines, []
    seen = desk.snapshot()
    at = look(desk, seen)
    # What another hand posted is what a clean-up is about.
    own = (FindingCode.CONFLICT, FindingCode.KEPT_OUT)
    held = {key: why for key, why in at.held.items() if why.code in own} if made.plan_id.startswith(PREFIX) else at.held
    words = {choice_subject(word) for each in at.found if (word := chosen(seen.rulings, each)) is not None}
    kept, stale = [], []
    for number, line in lines:
        choice = line.subject.startswith("choice-")
        why = None
        if line.op_id not in stored and line.subject not in stored:
            why = _overtaken(line) if choice and line.subject not in words else None
            expected = [ref for ref, _ in line.expects]
            why = why or (next(_holding(seen, held, line.intent, expected), None) if not choice else None)
        if why is None:
            kept.append((number, line))
        else:
            said = why.sentence.rstrip(".")
            stale.append(
                Stale(number=number, line=line, why=said, code=why.code, next_step=why.next_step, refs=why.refs)
            )
    return kept, stale


def _overtaken(line: PlanLine) -> Finding:
    return Finding(
        code=FindingCode.CONFLICT,
        sentence=f"what was chosen for {line.intent.about.vendor_id} is not what both sides say now",
        next_step="Choose again: receivables conflicts",
        refs=(line.intent.about,),
    )


def call_off_held(desk: Desk, lease: Lease) -> list[Finding]:
    """Rows that an interrupted command stored and never sent, and about whose money two sides have come to say two
    things since: they are not sent."""
    rows = [row for row in desk.store.outbox(desk.id, states=(OutboxState.READY,)) if isinstance(row.intent, Posting)]
    if not rows:
        return []
    seen, off = desk.snapshot(), list[Finding]()
    at = look(desk, seen)
    for row in rows:
        undo = isinstance(row.intent, VoidPosting) and row.intent.undoes is not None
        why = None if undo or row.subject.startswith("choice-") else next(_holding(seen, at.held, row.intent), None)
        if why is not None:
            desk.store.outbox_dead(desk.id, row.op_id, f"{CALLED_OFF}{why.sentence}", lease)
            said = f"A {row.kind} of an earlier command was not written: {why.sentence}"
            off.append(Finding(code=why.code, sentence=said, next_step=why.next_step or NEW_PLAN, refs=why.refs))
    return off


def _holding(
    seen: Snapshot, held: Mapping[Ref | Written, Finding], intent: Intent, expected: Sequence[Ref] = ()
) -> Iterator[Finding]:
    """Why a write has to wait."""
    if not isinstance(intent, Posting):
        return
    keys: list[Ref | Written] = [(intent_kind(intent), intent.about), intent.about, *expected, *_touched(seen, intent)]
    for key in keys:
        if key in held:
            yield held[key]


def _touched(seen: Snapshot, intent: Posting) -> Iterator[Ref]:
    """What else a write is about: what it settles, the payment whose refund it is, the payments that it banks."""
    if isinstance(intent, PostPayment | ApplyCredit):
        yield from (each.target for each in intent.allocations)
    if isinstance(intent, PostDeposit):
        for ref, _ in intent.payments:
            banked = seen.payments.get(ref)
            yield from (mark.about for mark in (banked.stamps if banked is not None else ()) if mark.about is not None)
    line = seen.balance_entries.get(intent.about)
    about = line.about if line is not None else None
    if about is not None:
        yield about
        behind = seen.refunds.get(about) or seen.disputes.get(about)
        if behind is not None and behind.payment is not None:
            yield behind.payment
