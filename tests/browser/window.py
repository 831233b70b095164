"""One window of a real browser, and what is asked of every page that is shown in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (320, 1280)
HEIGHT = 900
LOAD_SECONDS = 30
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
AXE = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed: apt-get install chromium")

TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(each => !each.closest('.scroll') && each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => each.outerHTML.slice(0, 120))
  .concat(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [])"""


class Window:
    """A window with a profile of its own. `asked` is every address that it asked anybody for since it was last shown
    something; `problems` what its console complained of since it was last asked."""

    def __init__(self, browser: Browser, *, scripts: bool = True, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(
            java_script_enabled=scripts, viewport={"width": WIDTHS[-1], "height": HEIGHT}, locale="en-US", **options
        )
        self.context.set_default_timeout(LOAD_SECONDS * 1000)
        # Ours have a picture of their own; the doubles of processors have none, and nobody is to ask them for it.
        self.context.route("**/favicon.ico", lambda route: route.abort())
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self._problems: list[str] = []
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda fault: self._problems.append(str(fault)))
        self.page.on("request", self._asking)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._problems.append(f"{message.location.get('url', '')}: {message.text}")

    def _asking(self, request: Request) -> None:
        self.asked.append(request.url)

    def show(self, address: str, width: int = WIDTHS[-1]) -> None:
        """Go there, in a window of that width."""
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.asked.clear()
        self.page.goto(address)

    def click(self, selector: str) -> None:
        """Click, and wait until the page it leads to is there."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def ask(self, script: str) -> Any:
        """What a few lines of script return."""
        return self.page.evaluate(f"() => {{ {script} }}")

    def unfold(self) -> None:
        self.ask("document.querySelectorAll('details').forEach(each => each.open = true)")

    def too_wide(self) -> list[str]:
        """What reaches beyond the window, other than what scrolls inside its own frame."""
        found: list[str] = self.page.evaluate(TOO_WIDE)
        return found

    def problems(self) -> list[str]:
        told, self._problems = self._problems, []
        return told

    def barriers(self) -> list[str]:
        """What axe finds that keeps people out."""
        self.page.evaluate(AXE)
        report: dict[str, Any] = self.page.evaluate("() => axe.run()")
        return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in report["violations"]]

    def elsewhere(self, base: str) -> list[str]:
        """What it asked any other computer for than that of `base`, since it was last shown something."""
        here = urlsplit(base).netloc
        return [address for address in self.asked if urlsplit(address).netloc not in {here, ""}]

    def text(self, selector: str = "main") -> str:
        """What can be read there."""
        return self.page.inner_text(selector)

    @contextmanager
    def printed(self) -> Iterator[None]:
        """As it looks on paper."""
        self.page.emulate_media(media="print")
        try:
            yield
        finally:
            self.page.emulate_media(media="screen")

    def close(self) -> None:
        self.context.close()


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window on any screen."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
