"""What a processor's account went through, posted act by act: what the books hold of its money is what it holds.

In the clearing pattern that is the clearing account, to the minor unit, after every single act. In the deposit pattern
there is no such account: payments rest on hand at gross until their payout leaves, and what the processor took and gave
besides is carried by the next payout's deposit. There the account for money on hand is what has not been paid out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from adapters.stripe.standin import customers, disputes, entries, moves, payouts, refunds
from adapters.stripe.standin.shapes import filled
from connector.model.finding import FindingCode
from connector.model.firm import BookingPattern
from connector.model.settlement import PayoutMade
from connector.model.source import Kind
from connector.reconcile.clearing import Unbooked
from connector.reconcile.payouts import Statements, Verdict
from tests.journeys.merchant_books import CODES, BooksBeside, books_beside, merchant_of
from tests.stripe_rig import WHERE

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
        self.never: set[str] = set()
        """Sales that came to nothing before anybody posted them."""
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
        """The processor takes it out of the balance, and so the customer owes it, until it is won."""
        fight: Document = disputes.opened(self._ledger, charge, fee=fee)
        self.moved("usd", -charge["amount"] - fee)
        self.owed += charge["amount"]
        return fight

    def inquiry(self, charge: Document) -> Document:
        """The payer's bank only asks: no money moves."""
        fight: Document = filled(
            "dispute",
            id=self._ledger.next_id("dp"),
            amount=charge["amount"],
            created=self._ledger.now(),
            reason="fraudulent",
            status="warning_needs_response",
        )
        disputes.dispute(self._ledger, charge, fight)
        return fight

    def win(self, fight: Document) -> None:
        disputes.win(self._ledger, fight)
        self.moved("usd", fight["amount"])
        self.owed -= fight["amount"]

    def lose(self, fight: Document) -> None:
        disputes.close(self._ledger, fight)

    def close(self, fight: Document) -> None:
        disputes.close(self._ledger, fight)

    def come_back(self, charge: Document, *, fee: int = 400) -> None:
        disputes.come_back(self._ledger, charge, "R01", fee=fee)
        self.moved("usd", -charge["amount"] - fee)
        self.owed += charge["amount"]

    def line(self, what: str, amount: int, code: str = "usd") -> None:
        entries.enter(self._ledger, what, amount, code)
        self.moved(code, amount)

    def pay_out(self, code: str = "usd", *, amount: int | None = None, told: bool = True) -> Document:
        """All that is available leaves by the schedule, and has not arrived; what it was is told at once or later."""
        payout: Document | None = payouts.scheduled(self._ledger, code)
        assert payout is not None
        assert amount in (None, payout["amount"])
        self.moved(code, -payout["amount"])
        if told:
            self.told(payout)
        return payout

    def told(self, payout: Document) -> None:
        payouts.reconciled(self._ledger, payout)

    def arrives(self, payout: Document) -> None:
        payouts.arrive(self._ledger, payout)
        self.arrived[payout["currency"]] += payout["amount"]

    def payout_fails(self, payout: Document) -> None:
        """After it had arrived, or on its way."""
        if payout["status"] == "paid":
            self.arrived[payout["currency"]] -= payout["amount"]
        payouts.fail(self._ledger, payout)
        self.moved(payout["currency"], payout["amount"])

    def canceled(self, payout: Document) -> None:
        payouts.cancel(self._ledger, payout)
        self.moved(payout["currency"], payout["amount"])

    def on_hand(self) -> int:
        """In dollars, the payments at gross that no payout has taken along, and payouts that came back: by the lines of
        the account and what its payouts say that they hold."""
        gone = {member for members in self._ledger.members.values() for member in members}
        lines = self._ledger._objects["balance_transaction"].values()
        kinds = ("charge", "payment", "payout_failure")
        return sum(
            each["amount"]
            for each in lines
            if each["type"] in kinds and each["currency"] == "usd" and each["id"] not in gone
            if each["source"] not in self.never
        )

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
    again = at.pay_out(amount=one["amount"])
    yield "it is sent once more"
    at.payout_fails(again)
    yield "and fails on its way"
    yield from fought_over(at)
    yield from to_the_end(at)
    if pattern is CLEARING:
        yield from foreign(at)


