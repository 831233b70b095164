"""What came back against what was asked, kind by kind: a cent, a line or a word too many is a disagreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.dates import business_date
from connector.model.allocation import Allocation
from connector.model.intent import ApplyCredit, DepositPart, JournalPart, PostDeposit, PostPayment, VoidPosting, Written
from connector.model.source import Kind, OpId, Ref
from connector.money import zero
from connector.readback import disagreement
from tests.builders import BOOKS, PROCESSOR, USD, money, ref

ABOUT = ref(Kind.PAYMENT, "ch_1", PROCESSOR)
ON = business_date("2026-03-01")


def share(kind: Kind, vendor_id: str, amount: str) -> Allocation:
    return Allocation(payment=ABOUT, target=ref(kind, vendor_id), amount=money(amount))


SEVEN, EIGHT = share(Kind.INVOICE, "7", "70.00"), share(Kind.INVOICE, "8", "30.00")
PAYMENT = PostPayment(
    books=BOOKS,
    customer=ref(Kind.CUSTOMER, "1"),
    on=ON,
    total=money("120.00"),
    allocations=(SEVEN, EIGHT),
    into=ref(Kind.ACCOUNT, "35"),
    about=ABOUT,
    memo="card payment",
)
PAID = Written(ref=ref(Kind.PAYMENT, "9"), version="0", amount=money("120.00"), allocated=(EIGHT, SEVEN))
SHORT = replace(PAID, notice="Settles less than planned: 30.00 USD was open.")

CREDIT = ApplyCredit(
    books=BOOKS,
    customer=ref(Kind.CUSTOMER, "1"),
    on=ON,
    allocations=(share(Kind.INVOICE, "7", "20.00"), share(Kind.CREDIT_NOTE, "3", "20.00")),
    about=ref(Kind.CREDIT_NOTE, "3"),
    memo="credit",
)
APPLIED = Written(ref=ref(Kind.PAYMENT, "9"), version="0", amount=zero(USD), allocated=CREDIT.allocations)

DEPOSIT = PostDeposit(
    books=BOOKS,
    into=ref(Kind.ACCOUNT, "35"),
    on=ON,
    payments=((ref(Kind.PAYMENT, "1"), money("80.00")), (ref(Kind.PAYMENT, "2"), money("20.00"))),
    parts=(DepositPart(account=ref(Kind.ACCOUNT, "91"), amount=-money("3.00"), memo="fee"),),
    total=money("97.00"),
    about=ref(Kind.PAYOUT, "po_1", PROCESSOR),
    memo="payout",
)
BANKED = Written(
    ref=ref(Kind.DEPOSIT, "9"),
    version="0",
    amount=money("97.00"),
    members=DEPOSIT.payments,
    moves=tuple(JournalPart(account=part.account, amount=part.amount) for part in DEPOSIT.parts),
)

UNDO = VoidPosting(
    books=BOOKS, target=ref(Kind.PAYMENT, "9"), stamp=OpId("A" * 20), version="0", on=ON, about=ABOUT, memo=""
)


def less(held: Written, *amounts: str) -> Written:
    """The same, settling these amounts of the same invoices."""
    pairs = zip(held.allocated, amounts, strict=True)
    return replace(held, allocated=tuple(replace(one, amount=money(amount)) for one, amount in pairs))


@pytest.mark.parametrize(
    ("held", "agrees"),
    [
        pytest.param(PAID, True, id="as asked, in another order"),
        pytest.param(replace(PAID, amount=money("119.99")), False, id="a cent less in all"),
        pytest.param(less(PAID, "30.00", "69.99"), False, id="a cent less of one invoice, unsaid"),
        pytest.param(replace(PAID, allocated=()), False, id="nothing settled, unsaid"),
        pytest.param(less(SHORT, "30.00", "30.00"), True, id="less of one invoice, and it says so"),
        pytest.param(replace(SHORT, allocated=()), True, id="nothing settled, and it says so"),
        pytest.param(less(SHORT, "30.01", "70.00"), False, id="more of one invoice"),
        pytest.param(
            replace(SHORT, allocated=(SEVEN, share(Kind.INVOICE, "9", "1.00"))), False, id="another invoice as well"
        ),
        pytest.param(replace(SHORT, amount=money("100.00")), False, id="less cash"),
        pytest.param(
            replace(PAID, allocated=(replace(SEVEN, amount=money("35.00")),) * 2 + (EIGHT,)), True, id="in two lines"
        ),
    ],
)
def test_a_payment_agrees_when_it_settles_what_was_asked_or_says_why_it_settles_less(
    held: Written,
    agrees: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (disagreement(PAYMENT, held) is None) is agrees


@pytest.mark.parametrize(
    ("change", "agrees"),
    [
        pytest.param(lambda held: held, True, id="as asked"),
        pytest.param(lambda held: replace(held, amount=money("20.00")), False, id="as cash"),
        pytest.param(lambda held: replace(held, allocated=held.allocated[:1]), False, id="without the credit"),
        pytest.param(lambda held: less(held, "19.99", "20.00"), False, id="a cent less of the invoice"),
        pytest.param(
            lambda held: replace(less(held, "10.00", "10.00"), notice="less"), False, id="less, whatever it says"
        ),
    ],
)
def test_a_credit_agrees_only_when_both_sides_are_as_asked(
    change: Callable[[Written], Written],
    agrees: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (disagreement(CREDIT, change(APPLIED)) is None) is agrees


@pytest.mark.parametrize(
    ("held", "agrees"),
    [
        pytest.param(BANKED, True, id="as asked"),
        pytest.param(replace(BANKED, members=DEPOSIT.payments[::-1]), True, id="in another order"),
        pytest.param(replace(BANKED, amount=money("97.01")), False, id="a cent more"),
        pytest.param(replace(BANKED, members=DEPOSIT.payments[:1]), False, id="a payment missing"),
        pytest.param(replace(BANKED, members=()), False, id="no payment"),
        pytest.param(replace(BANKED, moves=()), False, id="nothing kept back"),
    ],
)
def test_a_deposit_agrees_only_with_its_total_and_every_payment(
    held: Written,
    agrees: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (disagreement(DEPOSIT, held) is None) is agrees


@pytest.mark.parametrize(
    ("held", "agrees"),
    [
        pytest.param(Written(ref=UNDO.target, version=""), True, id="gone"),
        pytest.param(Written(ref=UNDO.target, version="1", amount=zero(USD)), True, id="void"),
        pytest.param(PAID, False, id="as it was"),
        pytest.param(APPLIED, False, id="a credit as it was"),
        pytest.param(BANKED, False, id="a deposit as it was"),
    ],
)
def test_an_entry_is_taken_back_when_nothing_of_it_is_left(
    held: Written,
    agrees: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert (disagreement(UNDO, held) is None) is agrees


def test_a_disagreement_names_the_record() -> None:
    wrong = disagreement(PAYMENT, replace(PAID, allocated=()))
    assert str(Ref(BOOKS, Kind.PAYMENT, "9")) in str(wrong)
