"""The collection file is only added to, and found again by any word in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from connector.errors import Refused, StoreError
from connector.model.contact import ContactId, Note, NoteId
from connector.model.source import Kind
from connector.store import Store
from connector.store.search import FIND, query
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, OTHER, contact, found, ready, ref, write


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


def note(number: int, of: int = 1) -> Note:
    return Note(
        note_id=NoteId(f"n{number}"), contact_id=contact(of).contact_id, target=ref(1), part=1, parts=1, text="called",
        op_id=write(number).op_id,
    )  # fmt: skip


def ids(found_contacts: tuple[Any, ...]) -> list[str]:
    return [each.contact_id for each in found_contacts]


def test_contacts_are_listed_newest_first_by_invoice_and_by_customer(store: Store) -> None:
    store.add_contacts([contact(number) for number in range(10)])
    assert store.contacts(ACME)[0] == contact(9)
    assert ids(store.contacts(ACME, invoice=ref(1))) == ["k000006", "k000001"]
    assert ids(store.contacts(ACME, customer=ref(0, Kind.CUSTOMER)))[:2] == ["k000008", "k000006"]
    assert ids(store.contacts(ACME, invoice=ref(1), customer=ref(0, Kind.CUSTOMER))) == ["k000006"]


def test_the_same_contact_again_changes_nothing_and_another_under_its_id_is_refused(store: Store) -> None:
    store.add_contact(contact(1))
    before = store.head(ACME)
    assert store.add_contact(contact(1), rows=[write(1)]) == ()
    assert store.head(ACME) == before
    with pytest.raises(Refused, match="never changed"):
        store.add_contact(contact(1, said="never said that"))
    assert len(store.contacts(ACME)) == 1


def test_a_contact_its_notes_and_their_writes_are_stored_together(store: Store) -> None:
    assert store.add_contact(contact(1), rows=[write(1), write(2)], notes=[note(1), note(2)]) == (
        write(1).op_id,
        write(2).op_id,
    )
    assert store.notes(ACME, contact(1).contact_id) == (note(1), note(2))
    assert store.verify(ACME) == ()


def test_nothing_of_a_contact_is_stored_when_a_part_of_it_cannot_be(store: Store) -> None:
    with pytest.raises(StoreError, match="too large"):
        store.add_contact(contact(1), rows=[replace(write(1), line=2**70)], notes=[note(1)])
    assert store.contacts(ACME) == ()
    assert store.search_contacts(ACME, "bob") == ()
    assert store.outbox(ACME) == ()
    assert store.notes(ACME) == ()


def test_a_note_saved_again_replaces_the_one_before(store: Store) -> None:
    store.add_note(ACME, note(1))
    store.add_note(ACME, replace(note(1), text="called twice"))
    assert [each.text for each in store.notes(ACME)] == ["called twice"]


FOUND = {
    "a word": "cheque",
    "the beginning of a word": "cheq",
    "another case": "CHEQUE",
    "several words in any order": "clerk 50 cheque",
    "an accent left out": "cafe",
    "an accent written": "café",
    "an apostrophe": "O'Neil",
    "the number of the invoice": "INV-1",
    "an address": "ap@acme.example",
    "an outcome": "promise",
    "a percentage": "50%",
}


@pytest.mark.parametrize("name", FOUND)
def test_a_contact_is_found_by(store: Store, name: str) -> None:
    store.add_contact(contact(1, "Will pay 50% by cheque"))
    store.add_contact(contact(2, "Nobody there", person=None, role=None, address=None, customer_name="x"))
    assert "k000001" in ids(store.search_contacts(ACME, FOUND[name]))


MISSED = {
    "a word that is not there": "transfer",
    "one word of two": "cheque transfer",
    "the middle of a word": "heque",
    "nothing": "",
    "only punctuation": "' \" * ( ) : ; -- %",
}


@pytest.mark.parametrize("name", MISSED)
def test_a_contact_is_not_found_by(store: Store, name: str) -> None:
    store.add_contact(contact(1, "Will pay 50% by cheque"))
    assert store.search_contacts(ACME, MISSED[name]) == ()


@pytest.mark.parametrize(
    "said", ['"', "cheque OR 1", "cheque*", "words:cheque", "cheque AND NOT x", "a' | 'b", "\0", "NEAR(a b)", "🙂 x_y"]
)
def test_punctuation_is_never_an_operator(store: Store, said: str) -> None:
    store.add_contact(contact(1, f"he said {said}"))
    answer = store.search_contacts(ACME, said)
    assert answer in ((), store.contacts(ACME))


def test_the_newest_are_found_first_up_to_a_limit(store: Store) -> None:
    store.add_contacts([contact(number) for number in range(120)])
    assert ids(store.search_contacts(ACME, "pay")) == [f"k{number:06d}" for number in range(119, 69, -1)]
    assert len(store.search_contacts(ACME, "pay", limit=3)) == 3


def test_contacts_of_another_company_are_not_found(store: Store) -> None:
    found(store, OTHER)
    store.add_contact(contact(1, company_id=OTHER))
    assert store.search_contacts(ACME, "pay") == ()
    assert store.search_contacts(ACME, "company") == ()
    assert ids(store.search_contacts(OTHER, "pay")) == ["k000001"]


def test_contacts_of_two_companies_are_not_stored_together(store: Store) -> None:
    with pytest.raises(Refused):
        store.add_contacts([contact(1), contact(2, company_id=OTHER)])


def test_a_search_uses_the_index_and_not_the_table(store: Store) -> None:
    for start in range(0, 4000, 1000):
        store.add_contacts([contact(number, f"agreed on instalment {number}") for number in range(start, start + 1000)])
    sqlite = store._database.is_sqlite
    with store._database.write() as tx:
        if not sqlite:
            tx.execute(text("ANALYZE contact_search"))
        explain = text(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + str(FIND[tx.dialect.name]))
        asked = query(tx.dialect.name, ACME, "instalment 1234")
        plan = " ".join(str(row) for row in tx.execute(explain, {"query": asked, "limit": 50}))
    assert ("VIRTUAL TABLE INDEX" in plan and ":M" in plan) if sqlite else "contact_words" in plan
    assert ids(store.search_contacts(ACME, "instalment 1234")) == ["k001234"]


def test_a_search_of_one_id_gives_that_contact_whole(store: Store) -> None:
    store.add_contact(contact(1, contact_id=ContactId("odd/id '1'")))
    assert store.search_contacts(ACME, "bob") == store.contacts(ACME)
