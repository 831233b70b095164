"""Rules of payment links, audit packs and the export in a real browser: by keyboard, on a phone and at a desk."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.test_console import WORLD, Served, faults, focus_on, press, running
from tests.browser.test_console_setup import picture
from tests.browser.window import WIDTHS, Window, pytestmark  # noqa: F401
from tests.unit.console_ground import MAIN, console, send

ROOMS = ("links/rules", "audit", "export")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with console(tmp_path_factory.mktemp("archives"), WORLD) as ground, running(ground.app) as base:
        yield Served(ground=ground, base=base)


@pytest.mark.gate
def test_by_keyboard_alone_a_pack_is_made_and_downloaded_and_a_rule_of_links_is_set(
    window: Window, served: Served
) -> None:
    ground = served.ground
    dana = ground.signed_in("dana")
    ground.finished(send(dana, "plans/make"))
    found = re.search(r"plan\?id=(plan-\w+)", dana.get(f"/c/{MAIN}/plans").text)
    assert found is not None
    ground.finished(send(dana, "plan/apply", plan=found[1]))
    served.enter(window)
    window.show(served.at(f"plan?id={found[1]}"), WIDTHS[0])
    focus_on(window, "main a[href*='audit?about=']")
    with window.page.expect_navigation():
        press(window, "Enter")
    focus_on(window, "#run")
    with window.page.expect_navigation():
        press(window, "Enter")
    window.page.get_by_role("link", name="Download it").wait_for()
    assert faults(window, served) == []
    picture(window, "audit-made")
    focus_on(window, "main a[download]")
    with window.page.expect_download() as given:
        press(window, "Enter")
    assert re.fullmatch(rf"walkabout-tools-audit-{found[1]}-\d{{8}}T\d{{6}}Z\.zip", given.value.suggested_filename)
    with zipfile.ZipFile(Path(given.value.path())) as packed:
        assert "index.html" in packed.namelist()
    window.show(served.at("links/rules"), WIDTHS[0])
    focus_on(window, "[name=on_invoice][value=off]")
    press(window, "ArrowDown")
    focus_on(window, "main form button")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "Links on invoices: memo." in window.text("main")
    assert faults(window, served) == []


@pytest.mark.gate
@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_fit_and_have_no_barriers(window: Window, served: Served, width: int) -> None:
    served.enter(window)
    for room in ROOMS:
        window.show(served.at(room), width)
        assert faults(window, served) == [], room
        assert window.ask("return document.querySelectorAll('h1').length") == 1, room
        picture(window, room.replace("/", "-"))
