"""The latest status in a customer's notes: human text stays byte for byte, and where anything is odd we step back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.quickbooks import standin, status
from connector.errors import NotFound, OutcomeUnknown, Refused, Unreachable
from connector.model.intent import PushNote, WriteKey
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.testing.standin import Answer, Call, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import (
    REALM,
    WORLD,
    Room,
    behind_our_back,
    everything,
    inspect,
    invoice_of,
)
from tests.unit.quickbooks_ground import BOOKS, KEY, note_intent

SAYS = "2026-04-06 · dana · phone · promise\nInvoice INV-7: open 70.00 USD, 6 days overdue.\nSaid: “Friday” 😀"
LATER = WriteKey(op_id=OpId("BBBBBBBBBBBBBBBBBBBB"))
CUSTOMER = f"/v3/company/{REALM}/customer"


class Meddler:
    """Hears what is written to customers; and as often as it is told, writes into a customer's notes as soon as
    somebody has read them."""

    def __init__(self) -> None:
        self.room: Room | None = None
        self.times = 0
        self.wrote = ""
        self.heard: list[bytes] = []
        self.request_ids: list[str] = []

    def __call__(self, call: Call, _answer: Answer) -> list[str]:
        if call.method == "POST" and call.path == CUSTOMER:
            self.heard.append(call.body)
            self.request_ids.append(call.first("requestid"))
        if call.method == "GET" and call.path.startswith(f"{CUSTOMER}/") and self.times and self.room is not None:
            self.times -= 1
            self.wrote += f"edit {self.times}\n"
            self.room.server.stand_in.answer(_edit(self.room, self.wrote))
        return []


@pytest.fixture
def meddler() -> Meddler:
    return Meddler()


@pytest.fixture
def room(meddler: Meddler) -> Iterator[Room]:
    clock = FakeClock("2026-04-06T12:00:00Z")
    with Server(standin.build(parse(WORLD), clock=clock), inspectors=(inspect, meddler)) as server:
        meddler.room = Room(server, clock)
        yield meddler.room
    assert server.problems == []


def acme(room: Room) -> dict[str, Any]:
    """The customer as the books hold it."""
    return next(each for each in room.held("Customer") if each["DisplayName"] == "Acme")


def intent_for(room: Room, says: str = SAYS, count: int = 1) -> PushNote:
    target = Ref(BOOKS, Kind.CUSTOMER, str(acme(room)["Id"]))
    return replace(note_intent(says), target=target, count=count)


def typed_by_a_person(room: Room, notes: str) -> None:
    """Somebody writes into the notes of the customer in QuickBooks itself."""
    room.connect().preferences()
    assert room.server.stand_in.answer(_edit(room, notes)).status == 200


def _edit(room: Room, notes: str) -> Call:
    held = acme(room)
    body = {"Id": held["Id"], "SyncToken": held["SyncToken"], "sparse": True, "Notes": notes}
    return behind_our_back(room, CUSTOMER, json.dumps(body).encode())


@pytest.mark.req("Q35")
def test_the_status_stands_between_two_lines_and_what_people_wrote_around_it_stays_byte_for_byte(room: Room) -> None:
    before, after = "Ask for Jo —\r\n  mornings only 😀\n\n", "\nDo not call on Fridays.\t "
    books = room.connect()
    typed_by_a_person(room, before)
    pushed = books.push_note(intent_for(room), KEY)
    assert (pushed.text, pushed.ref) == (SAYS, intent_for(room).target)
    typed_by_a_person(room, acme(room)["Notes"] + after)
    books.push_note(intent_for(room, "The second status.", count=2), LATER)
    notes = acme(room)["Notes"]
    assert notes.startswith(before + status.BEGIN + "\nThe second status.\n")
    assert notes.endswith("\n" + status.END + after)
    assert SAYS not in notes


@pytest.mark.req("Q31")
def test_a_status_changes_no_transaction_and_of_the_customer_only_the_notes(room: Room, meddler: Meddler) -> None:
    books = room.connect()
    kept = {"Notes", "SyncToken", "MetaData"}
    before = {one.ref: one.raw for one in everything(books) if one.ref.kind is not Kind.CUSTOMER}
    person = {name: value for name, value in acme(room).items() if name not in kept}
    books.push_note(intent_for(room), KEY)
    assert {one.ref: one.raw for one in everything(books) if one.ref.kind is not Kind.CUSTOMER} == before
    assert {name: value for name, value in acme(room).items() if name not in kept} == person
    (sent,) = meddler.heard
    assert json.loads(sent).keys() == {"Id", "SyncToken", "sparse", "Notes"}


def test_a_status_pushed_twice_or_after_a_lost_answer_stands_once(room: Room, meddler: Meddler) -> None:
    books = room.connect()
    assert books.find_notes(intent_for(room), KEY) == ()
    room.fault("POST", "*/customer", "drop-after")
    with pytest.raises(OutcomeUnknown):
        books.push_note(intent_for(room), KEY)
    (found,) = books.find_notes(intent_for(room), KEY)
    assert books.push_note(intent_for(room), KEY) == found
    assert len(meddler.heard) == 1
    assert acme(room)["Notes"].count(status.BEGIN) == 1
    assert books.find_notes(intent_for(room), LATER) == ()


def test_an_older_status_never_takes_the_place_of_a_newer_one(room: Room) -> None:
    books = room.connect()
    books.push_note(intent_for(room, "newer", count=7), LATER)
    held = acme(room)["Notes"]
    with pytest.raises(Refused, match="newer status"):
        books.push_note(intent_for(room, "older", count=6), KEY)
    assert acme(room)["Notes"] == held


ODD = {
    "a full field": ("x" * 900, "too full"),
    "only the first line": (f"Hello\n{status.BEGIN}\nx", "broken"),
    "only the last line": (f"Hello\n{status.END}", "broken"),
    "the lines the wrong way round": (f"{status.END}\nx\n{status.BEGIN}", "broken"),
    "a line that somebody wrote on": (f"{status.BEGIN} call Jo\nx\n{status.END}", "broken"),
    "a block without its signature": (f"{status.BEGIN}\nx\n{status.END}", "broken"),
}


@pytest.mark.req("Q35")
@pytest.mark.parametrize("what", ODD)
def test_where_there_is_no_room_or_the_lines_are_broken_nothing_is_written_and_a_sentence_says_why(
    room: Room, what: str
) -> None:
    notes, why = ODD[what]
    typed_by_a_person(room, notes)
    with pytest.raises(Refused, match=why) as refusal:
        room.connect().push_note(intent_for(room, "y" * 200), KEY)
    assert refusal.value.next_step
    assert acme(room)["Notes"] == notes
    assert room.connect().find_notes(intent_for(room), KEY) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("open 70.00", "open 7.00", id="an amount was changed"),
        pytest.param(SAYS, SAYS + "\nPaid by cheque, call off!", id="a person added a line"),
        pytest.param(status.BEGIN, f"{status.BEGIN}\n{status.BEGIN}", id="the first line is there twice"),
        pytest.param(status.END, "--- receivables", id="the last line was cut"),
        pytest.param("receivables op=", "receivables", id="the signature was cut"),
        pytest.param(f"{status.BEGIN}\n", "", id="the first line was taken out"),
    ],
)
def test_what_a_person_changed_inside_our_part_is_left_to_a_person(room: Room, old: str, new: str) -> None:
    books = room.connect()
    books.push_note(intent_for(room), KEY)
    changed = acme(room)["Notes"].replace(old, new, 1)
    typed_by_a_person(room, changed)
    with pytest.raises(Refused):
        books.push_note(intent_for(room, count=2), LATER)
    assert acme(room)["Notes"] == changed
    assert books.find_notes(intent_for(room), KEY) == ()


def test_a_status_that_somebody_took_out_is_put_there_again(room: Room) -> None:
    books = room.connect()
    books.push_note(intent_for(room), KEY)
    typed_by_a_person(room, "Only mine now.")
    books.push_note(intent_for(room, count=2), LATER)
    assert acme(room)["Notes"].startswith(f"Only mine now.\n{status.BEGIN}\n")


@pytest.mark.req("Q35")
@pytest.mark.parametrize("edits", [1, 2])
def test_what_somebody_writes_between_our_reading_and_our_writing_is_kept(
    room: Room, meddler: Meddler, edits: int
) -> None:
    books = room.connect()
    books.preferences()
    meddler.times = edits
    books.push_note(intent_for(room), KEY)
    assert acme(room)["Notes"].startswith(f"{meddler.wrote}{status.BEGIN}\n")
    assert len(meddler.heard) == edits + 1
    assert len(set(meddler.request_ids)) == edits + 1


@pytest.mark.req("Q35")
def test_after_three_edits_in_a_row_we_leave_it_to_the_next_contact(room: Room, meddler: Meddler) -> None:
    books = room.connect()
    books.preferences()
    meddler.times = 99
    with pytest.raises(Refused, match="is changing this customer"):
        books.push_note(intent_for(room), KEY)
    assert (len(meddler.heard), acme(room)["Notes"]) == (3, meddler.wrote)


def test_a_customer_that_is_gone_or_cannot_be_read_is_no_unknown_outcome(room: Room) -> None:
    books = room.connect(retry_seconds="0")
    nobody = replace(intent_for(room), target=Ref(BOOKS, Kind.CUSTOMER, "999"))
    with pytest.raises(NotFound):
        books.push_note(nobody, KEY)
    room.fault("GET", f"{CUSTOMER}/*", "status-before", "429")
    with pytest.raises(Unreachable):
        books.push_note(intent_for(room), KEY)
    assert "Notes" not in acme(room)


def test_notes_that_are_longer_than_the_schema_says_show_that_they_may_be(room: Room) -> None:
    typed_by_a_person(room, "x" * 1100)
    room.connect().push_note(intent_for(room), KEY)
    assert acme(room)["Notes"].startswith("x" * 1100 + "\n" + status.BEGIN)
    typed_by_a_person(room, "x" * 1900)
    with pytest.raises(Refused, match="too full"):
        room.connect().push_note(intent_for(room, count=2), LATER)


def test_the_invoice_and_its_customer_are_the_places_and_a_stranger_is_none(room: Room) -> None:
    books = room.connect()
    invoice = invoice_of(books, "INV-7").ref
    customer = intent_for(room).target
    assert books.note_targets(invoice, customer) == (invoice, customer)
    assert books.note_targets(invoice, customer._replace(connection=ConnectionId("stripe"))) == (invoice,)
    assert books.note_limits().status_max == status.STATUS_CHARACTERS_MAX


TEXTS = st.text(alphabet=st.sampled_from("ab \n\r\t😀é—-"), max_size=60)


@given(before=TEXTS, after=TEXTS, says=TEXTS.map(lambda text: f"x{text}x"))
def test_putting_a_status_in_changes_nothing_around_it_whatever_stands_there(
    before: str, after: str, says: str
) -> None:
    intent = replace(note_intent("first"), target=Ref(BOOKS, Kind.CUSTOMER, "24"))
    once = status.renewed(before, intent, KEY)
    assert once.startswith(before)
    around = f"{once}\n{after}"
    twice = status.renewed(around, replace(intent, text=says, count=2), LATER)
    held = status.find(twice)
    assert held is not None
    assert (held.before, held.after) == (once[: once.index(status.BEGIN)], f"\n{after}")
    assert "".join((status.standing(twice, LATER) or "").split()) == "".join(says.split())
    assert status.standing(twice, KEY) is None


def test_a_status_of_the_greatest_length_fits_with_the_longest_names() -> None:
    target = Ref(ConnectionId("quickbooks-of-the-eastern-branch" * 4), Kind.CUSTOMER, "1234567890")
    longest = replace(note_intent("é" * status.STATUS_CHARACTERS_MAX), target=target, count=999_999)
    assert len(status.renewed("", longest, KEY)) <= status.BLOCK_CHARACTERS_MAX


@pytest.mark.parametrize("says", [status.BEGIN, f"a\n{status.END}\nb", "receivables op=ABCDEFGHIJKLMNOPQRST"])
def test_a_status_that_would_break_its_own_place_is_refused(says: str) -> None:
    intent = replace(note_intent(says), target=Ref(BOOKS, Kind.CUSTOMER, "24"))
    with pytest.raises(Refused):
        status.renewed("", intent, KEY)
