"""Collection notes on a company's invoices, and the latest status in its customers' notes where that is wanted."""

from __future__ import annotations

from adapters.quickbooks import bodies, faults, status, translate, wire
from adapters.quickbooks.calls import Room
from connector.errors import Conflict, MalformedAnswer, RateLimited, Refused, Unreachable
from connector.model.intent import PushNote, WriteKey, Written
from connector.model.source import Kind, Ref
from connector.ports import NoteLimits

TRIES_MAX = 3
"""Once, and twice again after a clear no because somebody was changing the record meanwhile."""


class Board(Room):
    """NoteBoard."""

    def note_limits(self) -> NoteLimits:
        return NoteLimits(
            characters_max=bodies.NOTE_CHARACTERS_MAX - bodies.NOTE_ROOM_FOR_STAMP,
            parts=True,
            status_max=status.STATUS_CHARACTERS_MAX,
        )

    def note_targets(self, invoice: Ref, customer: Ref | None) -> tuple[Ref, ...]:
        """The invoice, and for the short status its customer."""
        return (invoice,) if customer is None or customer.connection != invoice.connection else (invoice, customer)

    def push_note(self, intent: PushNote, key: WriteKey) -> Written:
        if intent.target.kind is Kind.CUSTOMER:
            return self._push_status(intent, key)

        def read(answer: bytes) -> Written:
            return translate.written_note(wire.single(answer, wire.Attachable).row, intent.target)

        body = bodies.note(intent, key)
        for nth in range(1, TRIES_MAX):
            try:
                return self._calls.create("Attachable", body, key, read, nth=nth)
            except Conflict:
                continue  # a clear no: nothing was written, and nothing that the note says has changed
        return self._calls.create("Attachable", body, key, read, nth=TRIES_MAX)

    def find_notes(self, intent: PushNote, key: WriteKey) -> tuple[Written, ...]:
        if intent.target.kind is Kind.CUSTOMER:
            held = _status(self._calls.one(wire.Customer, intent.target.vendor_id).row, intent.target, key)
            return (held,) if held is not None else ()
        target = translate.quoted(intent.target.vendor_id)
        where = f"AttachableRef.EntityRef.Type = 'Invoice' AND AttachableRef.EntityRef.Value = {target}"
        found = self._calls.every(wire.Attachable, where)
        return tuple(translate.written_note(row, intent.target) for row in found if translate.carries(row.note, key))

    def _push_status(self, intent: PushNote, key: WriteKey) -> Written:
        """Read, put the block in, write under the version that was read; after a clear no because somebody was
        quicker, the same with what stands there then."""

        def read(answer: bytes) -> Written:
            held = _status(wire.single(answer, wire.Customer).row, intent.target, key)
            if held is None:
                raise faults.lost(write=True)
            return held

        for nth in range(1, TRIES_MAX + 1):
            row = self._customer_now(intent.target)
            held = _status(row, intent.target, key)
            if held is not None:
                return held
            wanted = status.body(row, status.renewed(row.notes or "", intent, key))
            try:
                return self._calls.update("Customer", wanted, key, read, nth=nth)
            except Conflict:
                continue
        raise Refused(
            "Somebody is changing this customer in QuickBooks at the moment, so its notes were left alone.",
            next_step="Nothing needs doing: the note on the invoice has it all, and the next contact tries again.",
        )

    def _customer_now(self, target: Ref) -> wire.Customer:
        """The customer as it stands. Nothing was sent yet, so a fault on the way is one before sending."""
        try:
            return self._calls.one(wire.Customer, target.vendor_id).row
        except (RateLimited, MalformedAnswer) as fault:
            raise Unreachable(
                fault.sentence, next_step=fault.next_step, system=wire.SYSTEM, code=fault.code, trace=fault.trace
            ) from None


def _status(row: wire.Customer, target: Ref, key: WriteKey) -> Written | None:
    """The status that this write left on the customer, None where it does not stand there."""
    says = status.standing(row.notes, key)
    return None if says is None else Written(ref=target, version=row.sync_token, text=says)
