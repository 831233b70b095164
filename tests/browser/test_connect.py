"""Connecting in a real browser: a person clicks Connect, and the command that waits for it finishes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.window import Window, pytestmark  # noqa: F401  they are skipped together
from tests.journeys.firm import Firm, open_firm
from tests.journeys.test_connect import ANYWHERE, NO_BROWSER, address_of, app_of, ended, start


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("button", "heading", "code"), [("#connect-9140001", "Connected", 0), ("#cancel", "Not connected", 2)]
)
def test_a_click_ends_the_command_and_the_page_that_stays_says_how(
    window: Window, firm: Firm, button: str, heading: str, code: int
) -> None:
    process = start(
        firm, ("--zone", firm.world.zone, *ANYWHERE), {**app_of(firm), "BROWSER": NO_BROWSER}, subprocess.DEVNULL
    )
    window.show(address_of(process), 320)
    window.click(button)
    ran = ended(process)
    assert ran.code == code, ran.err
    assert ("Connected quickbooks: Walkabout Tools" in ran.out) is (code == 0)
    assert window.text().startswith(heading)
    assert "You can close this window." in window.text()
    assert "code=" not in window.page.url
    assert "code=" not in window.ask("return document.referrer")
    assert window.problems() == []
    assert window.too_wide() == []
    assert window.barriers() == []
