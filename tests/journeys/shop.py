"""A firm that is paid by links, in this process: its payers, their banks, and what the books say afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adapters.paypal.standin import PayPalStandIn
from adapters.stripe.standin.ledger import Ledger
from connector.app import paying
from connector.app.books import apply_plan, make_plan, reconcile_all, sync_all
from connector.app.house import Desk, House
from connector.app.linking import MadeLink, Wish, make_link
from connector.app.linking import show as shown
from connector.app.payouts import payouts as explained
from connector.app.settling import settle
from connector.clock import Clock
from connector.model.finding import Finding
from connector.model.paylink import LinkAttempt, PaymentLink, Receipt
from connector.money import Money
from connector.paylinks import Offer
from connector.plan import Plan
from tests.accounts import ACCOUNTS
from tests.journeys.firm import Firm, nothing, open_firm
from tests.journeys.till import payer

SYSTEMS = "realm 9140041  stripe acct_shop  paypal SHXPS2345678A"
FIRM = f"""
company  Walkabout Tools  home USD  zone America/New_York  country US  {SYSTEMS}
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_shop_acme
"""
"""Paid by links, and nothing is owed to it yet."""

WORLD = f"""{FIRM}\
customer  Birch Cafe  email ap@birch.example
2026-03-02  invoice  P-1  Acme Bakery  120.00 USD  due 2026-04-01
2026-03-03  invoice  P-2  Acme Bakery  80.00 USD  due 2026-04-02
2026-03-04  invoice  P-3  Birch Cafe  60.00 USD  due 2026-04-03
"""


class Shop:
    """What the firm, its payers and their banks do."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self.clock: Clock | None = None

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        with House(self.firm.config(), self.clock) as house:
            yield house.company(None)

    def link(self, *numbers: str, **wish: Any) -> PaymentLink:
        return self.made(*numbers, **wish).link

    def made(self, *numbers: str, **wish: Any) -> MadeLink:
        with self.desk() as desk:
            return make_link(desk, *numbers, wish=Wish(**wish))

    def click(self, link: PaymentLink, method: str | None = "card", amount: Money | None = None) -> str:
        with self.desk() as desk:
            return paying.click(desk, link, method, amount)

    def pays(self, link: PaymentLink, method: str = "card", amount: Money | None = None) -> str:
        """Click, pay on the processor's page, and come back from it."""
        page = self.click(link, method, amount)
        payer(page, method=method)
        self.back(link)
        return page

    def back(self, link: PaymentLink) -> None:
        with self.desk() as desk:
            paying.came_back(desk, link)

    def offer(self, link: PaymentLink) -> Offer:
        with self.desk() as desk:
            return paying.visit(desk, desk.store.link(desk.id, link.link_id)).showing.offer

    def visit(self, link: PaymentLink) -> paying.Visit:
        with self.desk() as desk:
            return paying.visit(desk, desk.store.link(desk.id, link.link_id))

    def sync(self) -> None:
        with self.desk() as desk:
            sync_all(desk, nothing)

    def book(self) -> Plan:
        """Read, plan, and write it; what was planned."""
        with self.desk() as desk:
            sync_all(desk, nothing)
            made = make_plan(desk)
            applied = apply_plan(desk, made, nothing, nothing)
            assert (applied.stale, applied.posted.dead, applied.not_landed) == ((), [], ())
        return made

    def settle(self, cause: str = "poll") -> None:
        for each in self.attempts():
            with self.desk() as desk:
                settle(desk, each.attempt_id, cause)

    def attempts(self, link: PaymentLink | None = None) -> tuple[LinkAttempt, ...]:
        with self.desk() as desk:
            return desk.store.attempts(desk.id, link.link_id if link is not None else None)

    def receipts(self) -> tuple[Receipt, ...]:
        with self.desk() as desk:
            return desk.store.receipts(desk.id)

    def findings(self) -> list[Finding]:
        """What waits for a person because of links."""
        with self.desk() as desk:
            return [each.finding for each in desk.store.notices(desk.id) if each.connection == "links"]

    def waiting(self) -> tuple[Finding, ...]:
        """What waits for a person because of money."""
        with self.desk() as desk:
            return reconcile_all(desk).outcome.findings

    def trail(self, link: PaymentLink) -> list[tuple[str, str]]:
        with self.desk() as desk:
            return [(each.after, each.cause) for each in shown(desk, link).trail]

    def state(self, link: PaymentLink) -> str:
        with self.desk() as desk:
            return desk.store.link(desk.id, link.link_id).state.value

    def open(self) -> dict[str, int]:
        """What the books hold open, in whole dollars."""
        return {number: int(each) for number, each in self.firm.open_balances().items()}

    def even(self) -> None:
        """What the books hold of the processor's money is what it holds, and nothing is left to book."""
        self.sync()
        with self.desk() as desk:
            assert make_plan(desk).lines == ()
            for standing in explained(desk)[0].standings:
                assert standing.holds
                assert (standing.rest, standing.booked) == ((), standing.said)

    def ledger(self) -> Ledger:
        found: Ledger = self.firm.doubles["stripe"].stand_in.ledger("acct_shop")  # type: ignore[attr-defined]
        return found

    def behind(self, act: Callable[[], Any]) -> Any:
        """Something that happens in Stripe while nobody calls it."""
        return self.firm.doubles["stripe"].behind(act)

    @property
    def paypal(self) -> PayPalStandIn:
        found = self.firm.doubles["paypal"].stand_in
        assert isinstance(found, PayPalStandIn)
        return found

    def part_paid(self, number: str, amount: str) -> None:
        """A check that a person records in the books."""
        invoice = self.firm.invoice(number)
        self.firm.in_books(
            "Payment",
            {
                "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
                "TotalAmt": int(amount),
                "Line": [{"Amount": int(amount), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
            },
        )

    def void(self, number: str) -> None:
        invoice = self.firm.invoice(number)
        self.firm.in_books("Invoice", {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}, operation="void")

    def sessions(self, status: str | None = None) -> list[dict[str, Any]]:
        return [each for each in self.firm.stripe("checkout.session") if status in (None, each["status"])]

    def charges(self) -> list[dict[str, Any]]:
        return self.firm.stripe("charge")


@contextmanager
def open_shop(folder: Path, world: str = WORLD) -> Iterator[Shop]:
    """The doubles run and the firm is connected to them."""
    with open_firm(folder, world) as firm:
        firm.connect_quickly()
        yield Shop(firm)
