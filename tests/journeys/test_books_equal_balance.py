"""What a processor's account went through, posted act by act: what the books hold of its money is what it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.stripe.standin import customers, disputes, entries, moves, payouts, refunds
from connector.model.firm import BookingPattern
from connector.reconcile.clearing import Unbooked
from tests.journeys.merchant_books import CODES, BooksBeside, books_beside, merchant_of

DAY = 24 * 3600
CLEARING, DEPOSIT = BookingPattern.CLEARING, BookingPattern.DEPOSIT
PATTERNS = pytest.mark.parametrize("pattern", [CLEARING, DEPOSIT])
Document = dict[str, Any]


class Account:
    """What happens in the account, by hand: every act enters what it must do to the balance, by the test's figures."""

    def __init__(self, firm: BooksBeside) -> None:
        self.firm = firm
        self._ledger = firm.account
        self._payers = {
            code: customers.enter(firm.account, f"Payer {code}", currency=code)["id"] for code in ("usd", "eur")
        }
        self._sales = 0
        self._balance: dict[str, int] = defaultdict(int)
        self.arrived: dict[str, int] = defaultdict(int)
        """What is in the bank."""
        self.owed = 0
        """What customers owe in dollars, because they got it back or took it back."""
        firm.balance = self._balance

    def moved(self, code: str, amount: int) -> None:
        self._balance[code] += amount

    def days(self, days: int) -> None:
        self.firm.clock.pass_seconds(days * DAY)

    def sale(
        self, amount: int, fee: int, code: str = "usd", *, settled: tuple[int, str] | None = None, method: str = "card"
    ) -> Document:
        self._sales += 1
        sale = moves.Sale(
            charge_id=self._ledger.next_id("ch" if method == "card" else "py"),
            intent_id=self._ledger.next_id("pi"),
            amount=amount,
            currency=code,
            method=method,
            created=self._ledger.now(),
            customer=self._payers[code],
        )
        charge: Document = moves.begin_sale(self._ledger, sale)
        moves.complete_sale(self._ledger, charge, at=self._ledger.now(), fee=fee, settled=settled)
        gross, into = settled or (amount, code)
        self.moved(into, gross - fee)
        return charge

    def refund(self, charge: Document, amount: int, *, taken: int | None = None, code: str = "usd") -> Document:
        back: Document = refunds.asked(self._ledger, charge, amount, status="succeeded", taken=taken)
        self.moved(code, -(taken or amount))
        self.owed += amount if charge["currency"] == "usd" else 0
        return back

    def refund_fails(self, back: Document) -> None:
        refunds.fail(self._ledger, back)
        self.moved("usd", back["amount"])
        self.owed -= back["amount"]

    def dispute(self, charge: Document, *, fee: int = 1500) -> Document:
        fight: Document = disputes.opened(self._ledger, charge, fee=fee)
        self.moved("usd", -charge["amount"] - fee)
        return fight

    def win(self, fight: Document) -> None:
        disputes.win(self._ledger, fight)
        self.moved("usd", fight["amount"])

    def lose(self, fight: Document) -> None:
        disputes.close(self._ledger, fight)
        self.owed += fight["amount"]

    def come_back(self, charge: Document, *, fee: int = 400) -> None:
        disputes.come_back(self._ledger, charge, "R01", fee=fee)
        self.moved("usd", -charge["amount"] - fee)
        self.owed += charge["amount"]

    def line(self, what: str, amount: int, code: str = "usd") -> None:
        entries.enter(self._ledger, what, amount, code)
        self.moved(code, amount)

    def pay_out(self, code: str = "usd", *, amount: int | None = None) -> Document:
        """All that is available leaves by the schedule; it is said what it was, and has not arrived."""
        payout: Document | None = payouts.scheduled(self._ledger, code)
        assert payout is not None
        assert amount in (None, payout["amount"])
        payouts.reconciled(self._ledger, payout)
        self.moved(code, -payout["amount"])
        return payout

    def arrives(self, payout: Document) -> None:
        payouts.arrive(self._ledger, payout)
        self.arrived[payout["currency"]] += payout["amount"]

    def payout_fails(self, payout: Document) -> None:
        payouts.fail(self._ledger, payout)
        self.arrived[payout["currency"]] -= payout["amount"]
        self.moved(payout["currency"], payout["amount"])

    def by_hand(self, amount: int) -> Document:
        payout: Document = payouts.by_hand(self._ledger, "usd", amount)
        self.moved("usd", -amount)
        return payout


def story(at: Account, pattern: BookingPattern) -> Iterator[str]:
    """Act by act: fees, refunds whole, in part and failed, disputes won and lost, a debit that came back, a payout that
    failed, one below zero, corrections and reserves; and, where the pattern knows them, a second currency."""
    first = at.sale(20_000, 610)
    second = at.sale(10_000, 320)
    yield "two sales"
    at.refund(first, 5_000)
    yield "a refund in part"
    at.refund(second, 10_000)
    yield "a whole refund"
    gone = at.refund(first, 3_000)
    yield "a refund that is under way"
    at.refund_fails(gone)
    yield "and failed"
    at.line("fee", -700)
    yield "a monthly bill"
    at.days(3)
    one = at.pay_out(amount=30_000 - 930 - 5_000 - 10_000 - 700)
    yield "a payout on its way"
    at.arrives(one)
    yield "that arrived"
    at.payout_fails(one)
    yield "and failed after all"
    yield from fought_over(at)
    yield from to_the_end(at)
    if pattern is CLEARING:
        yield from foreign(at)


