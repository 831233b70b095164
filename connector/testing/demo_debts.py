"""What the demo firms have billed: every invoice with its dates, its amount and the fate that awaits it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from connector.dates import BusinessDate, later
from connector.money import Currency, Money, split
from connector.testing.demo_firms import EUR, JPY, USD, Buyer, Firm

_SATURDAY = 5
_STRIPE_OPENED_DAYS_AGO = 78
_PAYPAL_OPENED_DAYS_AGO = 48
_AMOUNTS = {USD: (80_00, 9_000_00), EUR: (80_00, 9_000_00), JPY: (12_000, 900_000)}
_CASE_AMOUNTS = (200_00, 3_000_00)
_BUCKETS = ((1, 30), (31, 60), (61, 90), (91, 200))

_CASE_PAID_DAYS_AGO = {
    "partial payment": 9,
    "over-payment": 13,
    "short payment by a few dollars": 16,
    "fully refunded payment": 34,
    "partly refunded payment": 27,
    "dispute lost": 52,
    "dispute open": 25,
    "ACH pending": 2,
    "ACH returned after success": 15,
    "failed card attempt": 6,
    "payment names an invoice already paid": 24,
    "payment without any reference": 8,
    "two equal open invoices": 7,
    "invoice in both systems": 22,
    "invoice in Stripe only": 18,
    "parent pays for its child": 19,
    "unapplied check names its invoice": 17,
    "unapplied wire names two invoices": 12,
    "check with an unapplied rest": 20,
    "credit note applied": 30,
    "payment less a credit note": 10,
}
"""Cases that need an invoice of their own, and when the money for it came."""

PAIRS = frozenset({"two equal open invoices", "unapplied wire names two invoices"})
"""Cases about two invoices of one customer."""


class Fate(Enum):
    """What becomes of an invoice."""

    BOOKS = auto()
    """Paid by check or wire; the books know."""
    STRIPE = auto()
    """Paid through Stripe with its number named; the books do not know yet."""
    PAYPAL = auto()
    """Paid by PayPal with its number named; the books do not know yet."""
    OPEN = auto()
    """Nobody paid."""
    CASE = auto()
    """One of the named cases."""


@dataclass(slots=True, kw_only=True)
class Debt:
    """An invoice while the story is made; `number` is given when all are known."""

    buyer: Buyer
    on: BusinessDate
    due: BusinessDate
    amount: Money
    fate: Fate
    paid_on: BusinessDate
    case: str = ""
    number: str = ""
    sent: bool = True


def part_of_credit(debt: Debt) -> Money:
    """What a credit note takes off an invoice whose payer keeps it back."""
    return split(debt.amount, (1, 7))[0]


def workday(day: BusinessDate) -> BusinessDate:
    """That day, or the Friday before it."""
    return later(day, -max(0, day.weekday() - _SATURDAY + 1))


def chance(rng: random.Random, *, percent: int) -> bool:
    """True that often, without a float."""
    return rng.randrange(100) < percent


class Amounts:
    """Amounts that no two invoices of a firm share, so that equal ones are always meant."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._used: set[tuple[Currency, int]] = set()

    def draw(self, code: Currency, least: int, most: int) -> Money:
        """A new amount: mostly small, often round."""
        while True:
            reach = self._rng.choice((8, 8, 8, 3, 3, 1))
            minor = self._rng.randint(least, least + (most - least) // reach)
            if code == JPY or chance(self._rng, percent=50):
                minor = max(least, minor - minor % 100)
            if (code, minor) not in self._used:
                self._used.add((code, minor))
                return Money(minor, code)


@dataclass(slots=True)
class _Planner:
    firm: Firm
    today: BusinessDate
    rng: random.Random
    amounts: Amounts
    debts: list[Debt]

    def ago(self, days: int) -> BusinessDate:
        return later(self.today, -days)

    def turns(self, may: Callable[[Buyer], bool], code: Currency) -> Iterator[Buyer]:
        """Customers of one kind and currency in turn, shuffled, for ever."""
        pool = [buyer for buyer in self.firm.buyers if may(buyer) and buyer.currency == code]
        while True:
            yield from self.rng.sample(pool, len(pool))

    def buyers(self, may: Callable[[Buyer], bool], count: int, euro: int, yen: int) -> list[Buyer]:
        """So many customers, the first of them those billed in euro and yen."""
        kinds = [(EUR, euro), (JPY, yen), (USD, count - euro - yen)]
        found: list[Buyer] = []
        for code, wanted in kinds:
            turn = self.turns(may, code)
            found.extend(next(turn) for _ in range(wanted))
        return found

    def bill(self, buyer: Buyer, on: BusinessDate, fate: Fate, paid_on: BusinessDate) -> None:
        amount = self.amounts.draw(buyer.currency, *_AMOUNTS[buyer.currency])
        due = later(on, buyer.terms_days)
        self.debts.append(Debt(buyer=buyer, on=on, due=due, amount=amount, fate=fate, paid_on=paid_on))


def _in_books(buyer: Buyer) -> bool:
    return buyer.in_books


def _in_both(buyer: Buyer) -> bool:
    return buyer.in_books and buyer.stripe_id is not None


def _paid_in_books(planner: _Planner) -> None:
    """Checks and wires of nine months; fewer since Stripe was opened."""
    for buyer in planner.buyers(_in_books, planner.firm.paid_in_books, euro=2, yen=1):
        recent = chance(planner.rng, percent=20)
        on = workday(planner.ago(planner.rng.randint(*((25, 90) if recent else (100, 268)))))
        wished = later(on, planner.rng.randint(12, 45))
        planner.bill(buyer, on, Fate.BOOKS, workday(min(wished, planner.ago(3))))


def _paid_through_stripe(planner: _Planner) -> None:
    """Spread evenly since Stripe was opened, in every currency, so that each has old payments and new ones."""
    buyers = planner.buyers(_in_both, planner.firm.paid_through_stripe, euro=4, yen=3)
    for code in (EUR, JPY, USD):
        same = [buyer for buyer in buyers if buyer.currency == code]
        for place, buyer in enumerate(same):
            paid_ago = 1 + place * _STRIPE_OPENED_DAYS_AGO // len(same) + planner.rng.randint(0, 1)
            _billed_and_paid(planner, buyer, paid_ago)


def _billed_and_paid(planner: _Planner, buyer: Buyer, paid_ago: int) -> None:
    on = workday(planner.ago(paid_ago + planner.rng.randint(6, 50)))
    planner.bill(buyer, on, Fate.STRIPE, planner.ago(paid_ago))


def _paid_by_paypal(planner: _Planner) -> None:
    """Since the spring, by those who like it; the last one by a bank transfer of PayPal's own that takes a week."""
    buyers = planner.buyers(_in_books, planner.firm.paid_by_paypal, euro=0, yen=0)
    for place, buyer in enumerate(buyers):
        paid_ago = 2 + place * _PAYPAL_OPENED_DAYS_AGO // len(buyers)
        on = workday(planner.ago(paid_ago + planner.rng.randint(6, 40)))
        planner.bill(buyer, on, Fate.PAYPAL, planner.ago(paid_ago))


def _late(planner: _Planner) -> None:
    """Unpaid and overdue, in every bucket of an aging report."""
    buyers = planner.buyers(_in_books, sum(planner.firm.late), euro=1, yen=1)
    planner.rng.shuffle(buyers)
    for (least, most), count in zip(_BUCKETS, planner.firm.late, strict=True):
        for place in range(count):
            buyer = buyers.pop()
            issues = [planner.ago(days + buyer.terms_days) for days in range(least, most + 1)]
            on = planner.rng.choice([day for day in issues if day.weekday() < _SATURDAY])
            planner.bill(buyer, on, Fate.OPEN, planner.today)
            if place == 0:
                planner.debts[-1].case = {1: "overdue invoice", 91: "very old invoice"}.get(least, "")
            elif place == 1 and least in (1, 31):
                planner.debts[-1].case = "invoice never sent"
                planner.debts[-1].sent = False


def _current(planner: _Planner) -> None:
    for place, buyer in enumerate(planner.buyers(_in_books, planner.firm.current, euro=1, yen=1)):
        on = planner.ago(planner.rng.randint(2, buyer.terms_days - 3))
        planner.bill(buyer, workday(on), Fate.OPEN, planner.today)
        if place == planner.firm.current - 1:
            planner.debts[-1].case = "current invoice"


def _cases(planner: _Planner) -> None:
    """One invoice per case (two for pairs), of a customer in both systems unless the case says otherwise."""
    anybody = planner.turns(lambda buyer: _in_both(buyer) and buyer.parent is None, USD)
    child = next(buyer for buyer in planner.firm.buyers if buyer.parent)
    stranger = next(buyer for buyer in planner.firm.buyers if not buyer.in_books)
    for case, paid_ago in _CASE_PAID_DAYS_AGO.items():
        buyer = {"parent pays for its child": child, "invoice in Stripe only": stranger}.get(case) or next(anybody)
        amount = planner.amounts.draw(USD, *_CASE_AMOUNTS)
        for nth in range(2 if case in PAIRS else 1):
            on = workday(planner.ago(paid_ago + planner.rng.randint(18, 40) + nth * 7))
            if nth and case != "two equal open invoices":
                amount = planner.amounts.draw(USD, *_CASE_AMOUNTS)
            due = later(on, buyer.terms_days)
            paid_on = planner.ago(paid_ago)
            planner.debts.append(
                Debt(buyer=buyer, on=on, due=due, amount=amount, fate=Fate.CASE, paid_on=paid_on, case=case)
            )
    planner.bill(stranger, workday(planner.ago(33)), Fate.OPEN, planner.today)
    planner.debts[-1].case = "invoice in Stripe only"


def plan(firm: Firm, today: BusinessDate, rng: random.Random) -> list[Debt]:
    """Every invoice of the firm by date, numbered; those that only Stripe holds have numbers of Stripe's kind."""
    planner = _Planner(firm, today, rng, Amounts(rng), [])
    for step in (_paid_in_books, _paid_through_stripe, _paid_by_paypal, _late, _current, _cases):
        step(planner)
    debts = sorted(planner.debts, key=lambda debt: debt.on)
    here = [debt for debt in debts if debt.buyer.in_books]
    for number, debt in enumerate(here, start=firm.first_number):
        debt.number = f"{firm.prefix}-{number}"
    for number, debt in enumerate((debt for debt in debts if not debt.buyer.in_books), start=1):
        debt.number = f"{firm.word.upper()}-{number:04d}"
    return debts
