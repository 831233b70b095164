"""Connecting, backing up and being told, in a real browser: by keyboard, at the width of a phone and of a desk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app.house import House
from connector.web.console.rooms import console_app
from tests.browser.test_console import Served, faults, focus_on, press, running
from tests.browser.window import WIDTHS, Window, pytestmark  # noqa: F401
from tests.unit.console_ground import send
from tests.unit.console_setup_ground import BOOKS_KEYS, STRIPE_KEY, unconnected

PICTURES = os.environ.get("RECEIVABLES_PICTURES", "")
ROOMS = (
    "connections",
    "connection?system=quickbooks",
    "connection?system=stripe",
    "connection?system=paypal",
    "connection?system=bankfile",
    "disconnect?system=stripe",
    "notifications",
    "backup",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with unconnected(tmp_path_factory.mktemp("setup")) as ground, running(ground.app) as base:
        yield Served(ground=ground, base=base)


def picture(window: Window, name: str) -> None:
    """Keep one, where somebody wants to look at it."""
    if PICTURES:
        width = window.ask("return innerWidth")
        window.page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


@pytest.mark.gate
def test_by_keyboard_alone_the_books_and_a_processor_are_connected(window: Window, served: Served) -> None:
    served.enter(window)
    window.show(served.at("connections"))
    picture(window, "connections-none")
    focus_on(window, "a[href$='system=quickbooks']")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert faults(window, served) == []
    for name, value in BOOKS_KEYS.items():
        focus_on(window, f"[name='{name}']")
        window.page.keyboard.type(value)
    focus_on(window, "button[value=browser]")
    with window.page.expect_navigation():
        press(window, "Enter")
    picture(window, "consent")
    waiting = window.page.url
    window.show(f"{waiting}&paste=1", WIDTHS[0])  # the page that does not renew itself
    assert faults(window, served) == []
    picture(window, "consent-paste")
    window.show(waiting)
    focus_on(window, "main a[target=_blank]")
    with window.context.expect_page() as opened:
        press(window, "Enter")
    other = opened.value
    assert other.evaluate("() => window.opener") is None
    other.click("#connect-9140005")
    other.get_by_text("It goes on in the one where you began.").wait_for()
    assert "code=" not in other.url
    other.close()
    window.page.get_by_text("QuickBooks Online is connected: account 9140005").wait_for()
    picture(window, "consent-done")
    window.show(served.at("connection?system=stripe"))
    focus_on(window, "[name='set-api_key']")
    window.page.keyboard.type("rk_test_nobody")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert window.page.locator("[role=alert]").is_visible()
    assert window.page.input_value("[name='set-api_key']") == ""
    window.problems()  # the browser's own word on an answer that is no 200
    assert faults(window, served) == []
    picture(window, "connection-bad-key")
    focus_on(window, "[name='set-api_key']")
    window.page.keyboard.type(STRIPE_KEY)
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "Stripe is connected: account acct_walk5, a test account. It is read-only" in window.text()
    picture(window, "connections-two")


def stripe_is_connected(served: Served) -> None:
    """Whichever test comes first: what is not connected cannot be disconnected."""
    with served.ground.desk() as desk:
        connected = desk.processors()
    if not connected:
        dana = served.ground.signed_in("dana")
        answer = send(dana, "connection", system="stripe", do="keys", **{"set-api_key": STRIPE_KEY})
        assert answer.status_code == 303


@pytest.mark.gate
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_setting_up_fits_and_has_no_barriers(window: Window, served: Served, width: int) -> None:
    stripe_is_connected(served)
    served.enter(window)
    for room in ROOMS:
        window.show(served.at(room), width)
        assert faults(window, served) == [], room
        assert window.ask("return document.querySelectorAll('h1').length") == 1, room
        picture(window, re.sub(r"\W+", "-", room))


@pytest.mark.gate
def test_a_backup_is_made_by_one_press_and_the_page_tells_when_it_is_there(window: Window, served: Served) -> None:
    served.enter(window)
    window.show(served.at("backup"))
    focus_on(window, "main button")
    with window.page.expect_navigation():
        press(window, "Enter")
    window.page.get_by_text("holds everything, and was proved").wait_for()
    window.problems()
    assert faults(window, served) == []
    picture(window, "backup-made")
    window.show(served.at("backup"), WIDTHS[0])
    assert "1 backup there" in window.text()
    assert faults(window, served) == []
    picture(window, "backup-listed")


def broken_house() -> House:
    raise RuntimeError("what nobody expected")


@pytest.mark.gate
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_for_what_nobody_expected_fits_and_leads_on(window: Window, width: int) -> None:
    with running(console_app(broken_house)) as base:
        window.show(f"{base}/c/main", width)
        assert window.text().startswith("Something went wrong")
        window.problems()  # the browser's own word on an answer that is no 200
        assert window.too_wide() == []
        assert window.barriers() == []
        assert window.elsewhere(base) == []
        picture(window, "broken")
        press(window, "Tab", "Tab")
        assert window.ask("return document.activeElement.getAttribute('href')") == "/"
