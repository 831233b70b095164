"""A clear no that says "changed meanwhile" loses no note: it is made again under a new request id, and stands once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.errors import Conflict
from tests.contract.quickbooks_room import Room, invoice_of, served
from tests.unit.quickbooks_ground import KEY, note_intent


def refuse(room: Room, times: int) -> None:
    for nth in range(1, times + 1):
        room.fault("POST", "*/attachable", "answer-before", "stale", nth=nth)


def test_a_note_that_was_told_twice_that_somebody_was_quicker_stands_once() -> None:
    with served() as room:
        books = room.connect()
        intent = replace(note_intent(), target=invoice_of(books, "INV-7").ref)
        refuse(room, 2)
        books.push_note(intent, KEY)
        [note] = room.held("Attachable")
        assert intent.text in str(note["Note"])
        assert len(books.find_notes(intent, KEY)) == 1


def test_after_three_noes_a_note_is_a_conflict_and_nothing_stands() -> None:
    with served() as room:
        books = room.connect()
        intent = replace(note_intent(), target=invoice_of(books, "INV-7").ref)
        refuse(room, 3)
        with pytest.raises(Conflict):
            books.push_note(intent, KEY)
        assert room.held("Attachable") == []
