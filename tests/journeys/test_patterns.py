"""The deposit pattern from the first plan to the banked payout, and the books' people working in between."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import pytest
import typer

from connector.app import setup
from connector.app.books import Applied, apply_plan, make_plan, reconcile_all, sync_all
from connector.app.house import Desk
from connector.cli.books import _report
from connector.errors import Refused
from connector.model.finding import FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import IntentKind
from connector.plan import Plan
from tests.journeys.firm import Firm, nothing

T = TypeVar("T")


def book_by_deposits(firm: Firm) -> None:
    with firm.desk() as desk:
        setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)


def sync(desk: Desk) -> None:
    sync_all(desk, nothing)


def apply(desk: Desk, made: Plan) -> Applied:
    return apply_plan(desk, made, nothing, nothing)


def kinds(made: Plan) -> list[str]:
    return [str(line.kind) for line in made.lines]


def amount_of(line: dict[str, Any]) -> Decimal:
    return Decimal(str(line["Amount"]))


@pytest.mark.req("Q30")
def test_payments_first_then_the_payout_as_one_deposit_of_them_less_the_fees(firm: Firm) -> None:
    book_by_deposits(firm)
    with firm.desk() as desk:
        first = make_plan(desk)
        assert kinds(first) == ["payment", "payment"]
        assert any("by the next plan" in each.sentence for each in first.left_out)
        assert len(apply(desk, first).posted.done) == 2
        second = make_plan(desk)
        assert kinds(second) == ["deposit"]
        applied = apply(desk, second)
        assert (len(applied.posted.done), applied.not_landed) == (1, ())
        assert make_plan(desk).lines == ()
    (deposit,) = firm.marked("Deposit", "PrivateNote")
    banked = {line["LinkedTxn"][0]["TxnId"]: amount_of(line) for line in deposit["Line"] if line.get("LinkedTxn")}
    ours = {each["Id"]: Decimal(str(each["TotalAmt"])) for each in firm.marked("Payment", "PrivateNote")}
    assert banked == ours
    assert [amount_of(line) for line in deposit["Line"] if not line.get("LinkedTxn")] == [Decimal("-5.78")]
    assert Decimal(str(deposit["TotalAmt"])) == Decimal("364.72") == sum(ours.values()) - Decimal("5.78")
    assert firm.open_balances() == {"W-1": 0, "W-2": 80, "W-3": 0, "W-4": 0}
    assert (firm.marked("Purchase", "PrivateNote"), firm.marked("Transfer", "PrivateNote")) == ([], [])


@pytest.mark.req("Q30")
def test_a_payout_with_a_missing_member_is_not_deposited(firm: Firm) -> None:
    book_by_deposits(firm)
    with firm.desk() as desk:
        apply(desk, make_plan(desk))
        theirs = firm.marked("Payment", "PrivateNote")[0]
        firm.in_books(
            "Payment",
            {"Id": theirs["Id"], "SyncToken": theirs["SyncToken"], "sparse": True},
            operation="update",
            include="void",
        )
        sync(desk)
        made = make_plan(desk)
    assert made.lines == ()
    codes = [each.code for each in made.left_out]
    assert FindingCode.POSTING_UNDONE in codes
    assert FindingCode.PAYOUT_INCOMPLETE in codes
    assert firm.marked("Deposit", "PrivateNote") == []


@pytest.mark.req("Q30")
def test_a_deposit_whose_answer_was_lost_is_found_and_not_made_twice(firm: Firm) -> None:
    book_by_deposits(firm)
    with firm.desk() as desk:
        apply(desk, make_plan(desk))
        made = make_plan(desk)
        firm.faults("quickbooks", "POST /v3/company/*/deposit 1 drop-after")
        lost = apply(desk, made)
        assert [str(row.kind) for row in lost.posted.waiting] == ["deposit"]
        found = apply(desk, made)
        assert ([str(row.kind) for row in found.posted.done], found.not_landed) == (["deposit"], ())
    assert len(firm.marked("Deposit", "PrivateNote")) == 1


def test_a_processor_that_was_booked_one_way_is_never_booked_the_other(firm: Firm) -> None:
    with firm.desk() as desk:
        apply(desk, make_plan(desk))
        with pytest.raises(Refused, match="booked in the pattern clearing already"):
            setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)
        assert {each.pattern for each in desk.processors()} == {BookingPattern.CLEARING}


def test_a_plan_of_the_other_pattern_is_not_written_any_more(firm: Firm) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
        setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)
        applied = apply(desk, made)
    assert applied.posted.done == []
    assert {each.code for each in applied.stale} == {FindingCode.PATTERN_MIXED}
    assert firm.marked("Payment", "PrivateNote") == []


def test_the_pattern_is_chosen_and_shown_in_plain_words(firm: Firm) -> None:
    shown = firm.do("accounts", "stripe", "--pattern", "deposit")
    assert "the payout as one deposit less the fees" in shown.out
    assert "Undeposited Funds (the books' own)" in shown.out
    refused = firm.run("accounts", "stripe", "--pattern", "both")
    assert (refused.code, "clearing or deposit" in refused.err) == (2, True)
    assert firm.run("accounts", "quickbooks", "--pattern", "deposit").code == 2


@pytest.mark.req("Q27", "F40")
def test_a_period_that_is_closed_after_the_plan_was_made_takes_no_line_of_it(firm: Firm) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
        assert len(made.lines) == 5
        people(firm, lambda office: office.close_through("2026-03-20"))
        applied = apply(desk, made)
        assert [str(row.kind) for row in applied.posted.done] == ["transfer"]
        assert [each.code for each in applied.stale] == [FindingCode.CLOSED_PERIOD] * 4
        again = make_plan(desk)
        assert again.lines == ()
        closed = [each for each in again.left_out if each.code is FindingCode.CLOSED_PERIOD]
        assert closed
        assert all("today's date" in each.next_step and "or leave it out" in each.next_step for each in closed)
        moved = make_plan(desk, closed_today=True)
        assert {line.intent.on for line in moved.lines} == {desk.today}
        assert len(apply(desk, moved).posted.done) == 4
    assert {each["TxnDate"] for each in firm.marked("Payment", "PrivateNote")} == {str(moved.lines[0].intent.on)}


def people(firm: Firm, act: Callable[[Any], T]) -> T:
    """What the company's people do on the screens of their books."""
    double = firm.doubles["quickbooks"]
    stand_in: Any = double.stand_in
    return double.behind(lambda: act(stand_in.office()))


