"""adapters.stripe.translate: every state by its proper name, and nothing of money dropped."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.stripe import ledger, payments, shapes, translate, wire
from adapters.stripe.notes import NOTE_KEYS
from connector.errors import UnknownCurrency
from connector.model.allocation import AllocationState
from connector.model.finding import FindingCode
from connector.model.invoice import InvoiceState, Issued
from connector.model.mirror import UNFINISHED, Gone, GoneState
from connector.model.party import Customer
from connector.model.settlement import CashEntry, CreditEntry
from connector.model.source import Kind, Ref, Tag
from connector.money import Currency, Money
from tests.stripe_rig import WHERE, example, ref, text
from tests.stripe_rows import charge, credit_note, invoice, invoice_payment, ledger_line, row, usd


@pytest.mark.req("S12")
def test_a_paid_invoice_that_is_read_again_as_open_is_open_again() -> None:
    paid, _ = translate.invoice(invoice(status="paid", amount_remaining=0), WHERE)
    again, found = translate.invoice(invoice(status="open", amount_remaining=1_000), WHERE)
    assert (paid.state, paid.open) == (InvoiceState.PAID, usd(0))
    assert (again.state, again.open) == (InvoiceState.OPEN, usd(1_000))
    assert found == ()


@pytest.mark.req("S12")
def test_what_is_open_on_an_invoice_is_what_stripe_says_remains() -> None:
    record, _ = translate.invoice(invoice(amount_due=1_000, amount_paid=900, amount_remaining=250), WHERE)
    assert (record.open, record.total) == (usd(250), usd(1_000))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("draft", InvoiceState.DRAFT),
        ("open", InvoiceState.OPEN),
        ("paid", InvoiceState.PAID),
        ("uncollectible", InvoiceState.UNCOLLECTIBLE),
        ("void", InvoiceState.VOID),
    ],
)
def test_every_status_of_an_invoice_is_known(status: str, state: InvoiceState) -> None:
    record, found = translate.invoice(invoice(status=status), WHERE)
    assert record.state is state
    assert found == ()
    assert record.open == (usd(0) if status == "void" else usd(1_000))


def test_only_an_invoice_that_stripe_was_told_to_send_was_sent() -> None:
    sent = {"finalized_at": 1_772_326_800}
    told = invoice(collection_method="send_invoice", customer_email="ap@acme.example", status_transitions=sent)
    charged = invoice(collection_method="charge_automatically", customer_email="ap@acme.example")
    assert translate.invoice(told, WHERE)[0].issued.to == "ap@acme.example"
    assert translate.invoice(told, WHERE)[0].issued.how == "email"
    assert translate.invoice(charged, WHERE)[0].issued == Issued()


def test_an_invoice_names_the_debt_it_stands_for_in_the_books() -> None:
    record, _ = translate.invoice(invoice(metadata={"receivables_debt": "quickbooks/invoice/130"}), WHERE)
    assert str(record.same_debt) == "quickbooks/invoice/130"


@pytest.mark.req("S28")
def test_our_own_note_does_not_come_back_as_news() -> None:
    metadata = {"order": "7", **dict.fromkeys(NOTE_KEYS, "ours")}
    assert translate.invoice(invoice(metadata=metadata), WHERE)[0].tags == (Tag("order", "7"),)
    known, _ = translate.customer(row(wire.Customer, "customer", metadata=metadata), WHERE)
    assert isinstance(known, Customer)
    assert known.tags == (Tag("order", "7"),)


@pytest.mark.req("S12")
@pytest.mark.parametrize(
    ("status", "paid", "settles"), [("open", None, 0), ("paid", 700, 700), ("canceled", 700, 0), ("canceled", None, 0)]
)
def test_an_invoice_payment_settles_only_while_it_is_paid(status: str, paid: int | None, settles: int) -> None:
    record, found = translate.allocation(invoice_payment(status=status, amount_paid=paid), WHERE)
    assert record.amount == usd(settles)
    assert record.target == ref(Kind.INVOICE, "in_1")
    assert found == ()


@pytest.mark.req("S12")
@pytest.mark.parametrize(
    ("paid_with", "kind", "vendor_id"),
    [
        ({"type": "payment_intent", "payment_intent": "pi_1"}, Kind.ATTEMPT, "pi_1"),
        ({"type": "charge", "charge": "ch_1"}, Kind.PAYMENT, "ch_1"),
        ({"type": "payment_record", "payment_record": "pr_1"}, Kind.PAYMENT, "pr_1"),
        ({"type": "barter"}, Kind.PAYMENT, "inpay_1"),
    ],
)
def test_what_paid_an_invoice_is_named_as_stripe_names_it(
    paid_with: dict[str, str], kind: Kind, vendor_id: str
) -> None:
    record, _ = translate.allocation(invoice_payment(status="paid", payment=paid_with), WHERE)
    assert record.payment == ref(kind, vendor_id)


def test_a_deleted_customer_is_a_tombstone() -> None:
    deleted = wire.decode(b'{"id":"cus_1","object":"customer","deleted":true}', wire.Customer)
    assert translate.customer(deleted, WHERE) == (Gone(state=GoneState.DELETED), ())


@pytest.mark.parametrize(
    ("named", "name"),
    [
        ({"name": "Acme", "email": "a@b.example"}, "Acme"),
        ({"business_name": "Acme Ltd"}, "Acme Ltd"),
        ({"email": "a@b.example"}, "a@b.example"),
        ({}, "cus_1"),
    ],
)
def test_a_customer_always_has_a_name(named: dict[str, str], name: str) -> None:
    record, _ = translate.customer(row(wire.Customer, "customer", id="cus_1", **named), WHERE)
    assert isinstance(record, Customer)
    assert record.name == name


def test_the_account_is_named_as_the_merchant_named_it_and_live_as_the_key_is() -> None:
    named = example("account", settings={"dashboard": {"display_name": "Harbor Supply"}})
    record, _ = translate.profile(wire.decode(text(named), wire.Account), WHERE)
    assert (record.name, record.home_currency, record.live) == ("Harbor Supply", "USD", False)


UNKNOWN: list[tuple[str, Any, Any, str]] = [
    ("invoice", translate.invoice, invoice(status="levitating"), "open"),
    ("payment", payments.payment, charge(status="levitating"), "gross"),
    ("attempt", payments.attempt, row(wire.PaymentIntent, "payment_intent", status="levitating"), "amount"),
    ("allocation", translate.allocation, invoice_payment(status="levitating"), ""),
    ("refund", payments.refund, row(wire.Refund, "refund", status="levitating"), "amount"),
    ("dispute", payments.dispute, row(wire.Dispute, "dispute", status="levitating"), "amount"),
    (
        "balance_entry",
        ledger.balance_entry,
        wire.decode(text(ledger_line(reporting_category="levitating")), wire.BalanceTransaction),
        "net",
    ),
    ("credit_note", translate.credit_note, credit_note(status="levitating"), "total"),
    (
        "credit_entry",
        translate.credit_entry,
        row(shapes.CreditLine, "customer_balance_transaction", type="levitating"),
        "amount",
    ),
    (
        "cash_entry",
        translate.cash_entry,
        row(shapes.CashLine, "customer_cash_balance_transaction", type="levitating"),
        "amount",
    ),
]


CAREFUL = ("unknown", "pending", "open", None)


@pytest.mark.parametrize(("kind", "to_noun", "received", "field"), UNKNOWN, ids=[case[0] for case in UNKNOWN])
def test_a_word_nobody_knows_is_shown_with_its_money_and_counts_as_neither_paid_nor_failed(
    kind: str, to_noun: Any, received: Any, field: str
) -> None:
    record, found = to_noun(received, WHERE)
    assert [(one.code, one.refs[0].kind) for one in found] == [(FindingCode.UNKNOWN_VALUE, Kind(kind))]
    assert "levitating" in found[0].sentence
    assert found[0].amount is not None
    if field:
        assert found[0].amount == getattr(record, field)
    assert getattr(record, "state", None) in CAREFUL


def test_a_currency_nobody_knows_is_never_taken_for_another() -> None:
    with pytest.raises(UnknownCurrency):
        translate.invoice(invoice(currency="usdc"), WHERE)


TIES: list[tuple[str, dict[str, object]]] = [
    ("paid in part", {"amount_paid": 400, "amount_remaining": 600}),
    ("paid outside Stripe", {"amount_paid": 400, "amount_remaining": 600, "amount_paid_off_stripe": 400}),
    ("overpaid, all of it counted", {"amount_paid": 1_200, "amount_remaining": 0, "amount_overpaid": 200}),
    ("overpaid, the rest not counted", {"amount_paid": 1_000, "amount_remaining": 0, "amount_overpaid": 200}),
    (
        "reduced by a credit note",
        {"amount_due": 700, "amount_remaining": 700, "pre_payment_credit_notes_amount": 300, "ending_balance": 0},
    ),
    (
        "paid in part from credit",
        {"amount_due": 700, "amount_remaining": 700, "starting_balance": -300, "ending_balance": 0},
    ),
    (
        "paid by more credit than it takes",
        {"amount_due": 0, "amount_remaining": 0, "starting_balance": -1_500, "ending_balance": -500},
    ),
    (
        "with an old debt added",
        {"amount_due": 1_250, "amount_remaining": 1_250, "starting_balance": 250, "ending_balance": 0},
    ),
    ("too small to be charged", {"amount_due": 0, "amount_remaining": 0, "ending_balance": 1_000}),
    ("a negative one", {"total": -400, "amount_due": 0, "amount_remaining": 0, "ending_balance": -400}),
]


@pytest.mark.parametrize("changed", [case[1] for case in TIES], ids=[case[0] for case in TIES])
def test_an_invoice_whose_amounts_tie_is_open_by_what_remains_and_nothing_is_said(changed: dict[str, object]) -> None:
    record, found = translate.invoice(invoice(**{"amount_overpaid": 0, **changed}), WHERE)
    assert found == ()
    assert record.open.minor == changed["amount_remaining"]


CONTRADICTIONS: list[tuple[str, dict[str, object], str]] = [
    ("remaining", {"amount_paid": 900, "amount_remaining": 250}, "due less what was paid"),
    ("overpaid", {"amount_paid": 900, "amount_remaining": 250, "amount_overpaid": 100}, "due less what was paid"),
    ("off Stripe", {"amount_paid": 0, "amount_paid_off_stripe": 1}, "outside Stripe"),
    ("credit notes", {"pre_payment_credit_notes_amount": 300, "ending_balance": 0}, "credit notes"),
    ("credit", {"starting_balance": -300, "ending_balance": 0}, "customer's credit"),
    ("too much credit", {"post_payment_credit_notes_amount": 1_001}, "more than its total"),
]


@pytest.mark.parametrize(
    ("changed", "says"), [case[1:] for case in CONTRADICTIONS], ids=[case[0] for case in CONTRADICTIONS]
)
def test_an_invoice_whose_amounts_contradict_each_other_is_shown_and_keeps_what_stripe_says_remains(
    changed: dict[str, object], says: str
) -> None:
    received = invoice(**{"amount_overpaid": 0, **changed})
    record, found = translate.invoice(received, WHERE)
    assert [one.code for one in found] == [FindingCode.DOES_NOT_TIE]
    assert says in found[0].sentence
    assert record.open == found[0].amount == usd(received.amount_remaining)


@pytest.mark.parametrize("status", ["draft", "void"])
def test_the_amounts_of_a_draft_and_of_a_void_invoice_need_not_tie(status: str) -> None:
    assert translate.invoice(invoice(status=status, amount_remaining=0, amount_overpaid=0), WHERE)[1] == ()


@pytest.mark.req("S12")
def test_an_uncollectible_invoice_can_still_be_paid() -> None:
    record, _ = translate.invoice(invoice(status="uncollectible"), WHERE)
    assert (record.state, record.open) == (InvoiceState.UNCOLLECTIBLE, usd(1_000))
    assert InvoiceState.UNCOLLECTIBLE in UNFINISHED[Kind.INVOICE]
    paid, _ = translate.invoice(invoice(status="paid", amount_paid=1_000, amount_remaining=0), WHERE)
    assert (paid.state, paid.open) == (InvoiceState.PAID, usd(0))


@pytest.mark.req("S12")
def test_what_is_offered_what_settles_and_what_was_detached_are_told_apart() -> None:
    states = [
        translate.allocation(invoice_payment(status=status, amount_paid=paid), WHERE)[0].state
        for status, paid in (("open", None), ("paid", 700), ("canceled", 700))
    ]
    assert states == [AllocationState.OPEN, AllocationState.APPLIED, AllocationState.DETACHED]


NOTES: list[tuple[str, dict[str, object], int, InvoiceState]] = [
    ("off an open invoice", {}, 0, InvoiceState.PAID),
    (
        "refunded",
        {"pre_payment_amount": 0, "post_payment_amount": 1_690, "refunds": [{"amount_refunded": 1_690}]},
        0,
        InvoiceState.PAID,
    ),
    (
        "to the customer's credit",
        {"pre_payment_amount": 0, "post_payment_amount": 1_690, "customer_balance_transaction": "cbtxn_1"},
        0,
        InvoiceState.PAID,
    ),
    (
        "given back elsewhere",
        {"pre_payment_amount": 0, "post_payment_amount": 1_690, "out_of_band_amount": 1_690},
        0,
        InvoiceState.PAID,
    ),
    (
        "mixed, and part of it nowhere yet",
        {"pre_payment_amount": 690, "post_payment_amount": 1_000, "refunds": [{"amount_refunded": 300}]},
        700,
        InvoiceState.OPEN,
    ),
    ("void", {"status": "void", "pre_payment_amount": 0, "post_payment_amount": 1_690}, 0, InvoiceState.VOID),
]


@pytest.mark.parametrize(("changed", "left", "state"), [case[1:] for case in NOTES], ids=[case[0] for case in NOTES])
def test_a_credit_note_is_open_only_by_what_went_nowhere_yet(
    changed: dict[str, object], left: int, state: InvoiceState
) -> None:
    record, found = translate.credit_note(credit_note(**changed), WHERE)
    assert (record.total, record.open, record.state) == (usd(1_690), usd(left), state)
    assert found == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"pre_payment_amount": 1_000},
        {"pre_payment_amount": 690, "post_payment_amount": 1_000, "refunds": [{"amount_refunded": 1_001}]},
    ],
    ids=["parts", "more given back than there was"],
)
def test_a_credit_note_that_does_not_add_up_is_shown_and_nothing_of_it_is_negative(changed: dict[str, object]) -> None:
    record, found = translate.credit_note(credit_note(**changed), WHERE)
    assert [one.code for one in found] == [FindingCode.DOES_NOT_TIE]
    assert (record.total, record.open) == (usd(1_690), usd(0))


def test_credit_adds_to_what_is_kept_where_stripe_writes_a_minus() -> None:
    line = row(
        shapes.CreditLine,
        "customer_balance_transaction",
        customer="cus_1",
        amount=-500,
        ending_balance=-700,
        invoice="in_1",
    )
    entry, found = translate.credit_entry(line, WHERE)
    assert isinstance(entry, CreditEntry)
    assert (entry.amount, entry.balance, entry.category) == (usd(500), usd(700), "adjustment")
    assert (entry.customer, entry.about) == (ref(Kind.CUSTOMER, "cus_1"), ref(Kind.INVOICE, "in_1"))
    assert found == ()


CASH: list[tuple[str, dict[str, object], Ref | None]] = [
    ("funded", {}, None),
    ("applied_to_payment", {"applied_to_payment": {"payment_intent": "pi_1"}}, ref(Kind.ATTEMPT, "pi_1")),
    ("unapplied_from_payment", {"unapplied_from_payment": {"payment_intent": "pi_1"}}, ref(Kind.ATTEMPT, "pi_1")),
    ("refunded_from_payment", {"refunded_from_payment": {"refund": "re_1"}}, ref(Kind.REFUND, "re_1")),
    (
        "transferred_to_balance",
        {"transferred_to_balance": {"balance_transaction": "txn_1"}},
        ref(Kind.BALANCE_ENTRY, "txn_1"),
    ),
]


@pytest.mark.parametrize(("kind", "changed", "about"), CASH, ids=[case[0] for case in CASH])
def test_cash_is_money_with_its_own_sign_and_says_what_moved_it(
    kind: str, changed: dict[str, object], about: Ref | None
) -> None:
    line = row(shapes.CashLine, "customer_cash_balance_transaction", type=kind, net_amount=-2_500, **changed)
    entry, found = translate.cash_entry(line, WHERE)
    assert isinstance(entry, CashEntry)
    assert (entry.amount, entry.balance) == (Money(-2_500, Currency("EUR")), Money(10_000, Currency("EUR")))
    assert (entry.category, entry.about) == (kind, about)
    assert found == ()


@pytest.mark.parametrize(
    ("kept", "credit", "cash"),
    [
        ({}, False, False),
        ({"balance": -500}, True, False),
        ({"balance": 500}, True, False),
        ({"invoice_credit_balance": {"cad": 500, "usd": 0}}, True, False),
        ({"cash_balance": example("cash_balance")}, False, True),
        ({"cash_balance": example("cash_balance", available=None)}, False, False),
        ({"cash_balance": example("cash_balance", available={"eur": 0})}, False, False),
    ],
    ids=["nothing", "credit", "debt", "credit in another currency", "cash", "never any cash", "no cash left"],
)
def test_credit_and_cash_are_never_taken_for_each_other(
    kept: dict[str, object],
    credit: bool,  # noqa: FBT001  a row of the table
    cash: bool,  # noqa: FBT001  a row of the table
) -> None:
    known = row(wire.Customer, "customer", **kept)
    assert (translate.keeps_credit(known), translate.keeps_cash(known)) == (credit, cash)
