"""Log a contact, push its note to where the invoice came from, list whom to contact today."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connector.app.books import LEASE_NAME
from connector.app.house import Desk, new_op_id
from connector.collect.contacts import Said, write_down
from connector.collect.worklist import WorkItem, worklist
from connector.dates import BusinessDate
from connector.errors import UnknownRecord
from connector.model.contact import Contact, ContactId, Note, NoteId
from connector.model.firm import NotesMode
from connector.model.intent import IntentKind, PushNote
from connector.model.source import OpId, Ref
from connector.notes import render
from connector.ports import NoteBoard
from connector.post import Posted, post
from connector.store import OutboxRow, OutboxState


def draft(desk: Desk, invoice: str, said: Said) -> Contact:
    """The contact as it would be written down, with everything the connector knows filled in. Nothing is stored."""
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
    parts = render(contact, board.note_limits())
    count = len(desk.store.contacts(desk.id, invoice=contact.invoice)) + 1
    return tuple(
        PushNote(
            target=target,
            text=text,
            part=number,
            parts=len(parts),
            reference=contact.contact_id,
            written_at=contact.at,
            count=count,
        )
        for target in board.note_targets(contact.invoice, contact.customer)
        for number, text in enumerate(parts, start=1)
    )


def log_contact(desk: Desk, contact: Contact, notes: Sequence[PushNote], on_row: Callable[[OutboxRow], None]) -> Posted:
    """Store the contact and its notes' rows together, then push the notes, each once."""
    rows = [_row(desk, contact, note) for note in notes]
    kept = [
        Note(
            note_id=NoteId(f"{contact.contact_id}-{row.op_id[:6].lower()}"),
            contact_id=contact.contact_id,
            target=note.target,
            part=note.part,
            parts=note.parts,
            text=note.text,
            op_id=row.op_id,
        )
        for row, note in zip(rows, notes, strict=True)
    ]
    desk.store.add_contact(contact, rows=rows, notes=kept)
    desk.house.boundary("log.contact-stored")
    if not rows:
        return Posted(done=[], waiting=[], dead=[])
    # Notes that an earlier command could not push go along.
    waiting = desk.store.outbox(desk.id, states=(OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE))
    own: frozenset[OpId] = frozenset(row.op_id for row in waiting if row.kind is IntentKind.NOTE)
    with desk.lease(LEASE_NAME) as lease:
        return post(desk.tools(on_row), desk.id, lease, only=own)


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
    """Every invoice past its terms, those to contact first."""
    by_invoice: dict[Ref, list[Contact]] = {}
    for contact in desk.store.contacts(desk.id):
        by_invoice.setdefault(contact.invoice, []).append(contact)
    return worklist(desk.snapshot(), by_invoice, as_of or desk.today)