def test_a_posted_payment_that_a_person_voids_is_told_and_not_posted_again(firm: Firm) -> None:
    with firm.desk() as desk:
        apply(desk, make_plan(desk))
        ours = firm.marked("Payment", "PrivateNote")[0]
        body = {"Id": ours["Id"], "SyncToken": ours["SyncToken"], "sparse": True}
        firm.in_books("Payment", body, operation="update", include="void")
        sync(desk)
        findings = reconcile_all(desk).outcome.findings
        assert [each.code for each in findings if each.code is FindingCode.POSTING_UNDONE] != []
        made = make_plan(desk)
    assert IntentKind.PAYMENT not in [line.kind for line in made.lines]


def test_an_invoice_that_a_person_voids_before_apply_is_not_paid(firm: Firm) -> None:
    with firm.desk() as desk:
        made = make_plan(desk)
        invoice = firm.invoice("W-1")
        firm.in_books("Invoice", {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}, operation="void")
        applied = apply(desk, made)
        assert len(applied.stale) == 1
        after = make_plan(desk)
    assert FindingCode.INVOICE_GONE in [each.code for each in after.left_out]
    assert len(firm.marked("Payment", "PrivateNote")) == 1


@pytest.mark.req("Q12")
def test_a_row_whose_sums_do_not_hold_is_quarantined_told_by_every_command_and_released_when_it_ties(
    firm: Firm,
) -> None:
    invoice = firm.invoice("W-1")["Id"]
    people(firm, lambda office: off_by_a_cent(office, invoice, 1))
    ran = firm.run("sync")
    assert ran.code == 1
    assert "What is settled of Invoice W-1" in ran.err
    assert "is off by -0.01 USD: it says -0.01 USD, and what it consists of adds up to 0.00 USD" in ran.err
    status = firm.run("status")
    assert status.code == 1
    assert "1 failed: 0 writes refused, 0 unsure, 1 rows of the books in quarantine" in status.out
    with firm.desk() as desk:
        made = make_plan(desk)
        assert FindingCode.DOES_NOT_TIE in [each.code for each in made.left_out]
        assert "W-1" not in " ".join(line.sentence for line in made.lines)
        assert made.lines != ()
    people(firm, lambda office: off_by_a_cent(office, invoice, -1))
    with firm.desk() as desk:
        sync(desk)
        assert desk.store.quarantined(desk.id) == ()
        assert "W-1" in " ".join(line.sentence for line in make_plan(desk).lines)
        came_and_left: list[Any] = [entry.body for entry in desk.store.journal(desk.id) if entry.kind == "quarantine"]
    assert [(len(each["came"]), len(each["left"])) for each in came_and_left] == [(1, 0), (0, 1)]


