"""A new computer from a backup, a clean-up, a bank's own file and forwarded evidence, in a real browser: by keyboard,
at the width of a phone and of a desk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.__main__ import run
from connector.app import setup
from connector.app.books import sync_all
from connector.app.copies import backup
from connector.app.house import House
from connector.app.sessions import begin
from connector.config import Config
from connector.model.person import Person
from connector.model.source import ActorId
from connector.web.console.rooms import console_app
from tests.browser.test_console import Served, faults, focus_on, press, running
from tests.browser.window import WIDTHS, Window, pytestmark  # noqa: F401
from tests.unit.bankfile_ground import FIXTURES, IBAN
from tests.unit.console_ground import COOKIE, MAIN, PASSWORD, console
from tests.unit.test_console_cleaning import EXPORTS, POLLUTED, paid

PICTURES = os.environ.get("RECEIVABLES_PICTURES", "")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("moving")
    with console(folder, POLLUTED.read_text(encoding="utf-8")) as ground, running(ground.app) as base:
        paid(ground, "Cedar Crafts", 410.00, "Checking", "for P-4")
        values = {"folder": str(folder / "statements"), "account": IBAN, "currency": "EUR", "live": "no"}
        with ground.house() as house:
            wish = setup.Wish(system="bankfile", company=MAIN, zone=None, values=values, allow_writes=False)
            setup.connect(house, wish)
            backup(house, folder / "copy.db")
        with ground.desk() as desk:
            sync_all(desk, lambda *_: None)
        yield Served(ground=ground, base=base)


def picture(window: Window, name: str) -> None:
    """Keep one, where somebody wants to look at it."""
    if PICTURES:
        width = window.ask("return innerWidth")
        window.page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def fits(window: Window, served: Served, name: str) -> None:
    """At both widths, as it stands, with everything unfolded."""
    for width in WIDTHS:
        window.page.set_viewport_size({"width": width, "height": 900})
        picture(window, name)
        window.unfold()
        assert faults(window, served) == [], (name, width)
    window.page.set_viewport_size({"width": WIDTHS[-1], "height": 900})


@pytest.mark.gate
def test_by_keyboard_alone_an_empty_computer_works_with_a_backup(
    window: Window, served: Served, tmp_path: Path
) -> None:
    firm = served.ground.firm
    home = tmp_path / "new"
    home.mkdir(mode=0o700)
    config = Config(home=home, database=str(home / "receivables.db"), actor="nina")
    with House(config) as house:
        nina = Person(person_id=ActorId("nina"), name="Nina", password_hash="none")
        house.store.save_person(nina)
        token = begin(house, nina)
    with running(console_app(lambda: House(config))) as base:
        new = Served(ground=served.ground, base=base)
        window.context.add_cookies([{"name": COOKIE, "value": token, "url": base}])
        window.show(f"{base}/")
        fits(window, new, "empty")
        focus_on(window, "a[href='/restore']")
        with window.page.expect_navigation():
            press(window, "Enter")
        fits(window, new, "restore")
        focus_on(window, "#path")
        window.page.keyboard.type(str(firm.home.parent / "copy.db"))
        with window.page.expect_navigation():
            press(window, "Enter")
        window.problems()  # the browser's own word on an answer that is no 200
        assert "The key to the secrets in this copy is not on this computer" in window.text("[role=alert]")
        fits(window, new, "restore-no-key")
        window.page.set_input_files("#key_file", firm.home.with_name("home-key") / "receivables.key")
        focus_on(window, "main form button")
        with window.page.expect_navigation():
            press(window, "Enter")
        assert "The backup is in its place" in window.text()
        fits(window, new, "restored")
        focus_on(window, "main a[href='/sign-in']")
        with window.page.expect_navigation():
            press(window, "Enter")
        window.page.fill("#name", "dana")
        window.page.fill("#password", PASSWORD)
        with window.page.expect_navigation():
            press(window, "Enter")
        assert "Walkabout Tools" in window.text("header")
    window.context.clear_cookies()


@pytest.mark.gate
def test_a_past_period_is_looked_at_and_its_report_can_be_read_anywhere(window: Window, served: Served) -> None:
    served.enter(window)
    window.show(served.at("clean-up"))
    fits(window, served, "clean-up-none")
    window.page.fill("#start", "2026-01-01")
    window.page.fill("#end", "2026-03-31")
    focus_on(window, "form[action$='/clean-up'] button")
    with window.page.expect_navigation():
        press(window, "Enter")
    window.page.get_by_text("need a look").wait_for()
    fits(window, served, "clean-up-work")
    focus_on(window, "main a[href$='/clean-up']")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "410.00 USD" in window.text()
    fits(window, served, "clean-up")
    window.page.set_input_files("#files", [each for each in EXPORTS.iterdir() if each.is_file()])
    window.unfold()
    window.page.fill("#currency", "USD")
    window.page.fill("#f-end", "2026-11-30")
    window.click("form[action$='/files'] button")
    assert "Payment ch_1LV002" in window.text()
    fits(window, served, "clean-up-files")


@pytest.mark.gate
def test_a_banks_own_file_is_mapped_by_keyboard_and_looked_at_before_it_is_kept(window: Window, served: Served) -> None:
    served.enter(window)
    window.show(served.at("bank/map"))
    fits(window, served, "mapping-none")
    window.page.set_input_files("#files", FIXTURES / "bank_de.csv")
    focus_on(window, "form[enctype] button")
    with window.page.expect_navigation():
        press(window, "Enter")
    window.page.fill("#currency", "EUR")
    fits(window, served, "mapping-columns")
    window.page.select_option("#dates", "dmy")
    focus_on(window, "button[value=look]")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "Every amount was checked by the balance after it" in window.text()
    fits(window, served, "mapping-seen")
    focus_on(window, "button[value=keep]")
    with window.page.expect_navigation():
        press(window, "Enter")
    assert "Statements of" in window.text("[role=status]")


@pytest.mark.gate
def test_evidence_is_checked_on_a_page_that_says_what_came_of_it(
    window: Window, served: Served, tmp_path: Path
) -> None:
    written = [part for name in ("out", "findings", "evidence") for part in (f"--{name}", str(tmp_path / name))]
    assert run(["match", "--in", str(EXPORTS), "--currency", "USD", *written]) == 0
    served.enter(window)
    window.show(served.at("evidence"))
    fits(window, served, "evidence-none")
    window.page.set_input_files("#files", tmp_path / "evidence")
    window.click("form:has(#files) button")
    assert "It holds" in window.text()
    fits(window, served, "evidence")
