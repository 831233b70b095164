"""What of a run that is being undone was never sent, or may never have arrived: it is not sent any more.

Nothing is guessed. What was never sent is called off. What may have arrived is looked up; where it is there it is done,
and the next undo takes it back; where it is absent past the time in which it could still turn up it is called off; and
until then it is kept from being sent again.
"""

from __future__ import annotations

from connector.app.house import Desk
from connector.dates import after, instant_from_iso
from connector.model.finding import Finding, FindingCode
from connector.model.intent import Posting, VoidPosting
from connector.model.source import OpId
from connector.plan import Plan
from connector.post import SETTLE_SECONDS, look_up
from connector.store import Lease, OutboxRow, OutboxState

NEVER = instant_from_iso("9999-12-31T00:00:00Z")
"""A write in doubt of an undone run: it is looked up whenever somebody writes, and not sent again."""

CALLED_OFF = "Called off: "
"""How the fault of a write begins that we ended ourselves: nobody has to do anything about it."""

DROPPED = "Dropped: "
"""How the fault of a refused write begins that a person has dropped: nobody is told of it any more, and it is not
tried again by itself."""

_DOUBTFUL = (OutboxState.SENDING, OutboxState.UNSURE)


def end_unfinished(desk: Desk, made: Plan, lease: Lease) -> list[Finding]:
    """Carry out `calls_off` of an undo; says what turned out to be written after all, or is in doubt still."""
    found: list[Finding] = []
    for op_id in made.calls_off:
        row = desk.store.outbox_row(desk.id, op_id)
        if row.state in _DOUBTFUL:
            row = look_up(desk.tools(lambda _: None), desk.id, lease, op_id)
        if row.state is OutboxState.READY or (row.state is OutboxState.UNSURE and is_absent(desk, row)):
            desk.store.outbox_dead(desk.id, op_id, f"{CALLED_OFF}{made.undoes} was undone before it was sent.", lease)
        elif row.state is OutboxState.UNSURE:
            desk.store.outbox_unsure(desk.id, op_id, f"{made.undoes} is undone; it is not sent again.", NEVER, lease)
            said = f"The {row.kind} of line {row.line} of {made.undoes} may still arrive; it is not sent again."
            found.append(_finding(made, row, FindingCode.WRITE_UNSURE, said))
        elif row.state is OutboxState.DONE:
            said = f"The {row.kind} of line {row.line} of {made.undoes} was written meanwhile."
            found.append(_finding(made, row, FindingCode.NOT_UNDONE, said))
    return found


def is_absent(desk: Desk, row: OutboxRow) -> bool:
    """Whether a write in doubt, just looked up in vain, cannot turn up any more."""
    settle = desk.house.config.settle().get(row.kind, SETTLE_SECONDS[row.kind])
    return row.doubted_at is None or desk.clock.now() >= after(row.doubted_at, settle)


def was_called_off(row: OutboxRow) -> bool:
    """Whether we ended a write ourselves before it was sent, or after it surely did not arrive."""
    return row.state is OutboxState.DEAD and row.fault.startswith(CALLED_OFF)


def was_dropped(row: OutboxRow) -> bool:
    """Whether a person said that a refused write shall stay refused."""
    return row.state is OutboxState.DEAD and row.fault.startswith(DROPPED)


def undo_rows(desk: Desk, made: Plan) -> frozenset[OpId] | None:
    """The only writes that an undo carries out: those by which that run is taken back. None for any other plan."""
    if not made.undoes:
        return None
    rows = desk.store.outbox(desk.id)
    return frozenset(
        row.op_id for row in rows if isinstance(row.intent, VoidPosting) and row.intent.undoes == made.undoes
    )


def _finding(made: Plan, row: OutboxRow, code: FindingCode, sentence: str) -> Finding:
    refs = (row.intent.about,) if isinstance(row.intent, Posting) else ()
    return Finding(code=code, sentence=sentence, next_step=f"Undo again: receivables undo {made.undoes}", refs=refs)
