"""How far a debt is settled, how much of it may be paid, and which debts that goes to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Refused
from connector.model.money_in import AttemptState
from connector.model.paylink import AmountMode, Flag, LinkAttempt, Receipt, ReceiptState, Share
from connector.model.source import ConnectionId, Kind
from connector.money import Money, currency, total
from connector.paylinks import Amounts, Owed, Settled, Tolerance, amounts, chosen, settlement, shares
from tests.builders import USD, money, ref
from tests.unit.test_paylinks import attempt, link, receipt

NONE = Tolerance()
S, F = Settled, Flag


def owed(still_open: str = "120.00") -> Owed:
    return Owed(open=money(still_open), total=money("120.00"))


def paid(
    amount: str, name: str = "ch_1", *, state: ReceiptState = ReceiptState.SUCCEEDED, booked: bool = False
) -> Receipt:
    held = receipt(state, amount, booked=booked)
    return replace(held, payment=ref(Kind.PAYMENT, name, ConnectionId("stripe")), amount=money(amount))


def late() -> LinkAttempt:
    return replace(attempt(AttemptState.SUCCEEDED), late=True)


CASES = {
    "nothing came": (owed(), (), (), S.UNPAID, set(), "120.00"),
    "all came": (owed(), (paid("120.00"),), (), S.PAID, set(), "0"),
    "all came and is booked": (owed("0"), (paid("120.00", booked=True),), (), S.PAID, set(), "0"),
    "a part came": (owed(), (paid("50.00"),), (), S.PART_PAID, set(), "70.00"),
    "a part is booked": (owed("70.00"), (paid("50.00", booked=True),), (), S.PART_PAID, set(), "70.00"),
    "more came": (owed(), (paid("130.00"),), (), S.PAID, {F.OVER}, "0"),
    "it came twice": (owed(), (paid("120.00"), paid("120.00", "ch_2")), (), S.PAID, {F.OVER, F.DOUBLE}, "0"),
    "it came again when it was booked": (
        owed("0"), (paid("120.00", booked=True), paid("120.00", "ch_2")), (), S.PAID, {F.OVER, F.DOUBLE}, "0",
    ),
    "two parts are a little too much": (
        owed(), (paid("50.00"), paid("100.00", "ch_2")), (), S.PAID, {F.OVER}, "0",
    ),
    "it came late": (owed(), (paid("120.00"),), (late(),), S.PAID, {F.LATE}, "0"),
    "it came late and twice": (
        owed(), (paid("120.00"), paid("120.00", "ch_2")), (late(),), S.PAID, {F.LATE, F.OVER, F.DOUBLE}, "0",
    ),
    "it is on its way": (owed(), (), (attempt(AttemptState.PROCESSING),), S.CLEARING, set(), "120.00"),
    "nobody knows": (owed(), (), (attempt(AttemptState.UNKNOWN),), S.UNPAID, {F.UNKNOWN}, "120.00"),
    "it came back": (
        owed(), (paid("120.00", state=ReceiptState.REVERSED),), (), S.UNPAID, {F.REVERSED}, "120.00",
    ),
    "it is fought over": (
        owed(), (paid("120.00", state=ReceiptState.DISPUTED),), (), S.PAID, {F.DISPUTED}, "0",
    ),
    "it was lost": (owed(), (paid("120.00", state=ReceiptState.LOST),), (), S.UNPAID, {F.DISPUTED}, "120.00"),
    "a part was given back": (
        owed(), (paid("80.00", state=ReceiptState.PARTLY_REFUNDED),), (), S.PART_PAID, {F.REFUNDED}, "40.00",
    ),
    "other money came": (
        owed(),
        (replace(paid("120.00 EUR"), flags=(F.CURRENCY_MISMATCH,)),),
        (), S.UNPAID, {F.CURRENCY_MISMATCH}, "120.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_how_far_a_debt_is_settled_and_what_a_person_should_know(name: str) -> None:
    debt, receipts, attempts, state, flags, due = CASES[name]
    found = settlement(debt, receipts, attempts, NONE)
    assert (found.state, found.flags, found.due) == (state, frozenset(flags), money(due))


def test_what_is_missing_within_the_tolerance_is_paid_and_said_so_and_by_default_nothing_may_be_missing() -> None:
    short = (paid("119.50"),)
    assert settlement(owed(), short, (), NONE).state is S.PART_PAID
    within = settlement(owed(), short, (), Tolerance(minor=50))
    assert (within.state, within.flags, within.due) == (S.PAID, frozenset({F.SHORT_WITHIN_TOLERANCE}), money("0.50"))
    assert settlement(owed(), short, (), Tolerance(minor=49)).state is S.PART_PAID
    assert settlement(owed(), short, (), Tolerance(minor=500, basis_points=10)).state is S.PART_PAID
    assert settlement(owed(), (), (), Tolerance(minor=99_999)).state is S.UNPAID


@given(
    st.integers(1, 10**9),
    st.lists(st.tuples(st.integers(1, 10**9), st.sampled_from(ReceiptState), st.booleans()), max_size=6),
)
def test_no_money_is_lost_or_made_between_what_is_due_what_came_and_what_is_too_much(
    still_open: int, came: list[tuple[int, ReceiptState, bool]]
) -> None:
    receipts = [
        replace(paid("1.00", f"ch_{place}", state=state, booked=booked), kept=Money(minor, USD))
        for place, (minor, state, booked) in enumerate(came)
    ]
    found = settlement(Owed(open=Money(still_open, USD), total=Money(still_open, USD)), receipts, (), NONE)
    assert found.due.minor - found.excess.minor == still_open - found.received.minor
    assert 0 in (found.due.minor, found.excess.minor)


WHOLE = Amounts(mode=AmountMode.WHOLE, least=money("120.00"), most=money("120.00"))


def test_a_link_asks_for_the_whole_for_at_least_a_minimum_or_for_anything_up_to_what_is_due() -> None:
    least = replace(link(), mode=AmountMode.MINIMUM, minimum=money("50.00"))
    assert amounts(link(), money("120.00")) == WHOLE
    assert (amounts(least, money("120.00")).least, amounts(least, money("30.00")).least) == (
        money("50.00"),
        money("30.00"),
    )
    assert amounts(replace(link(), mode=AmountMode.FREE), money("120.00")).least == money("0.01")


@pytest.mark.parametrize(
    ("asked", "why"), [("120.01", "No more than"), ("119.99", "At least"), ("120.00 EUR", "in USD")]
)
def test_more_than_is_due_less_than_is_asked_or_another_currency_is_refused(asked: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        chosen(WHOLE, money(asked))
    assert chosen(WHOLE, None) == chosen(WHOLE, money("120.00")) == money("120.00")


OLD, NEW = ref(Kind.INVOICE, "i-1"), ref(Kind.INVOICE, "i-2")
DUE = (Share(debt=OLD, amount=money("50.00")), Share(debt=NEW, amount=money("70.00")))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("120.00", {OLD: "50.00", NEW: "70.00"}), ("60.00", {OLD: "50.00", NEW: "10.00"}), ("40.00", {OLD: "40.00"})],
)
def test_money_for_several_debts_goes_to_the_oldest_first(amount: str, expected: dict[object, str]) -> None:
    assert {share.debt: share.amount for share in shares(money(amount), DUE)} == {
        debt: money(part) for debt, part in expected.items()
    }


def test_more_than_all_the_debts_together_goes_nowhere() -> None:
    with pytest.raises(Refused, match="more than is due"):
        shares(money("120.01"), DUE)


@given(st.integers(1, 12_000))
def test_the_shares_of_an_amount_are_the_amount(minor: int) -> None:
    found = shares(Money(minor, USD), DUE)
    assert total((share.amount for share in found), currency("USD")) == Money(minor, USD)
