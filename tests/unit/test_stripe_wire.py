"""adapters.stripe.wire: whole amounts or nothing, open to what is new, closed to what is old."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from adapters.stripe import shapes, wire
from connector.errors import MalformedAnswer
from tests.stripe_rig import example, listed, text

PROJECT = Path(__file__).resolve().parents[2]
MONEY_FILES = (
    "wire",
    "shapes",
    "currency",
    "translate",
    "payments",
    "ledger",
    "reading",
    "records",
    "paypages",
    "tables",
    "notes",
    "guards",
    "client",
)

SHAPES: dict[str, type[wire.Row | shapes.Row]] = {
    "account": wire.Account,
    "balance": wire.Balance,
    "balance_transaction": wire.BalanceTransaction,
    "charge": wire.Charge,
    "checkout.session": wire.Session,
    "credit_note": shapes.CreditNote,
    "customer": wire.Customer,
    "customer_balance_transaction": shapes.CreditLine,
    "customer_cash_balance_transaction": shapes.CashLine,
    "dispute": wire.Dispute,
    "invoice": wire.Invoice,
    "invoice_payment": wire.InvoicePayment,
    "payment_intent": wire.PaymentIntent,
    "payment_record": shapes.PaymentRecord,
    "payout": wire.Payout,
    "refund": wire.Refund,
}
AMOUNTS = [
    ("balance_transaction", "amount"),
    ("balance_transaction", "fee"),
    ("balance_transaction", "net"),
    ("charge", "amount"),
    ("charge", "amount_captured"),
    ("charge", "amount_refunded"),
    ("checkout.session", "amount_total"),
    ("credit_note", "amount"),
    ("credit_note", "out_of_band_amount"),
    ("credit_note", "post_payment_amount"),
    ("credit_note", "pre_payment_amount"),
    ("customer", "balance"),
    ("customer_balance_transaction", "amount"),
    ("customer_balance_transaction", "ending_balance"),
    ("customer_cash_balance_transaction", "ending_balance"),
    ("customer_cash_balance_transaction", "net_amount"),
    ("dispute", "amount"),
    ("invoice", "amount_due"),
    ("invoice", "amount_overpaid"),
    ("invoice", "amount_paid"),
    ("invoice", "amount_paid_off_stripe"),
    ("invoice", "amount_remaining"),
    ("invoice", "ending_balance"),
    ("invoice", "post_payment_credit_notes_amount"),
    ("invoice", "pre_payment_credit_notes_amount"),
    ("invoice", "starting_balance"),
    ("invoice", "total"),
    ("invoice_payment", "amount_paid"),
    ("invoice_payment", "amount_requested"),
    ("payment_intent", "amount"),
    ("payout", "amount"),
    ("refund", "amount"),
]


@pytest.mark.req("F17")
@pytest.mark.parametrize(("name", "field"), AMOUNTS)
@pytest.mark.parametrize("amount", [10.5, 10.0, "10", True, [10]])
def test_an_amount_that_is_not_an_integer_is_refused(name: str, field: str, amount: object) -> None:
    with pytest.raises(MalformedAnswer) as caught:
        wire.decode(text(example(name, **{field: amount})), SHAPES[name])
    assert f"$.{field}" in caught.value.sentence


@pytest.mark.req("F17")
@pytest.mark.parametrize("part", ["requested", "guaranteed", "failed", "canceled", "refunded"])
@pytest.mark.parametrize("value", [10.5, "10", None])
def test_an_amount_of_a_payment_record_that_is_not_an_integer_is_refused(part: str, value: object) -> None:
    odd = {f"amount_{part}": {"currency": "usd", "value": value}}
    with pytest.raises(MalformedAnswer) as caught:
        wire.decode(text(example("payment_record", **odd)), shapes.PaymentRecord)
    assert f"$.amount_{part}.value" in caught.value.sentence


@pytest.mark.req("F17")
@pytest.mark.parametrize("amount", [10.5, "10", None])
def test_a_refunded_part_of_a_credit_note_that_is_not_an_integer_is_refused(amount: object) -> None:
    with pytest.raises(MalformedAnswer):
        wire.decode(text(example("credit_note", refunds=[{"amount_refunded": amount}])), shapes.CreditNote)


@pytest.mark.req("F17")
@pytest.mark.parametrize("module", MONEY_FILES)
def test_no_file_on_the_path_of_money_knows_a_fraction(module: str) -> None:
    tree = ast.parse((PROJECT / "adapters" / "stripe" / f"{module}.py").read_text())
    fractions = [ast.dump(node) for node in ast.walk(tree) if _is_fraction(node)]
    assert fractions == []


def _is_fraction(node: ast.AST) -> bool:
    """A fractional literal, a division, or a call of what makes fractions."""
    match node:
        case ast.Constant(value=float()) | ast.Div() | ast.Name(id="float" | "round"):
            return True
        case _:
            return False


@pytest.mark.parametrize("name", SHAPES)
def test_unknown_fields_pass(name: str) -> None:
    row = example(name, brand_new={"deep": [1.5]})
    assert isinstance(wire.decode(text(row), SHAPES[name]), SHAPES[name])


def test_unknown_fields_are_noticed_by_name() -> None:
    assert wire.unknown_fields(text(example("charge", brand_new=1)), "charge") == {"brand_new"}
    assert wire.unknown_fields(text(example("charge")), "charge") == frozenset()


@pytest.mark.parametrize("name", ["invoice", "charge", "payment_intent", "payout", "refund", "dispute"])
def test_an_unknown_status_passes_as_it_is(name: str) -> None:
    row = wire.decode(text(example(name, status="levitating")), SHAPES[name])
    assert getattr(row, "status", None) == "levitating"


def test_the_rows_of_a_page_stay_byte_for_byte_as_they_came() -> None:
    rows = ['{"id": "a",  "amount": 1.50}', '{"id":"b"}']
    body = '{"object":"list","url":"/v1/x","has_more":false,"data":[' + ", ".join(rows) + "]}"
    page = wire.decode(body.encode(), wire.Listed)
    assert [bytes(raw).decode() for raw in page.data] == rows


@pytest.mark.parametrize("cut", [1, 200, -1])
def test_a_page_that_was_cut_short_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedAnswer):
        wire.decode(listed(example("charge"))[:cut], wire.Listed)


def test_an_object_of_another_kind_is_refused() -> None:
    with pytest.raises(MalformedAnswer):
        wire.decode(text(example("refund")), wire.Charge)


def test_a_refusal_names_the_place_and_shows_nothing_of_the_answer() -> None:
    row = example("charge", amount="4242 Jenny", metadata={"jenny@example.com": 5})
    for broken in (row, {**row, "amount": 1}):
        with pytest.raises(MalformedAnswer) as caught:
            wire.decode(text(broken), wire.Charge)
        assert "enny" not in str(caught.value)
        assert "4242" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "field"),
    [("invoice", "paid"), ("invoice", "charge"), ("invoice", "payment_intent"), ("charge", "invoice")],
)
def test_an_object_in_the_shape_before_invoice_payments_is_refused(name: str, field: str) -> None:
    with pytest.raises(MalformedAnswer):
        wire.decode(text(example(name, **{field: None})), SHAPES[name])


def test_an_expanded_object_and_its_id_are_the_same_link() -> None:
    whole = wire.decode(text(example("charge", customer=example("customer", id="cus_1"))), wire.Charge)
    short = wire.decode(text(example("charge", customer="cus_1")), wire.Charge)
    assert wire.link_id(whole.customer) == wire.link_id(short.customer) == "cus_1"


def test_a_payout_keeps_its_document_and_the_ids_of_its_members() -> None:
    received = b'{"id":"po_1", "amount":5}'
    kept = wire.payout_document(received, ["txn_2", "txn_1"])
    assert received in kept
    assert json.loads(kept) == {"entries": ["txn_2", "txn_1"], "payout": {"id": "po_1", "amount": 5}}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error":"text"}', b"\xff\xfe"])
def test_a_refusal_without_readable_words_says_nothing(body: bytes) -> None:
    assert wire.fault(body) == wire.Fault()
