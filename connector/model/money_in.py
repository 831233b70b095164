"""Money that came, may come, went back, or is being fought over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import BusinessDate, Instant
from connector.model.allocation import Allocation
from connector.model.source import Ref, Tag
from connector.model.stamp import Stamp
from connector.money import Money


class PaymentState(StrEnum):
    """Where a payment stands. A status nobody knows is PENDING: neither paid nor failed."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETURNED = "returned"
    DISPUTED = "disputed"
    REFUNDED = "refunded"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money from a customer.

    `gross` in the currency the customer paid. `fee` and `net` in the currency the processor settles in, and only from
    its own balance record: None until there is one. `refunded` is what has gone back so far. `unapplied` is the
    system's own figure, None where it keeps none. `into` is the account it was booked to, None where it rests in the
    system's default place. A payment of nothing that carries allocations is a credit being applied, not cash.

    `failure` is why it failed or came back, in plain words with the network's own code, and `returned_on` the day on
    which it came back, where the system says so on the payment itself (else its dispute does). `elsewhere`: the money
    never passed through this system, which was only told of it. `changed_into` is what the gross became in the currency
    of the account it was booked to, where the books say at which rate it was changed.
    """

    customer: Ref | None
    received_on: BusinessDate
    gross: Money
    state: PaymentState
    method: str
    created: Instant | None = None
    fee: Money | None = None
    net: Money | None = None
    refunded: Money | None = None
    unapplied: Money | None = None
    allocations: tuple[Allocation, ...] = ()
    attempt: Ref | None = None
    into: Ref | None = None
    payer: str | None = None
    reference: str | None = None
    memo: str | None = None
    failure: str | None = None
    returned_on: BusinessDate | None = None
    elsewhere: bool = False
    changed_into: Money | None = None
    tags: tuple[Tag, ...] = ()
    stamps: tuple[Stamp, ...] = ()

    @property
    def is_cash(self) -> bool:
        """False for a credit application, which moves no money."""
        return self.gross.minor != 0


class AttemptState(StrEnum):
    """Where one try to collect stands, ours or the vendor's. The table of moves is in `connector.paylinks`.

    APPROVED: the payer has agreed, and no money moves until we take it (`connector.ports.Captures`).
    """

    CREATED = "created"
    OFFERED = "offered"
    APPROVED = "approved"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Taking(StrEnum):
    """What became of taking the money that a payer has approved.

    TAKEN: it is there. ON_ITS_WAY: it was taken and has not come yet (an eCheck, a review). OTHER_FUNDS: nothing was
    taken, and the payer may choose other funds on the same page. NOT_APPROVED: the payer never finished. DECLINED:
    nothing was taken, and never will be by this page. NOT_FOR_US: the same, because of the seller's own account.
    LAPSED: the page is gone.
    """

    TAKEN = "taken"
    ON_ITS_WAY = "on_its_way"
    OTHER_FUNDS = "other_funds"
    NOT_APPROVED = "not_approved"
    DECLINED = "declined"
    NOT_FOR_US = "not_for_us"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to collect an amount (a Stripe PaymentIntent, a PayPal order): not money until a payment says so."""

    customer: Ref | None
    amount: Money
    state: AttemptState
    payment: Ref | None = None
    tags: tuple[Tag, ...] = ()


class RefundState(StrEnum):
    """A refund can fail days later and give the money back."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money given back to a customer. `payment` is None where the system does not say which payment it returns."""

    payment: Ref | None
    amount: Money
    on: BusinessDate
    state: RefundState


class DisputeState(StrEnum):
    """A bank debit that comes back is a dispute too, and final."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A payer's bank took the money back, or may.

    `reason` is the system's own word as received; `said` is the same in plain words, with the network's own code.
    """

    payment: Ref | None
    amount: Money
    on: BusinessDate
    state: DisputeState
    reason: str
    said: str | None = None
