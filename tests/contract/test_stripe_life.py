"""Months of a simulated merchant through the translation: every document Stripe would show, read one by one.

The stand-in reckons its figures by its own rules, so that what the records say here is held against another opinion.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.stripe import payments, shapes, translate, wire
from adapters.stripe.standin import disputes, invoicing, moves, records
from adapters.stripe.standin.life import Merchant
from connector.dates import business_date
from connector.model.allocation import Allocation, AllocationState
from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.money_in import AttemptState, Payment, PaymentState
from connector.model.settlement import CashEntry, CreditEntry
from connector.model.source import Kind
from connector.reconcile.fights import as_it_stands
from tests.stripe_desk import Desk, open_desk
from tests.stripe_rig import WHERE, ref

COMPANY = "company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor\n"
NAMED = COMPANY + "customer  Acme  email ap@acme.example  in stripe as cus_acme\n"
READ: dict[str, tuple[type[Any], Callable[[Any, translate.Where], tuple[Any, translate.Findings]]]] = {
    "charges": (wire.Charge, payments.payment),
    "credit_notes": (shapes.CreditNote, translate.credit_note),
    "customers": (wire.Customer, translate.customer),
    "disputes": (wire.Dispute, payments.dispute),
    "invoice_payments": (wire.InvoicePayment, translate.allocation),
    "invoices": (wire.Invoice, translate.invoice),
    "payment_intents": (wire.PaymentIntent, payments.attempt),
    "refunds": (wire.Refund, payments.refund),
}
EXPANDED = {
    "charges": ["data.balance_transaction", "data.failure_balance_transaction"],
    "customers": ["data.cash_balance"],
    "disputes": ["data.charge"],
}
DAYS = 130


@pytest.fixture(scope="module")
def lived() -> Iterator[Desk]:
    with open_desk(COMPANY, at="2026-01-01T12:00:00Z") as desk:
        merchant = Merchant(desk.stand_in.ledger("acct_harbor"), 7, charges_a_year=1_200)
        merchant.days(DAYS)
        assert merchant.done.keys() >= {
            "payment detached",
            "credit note",
            "debit returned",
            "rest reported",
            "overpaid",
        }
        yield desk


def every(desk: Desk, path: str, expand: list[str] | None = None) -> list[dict[str, Any]]:
    """All rows of a list."""
    rows: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": 100, "flat": {f"expand[{at}]": one for at, one in enumerate(expand or ())}}
    while True:
        page = desk.get(path, **asked)
        rows += page.rows
        if not page.body["has_more"]:
            return rows
        asked["starting_after"] = rows[-1]["id"]


def written(row: dict[str, Any]) -> bytes:
    """An object as bytes again; its rates are Decimals here, and pass as text."""
    return json.dumps(row, default=str).encode()


def noun(path: str, row: dict[str, Any]) -> tuple[Any, translate.Findings]:
    shape, to_noun = READ[path]
    return to_noun(wire.decode(written(row), shape), WHERE)


@pytest.mark.parametrize("path", READ)
def test_every_document_of_a_merchants_life_becomes_a_record_without_a_finding(lived: Desk, path: str) -> None:
    rows = every(lived, path, EXPANDED.get(path))
    assert rows
    told = [finding.sentence for row in rows for finding in noun(path, row)[1]]
    assert told == []


@pytest.mark.req("S12")
def test_what_settles_an_invoice_is_exactly_what_was_paid_on_it(lived: Desk) -> None:
    """Out of band is the one way to pay without an InvoicePayment; Stripe shows it as paid outside of it."""
    settled: Counter[str] = Counter()
    reported: Counter[str] = Counter()
    states = Counter[AllocationState]()
    for row in every(lived, "invoice_payments"):
        record: Allocation = noun("invoice_payments", row)[0]
        states[record.state] += 1
        settled[record.target.vendor_id] += record.amount.minor
        if row["payment"]["type"] == "payment_record":
            reported[record.target.vendor_id] += record.amount.minor
    assert states.keys() == set(AllocationState)
    for row in every(lived, "invoices"):
        out_of_band = row["amount_paid_off_stripe"] - reported[row["id"]]
        assert settled[row["id"]] + out_of_band == row["amount_paid"], row["id"]


def test_nothing_is_open_of_a_paid_or_void_invoice_and_something_of_every_open_one(lived: Desk) -> None:
    records: list[Invoice] = [noun("invoices", row)[0] for row in every(lived, "invoices")]
    seen = {record.state for record in records}
    assert seen == set(InvoiceState) - {InvoiceState.UNKNOWN}
    assert all(not record.open for record in records if record.state in (InvoiceState.PAID, InvoiceState.VOID))
    assert all(record.open for record in records if record.state is InvoiceState.OPEN)


def test_no_credit_note_of_the_merchant_has_anything_left_because_all_of_it_went_somewhere(lived: Desk) -> None:
    notes: list[CreditNote] = [noun("credit_notes", row)[0] for row in every(lived, "credit_notes")]
    assert {note.state for note in notes} == {InvoiceState.PAID, InvoiceState.VOID}
    assert [note for note in notes if note.open] == []


def test_a_customers_credit_and_cash_are_the_sums_of_their_lines_and_never_of_each_others(lived: Desk) -> None:
    asked: Counter[str] = Counter()
    for row in every(lived, "customers", EXPANDED["customers"]):
        known = wire.decode(written(row), wire.Customer)
        credit: defaultdict[str, int] = defaultdict(int)
        for line in every(lived, f"customers/{known.id}/balance_transactions"):
            entry, found = translate.credit_entry(wire.decode(written(line), shapes.CreditLine), WHERE)
            assert isinstance(entry, CreditEntry)
            assert (entry.customer, found) == (ref(Kind.CUSTOMER, known.id), ())
            credit[entry.amount.currency] += entry.amount.minor
        cash: defaultdict[str, int] = defaultdict(int)
        for line in every(lived, f"customers/{known.id}/cash_balance_transactions"):
            held, found = translate.cash_entry(wire.decode(written(line), shapes.CashLine), WHERE)
            assert isinstance(held, CashEntry)
            assert (held.customer, found) == (ref(Kind.CUSTOMER, known.id), ())
            cash[held.amount.currency] += held.amount.minor
        assert any(credit.values()) is translate.keeps_credit(known)
        assert any(cash.values()) is translate.keeps_cash(known)
        asked.update(credit=bool(credit), cash=bool(cash))
    assert asked["credit"] > 0
    assert asked["cash"] > 0


def test_every_payment_made_elsewhere_is_money_and_carries_its_reference(lived: Desk) -> None:
    named = {row["payment"].get("payment_record") for row in every(lived, "invoice_payments")} - {None}
    assert named
    for vendor_id in named:
        row = lived.one(f"payment_records/{vendor_id}")
        made, found = payments.record(wire.decode(written(row), shapes.PaymentRecord), WHERE)
        assert (made.state, made.elsewhere, found) == (PaymentState.SUCCEEDED, True, ())
        assert made.gross.minor == row["amount_requested"]["value"]


METHODS = [
    ("us_bank_account", "usd", "R01", "insufficient funds (R01)"),
    ("acss_debit", "cad", "insufficient_funds", "insufficient funds"),
    ("sepa_debit", "eur", "insufficient_funds", "insufficient funds"),
    ("bacs_debit", "gbp", "insufficient_funds", "insufficient funds"),
]


def standing(desk: Desk, invoice_id: str, charge_id: str, intent_id: str) -> tuple[Any, ...]:
    """What the documents alone say: the attempt, the payment with its dispute, the allocation and the invoice."""
    charge = desk.one(f"charges/{charge_id}", flat={"expand[0]": "balance_transaction"})
    made: Payment = noun("charges", charge)[0]
    fights = {
        record.payment: record
        for row in every(desk, "disputes", EXPANDED["disputes"])
        if (record := noun("disputes", row)[0])
    }
    payment = as_it_stands(ref(Kind.PAYMENT, charge_id), made, fights)
    attempt = noun("payment_intents", desk.one(f"payment_intents/{intent_id}"))[0]
    (link,) = every(desk, f"invoice_payments?invoice={invoice_id}")
    invoice = noun("invoices", desk.one(f"invoices/{invoice_id}"))[0]
    return attempt.state, payment.state, noun("invoice_payments", link)[0].state, invoice.state, payment


@pytest.mark.req("S12")
@pytest.mark.parametrize(("method", "code", "returned", "words"), METHODS, ids=[row[0] for row in METHODS])
def test_a_bank_debit_is_pending_then_succeeded_then_returned_and_says_when_and_why(
    method: str, code: str, returned: str, words: str
) -> None:
    with open_desk(NAMED, at="2026-03-01T12:00:00Z") as desk:
        ledger = desk.stand_in.ledger("acct_harbor")
        invoice = invoicing.issue(
            ledger, invoicing.Bill(customer="cus_acme", amount=12_000, currency=code, due_days=30, number="S-1")
        )
        sale = moves.Sale(
            charge_id="py_1",
            intent_id="pi_1",
            amount=12_000,
            currency=code,
            created=ledger.now(),
            method=method,
            customer="cus_acme",
        )
        charge = moves.begin_sale(ledger, sale)
        link = invoicing.attach(ledger, invoice, "payment_intent", "pi_1", 12_000)
        pending = standing(desk, invoice["id"], "py_1", "pi_1")
        assert pending[:4] == (
            AttemptState.PROCESSING,
            PaymentState.PENDING,
            AllocationState.OPEN,
            InvoiceState.OPEN,
        )
        moves.complete_sale(ledger, charge, at=ledger.now(), fee=60)
        invoicing.pay(ledger, link)
        succeeded = standing(desk, invoice["id"], "py_1", "pi_1")
        assert succeeded[:4] == (
            AttemptState.SUCCEEDED,
            PaymentState.SUCCEEDED,
            AllocationState.APPLIED,
            InvoiceState.PAID,
        )
        desk.clock.pass_seconds(59 * moves.DAY_SECONDS)
        disputes.come_back(ledger, charge, returned)
        back = standing(desk, invoice["id"], "py_1", "pi_1")
        assert back[1] is PaymentState.RETURNED
        assert (back[4].returned_on, back[4].failure) == (business_date("2026-04-29"), words)
        invoicing.detach(ledger, link)
        free = standing(desk, invoice["id"], "py_1", "pi_1")
        assert free[1:4] == (PaymentState.RETURNED, AllocationState.DETACHED, InvoiceState.OPEN)


def test_a_cheque_that_pays_the_rest_of_an_invoice_settles_it() -> None:
    with open_desk(NAMED, at="2026-03-01T12:00:00Z") as desk:
        ledger = desk.stand_in.ledger("acct_harbor")
        invoice = invoicing.issue(
            ledger, invoicing.Bill(customer="cus_acme", amount=12_000, currency="usd", due_days=30, number="S-1")
        )
        cheque = records.report(ledger, 12_000, "usd", customer="cus_acme", reference="cheque 1042")
        invoicing.pay(ledger, invoicing.attach(ledger, invoice, records.KIND, cheque["id"], 12_000))
        (link,) = every(desk, f"invoice_payments?invoice={invoice['id']}")
        share: Allocation = noun("invoice_payments", link)[0]
        row = wire.decode(written(desk.one(f"payment_records/{cheque['id']}")), shapes.PaymentRecord)
        assert share.payment == ref(Kind.PAYMENT, cheque["id"])
        assert share.amount == payments.record(row, WHERE)[0].gross
        assert payments.record(row, WHERE)[0].reference == "cheque 1042"
        assert noun("invoices", desk.one(f"invoices/{invoice['id']}"))[0].state is InvoiceState.PAID
