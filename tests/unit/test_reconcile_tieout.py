"""Sums that must hold, and the row that is named when one does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.model.money_in import RefundState
from connector.model.party import AccountRole
from connector.model.source import Kind, Ref
from connector.money import Money
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, Mirror, ref


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
    mirror.entry("txn_3", mirror.payout("po_1", "193.90", paid), "-193.90", "0.00", category="payout")
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
