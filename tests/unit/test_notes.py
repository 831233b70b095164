"""What a note says, and how it fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.collect.contacts import Said, write_down
from connector.dates import business_date, instant_from_iso
from connector.model.contact import Channel, Contact, ContactId, Direction, Outcome, Promise
from connector.model.invoice import Issued
from connector.model.source import ActorId, CompanyId
from connector.notes import CUT, length, note_text, render, render_status, split_words
from connector.ports import NoteLimits
from tests.builders import Mirror, money


@pytest.fixture
def contact() -> Contact:
    mirror = Mirror()
    mirror.customer("Acme")
    sent = Issued(to="ap@acme.example", at=instant_from_iso("2026-05-02T03:00:00Z"), how="email")
    invoice = mirror.invoice("INV-7", "Acme", "120.00", due="2026-06-01", sent=sent)
    mirror.invoice("INV-3", "Acme", "40.00", due="2026-04-01")
    words = Said(
        by=ActorId("Dana"),
        at=instant_from_iso("2026-06-10T01:30:00Z"),
        zone="America/New_York",
        direction=Direction.OUT,
        channel=Channel.PHONE,
        outcome=Outcome.PROMISE,
        person="Pat",
        role="accounts payable",
        address="+1 555 0100",
        words="Approved, goes into the next run.",
        promise=Promise(amount=money("120.00"), by=business_date("2026-06-16")),
    )
    return write_down(
        words, contact_id=ContactId("c-1"), company=CompanyId("harbor"), invoice=invoice, snapshot=mirror.seen()
    )


def test_a_note_says_who_when_what_is_open_what_was_overdue_and_to_whom_it_went(contact: Contact) -> None:
    assert note_text(contact) == (
        "2026-06-09 · Dana · phone · promise\n"
        "To Acme: Pat (accounts payable) at +1 555 0100, 21:30 America/New_York.\n"
        "Said: Approved, goes into the next run.\n"
        "Promise: 120.00 USD by 2026-06-16.\n"
        "Open 120.00 USD, 8 days overdue. Invoice issued to ap@acme.example by email on 2026-05-01.\n"
        "Also past due: INV-3 40.00 USD (69 days).\n"
        "Ref c-1"
    )


def test_a_status_names_its_invoice_and_says_the_latest_in_few_lines(contact: Contact) -> None:
    assert render_status(contact, 500) == (
        "2026-06-09 · Dana · phone · promise\n"
        "Invoice INV-7: open 120.00 USD, 8 days overdue.\n"
        "Promise: 120.00 USD by 2026-06-16.\n"
        "Ref c-1\n"
        "Said: Approved, goes into the next run."
    )
    early = replace(contact, days_overdue=0, promise=None, said="", dispute_reason="Short.", invoice_number=None)
    assert render_status(early, 500).splitlines()[1:] == [
        f"Invoice {contact.invoice.vendor_id}: open 120.00 USD, not yet due.",
        "Ref c-1",
        "Dispute: Short.",
    ]


def test_a_long_status_is_cut_where_they_spoke_and_says_so(contact: Contact) -> None:
    long = render_status(replace(contact, said="😀" * 600), 500)
    assert length(long) <= 500
    assert long.endswith(f"😀{CUT}")
    assert "Ref c-1\nSaid: 😀" in long


def test_to_whom_it_went_is_unknown_in_words(contact: Contact) -> None:
    assert "To whom the invoice was issued: unknown." in note_text(replace(contact, issued=Issued()))


def test_a_long_note_is_split_on_words_with_a_counter_and_keeps_every_word(contact: Contact) -> None:
    long = replace(contact, said=" ".join(f"word{number}" for number in range(600)))
    parts = render(long, NoteLimits(characters_max=1900, parts=True))
    assert len(parts) == 3
    assert [part[:5] for part in parts] == ["(1/3)", "(2/3)", "(3/3)"]
    assert all(len(part) <= 1900 for part in parts)
    assert " ".join(part[6:] for part in parts).split() == note_text(long).split()


def test_a_note_that_may_not_be_split_is_cut_and_says_so(contact: Contact) -> None:
    parts = render(replace(contact, said="x" * 900), NoteLimits(characters_max=500, parts=False))
    assert len(parts) == 1
    assert len(parts[0]) <= 500
    assert "cut" in parts[0]


@given(st.text(max_size=400), st.integers(min_value=10, max_value=60))
def test_splitting_loses_nothing_but_the_break_itself(text: str, size: int) -> None:
    pieces = split_words(text, size)
    assert all(len(piece) <= size for piece in pieces)
    rest = text
    for piece in pieces:
        assert rest.startswith(piece)
        rest = rest[len(piece) :]
        rest = rest[1:] if rest[:1] in (" ", "\n") and piece is not pieces[-1] else rest
    assert rest == ""
