"""Whole stories of a payer in a real browser: the link is opened, paid by one method or another, and shown again later.

After every step the page is looked at as whoever depends on it would: it fits a phone and a desk, axe finds nothing,
its console is silent, nobody else was asked for anything, and every answer carried the headers that protect it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response

from adapters.stripe.standin import disputes
from connector.web.sealed import HEADERS
from tests.browser.serving import link, serving
from tests.browser.window import WIDTHS, Window, pytestmark  # noqa: F401  they are skipped together
from tests.journeys.firm import open_firm
from tests.journeys.shop import FIRM, Shop
from tests.journeys.till import free_port, payer

PICTURES = os.environ.get("RECEIVABLES_PICTURES", "")
"""A folder in which a picture of every state is kept, for a person to look at; none by default."""

TONGUES = ("en", "fr", "de", "es")
ACCOUNT = "SHXPS2345678A"
INVOICES = {
    "card": "S-1",
    "debit": "S-2",
    "paypal": "S-3",
    "echeck": "S-4",
    "off": "S-5",
    "declined": "S-6",
    "bank": "S-7",
}
WORLD = FIRM + "".join(
    f"2026-03-02  invoice  {number}  Acme Bakery  {place}40.00 USD  due 2026-04-01\n"
    for place, number in enumerate(INVOICES.values(), 1)
)
TABLES = {
    "seller": {
        "name": "Walkabout Tools Ltd",
        "address": "1 Harbour Street; Springfield",
        "email": "billing@walkabout.example",
        "phone": "+1 555 0100",
    },
    "transfer_usd": {
        "holder": "Walkabout Tools Ltd",
        "bank": "First Bank of Springfield",
        "routing": "021000021",
        "account": "000123456789",
    },
}


@dataclass
class Counter:
    """The shop, the address its links lead to, and its browser."""

    shop: Shop
    base: str
    browser: Browser
    answers: list[Response] = field(default_factory=list)

    def open(self, *, scripts: bool = True) -> Window:
        """A window of a payer's own."""
        window = Window(self.browser, scripts=scripts)
        window.page.on("response", self._heard)
        return window

    def _heard(self, answer: Response) -> None:
        if answer.url.startswith(self.base):
            self.answers.append(answer)

    def unprotected(self) -> list[str]:
        """The answers of ours that lacked one of the headers; forgets them."""
        heard, self.answers = self.answers, []
        assert heard
        return [
            f"{name} at {answer.url}"
            for answer in heard
            for name in HEADERS
            if name.lower() not in answer.headers
            or "frame-ancestors 'none'" not in answer.headers["content-security-policy"]
        ]


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Counter]:
    with open_firm(tmp_path_factory.mktemp("stories"), WORLD) as firm:
        firm.environment["RECEIVABLES_LINK_BASE"] = f"http://127.0.0.1:{free_port()}"
        firm.connect_quickly()
        with serving(firm, TABLES) as base:
            yield Counter(Shop(firm), base, browser)


def sound(counter: Counter, window: Window, state: str) -> None:
    """The page as it stands is fit to be seen, at both widths."""
    for width in WIDTHS:
        window.page.set_viewport_size({"width": width, "height": 900})
        assert window.too_wide() == [], (state, width)
        if PICTURES:
            window.page.screenshot(path=str(Path(PICTURES) / f"{state}-{width}.png"), full_page=True)
    assert window.barriers() == [], state
    assert [each for each in window.problems() if counter.base in each] == [], state
    assert window.elsewhere(counter.base) == [], state
    assert counter.unprotected() == [], state


def in_every_tongue(counter: Counter, window: Window, address: str, state: str) -> None:
    """The same state in each language says so in its own words, and fits."""
    said = set()
    for tongue in TONGUES:
        window.show(f"{address}?lang={tongue}", WIDTHS[0])
        assert window.ask("return document.documentElement.lang") == tongue
        sound(counter, window, f"{state}-{tongue}")
        said.add(window.text())
    assert len(said) == len(TONGUES)


def to_processor(counter: Counter, window: Window, address: str, method: str, system: str = "stripe") -> str:
    """Open the link, press the method's button, and stand on the processor's page, whose address is given."""
    window.show(address, WIDTHS[0])
    sound(counter, window, f"{method}-open")
    window.click(f"button[value={method}]")
    assert window.page.url.startswith(counter.shop.firm.doubles[system].url)
    return window.page.url


def comes_back(counter: Counter, window: Window, address: str, button: str) -> None:
    """Press a button of the processor's page, which leads back to the link."""
    window.page.click(button)
    window.page.wait_for_url(f"{address}*")
    window.asked.clear()
    window.page.reload()


