"""What the store takes and gives that is not already a noun of the model. Frozen values, no database in sight."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import Instant
from connector.model.intent import Intent, IntentKind, Written
from connector.model.mirror import Gone, GoneState, Noun
from connector.model.source import ActorId, CompanyId, ConnectionId, OpId, PlanId, Ref, RunId
from connector.money import Money

PROGRAM = ActorId("program")
"""Who acted when no person did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a saved page brought. A record whose document differs only in its raw bytes counts as unchanged.

    `overtaken` records were left as they are, because somebody stored them anew after `Author.asked_at`.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    overtaken: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
            gone=self.gone + other.gone,
            overtaken=self.overtaken + other.overtaken,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A mirrored record as it was last seen to change. For one that is no more, `record` is its tombstone."""

    ref: Ref
    version: str
    seen_at: Instant
    content_hash: str
    record: Noun | Gone
    gone: GoneState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One link of a company's chain. `body` is plain JSON (dicts, lists, strings, integers)."""

    seq: int
    at: Instant
    actor: ActorId
    run: RunId | None
    kind: str
    body: object
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to act on `name` until `until` (the database's clock). `fence` rises with every holder."""

    company_id: CompanyId
    name: str
    owner: str
    fence: int
    seconds: float
    until: Instant


@dataclass(frozen=True, slots=True)
class Author:
    """Who acts, in which run, under which lease.

    `again`: pages are saved record by record even where the document is the one we have, because a newer release may
    read the same document differently. `asked_at`: the journal's end when these pages were asked for, where nobody else
    is kept from writing meanwhile (no lease of the whole books); a record stored after it is newer and stays.
    """

    company: CompanyId
    actor: ActorId = PROGRAM
    run: RunId | None = None
    lease: Lease | None = None
    again: bool = False
    asked_at: int | None = None


class OutboxState(StrEnum):
    """Where a write to an outside system stands. The table of moves is in `connector.store.outbox`."""

    READY = "ready"
    SENDING = "sending"
    UNSURE = "unsure"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One write to an outside system, stored before it is sent.

    `subject` names what is written for what ("payment stripe/payment/ch_1"): at most one row that is not dead has it.
    `tries` counts sendings; `repeat` is the suffix of the vendor's key, `keyed_at` when that key was first used, None
    until it is. `doubted_at` is when the last try was made
    whose outcome is unknown, None while every outcome is known. `not_before` is when to look or try again. `line` is
    the line of the plan it came from.
    """

    op_id: OpId
    company_id: CompanyId
    connection_id: ConnectionId
    kind: IntentKind
    subject: str
    intent: Intent
    state: OutboxState = OutboxState.READY
    tries: int = 0
    repeat: int = 1
    tried_at: Instant | None = None
    keyed_at: Instant | None = None
    doubted_at: Instant | None = None
    not_before: Instant | None = None
    answer: Written | None = None
    fault: str = ""
    plan_id: PlanId | None = None
    line: int = 0
    actor: ActorId = PROGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What one customer of one connection owes, or has not used yet, in one currency. `customer` None: nobody named."""

    connection: ConnectionId
    customer: Ref | None
    amount: Money
