"""After writing, the books are asked whether it did there what it was written for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.dates import business_date
from connector.model.allocation import Allocation
from connector.model.finding import FindingCode
from connector.model.intent import DepositPart, Intent, PostDeposit, PostPayment, PostTransfer, VoidPosting, Written
from connector.model.money_in import PaymentState
from connector.model.party import AccountRole
from connector.model.source import Kind, OpId
from connector.reconcile.landed import not_landed
from tests.builders import BOOKS, PROCESSOR, Mirror, money, ref

POSTED = ref(Kind.PAYMENT, "p-1")
INVOICE = ref(Kind.INVOICE, "i-INV-1")
CHARGE = ref(Kind.PAYMENT, "ch_1", PROCESSOR)
PAYMENT = PostPayment(
    books=BOOKS,
    customer=ref(Kind.CUSTOMER, "Acme"),
    on=business_date("2026-03-29"),
    total=money("120.00"),
    allocations=(Allocation(payment=CHARGE, target=INVOICE, amount=money("120.00")),),
    into=ref(Kind.ACCOUNT, "Clearing"),
    about=CHARGE,
    memo="",
)


def answer(*, notice: str = "", settled: str = "120.00") -> Written:
    share = Allocation(payment=POSTED, target=INVOICE, amount=money(settled))
    return Written(ref=POSTED, version="0", amount=money("120.00"), allocated=(share,), notice=notice)


def said(mirror: Mirror, intent: Intent = PAYMENT, written: Written | None = None) -> list[str]:
    found = not_landed(mirror.seen(), [(intent, written or answer())])
    assert all(each.code is FindingCode.NOT_LANDED for each in found)
    return [each.sentence for each in found]


@pytest.fixture
def mirror() -> Mirror:
    """Books in which a payment of 120 settled INV-1, and nothing else happened."""
    world = Mirror()
    world.customer("Acme")
    world.invoice("INV-1", "Acme", "200.00", still_open="80.00")
    world.received("p-1", "Acme", "120.00", {INVOICE: "120.00"})
    return world


def test_what_the_open_balance_fell_by_has_landed(mirror: Mirror) -> None:
    assert said(mirror) == []


def test_a_payment_that_was_accepted_and_linked_to_nothing_is_told(mirror: Mirror) -> None:
    mirror.received("p-1", "Acme", "120.00", unapplied="120.00")
    mirror.invoice("INV-1", "Acme", "200.00")
    assert said(mirror) == ["quickbooks/payment/p-1 does not settle invoice INV-1 (120.00 USD)."]


def test_a_payment_that_says_it_settles_while_the_open_balance_did_not_fall_is_told(mirror: Mirror) -> None:
    mirror.invoice("INV-1", "Acme", "200.00")
    assert said(mirror) == [
        "quickbooks/payment/p-1 says that it settles invoice INV-1, whose open balance did not fall by it (120.00 USD)."
    ]


def test_a_payment_that_is_not_there_any_more_is_told(mirror: Mirror) -> None:
    mirror.take(POSTED)
    assert said(mirror) == ["quickbooks/payment/p-1 was written and is not in the books now (120.00 USD)."]


def test_where_the_answer_said_that_less_was_open_that_much_is_looked_for(mirror: Mirror) -> None:
    mirror.received("p-1", "Acme", "120.00", {INVOICE: "100.00"}, unapplied="20.00")
    mirror.invoice("INV-1", "Acme", "200.00", still_open="100.00")
    assert said(mirror, written=answer(notice="100.00 was open", settled="100.00")) == []
    assert len(said(mirror)) == 1


def test_a_deposit_that_banks_something_else_is_told(mirror: Mirror) -> None:
    bank = ref(Kind.ACCOUNT, "Checking")
    intent = PostDeposit(
        books=BOOKS,
        into=bank,
        on=business_date("2026-04-02"),
        payments=((POSTED, money("120.00")),),
        parts=(DepositPart(account=ref(Kind.ACCOUNT, "Fees"), amount=money("-3.78"), memo=""),),
        total=money("116.22"),
        about=ref(Kind.PAYOUT, "po_1", PROCESSOR),
        memo="",
    )
    written = Written(ref=ref(Kind.DEPOSIT, "d-1"), version="0", amount=money("116.22"))
    mirror.deposit("d-1", bank, {POSTED: "120.00"})
    assert said(mirror, intent, written) == []
    mirror.deposit("d-1", bank, {ref(Kind.PAYMENT, "p-2"): "120.00"})
    assert said(mirror, intent, written) == [
        "quickbooks/deposit/d-1 does not bank quickbooks/payment/p-1 (120.00 USD)."
    ]


UNDO = VoidPosting(
    books=BOOKS,
    target=POSTED,
    stamp=OpId("A" * 20),
    version="0",
    on=business_date("2026-03-29"),
    about=CHARGE,
    memo="",
    reopens=PAYMENT.allocations,
)
TAKEN_BACK = Written(ref=POSTED, version="1", amount=money("0.00"))


@pytest.mark.parametrize("how", ["void", "gone"])
def test_what_was_taken_back_landed_when_its_invoice_is_open_again(mirror: Mirror, how: str) -> None:
    mirror.invoice("INV-1", "Acme", "200.00")
    if how == "gone":
        mirror.take(POSTED)
    else:
        mirror.received("p-1", "Acme", "0.00", state=PaymentState.VOID)
    assert said(mirror, UNDO, TAKEN_BACK) == []


def test_what_was_taken_back_and_still_settles_its_invoice_is_told(mirror: Mirror) -> None:
    assert said(mirror, UNDO, TAKEN_BACK) == [
        "quickbooks/payment/p-1 was taken back, and still settles invoice INV-1 (120.00 USD)."
    ]


def test_what_was_taken_back_while_its_invoice_stayed_paid_is_told(mirror: Mirror) -> None:
    mirror.received("p-1", "Acme", "0.00", state=PaymentState.VOID)
    assert said(mirror, UNDO, TAKEN_BACK) == [
        "quickbooks/payment/p-1 was taken back, and invoice INV-1 is not open again by it (120.00 USD)."
    ]


def test_what_settles_nothing_by_its_nature_is_not_asked_about(mirror: Mirror) -> None:
    move = PostTransfer(
        books=BOOKS,
        paid_from=ref(Kind.ACCOUNT, "Clearing"),
        paid_to=ref(Kind.ACCOUNT, "Checking"),
        on=business_date("2026-04-02"),
        amount=money("116.22"),
        about=ref(Kind.PAYOUT, "po_1", PROCESSOR),
        memo="",
    )
    assert said(mirror, move, Written(ref=ref(Kind.BOOK_ENTRY, "Transfer:1"), version="0")) == []


DEPOSIT = ref(Kind.DEPOSIT, "d-1")


def test_a_deposit_that_was_taken_back_and_is_still_there_is_told(mirror: Mirror) -> None:
    bank = mirror.account("Checking", AccountRole.BANK)
    mirror.received("p-1", "Acme", "120.00", {INVOICE: "120.00"})
    mirror.deposit("d-1", bank, {POSTED: "120.00"})
    intent = replace(UNDO, target=DEPOSIT, reopens=())
    assert said(mirror, intent, Written(ref=DEPOSIT, version="")) == [
        "quickbooks/deposit/d-1 was taken back, and is still there (120.00 USD)."
    ]
    mirror.take(DEPOSIT)
    assert said(mirror, intent, Written(ref=DEPOSIT, version="")) == []


def test_a_payment_that_settled_nothing_and_still_stands_is_told(mirror: Mirror) -> None:
    assert said(mirror, replace(UNDO, reopens=()), TAKEN_BACK) == [
        "quickbooks/payment/p-1 was taken back, and still stands (120.00 USD)."
    ]
