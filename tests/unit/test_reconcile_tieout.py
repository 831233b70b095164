"""Sums that must hold, and the row that is named when one does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.model.money_in import PaymentState, RefundState
from connector.model.party import AccountRole
from connector.model.settlement import EntryNature
from connector.model.source import Kind, Ref
from connector.money import Money
from connector.reconcile.tieout import tie_out, unsettled
from tests.builders import PROCESSOR, USD, Mirror, ref


@pytest.fixture
def books() -> Mirror:
    """Books and a processor that tie: 100 + 50 open, 20 credit left, 30 unapplied; one charge paid out, one not."""
    mirror = Mirror()
    mirror.customer("Acme")
    first = mirror.invoice("INV-1", "Acme", "120.00", still_open="100.00")
    mirror.invoice("INV-2", "Acme", "50.00")
    credit = mirror.credit("CM-1", "Acme", "25.00", still_open="20.00")
    mirror.received("p-1", "Acme", "45.00", {first: "15.00"}, unapplied="30.00")
    mirror.received("p-2", "Acme", "0.00", {first: "5.00", credit: "5.00"})
    mirror.account("A/R", AccountRole.RECEIVABLE, "100.00")
    charge = mirror.charge("ch_1", "200.00", fee="6.10")
    later = mirror.charge("ch_2", "10.00", fee="0.59")
    paid = mirror.entry("txn_1", charge, "200.00", "6.10")
    mirror.entry("txn_2", later, "10.00", "0.59")
    mirror.entry("txn_3", mirror.payout("po_1", "193.90", paid), "-193.90", "0.00", EntryNature.PAYOUT)
    mirror.account("Balance", AccountRole.PROCESSOR, "9.41", at=PROCESSOR)
    return mirror


def shifted(record: Any, field: str) -> Any:
    amount: Money = getattr(record, field)
    return replace(record, **{field: Money(amount.minor + 1, amount.currency)})


def test_healthy_books_tie_without_a_finding(books: Mirror) -> None:
    result = tie_out(books.seen())
    assert result.findings == ()
    assert [(line.name, line.difference.minor) for line in result.lines] == [
        ("Accounts receivable USD", 0),
        ("Balance USD", 0),
    ]


@pytest.mark.parametrize(
    ("at", "field"),
    [
        (ref(Kind.INVOICE, "i-INV-1"), "open"),
        (ref(Kind.INVOICE, "i-INV-2"), "total"),
        (ref(Kind.CREDIT_NOTE, "CM-1"), "open"),
        (ref(Kind.PAYMENT, "p-1"), "unapplied"),
        (ref(Kind.PAYMENT, "p-1"), "gross"),
        (ref(Kind.PAYMENT, "ch_1", PROCESSOR), "gross"),
        (ref(Kind.BALANCE_ENTRY, "txn_1", PROCESSOR), "fee"),
        (ref(Kind.BALANCE_ENTRY, "txn_2", PROCESSOR), "net"),
        (ref(Kind.PAYOUT, "po_1", PROCESSOR), "amount"),
    ],
)
def test_one_cent_anywhere_names_its_row(books: Mirror, at: Ref, field: str) -> None:
    books.records[at] = shifted(books.records[at], field)
    result = tie_out(books.seen())
    assert not result.holds
    assert any(at in finding.refs and str(at) in finding.sentence for finding in result.findings)


@pytest.mark.parametrize(("at", "line"), [("A/R", "Accounts receivable USD"), ("Balance", "Balance USD")])
def test_one_cent_on_an_account_is_named_as_the_accounts(books: Mirror, at: str, line: str) -> None:
    place = ref(Kind.ACCOUNT, at, PROCESSOR if at == "Balance" else ref(Kind.ACCOUNT, at).connection)
    books.records[place] = shifted(books.records[place], "balance")
    findings = tie_out(books.seen()).findings
    assert [line in finding.sentence for finding in findings] == [True]


def test_a_payout_with_a_missing_member_does_not_tie(books: Mirror) -> None:
    del books.records[ref(Kind.BALANCE_ENTRY, "txn_1", PROCESSOR)]
    assert any(ref(Kind.PAYOUT, "po_1", PROCESSOR) in finding.refs for finding in tie_out(books.seen()).findings)


def test_a_credit_application_of_nothing_is_not_cash_and_still_counts_on_both_sides(books: Mirror) -> None:
    payment = books.records[ref(Kind.PAYMENT, "p-2")]
    assert not payment.is_cash  # type: ignore[union-attr]
    del books.records[ref(Kind.PAYMENT, "p-2")]
    named = {at for finding in tie_out(books.seen()).findings for at in finding.refs}
    assert named == {ref(Kind.INVOICE, "i-INV-1"), ref(Kind.CREDIT_NOTE, "CM-1")}


def test_what_went_back_of_a_payment_is_its_refunds_that_did_not_fail(books: Mirror) -> None:
    charge = books.charge("ch_3", "50.00", refunded="20.00")
    books.refund("re_1", charge, "15.00")
    books.refund("re_2", charge, "99.00", RefundState.FAILED)
    assert [charge in finding.refs for finding in tie_out(books.seen()).findings] == [True]
    books.refund("re_3", charge, "5.00", RefundState.PENDING)
    assert tie_out(books.seen()).holds


@pytest.mark.parametrize("vendor_id", ["p-1", "p-2"])
def test_a_payment_that_is_off_names_what_it_settles_as_pulled_down_with_it(books: Mirror, vendor_id: str) -> None:
    at = ref(Kind.PAYMENT, vendor_id)
    books.records[at] = shifted(books.records[at], "unapplied")
    (found,) = unsettled(books.seen())
    payment = books.seen().payments[at]
    assert found.refs == (at, *(share.target for share in payment.allocations))
    assert found.amount == Money(-1, payment.gross.currency)


def test_rows_in_quarantine_are_those_of_the_books_alone(books: Mirror) -> None:
    books.charge("ch_1", "200.01", fee="6.10")
    assert not tie_out(books.seen()).holds
    assert unsettled(books.seen()) == ()


def test_several_receivable_accounts_of_a_currency_are_added_once_and_currencies_never_together() -> None:
    """Two accounts in dollars (one below the other, one inactive) and two in euros, against five open items."""
    mirror = Mirror()
    mirror.customer("Acme")
    mirror.invoice("INV-1", "Acme", "700.00")
    mirror.invoice("INV-2", "Acme", "55.50")
    mirror.credit("CM-1", "Acme", "5.50")
    mirror.invoice("INV-3", "Acme", "90.00 EUR")
    mirror.received("p-3", "Acme", "10.00 EUR", unapplied="10.00 EUR")
    mirror.account("A/R", AccountRole.RECEIVABLE, "600.00")
    mirror.account("A/R:Wholesale", AccountRole.RECEIVABLE, "150.00")
    mirror.account("A/R (EUR)", AccountRole.RECEIVABLE, "100.00 EUR", code="EUR")
    mirror.account("A/R (EUR) old", AccountRole.RECEIVABLE, "-20.00 EUR", code="EUR")
    result = tie_out(mirror.seen())
    assert [(line.name, str(line.theirs), str(line.ours)) for line in result.lines] == [
        ("Accounts receivable EUR", "80.00 EUR", "80.00 EUR"),
        ("Accounts receivable USD", "750.00 USD", "750.00 USD"),
    ]
    assert result.holds


def test_an_entry_by_hand_is_owed_until_a_payment_settles_it(books: Mirror) -> None:
    entry = books.by_hand("JournalEntry:7", "Acme", "40.00")
    books.account("A/R", AccountRole.RECEIVABLE, "140.00")
    assert tie_out(books.seen()).holds
    books.received("p-7", "Acme", "40.00", {entry: "40.00"})
    books.account("A/R", AccountRole.RECEIVABLE, "100.00")
    assert tie_out(books.seen()).findings == ()


def test_a_credit_by_hand_gives_where_a_payment_uses_it(books: Mirror) -> None:
    entry = books.by_hand("JournalEntry:8", "Acme", "-10.00")
    books.account("A/R", AccountRole.RECEIVABLE, "90.00")
    assert tie_out(books.seen()).holds
    invoice = books.invoice("INV-2", "Acme", "50.00", still_open="40.00")
    books.received("p-8", "Acme", "0.00", {invoice: "10.00", entry: "10.00"})
    assert tie_out(books.seen()).findings == ()


def test_a_voided_payment_of_ours_moves_nothing_in_the_clearing_account(books: Mirror) -> None:
    clearing = books.account("Clearing", AccountRole.BANK, "0.00")
    memo = f"receivables op={'A' * 20} src={ref(Kind.PAYMENT, 'ch_1', PROCESSOR)}"
    books.received("p-3", "Acme", "0.00", memo=memo, state=PaymentState.VOID)
    assert tie_out(books.seen(), {(PROCESSOR, USD): clearing}).findings == ()
