"""Our own records of collecting: who was called, what was said, what was promised. Append-only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from connector.dates import BusinessDate, Instant
from connector.model.invoice import Issued
from connector.model.source import ActorId, CompanyId, OpId, Ref
from connector.money import Money

ContactId = NewType("ContactId", str)
NoteId = NewType("NoteId", str)


class Direction(StrEnum):
    """Who called whom."""

    OUT = "out"
    IN = "in"


class Channel(StrEnum):
    """By what means."""

    PHONE = "phone"
    EMAIL = "email"
    SMS = "sms"
    LETTER = "letter"
    VISIT = "visit"
    PORTAL = "portal"


class Outcome(StrEnum):
    """What came of it. The first four did not reach somebody who can pay."""

    NO_ANSWER = "no-answer"
    VOICEMAIL = "voicemail"
    WRONG_PERSON = "wrong-person"
    SENT = "sent"
    REACHED = "reached"
    NEVER_RECEIVED = "never-received"
    AWAITING_APPROVAL = "awaiting-approval"
    PROMISE = "promise"
    DISPUTE = "dispute"
    REFUSED = "refused"
    STOP = "do-not-contact"


NOT_REACHED = frozenset({Outcome.NO_ANSWER, Outcome.VOICEMAIL, Outcome.WRONG_PERSON, Outcome.SENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A payer said: this much, by that day."""

    amount: Money
    by: BusinessDate


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierDebt:
    """Another invoice of the same payer that was past due when the contact was made."""

    invoice: Ref
    number: str | None
    open: Money
    days_overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact about one invoice, with what the connector knew at that moment. Corrections supersede, never edit.

    `credit`: what the customer had paid or been credited and nothing was applied to yet, None where there was nothing.
    """

    contact_id: ContactId
    company_id: CompanyId
    invoice: Ref
    invoice_number: str | None
    customer: Ref | None
    customer_name: str
    at: Instant
    zone: str
    by: ActorId
    direction: Direction
    channel: Channel
    outcome: Outcome
    person: str | None
    role: str | None
    address: str | None
    said: str
    open_amount: Money
    days_overdue: int
    issued: Issued
    earlier: tuple[EarlierDebt, ...] = ()
    promise: Promise | None = None
    dispute_reason: str | None = None
    next_on: BusinessDate | None = None
    supersedes: ContactId | None = None
    credit: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What of a contact was pushed to the system of origin; `part` of `parts` when it did not fit in one."""

    note_id: NoteId
    contact_id: ContactId
    target: Ref
    part: int
    parts: int
    text: str
    op_id: OpId


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerFile:
    """How a payer's accounting works: who approves, by which way invoices must come, when they pay.

    `stopped`: why nobody contacts them, "" where nothing speaks against it. `counts_from`: when a person last said that
    contacting goes on; what was tried before no longer counts towards the caps.
    """

    customer: Ref
    approver: str | None = None
    submit_to: str | None = None
    purchase_order_needed: bool | None = None
    pay_run_days: str | None = None
    remarks: str = ""
    stopped: str = ""
    counts_from: Instant | None = None
    updated_at: Instant | None = None
    updated_by: ActorId | None = None
