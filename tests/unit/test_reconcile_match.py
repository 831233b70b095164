"""Which payment settles which invoice, and why not."""

from __future__ import annotations

import pytest

from connector.model.finding import Decision, FindingCode, Ground
from connector.model.money_in import PaymentState
from connector.model.source import Kind, Ref, Tag
from connector.reconcile.match import Reconciliation, reconcile
from tests.builders import PROCESSOR, Mirror, money, ref


def only(outcome: Reconciliation) -> Decision:
    assert len(outcome.decisions) == 1
    return outcome.decisions[0]


def codes(outcome: Reconciliation) -> list[FindingCode]:
    return [finding.code for finding in outcome.findings]


@pytest.fixture
def mirror() -> Mirror:
    world = Mirror()
    world.customer("Acme", email="ap@acme.example")
    world.customer("Birch", email="pay@birch.example")
    world.customer("cus_a", email="ap@acme.example", at=PROCESSOR)
    world.customer("cus_b", email="pay@birch.example", at=PROCESSOR)
    world.invoice("INV-1007", "Acme", "120.00")
    world.invoice("INV-1008", "Acme", "80.00")
    world.invoice("INV-2001", "Birch", "500.00")
    return world


def test_a_stored_key_settles_its_invoice_to_the_cent(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", tags=(Tag("invoice_number", "INV-1007"),))
    decision = only(reconcile(mirror.seen()))
    assert decision.payment == charge
    assert decision.ground is Ground.STORED_KEY
    assert [(a.target.vendor_id, a.amount) for a in decision.allocations] == [("i-INV-1007", money("120.00"))]
    assert decision.unapplied == money("0")
    assert decision.evidence[0].says == "INV-1007"


def test_our_own_key_beats_a_shops_key(mirror: Mirror) -> None:
    own = Tag("receivables_debt", str(ref(Kind.INVOICE, "i-INV-1008")))
    mirror.charge("ch_1", "80.00", tags=(Tag("invoice_number", "INV-1007"), own))
    assert only(reconcile(mirror.seen())).allocations[0].target.vendor_id == "i-INV-1008"


def test_an_exact_number_in_the_memo_settles_it_in_any_case(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", memo="payment for inv-1007, thank you")
    decision = only(reconcile(mirror.seen()))
    assert decision.ground is Ground.EXACT_REFERENCE
    assert decision.allocations[0].target.vendor_id == "i-INV-1007"


def test_a_letter_for_a_digit_is_read_as_the_digit_where_the_amount_agrees(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", memo="INV-1O07")
    mirror.charge("ch_2", "499.00", memo="INV-2OO1", customer="cus_b")
    outcome = reconcile(mirror.seen())
    assert [a.target.vendor_id for a in only(outcome).allocations] == ["i-INV-1007"]
    assert codes(outcome) == [FindingCode.OTHER_AMOUNT]


def test_a_number_that_nobody_has_is_a_question(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", memo="INV-1999")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.UNKNOWN_REFERENCE]


def test_a_number_inside_a_longer_number_is_no_reference(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", memo="INV-10070")
    assert reconcile(mirror.seen()).decisions == ()


def test_two_equal_invoices_and_no_reference_stay_undecided_and_both_are_shown(mirror: Mirror) -> None:
    mirror.invoice("INV-1009", "Acme", "120.00")
    mirror.charge("ch_1", "120.00", customer="cus_a")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.EQUAL_ITEMS]
    shown = {each.vendor_id for each in outcome.findings[0].refs}
    assert shown == {"ch_1", "i-INV-1007", "i-INV-1009"}


def test_one_invoice_of_equal_amount_is_proposed_and_not_taken(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", customer="cus_a")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.PROPOSED]
    assert [each.vendor_id for each in outcome.findings[0].refs] == ["ch_1", "i-INV-1007"]


def test_a_known_payer_vetoes_another_customers_invoice(mirror: Mirror) -> None:
    mirror.charge("ch_1", "500.00", customer="cus_a", memo="INV-2001")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.WRONG_CUSTOMER]


def test_a_parent_may_pay_for_its_child(mirror: Mirror) -> None:
    mirror.customer("Acme North", parent="Acme")
    mirror.invoice("INV-3001", "Acme North", "75.00")
    mirror.charge("ch_1", "75.00", customer="cus_a", memo="INV-3001")
    assert only(reconcile(mirror.seen())).allocations[0].target.vendor_id == "i-INV-3001"


def test_a_short_payment_leaves_the_rest_open_and_says_so(mirror: Mirror) -> None:
    mirror.charge("ch_1", "70.00", memo="INV-1007", customer="cus_a")
    mirror.charge("ch_2", "498.50", tags=(Tag("invoice_number", "INV-2001"),))
    outcome = reconcile(mirror.seen())
    assert [each.allocations[0].amount for each in outcome.decisions] == [money("70.00"), money("498.50")]
    assert [(f.code, f.amount) for f in outcome.findings] == [
        (FindingCode.SHORT_PAYMENT, money("50.00")),
        (FindingCode.SHORT_PAYMENT, money("1.50")),
    ]


@pytest.mark.parametrize("brought", ["118.50", "70.00", "130.00"])
def test_a_number_with_another_amount_from_nobody_known_is_a_question(mirror: Mirror, brought: str) -> None:
    mirror.charge("ch_1", brought, memo="INV-1007")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.OTHER_AMOUNT]


def test_an_over_payment_leaves_credit_and_says_so(mirror: Mirror) -> None:
    mirror.charge("ch_1", "130.00", tags=(Tag("invoice_number", "INV-1007"),))
    outcome = reconcile(mirror.seen())
    assert only(outcome).unapplied == money("10.00")
    assert [(f.code, f.amount) for f in outcome.findings] == [(FindingCode.OVER_PAYMENT, money("10.00"))]


def test_several_numbers_are_taken_only_when_they_add_up(mirror: Mirror) -> None:
    mirror.charge("ch_1", "200.00", memo="INV-1007/INV-1008")
    mirror.charge("ch_2", "199.00", memo="INV-1007 and INV-1008", on="2026-03-30")
    outcome = reconcile(mirror.seen())
    assert {a.target.vendor_id: a.amount for a in only(outcome).allocations} == {
        "i-INV-1007": money("120.00"),
        "i-INV-1008": money("80.00"),
    }
    assert codes(outcome) == [FindingCode.ALREADY_SETTLED]


def test_numbers_that_do_not_add_up_are_a_question(mirror: Mirror) -> None:
    mirror.charge("ch_2", "199.00", memo="INV-1007 and INV-1008")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.OTHER_AMOUNT]


def test_numbers_of_two_customers_are_a_question_even_if_they_add_up(mirror: Mirror) -> None:
    mirror.charge("ch_1", "620.00", memo="INV-1007 INV-2001")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.OTHER_AMOUNT]


def test_a_number_that_two_invoices_carry_identifies_neither(mirror: Mirror) -> None:
    mirror.invoice("INV-1007", "Birch", "10.00")
    mirror.records[ref(Kind.INVOICE, "other")] = mirror.records[ref(Kind.INVOICE, "i-INV-1007")]
    mirror.charge("ch_1", "120.00", memo="INV-1007")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.AMBIGUOUS]


