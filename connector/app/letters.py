"""Writes that the other side refused: each waits with its cause, until a person says try again, or let it be.

Neither sends anything itself. What is tried again is planned anew and goes the way of everything else; what is dropped
is not tried by itself any more, and its money stays listed as what it is.
"""

from __future__ import annotations

from dataclasses import replace

from connector.app.calling_off import CALLED_OFF, DROPPED
from connector.app.house import Desk, new_op_id
from connector.app.parked import REFUSED, Parked, parked
from connector.errors import Refused, UnknownRecord
from connector.model.intent import Posting, PushNote
from connector.model.source import OpId
from connector.store import OutboxRow, OutboxState

ASKED_AGAIN = "a refused write shall be tried again"


def letters(desk: Desk) -> tuple[Parked, ...]:
    """Every write that was refused and waits for a person, the oldest first."""
    return tuple(each for each in parked(desk.store.outbox_left(desk.id)) if each.state == REFUSED)


def retry(desk: Desk, op_id: OpId) -> str:
    """Try it again: a note is sent with the next writing, an entry stands in the next plan. A sentence that says so.
    UnknownRecord when no such letter waits; Refused for what can only be begun anew."""
    row = _waiting(desk, op_id)
    if not isinstance(row.intent, Posting | PushNote):
        raise Refused(f"The {row.kind} can only be begun anew.", next_step=f"Or: receivables letters drop {op_id}")
    if isinstance(row.intent, PushNote):
        # Before the old one is let go: whoever is killed between the two asks again, and it is added once.
        desk.store.outbox_add([replace(_blank(row), op_id=new_op_id(), actor=desk.actor)])
        said = "The note is sent again with the next `receivables notes push`, or the next turn."
    else:
        said = "It stands in the next plan again: receivables plan"
    desk.store.outbox_dismissed(desk.id, op_id, f"{CALLED_OFF}{desk.actor} wants it tried again.")
    if desk.company.autosync.on:
        desk.store.wake(desk.id, ASKED_AGAIN)
    return said


def drop(desk: Desk, op_id: OpId) -> str:
    """Let it be: nobody is told of it any more. A sentence that says what stays. UnknownRecord when none such waits."""
    row = _waiting(desk, op_id)
    desk.store.outbox_dismissed(desk.id, op_id, f"{DROPPED}{desk.actor} let it be.")
    if isinstance(row.intent, Posting):
        return f"It is not tried by itself any more; {row.intent.about.vendor_id} stays listed until it is settled."
    return "It is not tried any more."


def _waiting(desk: Desk, op_id: OpId) -> OutboxRow:
    known = {each.op_id for each in letters(desk)}
    if op_id not in known:
        raise UnknownRecord(f"No refused write {op_id[:40]!r} waits.", next_step="See: receivables letters")
    return desk.store.outbox_row(desk.id, op_id)


def _blank(row: OutboxRow) -> OutboxRow:
    """The same wish, of which nothing was ever sent."""
    return OutboxRow(
        op_id=row.op_id,
        company_id=row.company_id,
        connection_id=row.connection_id,
        kind=row.kind,
        subject=row.subject,
        intent=row.intent,
        state=OutboxState.READY,
    )
