"""How the processor's money reaches the bank, and how the books move money between accounts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import BusinessDate, Instant
from connector.model.source import Ref
from connector.model.stamp import Stamp
from connector.money import Money


class EntryNature(StrEnum):
    """What a line of a processor's ledger is for an accountant, whatever the processor calls it.

    The sign of its amount says which way the money went. A word nobody knows is SUSPENSE: counted, named, never booked
    by itself.
    """

    PAYMENT = "payment"
    FEE = "fee"
    REFUND = "refund"
    REFUND_BACK = "refund_back"
    DISPUTE = "dispute"
    DISPUTE_BACK = "dispute_back"
    RETURN = "return"
    PAYOUT = "payout"
    PAYOUT_BACK = "payout_back"
    TOPUP = "topup"
    RESERVE = "reserve"
    TRANSFER = "transfer"
    FINANCING = "financing"
    SPENDING = "spending"
    HELD = "held"
    ADJUSTMENT = "adjustment"
    SUSPENSE = "suspense"


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceEntry:
    """One line of a processor's own ledger, in the settlement currency: `net` = `gross` - `fee`, exactly.

    `category` is the vendor's accounting category as received, unknown ones included; `nature` what it means here.
    `about` is the payment, refund, dispute or payout it belongs to. `available_at` is when its money can be paid out,
    None where the vendor does not say. `rate` is there where money was changed: what one unit in the payer's currency
    became in this one, in the vendor's own digits.
    """

    category: str
    nature: EntryNature
    gross: Money
    fee: Money
    net: Money
    created: Instant
    about: Ref | None = None
    available_at: Instant | None = None
    rate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEntry:
    """One line of what a system keeps for a customer.

    `amount` is what it adds to what is kept for the customer (negative: takes from it), `balance` what is kept after
    it, `category` the vendor's own word for it. `about` is what it was used for or came from.
    """

    customer: Ref
    amount: Money
    balance: Money
    category: str
    created: Instant
    about: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditEntry(HeldEntry):
    """A line of a customer's credit, which only pays later invoices. It is no money, and never added to any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CashEntry(HeldEntry):
    """A line of a customer's own money, which came by bank transfer and waits to be used."""


class PayoutState(StrEnum):
    """A payout can be paid and fail days later."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


class PayoutMade(StrEnum):
    """What made a payout: the processor's own schedule, a person, or a person who would not wait for the schedule."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    INSTANT = "instant"


class Membership(StrEnum):
    """Whether the processor says what a payout consists of: it has, it will, or it never does."""

    COMPLETE = "complete"
    NOT_YET = "not_yet"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money the processor sends to the bank (negative: takes from it).

    `entries` are the balance entries it consists of, when the processor can say so completely (`membership` is then
    COMPLETE); None when it cannot. `entry` is its own line in the processor's ledger, `back` the line by which a failed
    one came back. `reverses` and `reversed_by` name the payout that was sent the other way to undo one.
    """

    amount: Money
    arrives_on: BusinessDate
    state: PayoutState
    entries: tuple[Ref, ...] | None = None
    membership: Membership = Membership.NEVER
    made: PayoutMade = PayoutMade.AUTOMATIC
    created: Instant | None = None
    entry: Ref | None = None
    back: Ref | None = None
    reverses: Ref | None = None
    reversed_by: Ref | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPart:
    """What an entry adds to what a customer owes (negative: takes from it), without any invoice."""

    customer: Ref | None
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositLine:
    """Part of a deposit: a payment that was banked, or an amount on an account (`payment` None)."""

    amount: Money
    payment: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money arriving in a bank account, as the books record it. That a payment was banked is known only from here.

    `owed` is what its lines do to the receivable account, customer by customer.
    """

    into: Ref | None
    on: BusinessDate
    total: Money
    lines: tuple[DepositLine, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    owed: tuple[OwedPart, ...] = ()
    memo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry:
    """An amount the books moved from one account to another: an expense, a transfer between money accounts, a sale that
    was paid at once, or an entry by hand. `owed` is what it does to the receivable account, customer by customer;
    `moves` what a journal entry debits (positive) and credits on each account, line by line: no other entry has any."""

    paid_from: Ref | None
    paid_to: Ref | None
    on: BusinessDate
    amount: Money
    memo: str | None = None
    stamps: tuple[Stamp, ...] = ()
    owed: tuple[OwedPart, ...] = ()
    moves: tuple[tuple[Ref, Money], ...] = ()