def test_a_payment_in_another_currency_is_not_applied(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00 EUR", memo="INV-1007")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [FindingCode.WRONG_CURRENCY]


def test_the_second_payment_of_one_invoice_is_a_question(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", memo="INV-1007")
    mirror.charge("ch_2", "120.00", memo="INV-1007")
    outcome = reconcile(mirror.seen())
    assert only(outcome).payment.vendor_id == "ch_1"
    assert codes(outcome) == [FindingCode.ALREADY_SETTLED]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (PaymentState.PENDING, FindingCode.PENDING),
        (PaymentState.FAILED, FindingCode.FAILED),
        (PaymentState.RETURNED, FindingCode.RETURNED),
        (PaymentState.DISPUTED, FindingCode.DISPUTED),
        (PaymentState.REFUNDED, FindingCode.REFUNDED),
    ],
)
def test_what_is_not_or_no_longer_money_is_never_applied(
    mirror: Mirror, state: PaymentState, code: FindingCode
) -> None:
    mirror.charge("ch_1", "120.00", memo="INV-1007", state=state)
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert codes(outcome) == [code]


def test_a_payment_refunded_in_part_is_decided_at_what_came(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", memo="INV-1007", refunded="20.00")
    assert only(reconcile(mirror.seen())).gross == money("120.00")


def test_a_payment_settled_in_another_currency_is_decided_in_its_own(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", memo="INV-1007", net="100.00 EUR")
    assert only(reconcile(mirror.seen())).gross == money("120.00")


def test_a_payment_that_the_books_hold_with_our_mark_is_posted_and_not_decided_again(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", memo="INV-1007")
    held = mirror.received(
        "p-1",
        "Acme",
        "120.00",
        {ref(Kind.INVOICE, "i-INV-1007"): "120.00"},
        memo=f"receivables op={'A' * 20} src={charge}",
    )
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    assert outcome.posted == {charge: held}


def test_a_posted_payment_that_comes_back_is_said_aloud(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", memo="INV-1007", state=PaymentState.RETURNED)
    mirror.received("p-1", "Acme", "120.00", memo=f"receivables op={'A' * 20} src={charge}")
    assert codes(reconcile(mirror.seen())) == [FindingCode.RETURNED]


def test_cash_a_person_left_unapplied_is_listed_with_the_number_its_memo_names(mirror: Mirror) -> None:
    mirror.received("p-1", "Acme", "120.00", unapplied="120.00", memo="for INV-1007")
    outcome = reconcile(mirror.seen())
    assert codes(outcome) == [FindingCode.UNAPPLIED_IN_BOOKS]
    assert "INV-1007" in outcome.findings[0].next_step


def test_a_payment_of_an_invoice_that_lives_at_the_processor_is_applied_there(mirror: Mirror) -> None:
    invoice = mirror.invoice("S-1", "cus_a", "80.00", still_open="0", at=PROCESSOR)
    charge = mirror.charge("ch_1", "80.00", attempt="pi_1")
    mirror.link(Ref(PROCESSOR, Kind.ATTEMPT, "pi_1"), invoice, "80.00")
    decision = only(reconcile(mirror.seen()))
    assert (decision.payment, decision.ground) == (charge, Ground.SOURCE_LINK)
    assert decision.allocations[0].target == invoice


def test_a_debt_held_in_two_systems_is_settled_once_and_in_the_books(mirror: Mirror) -> None:
    twin = mirror.invoice(
        "HRB-9", "cus_a", "120.00", still_open="0", at=PROCESSOR, tags=(Tag("invoice_number", "INV-1007"),)
    )
    mirror.charge("ch_1", "120.00", attempt="pi_1")
    mirror.link(Ref(PROCESSOR, Kind.ATTEMPT, "pi_1"), twin, "120.00")
    decision = only(reconcile(mirror.seen()))
    assert decision.ground is Ground.SOURCE_LINK
    assert [a.target.vendor_id for a in decision.allocations] == ["i-INV-1007"]


def test_the_key_may_stand_on_the_attempt_instead_of_the_payment(mirror: Mirror) -> None:
    mirror.attempt("pi_1", "120.00", Tag("invoice_number", "INV-1007"))
    mirror.charge("ch_1", "120.00", attempt="pi_1")
    assert only(reconcile(mirror.seen())).allocations[0].target.vendor_id == "i-INV-1007"


def test_the_order_in_which_records_arrive_changes_nothing(mirror: Mirror) -> None:
    for number in range(6):
        mirror.charge(f"ch_{number}", "40.00", memo="INV-1007", on=f"2026-03-{20 + number % 3}")
    assert reconcile(mirror.seen()) == reconcile(mirror.seen(backwards=True))


def test_every_finding_has_a_sentence_and_a_next_step(mirror: Mirror) -> None:
    mirror.charge("ch_1", "1.00")
    mirror.charge("ch_2", "2.00", memo="INV-2001", customer="cus_a")
    mirror.charge("ch_3", "3.00", state=PaymentState.PENDING)
    for finding in reconcile(mirror.seen()).findings:
        assert finding.sentence.endswith(".")
        assert finding.next_step.endswith(".")
        assert finding.refs
