"""Stripe's shapes as they stand on the wire at the pinned version, decoded strictly where money is concerned.

Unknown fields and unknown values of enums pass; a missing field, another object than the one asked for, or an amount
that is not an integer does not. Only answers to our own requests come here: an event's body is rendered in whatever
version the account was made in, so it is never evidence, and an object in an old shape is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct

from adapters.stripe.fields import FIELDS
from connector import canonical
from connector.errors import MalformedAnswer

VERSION = "2026-10-28.endive"
"""The API version every request names and every shape here is of."""

SYSTEM = "stripe"
T = TypeVar("T")
_PLACE = re.compile(r"`(\$[\w.\[\]]*)`")


class Linked(Struct, frozen=True, gc=False):
    """An object in the place of its id (Stripe calls it expanded); only the id is wanted."""

    id: str


Link = str | Linked | None


def link_id(link: Link) -> str | None:
    """The id that a field holds, expanded or not."""
    return link.id if isinstance(link, Linked) else link


def _only_new(*old: object) -> None:
    if any(value is not UNSET for value in old):
        raise ValueError("rendered in an API version before 2025-03-31")


class DisplaySettings(Struct, frozen=True):
    """What the merchant calls the account."""

    display_name: str | None = None


class AccountSettings(Struct, frozen=True):
    """Of an account's many settings, the one wanted."""

    dashboard: DisplaySettings | None = None


class BusinessProfile(Struct, frozen=True):
    """How the merchant presents itself."""

    name: str | None = None


class Account(Struct, frozen=True):
    """The account that the key belongs to. It has no live flag of its own."""

    id: str
    object: Literal["account"]
    default_currency: str
    country: str | None = None
    business_profile: BusinessProfile | None = None
    settings: AccountSettings | None = None
    livemode: bool | None = None


class BalanceAmount(Struct, frozen=True):
    """One currency's part of a balance."""

    amount: int
    currency: str


class Balance(Struct, frozen=True):
    """What Stripe holds for the merchant: available, and pending until its day."""

    object: Literal["balance"]
    available: list[BalanceAmount]
    pending: list[BalanceAmount]
    livemode: bool


class CashBalance(Struct, frozen=True):
    """A customer's own money by currency, which came by bank transfer. None where there never was any."""

    object: Literal["cash_balance"]
    available: dict[str, int] | None = None
    livemode: bool | None = None


class Customer(Struct, frozen=True):
    """Also a deleted one, of which Stripe keeps only the id. `balance` is negative for credit, and
    `invoice_credit_balance` positive; `cash_balance` comes only when it is asked for."""

    id: str
    object: Literal["customer"]
    name: str | None = None
    business_name: str | None = None
    email: str | None = None
    phone: str | None = None
    currency: str | None = None
    balance: int = 0
    invoice_credit_balance: dict[str, int] | None = None
    cash_balance: CashBalance | None = None
    metadata: dict[str, str] | None = None
    deleted: bool = False
    livemode: bool | None = None


class StatusTransitions(Struct, frozen=True):
    """When an invoice took its states."""

    finalized_at: int | None = None


class Invoice(Struct, frozen=True):
    """An invoice billed in Stripe. What paid it stands in its invoice payments since 2025-03-31, never on it."""

    id: str
    object: Literal["invoice"]
    created: int
    currency: str
    customer: Link
    total: int
    amount_due: int
    amount_paid: int
    amount_remaining: int
    collection_method: str
    status_transitions: StatusTransitions
    livemode: bool
    amount_overpaid: int = 0
    amount_paid_off_stripe: int = 0
    pre_payment_credit_notes_amount: int = 0
    post_payment_credit_notes_amount: int = 0
    starting_balance: int = 0
    ending_balance: int | None = None
    status: str | None = None
    number: str | None = None
    customer_email: str | None = None
    due_date: int | None = None
    effective_at: int | None = None
    hosted_invoice_url: str | None = None
    metadata: dict[str, str] | None = None
    paid: Any = UNSET
    charge: Any = UNSET
    payment_intent: Any = UNSET

    def __post_init__(self) -> None:
        _only_new(self.paid, self.charge, self.payment_intent)


class PaidWith(Struct, frozen=True):
    """What an invoice payment points to; `type` says which of the three is set."""

    type: str
    payment_intent: Link = None
    charge: Link = None
    payment_record: Link = None


class InvoicePayment(Struct, frozen=True):
    """The link between an invoice and what pays it; there may be several."""

    id: str
    object: Literal["invoice_payment"]
    currency: str
    invoice: Link
    payment: PaidWith
    status: str
    amount_requested: int
    livemode: bool
    amount_paid: int | None = None


class LastError(Struct, frozen=True):
    """Why the latest try of a payment intent failed."""

    code: str | None = None


class PaymentIntent(Struct, frozen=True):
    """One try to collect an amount, over all its charges."""

    id: str
    object: Literal["payment_intent"]
    status: str
    amount: int
    currency: str
    livemode: bool
    customer: Link = None
    latest_charge: Link = None
    last_payment_error: LastError | None = None
    metadata: dict[str, str] | None = None
    invoice: Any = UNSET

    def __post_init__(self) -> None:
        _only_new(self.invoice)


class BalanceTransaction(Struct, frozen=True):
    """One line of Stripe's ledger. It has no live flag of its own."""

    id: str
    object: Literal["balance_transaction"]
    amount: int
    currency: str
    fee: int
    net: int
    created: int
    reporting_category: str
    available_on: int | None = None
    exchange_rate: Decimal | None = None
    source: Link = None
    livemode: bool | None = None


class MethodDetails(Struct, frozen=True):
    """By which method a charge was paid."""

    type: str | None = None


