"""Stripe's own example objects, and old webhook bodies, through the adapter's wire and translation."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, get_args

import pytest
import stripe

from adapters.stripe import ledger, payments, pointers, shapes, translate, wire
from adapters.stripe.fields import FIELDS
from adapters.stripe.tables import (
    ATTEMPT_STATES,
    CASH_TYPES,
    CREDIT_NOTE_STATES,
    CREDIT_TYPES,
    DISPUTE_STATES,
    INVOICE_STATES,
    METHODS,
)
from connector.errors import MalformedAnswer, UnknownCurrency
from connector.model.money_in import PaymentState
from tests.stripe_rig import WHERE, example, listed, text
from tests.vendor import stripe as judge
from tests.vendor.stripe_spec import components
from tests.vendor.where import schemas

ADAPTER = Path(__file__).resolve().parents[2] / "adapters" / "stripe"
ROWS: dict[str, tuple[type[Any], Callable[[Any], Any]]] = {
    "account": (wire.Account, lambda row: translate.profile(row, WHERE)),
    "balance": (wire.Balance, lambda row: ledger.account(row, "usd")),
    "balance_transaction": (wire.BalanceTransaction, lambda row: ledger.balance_entry(row, WHERE)),
    "charge": (wire.Charge, lambda row: payments.payment(row, WHERE)),
    "credit_note": (shapes.CreditNote, lambda row: translate.credit_note(row, WHERE)),
    "customer": (wire.Customer, lambda row: translate.customer(row, WHERE)),
    "customer_balance_transaction": (shapes.CreditLine, lambda row: translate.credit_entry(row, WHERE)),
    "customer_cash_balance_transaction": (shapes.CashLine, lambda row: translate.cash_entry(row, WHERE)),
    "deleted_customer": (wire.Customer, lambda row: translate.customer(row, WHERE)),
    "dispute": (wire.Dispute, lambda row: payments.dispute(row, WHERE)),
    "invoice": (wire.Invoice, lambda row: translate.invoice(row, WHERE)),
    "payment_record": (shapes.PaymentRecord, lambda row: payments.record(row, WHERE)),
    "payment_intent": (wire.PaymentIntent, lambda row: payments.attempt(row, WHERE)),
    "payout": (wire.Payout, lambda row: ledger.payout(row, WHERE, None)),
    "refund": (wire.Refund, lambda row: payments.refund(row, WHERE)),
}
MADE_UP: dict[str, dict[str, object]] = {
    "credit_note": {"pre_payment_amount": 1_690, "post_payment_amount": 0, "refunds": []},
    "payment_record": {"reported_by": "self"},
}
"""Fields that Stripe's examples fill with random numbers which contradict each other, or with the odd case."""
ANSWERS = (*get_args(wire.Row), *get_args(shapes.Row))
SDK_TYPES: dict[str, type[stripe.StripeObject]] = {
    "account": stripe.Account,
    "balance": stripe.Balance,
    "balance_transaction": stripe.BalanceTransaction,
    "cash_balance": stripe.CashBalance,
    "charge": stripe.Charge,
    "credit_note": stripe.CreditNote,
    "customer": stripe.Customer,
    "customer_balance_transaction": stripe.CustomerBalanceTransaction,
    "customer_cash_balance_transaction": stripe.CustomerCashBalanceTransaction,
    "dispute": stripe.Dispute,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "payment_record": stripe.PaymentRecord,
    "payout": stripe.Payout,
    "refund": stripe.Refund,
}
SAMPLES = 23


