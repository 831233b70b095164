"""What the sweep finds that no event ever told, and what must be looked at with it, against Stripe's double.

Every exchange is judged by Stripe's own description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.stripe.standin import balances, cash, disputes, invoicing, moves, refunds
from adapters.stripe.standin import credits as notes
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.life import unseen
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import HeldEntry
from connector.model.source import Kind
from connector.money import Money, currency
from tests.stripe_desk import Desk, open_desk
from tests.stripe_mirror import Mirrors, reader

DAY = 86_400
NIGHT = 21 * 3_600
WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
2026-05-22  payment  ch_1  Acme  55.00 USD
"""


class Scene:
    """An account that was read once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ledger: Ledger = desk.stand_in.ledger("acct_harbor")
        self.mirror = Mirrors()
        self.sync()

    def sync(self, after: int = 0) -> None:
        """Read on so many seconds later."""
        self.desk.clock.pass_seconds(after)
        self.mirror.sync(reader(self.desk.server.url, self.desk.clock, self.mirror))

    def kept(self, kind: Kind) -> int:
        """What is kept for the customer, by the lines in the mirror."""
        lines = [one for one in self.mirror.nouns(kind).values() if isinstance(one, HeldEntry)]
        return sum(one.amount.minor for one in lines)

    def payment(self, vendor_id: str = "ch_1") -> Payment:
        found = self.mirror.nouns(Kind.PAYMENT)[vendor_id]
        assert isinstance(found, Payment)
        return found

    def charge(self) -> dict[str, Any]:
        return self.ledger.get("charge", "ch_1")

    def issued(self) -> dict[str, Any]:
        bill = invoicing.Bill(customer="cus_acme", amount=5_000, currency="usd", number="S-1")
        return invoicing.issue(self.ledger, bill)

    def attached(self, invoice: dict[str, Any], amount: int) -> dict[str, Any]:
        """A card payment that begins to pay the invoice."""
        ledger = self.ledger
        charge_id, intent_id = ledger.next_id("ch"), ledger.next_id("pi")
        sale = moves.Sale(
            charge_id=charge_id, intent_id=intent_id, amount=amount, currency="usd", method="card", created=ledger.now()
        )
        moves.complete_sale(ledger, moves.begin_sale(ledger, sale), at=ledger.now(), fee=0)
        return invoicing.attach(ledger, invoice, "payment_intent", intent_id, amount)

    def looks(self, seconds: int) -> Counter[str]:
        """Which single records the next reading asks for."""
        before = len(self.desk.server.calls)
        self.sync(seconds)
        return Counter(path for _, path, _ in self.desk.server.calls[before:] if path.count("/") > 2)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with open_desk(WORLD) as desk:
        yield Scene(desk)


def test_what_was_paid_too_much_is_the_customers_credit_at_the_next_reading(scene: Scene) -> None:
    invoicing.pay(scene.ledger, scene.attached(scene.issued(), 6_200))
    scene.sync(60)
    assert scene.kept(Kind.CREDIT_ENTRY) == 1_200


def test_credit_that_was_given_and_taken_away_again_comes_to_nothing_within_the_week(scene: Scene) -> None:
    balances.give(scene.ledger, "cus_acme", 900)
    scene.sync(7 * DAY)
    assert scene.kept(Kind.CREDIT_ENTRY) == 900
    balances.give(scene.ledger, "cus_acme", -900)
    scene.sync(7 * DAY)
    assert scene.kept(Kind.CREDIT_ENTRY) == 0
    assert "/v1/customers/cus_acme" not in scene.looks(7 * DAY)


def test_a_customers_own_money_that_was_sent_back_untold_comes_to_nothing_within_the_week(scene: Scene) -> None:
    cash.fund(scene.ledger, "cus_acme", 7_000, "usd")
    scene.sync(60)
    assert scene.kept(Kind.CASH_ENTRY) == 7_000
    with unseen(scene.ledger):
        cash.send_back(scene.ledger, "cus_acme", 7_000, "usd")
    scene.sync(7 * DAY)
    assert scene.kept(Kind.CASH_ENTRY) == 0


def test_a_customers_own_money_that_was_sent_back_while_nobody_read_comes_to_nothing(scene: Scene) -> None:
    cash.fund(scene.ledger, "cus_acme", 7_000, "usd")
    scene.sync(60)
    cash.send_back(scene.ledger, "cus_acme", 7_000, "usd")
    scene.sync(35 * DAY)
    assert scene.kept(Kind.CASH_ENTRY) == 0


@pytest.mark.parametrize("age", [3, 60, 200], ids=lambda age: f"{age} days old")
def test_a_refund_that_no_event_told_is_on_its_payment_the_next_night_however_old_that_is(
    scene: Scene, age: int
) -> None:
    scene.sync(age * DAY)
    with unseen(scene.ledger):
        refunds.asked(scene.ledger, scene.charge(), 2_000)
    scene.sync(NIGHT)
    assert scene.payment().refunded == Money(2_000, currency("USD"))


def test_a_dispute_that_no_event_told_is_on_its_payment_the_next_night(scene: Scene) -> None:
    scene.sync(60 * DAY)
    with unseen(scene.ledger):
        disputes.opened(scene.ledger, scene.charge())
    scene.sync(NIGHT)
    assert scene.payment().state is PaymentState.DISPUTED


def test_credit_that_a_credit_note_gave_untold_is_there_the_next_night(scene: Scene) -> None:
    invoice = scene.issued()
    invoicing.pay(scene.ledger, scene.attached(invoice, 5_000))
    scene.sync(10 * DAY)
    with unseen(scene.ledger):
        notes.grant(scene.ledger, invoice, 800, notes.Grant(credit=800))
    scene.sync(NIGHT)
    assert scene.kept(Kind.CREDIT_ENTRY) == 800


def test_a_night_without_news_looks_at_no_single_payment_or_customer(scene: Scene) -> None:
    refunds.asked(scene.ledger, scene.charge(), 2_000)
    scene.sync(5 * DAY)
    assert scene.looks(NIGHT) == {}