class BillingDetails(Struct, frozen=True):
    """Who paid, in the payer's own words."""

    name: str | None = None


class Outcome(Struct, frozen=True):
    """What the network said of a charge, in its own code ("R01", "AM04")."""

    network_decline_code: str | None = None


class Charge(Struct, frozen=True):
    """Money that moved, or may, or did not. Its fee and net stand only on its balance transaction."""

    id: str
    object: Literal["charge"]
    amount: int
    amount_captured: int
    amount_refunded: int
    currency: str
    created: int
    status: str
    captured: bool
    disputed: bool
    livemode: bool
    balance_transaction: str | BalanceTransaction | None = None
    failure_balance_transaction: str | BalanceTransaction | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    outcome: Outcome | None = None
    customer: Link = None
    payment_intent: Link = None
    payment_method_details: MethodDetails | None = None
    billing_details: BillingDetails | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None
    invoice: Any = UNSET

    def __post_init__(self) -> None:
        _only_new(self.invoice)


class Refund(Struct, frozen=True):
    """Money given back. It has no live flag of its own."""

    id: str
    object: Literal["refund"]
    amount: int
    currency: str
    created: int
    status: str | None = None
    charge: Link = None
    payment_intent: Link = None
    livemode: bool | None = None
    failure_reason: str | None = None
    metadata: dict[str, str] | None = None


class DisputedCharge(Linked, frozen=True, gc=False):
    """The charge of a dispute where it was asked for with it: how it was paid says what the network's code means."""

    payment_method_details: MethodDetails | None = None


class DisputedCard(Struct, frozen=True):
    """Where the network's code stands when a card was used."""

    network_reason_code: str | None = None


class DisputeDetails(Struct, frozen=True):
    """What a dispute says of how it was paid; Stripe fills it for cards and wallets only."""

    type: str | None = None
    card: DisputedCard | None = None


class Dispute(Struct, frozen=True):
    """A payer's bank took the money back, or may; for bank debits this is the return."""

    id: str
    object: Literal["dispute"]
    amount: int
    currency: str
    created: int
    status: str
    reason: str
    charge: str | DisputedCharge | None
    livemode: bool
    enhanced_eligibility_types: list[str]
    network_reason_code: str | None = None
    payment_method_details: DisputeDetails | None = None


class Payout(Struct, frozen=True):
    """Money sent to the merchant's bank, or taken from it."""

    id: str
    object: Literal["payout"]
    amount: int
    currency: str
    created: int
    arrival_date: int
    automatic: bool
    reconciliation_status: str
    status: str
    livemode: bool
    method: str | None = None
    balance_transaction: Link = None
    failure_balance_transaction: Link = None
    original_payout: Link = None
    reversed_by: Link = None
    failure_code: str | None = None
    failure_message: str | None = None


class Session(Struct, frozen=True):
    """A Checkout Session: Stripe's own page on which a payer pays."""

    id: str
    object: Literal["checkout.session"]
    created: int
    expires_at: int
    payment_status: str
    payment_method_types: list[str]
    livemode: bool
    status: str | None = None
    url: str | None = None
    amount_total: int | None = None
    currency: str | None = None
    client_reference_id: str | None = None
    customer: Link = None
    payment_intent: str | PaymentIntent | None = None
    metadata: dict[str, str] | None = None


class WebhookEndpoint(Struct, frozen=True):
    """An address that the account sends its events to. `secret` stands in the answer to its creation only."""

    id: str
    object: Literal["webhook_endpoint"]
    url: str
    status: str
    enabled_events: list[str]
    livemode: bool
    api_version: str | None = None
    metadata: dict[str, str] | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        return f"WebhookEndpoint(id={self.id!r})"


Row = (
    Account
    | Balance
    | BalanceTransaction
    | Charge
    | Customer
    | Dispute
    | Invoice
    | InvoicePayment
    | PaymentIntent
    | Payout
    | Refund
    | Session
)


class Listed(Struct, frozen=True):
    """A page of a list, its rows still as they came. One that has none and says that more follow is no page: nobody
    could ask for what follows, and whoever took it for the end would miss rows."""

    object: Literal["list"]
    data: list[Raw]
    has_more: bool

    def __post_init__(self) -> None:
        if self.has_more and not self.data:
            raise ValueError("nothing, and more")


class Fault(Struct, frozen=True):
    """What Stripe says about a refused request. Its sentence may quote the request, so it is read but never shown."""

    type: str | None = None
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    message: str | None = None


class _FaultAnswer(Struct, frozen=True):
    error: Fault


_KEYS = msgspec.json.Decoder(dict[str, Raw])


def decode(body: bytes | Raw, shape: type[T]) -> T:
    """One object; MalformedAnswer, which names the place but never the value, when it is not of that shape."""
    try:
        return canonical.decoder(shape).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        place = _PLACE.search(str(error))
        name = shape.__name__
    raise MalformedAnswer(
        f"Stripe's answer does not have the shape of one {name}" + (f" (at {place[1]})." if place else "."),
        next_step="Nothing of it was kept; run it again, and report it if it stays.",
        system=SYSTEM,
    )


def fault(body: bytes) -> Fault:
    """What a refusal says of itself; an empty Fault when it says nothing readable."""
    try:
        return canonical.decoder(_FaultAnswer).decode(body).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Fault()


def unknown_fields(raw: bytes | Raw, name: str) -> frozenset[str]:
    """Top-level fields of an object that this release has never heard of."""
    return frozenset(_KEYS.decode(raw).keys() - FIELDS[name])


def payout_document(payout: bytes, entries: Iterable[str]) -> bytes:
    """A payout as received, together with the ids of the ledger lines it consists of."""
    return canonical.encode({"entries": list(entries), "payout": Raw(payout)})
