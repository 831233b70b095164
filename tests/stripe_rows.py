"""Stripe's example objects with a few fields settled, as the unit tests of the translation take them."""

from __future__ import annotations

from typing import Any, TypeVar

from adapters.stripe import shapes, wire
from connector.money import Currency, Money
from tests.stripe_rig import example, text

T = TypeVar("T")
USD = Currency("USD")


def usd(minor: int) -> Money:
    return Money(minor, USD)


def row(shape: type[T], example_of: str, /, **changed: object) -> T:
    return wire.decode(text(example(example_of, **changed)), shape)


def charge(**changed: object) -> wire.Charge:
    settled: dict[str, Any] = {
        "id": "ch_1",
        "amount": 10_000,
        "amount_captured": 10_000,
        "captured": True,
        "balance_transaction": ledger_line(),
    }
    return row(wire.Charge, "charge", **{**settled, **changed})


def ledger_line(**changed: object) -> dict[str, Any]:
    return example("balance_transaction", **{"id": "txn_1", "amount": 10_000, "fee": 320, "net": 9_680, **changed})


def debit(**changed: object) -> wire.Charge:
    return charge(payment_method_details={"type": "us_bank_account"}, **changed)


def invoice(**changed: object) -> wire.Invoice:
    return row(wire.Invoice, "invoice", **{"id": "in_1", "status": "open", **changed})


def invoice_payment(**changed: object) -> wire.InvoicePayment:
    settled: dict[str, Any] = {
        "id": "inpay_1",
        "currency": "usd",
        "invoice": "in_1",
        "amount_requested": 1_000,
        "amount_paid": 1_000,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
    }
    return row(wire.InvoicePayment, "invoice_payment", **{**settled, **changed})


def credit_note(**changed: object) -> shapes.CreditNote:
    """One of 16.90 that reduced an open invoice by all of it."""
    settled: dict[str, Any] = {
        "id": "cn_1",
        "invoice": "in_1",
        "pre_payment_amount": 1_690,
        "post_payment_amount": 0,
        "refunds": [],
        "status": "issued",
    }
    return row(shapes.CreditNote, "credit_note", **{**settled, **changed})


def payment_record(**amounts: int) -> shapes.PaymentRecord:
    """A cheque of 100.00 that the merchant reported; amounts are in cents."""
    parts = {"requested": 10_000, "guaranteed": 10_000, "failed": 0, "canceled": 0, "refunded": 0, **amounts}
    written = {f"amount_{part}": {"currency": "usd", "value": value} for part, value in parts.items()}
    return row(shapes.PaymentRecord, "payment_record", id="pr_1", reported_by="self", livemode=False, **written)
