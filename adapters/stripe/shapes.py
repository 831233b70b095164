"""More of Stripe's shapes, decoded as by `wire`: credit notes, what is kept for a customer, payments made elsewhere."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from adapters.stripe.wire import Link, MethodDetails


class CreditNoteRefund(Struct, frozen=True):
    """Part of a credit note that was given back in money."""

    amount_refunded: int


class CreditNote(Struct, frozen=True):
    """What reduces an invoice: first what was still open of it (`pre_payment_amount`), then what had been paid
    (`post_payment_amount`: refunded, credited to the customer, or given back elsewhere)."""

    id: str
    object: Literal["credit_note"]
    amount: int
    created: int
    currency: str
    customer: Link
    invoice: Link
    number: str
    status: str
    pre_payment_amount: int
    post_payment_amount: int
    refunds: list[CreditNoteRefund]
    livemode: bool
    out_of_band_amount: int | None = None
    customer_balance_transaction: Link = None
    effective_at: int | None = None
    memo: str | None = None


class CreditLine(Struct, frozen=True):
    """A line of a customer's credit (Stripe: customer balance transaction). Negative is in the customer's favour."""

    id: str
    object: Literal["customer_balance_transaction"]
    amount: int
    created: int
    currency: str
    customer: Link
    ending_balance: int
    type: str
    livemode: bool
    credit_note: Link = None
    invoice: Link = None


class OfIntent(Struct, frozen=True):
    """The payment intent that cash was applied to, or taken back from."""

    payment_intent: Link = None


class OfRefund(Struct, frozen=True):
    """The refund that cash came back by."""

    refund: Link = None


class OfEntry(Struct, frozen=True):
    """The line of Stripe's ledger that cash was moved by."""

    balance_transaction: Link = None


class CashLine(Struct, frozen=True):
    """A line of a customer's own money (Stripe: customer cash balance transaction). Positive is money in."""

    id: str
    object: Literal["customer_cash_balance_transaction"]
    net_amount: int
    created: int
    currency: str
    customer: Link
    ending_balance: int
    type: str
    livemode: bool
    applied_to_payment: OfIntent | None = None
    unapplied_from_payment: OfIntent | None = None
    refunded_from_payment: OfRefund | None = None
    transferred_to_balance: OfEntry | None = None
    adjusted_for_overdraft: OfEntry | None = None


class Amount(Struct, frozen=True):
    """An amount as payment records write it."""

    value: int
    currency: str


class PayerDetails(Struct, frozen=True):
    """Who is said to have paid."""

    customer: Link = None
    name: str | None = None


class CustomDetails(Struct, frozen=True):
    """What the merchant wrote down about a payment made elsewhere, such as a cheque's number."""

    payment_reference: str | None = None


class ProcessorDetails(Struct, frozen=True):
    """Through whom it was paid."""

    type: str | None = None
    custom: CustomDetails | None = None


class PaymentRecord(Struct, frozen=True):
    """A payment that went past Stripe and was reported to it, so that an invoice there can be called paid."""

    id: str
    object: Literal["payment_record"]
    amount_requested: Amount
    amount_guaranteed: Amount
    amount_failed: Amount
    amount_canceled: Amount
    amount_refunded: Amount
    created: int
    livemode: bool
    reported_by: str
    processor_details: ProcessorDetails
    customer_details: PayerDetails | None = None
    payment_method_details: MethodDetails | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None


Row = CashLine | CreditLine | CreditNote | PaymentRecord


class LinkLine(Struct, frozen=True):
    """What one line of a Payment Link asks for."""

    amount_total: int
    currency: str


class LinkLines(Struct, frozen=True):
    """The lines of a Payment Link, where they were asked for."""

    data: list[LinkLine]


class PaymentLink(Struct, frozen=True):
    """An address of Stripe's own that opens a page for everybody who follows it, until it is closed."""

    id: str
    object: Literal["payment_link"]
    active: bool
    url: str
    livemode: bool
    payment_method_types: list[str] | None = None
    metadata: dict[str, str] | None = None
    line_items: LinkLines | None = None