def samples() -> list[tuple[str, dict[str, Any]]]:
    """The webhook bodies an account with an old default version sends."""
    folder = schemas("stripe") / "webhook-samples"
    return [(path.stem, json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


@pytest.mark.parametrize("name", ROWS)
def test_stripes_own_example_becomes_a_record_without_a_finding(name: str) -> None:
    shape, to_record = ROWS[name]
    outcome = to_record(wire.decode(text(example(name, **MADE_UP.get(name, {}))), shape))
    record, found = outcome if isinstance(outcome, tuple) else (outcome, ())
    assert type(record).__module__.startswith("connector.model.")
    assert found == ()


def test_stripes_example_of_an_invoice_payment_has_a_currency_that_is_none_and_is_refused_for_it() -> None:
    row = wire.decode(text(example("invoice_payment")), wire.InvoicePayment)
    with pytest.raises(UnknownCurrency):
        translate.allocation(row, WHERE)


def test_stripes_example_of_a_pay_page_is_open() -> None:
    row = wire.decode(text(example("checkout.session")), wire.Session)
    assert row.status is not None
    assert payments.page_state(row.status, row.payment_status, None).value == "offered"


@pytest.mark.parametrize("name", SDK_TYPES)
def test_the_table_of_known_fields_is_that_of_the_sdk_and_of_stripes_examples(name: str) -> None:
    typed = {field for field in SDK_TYPES[name].__annotations__ if not field.startswith("_")}
    described = typed - {"OBJECT_NAME", "deleted"} | judge.fixtures()[name].keys()
    assert FIELDS[name] == described


def test_all_the_samples_are_here() -> None:
    assert len(samples()) == SAMPLES


@pytest.mark.req("S12")
def test_an_events_body_is_refused_as_a_page_and_as_every_object_we_read() -> None:
    for name, body in samples():
        for shape in (wire.Listed, *ANSWERS):
            with pytest.raises(MalformedAnswer):
                wire.decode(text(body), shape)
        page = wire.decode(listed(body), wire.Listed)
        for shape in ANSWERS:
            with pytest.raises(MalformedAnswer):
                wire.decode(page.data[0], shape)
        assert body["object"] == "event", name


@pytest.mark.req("S12")
def test_the_old_shape_inside_an_event_is_refused_wherever_it_would_mislead() -> None:
    """Invoices with `paid` and `charge`, charges with `invoice`, disputes without today's fields. Only objects whose
    shape never changed decode at all, and the adapter has no way in for them either: see the next test."""
    refused = set()
    for _, body in samples():
        inner = body["data"]["object"]
        if inner["object"] not in ROWS:
            continue
        try:
            wire.decode(text(inner), ROWS[inner["object"]][0])
        except MalformedAnswer:
            refused.add(inner["object"])
    assert {"invoice", "dispute", "charge"} <= refused


@pytest.mark.req("S12")
def test_nothing_but_answers_to_our_own_requests_ever_reaches_the_parser() -> None:
    """An event is read as a pointer, with the place where to look; the files that read events decode nothing else."""
    assert set(pointers.About.__struct_fields__) == {"id", "object", "customer", "created"}
    assert pointers.EventBody.__struct_fields__ == ("object",)
    callers = set()
    for path in ADAPTER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="wire"), attr="decode")):
                    callers.add(path.name)
                case _:
                    pass
    assert "records.py" in callers
    assert not callers & {"hooks.py", "follow.py", "events.py", "course.py"}
    words = "".join(path.read_text() for path in ADAPTER.glob("*.py"))
    assert "construct_event" not in words
    assert "parse_event" not in words


def test_the_table_of_payment_methods_is_that_of_the_sdk() -> None:
    known = {name for name in stripe.Charge.PaymentMethodDetails.__annotations__ if not name.startswith("_")}
    assert known - {"type"} == METHODS


@pytest.mark.parametrize(
    ("schema", "field", "known"),
    [
        ("customer_balance_transaction", "type", CREDIT_TYPES),
        ("customer_cash_balance_transaction", "type", CASH_TYPES),
        ("credit_note", "status", CREDIT_NOTE_STATES.keys()),
        ("dispute", "status", DISPUTE_STATES.keys()),
        ("invoice", "status", INVOICE_STATES.keys()),
        ("payment_intent", "status", ATTEMPT_STATES.keys()),
    ],
)
def test_every_word_of_stripes_description_is_known(schema: str, field: str, known: Collection[str]) -> None:
    described = components()["components"]["schemas"][schema]["properties"][field]
    plain = next((one for one in described.get("anyOf", ()) if "enum" in one), described)
    assert set(plain["enum"]) == set(known)


@pytest.mark.req("S12")
def test_a_pending_a_failed_and_a_disputed_charge_of_stripes_example_are_told_apart() -> None:
    states = [
        payments.payment(wire.decode(text(example("charge", captured=True, **changed)), wire.Charge), WHERE)[0].state
        for changed in (
            {"status": "pending"},
            {"status": "failed"},
            {"status": "succeeded"},
            {"status": "succeeded", "disputed": True},
            {"status": "succeeded", "disputed": True, "payment_method_details": {"type": "acss_debit"}},
            {"status": "succeeded", "amount_refunded": 100},
        )
    ]
    assert states == [
        PaymentState.PENDING,
        PaymentState.FAILED,
        PaymentState.SUCCEEDED,
        PaymentState.DISPUTED,
        PaymentState.RETURNED,
        PaymentState.REFUNDED,
    ]