def off_by_a_cent(office: Any, invoice: str, cents: int) -> None:
    """The books themselves say an open balance that their own payments do not explain; the invoice is touched."""
    company = office.company
    shift = company.shifts.setdefault(("Invoice", invoice), {})
    shift["Balance"] = shift.get("Balance", 0) + cents
    office.edit("Invoice", invoice, PrivateNote="looked at")


def test_a_line_on_a_row_that_stopped_to_tie_after_the_plan_was_made_is_not_written(firm: Firm) -> None:
    invoice = firm.invoice("W-1")["Id"]
    with firm.desk() as desk:
        made = make_plan(desk)
        people(firm, lambda office: off_by_a_cent(office, invoice, 1))
        applied = apply(desk, made)
    assert len(applied.stale) == 1
    assert [each["TotalAmt"] for each in firm.marked("Payment", "PrivateNote")] == ["250.5"]


@pytest.mark.req("F27")
def test_what_was_accepted_and_does_not_settle_is_loud(firm: Firm, capsys: pytest.CaptureFixture[str]) -> None:
    """Between the answer and the reading after it, the payment is taken off its invoice again."""

    def take_off(name: str) -> None:
        if name == "apply.posted":
            people(firm, lambda office: office.unapply(firm.marked("Payment", "PrivateNote")[0]["Id"]))

    with firm.desk() as desk:
        made = make_plan(desk)
        desk.house.boundary = take_off
        applied = apply(desk, made)
    assert [each.code for each in applied.not_landed] == [FindingCode.NOT_LANDED]
    assert "does not settle invoice W-" in applied.not_landed[0].sentence
    with pytest.raises(typer.Exit) as end:
        _report(applied, as_json=False)
    assert (end.value.exit_code, applied.not_landed[0].sentence in capsys.readouterr().err) == (1, True)


def called(firm: Firm, name: str) -> str:
    """The id of the customer of that name."""
    return people(firm, lambda office: str(office.find("Customer", name)))


@pytest.mark.req("F12")
def test_a_customer_made_inactive_takes_no_payment_and_one_that_was_merged_is_followed(firm: Firm) -> None:
    acme, bolt = (called(firm, name) for name in ("Acme Bakery", "Bolt Bikes"))
    with firm.desk() as desk:
        made = make_plan(desk)
        people(firm, lambda office: office.deactivate(acme, balancing=False))
        people(firm, lambda office: office.wait(1))
        applied = apply(desk, made)
        assert [each.code for each in applied.stale][:1] == [FindingCode.CUSTOMER_GONE]
        assert FindingCode.CUSTOMER_GONE in [each.code for each in make_plan(desk).left_out]
        people(firm, lambda office: office.reactivate(acme))
        people(firm, lambda office: office.merge(acme, bolt))
        sync(desk)
        (line,) = [line for line in make_plan(desk).lines if line.payment is not None]
    assert line.payment is not None
    assert line.payment.customer.vendor_id == bolt
    assert "received from Bolt Bikes for W-1" in line.sentence
