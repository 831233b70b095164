"""The pay page in a real browser: on a phone, by keyboard, without scripts, and all the way through a payment."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import uvicorn
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from connector.app.house import House
from connector.app.linking import make_link
from connector.config import Config
from connector.web.pay import Front, pay_app
from connector.web.turnstile import Limits
from tests.browser.test_pages import CHROMIUM, DRIVER, LOAD_SECONDS, LONG, Window
from tests.journeys.firm import Firm, open_firm
from tests.journeys.till import free_port, payer

STOP_SECONDS = 10
SHOWS = ("", "?show=transfer", "?show=cheque", "?show=question", "?lang=de", "?lang=fr&show=transfer")
WIDTHS = (320, pytest.param(640, marks=pytest.mark.gate), pytest.param(1280, marks=pytest.mark.gate))
"""A phone, a desk at twice its size, and a desk."""

TARGET_PIXELS_MIN = 24
WORLD = """\
company  Walkabout Tools  home EUR  zone Europe/Berlin  country DE  realm 9140004  stripe acct_walk4
account  Girokonto  bank EUR
account  Stripe Clearing  bank EUR
account  Stripe Fees  expense EUR
account  Undeposited Funds  undeposited EUR
account  Accounts Receivable  receivable EUR
customer  Acme Baker  email ap@acme.example  in quickbooks and stripe as cus_walk_acme
2026-03-02  invoice  B-1  Acme Baker  987654.32 EUR  due 2026-04-01
2026-03-02  invoice  B-2  Acme Baker  220.00 EUR  due 2026-04-02
2026-03-02  invoice  B-3  Acme Baker  320.00 EUR  due 2026-04-03
2026-03-02  invoice  B-4  Acme Baker  420.00 EUR  due 2026-04-04
2026-03-02  invoice  B-5  Acme Baker  520.00 EUR  due 2026-04-05
"""
TABLES = {
    "seller": {
        "name": LONG,
        "address": f"{LONG} 1; 20095 Hamburg",
        "email": f"rechnung@{LONG.lower().replace('ä', 'ae')}.example",
        "phone": "+49 40 123456",
        "website": "https://wanderwerk.example",
    },
    "transfer_eur": {"holder": LONG[:70], "bank": LONG, "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"},
    "cheque": {"payee": LONG, "address": f"{LONG}; Hamburg"},
}

pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()),
    reason="Chromium is not installed: apt-get install chromium chromium-driver",
)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    opened = Window(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.browser.quit()


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with open_firm(tmp_path_factory.mktemp("firm"), WORLD) as opened:
        opened.environment["RECEIVABLES_LINK_BASE"] = f"http://127.0.0.1:{free_port()}"
        opened.connect_quickly()
        yield opened


@pytest.fixture(scope="module")
def served(firm: Firm) -> Iterator[str]:
    """The pay pages over HTTP, at the address that links lead to."""

    def config() -> Config:
        return firm.config().model_copy(update={"adapters": TABLES})

    base = firm.environment["RECEIVABLES_LINK_BASE"]
    front = Front(limits=Limits(views_per_minute=10_000, polls_per_minute=10_000))
    app = pay_app(lambda: House(config()), front=front)
    server = uvicorn.Server(
        uvicorn.Config(app, port=int(base.rpartition(":")[2]), access_log=False, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield base
    server.should_exit = True
    thread.join(STOP_SECONDS)


def link(firm: Firm, number: str) -> str:
    with House(firm.config()) as house:
        return make_link(house.company(None), number).url


def main_text(window: Window) -> str:
    return window.browser.find_element(By.TAG_NAME, "main").text


def elsewhere(window: Window, base: str) -> list[str]:
    """What the page fetched from any other computer."""
    names: list[str] = window.ask("return performance.getEntriesByType('resource').map(each => each.name)")
    return [name for name in names if not name.startswith((base, "data:"))]


def small_targets(window: Window) -> list[str]:
    """What is to be hit and is smaller than a fingertip; a radio button is hit by its label."""
    found: list[str] = window.ask(
        "return [...document.querySelectorAll('a, button, input:not([type=hidden]):not([type=radio]), label.choice')]"
        ".filter(each => each.checkVisibility())"
        ".filter(each => { const box = each.getBoundingClientRect();"
        f" return box.height < {TARGET_PIXELS_MIN} || box.width < {TARGET_PIXELS_MIN}; }})"
        ".map(each => each.outerHTML.slice(0, 100))"
    )
    return found


@pytest.mark.req("P2", "P5", "P6")
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_a_link_fits_has_no_barriers_and_asks_nobody_else(
    window: Window, firm: Firm, served: str, width: int
) -> None:
    address = link(firm, "B-1")
    for show in SHOWS:
        window.show(address + show, width)
        assert window.problems() == [], show
        assert window.too_wide() == [], show
        assert window.barriers() == [], show
        assert small_targets(window) == [], show
        assert elsewhere(window, served) == [], show
        assert len(window.browser.find_elements(By.TAG_NAME, "h1")) == 1
        # Nothing breaks where people read the other way.
        window.ask("document.documentElement.dir = 'rtl'")
        assert window.too_wide() == [], show


@pytest.mark.req("P5")
def test_a_copied_detail_is_spoken_and_is_what_stands_there(window: Window, firm: Firm, served: str) -> None:
    window.browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": served}
    )
    window.show(f"{link(firm, 'B-2')}?show=transfer", 320)
    buttons = window.browser.find_elements(By.CSS_SELECTOR, ".copy")
    assert len(buttons) == 6
    button = next(each for each in buttons if each.get_attribute("aria-label") == "Copy: IBAN")
    button.send_keys(Keys.ENTER)
    spoken = window.browser.find_element(By.CSS_SELECTOR, "[role=status]")
    WebDriverWait(window.browser, LOAD_SECONDS).until(lambda _: spoken.get_attribute("textContent"))
    assert spoken.get_attribute("textContent") == "Copied: IBAN"
    copied = window.browser.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == "DE89370400440532013000"
    assert window.browser.find_element(By.CSS_SELECTOR, ".code svg").size["width"] > 100


def focused(window: Window) -> tuple[str, str]:
    """What has the focus, and the line around it that shows so."""
    text: str = window.ask("return document.activeElement.innerText || document.activeElement.name || ''")
    line: str = window.ask("return getComputedStyle(document.activeElement).outlineStyle")
    return text, line


@pytest.mark.req("P5")
def test_by_keyboard_alone_a_payer_reaches_every_way_and_pays(window: Window, firm: Firm, served: str) -> None:
    window.show(link(firm, "B-3"), 1280)
    reached = []
    for _ in range(12):
        window.browser.switch_to.active_element.send_keys(Keys.TAB)
        text, line = focused(window)
        assert line == "solid", text
        reached.append(text.partition("\n")[0])
        if text.startswith("English"):
            break
    ways = [each for each in reached if each in ("Card", "SEPA direct debit", "Bank transfer", "Cheque")]
    assert ways == ["Card", "SEPA direct debit", "Bank transfer", "Cheque"]
    assert reached[0] == "Card"
    assert "Download the invoice (PDF)" in reached
    window.show(link(firm, "B-3"), 1280)
    window.browser.switch_to.active_element.send_keys(Keys.TAB)
    window.browser.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(window.browser, LOAD_SECONDS).until(
        lambda browser: browser.current_url.startswith(firm.doubles["stripe"].url)
    )


@pytest.mark.req("P5")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "scripts off"])
def test_a_payer_pays_and_comes_back_to_a_page_that_says_so(
    window: Window, firm: Firm, served: str, *, scripts: bool
) -> None:
    window.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    try:
        window.show(link(firm, "B-2" if scripts else "B-4"), 320)
        shown = window.browser.find_elements(By.CSS_SELECTOR, ".copy, [data-print]")
        assert [each for each in shown if each.is_displayed()] == []
        window.browser.find_element(By.CSS_SELECTOR, "button[value=card]").click()
        wait = WebDriverWait(window.browser, LOAD_SECONDS)
        wait.until(lambda browser: browser.current_url.startswith(firm.doubles["stripe"].url))
        window.browser.find_element(By.CSS_SELECTOR, "button, input[type=submit]").click()
        wait.until(lambda browser: browser.current_url.startswith(served))
        assert "/back" not in window.browser.current_url
        assert urlsplit(window.browser.current_url).path == urlsplit(link(firm, "B-2" if scripts else "B-4")).path
        text = main_text(window)
        assert "We have received your payment. Thank you." in text
        assert window.browser.find_elements(By.CSS_SELECTOR, "button[name=method]") == []
        assert re.search(r"Receipt|Card", text)
        assert [each for each in window.problems() if served in each] == []
    finally:
        window.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.gate
@pytest.mark.req("P7")
def test_a_page_that_waits_asks_what_became_of_the_payment_and_shows_it_by_itself(
    window: Window, firm: Firm, served: str
) -> None:
    address = link(firm, "B-5")
    window.show(address, 320)
    window.browser.find_element(By.CSS_SELECTOR, "button[value=sepa_debit]").click()
    wait = WebDriverWait(window.browser, LOAD_SECONDS)
    wait.until(lambda browser: browser.current_url.startswith(firm.doubles["stripe"].url))
    page = window.browser.current_url
    payer(page, method="sepa_debit")
    window.show(f"{address}/back", 320)
    assert "A payment is being processed." in main_text(window)
    asked = "fetch('?show=state').then(each => each.text()).then(arguments[0])"
    assert window.browser.execute_async_script(asked) == '{"state":"processing"}'
    payer(page, bank="pays")
    firm.sync_quickly()
    # Nobody touches the page meanwhile.
    wait.until(lambda _: "We have received your payment. Thank you." in main_text(window))
    assert [each for each in window.problems() if served in each] == []
