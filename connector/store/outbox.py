"""The outbox: what we want outside systems to hold, written down before it is sent, and what became of each.

A row moves only along the table below, each move in one transaction with its journal entry. A row found `sending` by
somebody who did not send it is unsure: it may have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from connector.dates import Instant
from connector.errors import Refused, UnknownRecord
from connector.model.intent import SHAPES, IntentKind, Written
from connector.model.source import ActorId, CompanyId, ConnectionId, OpId, PlanId, Ref
from connector.store import tables
from connector.store.database import Texts, is_one_of
from connector.store.journal import Desk, Scribe, from_micros, micros, read_back, text_of
from connector.store.rows import PROGRAM, Author, Lease, OutboxRow, OutboxState

OUTBOX = "outbox"
"""The kind of the journal entries of this file."""


class OutboxEvent(StrEnum):
    """What can happen to a row."""

    ADD = "add"
    SEND = "send"
    CONFIRM = "confirm"
    DOUBT = "doubt"
    POSTPONE = "postpone"
    POSTPONE_DOUBTED = "postpone-doubted"
    REPEAT = "repeat"
    BURY = "bury"
    DISMISS = "dismiss"


MOVES: dict[tuple[OutboxState, OutboxEvent], OutboxState] = {
    (OutboxState.READY, OutboxEvent.SEND): OutboxState.SENDING,
    (OutboxState.READY, OutboxEvent.BURY): OutboxState.DEAD,
    (OutboxState.SENDING, OutboxEvent.CONFIRM): OutboxState.DONE,
    (OutboxState.SENDING, OutboxEvent.DOUBT): OutboxState.UNSURE,
    (OutboxState.SENDING, OutboxEvent.POSTPONE): OutboxState.READY,
    (OutboxState.SENDING, OutboxEvent.POSTPONE_DOUBTED): OutboxState.UNSURE,
    (OutboxState.SENDING, OutboxEvent.BURY): OutboxState.DEAD,
    (OutboxState.UNSURE, OutboxEvent.SEND): OutboxState.SENDING,
    (OutboxState.UNSURE, OutboxEvent.CONFIRM): OutboxState.DONE,
    (OutboxState.UNSURE, OutboxEvent.DOUBT): OutboxState.UNSURE,
    (OutboxState.UNSURE, OutboxEvent.REPEAT): OutboxState.UNSURE,
    (OutboxState.UNSURE, OutboxEvent.BURY): OutboxState.DEAD,
    (OutboxState.READY, OutboxEvent.REPEAT): OutboxState.READY,
    (OutboxState.SENDING, OutboxEvent.REPEAT): OutboxState.SENDING,
    (OutboxState.DEAD, OutboxEvent.DISMISS): OutboxState.DEAD,
}
"""Every move of a row there is; what is absent is refused. A new row is READY."""

_OUTBOX = tables.outbox.c
_NOT_DONE = tuple(state.value for state in OutboxState if state is not OutboxState.DONE)
_LAST = select(func.coalesce(func.max(_OUTBOX.number), 0)).where(_OUTBOX.company_id == bindparam("company"))
_ROW = select(tables.outbox).where(_OUTBOX.company_id == bindparam("company"), _OUTBOX.op_id == bindparam("op"))
_ALL = select(tables.outbox).where(_OUTBOX.company_id == bindparam("company")).order_by(_OUTBOX.number)
_IN_STATES = _ALL.where(_OUTBOX.state.in_(bindparam("states", expanding=True)))
_KNOWN = select(_OUTBOX.op_id, _OUTBOX.subject, _OUTBOX.state).where(
    _OUTBOX.company_id == bindparam("company"),
    or_(
        is_one_of(_OUTBOX.op_id, bindparam("ids", type_=Texts())),
        is_one_of(_OUTBOX.subject, bindparam("subjects", type_=Texts())),
    ),
)


class Outbox(Desk):
    """Writes to outside systems, from wish to certainty."""

    def outbox_add(self, rows: Sequence[OutboxRow]) -> tuple[OpId, ...]:
        """Store new rows; those whose op id or (not dead) subject is there already are skipped. Returns the added."""
        added: list[OpId] = []
        for company in sorted({row.company_id for row in rows}):
            mine = [row for row in rows if row.company_id == company]
            with self._writing(Author(company, mine[0].actor)) as scribe:
                fresh = add_rows(scribe, mine)
            added.extend(row.op_id for row in fresh)
        return tuple(added)

    def outbox_row(self, company: CompanyId, op_id: OpId) -> OutboxRow:
        """UnknownRecord when there is none of that id."""
        with self._database.read() as tx:
            found = tx.execute(_ROW, {"company": company, "op": op_id}).one_or_none()
        if found is None:
            raise _unknown_op(op_id)
        return _row(found)

    def outbox(
        self,
        company: CompanyId,
        states: Collection[OutboxState] | None = None,
        plan_id: PlanId | None = None,
        kind: IntentKind | None = None,
    ) -> tuple[OutboxRow, ...]:
        """Rows in the order in which they were added."""
        wanted = _ALL if states is None else _IN_STATES
        asked = {"company": company, "states": [each.value for each in states or ()]}
        if plan_id is not None:
            wanted = wanted.where(_OUTBOX.plan_id == plan_id)
        if kind is not None:
            wanted = wanted.where(_OUTBOX.kind == kind.value)
        with self._database.read() as tx:
            return tuple(_row(found) for found in tx.execute(wanted, asked))

    def outbox_left(self, company: CompanyId) -> tuple[OutboxRow, ...]:
        """The rows that are not done, and those of the done ones that stand for the same thing as a dead one."""
        dead = select(_OUTBOX.subject).where(_OUTBOX.company_id == company, _OUTBOX.state == OutboxState.DEAD.value)
        wanted = (
            select(tables.outbox)
            .where(
                _OUTBOX.company_id == company,
                or_(_OUTBOX.state.in_(_NOT_DONE), _OUTBOX.subject.in_(dead)),
            )
            .order_by(_OUTBOX.number)
        )
        with self._database.read() as tx:
            return tuple(_row(found) for found in tx.execute(wanted))

    def outbox_counts(self, company: CompanyId) -> dict[OutboxState, int]:
        """How many rows there are in each state."""
        wanted = select(_OUTBOX.state, func.count()).where(_OUTBOX.company_id == company).group_by(_OUTBOX.state)
        with self._database.read() as tx:
            found = {OutboxState(state): number for state, number in tx.execute(wanted)}
        return {state: found.get(state, 0) for state in OutboxState}

    def outbox_answers(self, company: CompanyId, op_ids: Collection[OpId]) -> dict[OpId, Ref]:
        """Of these, what each became on the other side, where that is known."""
        wanted = select(_OUTBOX.op_id, _OUTBOX.answer).where(
            _OUTBOX.company_id == company,
            _OUTBOX.answer.is_not(None),
            is_one_of(_OUTBOX.op_id, bindparam("ids", type_=Texts())),
        )
        with self._database.read() as tx:
            found = tx.execute(wanted, {"ids": sorted(op_ids)}).all()
        return {OpId(row.op_id): read_back(row.answer, Written).ref for row in found}

    def outbox_sending(self, company: CompanyId, op_id: OpId, lease: Lease | None) -> OutboxRow:
        """About to be sent: stored before the call is made."""
        now = self._clock.now()
        return self._move(
            company, op_id, lease, lambda _: OutboxEvent.SEND,
            lambda row: replace(
                row, tries=row.tries + 1, tried_at=now, keyed_at=row.keyed_at or now, not_before=None, fault=""
            ),
        )  # fmt: skip

    def outbox_done(self, company: CompanyId, op_id: OpId, answer: Written, lease: Lease | None) -> OutboxRow:
        """The other side holds it, as it says itself."""
        return self._move(
            company, op_id, lease, lambda _: OutboxEvent.CONFIRM,
            lambda row: replace(row, answer=answer, fault="", not_before=None, doubted_at=None),
        )  # fmt: skip

    def outbox_unsure(
        self, company: CompanyId, op_id: OpId, fault: str, not_before: Instant | None, lease: Lease | None
    ) -> OutboxRow:
        """It may have happened. `not_before` is when it may be repeated, should a look then not find it."""

        def doubted(row: OutboxRow) -> OutboxRow:
            since = row.tried_at if row.state is OutboxState.SENDING else row.doubted_at
            return replace(row, fault=fault, not_before=not_before, doubted_at=since)

        return self._move(company, op_id, lease, lambda _: OutboxEvent.DOUBT, doubted)

    def outbox_postponed(
        self, company: CompanyId, op_id: OpId, fault: str, not_before: Instant | None, lease: Lease | None
    ) -> OutboxRow:
        """This try surely did not happen. Back to ready, or to unsure when an earlier one is still in doubt."""
        return self._move(
            company, op_id, lease,
            lambda row: OutboxEvent.POSTPONE if row.doubted_at is None else OutboxEvent.POSTPONE_DOUBTED,
            lambda row: replace(row, fault=fault, not_before=not_before),
        )  # fmt: skip

    def outbox_dead(self, company: CompanyId, op_id: OpId, fault: str, lease: Lease | None) -> OutboxRow:
        """The other side refused for good, or a person called it off."""
        return self._move(
            company, op_id, lease, lambda _: OutboxEvent.BURY,
            lambda row: replace(row, fault=fault, not_before=None),
        )  # fmt: skip

    def outbox_dismissed(self, company: CompanyId, op_id: OpId, word: str) -> OutboxRow:
        """A person has looked at a dead one; `word` is what became of it, and stands before what was wrong."""
        return self._move(
            company, op_id, None, lambda _: OutboxEvent.DISMISS,
            lambda row: replace(row, fault=f"{word} {row.fault}".rstrip()),
        )  # fmt: skip

    def outbox_repeat(self, company: CompanyId, op_id: OpId, lease: Lease | None = None) -> OutboxRow:
        """The vendor's key is spent: the next try uses a new suffix. The marker inside the object stays."""
        return self._move(
            company,
            op_id,
            lease,
            lambda _: OutboxEvent.REPEAT,
            lambda row: replace(row, repeat=row.repeat + 1, keyed_at=None),
        )

    def _move(
        self,
        company: CompanyId,
        op_id: OpId,
        lease: Lease | None,
        happens: Callable[[OutboxRow], OutboxEvent],
        becomes: Callable[[OutboxRow], OutboxRow],
    ) -> OutboxRow:
        with self._writing(Author(company, PROGRAM, None, lease)) as scribe:
            found = scribe.tx.execute(_ROW, {"company": company, "op": op_id}).one_or_none()
            if found is None:
                raise _unknown_op(op_id)
            row = _row(found)
            event = happens(row)
            state = MOVES.get((row.state, event))
            if state is None:
                raise Refused(f"The write {op_id} is {row.state}; {event} is not possible then.")
            moved = replace(becomes(row), state=state)
            scribe.keep(tables.outbox, [_columns(moved, found.number)])
            scribe.write(OUTBOX, {"op_id": op_id, "event": event, "row": moved})
        return moved


