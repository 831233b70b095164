"""Log a contact, push its note to where the invoice came from, list whom to contact today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from connector.app.books import LEASE_NAME
from connector.app.house import Desk, new_op_id
from connector.app.marks import stopped
from connector.app.payer_files import manners
from connector.collect.contacts import Said, write_down
from connector.collect.worklist import WorkItem, worklist
from connector.dates import BusinessDate, after, day_of, zone
from connector.errors import Refused, StoreLocked, UnknownRecord, VendorError
from connector.model.contact import Contact, ContactId, Note, NoteId
from connector.model.firm import NotesMode
from connector.model.intent import IntentKind, PushNote
from connector.model.source import Kind, OpId, Ref
from connector.notes import render, render_status
from connector.ports import NoteBoard, NoteLimits
from connector.post import Posted, post
from connector.store import OutboxRow, OutboxState

CLOCKS_DIFFER_SECONDS = 300
"""How far ahead of this computer's clock the moment of a contact may lie."""


def draft(desk: Desk, invoice: str, said: Said) -> Contact:
    """The contact as it would be written down, with everything the connector knows filled in. Nothing is stored."""
    if said.at > after(desk.clock.now(), CLOCKS_DIFFER_SECONDS):
        raise Refused("A contact cannot be written down before it is made.", next_step="Correct --at.")
    contact_id = ContactId(f"c-{new_op_id()[:10].lower()}")
    ref = desk.invoice(invoice)
    contact = write_down(said, contact_id=contact_id, company=desk.id, invoice=ref, snapshot=desk.snapshot())
    if said.supersedes is not None and not any(
        said.supersedes == each.contact_id for each in desk.store.contacts(desk.id, invoice=ref)
    ):
        raise UnknownRecord(
            f"There is no contact {said.supersedes} about this invoice.", next_step="See: receivables contacts"
        )
    return contact


def notes_for(desk: Desk, contact: Contact) -> tuple[PushNote, ...]:
    """The note or notes that would be pushed, exactly as they would read there; empty where notes cannot go."""
    connection = desk.store.connection(desk.id, contact.invoice.connection)
    if desk.company.notes is NotesMode.OFF or not connection.writes_allowed:
        return ()
    board = desk.adapter(connection)
    if not isinstance(board, NoteBoard):
        return ()
    limits = board.note_limits()
    return tuple(
        PushNote(
            target=target,
            text=text,
            part=number,
            parts=len(parts),
            reference=contact.contact_id,
            written_at=contact.at,
            count=place,
        )
        for target in board.note_targets(contact.invoice, contact.customer)
        for place, is_latest in (_place_of(desk, contact, target),)
        for parts in (_parts(desk, contact, target, limits, is_latest=is_latest),)
        for number, text in enumerate(parts, start=1)
    )


def _parts(desk: Desk, contact: Contact, target: Ref, limits: NoteLimits, *, is_latest: bool) -> tuple[str, ...]:
    """What would stand on that record; nothing where only the latest stands and this one is overtaken, or where only a
    status may stand and the company does not want it."""
    if target.kind is Kind.CUSTOMER and limits.status_max is not None:
        wanted = desk.company.status_on_customer and is_latest
        return (render_status(contact, limits.status_max),) if wanted else ()
    return render(contact, limits) if limits.parts or is_latest else ()


def _place_of(desk: Desk, contact: Contact, target: Ref) -> tuple[int, bool]:
    """Which of the contacts of the record a note stands on this one is, and whether it is the latest of them: a
    customer's are those of all its invoices. One that is not stored yet comes last."""
    if target.kind is Kind.CUSTOMER:
        newest_first = desk.store.contacts(desk.id, customer=target)
    else:
        newest_first = desk.store.contacts(desk.id, invoice=target)
    ids = [each.contact_id for each in newest_first]
    if contact.contact_id not in ids:
        return len(ids) + 1, True
    newer = ids.index(contact.contact_id)
    return len(ids) - newer, newer == 0


def unpushed(desk: Desk) -> tuple[tuple[Contact, tuple[PushNote, ...]], ...]:
    """The contacts of which nothing was pushed, with the notes that would be pushed of them now; the oldest first."""
    pushed = {note.contact_id for note in desk.store.notes(desk.id)}
    left = [contact for contact in reversed(desk.store.contacts(desk.id)) if contact.contact_id not in pushed]
    return tuple((contact, notes) for contact in left if (notes := notes_for(desk, contact)))


