"""A PayPal account beside books that are written to: after every act, what the books hold of its money is what it
holds.

The whole way: read over loopback, decided, planned, posted to the double of QuickBooks, read back, and held against
PayPal's own balance and against the clearing account, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.paypal.standin import PayPalStandIn
from adapters.paypal.standin.people import People
from connector.app import setup
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.house import Desk, House
from connector.app.payouts import payouts
from connector.clock import SystemClock
from connector.dates import day_of as business_day
from connector.dates import later, zone
from connector.reconcile.clearing import Standing
from tests.journeys.firm import Firm, open_firm

ACCOUNT = "HARBR2345678A"
ZONE = zone("America/New_York")
TODAY = business_day(SystemClock().now(), ZONE)
FIRST = later(TODAY, -40)
WORLD = f"""
company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001  paypal {ACCOUNT}
account  Checking  bank USD
account  PayPal Clearing  bank USD
account  PayPal Fees  expense USD
account  PayPal Suspense  expense USD
account  PayPal Clearing EUR  bank EUR
account  Receivable EUR  receivable EUR
account  Accounts Receivable  receivable USD
customer  Acme  email ap@acme.example  in quickbooks
customer  Bergmann  currency EUR  in quickbooks
{FIRST}  invoice  INV-1  Acme  120.00 USD  due {TODAY}
{FIRST}  invoice  INV-2  Acme  80.00 USD  due {TODAY}
{FIRST}  invoice  INV-3  Acme  60.00 USD  due {TODAY}
{FIRST}  invoice  INV-4  Acme  50.00 USD  due {TODAY}
{FIRST}  invoice  INV-5  Bergmann  40.00 EUR  due {TODAY}
"""
CHOSEN = {
    "clearing": "PayPal Clearing,PayPal Clearing EUR",
    "bank": "Checking",
    "fees": "PayPal Fees",
    "suspense": "PayPal Suspense",
}


class Ledgers:
    """Both sides of one firm, and the commands that carry one to the other."""

    def __init__(self, firm: Firm, desk: Desk) -> None:
        self._firm = firm
        self._desk = desk
        stand_in = cast("PayPalStandIn", firm.doubles["paypal"].stand_in)
        self.people: People = stand_in.people[ACCOUNT]

    def post(self) -> None:
        """Read, plan and post until there is nothing more to post."""
        for _ in range(4):
            sync_all(self._desk, lambda *_: None)
            made = make_plan(self._desk)
            if not made.lines:
                return
            apply_plan(self._desk, made, lambda *_: None, lambda _: None)
        raise AssertionError("There is always something more to post.")

    def standings(self) -> dict[str, Standing]:
        """The purse of each currency."""
        return {str(each.currency): each for each in payouts(self._desk)[0].standings}

    def held(self) -> dict[str, int]:
        """What PayPal says can be used, by its own reckoning."""
        books = self.people.books
        return {code: free for code, (_, free) in books.balances(books.now()).items()}

    def in_books(self) -> dict[str, int]:
        """What the books hold on the clearing accounts, where every line has its place."""
        return {
            code: each.held.minor
            for code, each in self.standings().items()
            if each.holds and each.held is not None and not each.rest
        }


@pytest.fixture
def ledgers(tmp_path: Path) -> Iterator[Ledgers]:
    with open_firm(tmp_path, WORLD) as firm:
        del firm.doubles["stripe"]
        with House(firm.config()) as house:
            for system, double in firm.doubles.items():
                values = double.stand_in.settings(firm.world, double.url)
                wish = setup.Wish(system=system, company=None, zone=firm.world.zone, values=values, allow_writes=True)
                setup.connect(house, wish)
            desk = house.company(None)
            sync_all(desk, lambda *_: None)
            setup.choose_accounts(desk, "paypal", CHOSEN)
            yield Ledgers(firm, desk)


@pytest.mark.gate
@pytest.mark.req("Y10")
def test_fees_refunds_reversals_conversions_and_withdrawals_leave_clearing_equal_to_the_balance(
    ledgers: Ledgers,
) -> None:
    people = ledgers.people
    paid: dict[str, Any] = {}
    for number, amount in (("INV-1", "120.00"), ("INV-2", "80.00"), ("INV-3", "60.00"), ("INV-4", "50.00")):
        paid[number] = people.pay(amount, invoice_id=number)
    euros = people.pay("40.00", "EUR", invoice_id="INV-5")
    ledgers.post()
    assert ledgers.in_books() == ledgers.held()
    left = f"{(euros.amount - euros.fee) // 100}.{(euros.amount - euros.fee) % 100:02d}"
    acts = (
        lambda: people.convert(left, "EUR", "USD", "41.30"),
        lambda: people.withdraw("150.00"),
        lambda: people.refund(paid["INV-1"].id, "20.00", fee_back=58),
        lambda: people.reverse(paid["INV-2"].id),
        lambda: people.charge_back(paid["INV-4"].id, fee=2000),
        lambda: people.line("T0300", "200.00"),
        lambda: people.line("T2101", "-10.00"),
        lambda: people.line("T1108", "0.49"),
    )
    for act in acts:
        act()
        ledgers.post()
        assert ledgers.in_books() == ledgers.held()