def fought_over(at: Account) -> Iterator[str]:
    """Disputes, a return, and lines without a payment; all of it goes out with one payout."""
    third, fourth, fifth = at.sale(8_000, 262), at.sale(6_000, 204), at.sale(4_000, 146, method="us_bank_account")
    yield "three sales"
    asked = at.inquiry(third)
    yield "a question that moves no money"
    lost, won = at.dispute(third), at.dispute(fourth)
    yield "two disputes"
    at.close(asked)
    yield "the question is closed"
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
    at.never.add(unseen["id"])
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
    euros = at.pay_out("eur", amount=10_000 - 300 - 2_500, told=False)
    yield "the euros leave, and nobody says what they are made of"
    at.arrives(euros)
    yield "they arrive before that is said"
    at.told(euros)
    yield "and it is said"
    by_hand = at.by_hand(5_000)
    yield "dollars by hand"
    at.arrives(by_hand)
    yield "which arrive"
    stopped = at.by_hand(100)
    yield "and more of them"
    at.canceled(stopped)
    yield "which are stopped"


@contextmanager
def account(pattern: BookingPattern) -> Iterator[Account]:
    with books_beside(pattern) as firm:
        yield Account(firm)


def nothing_is_booked_of_a_payout_that_does_not_add_up(at: Account) -> None:
    """Neither when it leaves nor when it has arrived, as long as one of its lines is not read."""
    at.sale(5_000, 175)
    at.firm.catch_up()
    at.days(3)
    payout = at.pay_out()
    own = WHERE.ref(Kind.BALANCE_ENTRY, payout["balance_transaction"])
    for arrived in (False, True):
        if arrived:
            at.arrives(payout)
        whole = at.firm.seen()
        ref = WHERE.ref(Kind.PAYOUT, payout["id"])
        assert {line.intent.about for line in at.firm.plan_of(whole).lines} & {own, ref}
        (lost, *_) = whole.payouts[ref].entries or ()
        kept = {line: entry for line, entry in whole.balance_entries.items() if line != lost}
        short = at.firm.plan_of(replace(whole, records={**whole.records, Kind.BALANCE_ENTRY: kept}))
        assert not {line.intent.about for line in short.lines} & {own, ref}
        assert FindingCode.DOES_NOT_TIE in [each.code for each in short.left_out]


CARRIED = {Unbooked.FEE, Unbooked.REFUND, Unbooked.DISPUTE, Unbooked.RETURN, Unbooked.OTHER, Unbooked.SUSPENSE}
"""What waits for the deposit of its payout, in the pattern in which a deposit carries it."""


@pytest.mark.req("S15")
def test_the_clearing_account_is_the_processors_balance_at_every_step_of_a_scenario() -> None:
    """Asked of both stand-ins and of nobody else; and by our own reckoning nothing waits at any step."""
    with account(CLEARING) as at:
        for what in story(at, CLEARING):
            left = at.firm.catch_up()
            held = {code: at.firm.held(f"Clearing {code}") for code in CODES}
            assert held == {code: at.firm.expected(code) for code in CODES}, (what, [each.sentence for each in left])
            assert [purse.rest for purse in at.firm.standings().values()] == [()] * len(at.firm.standings()), what
            assert all(purse.holds for purse in at.firm.standings().values()), what
            assert at.firm.held("Transit USD") == at.firm.on_its_way("USD"), what
            assert at.firm.held("Bank USD") == at.arrived["usd"], what
            assert at.firm.held("Receivable USD") == at.owed, what
        assert at.firm.held("Bank EUR") == at.arrived["eur"] > 0
        assert at.firm.held("Transit EUR") == 0
        assert at.firm.untied() == ()
        assert [str(each.code) for each in left if "payout" in str(each.code)] == []
        by_hand = [line for line in at.firm.posted if "by hand" in line]
        assert len(by_hand) == 1
        assert "What it consists of is unknown, because it was asked for by hand." in by_hand[0]
        marked = [each for each in Statements(at.firm.seen()).all() if each.made is PayoutMade.MANUAL]
        assert {each.verdict for each in marked} == {Verdict.NEVER}
        assert all("the processor never says what such a payout consists of" in each.reasons[0] for each in marked)
        nothing_is_booked_of_a_payout_that_does_not_add_up(at)


