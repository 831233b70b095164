"""What is kept of how a payer pays: who approves there, by which way invoices must come, when they pay."""

from __future__ import annotations

from dataclasses import replace

from connector.app.house import Desk
from connector.collect.contacts import refuse_card_numbers
from connector.collect.handover import Manners, current, why_stopped
from connector.errors import UnknownRecord, UserError
from connector.model.contact import PayerFile
from connector.model.source import Kind, Ref

FIELD_MAX = 500
REMARKS_MAX = 8_000


def payer_file(desk: Desk, customer: Ref) -> PayerFile:
    """What is known of that customer; an empty file where nothing is."""
    return desk.store.payer_file(desk.id, customer) or PayerFile(customer=customer)


def keep_payer_file(desk: Desk, wanted: PayerFile) -> PayerFile:
    """Keep it in place of the one before; the journal has both. UnknownRecord: no such customer. UserError: too long.
    Refused: what looks like the number of a card."""
    held = {stored.ref for stored in desk.store.records(desk.id, Kind.CUSTOMER)}
    if wanted.customer not in held:
        raise UnknownRecord("There is no such customer.", next_step="Choose one: receivables aging")
    fields = (wanted.approver, wanted.submit_to, wanted.pay_run_days, wanted.stopped)
    refuse_card_numbers(*fields, wanted.remarks)
    if any(len(each or "") > FIELD_MAX for each in fields) or len(wanted.remarks) > REMARKS_MAX:
        raise UserError("That is too long.", next_step=f"A field takes {FIELD_MAX} characters.")
    kept = replace(wanted, updated_at=desk.clock.now(), updated_by=desk.actor)
    desk.store.save_payer_file(desk.id, kept)
    return kept


def manners(desk: Desk) -> Manners:
    """When trying ends, and whom nobody may contact."""
    return Manners(rules=desk.company.collecting, files=desk.store.payer_files(desk.id))


def left_alone(desk: Desk, customer: Ref | None) -> str:
    """Why nobody writes to that customer; "" where one may."""
    if customer is None:
        return ""
    contacts = current(desk.store.contacts(desk.id, customer=customer))
    return why_stopped(contacts, desk.store.payer_file(desk.id, customer))
