"""PayPal's shapes as they are on the wire, decoded once. Unknown fields and values are kept in the raw document.

Amounts are texts at PayPal; a number in their place is refused by the decoder. What may be missing is optional here,
whatever the description says: live answers are read leniently.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from connector import canonical
from connector.errors import MalformedAnswer

SYSTEM = "PayPal"
TRACE = "Paypal-Debug-Id"
T = TypeVar("T")

TRANSACTIONS = "/v1/reporting/transactions"
BALANCES = "/v1/reporting/balances"
DISPUTES = "/v1/customer/disputes"
ORDERS = "/v2/checkout/orders"
CAPTURES = "/v2/payments/captures"
REFUNDS = "/v2/payments/refunds"
WEBHOOKS = "/v1/notifications/webhooks"
TOKEN = "/v1/oauth2/token"  # noqa: S105 - an address


class Amount(msgspec.Struct, frozen=True):
    """An amount in major units."""

    currency_code: str
    value: str


class Link(msgspec.Struct, frozen=True):
    """Where to go on, and what for."""

    href: str
    rel: str = ""


class Reason(msgspec.Struct, frozen=True):
    """Why something has the status it has."""

    reason: str = ""


class Party(msgspec.Struct, frozen=True):
    """Who is paid."""

    merchant_id: str = ""


class Breakdown(msgspec.Struct, frozen=True):
    """What of a capture comes to the seller."""

    gross_amount: Amount | None = None
    paypal_fee: Amount | None = None
    net_amount: Amount | None = None


class Capture(msgspec.Struct, frozen=True):
    """Money that was taken, or is on its way."""

    id: str
    status: str = ""
    amount: Amount | None = None
    status_details: Reason | None = None
    custom_id: str = ""
    invoice_id: str = ""
    create_time: str = ""
    update_time: str = ""
    payee: Party | None = None
    seller_receivable_breakdown: Breakdown | None = None
    links: tuple[Link, ...] = ()


class Refund(msgspec.Struct, frozen=True):
    """Money that was given back of a capture."""

    id: str
    status: str = ""
    amount: Amount | None = None
    custom_id: str = ""
    create_time: str = ""
    links: tuple[Link, ...] = ()


class Payments(msgspec.Struct, frozen=True):
    """What came of an order."""

    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()


class Unit(msgspec.Struct, frozen=True):
    """The one purchase of an order of ours."""

    amount: Amount | None = None
    payee: Party | None = None
    custom_id: str = ""
    invoice_id: str = ""
    payments: Payments | None = None


class Order(msgspec.Struct, frozen=True):
    """A short-lived wish to pay; its captures are the money."""

    id: str
    status: str = ""
    purchase_units: tuple[Unit, ...] = ()
    create_time: str = ""
    links: tuple[Link, ...] = ()


class Detail(msgspec.Struct, frozen=True):
    """One reason of a refusal."""

    issue: str = ""
    field: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """What PayPal says when it does not do something; its token call says it in the last two fields."""

    name: str = ""
    debug_id: str = ""
    details: tuple[Detail, ...] = ()
    links: tuple[Link, ...] = ()
    maximum_items: int | None = None
    error: str = ""

    @property
    def issue(self) -> str:
        """The first named reason, else the name of the whole."""
        return next((detail.issue for detail in self.details if detail.issue), self.name or self.error)


class Token(msgspec.Struct, frozen=True):
    """What lets us in for some hours."""

    access_token: str
    expires_in: int
    scope: str = ""


class Transaction(msgspec.Struct, frozen=True):
    """A line of the account, as the reports have it."""

    transaction_id: str = ""
    transaction_event_code: str = ""
    transaction_status: str = ""
    transaction_initiation_date: str = ""
    transaction_updated_date: str = ""
    transaction_amount: Amount | None = None
    fee_amount: Amount | None = None
    paypal_reference_id: str = ""
    paypal_reference_id_type: str = ""
    invoice_id: str = ""
    custom_field: str = ""
    transaction_subject: str = ""
    transaction_note: str = ""


class Name(msgspec.Struct, frozen=True):
    """A payer's name."""

    alternate_full_name: str = ""
    given_name: str = ""
    surname: str = ""


