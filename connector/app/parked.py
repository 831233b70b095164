"""Writes that did not go through: each with its cause and with what would settle it. Nothing waits without a word.

What is only delayed (the other side was away, or told us to wait) goes on by itself with the next `apply`. What was
refused waits for a person, until another write stands for the same thing; what we called off ourselves is done with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from connector.app.calling_off import NEVER, was_called_off, was_dropped
from connector.dates import Instant
from connector.model.intent import IntentKind
from connector.model.source import OpId, PlanId
from connector.store import OutboxRow, OutboxState

NO_REASON = "The other side gave no reason."
REFUSED = "refused"
_PUT_RIGHT = "Put right what it says, then: receivables letters retry {0}; or let it be: receivables letters drop {0}"
_GOES_ON = "It goes on by itself: receivables apply"
_UNSURE = "It is looked up before it is repeated: receivables apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One write. `state` is refused, unsure, delayed or held; `until` is when it may be repeated, if that is known."""

    kind: IntentKind
    subject: str
    plan_id: PlanId | None
    line: int
    state: str
    cause: str
    next_step: str
    op_id: OpId
    until: Instant | None = None


def parked(rows: Iterable[OutboxRow]) -> tuple[Parked, ...]:
    """Every write that is not done and not done with, of rows in the order in which they were added. What was refused
    again and again waits once, with its last cause."""
    every = tuple(rows)
    standing = {row.subject for row in every if row.state is not OutboxState.DEAD}
    last = {row.subject: row.op_id for row in every if row.state is OutboxState.DEAD and row.subject not in standing}
    return tuple(each for row in every for each in _parked(row, last))


def refused_count(rows: Iterable[OutboxRow]) -> int:
    """How many of them the other side refused, and nobody has done anything about yet."""
    return sum(each.state == REFUSED for each in parked(rows))


def _is_refused(row: OutboxRow, last: Mapping[str, OpId]) -> bool:
    """Whether a person has to do something about a write to which the other side said no."""
    return last.get(row.subject) == row.op_id and not (was_called_off(row) or was_dropped(row))


def _parked(row: OutboxRow, last: Mapping[str, OpId]) -> Iterator[Parked]:
    held = row.not_before is not None and row.not_before >= NEVER
    if _is_refused(row, last):
        yield _told(row, REFUSED, _PUT_RIGHT.format(row.op_id))
    elif row.state in (OutboxState.UNSURE, OutboxState.SENDING):
        yield _told(row, "held" if held else "unsure", how_it_ends(row))
    elif row.state is OutboxState.READY and row.fault:
        yield _told(row, "delayed", _GOES_ON)


def how_it_ends(row: OutboxRow) -> str:
    """What becomes of a write of which nobody knows whether it arrived."""
    if row.not_before is not None and row.not_before >= NEVER:
        return "It is held until you decide: undo its run again, which looks it up."
    return _UNSURE


def _told(row: OutboxRow, state: str, step: str) -> Parked:
    known = row.not_before is not None and row.not_before < NEVER
    return Parked(
        kind=row.kind,
        subject=row.subject,
        plan_id=row.plan_id,
        line=row.line,
        state=state,
        cause=row.fault or (NO_REASON if state == REFUSED else "The answer did not come."),
        next_step=step,
        until=row.not_before if known else None,
        op_id=row.op_id,
    )
