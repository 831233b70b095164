"""One browser for the tests of a file, and a window in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.window import Window, opened_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with the file: while it runs, nothing else of this process may run an event loop."""
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Window]:
    opened = Window(browser)
    yield opened
    opened.close()