def push_later(
    desk: Desk, left: Sequence[tuple[Contact, Sequence[PushNote]]], on_row: Callable[[OutboxRow], None]
) -> Posted:
    """Push the notes of contacts that were written down before, each once, however often this is run."""
    wanted = [(contact, note, _row(desk, contact, note)) for contact, notes in left for note in notes]
    desk.store.outbox_add([row for _, _, row in wanted])
    subjects = {row.subject for _, _, row in wanted}
    known = {row.subject: row for row in desk.store.outbox(desk.id) if row.subject in subjects}
    for contact, note, row in wanted:
        desk.store.add_note(desk.id, _kept(contact, note, known[row.subject]))
    return push_kept(desk, list(known.values()), on_row)


def log_contact(desk: Desk, contact: Contact, notes: Sequence[PushNote], on_row: Callable[[OutboxRow], None]) -> Posted:
    """Store the contact and its notes' rows together, then push the notes, each once.

    Once the contact is stored nothing about its notes is a fault of the call: one that cannot be pushed now is waiting,
    and goes with the next command that writes. The answer tells of this contact's own notes only.
    """
    rows = keep_contact(desk, contact, notes)
    desk.house.boundary("log.contact-stored")
    return push_kept(desk, rows, on_row)


def keep_contact(desk: Desk, contact: Contact, notes: Sequence[PushNote]) -> list[OutboxRow]:
    """Store the contact and its notes' rows together; nothing is sent."""
    rows = [_row(desk, contact, note) for note in notes]
    kept = [_kept(contact, note, row) for row, note in zip(rows, notes, strict=True)]
    desk.store.add_contact(contact, rows=rows, notes=kept)
    return rows


def _kept(contact: Contact, note: PushNote, row: OutboxRow) -> Note:
    return Note(
        note_id=NoteId(f"{contact.contact_id}-{row.op_id[:6].lower()}"),
        contact_id=contact.contact_id,
        target=note.target,
        part=note.part,
        parts=note.parts,
        text=note.text,
        op_id=row.op_id,
    )


def push_kept(desk: Desk, rows: Sequence[OutboxRow], on_row: Callable[[OutboxRow], None]) -> Posted:
    """Carry out these rows, and the notes that an earlier command could not push."""
    if not rows:
        return Posted(done=[], waiting=[], dead=[])
    waiting = desk.store.outbox(desk.id, states=(OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE))
    own: frozenset[OpId] = frozenset(row.op_id for row in waiting if row.kind is IntentKind.NOTE)
    why = stopped(desk.store, desk.id)
    if why:
        return _became(desk, rows, why)
    try:
        with desk.lease(LEASE_NAME) as lease:
            post(desk.tools(on_row), desk.id, lease, only=own)
    except (VendorError, StoreLocked) as fault:
        why = fault.sentence
    return _became(desk, rows, why)


def _became(desk: Desk, rows: Sequence[OutboxRow], why: str) -> Posted:
    """What became of these rows; `why` is the fault that ended the pushing, if one did."""
    now = [desk.store.outbox_row(desk.id, row.op_id) for row in rows]
    return Posted(
        done=[row for row in now if row.state is OutboxState.DONE],
        waiting=[
            replace(row, fault=row.fault or why) for row in now if row.state not in (OutboxState.DONE, OutboxState.DEAD)
        ],
        dead=[row for row in now if row.state is OutboxState.DEAD],
    )


def _row(desk: Desk, contact: Contact, note: PushNote) -> OutboxRow:
    return OutboxRow(
        op_id=new_op_id(),
        company_id=desk.id,
        connection_id=note.target.connection,
        kind=IntentKind.NOTE,
        subject=f"note:{contact.contact_id}:{note.target}:{note.part}",
        intent=note,
        actor=desk.actor,
    )


def today(desk: Desk, as_of: BusinessDate | None = None) -> tuple[WorkItem, ...]:
    """Every invoice past its terms, those to contact first; on another day, with the contacts made until then."""
    day = as_of or desk.today
    by_invoice: dict[Ref, list[Contact]] = {}
    for contact in desk.store.contacts(desk.id):
        if day_of(contact.at, zone(contact.zone)) <= day:
            by_invoice.setdefault(contact.invoice, []).append(contact)
    return worklist(desk.snapshot(), by_invoice, day, manners(desk))
