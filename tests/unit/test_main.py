"""connector.__main__: every fault ends in its exit code, one sentence and a next step, and never in a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connector import errors
from connector.__main__ import INTERRUPTED, NEXT_STEP, UNEXPECTED, run
from tests.unit.strangers import installed

CONNECT = ["connect", "ledgerly", "--zone", "America/New_York"]

CODES = {
    "UserError('It is so.')": 2,
    "SettingsError('It is so.')": 3,
    "UnknownRecord('It is so.')": 2,
    "UnknownCurrency('QQQ')": 2,
    "Refused('It is so.')": 2,
    "TooManyTries('It is so.', retry_after_seconds=1)": 2,
    "Unreachable('It is so.')": 4,
    "RateLimited('It is so.', retry_after_seconds=1)": 4,
    "BudgetSpent('It is so.')": 4,
    "OutcomeUnknown('It is so.')": 4,
    "MalformedAnswer('It is so.')": 4,
    "NeedsReconnect('It is so.')": 3,
    "Conflict('It is so.')": 4,
    "NotFound('It is so.')": 4,
    "Rejected('It is so.')": 4,
    "StoreLocked('It is so.')": 5,
    "StoreCorrupt('It is so.')": 5,
    "LeaseLost('It is so.')": 5,
    "TurnOver('It is so.')": 1,
    "Disagreement('It is so.')": 1,
}
"""What an adapter may raise, and the exit code that the README gives it."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("RECEIVABLES_HOME", str(folder))
    monkeypatch.delenv("RECEIVABLES_DEBUG", raising=False)
    return folder


def test_the_table_below_has_every_error_there_is() -> None:
    leaves = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ReceivablesError) and not kind.__subclasses__()
    }
    assert {fault.partition("(")[0] for fault in CODES} >= leaves - {"MoneyError"}


@pytest.mark.parametrize("fault", CODES)
def test_an_error_of_ours_ends_in_its_code_with_its_sentence_and_a_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    with installed(tmp_path, "ledgerly", fault=f"errors.{fault}"):
        assert run(CONNECT) == CODES[fault]
    error, step = capsys.readouterr().err.splitlines()
    assert error.startswith("Error: It is so." if "It is so." in fault else "Error: The currency 'QQQ'")
    assert step.startswith("Next:  ")


def test_an_error_that_brings_no_next_step_gets_the_general_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed(tmp_path, "ledgerly", fault="errors.Conflict('It is so.')"):
        run(CONNECT)
    assert capsys.readouterr().err == f"Error: It is so.\nNext:  {NEXT_STEP}\n"


def test_what_nobody_expected_ends_in_70_and_shows_neither_a_traceback_nor_what_it_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed(tmp_path, "ledgerly"):
        assert run(CONNECT) == UNEXPECTED == 70
    error, step = capsys.readouterr().err.splitlines()
    assert error == "Error: Something that should not happen did (ValueError); nothing that was stored is lost."
    assert "RECEIVABLES_DEBUG=1" in step


def test_with_debug_the_traceback_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEIVABLES_DEBUG", "1")
    with installed(tmp_path, "ledgerly"), pytest.raises(ValueError, match="canary"):
        run(CONNECT)


def test_ctrl_c_ends_in_130_and_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with installed(tmp_path, "ledgerly", fault="KeyboardInterrupt"):
        assert run(CONNECT) == INTERRUPTED == 130
    error, step = capsys.readouterr().err.splitlines()
    assert error == "Error: Interrupted."
    assert "the same command again" in step


def test_a_question_that_is_not_answered_ends_like_ctrl_c(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with installed(tmp_path, "ledgerly", fault="EOFError"):
        assert run(CONNECT) == INTERRUPTED
    assert "Error: Interrupted." in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--help"], 0), (["boundaries"], 0), (["sync"], 2)])
def test_what_ends_well_ends_in_0(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int) -> None:
    assert run(arguments) == code
    assert bool(capsys.readouterr().err) is bool(code)


def test_the_command_itself_ends_with_the_code_of_run(home: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "connector", "frobnicate"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert told.stderr == "Error: No such command 'frobnicate'.\nNext:  See: receivables --help\n"


def test_a_reader_that_leaves_early_is_no_fault(home: Path) -> None:
    command = [sys.executable, "-m", "connector", "boundaries", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as told:
        assert told.stdout is not None
        assert told.stderr is not None
        told.stdout.close()
        assert told.stderr.read() == ""