def fought_over(at: Account) -> Iterator[str]:
    """Disputes, a return, and lines without a payment; all of it goes out with one payout."""
    third, fourth, fifth = at.sale(8_000, 262), at.sale(6_000, 204), at.sale(4_000, 146, method="us_bank_account")
    yield "three sales"
    lost, won = at.dispute(third), at.dispute(fourth)
    yield "two disputes"
    at.win(won)
    yield "one is won"
    at.lose(lost)
    yield "one is lost"
    at.come_back(fifth)
    yield "a debit comes back"
    at.line("reserve", -2_500)
    at.line("topup", 9_000)
    at.line("unknown", 33)
    yield "a reserve, a top-up and something new"
    at.days(3)
    two = at.pay_out()
    at.arrives(two)
    yield "all of it is paid out"


def to_the_end(at: Account) -> Iterator[str]:
    """What takes more from the balance than it brings."""
    unseen = at.sale(1_000, 59)
    at.refund(unseen, 1_000)
    at.line("reserve", 2_500)
    at.line("adjustment", -9_000)
    yield "a sale that is refunded at once, and a correction below zero"
    at.days(3)
    three = at.pay_out(amount=-59 + 2_500 - 9_000)
    yield "a payout that takes money"
    at.arrives(three)
    yield "and took it"


def foreign(at: Account) -> Iterator[str]:
    """A purse in euros, and euros that become dollars; and a payout of which nobody says what it holds."""
    euro = at.sale(10_000, 300, "eur")
    changed = at.sale(7_000, 255, "eur", settled=(7_613, "usd"))
    yield "euros, and euros that become dollars"
    at.refund(changed, 2_000, taken=2_201)
    yield "a part goes back at another rate"
    at.refund(euro, 2_500, code="eur")
    yield "euros go back"
    at.days(3)
    at.arrives(at.pay_out("eur", amount=10_000 - 300 - 2_500))
    yield "the euros are paid out"
    at.arrives(at.by_hand(5_000))
    yield "and dollars by hand"


@contextmanager
def account(pattern: BookingPattern) -> Iterator[Account]:
    with books_beside(pattern) as firm:
        yield Account(firm)


NOT_YET = {
    CLEARING: {Unbooked.PAYOUT, Unbooked.DISPUTE},
    DEPOSIT: {Unbooked.PAYOUT, Unbooked.DISPUTE, Unbooked.FEE, Unbooked.REFUND, Unbooked.OTHER, Unbooked.SUSPENSE},
}
"""What may wait, and for what: a payout for its arrival, a dispute for its end; and in the deposit pattern whatever is
no payment, for the deposit of its payout."""


@PATTERNS
def test_after_every_act_the_books_hold_what_the_processor_holds_and_what_waits_is_named(
    pattern: BookingPattern,
) -> None:
    with account(pattern) as at:
        for what in story(at, pattern):
            at.firm.catch_up()
            for code, purse in at.firm.standings().items():
                assert purse.holds, (what, code, purse)
                assert {each.reason for each in purse.rest} <= NOT_YET[pattern], (what, code, purse.rest)
                assert purse.ledger.minor == at.firm.balance.get(code.lower(), 0), (what, code)
        assert all(purse.rest == () for purse in at.firm.standings().values()), "at the end nothing waits"
        assert at.firm.untied() == ()
        assert at.firm.held("Bank USD") == at.arrived["usd"]
        assert at.firm.held("Receivable USD") == at.owed


def test_the_clearing_account_is_the_processors_balance_at_every_step_of_a_scenario() -> None:
    """Asked of both stand-ins and of nobody else: only money that is on its way to the bank, or being fought over, is
    between the two, and the test knows how much that is."""
    with account(CLEARING) as at:
        for what in story(at, CLEARING):
            left = at.firm.catch_up()
            held = {code: at.firm.held(f"Clearing {code}") for code in CODES}
            assert held == {code: at.firm.expected(code) for code in CODES}, (what, [each.sentence for each in left])
        assert {code: held[code] for code in CODES} == {code: at.firm.balance.get(code.lower(), 0) for code in CODES}
        assert [str(each.code) for each in left if "payout" in str(each.code)] == []
        by_hand = [line for line in at.firm.posted if "by hand" in line]
        assert len(by_hand) == 1
        assert "What it consists of is unknown, because it was asked for by hand." in by_hand[0]


@pytest.mark.parametrize(
    ("days", "charges", "seed"),
    [(12, 700, 7), *(pytest.param(365, 3_000, seed, marks=pytest.mark.long) for seed in (7, 11))],
)
def test_after_every_act_of_a_merchants_life_the_clearing_accounts_hold_what_stripe_holds(
    days: int, charges: int, seed: int
) -> None:
    with books_beside(CLEARING) as firm:
        merchant = merchant_of(firm, seed, charges)
        ends = firm.account.now() + days * DAY
        while firm.account.now() < ends:
            what = merchant.step()
            left = firm.catch_up()
            held = {code: firm.held(f"Clearing {code}") for code in CODES}
            assert held == {code: firm.expected(code) for code in CODES}, (what, [each.sentence for each in left])
        assert {each.reason for purse in firm.standings().values() for each in purse.rest} <= NOT_YET[CLEARING]
        assert firm.untied() == ()
