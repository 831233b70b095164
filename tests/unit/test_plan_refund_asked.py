"""The plan that gives money back: what may go, how much, and what is said of it before."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from connector.dates import business_date, instant_from_iso
from connector.errors import Refused
from connector.model.intent import GiveBack, IntentKind
from connector.model.mirror import Noun
from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, OpId, PlanId, Ref
from connector.model.stamp import Stamp
from connector.money import Currency, Money
from connector.plan import Frame, Plan
from connector.plan.groups import amount_of, line_groups
from connector.plan.refunds import Asked, Refundable, refund_plan, refundable
from connector.reconcile.snapshot import Snapshot, snapshot
from tests.builders import money

BOOKS, SHOP = ConnectionId("books"), ConnectionId("shop")
CH = Ref(SHOP, Kind.PAYMENT, "ch_1")
POSTED = Ref(BOOKS, Kind.PAYMENT, "17")
DAY = business_date("2026-03-12")
_OPS = count()


def paid(**more: object) -> Payment:
    plain = Payment(
        customer=None,
        received_on=DAY,
        gross=money("120.00"),
        state=PaymentState.SUCCEEDED,
        method="card",
        fee=money("3.78"),
        refunded=money("0.00"),
        payer="Pat",
    )
    changed: Payment = replace(plain, **more)  # type: ignore[arg-type]
    return changed


def seen(payment: Payment, *more: tuple[Ref, Noun]) -> Snapshot:
    rows = [(CH, payment), *more]
    return snapshot([(ref, "v1", record) for ref, record in rows], books=BOOKS)


def posted(unapplied: str) -> tuple[Ref, Noun]:
    stamp = Stamp(op_id=OpId("A" * 20), about=CH)
    entry = paid(unapplied=money(unapplied), stamps=(stamp,), fee=None, refunded=None)
    return POSTED, entry


def dispute(state: DisputeState) -> tuple[Ref, Noun]:
    record = Dispute(payment=CH, amount=money("120.00"), on=DAY, state=state, reason="fraudulent")
    return Ref(SHOP, Kind.DISPUTE, "dp_1"), record


def planned(at: Snapshot, amount: Money, undecided: Money | None = None, **more: object) -> Plan:
    frame = Frame(
        plan_id=PlanId("refund-1"),
        company_id=CompanyId("acme"),
        made_at=instant_from_iso("2026-03-12T12:00:00Z"),
        made_by=ActorId("dana"),
        new_op_id=lambda: OpId(f"{next(_OPS):020}"),
    )
    asked: Asked = replace(Asked(amount=amount, on=DAY, earlier=0, processor="Shop"), **more)  # type: ignore[arg-type]
    return refund_plan(at, frame, refundable(at, CH, undecided), asked)


def told(made: Plan) -> dict[str, str]:
    return {each.field: each.says for each in made.lines[0].evidence}


def test_the_line_says_what_goes_back_by_which_way_what_is_left_and_that_the_fee_stays() -> None:
    made = planned(seen(paid()), money("50.00"), twice=True, link="INV-7")
    (line,) = made.lines
    assert line.refund == GiveBack(
        connection=SHOP,
        about=CH,
        amount=money("50.00"),
        given_before=money("0.00"),
        on=DAY,
        memo="refund of shop payment ch_1",
        twice=True,
    )
    assert (line.kind, line.effects, line.expects) == (IntentKind.REFUND, (), ((CH, "v1"),))
    said = told(made)
    assert said["why"] == "INV-7 was paid a second time by it"
    assert said["the customer gets back"] == "50.00 USD"
    assert said["by which way"].startswith("card, the way it came")
    assert said["left of the payment"] == "70.00 USD"
    assert said["fee"] == "the 3.78 USD that Shop took for the payment stay with it"
    assert said["undo"] == "a refund cannot be taken back"


def test_its_amount_counts_for_the_approval_of_a_second_person() -> None:
    made = planned(seen(paid()), money("50.00"))
    assert amount_of(made.lines[0]) == money("50.00")
    assert [(each.title, each.sums) for each in line_groups(made.lines)] == [
        ("money given back to payers", (money("50.00"),))
    ]


def test_two_plans_for_the_same_refund_have_one_subject_and_the_next_part_has_another() -> None:
    at = seen(paid())
    first, again = planned(at, money("50.00")), planned(at, money("50.00"))
    later = planned(at, money("50.00"), earlier=1)
    assert first.lines[0].subject == again.lines[0].subject != later.lines[0].subject


STANDING = {
    PaymentState.PENDING: "on its way",
    PaymentState.FAILED: "failed",
    PaymentState.RETURNED: "was returned",
    PaymentState.DISPUTED: "is disputed",
    PaymentState.REFUNDED: "was refunded",
    PaymentState.VOID: "was voided",
}


@pytest.mark.parametrize("state", STANDING)
def test_what_is_no_money_in_hand_is_not_given_back(state: PaymentState) -> None:
    with pytest.raises(Refused, match=STANDING[state]):
        refundable(seen(paid(state=state)), CH, None)


def test_beside_an_open_dispute_nothing_is_given_back_and_after_a_won_one_it_may_be() -> None:
    with pytest.raises(Refused, match="disputed by the payer"):
        refundable(seen(paid(), dispute(DisputeState.OPEN)), CH, None)
    assert refundable(seen(paid(), dispute(DisputeState.WON)), CH, None).left == money("120.00")


def test_no_more_than_is_left_and_nothing_in_another_currency() -> None:
    at = seen(paid(refunded=money("100.00")))
    with pytest.raises(Refused, match=r"20\.00 USD are left, for 100\.00 USD went back before"):
        planned(at, money("20.01"))
    assert planned(at, money("20.00")).lines[0].refund is not None
    for wrong, said in (
        (Money(2_000, Currency("EUR")), "came in USD"),
        (money("0.00"), "more than nothing"),
        (money("-1.00"), "more than nothing"),
    ):
        with pytest.raises(Refused, match=said):
            planned(at, wrong)


def test_what_the_books_hold_as_credit_is_what_is_too_much_and_less_what_went_back_since() -> None:
    def credit(at: Snapshot, undecided: Money | None = None) -> Refundable:
        return refundable(at, CH, undecided)

    assert credit(seen(paid(), posted("70.00"))).credit == money("70.00")
    assert credit(seen(paid(refunded=money("30.00")), posted("70.00"))).credit == money("40.00")
    assert credit(seen(paid(refunded=money("80.00")), posted("70.00"))).credit == money("0.00")
    assert credit(seen(paid()), money("50.00")).credit == money("50.00")
    assert credit(seen(paid())).credit == money("0.00")


def test_what_paid_a_debt_is_told_to_be_owed_again() -> None:
    made = planned(seen(paid(), posted("70.00")), money("120.00"))
    assert told(made)["paid debts with it"].startswith("50.00 USD of it pays what was owed")
    assert "paid debts with it" not in told(planned(seen(paid(), posted("70.00")), money("70.00")))
    assert told(planned(seen(paid()), money("70.00")))["paid debts with it"].startswith("it is not decided yet")
    assert "paid debts with it" not in told(planned(seen(paid()), money("70.00"), undecided=money("70.00")))


def test_money_that_never_passed_through_a_processor_is_not_given_back_there() -> None:
    with pytest.raises(Refused, match="did not pass through"):
        refundable(seen(paid(elsewhere=True)), CH, None)
    with pytest.raises(Refused, match="did not pass through"):
        refundable(seen(paid(), posted("70.00")), POSTED, None)


def test_where_a_bank_may_take_the_payment_back_later_it_is_said() -> None:
    assert "may still take the payment back" in told(planned(seen(paid()), money("1.00"), takes="4 days"))["take care"]
    assert "take care" not in told(planned(seen(paid()), money("1.00")))
