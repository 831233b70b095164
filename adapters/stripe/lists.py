"""What is mirrored of an account: which list of Stripe's holds each kind of record, and how its rows become records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from adapters.stripe import ledger, payments, shapes, translate, wire
from adapters.stripe.calls import Query
from adapters.stripe.guards import checked_id
from adapters.stripe.translate import Findings, Where
from connector.model.mirror import Gone, Noun
from connector.model.source import Kind

T = TypeVar("T")
OWNER = "{customer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One kind of record: its list, Stripe's name of its objects, and its translation.

    `expand` are the links that are asked for in full, in lists and single reads alike, so that both bring the same.
    The list of what is kept for a customer is below the customer.
    """

    kind: Kind
    path: str
    name: str
    shape: type[Any]
    translate: Callable[[Any, Where], tuple[Noun | Gone, Findings]]
    expand: tuple[str, ...] = ()

    @property
    def listing(self) -> Query:
        """What is asked for with every page of the list."""
        return {f"expand[{place}]": f"data.{link}" for place, link in enumerate(self.expand)}

    @property
    def reading(self) -> Query:
        """What is asked for with one record."""
        return {f"expand[{place}]": link for place, link in enumerate(self.expand)}

    def all(self, customer: str = "") -> str:
        """The address of the list."""
        return self.path.replace(OWNER, checked_id(customer)) if self.owned else self.path

    def one(self, vendor_id: str, customer: str = "") -> str:
        """The address of one record."""
        return f"{self.all(customer)}/{checked_id(vendor_id)}"

    @property
    def owned(self) -> bool:
        """Whether it is listed customer by customer."""
        return OWNER in self.path


def _shelf(
    kind: Kind,
    path: str,
    shape: type[T],
    to_noun: Callable[[T, Where], tuple[Noun | Gone, Findings]],
    *expand: str,
) -> Shelf:
    name = path.removeprefix("/v1/").replace("s/{customer}/", "_").removesuffix("s")
    return Shelf(kind=kind, path=path, name=name, shape=shape, translate=to_noun, expand=expand)


def _bare_payout(row: wire.Payout, where: Where) -> tuple[Noun | Gone, Findings]:
    return ledger.payout(row, where, None)


BOOKS: tuple[Shelf, ...] = (
    _shelf(Kind.CUSTOMER, "/v1/customers", wire.Customer, translate.customer, "cash_balance"),
    _shelf(Kind.INVOICE, "/v1/invoices", wire.Invoice, translate.invoice),
    _shelf(Kind.ALLOCATION, "/v1/invoice_payments", wire.InvoicePayment, translate.allocation),
    _shelf(Kind.ATTEMPT, "/v1/payment_intents", wire.PaymentIntent, payments.attempt),
    _shelf(
        Kind.PAYMENT,
        "/v1/charges",
        wire.Charge,
        payments.payment,
        "balance_transaction",
        "failure_balance_transaction",
    ),
    _shelf(Kind.REFUND, "/v1/refunds", wire.Refund, payments.refund),
    _shelf(Kind.DISPUTE, "/v1/disputes", wire.Dispute, payments.dispute, "charge"),
    _shelf(Kind.CREDIT_NOTE, "/v1/credit_notes", shapes.CreditNote, translate.credit_note),
    _shelf(Kind.BALANCE_ENTRY, "/v1/balance_transactions", wire.BalanceTransaction, ledger.balance_entry),
    _shelf(Kind.PAYOUT, "/v1/payouts", wire.Payout, _bare_payout),
)
"""Everything that has a list of its own, in the order in which it is begun."""

CREDIT = _shelf(
    Kind.CREDIT_ENTRY, "/v1/customers/{customer}/balance_transactions", shapes.CreditLine, translate.credit_entry
)
CASH = _shelf(
    Kind.CASH_ENTRY, "/v1/customers/{customer}/cash_balance_transactions", shapes.CashLine, translate.cash_entry
)
ELSEWHERE = _shelf(Kind.PAYMENT, "/v1/payment_records", shapes.PaymentRecord, payments.record)
"""Payments that went past Stripe. They are in no list: what they pay names them."""

SHELVES: Mapping[str, Shelf] = {
    **{shelf.kind.value: shelf for shelf in (*BOOKS, CREDIT, CASH)},
    ELSEWHERE.name: ELSEWHERE,
}
"""By the name of the kind of record; payments made elsewhere by their own."""

RECORD = "pr_"
"""How the id of a payment made elsewhere begins."""

NAMES: tuple[str, ...] = tuple(shelf.kind.value for shelf in BOOKS)

ACCOUNT, BALANCE, EVENTS = "/v1/account", "/v1/balance", "/v1/events"


def shelf_of(kind: Kind, vendor_id: str) -> str | None:
    """The name of the shelf on which a record can be found by its id alone, None when there is none."""
    if kind is Kind.PAYMENT and vendor_id.startswith(RECORD):
        return ELSEWHERE.name
    return kind.value if kind in SHELVES and not SHELVES[kind].owned else None
