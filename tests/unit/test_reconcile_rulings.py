"""What people and rules of the company say about single payments, and what of the engine posts by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.dates import Instant
from connector.model.allocation import Adjustment, AdjustmentKind, Allocation
from connector.model.finding import Decision, FindingCode, Ground
from connector.model.firm import MatchingRules
from connector.model.intent import IntentKind
from connector.model.invoice import InvoiceState
from connector.model.money_in import PaymentState
from connector.model.ruling import Forgotten, Ruling, RulingKind
from connector.model.source import ActorId, Kind, Ref, Tag
from connector.reconcile.booked import subject_of
from connector.reconcile.cash.verdict import Class
from connector.reconcile.learned import facts
from connector.reconcile.match import Reconciliation, decide, reconcile
from connector.reconcile.options import Review, by_policy
from connector.reconcile.payer import Payers
from connector.reconcile.postable import postable, torn, without
from connector.reconcile.snapshot import Snapshot
from tests.builders import PROCESSOR, Mirror, money, ref

NOON = Instant(datetime(2026, 4, 1, 12, tzinfo=UTC))
EVERYTHING = MatchingRules(automatic=tuple(each.value for each in Class))


@pytest.fixture
def mirror() -> Mirror:
    world = Mirror()
    world.customer("Acme", email="ap@acme.example")
    world.customer("Birch", email="pay@birch.example")
    world.customer("cus_a", email="ap@acme.example", at=PROCESSOR)
    world.customer("cus_b", email="pay@birch.example", at=PROCESSOR)
    world.customer("cus_x", email="x@nowhere.example", at=PROCESSOR)
    world.invoice("INV-1007", "Acme", "120.00")
    world.invoice("INV-1008", "Acme", "80.00")
    world.invoice("INV-2001", "Birch", "500.00")
    return world


def said(number: int, payment: Ref, kind: RulingKind = RulingKind.HUMAN, of: int = 0, **shares: str) -> Ruling:
    """An entry of the log: `INV_1007="120.00"`, the rest on account; the payment is 120.00."""
    allocations = tuple(
        Allocation(payment=payment, target=ref(Kind.INVOICE, f"i-{name.replace('_', '-')}"), amount=money(amount))
        for name, amount in shares.items()
    )
    rest = money("120.00")
    for each in allocations:
        rest -= each.amount
    return Ruling(
        payment=payment,
        kind=kind,
        by=ActorId("dana"),
        at=NOON,
        gross=money("120.00"),
        unapplied=rest,
        allocations=allocations,
        sentence="As she said.",
        of=of,
        number=number,
    )


def after(mirror: Mirror, *log: Ruling, rules: MatchingRules | None = None) -> Snapshot:
    return replace(mirror.seen(), rulings=log, rules=rules or MatchingRules())


def amounts(decision: Decision) -> dict[str, int]:
    return {each.target.vendor_id: each.amount.minor for each in decision.allocations}


def codes(outcome: Reconciliation) -> list[FindingCode]:
    return [finding.code for finding in outcome.findings]


def test_a_persons_word_decides_and_takes_what_it_gives_out_of_everybody_elses_reach(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", memo="INV-2001", customer="cus_a")
    mirror.charge("ch_2", "80.00", memo="INV-1008", customer="cus_a", on="2026-03-30")
    outcome = reconcile(after(mirror, said(1, charge, INV_1008="50.00", INV_1007="60.00")))
    (decision,) = outcome.decisions
    assert (decision.payment, decision.ground, amounts(decision)) == (
        charge,
        Ground.HUMAN,
        {"i-INV-1008": 5_000, "i-INV-1007": 6_000},
    )
    assert "dana decided it on 2026-04-01." in decision.sentence
    assert codes(outcome) == [FindingCode.OTHER_AMOUNT]


def test_what_was_taken_back_is_decided_as_if_it_had_never_been_said(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", memo="INV-1007", customer="cus_a")
    before = reconcile(mirror.seen())
    log = said(1, charge, INV_2001="120.00"), said(2, charge, RulingKind.UNDONE, of=1)
    assert reconcile(after(mirror, *log)) == before
    assert amounts(reconcile(after(mirror, log[0])).decisions[0]) == {"i-INV-2001": 12_000}


def test_the_last_word_counts(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00")
    log = (
        said(1, charge, INV_1007="120.00"),
        said(2, charge, RulingKind.UNDONE, of=1),
        said(3, charge, INV_2001="120.00"),
    )
    assert amounts(reconcile(after(mirror, *log)).decisions[0]) == {"i-INV-2001": 12_000}


@pytest.mark.parametrize("how", ["voided", "deleted", "paid"])
def test_a_decision_whose_invoice_went_is_asked_about_and_never_dropped_in_silence(mirror: Mirror, how: str) -> None:
    charge = mirror.charge("ch_1", "120.00", customer="cus_a")
    other = mirror.charge("ch_2", "80.00", memo="INV-1008", customer="cus_a")
    if how == "voided":
        mirror.invoice("INV-1007", "Acme", "120.00", still_open="0", state=InvoiceState.VOID)
    elif how == "paid":
        mirror.invoice("INV-1007", "Acme", "120.00", still_open="30.00")
    else:
        mirror.take(ref(Kind.INVOICE, "i-INV-1007"))
    outcome = reconcile(after(mirror, said(1, charge, INV_1007="120.00")))
    assert [decision.payment for decision in outcome.decisions] == [other]
    (finding,) = outcome.findings
    assert (finding.code, finding.refs[0]) == (FindingCode.DECISION_OVERTAKEN, charge)
    assert ("only 30.00 USD" if how == "paid" else how) in finding.sentence
    assert "review undo ch_1" in finding.next_step


def test_money_that_went_back_is_no_money_whatever_a_person_said(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", customer="cus_a", state=PaymentState.RETURNED)
    outcome = reconcile(after(mirror, said(1, charge, INV_1007="120.00")))
    assert (outcome.decisions, codes(outcome)) == ((), [FindingCode.RETURNED])


def test_two_words_for_one_invoice_keep_the_first_and_ask_about_the_second(mirror: Mirror) -> None:
    first = mirror.charge("ch_1", "120.00", on="2026-03-28")
    second = mirror.charge("ch_2", "120.00", on="2026-03-29")
    log = said(1, second, INV_1007="120.00"), said(2, first, INV_1007="120.00")
    outcome = reconcile(after(mirror, *log))
    assert [decision.payment for decision in outcome.decisions] == [first]
    assert [(each.code, each.refs[0]) for each in outcome.findings] == [(FindingCode.DECISION_OVERTAKEN, second)]


def test_what_was_rejected_is_neither_decided_nor_proposed_again(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", memo="INV-1007", customer="cus_a")
    seen = after(mirror, said(1, charge, RulingKind.REJECTED, INV_1007="120.00"))
    outcome = reconcile(seen)
    assert outcome.decisions == ()
    options = Review(seen, outcome).options(charge)
    assert {"i-INV-1007": 12_000} not in [
        {a.target.vendor_id: a.amount.minor for a in each.allocations} for each in options
    ]


def test_a_class_that_is_not_permitted_is_a_proposal_and_one_that_is_decides(mirror: Mirror) -> None:
    mirror.charge("ch_1", "120.00", customer="cus_a")
    assert codes(reconcile(after(mirror))) == [FindingCode.PROPOSED]
    (decision,) = reconcile(after(mirror, rules=EVERYTHING)).decisions
    assert (decision.ground, decision.kind, amounts(decision)) == (Ground.AMOUNT, "amount", {"i-INV-1007": 12_000})
    assert reconcile(after(mirror, rules=MatchingRules(automatic=()))).decisions == ()


def test_nothing_decided_leans_on_a_proposal(mirror: Mirror) -> None:
    # Only when the 70.00 has been applied is 50.00 exactly what is open.
    mirror.charge("ch_1", "70.00", memo="INV-1007", customer="cus_a", on="2026-03-28")
    mirror.charge("ch_2", "50.00", memo="INV-1007", customer="cus_a", on="2026-04-20")
    by_number = MatchingRules(automatic=("key", "reference"))
    outcome = reconcile(after(mirror, rules=by_number))
    assert outcome.decisions == ()
    assert len(outcome.findings) == 2


def test_an_equal_amount_that_was_settled_days_before_is_not_taken_for_another_invoice(mirror: Mirror) -> None:
    mirror.invoice("INV-1009", "Acme", "120.00", still_open="0")
    charge = mirror.charge("ch_1", "120.00", customer="cus_a", on="2026-03-27")
    mirror.received(
        "p-1",
        "Acme",
        "120.00",
        {ref(Kind.INVOICE, "i-INV-1009"): "120.00"},
        memo=f"receivables op={'A' * 20} src={charge}",
    )
    mirror.charge("ch_2", "120.00", customer="cus_a", on="2026-03-30")
    assert reconcile(after(mirror, rules=EVERYTHING)).decisions == ()
    mirror.charge("ch_2", "120.00", customer="cus_a", on="2026-04-30")
    assert len(reconcile(after(mirror, rules=EVERYTHING)).decisions) == 1


def test_a_key_of_a_paid_invoice_is_no_reason_to_take_another_of_that_amount(mirror: Mirror) -> None:
    mirror.invoice("INV-1009", "Acme", "120.00", still_open="0")
    mirror.charge("ch_1", "120.00", customer="cus_a", tags=(Tag("invoice_number", "INV-1009"),))
    outcome = reconcile(after(mirror, rules=EVERYTHING))
    assert outcome.decisions == ()


def test_an_invoice_less_a_credit_note_is_two_decisions_and_their_sums_are_those_of_the_books(mirror: Mirror) -> None:
    note = mirror.credit("CM-7", "Acme", "20.00")
    charge = mirror.charge("ch_1", "100.00", memo="INV-1007", customer="cus_a")
    money_in, credit = reconcile(after(mirror, rules=EVERYTHING)).decisions
    assert (money_in.payment, amounts(money_in), money_in.unapplied) == (charge, {"i-INV-1007": 10_000}, money("0"))
    assert (credit.payment, credit.beside) == (note, charge)
    assert amounts(credit) == {"i-INV-1007": 2_000, "CM-7": 2_000}


def test_a_decision_with_a_difference_or_of_two_customers_is_left_out_whole_with_its_reason(mirror: Mirror) -> None:
    mirror.customer("Acme North", parent="Acme")
    mirror.invoice("INV-3001", "Acme North", "75.00")
    mirror.charge("ch_1", "195.00", memo="INV-1007 INV-3001", customer="cus_a")
    charge = mirror.charge("ch_2", "80.00", memo="INV-1008", customer="cus_a")
    seen = mirror.seen()
    outcome = reconcile(seen)
    kept = postable(seen, outcome)
    assert [decision.payment for decision in kept.decisions] == [charge]
    assert [(each.code, each.refs[0].vendor_id) for each in kept.findings] == [(FindingCode.NOT_POSTABLE, "ch_1")]
    assert "Acme and Acme North" in kept.findings[0].sentence
    short = Adjustment(kind=AdjustmentKind.BANK_CHARGE, amount=money("3.00"))
    cut = replace(
        kept.decisions[0], allocations=tuple(replace(a, adjustments=(short,)) for a in kept.decisions[0].allocations)
    )
    left = postable(seen, replace(outcome, decisions=(cut,)))
    assert left.decisions == ()
    assert "3.00 USD of it is bank charge" in left.findings[-1].sentence


def test_money_and_credit_note_are_planned_together_or_not_at_all(mirror: Mirror) -> None:
    note = mirror.credit("CM-7", "Acme", "20.00")
    charge = mirror.charge("ch_1", "100.00", memo="INV-1007", customer="cus_a")
    seen = after(mirror, rules=EVERYTHING)
    outcome = reconcile(seen)
    paid, used = subject_of(IntentKind.PAYMENT, charge), subject_of(IntentKind.CREDIT, note)
    assert torn(seen, outcome, [paid, used]) == torn(seen, outcome, []) == {}
    halves = torn(seen, outcome, [paid])
    assert set(halves) == set(torn(seen, outcome, [used])) == {charge}
    left = without(outcome, halves)
    assert left.decisions == ()
    assert [each.code for each in left.findings] == [FindingCode.NOT_POSTABLE]


def test_oldest_first_is_a_policy_of_its_own_and_says_so(mirror: Mirror) -> None:
    twin = mirror.invoice("INV-1009", "Acme", "120.00", issued="2026-03-02")
    first = mirror.charge("ch_1", "120.00", customer="cus_a", on="2026-03-28")
    second = mirror.charge("ch_2", "120.00", customer="cus_a", on="2026-04-28")
    assert codes(reconcile(after(mirror))) == [FindingCode.EQUAL_ITEMS] * 2
    outcome = reconcile(after(mirror, rules=MatchingRules(oldest_first=True)))
    decided = {each.payment: (each.ground, next(iter(amounts(each)))) for each in by_policy(outcome)}
    assert decided == {
        first: (Ground.POLICY, "i-INV-1007"),
        second: (Ground.POLICY, twin.vendor_id),
    }


def test_a_decision_by_policy_stays_when_the_policy_is_switched_off(mirror: Mirror) -> None:
    mirror.invoice("INV-1009", "Acme", "120.00", issued="2026-03-02")
    charge = mirror.charge("ch_1", "120.00", customer="cus_a", on="2026-03-28")
    (decision,) = reconcile(after(mirror, said(1, charge, RulingKind.POLICY, INV_1009="120.00"))).decisions
    assert (decision.ground, amounts(decision)) == (Ground.POLICY, {"i-INV-1009": 12_000})


def test_one_word_of_a_person_teaches_whose_customer_it_is_and_forgetting_takes_that_back(mirror: Mirror) -> None:
    charge = mirror.charge("ch_1", "120.00", customer="cus_x")
    later = mirror.charge("ch_2", "500.00", customer="cus_x", on="2026-05-02")
    assert FindingCode.UNKNOWN_PAYER in codes(reconcile(after(mirror, rules=EVERYTHING)))
    seen = after(mirror, said(1, charge, INV_2001="120.00"), rules=EVERYTHING)
    (fact,) = facts(seen, Payers(seen)).values()
    assert (fact.sign, fact.customer, fact.payments) == (
        "stripe/customer/cus_x",
        ref(Kind.CUSTOMER, "Birch"),
        (charge,),
    )
    mirror.invoice("INV-2002", "Birch", "500.00")
    seen = after(mirror, said(1, charge, INV_2001="120.00"), rules=EVERYTHING)
    assert [decision.payment for decision in reconcile(seen).decisions] == [charge, later]
    forgotten = Forgotten(fact_id=fact.fact_id, sign=fact.sign, by=ActorId("dana"), at=NOON)
    without_it = replace(seen, forgotten=(forgotten,))
    assert facts(without_it, Payers(without_it)) == {}
    assert [decision.payment for decision in reconcile(without_it).decisions] == [charge]


def posted(mirror: Mirror, vendor_id: str, customer: str, payer: str) -> Ref:
    charge = mirror.charge(vendor_id, "10.00", payer=payer)
    memo = f"receivables op={'A' * 20} src={charge}"
    mirror.received(f"p-{vendor_id}", customer, "10.00", {ref(Kind.INVOICE, "i-INV-2001"): "10.00"}, memo=memo)
    return charge


def test_a_name_must_be_seen_twice_and_one_payment_that_says_otherwise_makes_it_no_fact(mirror: Mirror) -> None:
    posted(mirror, "ch_1", "Birch", "Q. Rosen")
    seen = mirror.seen()
    assert facts(seen, Payers(seen)) == {}
    posted(mirror, "ch_2", "Birch", "q.  rosen")
    seen = mirror.seen()
    (fact,) = facts(seen, Payers(seen)).values()
    assert (fact.customer, len(fact.payments)) == (ref(Kind.CUSTOMER, "Birch"), 2)
    posted(mirror, "ch_3", "Acme", "Q. Rosen")
    seen = mirror.seen()
    assert facts(seen, Payers(seen)) == {}


def test_the_amounts_alone_are_those_of_the_decisions_in_full(mirror: Mirror) -> None:
    charge = mirror.charge("ch_0", "120.00", on="2026-03-01")
    mirror.charge("ch_1", "120.00", memo="INV-1007", customer="cus_a")
    mirror.charge("ch_2", "80.00", tags=(Tag("invoice_number", "INV-1008"),))
    seen = after(mirror, said(1, charge, INV_2001="120.00"))
    full = reconcile(seen).decisions
    assert len(full) == 3
    assert [(one.payment, one.allocations, one.unapplied) for one in decide(seen)] == [
        (one.payment, one.allocations, one.unapplied) for one in full
    ]


def test_every_option_gives_out_what_came_and_never_more_than_is_open(mirror: Mirror) -> None:
    mirror.invoice("INV-1009", "Acme", "120.00")
    mirror.charge("ch_1", "120.00", customer="cus_a")
    mirror.charge("ch_2", "300.00", customer="cus_b")
    mirror.charge("ch_3", "119.00", memo="INV-1008 INV-1007")
    seen = mirror.seen()
    rows = Review(seen, reconcile(seen)).waiting()
    assert {row.payment.vendor_id: row.reason for row in rows}["ch_1"] == "equal-items"
    twins = next(row for row in rows if row.payment.vendor_id == "ch_1")
    assert {a.target.vendor_id for each in twins.options for a in each.allocations} == {"i-INV-1007", "i-INV-1009"}
    for row in rows:
        for option in row.options:
            given = sum(each.amount.minor for each in option.allocations)
            assert given + option.unapplied.minor == row.gross.minor
            assert all(each.amount <= seen.invoices[each.target].open for each in option.allocations)
