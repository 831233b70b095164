"""connector.reconcile.arrivals: what a processor sent is the third side of its payout, and no customer's payment."""

from __future__ import annotations

import pytest

from connector.dates import business_date
from connector.model.finding import FindingCode, Ground
from connector.model.money_in import Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.settlement import PayoutState
from connector.model.source import ConnectionId, Kind, Ref, Tag
from connector.reconcile.arrivals import arrivals, not_seen
from connector.reconcile.learned import sign_of
from connector.reconcile.match import reconcile
from connector.reconcile.payouts import explain
from tests.builders import Mirror, money, ref

BANK = ConnectionId("bankfile")


@pytest.fixture
def world() -> Mirror:
    mirror = Mirror()
    mirror.customer("Acme")
    mirror.account("Bank account ending in 3000", AccountRole.BANK, at=BANK)
    return mirror


def line(
    world: Mirror,
    vendor_id: str,
    amount: str,
    on: str,
    text: str = "",
    *,
    payer: str | None = None,
    tags: tuple[Tag, ...] = (),
) -> Ref:
    """Money that the bank shows."""
    return world.put(
        ref(Kind.PAYMENT, vendor_id, BANK),
        Payment(
            customer=None,
            received_on=business_date(on),
            gross=money(amount),
            state=PaymentState.SUCCEEDED,
            method="transfer",
            payer=payer,
            memo=text or None,
            tags=tags,
        ),
    )


def test_a_line_that_names_the_processor_is_its_payout_of_that_sum(world: Mirror) -> None:
    payout = world.payout("po_1", "970.00", arrives="2026-04-02")
    own = line(world, "b1", "970.00", "2026-04-03", "STRIPE PAYOUT")
    outcome = reconcile(world.seen())
    assert outcome.arrived == {own: (payout,)}
    assert (outcome.decisions, outcome.findings) == ((), ())
    told = explain(world.seen(), payout)
    assert told is not None
    assert told.arrived == own


def test_a_line_without_words_is_a_payout_where_nothing_else_could_be_it(world: Mirror) -> None:
    payout = world.payout("po_1", "970.00", arrives="2026-04-02")
    own = line(world, "b1", "970.00", "2026-04-02")
    assert arrivals(world.seen()).payouts == {own: (payout,)}


def test_a_line_that_names_an_invoice_is_a_customers_although_a_payout_has_its_sum(world: Mirror) -> None:
    invoice = world.invoice("INV-1001", "Acme", "970.00")
    world.payout("po_1", "970.00", arrives="2026-04-02")
    own = line(world, "b1", "970.00", "2026-04-02", "INV-1001", payer="Acme")
    outcome = reconcile(world.seen())
    assert outcome.arrived == {}
    assert [(each.payment, each.allocations[0].target) for each in outcome.decisions] == [(own, invoice)]


@pytest.mark.parametrize(
    ("amount", "on"), [("970.01", "2026-04-02"), ("970.00", "2026-04-08"), ("970.00", "2026-04-01")]
)
def test_another_sum_or_another_week_is_no_payout_and_applied_to_nothing(world: Mirror, amount: str, on: str) -> None:
    world.invoice("INV-1001", "Acme", amount)
    world.payout("po_1", "970.00", arrives="2026-04-02")
    own = line(world, "b1", amount, on, "STRIPE PAYOUT INV-1001")
    outcome = reconcile(world.seen())
    assert (outcome.decisions, outcome.arrived) == ((), {})
    assert [(each.code, each.refs) for each in outcome.findings] == [(FindingCode.PAYOUT_GAP, (own,))]


def test_equal_payouts_and_as_many_lines_are_all_payouts_and_none_is_named(world: Mirror) -> None:
    payouts = {world.payout(f"po_{each}", "50.00", arrives="2026-04-02") for each in (1, 2)}
    lines = {line(world, f"b{each}", "50.00", "2026-04-02", "STRIPE") for each in (1, 2)}
    found = arrivals(world.seen()).payouts
    assert found.keys() == lines
    assert {frozenset(each) for each in found.values()} == {frozenset(payouts)}


def test_two_lines_and_one_payout_leave_both_without_names_to_the_engine(world: Mirror) -> None:
    world.payout("po_1", "50.00", arrives="2026-04-02")
    for each in ("b1", "b2"):
        line(world, each, "50.00", "2026-04-02")
    outcome = reconcile(world.seen())
    assert (outcome.arrived, outcome.decisions) == ({}, ())
    assert len(outcome.findings) == 2


def test_a_payout_that_failed_did_not_arrive(world: Mirror) -> None:
    world.payout("po_1", "970.00", arrives="2026-04-02", state=PayoutState.FAILED)
    line(world, "b1", "970.00", "2026-04-02", "STRIPE")
    assert arrivals(world.seen()).payouts == {}


def test_a_payout_that_the_bank_does_not_show_is_told_once_its_statements_are_past_it(world: Mirror) -> None:
    shown = world.payout("po_1", "970.00", arrives="2026-04-02")
    lost = world.payout("po_2", "55.00", arrives="2026-04-06")
    world.payout("po_3", "66.00", arrives="2026-04-20")
    line(world, "b1", "970.00", "2026-04-02", "STRIPE")
    line(world, "b2", "10.00", "2026-04-11")
    assert list(not_seen(world.seen())) == []
    line(world, "b3", "10.00", "2026-04-12")
    (told,) = not_seen(world.seen())
    assert (told.code, told.refs) == (FindingCode.PAYOUT_NOT_SEEN, (lost,))
    assert shown not in told.refs


def test_where_no_bank_is_read_nothing_is_looked_for(world: Mirror) -> None:
    del world.records[next(at for at in world.records if at.kind is Kind.ACCOUNT)]
    world.payout("po_1", "970.00")
    assert (arrivals(world.seen()).payouts, list(not_seen(world.seen()))) == ({}, [])


def test_a_creditor_reference_is_a_stored_key_of_the_invoice_it_is_made_of(world: Mirror) -> None:
    invoice = world.invoice("INV-1001", "Acme", "120.00")
    world.invoice("INV-1002", "Acme", "120.00")
    own = line(world, "b1", "120.00", "2026-04-02", tags=(Tag("creditor_reference", "RF06INV1001"),))
    (decision,) = reconcile(world.seen()).decisions
    assert (decision.payment, decision.ground, decision.allocations[0].target) == (own, Ground.STORED_KEY, invoice)


def test_a_creditor_reference_that_two_numbers_make_names_neither(world: Mirror) -> None:
    world.invoice("INV-1001", "Acme", "120.00")
    world.invoice("INV1001", "Acme", "120.00")
    line(world, "b1", "120.00", "2026-04-02", tags=(Tag("creditor_reference", "RF06INV1001"),))
    assert reconcile(world.seen()).decisions == ()


def test_a_payer_is_known_again_by_the_account_whatever_name_the_bank_gives(world: Mirror) -> None:
    account = Tag("payer_account", "9a4f10067d6be38a")
    first = line(world, "b1", "10.00", "2026-04-02", payer="ACME GMBH U CO", tags=(account,))
    second = line(world, "b2", "20.00", "2026-04-03", payer="Acme Gesellschaft", tags=(account,))
    other = line(world, "b3", "20.00", "2026-04-03", payer="Acme Gesellschaft")
    signs = {each.vendor_id: sign_of(each, world.seen().payments[each]) for each in (first, second, other)}
    assert signs["b1"] == signs["b2"] == "bankfile/account/9a4f10067d6be38a"
    assert signs["b3"] == "bankfile/payer/acme gesellschaft"
