"""connector.reconcile.fights: what came back says when and why, what was won is money again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import cast

import pytest

from connector.model.allocation import Allocation, AllocationState
from connector.model.finding import FindingCode
from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState
from connector.model.source import Kind, Ref
from connector.reconcile.match import reconcile
from connector.reconcile.pending import pending_by_invoice
from tests.builders import PROCESSOR, Mirror, money, ref


@pytest.fixture
def mirror() -> Mirror:
    world = Mirror()
    world.customer("Acme", email="ap@acme.example")
    world.customer("cus_a", email="ap@acme.example", at=PROCESSOR)
    world.invoice("INV-1007", "Acme", "120.00")
    return world


def charge(mirror: Mirror, state: PaymentState, **changed: object) -> Ref:
    at = mirror.charge("ch_1", "120.00", memo="INV-1007", state=state, attempt="pi_1")
    return mirror.put(at, replace(cast("Payment", mirror.records[at]), **changed))  # type: ignore[arg-type]


def fight(mirror: Mirror, about: Ref, state: DisputeState, **changed: object) -> None:
    at = mirror.dispute(f"dp_{state.value}", about, "120.00", state)
    mirror.put(at, replace(cast("Dispute", mirror.records[at]), **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "known", "sentence"),
    [
        (
            PaymentState.RETURNED,
            {"returned_on": date(2026, 5, 1), "failure": "insufficient funds (R01)"},
            "was returned by the payer's bank on 2026-05-01: insufficient funds (R01).",
        ),
        (PaymentState.RETURNED, {"failure": "insufficient funds"}, "was returned by the payer's bank: insufficient"),
        (PaymentState.RETURNED, {}, "was returned by the payer's bank."),
        (PaymentState.FAILED, {"failure": "insufficient funds (R01)"}, "failed: insufficient funds (R01)."),
        (PaymentState.FAILED, {}, "failed."),
        (PaymentState.PENDING, {"failure": "no"}, "is on its way and not money yet."),
    ],
)
def test_what_came_back_says_on_which_day_and_why_as_far_as_it_is_known(
    mirror: Mirror, state: PaymentState, known: dict[str, object], sentence: str
) -> None:
    charge(mirror, state, **known)
    (finding,) = reconcile(mirror.seen()).findings
    assert finding.sentence.startswith(f"Payment ch_1 of 120.00 USD {sentence}")


def test_the_day_and_the_reason_of_a_return_come_from_its_dispute_where_the_payment_has_none(mirror: Mirror) -> None:
    back = charge(mirror, PaymentState.RETURNED)
    fight(mirror, back, DisputeState.LOST, on=date(2026, 5, 1), said="insufficient funds (R01)")
    (finding,) = reconcile(mirror.seen()).findings
    assert finding.code is FindingCode.RETURNED
    assert "on 2026-05-01: insufficient funds (R01)." in finding.sentence


def test_a_posted_payment_that_came_back_says_when_and_why_too(mirror: Mirror) -> None:
    back = charge(mirror, PaymentState.RETURNED, returned_on=date(2026, 5, 1), failure="insufficient funds (R01)")
    mirror.received("p-1", "Acme", "120.00", memo=f"receivables op={'A' * 20} src={back}")
    (finding,) = reconcile(mirror.seen()).findings
    assert "on 2026-05-01: insufficient funds (R01). The books still hold it as received." in finding.sentence


def test_a_dispute_that_is_open_says_since_when(mirror: Mirror) -> None:
    fight(mirror, charge(mirror, PaymentState.DISPUTED), DisputeState.OPEN, on=date(2026, 5, 1), said="fraud")
    (finding,) = reconcile(mirror.seen()).findings
    assert finding.code is FindingCode.DISPUTED
    assert "is disputed by the payer since 2026-05-01: fraud." in finding.sentence


def test_a_dispute_that_was_lost_has_taken_the_money_back(mirror: Mirror) -> None:
    fight(mirror, charge(mirror, PaymentState.DISPUTED), DisputeState.LOST)
    assert [finding.code for finding in reconcile(mirror.seen()).findings] == [FindingCode.RETURNED]


def test_a_dispute_that_was_won_gives_the_payment_back(mirror: Mirror) -> None:
    won = charge(mirror, PaymentState.DISPUTED)
    fight(mirror, won, DisputeState.WON)
    outcome = reconcile(mirror.seen())
    assert [decision.payment for decision in outcome.decisions] == [won]
    assert outcome.findings == ()


def test_a_posted_payment_whose_dispute_was_won_needs_nothing(mirror: Mirror) -> None:
    won = charge(mirror, PaymentState.DISPUTED)
    fight(mirror, won, DisputeState.WON)
    mirror.received("p-1", "Acme", "120.00", memo=f"receivables op={'A' * 20} src={won}")
    assert reconcile(mirror.seen()).findings == ()


def test_what_was_refunded_while_it_was_disputed_is_refunded_and_not_money_again(mirror: Mirror) -> None:
    won = charge(mirror, PaymentState.DISPUTED, refunded=money("120.00"))
    fight(mirror, won, DisputeState.WON)
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert [finding.code for finding in outcome.findings] == [FindingCode.REFUNDED]


def test_one_dispute_that_was_won_does_not_undo_another_that_is_open(mirror: Mirror) -> None:
    disputed = charge(mirror, PaymentState.DISPUTED)
    fight(mirror, disputed, DisputeState.OPEN, on=date(2026, 5, 1))
    fight(mirror, disputed, DisputeState.WON, on=date(2026, 6, 1))
    assert [finding.code for finding in reconcile(mirror.seen()).findings] == [FindingCode.DISPUTED]


def linked(mirror: Mirror, state: AllocationState, amount: str) -> Ref:
    invoice = mirror.invoice("S-1", "cus_a", "120.00", still_open="120.00", at=PROCESSOR)
    at = mirror.link(ref(Kind.ATTEMPT, "pi_1", PROCESSOR), invoice, amount)
    mirror.put(at, replace(cast("Allocation", mirror.records[at]), state=state))
    return invoice


@pytest.mark.req("S12")
def test_a_payment_that_was_detached_from_its_invoice_is_free_for_another(mirror: Mirror) -> None:
    charge(mirror, PaymentState.SUCCEEDED)
    linked(mirror, AllocationState.DETACHED, "0")
    (decision,) = reconcile(mirror.seen()).decisions
    assert [share.target.vendor_id for share in decision.allocations] == ["i-INV-1007"]


@pytest.mark.req("S12")
@pytest.mark.parametrize(("state", "pending"), [(AllocationState.OPEN, True), (AllocationState.DETACHED, False)])
def test_a_bank_debit_on_its_way_is_pending_on_the_invoice_it_is_attached_to(
    mirror: Mirror,
    state: AllocationState,
    pending: bool,  # noqa: FBT001  a row of the table
) -> None:
    mirror.charge("ch_1", "120.00", state=PaymentState.PENDING, attempt="pi_1")
    invoice = linked(mirror, state, "0")
    seen = mirror.seen()
    assert pending_by_invoice(seen) == ({invoice: money("120.00")} if pending else {})
    assert seen.invoices[invoice].open == money("120.00")
    assert [finding.code for finding in reconcile(seen).findings] == [FindingCode.PENDING]


def test_money_that_never_passed_through_the_processor_is_never_posted_to_it(mirror: Mirror) -> None:
    charge(mirror, PaymentState.SUCCEEDED, elsewhere=True, reference="cheque 1042")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert [finding.code for finding in outcome.findings] == [FindingCode.NO_ACCOUNT]
    assert "(cheque 1042) was received outside stripe" in outcome.findings[0].sentence


def test_money_received_elsewhere_for_an_invoice_of_the_processor_is_settled_there(mirror: Mirror) -> None:
    charge(mirror, PaymentState.SUCCEEDED, elsewhere=True)
    invoice = linked(mirror, AllocationState.APPLIED, "120.00")
    outcome = reconcile(mirror.seen())
    assert [share.target for share in outcome.decisions[0].allocations] == [invoice]
    assert outcome.findings == ()
