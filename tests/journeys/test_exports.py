"""The first evening: a bookkeeper puts downloads into a folder and sees what each payment settles."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from shutil import copytree

import pytest

from connector.__main__ import run

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
FOLDER = FIXTURES / "exports"
BANK = FOLDER / "bank" / "AccountHistory.csv"


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text().splitlines()))[1:]


def match(folder: Path, into: Path, *more: str) -> int:
    names = ("out", "findings", "payouts", "evidence")
    files = [part for name in names for part in (f"--{name}", str(into / f"{name}.csv"))]
    return run(["match", "--in", str(folder), *files, "--currency", "USD", *more])


def test_a_firm_tries_it_on_its_own_downloads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = json.loads((FIXTURES / "exports.expected.json").read_text())

    assert run(["match", "--bank", str(BANK), "--suggest-map", "--currency", "USD"]) == 0
    told = capsys.readouterr().out
    proposed = told.split("\n\n")[0]
    assert "11/14/2026" in told
    mapping = tmp_path / "bank.toml"
    mapping.write_text(proposed)

    assert match(FOLDER, tmp_path, "--bank", str(BANK), "--map", str(mapping)) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.index("What was read") < told.index("payments decided")
    for taken_for in expected["taken_for"].values():
        assert taken_for in told
    assert "6 of 9 payments decided" in told
    assert "adds up to its total" in told
    assert "every balance" in told

    assert [[each[0], each[1], int(each[2])] for each in rows(tmp_path / "out.csv")] == expected["allocations"]
    assert [each[0] for each in rows(tmp_path / "findings.csv")] == expected["left_to_a_person"]
    assert [each[:2] for each in rows(tmp_path / "payouts.csv")] == expected["landed"]
    assert run(["explain", "--check", str(tmp_path / "evidence.csv")]) == 0


def test_a_report_altered_by_a_cent_stops_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    copytree(FOLDER, folder)
    (path,) = folder.glob("*Invoice List*")
    path.write_text(path.read_text().replace('"1,284.50"\n', '"1,284.51"\n'))
    into = tmp_path / "into"
    into.mkdir()
    assert match(folder, into) == 2
    assert (
        "Invoice List by Date.csv, line 16, column Open balance: the total is 22,175.00 USD" in capsys.readouterr().err
    )
    assert list(into.iterdir()) == []


def test_a_result_never_takes_the_place_of_a_download(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    copytree(FOLDER, folder)
    before = (folder / "Itemized_payout_reconciliation.csv").read_bytes()
    out = str(folder / "Itemized_payout_reconciliation.csv")
    assert run(["match", "--in", str(folder), "--out", out, "--currency", "USD"]) == 2
    assert "is named twice, or is read" in capsys.readouterr().err
    assert Path(out).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--suggest-map"], "No bank's file is named."),
        ([], "Nothing says what to read and where to write."),
        (["--in", "{folder}", "--out", "{out}"], "does not say in which currency it is."),
        (["--in", "{folder}", "--out", "{out}", "--bank", "{bank}"], "A bank's file and its mapping go together."),
        (["--in", "{folder}", "--out", "{out}", "--dates", "ymd"], "'ymd' is no order of dates."),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    known = {"folder": str(FOLDER), "out": str(tmp_path / "out.csv"), "bank": str(BANK)}
    assert run(["match", *(each.format(**known) for each in arguments)]) == 2
    told, step = capsys.readouterr().err.splitlines()
    assert error in told
    assert step.startswith("Next:  ")
