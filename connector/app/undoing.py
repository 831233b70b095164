"""Undo a run: look at the books as they are now, plan what takes it back, and store that plan like any other.

It is applied, approved and shown by the same machinery. Undoing an undo is no plan of its own: what was taken back is
posted again by its original decision, once a person says so (`again`), or stays out for good (`leave`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from connector import canonical
from connector.app.approving import consent
from connector.app.books import LEASE_NAME, read_books, read_plan, reconcile_all, stored_plan
from connector.app.calling_off import is_absent, undo_rows
from connector.app.house import Desk, new_op_id
from connector.app.keeping import last_number
from connector.app.rechecks import with_live_profile
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.intent import ApplyCredit, Intent, PostDeposit, PostExpense, PostJournal, PostPayment, PostTransfer
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Kind, OpId, PlanId, Ref
from connector.money import Money, total
from connector.plan import Frame, Plan
from connector.plan.undo import ORDER, OwnWrite, undo
from connector.post import look_up
from connector.reconcile.booked import subject_of, undone, unnumbered
from connector.reconcile.rulings import in_force
from connector.store import Lease, OutboxRow, OutboxState
from connector.sync import Progress

UNDO = "undo-"
_PLANS = ("plan-", UNDO, "clean-")
_DOUBTFUL = (OutboxState.SENDING, OutboxState.UNSURE)


def plan_undo(desk: Desk, run: str, progress: Progress, only: Collection[int] = ()) -> Plan:
    """The stored plan that takes a run back: a new one, or the one of the same lines that a second person approved.
    Reads the books first, and looks up what is in doubt of the run.

    UnknownRecord: nothing was ever written by that run. Refused: it is itself an undo. UserError: no such line.
    """
    books = desk.writable(desk.books())
    wanted = _run_of(desk, run, only)
    with desk.lease(LEASE_NAME) as lease:
        read_books(desk, books, lease, progress)
        _look_up(desk, wanted, lease)
        seen = with_live_profile(desk, desk.snapshot())
    frame = Frame(
        plan_id=PlanId(f"{UNDO}{new_op_id()[:8].lower()}"),
        company_id=desk.id,
        made_at=desk.clock.now(),
        made_by=desk.actor,
        new_op_id=new_op_id,
    )
    made = undo(seen, own_writes_of(desk, wanted), wanted, frame, only)
    approved = _approved(desk, made)
    if approved is not None:
        return approved
    number, chain = desk.store.head(desk.id)
    made = replace(made, data_as_of=frame.made_at, journal_head=f"{number}:{chain}")
    desk.store.save_plan(desk.id, made.plan_id, canonical.encode(made), desk.actor)
    return made


def _approved(desk: Desk, made: Plan) -> Plan | None:
    """The stored undo that takes back exactly the same and has another's word, of which nothing was begun: that word is
    good for that plan alone, and whoever gave it would be asked for it again and again."""
    if not desk.company.approve_above:
        return None
    begun = desk.store.plans_begun(desk.id)
    for plan_id in desk.store.approved_plans(desk.id):
        if not plan_id.startswith(UNDO) or plan_id in begun:
            continue
        stored = stored_plan(desk, plan_id)
        if _takes_back(stored) == _takes_back(made) and consent(desk, stored).given:
            return stored
    return None


def _takes_back(made: Plan) -> tuple[object, ...]:
    """What an undo does, whatever the ids of its own lines."""
    lines = tuple(replace(line, op_id=OpId("")) for line in made.lines)
    return made.undoes, lines, made.calls_off


def _run_of(desk: Desk, run: str, only: Collection[int]) -> PlanId:
    made = stored_plan(desk, run)
    if made.undoes:
        raise Refused(
            f"{run} took {made.undoes} back, and an undo is not undone.",
            next_step=f"To post what it took back again: receivables review again {run}",
        )
    rows = desk.store.outbox(desk.id, plan_id=made.plan_id)
    if not rows:
        raise UnknownRecord(f"Nothing of {run} was written.", next_step="See what was: receivables plans")
    missing = sorted(set(only) - {row.line for row in rows})
    if missing:
        raise UserError(
            f"{run} has no line {missing[0]} that was written.",
            next_step=f"See its lines: receivables undo {run} --show",
        )
    return made.plan_id


def _look_up(desk: Desk, run: PlanId, lease: Lease) -> None:
    """What nobody knows of the run yet is asked before anything is said about it; nothing is sent by that."""
    for row in desk.store.outbox(desk.id, states=_DOUBTFUL, plan_id=run):
        look_up(desk.tools(lambda _: None), desk.id, lease, row.op_id)


def own_writes_of(desk: Desk, run: PlanId) -> list[OwnWrite]:
    """Every write of ours, those of the run with the effects that its plan told."""
    made = read_plan(run, desk.store.plan(desk.id, run))
    told = {line.op_id: line.effects for line in made.lines}
    return [
        OwnWrite(
            op_id=row.op_id,
            run=row.plan_id,
            line=row.line,
            intent=row.intent,
            answer=row.answer,
            unsent=row.state is OutboxState.READY or (row.state in _DOUBTFUL and is_absent(desk, row)),
            doubtful=row.state in _DOUBTFUL and not is_absent(desk, row),
            refused=row.state is OutboxState.DEAD,
            effects=told.get(row.op_id, ()),
        )
        for row in desk.store.outbox(desk.id)
    ]


def under_way(desk: Desk, made: Plan) -> int:
    """How many entries of that run an earlier undo is still taking back."""
    own = undo_rows(desk, made) or frozenset()
    unfinished = (OutboxState.READY, *_DOUBTFUL)
    return sum(row.op_id in own for row in desk.store.outbox(desk.id, states=unfinished))


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOf:
    """What a person said about what was posted and taken out of the books: about which records."""

    kind: RulingKind
    rulings: tuple[Ruling, ...]


def say_again(desk: Desk, wanted: str) -> SaidOf:
    """What was taken out of the books may be posted again: a record, or all that a run (or its undo) wrote."""
    return _say(desk, wanted, RulingKind.AGAIN)


def say_leave(desk: Desk, wanted: str) -> SaidOf:
    """It stays out of the books for good, and is not told any more."""
    return _say(desk, wanted, RulingKind.LEFT)


def _say(desk: Desk, wanted: str, kind: RulingKind) -> SaidOf:
    with desk.lease("review"):
        seen = desk.snapshot()
        out = {subject_of(*written) for written in undone(seen)}
        out |= {subject for subject, ref in seen.written.items() if subject.startswith("opening") and ref in seen.gone}
        words = in_force(seen.rulings).taken_out
        found: dict[Ref, list[OutboxRow]] = {}
        for row in _rows_of(desk, wanted):
            about = getattr(row.intent, "about", None)
            word = words.get(row.op_id)
            again = word is not None and word.kind is RulingKind.AGAIN
            # A word may be taken back by the other one, as long as nothing was written since.
            turned = again and kind is RulingKind.LEFT and unnumbered(row.subject) not in seen.in_flight
            is_out = turned or (not again and unnumbered(row.subject) in out)
            if isinstance(about, Ref) and is_out and (word is None or word.kind is not kind):
                found.setdefault(about, []).append(row)
        if kind is RulingKind.AGAIN and wanted.startswith(_PLANS):
            # What somebody said of one record is not overridden by a word about all of them.
            found = {about: rows for about, rows in found.items() if rows[0].op_id not in words} or found
        if not found:
            raise Refused(
                f"Nothing of {wanted[:40]} was posted and taken out of the books, or that was said already.",
                next_step="See what was: receivables plan; it names what was taken out of the books.",
            )
        rulings = [_ruling(desk, about, kind, rows) for about, rows in sorted(found.items())]
        stored = desk.store.add_rulings(desk.author("review"), rulings, after=last_number(seen))
        desk.house.boundary("review.ruling-stored")
        reconcile_all(desk)
    return SaidOf(kind=kind, rulings=stored)


def _rows_of(desk: Desk, wanted: str) -> Iterable[OutboxRow]:
    """Our entries of a run, or about a record, by its id or its full name."""
    rows = [row for row in desk.store.outbox(desk.id) if row.kind in ORDER and row.state is OutboxState.DONE]
    runs = {row.plan_id for row in rows}
    if PlanId(wanted) in runs or wanted.startswith(_PLANS):
        made = stored_plan(desk, wanted)
        run = made.undoes or made.plan_id
        return [row for row in rows if row.plan_id == run]
    found = [row for row in rows if _named(row.intent, wanted)]
    if len({getattr(row.intent, "about", None) for row in found}) > 1:
        names = sorted({str(getattr(row.intent, "about", "")) for row in found})
        raise UserError(f"Several records are called {wanted[:40]!r}.", next_step=f"Name one of: {', '.join(names)}")
    return found


def _named(intent: Intent, wanted: str) -> bool:
    about = getattr(intent, "about", None)
    return isinstance(about, Ref) and wanted in (about.vendor_id, str(about))


def _ruling(desk: Desk, about: Ref, kind: RulingKind, rows: list[OutboxRow]) -> Ruling:
    gross = _amount(rows[0].intent)
    return Ruling(
        payment=about,
        kind=kind,
        by=desk.actor,
        at=desk.clock.now(),
        gross=gross,
        unapplied=gross,
        sentence=", ".join(f"{row.kind} of {row.plan_id}" for row in rows),
        writes=tuple(row.op_id for row in rows),
    )


def _amount(intent: Intent) -> Money:
    match intent:
        case PostPayment() | PostDeposit():
            return intent.total
        case PostExpense() | PostTransfer():
            return intent.amount
        case PostJournal():
            return total([p.amount for p in intent.parts if p.amount.minor > 0], intent.parts[0].amount.currency)
        case ApplyCredit():
            shares = [each.amount for each in intent.allocations if each.target.kind is Kind.INVOICE]
            return total(shares, intent.allocations[0].amount.currency)
        case _:
            raise TypeError(type(intent).__name__)
