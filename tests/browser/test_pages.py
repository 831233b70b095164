"""The pages in a real browser: they fit, they are read aloud, and nothing in them fails."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

from connector.model.source import Kind
from connector.web.page import Step, render
from tests.builders import Mirror, ref
from tests.proofs import HOSTILE, harbor, promise, proof_of

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (320, 1280)
LOAD_SECONDS = 30
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
STEPS = [
    Step(title="Sync", sentence="Everything was read.", figures=tuple((f"Figure {n}", "1.00 USD") for n in range(6)))
]

pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and DRIVER.exists()),
    reason="Chromium is not installed: apt-get install chromium chromium-driver",
)


class Window:
    """One window of the browser. `problems` is what its console complained of since it was last asked."""

    def __init__(self, profile: Path) -> None:
        options = ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.browser = Chrome(options=options, service=Service(str(DRIVER)))

    def show(self, address: str, width: int) -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.browser.get(address)

    def click(self, selector: str) -> None:
        """Click, and wait until the page it leads to is there: the driver itself waits only for the click."""
        clicked = self.browser.find_element(By.CSS_SELECTOR, selector)
        clicked.click()
        wait = WebDriverWait(self.browser, LOAD_SECONDS)
        wait.until(expected_conditions.staleness_of(clicked))
        wait.until(lambda browser: browser.execute_script("return document.readyState") == "complete")

    def ask(self, script: str) -> Any:
        return self.browser.execute_script(script)

    def unfold(self) -> None:
        self.ask("document.querySelectorAll('details').forEach(each => each.open = true)")

    def too_wide(self) -> list[str]:
        """What reaches beyond the window, other than what scrolls inside its own frame."""
        found: list[str] = self.ask(
            "return [...document.querySelectorAll('body *')]"
            ".filter(each => !each.closest('.scroll') && each.getBoundingClientRect().right > innerWidth + 1)"
            ".map(each => each.outerHTML.slice(0, 120))"
        )
        return found + (
            ["the page scrolls sideways"]
            if self.ask("return document.documentElement.scrollWidth > innerWidth")
            else []
        )

    def problems(self) -> list[str]:
        entries = self.browser.execute("getLog", {"type": "browser"})["value"]
        return [entry["message"] for entry in entries]

    def barriers(self) -> list[str]:
        """What axe finds that keeps people out."""
        self.ask((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
        report = self.browser.execute_async_script("axe.run().then(arguments[0])")
        return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in report["violations"]]


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    opened = Window(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.browser.quit()


def world() -> Mirror:
    """A firm with everything, and with names that no layout likes."""
    made = harbor()
    for name in (LONG, HOSTILE):
        made.customer(name)
        made.invoice(f"I-{name}", name, "1234567.89", due="2026-01-31")
        made.charge(f"ch_{name}", "1234567.89", payer=name)
    return made


@pytest.fixture(scope="module", params=["holds", "fails"])
def proof_page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a file with two companies, written as the demo writes it."""
    second = world()
    if request.param == "fails":
        second.invoice("INV-7", "Birch", "120.01", still_open="0")
    called = {ref(Kind.INVOICE, "i-INV-2"): [promise("INV-2", "2000.04", "2026-06-05", said=LONG)]}
    html = render([proof_of(world(), "Harbor Supply", called), proof_of(second, LONG)], steps=STEPS)
    path = tmp_path_factory.mktemp("page") / "proof.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_proof_fits_every_window_and_its_console_is_silent(window: Window, proof_page: str, width: int) -> None:
    window.show(proof_page, width)
    assert window.too_wide() == []
    window.unfold()
    assert window.too_wide() == []
    assert window.problems() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_proof_has_no_barriers_that_axe_can_find(window: Window, proof_page: str, width: int) -> None:
    window.show(proof_page, width)
    window.unfold()
    assert window.barriers() == []


def test_the_proof_is_drawn_with_its_own_style_and_its_bars_have_a_length(window: Window, proof_page: str) -> None:
    window.show(proof_page, 1280)
    assert window.ask("return getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 245)"
    headings = [each.text for each in window.browser.find_elements(By.CSS_SELECTOR, "h1, h2")]
    assert headings[1:] == ["Harbor Supply", LONG, "How we got here"]
    lengths = window.ask(
        "return [...document.querySelectorAll('.bars rect')].map(each => each.getBoundingClientRect().width)"
    )
    assert len(lengths) >= 8
    assert min(lengths) > 0
    assert window.ask("return document.querySelectorAll('script').length") == 0


def test_printed_the_proof_unfolds(window: Window, proof_page: str) -> None:
    window.show(proof_page, 1280)
    every = "[...document.querySelectorAll('details:not([open]) table')]"
    shown = f"return {every}.filter(each => each.checkVisibility()).length"
    assert window.ask(shown) == 0
    window.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert window.ask(shown) == window.ask(f"return {every}.length") > 0
    finally:
        window.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