@pytest.mark.gate
@pytest.mark.req("P2", "P5", "P6")
def test_by_card_a_payer_is_thanked_in_every_language_and_offered_nothing_more(counter: Counter) -> None:
    address, window = link(counter.shop.firm, INVOICES["card"]), counter.open()
    in_every_tongue(counter, window, address, "pay")
    to_processor(counter, window, address, "card")
    comes_back(counter, window, address, "text=Card")
    assert "We have received your payment. Thank you." in window.text()
    in_every_tongue(counter, window, address, "received")
    counter.shop.book()
    window.show(address)
    assert "paid" in window.text().lower()
    assert window.page.locator("button[name=method]").count() == 0
    sound(counter, window, "card-paid")
    window.close()


@pytest.mark.gate
@pytest.mark.req("P7", "S22")
def test_by_bank_debit_a_week_is_waited_then_it_is_paid_and_when_it_is_returned_it_can_be_paid_again(
    counter: Counter,
) -> None:
    address, window = link(counter.shop.firm, INVOICES["debit"]), counter.open()
    page = to_processor(counter, window, address, "us_bank_account")
    comes_back(counter, window, address, "button")
    assert "do not pay again" in window.text().lower()
    assert window.page.locator("button[name=method]").count() == 0
    in_every_tongue(counter, window, address, "processing")
    payer(page, bank="pays")
    counter.shop.settle()
    counter.shop.book()
    window.show(address)
    assert "This invoice is paid" in window.text()
    (paid,) = [each for each in counter.shop.charges() if each["amount"] == 24_000 and each["status"] == "succeeded"]
    ledger = counter.shop.ledger()
    counter.shop.behind(lambda: disputes.come_back(ledger, ledger.get("charge", paid["id"]), "R01"))
    counter.shop.sync()
    counter.shop.book()
    window.show(address)
    assert "Amount due" in window.text()
    assert "$240.00" in window.text()
    assert "A payment was returned by the bank." in window.text()
    assert "Receipt" not in window.text()
    assert window.page.locator("button[name=method]").count() > 0
    sound(counter, window, "debit-returned")
    window.close()


@pytest.mark.gate
def test_by_paypal_money_is_received_at_once(counter: Counter) -> None:
    address, window = link(counter.shop.firm, INVOICES["paypal"]), counter.open()
    to_processor(counter, window, address, "paypal", "paypal")
    comes_back(counter, window, address, "button[value=balance]")
    assert "We have received your payment. Thank you." in window.text()
    sound(counter, window, "paypal-received")
    window.close()


@pytest.mark.gate
@pytest.mark.req("A3")
def test_by_an_echeck_nobody_is_thanked_until_paypal_has_the_money(counter: Counter) -> None:
    address, window = link(counter.shop.firm, INVOICES["echeck"]), counter.open()
    to_processor(counter, window, address, "paypal", "paypal")
    comes_back(counter, window, address, "button[value=echeck]")
    assert "do not pay again" in window.text().lower()
    assert "Thank you" not in window.text()
    assert "Receipt" not in window.text()
    sound(counter, window, "echeck-pending")
    (capture,) = [each for each in counter.shop.paypal.books[ACCOUNT].captures.values() if each.amount == 44_000]
    counter.shop.paypal.people[ACCOUNT].clear(capture.id)
    counter.shop.settle()
    window.show(address)
    assert "We have received your payment. Thank you." in window.text()
    sound(counter, window, "echeck-received")
    window.close()


@pytest.mark.gate
def test_a_declined_payer_is_offered_every_way_again(counter: Counter) -> None:
    address, window = link(counter.shop.firm, INVOICES["declined"]), counter.open()
    to_processor(counter, window, address, "paypal", "paypal")
    window.page.click("button[value=refused]")
    window.page.wait_for_url(f"{address}*")
    window.asked.clear()
    window.page.reload()
    assert window.page.locator("button[name=method]").count() > 0
    assert "Your last payment did not go through.\nNothing was charged." in window.text()
    sound(counter, window, "declined")
    window.close()


@pytest.mark.gate
@pytest.mark.req("P5")
def test_with_scripts_off_a_bank_debit_is_paid_and_followed_all_the_same(counter: Counter) -> None:
    address, window = link(counter.shop.firm, INVOICES["off"]), counter.open(scripts=False)
    window.show(address, WIDTHS[0])
    window.click("button[value=us_bank_account]")
    page = window.page.url
    window.page.click("button")
    window.page.wait_for_url(f"{address}*")
    assert "do not pay again" in window.text().lower()
    payer(page, bank="pays")
    counter.shop.settle()
    window.click("text=Look again")
    assert "We have received your payment. Thank you." in window.text()
    for show in ("transfer", "question"):
        window.show(f"{address}?show={show}", WIDTHS[0])
        assert window.elsewhere(counter.base) == []
    window.close()
