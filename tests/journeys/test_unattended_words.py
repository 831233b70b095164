"""What the commands of unattended work say to whoever mistypes them, or has nothing for them yet."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from connector.app.switching import alone
from tests.journeys.firm import Firm, open_firm, run_command


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.parametrize("words", [("companies",), ("autosync", "status"), ("run", "--once")])
def test_where_no_company_is_connected_that_is_said_with_the_first_step(home: Path, words: tuple[str, ...]) -> None:
    ran = run_command(home, words, {})
    assert ran.code == 0
    assert "No company is here yet: connect your books" in ran.out


def test_a_group_without_its_command_shows_its_commands_and_no_error(home: Path) -> None:
    ran = run_command(home, ("autosync",), {})
    assert (ran.code, ran.err) == (2, "")
    assert ran.out.startswith("Usage: receivables autosync")


@pytest.mark.parametrize("words", [("--every", "10"), ("--seed", "0"), ("--told", "x")])
def test_what_belongs_to_a_simulation_is_not_taken_for_a_setting_of_the_daemon(
    home: Path, words: tuple[str, ...]
) -> None:
    ran = run_command(home, ("run", *words), {})
    assert ran.code == 2
    assert f"{words[0]} says something of a simulation alone." in ran.err
    assert "receivables autosync on --every" in ran.err


def test_a_file_that_is_there_is_no_place_for_the_messages_of_a_simulation(home: Path) -> None:
    mine = home / "mine.txt"
    mine.write_text("mine")
    ran = run_command(home, ("run", "--simulate", "1d", "--told", str(mine)), {})
    assert (ran.code, mine.read_text()) == (2, "mine")
    assert "is there already" in ran.err


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """Connected and read; its doubles are gone again, for nothing is asked of them."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        return opened


def test_a_bound_that_cannot_be_read_is_refused_in_words_that_fit_what_was_typed(firm: Firm) -> None:
    for typed, wrong in {"abc": "is not an amount", "5 XYZ": "is not in ISO 4217", "-5 USD": "is below zero"}.items():
        ran = firm.run("autosync", "on", "--dry-run", "--per-posting", typed)
        assert ran.code == 2
        assert wrong in ran.err
        assert "or: off" in ran.err


def test_whether_anybody_is_there_to_call_the_turns_is_said(firm: Firm) -> None:
    assert "daemon" not in firm.run("companies").out, "nobody wants turns yet"
    firm.do("autosync", "on", "--dry-run")
    told = " ".join(firm.run("companies").out.split())
    assert "1 due, the oldest for" in told
    assert "No daemon is running, and turns come only while `receivables run` runs." in told
    with firm.desk() as desk, alone(desk.house, Event(), lambda _: None):
        assert "The daemon is running." in " ".join(firm.run("companies").out.split())
        assert firm.run("autosync", "status", "--json").json["running"] is True
