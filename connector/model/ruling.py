"""What people said about money: a log of decisions that is only ever added to, and what it taught."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import Instant
from connector.model.allocation import Allocation, Shortfall
from connector.model.finding import FindingCode
from connector.model.source import ActorId, OpId, Ref
from connector.money import Money


class RulingKind(StrEnum):
    """HUMAN: a person said what it pays. POLICY: a rule of the company did, and it stays so. REJECTED: it does not pay
    that. UNDONE: the standing one of these was taken back.

    AGAIN and LEFT are about what was posted and taken out of the books: it may be posted again; it stays out for good.
    KEEP_BOOKS and KEEP_PROCESSOR: of two sides that say two things this one stands, and `seen` is what both said then;
    KEEP_MINE: neither does, but what a person said, which is its `gross`. SHORT: why it brought less than was open.
    WRITE_OFF: what it left open of those invoices is written off, exactly so much. KEEP_OPEN: it is not, whatever the
    company's rule is.
    """

    HUMAN = "human"
    POLICY = "policy"
    REJECTED = "rejected"
    UNDONE = "undone"
    AGAIN = "again"
    LEFT = "left"
    KEEP_BOOKS = "keep_books"
    KEEP_PROCESSOR = "keep_processor"
    KEEP_MINE = "keep_mine"
    SHORT = "short"
    WRITE_OFF = "write_off"
    KEEP_OPEN = "keep_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One entry of the log about one payment. `number` counts a company's entries from 1; 0: not stored yet.

    HUMAN and POLICY: `gross` = sum of allocations + `unapplied`, exactly; what a credit note gives is negative.
    REJECTED: the allocations that are not meant. `sentence` is what it stood on when it was said. `of` is the number
    of the entry that is taken back. AGAIN and LEFT: `writes` are the writes of ours that were taken out of the books;
    what they were about need not be a payment then. `customer` is whose money it is, where it settles nothing.
    """

    payment: Ref
    kind: RulingKind
    by: ActorId
    at: Instant
    gross: Money
    unapplied: Money
    allocations: tuple[Allocation, ...] = ()
    sentence: str = ""
    of: int = 0
    number: int = 0
    writes: tuple[OpId, ...] = ()
    seen: str = ""
    customer: Ref | None = None
    short: Shortfall = Shortfall.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What a payment may be for. `kind` says what it stands on, `confidence_ppm` how often such a guess is right, in
    millionths; 0 where nobody has counted. What a credit note gives is negative."""

    kind: str
    allocations: tuple[Allocation, ...]
    unapplied: Money
    sentence: str
    confidence_ppm: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Money that a person has to look at: why, and what it may be for, the likeliest first.

    `reason` is the engine's own: the kind of decision that waits for a yes, or why there is none.
    """

    payment: Ref
    gross: Money
    code: FindingCode
    reason: str
    sentence: str
    next_step: str
    options: tuple[Option, ...] = ()


class FactSource(StrEnum):
    """Who says so: a person who confirmed or allocated, or two payments at least that named what they pay."""

    PERSON = "person"
    PAYMENTS = "payments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Whoever pays under this sign pays for that customer. `sign` is the processor's customer, or its connection and
    the payer's name where there is none. `payments` are those it was learned from."""

    fact_id: str
    sign: str
    customer: Ref
    source: FactSource
    payments: tuple[Ref, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """A sign that says nothing any more, until a person says otherwise by a later decision."""

    fact_id: str
    sign: str
    by: ActorId
    at: Instant
