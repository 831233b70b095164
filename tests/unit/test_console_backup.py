"""Backups made and listed at the console, and the page for what nobody expected."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from connector.app.copies import Kept, kept
from connector.app.house import House
from connector.store import Store
from connector.web.console.backups import sized
from connector.web.console.rooms import console_app
from connector.web.sealed import HEADERS
from tests.unit.console_ground import HERE, MAIN, OTHER, Ground, console, send, words


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("backup")) as made:
        yield made


def page(ground: Ground, name: str = "dana") -> str:
    answer = ground.signed_in(name).get(f"/c/{MAIN}/backup")
    assert answer.status_code == 200, answer.status_code
    return words(answer.text)


def copies(ground: Ground) -> tuple[Kept, ...]:
    return kept(ground.firm.config())


def test_a_backup_is_made_proved_and_listed_and_holds_every_company(ground: Ground) -> None:
    assert "0 backups there" in page(ground)
    told = ground.finished(send(ground.signed_in("dana"), "backup"))
    [made] = copies(ground)
    assert f"{made.path} holds everything, and was proved" in told
    with ground.house() as house:
        number, chain = house.store.head(MAIN)
        others = house.store.head(OTHER)
        with Store.open(made.path, house.clock, must_exist=True) as copy:
            assert copy.head(OTHER) == others
            assert {each.company_id for each in copy.companies()} == {MAIN, OTHER}
            held, _ = copy.head(MAIN)
    assert re.search(r"journal in it: \d+:\w{64}\. Keep it elsewhere\.", told)
    assert 0 < held <= number
    assert chain
    assert others[1] not in told, "nobody is told of another company's journal"
    shown = page(ground)
    assert f"1 backup there The latest first File Made Size {made.path.name}" in shown
    assert f"receivables restore {made.path}" in shown
    assert "the console and the daemon must be stopped first" in shown
    assert made.path.stat().st_mode & 0o077 == 0
    assert made.path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.gate
def test_two_backups_in_one_second_are_two_tries_and_one_file(ground: Ground) -> None:
    ground.clock.pass_seconds(5)
    ground.finished(send(ground.signed_in("dana"), "backup"))
    before = [(each.path, each.path.read_bytes()) for each in copies(ground)]
    assert "never overwritten" in ground.finished(send(ground.signed_in("dana"), "backup"))
    assert [(each.path, each.path.read_bytes()) for each in copies(ground)] == before


@dataclass
class Elsewhere:
    """A folder that somebody named, and the console's answer to a backup there."""

    folder: Path
    told: str


def backed_up_to(ground: Ground, folder: Path) -> Elsewhere:
    config = ground.firm.config().model_copy(update={"backups": folder})
    app, before = console_app(lambda: House(config, ground.clock)), ground.app
    ground.app = app
    ground.browsers.clear()
    try:
        assert str(folder) in page(ground)
        return Elsewhere(folder, ground.finished(send(ground.signed_in("dana"), "backup")))
    finally:
        ground.app = before
        ground.browsers.clear()


@pytest.mark.gate
def test_a_folder_that_is_missing_is_told_and_not_made_and_what_cannot_be_written_leaves_nothing(
    ground: Ground, tmp_path: Path
) -> None:
    missing = backed_up_to(ground, tmp_path / "unplugged")
    assert "is not there" in missing.told
    assert "Plug in the disk it is on" in missing.told
    assert not missing.folder.exists()
    there = tmp_path / "plugged"
    there.mkdir()
    assert "holds everything, and was proved" in backed_up_to(ground, there).told
    assert [each.suffix for each in there.iterdir()] == [".db"]


def test_whoever_may_less_is_not_told_where_backups_lie(ground: Ground) -> None:
    for name in ("vera", "paul", "erin"):
        answer = ground.signed_in(name).get(f"/c/{MAIN}/backup")
        assert answer.status_code == 403
        assert "receivables restore" not in answer.text


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 KB"), (12_345_678, "12 MB"), (5 * 10**18, "5,000,000 TB")],
)
def test_sizes_are_told_as_a_file_manager_does(size: int, told: str) -> None:
    assert sized(size) == told


def broken_house() -> House:
    raise RuntimeError("ap@acme.example owes 22.17 USD")


def test_what_nobody_expected_is_one_plain_page_that_tells_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), TestClient(console_app(broken_house), base_url=HERE) as browser:
        answers = [browser.get("/"), browser.get(f"/c/{MAIN}"), browser.get("/sign-in"), browser.get("/welcome/x")]
    for answer in answers:
        assert answer.status_code == 500
        assert words(answer.text).startswith("Something went wrong Something that should not happen did.")
        assert 'href="/"' in answer.text
        for name in HEADERS:
            assert name in answer.headers
        assert "style-src 'sha256-" in answer.headers["content-security-policy"]
        assert "acme" not in answer.text + str(answer.headers)
        assert "Traceback" not in answer.text
    told = [each.getMessage() for each in caplog.records if each.name == "connector.web.sealed"]
    assert len(told) == len(answers)
    assert all(re.fullmatch(r"RuntimeError at .*test_console_backup\.py:\d+", each) for each in told)
