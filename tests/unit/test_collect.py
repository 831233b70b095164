"""Aging, the list of the day, and writing a contact down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from connector.collect.aging import BUCKETS, AgeBy, aging, bucket_of
from connector.collect.contacts import Said, card_number_in, write_down
from connector.collect.worklist import Why, WorkItem, worklist
from connector.dates import business_date, instant_from_iso
from connector.errors import Refused
from connector.model.contact import Channel, Contact, ContactId, Direction, Outcome, Promise
from connector.model.invoice import Issued
from connector.model.money_in import Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.source import ActorId, CompanyId, Kind, Ref, Tag
from connector.notes import note_text, render_status
from connector.reconcile.tieout import tie_out
from connector.web.words import why_now
from tests.builders import BOOKS, PROCESSOR, Mirror, money, ref

TODAY = business_date("2026-06-10")


@pytest.fixture
def mirror() -> Mirror:
    world = Mirror()
    world.customer("Acme")
    world.customer("Birch")
    return world


@pytest.mark.parametrize(
    ("days", "bucket"), [(-3, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (4000, 4)]
)
def test_each_day_past_due_has_its_bucket(days: int, bucket: int) -> None:
    assert bucket_of(days) == bucket
    assert bucket < len(BUCKETS)


@pytest.mark.req("M12")
def test_the_aging_equals_the_books_own_total_and_keeps_unapplied_money_apart(mirror: Mirror) -> None:
    mirror.invoice("A", "Acme", "100.00", due="2026-06-10")
    mirror.invoice("B", "Acme", "200.00", still_open="150.00", due="2026-05-20")
    mirror.invoice("C", "Birch", "75.50", due="2026-01-01")
    mirror.invoice("J", "Birch", "5000 JPY", due="2026-05-01")
    mirror.invoice("K", "Birch", "1.234 KWD", due="2026-05-01")
    paid = ref(Kind.INVOICE, "i-B")
    mirror.received("p-1", "Acme", "70.00", {paid: "50.00"}, unapplied="20.00")
    mirror.credit("CM", "Birch", "5.50")
    for balance in ("300.00", "5000 JPY", "1.234 KWD"):
        mirror.account(f"A/R {balance}", AccountRole.RECEIVABLE, balance, code=[*balance.split(), "USD"][1])
    seen = mirror.seen()
    by_due = aging(seen, BOOKS, TODAY)
    assert tie_out(seen).findings == ()
    assert {str(row.total) for row in by_due.totals} == {"300.00 USD", "5000 JPY", "1.234 KWD"}
    usd = next(row for row in by_due.totals if row.total.currency == "USD")
    assert [str(bucket) for bucket in usd.buckets] == ["100.00 USD", "150.00 USD", "0.00 USD", "0.00 USD", "75.50 USD"]
    assert str(usd.unapplied) == "25.50 USD"
    by_issue = aging(seen, BOOKS, TODAY, AgeBy.ISSUE)
    assert [row.total for row in by_issue.totals] == [row.total for row in by_due.totals]
    assert by_issue.totals != by_due.totals


def test_what_an_entry_by_hand_makes_a_customer_owe_is_as_old_as_the_entry_and_what_it_takes_off_has_no_age(
    mirror: Mirror,
) -> None:
    invoice = mirror.invoice("A", "Acme", "100.00", still_open="90.00", due="2026-06-10")
    credit = mirror.by_hand("JournalEntry:1", "Acme", "-25.00")
    debt = mirror.by_hand("JournalEntry:2", "Birch", "40.00")
    mirror.by_hand("JournalEntry:3", "Birch", "500 JPY")
    mirror.received("p-1", "Acme", "0.00", {invoice: "10.00", credit: "10.00"})
    mirror.received("p-2", "Acme", "15.00", {debt: "15.00"})  # paid by another for Birch
    mirror.account("A/R", AccountRole.RECEIVABLE, "100.00")
    mirror.account("A/R JPY", AccountRole.RECEIVABLE, "500 JPY", code="JPY")
    seen = mirror.seen()
    result = aging(seen, BOOKS, TODAY)
    assert tie_out(seen).findings == ()
    assert [(row.name, str(row.open), str(row.by_hand), str(row.total)) for row in result.rows] == [
        ("Birch", "500 JPY", "0 JPY", "500 JPY"),
        ("Birch", "25.00 USD", "0.00 USD", "25.00 USD"),
        ("Acme", "90.00 USD", "-15.00 USD", "75.00 USD"),
    ]
    assert [row.buckets[BUCKETS.index("61-90")].minor for row in result.rows] == [500, 2500, 0], "made 73 days before"
    assert [str(row.total) for row in result.totals] == ["500 JPY", "100.00 USD"]
    assert {row.unapplied.minor for row in result.rows} == {0}


def test_an_entry_by_hand_that_is_settled_whole_has_no_row(mirror: Mirror) -> None:
    debt = mirror.by_hand("JournalEntry:2", "Birch", "40.00")
    mirror.received("p-2", "Birch", "40.00", {debt: "40.00"})
    assert aging(mirror.seen(), BOOKS, TODAY).rows == ()


def said(outcome: Outcome, at: str = "2026-06-10T14:00:00Z", **more: Any) -> Said:
    return replace(
        Said(
            by=ActorId("dana"),
            at=instant_from_iso(at),
            zone="America/New_York",
            direction=Direction.OUT,
            channel=Channel.PHONE,
            outcome=outcome,
        ),
        **more,
    )


def contact(mirror: Mirror, invoice: Ref, words: Said, contact_id: str = "c-1") -> Contact:
    return write_down(
        words, contact_id=ContactId(contact_id), company=CompanyId("harbor"), invoice=invoice, snapshot=mirror.seen()
    )


def on(mirror: Mirror, day: str, *contacts: Contact) -> WorkItem:
    listed: dict[Ref, list[Contact]] = {}
    for each in contacts:
        listed.setdefault(each.invoice, []).append(each)
    items = worklist(mirror.seen(), listed, business_date(day))
    assert len(items) == 1
    return items[0]


def test_an_invoice_whose_payment_came_back_says_so_with_the_day_and_the_reason_of_the_last_one(mirror: Mirror) -> None:
    mirror.invoice("A", "Acme", "100.00", due="2026-04-30")
    assert on(mirror, "2026-06-10").came_back == ""
    for vendor_id, received, back in (("py_2", "2026-04-20", "2026-05-29"), ("py_1", "2026-03-29", "2026-05-01")):
        at = mirror.charge(vendor_id, "100.00", memo="Invoice A", state=PaymentState.RETURNED, on=received)
        held = cast("Payment", mirror.records[at])
        told = {"returned_on": business_date(back), "failure": "insufficient funds (R01)"}
        mirror.put(at, replace(held, tags=(Tag("invoice_number", "A"),), **told))  # type: ignore[arg-type]
    item = on(mirror, "2026-06-10")
    assert (item.due, item.why) == (True, Why.NEVER_CONTACTED)
    assert item.came_back == (
        "a payment of 100.00 USD was returned by the payer's bank on 2026-05-29: insufficient funds (R01)"
    )
    assert why_now(item) == f"Never contacted; {item.came_back}"


def test_contact_is_due_the_day_after_terms_pass_and_not_before(mirror: Mirror) -> None:
    mirror.invoice("A", "Acme", "100.00", due="2026-06-09")
    assert worklist(mirror.seen(), {}, business_date("2026-06-09")) == ()
    item = on(mirror, "2026-06-10")
    assert (item.due, item.why, item.days_overdue) == (True, Why.NEVER_CONTACTED, 1)


@pytest.mark.parametrize(
    ("tried", "same_day", "returns"),
    [
        ("2026-06-10T14:00:00Z", "2026-06-10", "2026-06-11"),  # Wednesday
        ("2026-06-12T14:00:00Z", "2026-06-12", "2026-06-15"),  # Friday: Monday
    ],
)
@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.VOICEMAIL, Outcome.WRONG_PERSON])
def test_not_reached_returns_on_the_next_business_day(
    mirror: Mirror, tried: str, same_day: str, returns: str, outcome: Outcome
) -> None:
    invoice = mirror.invoice("A", "Acme", "100.00", due="2026-06-01")
    tried_once = contact(mirror, invoice, said(outcome, tried))
    waiting = on(mirror, same_day, tried_once)
    assert (waiting.due, waiting.why, str(waiting.returns_on)) == (False, Why.WAITING, returns)
    again = on(mirror, returns, tried_once)
    assert (again.due, again.why) == (True, Why.NOT_REACHED)


@pytest.mark.parametrize(
    "outcome", [Outcome.REACHED, Outcome.NEVER_RECEIVED, Outcome.AWAITING_APPROVAL, Outcome.REFUSED]
)
def test_somebody_reached_needs_a_promise_a_dispute_or_a_next_date(mirror: Mirror, outcome: Outcome) -> None:
    invoice = mirror.invoice("A", "Acme", "100.00", due="2026-06-01")
    with pytest.raises(Refused, match="a promise, a dispute or a next date"):
        contact(mirror, invoice, said(outcome))
    kept = contact(mirror, invoice, said(outcome, next_on=business_date("2026-06-15")))
    assert on(mirror, "2026-06-14", kept).why is Why.AGREED
    assert on(mirror, "2026-06-15", kept).due


@pytest.mark.req("M13")
def test_the_list_of_the_day_follows_one_invoice_through_its_life(mirror: Mirror) -> None:
    invoice = mirror.invoice("A", "Acme", "100.00", due="2026-06-09")
    assert worklist(mirror.seen(), {}, business_date("2026-06-09")) == ()
    assert on(mirror, "2026-06-10").due
    missed = contact(mirror, invoice, said(Outcome.NO_ANSWER), "c-1")
    assert not on(mirror, "2026-06-10", missed).due
    assert on(mirror, "2026-06-11", missed).due
    with pytest.raises(Refused):
        contact(mirror, invoice, said(Outcome.REACHED, "2026-06-11T14:00:00Z"))
    promise = Promise(amount=money("100.00"), by=business_date("2026-06-16"))
    promised = contact(mirror, invoice, said(Outcome.PROMISE, "2026-06-11T14:00:00Z", promise=promise), "c-2")
    for day in ("2026-06-11", "2026-06-16"):
        item = on(mirror, day, missed, promised)
        assert (item.due, item.why) == (False, Why.PROMISED)
    assert on(mirror, "2026-06-17", missed, promised).why is Why.PROMISE_BROKEN


def test_a_dispute_is_left_in_peace(mirror: Mirror) -> None:
    invoice = mirror.invoice("A", "Acme", "100.00", due="2026-06-01")
    disputed = contact(mirror, invoice, said(Outcome.DISPUTE, dispute_reason="short delivery"))
    assert on(mirror, "2026-09-01", disputed).why is Why.DISPUTED


def test_money_on_its_way_leaves_the_payer_in_peace(mirror: Mirror) -> None:
    mirror.invoice("A-100", "Acme", "100.00", due="2026-06-01")
    mirror.charge("py_1", "100.00", state=PaymentState.PENDING, tags=(Tag("invoice_number", "A-100"),))
    item = on(mirror, "2026-06-10")
    assert (item.due, item.why, item.pending) == (False, Why.MONEY_PENDING, money("100.00"))


@pytest.mark.req("F25")
def test_credit_that_is_not_applied_is_shown_and_taken_off_in_the_aging_the_list_and_the_note(mirror: Mirror) -> None:
    mirror.invoice("A", "Acme", "100.00", due="2026-06-01")
    mirror.invoice("B", "Acme", "60.00", due="2026-06-02")
    mirror.invoice("C", "Birch", "80.00", due="2026-06-01")
    mirror.received("p-1", "Acme", "40.00", unapplied="40.00")
    mirror.received("p-2", "Birch", "50.00", unapplied="50.00")
    mirror.credit("CM", "Birch", "30.00")
    seen = mirror.seen()
    by_name = {row.name: row for row in aging(seen, BOOKS, TODAY).rows}
    assert [(str(row.unapplied), str(row.total)) for row in (by_name["Acme"], by_name["Birch"])] == [
        ("40.00 USD", "120.00 USD"), ("80.00 USD", "0.00 USD"),
    ]  # fmt: skip
    items = {item.invoice.number: item for item in worklist(seen, {}, TODAY)}
    assert (items["A"].due, items["A"].credit, items["B"].credit) == (True, money("40.00"), money("40.00"))
    assert (items["C"].due, items["C"].why, items["C"].credit) == (False, Why.CREDIT, money("80.00"))
    assert why_now(items["C"]) == "Covered by credit that is not applied; 80.00 USD of credit is not applied"
    kept = contact(mirror, ref(Kind.INVOICE, "i-A"), said(Outcome.NO_ANSWER))
    assert kept.credit == money("40.00")
    left = "40.00 USD of credit is not applied yet, so 120.00 USD is left of what is past due"
    assert f"Open 100.00 USD, 9 days overdue; {left}." in note_text(kept)
    assert f"Invoice A: open 100.00 USD, 9 days overdue; {left}." in render_status(kept, 1_000)


def test_a_correction_replaces_what_it_corrects(mirror: Mirror) -> None:
    invoice = mirror.invoice("A", "Acme", "100.00", due="2026-06-01")
    wrong = contact(mirror, invoice, said(Outcome.DISPUTE, dispute_reason="price"), "c-1")
    right = contact(
        mirror, invoice, said(Outcome.NO_ANSWER, "2026-06-10T14:05:00Z", supersedes=ContactId("c-1")), "c-2"
    )
    assert on(mirror, "2026-06-11", wrong, right).why is Why.NOT_REACHED


def test_the_record_holds_what_the_connector_knows_at_that_moment(mirror: Mirror) -> None:
    issued = Issued(to="ap@acme.example", at=instant_from_iso("2026-05-01T09:00:00Z"), how="email")
    invoice = mirror.invoice("A", "Acme", "100.00", still_open="60.00", due="2026-06-01", sent=issued)
    mirror.invoice("OLD", "Acme", "40.00", due="2026-04-01")
    mirror.invoice("FUTURE", "Acme", "40.00", due="2026-07-01")
    mirror.invoice("OTHER", "Birch", "40.00", due="2026-01-01")
    kept = contact(mirror, invoice, said(Outcome.NO_ANSWER))
    assert (kept.open_amount, kept.days_overdue, kept.issued) == (money("60.00"), 9, issued)
    assert [(debt.number, debt.days_overdue) for debt in kept.earlier] == [("OLD", 70)]


@pytest.mark.parametrize(
    "text",
    ["card 4242424242424242 exp 12/27", "4242 4242 4242 4242", "pay with 3782-822463-10005", "x4000056655665556y"],
)
def test_card_numbers_are_refused_and_not_repeated(mirror: Mirror, text: str) -> None:
    assert card_number_in(text)
    invoice = mirror.invoice("A", "Acme", "100.00", due="2026-06-01")
    with pytest.raises(Refused) as refused:
        contact(mirror, invoice, said(Outcome.NO_ANSWER, words=text))
    assert not any(character.isdigit() for character in str(refused.value))


@pytest.mark.parametrize(
    "text", ["phone +1 555 010 0199", "invoice 4242424242424243", "0000000000000000", "PO 20260301-0042"]
)
def test_other_long_numbers_are_not_card_numbers(text: str) -> None:
    assert not card_number_in(text)


def test_a_processors_own_invoice_is_on_the_list_and_its_twin_is_not(mirror: Mirror) -> None:
    mirror.invoice("INV-1", "Acme", "10.00", due="2026-06-01")
    mirror.invoice("S-9", "cus", "10.00", due="2026-06-01", at=PROCESSOR, tags=(Tag("invoice_number", "INV-1"),))
    mirror.invoice("S-1", "cus", "10.00", due="2026-06-01", at=PROCESSOR)
    assert {item.invoice.number for item in worklist(mirror.seen(), {}, TODAY)} == {"INV-1", "S-1"}
