"""A payment that brings less than was open: what stays open and why, and that nothing of it is written off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.dates import Instant
from connector.model.allocation import Shortfall
from connector.model.finding import FindingCode
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import ActorId, Kind, Ref
from connector.money import zero
from connector.reconcile.cash.lacking import likely
from connector.reconcile.match import reconcile
from connector.reconcile.short import HeldBack, held_back, in_words, said
from tests.builders import PROCESSOR, Mirror, money, ref

NOON = Instant(datetime(2026, 4, 1, 12, tzinfo=UTC))


@pytest.fixture
def mirror() -> Mirror:
    world = Mirror()
    world.customer("Acme", email="ap@acme.example")
    world.customer("cus_a", email="ap@acme.example", at=PROCESSOR)
    world.invoice("INV-1007", "Acme", "120.00")
    world.invoice("INV-1008", "Acme", "80.00")
    return world


def word(payment: Ref, short: Shortfall, number: int = 1) -> Ruling:
    """A person says why a payment is short."""
    return Ruling(
        payment=payment, kind=RulingKind.SHORT, by=ActorId("dana"), at=NOON, gross=money("70.00"),
        unapplied=zero(money("1.00").currency), short=short, number=number,
    )  # fmt: skip


def told(found: tuple[HeldBack, ...]) -> list[tuple[str, str, str, str]]:
    return [(each.number, str(each.left), each.payment.vendor_id, each.words) for each in found]


@pytest.mark.parametrize(
    ("open_", "short", "expected"),
    [
        (12_000, 3, Shortfall.ROUNDING),
        (12_000, 240, Shortfall.DISCOUNT),
        (12_050, 241, Shortfall.DISCOUNT),
        (60_000, 1_500, Shortfall.DISCOUNT),
        (70_000, 1_500, Shortfall.BANK_CHARGE),
        (12_000, 1_500, Shortfall.UNKNOWN),
        (70_000, 1_530, Shortfall.UNKNOWN),
        (12_000, 5_000, Shortfall.UNKNOWN),
    ],
)
def test_what_is_missing_looks_like_one_thing_or_like_none(open_: int, short: int, expected: Shortfall) -> None:
    assert likely(open_, short) is expected


def test_a_payment_in_part_says_what_stays_open_and_how_to_say_why(mirror: Mirror) -> None:
    mirror.charge("ch_1", "70.00", memo="INV-1007", customer="cus_a")
    (finding,) = reconcile(mirror.seen()).findings
    assert (finding.code, finding.amount) == (FindingCode.SHORT_PAYMENT, money("50.00"))
    assert finding.sentence.endswith("leaves 50.00 USD of its invoice open.")
    assert "receivables review short ch_1 REASON" in finding.next_step


@pytest.mark.parametrize(
    ("brought", "looks"), [("117.60", "the 2.40 USD missing looks like a discount"), ("119.97", "rounding")]
)
def test_what_is_rather_a_reduction_is_a_question_that_says_what_it_looks_like(
    mirror: Mirror, brought: str, looks: str
) -> None:
    mirror.charge("ch_1", brought, memo="INV-1007", customer="cus_a")
    outcome = reconcile(mirror.seen())
    assert outcome.decisions == ()
    (finding,) = outcome.findings
    assert finding.code is FindingCode.OTHER_AMOUNT
    assert looks in finding.sentence


def test_the_reason_that_a_person_gave_takes_the_place_of_what_it_looks_like_and_the_last_one_stands(
    mirror: Mirror,
) -> None:
    charge = mirror.charge("ch_1", "70.00", memo="INV-1007", customer="cus_a")
    silent = reconcile(mirror.seen())
    assert told(held_back(mirror.seen(), silent.decisions)) == [("INV-1007", "50.00 USD", "ch_1", "no reason given")]
    log = (word(charge, Shortfall.PRICE), word(charge, Shortfall.DAMAGED, number=2))
    seen = replace(mirror.seen(), rulings=log)
    outcome = reconcile(seen)
    assert outcome.decisions == silent.decisions, "a reason decides nothing"
    assert outcome.findings[0].sentence.endswith("50.00 USD of its invoice open: damaged goods, says dana.")
    assert told(held_back(seen, outcome.decisions)) == [("INV-1007", "50.00 USD", "ch_1", "damaged goods, says dana")]
    (decision,) = outcome.decisions
    assert in_words(seen, decision, said(log)) == "; 50.00 USD of INV-1007 stays open: damaged goods, says dana"
    assert in_words(mirror.seen(), decision, {}) == "", "a plan repeats people's reasons, not guesses"


def test_what_the_books_show_as_paid_in_part_is_held_back_until_it_is_settled(mirror: Mirror) -> None:
    part = mirror.received("p-1", "Acme", "30.00", {ref(Kind.INVOICE, "i-INV-1008"): "30.00"})
    mirror.invoice("INV-1008", "Acme", "80.00", still_open="50.00")
    seen = replace(mirror.seen(), rulings=(word(part, Shortfall.REST_FOLLOWS),))
    assert told(held_back(seen)) == [("INV-1008", "50.00 USD", "p-1", "the rest follows, says dana")]
    mirror.charge("ch_2", "50.00", memo="INV-1008", customer="cus_a")
    seen = replace(mirror.seen(), rulings=seen.rulings)
    assert held_back(seen, reconcile(seen).decisions) == ()
