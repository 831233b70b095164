"""Collection notes on a company's invoices."""

from __future__ import annotations

from adapters.quickbooks import translate, wire
from adapters.quickbooks.calls import Room
from connector.model.intent import PushNote, WriteKey, Written
from connector.model.source import Ref
from connector.ports import NoteLimits


class Board(Room):
    """NoteBoard."""

    def note_limits(self) -> NoteLimits:
        return NoteLimits(characters_max=translate.NOTE_CHARACTERS_MAX - translate.NOTE_ROOM_FOR_STAMP, parts=True)

    def note_targets(self, invoice: Ref, customer: Ref | None) -> tuple[Ref, ...]:  # noqa: ARG002 - the port's shape
        return (invoice,)

    def push_note(self, intent: PushNote, key: WriteKey) -> Written:
        def read(answer: bytes) -> Written:
            return translate.written_note(wire.single(answer, wire.Attachable).row, intent.target)

        return self._calls.create("Attachable", translate.note(intent, key), key, read)

    def find_notes(self, intent: PushNote, key: WriteKey) -> tuple[Written, ...]:
        target = translate.quoted(intent.target.vendor_id)
        where = f"AttachableRef.EntityRef.Type = 'Invoice' AND AttachableRef.EntityRef.Value = {target}"
        found = self._calls.every(wire.Attachable, where)
        return tuple(translate.written_note(row, intent.target) for row in found if translate.carries(row.note, key))
