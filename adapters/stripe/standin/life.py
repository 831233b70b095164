"""A simulated merchant's year: everything an account sees, done act by act, the same for the same seed.

Every act goes through the moves that the pay page and the worlds use. One act is one moment of the account, so that an
invariant can be asked after each. What must then be true is reckoned beside it (`truth`), from the figures the merchant
chose and not from what the stand-in stored.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.stripe.standin import entries
from adapters.stripe.standin.billing import Billing
from adapters.stripe.standin.diary import Diary
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.moves import DAY_SECONDS
from adapters.stripe.standin.shapes import Document
from adapters.stripe.standin.trade import Trade
from adapters.stripe.standin.treasury import Treasury
from adapters.stripe.standin.truth import Truth

ACTS = frozenset(
    {
        *("card payment", "card declined", "debit begins", "debit settles", "debit refused", "debit returned"),
        *("debit fails late", "refund", "refund succeeds", "refund fails", "refund canceled"),
        *("dispute", "evidence", "dispute won", "dispute lost", "inquiry closed"),
        *("customer", "customer changed", "customer deleted", "credit given"),
        *("draft", "draft deleted", "invoice", "invoice paid by card", "invoice debited", "invoice void"),
        *("part paid by card", "rest reported", "overpaid", "paid out of band", "uncollectible"),
        *("payment canceled", "payment detached", "credit note", "credit note void"),
        *("transfer", "transfer of the rest", "transfer given up", "cash sent back"),
        *("payday", "payout", "negative payout", "payout reconciled", "payout arrives", "payout fails"),
        *("manual payout", "instant payout", "payout canceled", "payout reversed"),
        *("fee", "adjustment", "overdraft", "reserve held", "reserve released", "topup"),
    }
)
"""Every kind of act. In a year each occurs; `payday` is the day's look at whether there is something to pay out."""

YEAR_SECONDS = 365 * DAY_SECONDS
CHARGES_A_YEAR = 10_000
_EACH_DEAL_SECONDS_MIN = 1


class Merchant:
    """One account's merchant and their customers.

    Time passes from act to act in this account alone, or, with `wait` (a clock's `pass_seconds`), for everybody. A
    merchant begins now, with so many charges a year in mind.
    """

    def __init__(
        self,
        ledger: Ledger,
        seed: int,
        *,
        wait: Callable[[float], object] | None = None,
        charges_a_year: int = CHARGES_A_YEAR,
    ) -> None:
        self._diary = Diary(ledger, random.Random(seed), wait)  # noqa: S311 - a seed, so that a failure can be repeated
        self._trade = Trade(self._diary)
        self._billing = Billing(self._diary, self._trade)
        self._treasury = Treasury(self._diary)
        self._ends = ledger.now() + YEAR_SECONDS
        self._rate = charges_a_year
        self._billing.open_for_business()
        self._treasury.keep_the_schedule()
        self._diary.later(1, "deal", self._deal)

    @property
    def ledger(self) -> Ledger:
        """The account."""
        return self._diary.ledger

    @property
    def truth(self) -> Truth:
        """What must be true of it now."""
        return self._diary.truth

    @property
    def done(self) -> dict[str, int]:
        """How often each kind of act was done."""
        return dict(self._diary.done)

    def step(self) -> str:
        """Do the next act at its time; says what it was and about what, such as `refund re_harbor0001`."""
        return self._diary.step()

    def until(self, second: int) -> int:
        """Do everything up to that second, then let it be that second; says how many acts it was."""
        acts = 0
        while self._diary.next_at <= second:
            self.step()
            acts += 1
        self._diary.move_to(second)
        return acts

    def days(self, days: int) -> int:
        """Do that many days' work; says how many acts it was."""
        return self.until(self.ledger.now() + days * DAY_SECONDS)

    def year(self, charges: int = CHARGES_A_YEAR) -> int:
        """Live for a year and make at least that many charges in it; says how many acts it was."""
        self._rate, self._ends = charges, self.ledger.now() + YEAR_SECONDS
        acts = self.until(self._ends)
        while self._diary.charges < charges:
            self._trade.card_payment()
            acts += 1
        return acts

    def line(self, what: str, amount: int, currency: str = "usd") -> str:
        """On order: a line of the ledger that no payment made (`entries.LINES`; `unknown` is of a new category)."""
        txn_id = entries.enter(self.ledger, what, amount, currency)
        self.truth.moved(currency, txn_id, amount, self.ledger.get("balance_transaction", txn_id)["available_on"])
        return txn_id

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Whatever is done within is told by no event, as if each had been lost: only a sweep can find it."""
        with unseen(self.ledger):
            yield

    def rename(self, customer_id: str, name: str) -> Document:
        """On order: a small change that moves no money, for tests that want one they can name."""
        customer = self.ledger.get("customer", customer_id)
        self._billing.rename(customer, name)
        return customer

    def _deal(self) -> str:
        """The next customer wants something; and the one after comes when the year's plan says."""
        left = max(self._ends - self.ledger.now(), DAY_SECONDS)
        wanted = max(self._rate - self._diary.charges, 1) if self.ledger.now() < self._ends else self._rate
        pace = max(left // wanted, _EACH_DEAL_SECONDS_MIN)
        self._diary.later(self._diary.chance.randint(1, 2 * pace), "deal", self._deal)
        if self._diary.chance.randrange(100) < self._billing.percent:
            return self._billing.deal()
        return self._trade.deal()


@contextmanager
def unseen(ledger: Ledger) -> Iterator[None]:
    """While this lasts, what happens in an account is told of by no event."""
    before, ledger.hushed = ledger.hushed, True
    try:
        yield
    finally:
        ledger.hushed = before
