"""The collection file: contacts, the notes that were pushed of them, and how each payer's accounting works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from connector.errors import Refused
from connector.model.contact import Contact, ContactId, Note, PayerFile
from connector.model.source import CompanyId, OpId, Ref
from connector.store import tables
from connector.store.database import Texts, is_one_of
from connector.store.journal import Desk, Scribe, read_back, text_of
from connector.store.outbox import add_rows
from connector.store.rows import PROGRAM, Author, OutboxRow
from connector.store.search import FIND, index, query

_CONTACT = tables.contact.c
_LAST = select(func.coalesce(func.max(_CONTACT.number), 0)).where(_CONTACT.company_id == bindparam("company"))
_BY_IDS = select(_CONTACT.contact_id, _CONTACT.body).where(
    _CONTACT.company_id == bindparam("company"), is_one_of(_CONTACT.contact_id, bindparam("ids", type_=Texts()))
)


class Contacts(Desk):
    """Collection records of our own."""

    def add_contact(
        self, contact: Contact, *, rows: Sequence[OutboxRow] = (), notes: Sequence[Note] = ()
    ) -> tuple[OpId, ...]:
        """Write a contact down, together with the notes to be pushed of it; returns the outbox rows that were added.

        The same contact again changes nothing; another under its id is Refused: supersede it.
        """
        with self._writing(Author(contact.company_id, contact.by)) as scribe:
            if not _add(scribe, (contact,)):
                return ()
            _keep_notes(scribe, notes)
            return tuple(row.op_id for row in add_rows(scribe, rows))

    def add_contacts(self, contacts: Sequence[Contact]) -> None:
        """Many of one company in one transaction, oldest first."""
        if not contacts:
            return
        company = contacts[0].company_id
        if any(contact.company_id != company for contact in contacts):
            raise Refused("Contacts of two companies cannot be stored together.")
        with self._writing(Author(company, contacts[0].by)) as scribe:
            _add(scribe, contacts)

    def contacts(
        self, company: CompanyId, invoice: Ref | None = None, customer: Ref | None = None
    ) -> tuple[Contact, ...]:
        """All, or those about an invoice or with a customer; the newest first."""
        wanted = select(_CONTACT.body).where(_CONTACT.company_id == company).order_by(_CONTACT.number.desc())
        if invoice is not None:
            wanted = wanted.where(_CONTACT.invoice == str(invoice))
        if customer is not None:
            wanted = wanted.where(_CONTACT.customer == str(customer))
        return self._read(wanted)

    def search_contacts(self, company: CompanyId, text: str, limit: int = 50) -> tuple[Contact, ...]:
        """The newest contacts that have every word of the text, as a word or as the beginning of one."""
        with self._database.read() as tx:
            asked = query(tx.dialect.name, company, text)
            if asked is None:
                return ()
            ids = list(tx.execute(FIND[tx.dialect.name], {"query": asked, "limit": limit}).scalars())
            found = {row.contact_id: row.body for row in tx.execute(_BY_IDS, {"company": company, "ids": ids})}
        return tuple(read_back(found[each], Contact) for each in ids)

    def add_note(self, company: CompanyId, note: Note) -> None:
        """Write down what of a contact goes to the system of origin; the same note again replaces it."""
        with self._writing(Author(company)) as scribe:
            _keep_notes(scribe, (note,))

    def notes(self, company: CompanyId, contact_id: ContactId | None = None) -> tuple[Note, ...]:
        """All, or those of one contact, oldest first."""
        wanted = select(tables.note.c.body).where(tables.note.c.company_id == company).order_by(tables.note.c.number)
        if contact_id is not None:
            wanted = wanted.where(tables.note.c.contact_id == contact_id)
        with self._database.read() as tx:
            return tuple(read_back(body, Note) for body in tx.execute(wanted).scalars())

    def save_payer_file(self, company: CompanyId, payer_file: PayerFile) -> None:
        """What is known of a payer's accounting; earlier versions stay in the journal."""
        with self._writing(Author(company, payer_file.updated_by or PROGRAM)) as scribe:
            scribe.keep(tables.payer_file, [{"customer": str(payer_file.customer), "body": text_of(payer_file)}])
            scribe.write("payer_file", payer_file)

    def payer_file(self, company: CompanyId, customer: Ref) -> PayerFile | None:
        """None when nothing is known yet."""
        with self._database.read() as tx:
            body = tx.execute(
                select(tables.payer_file.c.body).where(
                    tables.payer_file.c.company_id == company, tables.payer_file.c.customer == str(customer)
                )
            ).scalar_one_or_none()
        return None if body is None else read_back(body, PayerFile)

    def payer_files(self, company: CompanyId) -> dict[Ref, PayerFile]:
        """All there are, by customer."""
        wanted = select(tables.payer_file.c.body).where(tables.payer_file.c.company_id == company)
        with self._database.read() as tx:
            found = [read_back(body, PayerFile) for body in tx.execute(wanted).scalars()]
        return {each.customer: each for each in found}

    def _read(self, wanted: Select[Any]) -> tuple[Contact, ...]:
        with self._database.read() as tx:
            return tuple(read_back(body, Contact) for body in tx.execute(wanted).scalars())


def _add(scribe: Scribe, contacts: Sequence[Contact]) -> list[Contact]:
    fresh = _fresh(scribe, contacts)
    if fresh:
        last = scribe.tx.execute(_LAST, {"company": scribe.company}).scalar_one()
        numbered = list(enumerate(fresh, last + 1))
        scribe.keep(tables.contact, [_columns(number, contact) for number, contact in numbered])
        index(scribe.tx, scribe.company, numbered)
        scribe.write("contact", {"contacts": fresh})
    return fresh


def _keep_notes(scribe: Scribe, notes: Sequence[Note]) -> None:
    if notes:
        rows = [
            {
                "note_id": note.note_id,
                "number": scribe.seq + place,
                "contact_id": note.contact_id,
                "body": text_of(note),
            }
            for place, note in enumerate(notes, 1)
        ]
        scribe.keep(tables.note, rows, renumber=False)
        scribe.write("note", {"notes": notes})


def _fresh(scribe: Scribe, contacts: Sequence[Contact]) -> list[Contact]:
    ids = [contact.contact_id for contact in contacts]
    known = {row.contact_id: row.body for row in scribe.tx.execute(_BY_IDS, {"company": scribe.company, "ids": ids})}
    fresh: list[Contact] = []
    for contact in contacts:
        body = text_of(contact)
        stands = known.get(contact.contact_id)
        if stands is None:
            known[contact.contact_id] = body
            fresh.append(contact)
        elif stands != body:
            raise Refused(
                "A contact that was written down is never changed.", next_step="Add a new one that supersedes it."
            )
    return fresh


def _columns(number: int, contact: Contact) -> dict[str, Any]:
    return {
        "contact_id": contact.contact_id,
        "number": number,
        "invoice": str(contact.invoice),
        "customer": None if contact.customer is None else str(contact.customer),
        "body": text_of(contact),
    }
