"""The plans that are stored: what became of each, and who approved it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from connector.app.approving import Consent, consent
from connector.app.books import read_plan
from connector.app.calling_off import was_called_off
from connector.app.house import Desk
from connector.model.intent import VoidPosting
from connector.plan import Plan
from connector.store import OutboxRow, OutboxState


class PlanState(StrEnum):
    """How far a plan has come. PARTLY: some of its lines were refused, left out, or are not certain yet."""

    MADE = "made"
    APPROVED = "approved"
    PARTLY = "applied in part"
    APPLIED = "applied"
    UNDONE_PARTLY = "undone in part"
    UNDONE = "undone"
    EMPTY = "nothing to write"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStanding:
    """One stored plan. `written`, `waiting`, `refused` and `taken_back` count its lines; `elsewhere` those whose entry
    another plan has written or is writing; the rest were never stored to be sent, or were called off before."""

    plan: Plan
    state: PlanState
    consent: Consent
    written: int
    waiting: int
    refused: int
    taken_back: int
    elsewhere: int


class Plans:
    """What the outbox says of all plans, read once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        rows = desk.store.outbox(desk.id)
        self._by_op = {row.op_id: row for row in rows}
        self._by_subject = {row.subject: row for row in rows if row.state is not OutboxState.DEAD}
        self._back = {
            row.intent.stamp for row in rows if isinstance(row.intent, VoidPosting) and row.state is OutboxState.DONE
        }

    def latest(self, most: int | None) -> Iterator[PlanStanding]:
        """The stored plans, the last made first."""
        for plan_id, body in self._desk.store.plans(self._desk.id, most=most):
            yield self.of(read_plan(plan_id, body))

    def of(self, made: Plan) -> PlanStanding:
        """How one of them stands."""
        own = [self._by_op[line.op_id] for line in made.lines if line.op_id in self._by_op]
        states = Counter(row.state for row in own)
        taken_back = sum(self._is_back(row) for row in own) if not made.undoes else 0
        others = sum(line.op_id not in self._by_op and line.subject in self._by_subject for line in made.lines)
        agreed = consent(self._desk, made)
        return PlanStanding(
            plan=made,
            state=_state(len(made.lines), states[OutboxState.DONE], len(own), taken_back, approved=bool(agreed.given)),
            consent=agreed,
            written=states[OutboxState.DONE],
            waiting=states[OutboxState.READY] + states[OutboxState.SENDING] + states[OutboxState.UNSURE],
            refused=states[OutboxState.DEAD] - sum(was_called_off(row) for row in own),
            taken_back=taken_back,
            elsewhere=others,
        )

    def _is_back(self, row: OutboxRow) -> bool:
        return row.state is OutboxState.DONE and row.op_id in self._back


def _state(lines: int, done: int, stored: int, taken_back: int, *, approved: bool) -> PlanState:
    if not lines:
        return PlanState.EMPTY
    if taken_back:
        return PlanState.UNDONE if taken_back == done else PlanState.UNDONE_PARTLY
    if done == lines:
        return PlanState.APPLIED
    if stored:
        return PlanState.PARTLY
    return PlanState.APPROVED if approved else PlanState.MADE