def add_rows(scribe: Scribe, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Store those that are new, with whatever else the transaction holds; returns them."""
    fresh = _fresh(scribe, rows) if rows else []
    if fresh:
        last = scribe.tx.execute(_LAST, {"company": scribe.company}).scalar_one()
        scribe.keep(tables.outbox, [_columns(row, last + place) for place, row in enumerate(fresh, 1)])
        scribe.write(OUTBOX, {"event": OutboxEvent.ADD, "rows": fresh})
    return fresh


def _fresh(scribe: Scribe, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    known = scribe.tx.execute(
        _KNOWN,
        {"company": scribe.company, "ids": [row.op_id for row in rows], "subjects": [row.subject for row in rows]},
    ).all()
    ids = {found.op_id for found in known}
    subjects = {found.subject for found in known if found.state != OutboxState.DEAD}
    fresh: list[OutboxRow] = []
    for row in rows:
        if row.op_id not in ids and row.subject not in subjects:
            ids.add(row.op_id)
            subjects.add(row.subject)
            fresh.append(row)
    return fresh


def _columns(row: OutboxRow, number: int) -> dict[str, Any]:
    return {
        "op_id": row.op_id,
        "number": number,
        "connection_id": row.connection_id,
        "kind": row.kind.value,
        "subject": row.subject,
        "intent": text_of(row.intent),
        "state": row.state.value,
        "tries": row.tries,
        "repeat": row.repeat,
        "tried_at": _stored(row.tried_at),
        "keyed_at": _stored(row.keyed_at),
        "doubted_at": _stored(row.doubted_at),
        "not_before": _stored(row.not_before),
        "answer": None if row.answer is None else text_of(row.answer),
        "fault": row.fault,
        "plan_id": row.plan_id,
        "line": row.line,
        "actor_id": row.actor,
    }


def _row(found: Any) -> OutboxRow:
    kind = IntentKind(found.kind)
    return OutboxRow(
        op_id=OpId(found.op_id),
        company_id=CompanyId(found.company_id),
        connection_id=ConnectionId(found.connection_id),
        kind=kind,
        subject=found.subject,
        intent=read_back(found.intent, SHAPES[kind]),
        state=OutboxState(found.state),
        tries=found.tries,
        repeat=found.repeat,
        tried_at=_meant(found.tried_at),
        keyed_at=_meant(found.keyed_at),
        doubted_at=_meant(found.doubted_at),
        not_before=_meant(found.not_before),
        answer=None if found.answer is None else read_back(found.answer, Written),
        fault=found.fault,
        plan_id=None if found.plan_id is None else PlanId(found.plan_id),
        line=found.line,
        actor=ActorId(found.actor_id),
    )


def _stored(moment: Instant | None) -> int | None:
    return None if moment is None else micros(moment)


def _meant(stored: int | None) -> Instant | None:
    return None if stored is None else from_micros(stored)


def _unknown_op(op_id: OpId) -> UnknownRecord:
    return UnknownRecord(f"There is no write {op_id} in the outbox.")