class Payer(msgspec.Struct, frozen=True):
    """Who paid; only there where it was asked for."""

    email_address: str = ""
    payer_name: Name | None = None


class Line(msgspec.Struct, frozen=True):
    """One row of a report."""

    transaction_info: Transaction
    payer_info: Payer | None = None


class Report(msgspec.Struct, frozen=True):
    """A page of the account's lines. `transaction_details` is raw, so that each row keeps its own document."""

    transaction_details: tuple[msgspec.Raw, ...] = ()
    account_number: str = ""
    last_refreshed_datetime: str = ""
    page: int = 1
    total_items: int = 0
    total_pages: int = 1


class Balance(msgspec.Struct, frozen=True):
    """What the account holds in one currency. What is withheld left by lines of its own."""

    currency: str
    total_balance: Amount
    primary: bool = False
    available_balance: Amount | None = None


class Balances(msgspec.Struct, frozen=True):
    """What the account holds at one moment."""

    account_id: str = ""
    as_of_time: str = ""
    last_refresh_time: str = ""
    balances: tuple[Balance, ...] = ()


class DisputeLine(msgspec.Struct, frozen=True):
    """A dispute in a list: enough to know whether to read it again."""

    dispute_id: str
    update_time: str = ""
    status: str = ""


class DisputeList(msgspec.Struct, frozen=True):
    """A page of disputes."""

    items: tuple[DisputeLine, ...] = ()
    links: tuple[Link, ...] = ()


class Disputed(msgspec.Struct, frozen=True):
    """The payment that a dispute is about."""

    seller_transaction_id: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """How a dispute ended."""

    outcome_code: str = ""
    amount_refunded: Amount | None = None


class Dispute(msgspec.Struct, frozen=True):
    """A dispute as it stands."""

    dispute_id: str
    create_time: str = ""
    update_time: str = ""
    reason: str = ""
    status: str = ""
    dispute_amount: Amount | None = None
    disputed_transactions: tuple[Disputed, ...] = ()
    dispute_outcome: Outcome | None = None
    dispute_life_cycle_stage: str = ""
    seller_response_due_date: str = ""


class EventType(msgspec.Struct, frozen=True):
    """Something that PayPal tells of."""

    name: str = ""


class Webhook(msgspec.Struct, frozen=True):
    """An address that PayPal sends to."""

    id: str = ""
    url: str = ""
    event_types: tuple[EventType, ...] = ()


class WebhookList(msgspec.Struct, frozen=True):
    """All of them of one app."""

    webhooks: tuple[Webhook, ...] = ()


class Event(msgspec.Struct, frozen=True):
    """What of a webhook is looked at: never its amounts."""

    id: str = ""
    event_type: str = ""
    resource_type: str = ""
    create_time: str = ""
    resource: msgspec.Raw = msgspec.Raw(b"{}")


class Pointed(msgspec.Struct, frozen=True):
    """Which object an event is about; an order and a dispute name their ids differently."""

    id: str = ""
    dispute_id: str = ""
    order_id: str = ""


def decode(body: bytes, shape: type[T]) -> T:
    """An answer as that shape. Errors: MalformedAnswer."""
    try:
        return canonical.decoder(shape).decode(body)
    except msgspec.DecodeError:
        raise MalformedAnswer(
            "PayPal's answer was cut short or has another shape than expected.",
            next_step="Run it again in a few minutes.",
            system=SYSTEM,
        ) from None


def refusal(body: bytes) -> Refusal:
    """What a refusal says; nothing where it is a gateway's page, or says nothing that can be read."""
    try:
        return decode(body, Refusal)
    except MalformedAnswer:
        return Refusal()
