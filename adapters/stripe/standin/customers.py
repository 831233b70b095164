"""The merchant's customers: entered, changed, deleted. What a deleted one owes and has paid stays."""

from __future__ import annotations

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.shapes import Document, filled


def enter(ledger: Ledger, name: str, *, email: str | None = None, currency: str | None = None) -> Document:
    """A new customer, now."""
    known = {"id": ledger.next_id("cus"), "created": ledger.now(), "name": name, "email": email}
    customer = ledger.put(filled("customer", **known, currency=currency))
    ledger.tell("customer.created", customer)
    return customer


def change(ledger: Ledger, customer: Document, **fields: object) -> None:
    """Some fields of a customer become others, now."""
    before = {name: customer[name] for name in fields}
    customer.update(fields)
    ledger.tell("customer.updated", customer, previous=before)


def delete(ledger: Ledger, customer: Document) -> None:
    """The customer is gone, now: on no list, and read as its id and `deleted`."""
    tombstone = {"id": customer["id"], "object": "customer", "deleted": True}
    ledger.remove(customer, tombstone)
    ledger.tell("customer.deleted", tombstone)
