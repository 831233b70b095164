"""What we want an outside system to hold: stored before it is sent, and sent with its stamp inside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import BusinessDate, Instant
from connector.model.allocation import Allocation
from connector.model.source import ConnectionId, OpId, Ref
from connector.money import Money


class IntentKind(StrEnum):
    """The kinds of write. Each has its own type below and its own settle time."""

    PAYMENT = "payment"
    EXPENSE = "expense"
    TRANSFER = "transfer"
    NOTE = "note"
    PAY_PAGE = "pay_page"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPayment:
    """A customer's payment into the books at gross, with explicit allocations; the rest stays unapplied."""

    books: ConnectionId
    customer: Ref
    on: BusinessDate
    total: Money
    allocations: tuple[Allocation, ...]
    into: Ref
    about: Ref
    memo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostExpense:
    """A processor's fee, paid out of its clearing account."""

    books: ConnectionId
    paid_from: Ref
    account: Ref
    on: BusinessDate
    amount: Money
    about: Ref
    memo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostTransfer:
    """A payout: from the clearing account to the bank."""

    books: ConnectionId
    paid_from: Ref
    paid_to: Ref
    on: BusinessDate
    amount: Money
    about: Ref
    memo: str


Posting = PostPayment | PostExpense | PostTransfer


@dataclass(frozen=True, slots=True, kw_only=True)
class PushNote:
    """One part of a collection note to the record it is about, in the words a person in that system will read.

    `count` is how many contacts this record has had, this one included; `reference` is our id of the contact.
    """

    target: Ref
    text: str
    part: int
    parts: int
    reference: str
    written_at: Instant
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPayPage:
    """A processor's own page for paying exactly this amount of this debt, by these methods, until then.

    `return_url` is where the payer comes back to. `email` is prefilled where known.
    """

    connection: ConnectionId
    debt: Ref
    number: str | None
    amount: Money
    methods: tuple[str, ...]
    expires_at: Instant
    return_url: str
    attempt: str
    email: str | None = None


Intent = Posting | PushNote | OpenPayPage

SHAPES: dict[IntentKind, type[PostPayment | PostExpense | PostTransfer | PushNote | OpenPayPage]] = {
    IntentKind.PAYMENT: PostPayment,
    IntentKind.EXPENSE: PostExpense,
    IntentKind.TRANSFER: PostTransfer,
    IntentKind.NOTE: PushNote,
    IntentKind.PAY_PAGE: OpenPayPage,
}


def intent_kind(intent: Intent) -> IntentKind:
    """The kind under which an intent is stored."""
    for kind, shape in SHAPES.items():
        if isinstance(intent, shape):
            return kind
    raise TypeError(type(intent).__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteKey:
    """The stored key of one write. `text` goes into the vendor's idempotency field, `op_id` into the object itself.

    `repeat` rises only when the vendor's key is spent (a replayed fault, or past its life); the op id never changes.
    """

    op_id: OpId
    repeat: int = 1

    @property
    def text(self) -> str:
        return self.op_id if self.repeat == 1 else f"{self.op_id}.{self.repeat}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the other side holds after a write, as it says so itself.

    `amount` is the object's own total (None for a note), `text` a note's own words, `url` a pay page's address,
    `methods` what a pay page really offers.
    """

    ref: Ref
    version: str
    amount: Money | None = None
    allocated: tuple[Allocation, ...] = ()
    text: str | None = None
    url: str | None = None
    methods: tuple[str, ...] = ()
