"""Where a mirrored record comes from, and what kind of thing it is."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, NewType

CompanyId = NewType("CompanyId", str)
"""One set of books; the first part of every key we store."""

ConnectionId = NewType("ConnectionId", str)
"""One account in one outside system, within a company; by default the system's name."""

ActorId = NewType("ActorId", str)
"""Who did it: a person, or the program itself."""

RunId = NewType("RunId", str)
PlanId = NewType("PlanId", str)
OpId = NewType("OpId", str)
"""20 characters of base32 (100 random bits): our marker inside everything we write to an outside system."""


class Kind(StrEnum):
    """The kinds of record that are mirrored."""

    PROFILE = "profile"
    ACCOUNT = "account"
    CUSTOMER = "customer"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    ALLOCATION = "allocation"
    ATTEMPT = "attempt"
    REFUND = "refund"
    DISPUTE = "dispute"
    BALANCE_ENTRY = "balance_entry"
    PAYOUT = "payout"
    DEPOSIT = "deposit"
    BOOK_ENTRY = "book_entry"
    CREDIT_ENTRY = "credit_entry"
    CASH_ENTRY = "cash_entry"


_KINDS = {kind.value: kind for kind in Kind}


class Ref(NamedTuple):
    """A record of an outside system: vendor ids are only unique within a connection and a kind."""

    connection: ConnectionId
    kind: Kind
    vendor_id: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.kind}/{self.vendor_id}"


def ref_from_text(text: str) -> Ref | None:
    """The Ref that `str` wrote, or None."""
    connection, _, rest = text.partition("/")
    kind, _, vendor_id = rest.partition("/")
    known = _KINDS.get(kind)
    return Ref(ConnectionId(connection), known, vendor_id) if known is not None and vendor_id else None


class Tag(NamedTuple):
    """A name and value somebody attached to a record in its own system (Stripe metadata, a custom field)."""

    name: str
    value: str
