"""The pay page in a real browser: on a phone, by keyboard, without scripts, and all the way through a payment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.serving import link, serving
from tests.browser.window import LOAD_SECONDS, LONG, Window, pytestmark  # noqa: F401  they are skipped together
from tests.journeys.firm import Firm, open_firm
from tests.journeys.till import free_port, payer

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


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with open_firm(tmp_path_factory.mktemp("firm"), WORLD) as opened:
        opened.environment["RECEIVABLES_LINK_BASE"] = f"http://127.0.0.1:{free_port()}"
        opened.connect_quickly()
        yield opened


@pytest.fixture(scope="module")
def served(firm: Firm) -> Iterator[str]:
    """The pay pages over HTTP, at the address that links lead to."""
    with serving(firm, TABLES) as base:
        yield base


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
        assert window.elsewhere(served) == [], show
        assert window.page.locator("h1").count() == 1
        # Nothing breaks where people read the other way.
        window.ask("document.documentElement.dir = 'rtl'")
        assert window.too_wide() == [], show


@pytest.mark.req("P5")
def test_a_copied_detail_is_spoken_and_is_what_stands_there(window: Window, firm: Firm, served: str) -> None:
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served)
    window.show(f"{link(firm, 'B-2')}?show=transfer", 320)
    assert window.page.locator(".copy").count() == 6
    window.page.get_by_label("Copy: IBAN").press("Enter")
    spoken = window.page.locator("[role=status]")
    expect(spoken).to_have_text("Copied: IBAN")
    assert window.page.evaluate("navigator.clipboard.readText()") == "DE89370400440532013000"
    drawn = window.page.locator(".code svg").bounding_box()
    assert drawn is not None
    assert drawn["width"] > 100


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
        window.page.keyboard.press("Tab")
        text, line = focused(window)
        assert line == "solid", text
        reached.append(text.partition("\n")[0])
        if text.startswith("English"):
            break
    ways = [each for each in reached if each in {"Card", "SEPA direct debit", "Bank transfer", "Cheque"}]
    assert ways == ["Card", "SEPA direct debit", "Bank transfer", "Cheque"]
    assert reached[0] == "Card"
    assert "Download the invoice (PDF)" in reached
    window.show(link(firm, "B-3"), 1280)
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    window.page.wait_for_url(f"{firm.doubles['stripe'].url}/**")


@pytest.mark.req("P5")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "scripts off"])
def test_a_payer_pays_and_comes_back_to_a_page_that_says_so(
    browser: Browser, firm: Firm, served: str, *, scripts: bool
) -> None:
    address = link(firm, "B-2" if scripts else "B-4")
    window = Window(browser, scripts=scripts)
    window.show(address, 320)
    assert [each for each in window.page.locator(".copy, [data-print]").all() if each.is_visible()] == []
    window.click("button[value=card]")
    assert window.page.url.startswith(firm.doubles["stripe"].url)
    window.page.locator("button, input[type=submit]").first.click()
    window.page.wait_for_url(f"{served}/**")
    assert "/back" not in window.page.url
    assert urlsplit(window.page.url).path == urlsplit(address).path
    assert "We have received your payment. Thank you." in window.text()
    assert window.page.locator("button[name=method]").count() == 0
    assert re.search(r"Receipt|Card", window.text())
    assert [each for each in window.problems() if served in each] == []
    window.close()


@pytest.mark.gate
@pytest.mark.req("P7")
def test_a_page_that_waits_asks_what_became_of_the_payment_and_shows_it_by_itself(
    window: Window, firm: Firm, served: str
) -> None:
    address = link(firm, "B-5")
    window.show(address, 320)
    window.click("button[value=sepa_debit]")
    page = window.page.url
    assert page.startswith(firm.doubles["stripe"].url)
    payer(page, method="sepa_debit")
    window.show(f"{address}/back", 320)
    assert "A payment is being processed." in window.text()
    assert window.page.evaluate("fetch('?show=state').then(each => each.text())") == '{"state":"processing"}'
    payer(page, bank="pays")
    firm.sync_quickly()
    # Nobody touches the page meanwhile.
    expect(window.page.locator("main")).to_contain_text(
        "We have received your payment. Thank you.", timeout=LOAD_SECONDS * 1000
    )
    assert [each for each in window.problems() if served in each] == []
