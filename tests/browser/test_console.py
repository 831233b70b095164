"""The console in a real browser: at the width of a phone and of a desk, by keyboard alone, and without scripts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser

from connector.app.sessions import begin, person_named
from tests.accounts import ACCOUNTS
from tests.browser.window import LONG, WIDTHS, Window, pytestmark  # noqa: F401
from tests.journeys.till import free_port
from tests.unit.console_ground import COOKIE, MAIN, PASSWORD, Ground, console, send

STOP_SECONDS = 10
WORLD = f"""\
company  Walkabout Tools  home USD  zone America/New_York  country US  realm 9140005  stripe acct_walk5
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  phone +1 212 555 0100  in quickbooks and stripe as cus_walk_acme
customer  {LONG}  email {"x" * 60}@acme.example  in quickbooks and stripe as cus_walk_long
2026-03-02  invoice  W-1  Acme Bakery  120.00 USD  due 2026-04-01  sent ap@acme.example 2026-03-02
2026-03-03  invoice  W-2  Acme Bakery  80.00 USD  due 2026-04-02  sent ap@acme.example 2026-03-03
2026-03-04  invoice  W-3  {LONG}  1234567.89 USD  due 2026-03-19  sent books@bolt.example 2026-03-04
2026-03-05  invoice  W-4  {LONG}  60.00 USD  due 2026-10-20
2026-03-05  invoice  W-5  {LONG}  60.00 USD  due 2026-11-20
2026-03-16  payment  ch_walk_1  Acme Bakery  120.00 USD  by card  fee 3.78 USD  key W-1
2026-03-26  payment  ch_walk_3  Acme Bakery  80.00 USD  by card  fee 2.62 USD
2026-03-27  payment  ch_walk_4  {LONG}  60.00 USD  by card  fee 2.62 USD
2026-03-30  payout  po_walk_1  USD  of ch_walk_1, ch_walk_3
"""
ROOMS = (
    "",
    "today",
    "review",
    "review/one?payment=ch_walk_4",
    "plans",
    "aging?bucket=4&currency=USD",
    "customer?ref=quickbooks/customer/2",
    "contact?invoice=W-3",
    "links",
    "findings",
    "conflicts",
    "proof",
    "payouts",
    "payout?id=po_walk_1",
    "why?amount=60.00",
    "autosync",
    "setup",
    "accounts",
    "rules",
    "bank",
    "people",
)


@dataclass
class Served:
    """The console over HTTP."""

    ground: Ground
    base: str

    def enter(self, window: Window, name: str = "dana") -> None:
        """Past the door, as that person."""
        with self.ground.house() as house:
            person = person_named(house, name)
            assert person is not None
            token = begin(house, person)
        window.context.clear_cookies()
        window.context.add_cookies([{"name": COOKIE, "value": token, "url": self.base, "sameSite": "Strict"}])

    def at(self, room: str = "") -> str:
        return f"{self.base}/c/{MAIN}/{room}".rstrip("/")


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The app at a port of this computer."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, access_log=False, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with console(tmp_path_factory.mktemp("console"), WORLD) as ground, running(ground.app) as base:
        yield Served(ground=ground, base=base)


def faults(window: Window, served: Served) -> list[str]:
    """Whatever is wrong with the page that is shown."""
    found = window.too_wide()
    window.unfold()
    return [*found, *window.too_wide(), *window.barriers(), *window.problems(), *window.elsewhere(served.base)]


def test_on_a_phone_home_and_review_fit_are_read_aloud_and_ask_nobody_else(window: Window, served: Served) -> None:
    window.show(f"{served.base}/sign-in", WIDTHS[0])
    assert faults(window, served) == []
    served.enter(window)
    for room in ("", "review"):
        window.show(served.at(room), WIDTHS[0])
        assert faults(window, served) == [], room


@pytest.mark.gate
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.partition("?")[0] or "home")
def test_every_page_fits_every_window_and_has_no_barriers(
    window: Window, served: Served, room: str, width: int
) -> None:
    served.enter(window)
    window.show(served.at(room), width)
    assert faults(window, served) == []
    assert window.ask("return document.querySelectorAll('h1').length") == 1


def press(window: Window, *keys: str) -> None:
    for key in keys:
        window.page.keyboard.press(key)


def focus_on(window: Window, selector: str, most: int = 60) -> None:
    """Tab on until that has the focus, and see that the focus can be seen."""
    for _ in range(most):
        press(window, "Tab")
        if window.page.evaluate("chosen => document.activeElement.matches(chosen)", selector):
            return
    pytest.fail(f"Tab never came to {selector}")


def test_by_keyboard_alone_somebody_signs_in_and_logs_a_promise(window: Window, served: Served) -> None:
    window.context.clear_cookies()
    window.show(served.at("contact?invoice=W-2"))
    window.page.keyboard.type("paul")
    press(window, "Tab")
    window.page.keyboard.type(PASSWORD)
    with window.page.expect_navigation():
        press(window, "Enter")
    assert window.page.url == served.at("contact?invoice=W-2")
    # From here on it is one hand on the telephone: the first choice has the focus.
    press(window, "ArrowDown")
    assert window.ask("return document.querySelector('[name=outcome]:checked').value") == "promise"
    press(window, "Tab")
    window.page.keyboard.type("Pat Payer")
    press(window, "Tab", "Tab")
    window.page.keyboard.type("Pays in the new year")
    press(window, "Tab")
    window.page.keyboard.type("80")
    press(window, "Tab")
    window.page.keyboard.type("01042027")
    focus_on(window, "main form button")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "Logged: promise, Acme Bakery." in window.text()
    with served.ground.desk() as desk:
        (contact,) = desk.store.contacts(MAIN)
    assert (contact.by, contact.person, contact.said) == ("paul", "Pat Payer", "Pays in the new year")
    assert contact.promise is not None
    assert (str(contact.promise.amount), str(contact.promise.by)) == ("80.00 USD", "2027-01-04")
    assert window.problems() == []


def test_by_keyboard_alone_another_account_is_chosen_after_what_it_changes_was_shown(
    window: Window, served: Served
) -> None:
    served.ground.finished(send(served.ground.signed_in("dana"), "plans/make"))
    served.enter(window)
    window.show(served.at("accounts"), WIDTHS[0])
    focus_on(window, "[name=fees]")
    window.page.keyboard.type("Undep")
    focus_on(window, "main form button")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "Fees\nStripe Fees → Undeposited Funds" in window.text()
    assert "would be different" in window.text()
    assert faults(window, served) == []
    focus_on(window, "main form button")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "Stripe is booked as you chose." in window.text()
    with served.ground.desk() as desk:
        (stripe,) = desk.processors()
        assert stripe.posting.fees is not None
        assert desk.snapshot().accounts[stripe.posting.fees].name == "Undeposited Funds"


def test_the_first_key_leads_past_the_head_of_a_page(window: Window, served: Served) -> None:
    served.enter(window)
    window.show(served.at("plans"))
    press(window, "Tab", "Enter", "Tab")
    assert window.ask("return document.querySelector('main').contains(document.activeElement)")


@pytest.mark.gate
def test_without_scripts_money_is_confirmed_planned_written_and_taken_back(browser: Browser, served: Served) -> None:
    plain = Window(browser, scripts=False)
    try:
        served.enter(plain)
        plain.show(served.at("review"))
        plain.page.locator("article", has_text="Acme Bakery").get_by_role("button", name="Confirm").first.click()
        assert "Decided: ch_walk_3 gives 80.00 USD to W-2. A plan writes it." in plain.text()
        plain.show(served.at("plans"))
        plain.page.get_by_role("button", name="Make a plan").click()
        # No script asks how far it is: the page comes again by itself until the work is done.
        plain.page.get_by_role("link", name="Look at plan-").click()
        plain.page.get_by_role("button", name="Write it into the books").click()
        plain.page.get_by_text("written and read back").wait_for()
        assert served.ground.firm.open_balances()["W-2"] == 0
        plain.show(served.at("plans"))
        plain.page.get_by_role("rowheader").get_by_role("link").first.click()
        plain.page.get_by_role("button", name="Plan to take it back").click()
        plain.page.get_by_role("link", name="Look at undo-").click()
        plain.page.get_by_role("button", name="Take them back").click()
        plain.page.get_by_text("written and read back").wait_for()
        assert served.ground.firm.open_balances()["W-2"] == 80
    finally:
        plain.close()


def test_what_is_left_to_give_out_is_told_while_one_types(window: Window, served: Served) -> None:
    served.enter(window)
    window.show(served.at("review/one?payment=ch_walk_4"))
    assert window.text("output") == "60.00 USD left to give out."
    amounts = window.page.locator("[name=amount]")
    amounts.nth(0).fill("59.99")
    assert window.text("output") == "0.01 USD left to give out."
    amounts.nth(1).fill("0.1")
    assert window.text("output") == "0.09 USD too much."
    amounts.nth(1).fill("-10")
    assert window.text("output") == "10.01 USD left to give out."
    amounts.nth(1).fill("1,00")
    assert window.text("output") == "One of the amounts cannot be read."
    window.show(served.at("review/one?payment=ch_walk_3"))
    window.page.locator("[data-open='80.00']").fill("80.01")
    assert window.text("output") == "80.00 of W-2 is open, and no more."
    window.page.locator("[data-open='80.00']").fill("79.00")
    assert window.text("output") == "1.00 USD left to give out."
    assert window.problems() == []


@pytest.mark.gate
def test_the_address_of_a_link_is_copied_by_a_button(browser: Browser, served: Served) -> None:
    able = Window(browser, permissions=["clipboard-read", "clipboard-write"])
    try:
        served.enter(able)
        able.show(served.at("links?invoice=W-5"))
        able.page.get_by_role("button", name="Make the link").click()
        able.page.get_by_role("button", name="Copy").click()
        able.page.get_by_role("button", name="Copied").wait_for()
        copied = able.page.evaluate("() => navigator.clipboard.readText()")
        assert copied == able.page.input_value("#url")
        assert "/pay/" in copied
    finally:
        able.close()
