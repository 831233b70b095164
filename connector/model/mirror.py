"""One record of an outside system as an adapter hands it over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.model.allocation import Allocation
from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.money_in import (
    Attempt,
    AttemptState,
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from connector.model.party import Account, Customer, Profile
from connector.model.settlement import (
    BalanceEntry,
    BookEntry,
    CashEntry,
    CreditEntry,
    Deposit,
    Payout,
    PayoutState,
)
from connector.model.source import Kind, Ref


class GoneState(StrEnum):
    """Why a record is no longer there."""

    DELETED = "deleted"
    MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A tombstone: the vendor says the record no longer exists."""

    state: GoneState
    merged_into: Ref | None = None


Noun = (
    Customer
    | Invoice
    | CreditNote
    | Payment
    | Allocation
    | Attempt
    | Refund
    | Dispute
    | BalanceEntry
    | Payout
    | Deposit
    | BookEntry
    | CreditEntry
    | CashEntry
    | Account
    | Profile
)

SHAPES: dict[Kind, type[Noun]] = {
    Kind.PROFILE: Profile,
    Kind.ACCOUNT: Account,
    Kind.CUSTOMER: Customer,
    Kind.INVOICE: Invoice,
    Kind.CREDIT_NOTE: CreditNote,
    Kind.PAYMENT: Payment,
    Kind.ALLOCATION: Allocation,
    Kind.ATTEMPT: Attempt,
    Kind.REFUND: Refund,
    Kind.DISPUTE: Dispute,
    Kind.BALANCE_ENTRY: BalanceEntry,
    Kind.PAYOUT: Payout,
    Kind.DEPOSIT: Deposit,
    Kind.BOOK_ENTRY: BookEntry,
    Kind.CREDIT_ENTRY: CreditEntry,
    Kind.CASH_ENTRY: CashEntry,
}
"""The type of the record of each kind."""


UNFINISHED: dict[Kind, frozenset[StrEnum]] = {
    Kind.INVOICE: frozenset({InvoiceState.DRAFT, InvoiceState.OPEN, InvoiceState.UNCOLLECTIBLE, InvoiceState.UNKNOWN}),
    Kind.ATTEMPT: frozenset(
        {
            AttemptState.CREATED,
            AttemptState.OFFERED,
            AttemptState.APPROVED,
            AttemptState.PROCESSING,
            AttemptState.FAILED,
            AttemptState.UNKNOWN,
        }
    ),
    Kind.PAYMENT: frozenset({PaymentState.PENDING, PaymentState.DISPUTED}),
    Kind.REFUND: frozenset({RefundState.PENDING}),
    Kind.DISPUTE: frozenset({DisputeState.OPEN}),
    Kind.PAYOUT: frozenset({PayoutState.PENDING}),
}
"""The states in which a record waits for something to happen. In another one it may still change, but seldom does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """A record with its source, the vendor's version token ("" where there is none), and its document as received."""

    ref: Ref
    version: str
    raw: bytes
    record: Noun | Gone