def test_in_the_deposit_pattern_only_what_a_deposit_carries_waits_at_any_step_and_is_named() -> None:
    with account(DEPOSIT) as at:
        for what in story(at, DEPOSIT):
            at.firm.catch_up()
            (purse,) = at.firm.standings().values()
            assert purse.holds, (what, purse)
            assert purse.ledger.minor == at.firm.expected("USD"), what
            assert {each.reason for each in purse.rest} <= CARRIED, (what, purse.rest)
            assert at.firm.held("Undeposited Funds") == at.on_hand(), what
            assert at.firm.held("Bank USD") == at.arrived["usd"] + at.firm.on_its_way("USD"), what
        assert purse.rest == (), "at the end nothing waits"
        assert at.firm.untied() == ()
        assert at.firm.held("Receivable USD") == at.owed


def test_a_payout_is_booked_at_the_bank_when_it_has_arrived_and_is_explained_and_not_before() -> None:
    with account(CLEARING) as at:
        at.sale(20_000, 610)
        at.days(3)
        payout = at.pay_out(told=False)
        at.firm.catch_up()
        assert (at.firm.held("Clearing USD"), at.firm.held("Transit USD")) == (0, 19_390)
        at.arrives(payout)
        (unsaid,) = [each for each in at.firm.catch_up() if each.refs and each.refs[0].vendor_id == payout["id"]]
        assert "does not say yet what it consists of" in unsaid.sentence
        assert (at.firm.held("Transit USD"), at.firm.held("Bank USD")) == (19_390, 0)
        at.told(payout)
        at.firm.catch_up()
        assert (at.firm.held("Transit USD"), at.firm.held("Bank USD")) == (0, 19_390)
        assert at.firm.written["journal"] == at.firm.written["transfer"] == 1


def test_a_payout_that_arrived_before_anybody_looked_goes_to_the_bank_by_one_entry() -> None:
    with account(CLEARING) as at:
        at.sale(20_000, 610)
        at.days(3)
        at.arrives(at.pay_out())
        at.firm.catch_up()
        assert (at.firm.held("Transit USD"), at.firm.held("Bank USD")) == (0, 19_390)
        assert (at.firm.written["journal"], at.firm.written["transfer"]) == (0, 1)


def test_a_dispute_that_is_lost_opens_its_invoice_again_and_one_that_is_won_leaves_it_as_it_was() -> None:
    with account(CLEARING) as at:
        lost, won = at.sale(8_000, 262), at.sale(6_000, 204)
        at.firm.catch_up()
        assert at.firm.open_invoices() == {}
        fights = at.dispute(lost), at.dispute(won)
        at.firm.catch_up()
        assert at.firm.open_invoices() == {}, "the entries of the disputes make the customer owe it until then"
        assert at.firm.held("Receivable USD") == 14_000
        at.lose(fights[0])
        at.win(fights[1])
        at.firm.catch_up()
        assert at.firm.open_invoices() == {"S-1": 8_000}
        assert at.firm.held("Receivable USD") == 8_000
        assert at.firm.written["void"] == 2, "the payment, and the entry that stood for it"
        assert at.firm.held("Clearing USD") == at.firm.expected("USD")


@pytest.mark.parametrize(
    ("days", "charges", "seed"),
    [(12, 700, 7), *(pytest.param(365, 600, seed, marks=pytest.mark.long) for seed in (7, 11))],
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
        assert all(purse.holds and purse.rest == () for purse in firm.standings().values())
        assert firm.untied() == ()
