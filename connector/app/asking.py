"""What a payer writes on the page of a link: a contact record like any other, with its note.

The payer is answered when the contact is stored; its notes are pushed afterwards, where the company pushes them by
itself, and wait for a person's yes where it does not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from connector.app.collecting import keep_contact, notes_for, push_kept
from connector.app.house import Desk
from connector.collect.contacts import Said, refuse_card_numbers, write_down
from connector.dates import BusinessDate
from connector.errors import ReceivablesError
from connector.model.contact import Channel, Contact, ContactId, Direction, Outcome, Promise
from connector.model.firm import NotesMode
from connector.model.intent import PushNote
from connector.model.paylink import PaymentLink
from connector.model.source import ActorId, Ref
from connector.reconcile.snapshot import Snapshot
from connector.store import OutboxRow

PAYER = ActorId("payer")
"""Who wrote it, as far as anybody knows: whoever has the link."""


class About(StrEnum):
    """What a payer wants to say."""

    QUESTION = "question"
    NEVER_RECEIVED = "never-received"
    WRONG_PERSON = "wrong-person"
    PAID_ALREADY = "paid-already"
    WILL_PAY = "will-pay"


_OUTCOMES = {
    About.QUESTION: Outcome.REACHED,
    About.NEVER_RECEIVED: Outcome.NEVER_RECEIVED,
    About.WRONG_PERSON: Outcome.WRONG_PERSON,
    About.PAID_ALREADY: Outcome.REACHED,
    About.WILL_PAY: Outcome.PROMISE,
}
_IN_WORDS = {
    About.QUESTION: "Asks on the payment page",
    About.NEVER_RECEIVED: "Says on the payment page that the invoice never came",
    About.WRONG_PERSON: "Says on the payment page to be the wrong person",
    About.PAID_ALREADY: "Says on the payment page that it is paid already",
    About.WILL_PAY: "Says on the payment page when it will be paid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What was written. `day` is when it will be paid, for WILL_PAY. `form` names the form it was written on: the same
    form sent twice is one message."""

    about: About
    form: str
    words: str = ""
    person: str = ""
    day: BusinessDate | None = None


def ask(desk: Desk, link: PaymentLink, message: Message) -> list[OutboxRow]:
    """Write the message down about every invoice of the link. Returns the notes to be pushed now; nothing is sent.

    Refused when it holds what looks like a card number, which is not repeated; nothing is stored then.
    """
    refuse_card_numbers(message.words, message.person)
    known = {each.contact_id for debt in link.debts for each in desk.store.contacts(desk.id, invoice=debt)}
    new = [debt for debt in link.debts if _id_of(message, debt) not in known]
    if not new:
        return []
    snapshot, rows = desk.snapshot(), []
    for debt in new:
        contact = _contact(desk, debt, message, snapshot)
        rows += keep_contact(desk, contact, _notes(desk, contact))
    return rows


def _notes(desk: Desk, contact: Contact) -> tuple[PushNote, ...]:
    """What is pushed without asking anybody. Whatever is wrong with the other system, the message itself is kept."""
    if desk.company.notes is not NotesMode.AUTO:
        return ()
    try:
        return notes_for(desk, contact)
    except ReceivablesError:
        return ()


def push_asked(desk: Desk, rows: list[OutboxRow]) -> None:
    """Push the notes of what was written. One that cannot be pushed waits for the next command that writes."""
    push_kept(desk, rows, lambda _row: None)


def _id_of(message: Message, debt: Ref) -> ContactId:
    told = hashlib.sha256(f"{message.form} {debt}".encode()).hexdigest()
    return ContactId(f"c-{told[:10]}")


def _contact(desk: Desk, debt: Ref, message: Message, snapshot: Snapshot) -> Contact:
    words = f"{_IN_WORDS[message.about]}: {message.words}" if message.words else f"{_IN_WORDS[message.about]}."
    said = Said(
        by=PAYER,
        at=desk.clock.now(),
        zone=desk.company.zone,
        direction=Direction.IN,
        channel=Channel.PORTAL,
        outcome=_OUTCOMES[message.about],
        person=message.person or None,
        words=words,
        # Somebody reads it today; a promise has its own day.
        next_on=None if message.about in (About.WILL_PAY, About.WRONG_PERSON) else desk.today,
    )
    if message.about is About.WILL_PAY and message.day is not None:
        promise = Promise(amount=snapshot.invoices[debt].open, by=message.day)
        said = replace(said, promise=promise)
    return write_down(said, contact_id=_id_of(message, debt), company=desk.id, invoice=debt, snapshot=snapshot)
