"""The latest collection note on invoices and customers of one Stripe account: read, compared, written when it differs.

What is written and where its limits are is said in `notes`. Nothing but our own four keys is ever sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.stripe import wire
from adapters.stripe.calls import Room, written
from adapters.stripe.guards import checked_id
from adapters.stripe.notes import CHARACTERS_MAX, NOTE, NOTE_REF, changes, reference
from adapters.stripe.refusal import other_mode
from connector.errors import Refused
from connector.model.intent import PushNote, WriteKey, Written
from connector.model.source import Kind, Ref
from connector.ports import NoteLimits

Noted = wire.Invoice | wire.Customer

_PLACES: dict[Kind, tuple[str, type[Noted]]] = {
    Kind.INVOICE: ("/v1/invoices", wire.Invoice),
    Kind.CUSTOMER: ("/v1/customers", wire.Customer),
}


class Board(Room):
    """NoteBoard."""

    def note_limits(self) -> NoteLimits:
        return NoteLimits(characters_max=CHARACTERS_MAX, parts=False)

    def note_targets(self, invoice: Ref, customer: Ref | None) -> tuple[Ref, ...]:
        """The invoice and its customer, when the invoice lives in this account; nothing otherwise."""
        if invoice.connection != self._where.connection or invoice.kind is not Kind.INVOICE:
            return ()
        if customer is None or customer.connection != self._where.connection or customer.kind is not Kind.CUSTOMER:
            return (invoice,)
        return (invoice, customer)

    def push_note(self, intent: PushNote, key: WriteKey) -> Written:
        """Write what changed of the four keys; nothing is sent when the note already stands."""
        row = self._noted(intent.target)
        held: Mapping[str, str] = row.metadata or {}
        missing = changes(held, intent, key)
        if missing:
            held = self._write_metadata(intent.target, missing, key, about=_locked_for(row))
        return Written(ref=intent.target, version="", text=held.get(NOTE, ""))

    def find_notes(self, intent: PushNote, key: WriteKey) -> tuple[Written, ...]:
        """The note, if it is still the latest one there; an older one no longer stands in Stripe."""
        held = self._noted(intent.target).metadata or {}
        if held.get(NOTE_REF) != reference(intent, key):
            return ()
        return (Written(ref=intent.target, version="", text=held.get(NOTE, "")),)

    def _noted(self, target: Ref) -> Noted:
        """The record as it stands now."""
        path, shape = _place(target)
        row = self._calls.read(path, {}, lambda body: wire.decode(body, shape))
        if row.livemode is not None and row.livemode is not self._where.live:
            raise other_mode(key_is_live=self._where.live)
        return row

    def _write_metadata(
        self, target: Ref, missing: Mapping[str, str], key: WriteKey, *, about: str
    ) -> Mapping[str, str]:
        path, shape = _place(target)
        body = self._calls.write(path, {"metadata": dict(missing)}, key, about=about)
        return written(body, shape).metadata or {}


def _place(target: Ref) -> tuple[str, type[Noted]]:
    """Where the record is, and its shape."""
    if target.kind not in _PLACES:
        raise Refused(
            f"A note cannot stand on a Stripe {target.kind}.", next_step="Put it on the invoice or the customer."
        )
    collection, shape = _PLACES[target.kind]
    return f"{collection}/{checked_id(target.vendor_id)}", shape


def _locked_for(row: Noted) -> str:
    """What Stripe locks for a write to it: the customer, where there is one."""
    if isinstance(row, wire.Customer):
        return row.id
    return wire.link_id(row.customer) or row.id
