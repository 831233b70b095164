"""receivables bank: files are taken in or refused whole, said in tables and as JSON, with the exit code that fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.bankfile.standin.writer import as_camt
from connector.__main__ import run
from tests.unit.bankfile_ground import FIXTURES, IBAN, came, stretch

NEEDS_A_PERSON, WRONG_INPUT = 1, 2


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer on which one bank account is connected, and nothing else."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("RECEIVABLES_HOME", str(folder))
    settings = ("folder", str(tmp_path / "statements")), ("account", IBAN), ("currency", "EUR"), ("live", "no")
    chosen = [word for name, value in settings for word in ("--set", f"{name}={value}")]
    assert run(["connect", "bankfile", "--zone", "Europe/Berlin", *chosen]) == 0
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """What a command answers as JSON."""
    capsys.readouterr()
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def statement(home: Path, name: str = "march.xml") -> str:
    path = home / name
    path.write_bytes(as_camt(stretch([came(3, 120_00, "Acme", "RF06 INV1 001"), came(4, -50_00, "Rent")], 3, 4)))
    return str(path)


def test_a_statement_is_taken_in_once_and_its_lines_are_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = said(capsys, "bank", "import", statement(home))
    assert first["files"] == [
        {
            "file": "march.xml",
            "first": "2026-03-03",
            "last": "2026-03-04",
            "lines": 2,
            "came": 1,
            "is_new": True,
        }
    ]
    assert (first["counts"]["payment"]["new"], first["findings"]) == (1, [])
    again = said(capsys, "bank", "import", statement(home, "march again.xml"))
    assert (again["files"][0]["is_new"], "payment" in again["counts"]) == (False, False)
    (line,) = said(capsys, "bank", "lines")
    assert (line["amount"], line["payer"], line["reference"], line["fate"]) == (
        "120.00 EUR",
        "Acme",
        "RF06INV1001",
        "listed",
    )


def test_the_table_says_days_and_counts_and_what_to_do_next(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bank", "import", statement(home)]) == 0
    told = capsys.readouterr().out
    for words in ("march.xml", "2026-03-03 to 2026-03-04", "New payments: 1. Changed: 0.", "receivables bank lines"):
        assert words in told
    assert run(["bank", "lines"]) == 0
    assert "Acme" in capsys.readouterr().out


def test_one_bad_file_among_several_and_nothing_is_taken_in(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = home / "bad.xml"
    bad.write_text((FIXTURES / "camt053_v2_batch.xml").read_text(encoding="utf-8").replace("1273.20", "1273.21"))
    assert run(["bank", "import", statement(home), str(bad)]) == WRONG_INPUT
    told = capsys.readouterr().err
    assert "bad.xml, line 1: it does not add up. 1,000.00 EUR before and its 5 lines come to 1,273.20 EUR" in told
    assert "Next:  Download the statement again" in told
    assert not (home / "statements").exists() or list((home / "statements").iterdir()) == []
    assert said(capsys, "bank", "lines") == []


def test_what_a_person_has_to_look_at_ends_with_the_code_for_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = said(capsys, "bank", "import", str(FIXTURES / "camt053_v2_batch.xml"), code=NEEDS_A_PERSON)
    assert [each["code"] for each in found["findings"]] == ["no-original"]


def test_without_a_connection_it_says_how_to_connect_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    monkeypatch.setenv("RECEIVABLES_HOME", str(tmp_path / "other"))
    assert run(["bank", "import", str(FIXTURES / "camt053_v8.xml")]) != 0
    assert "receivables connect" in capsys.readouterr().err


def test_a_mapping_is_proposed_with_its_first_lines_and_what_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save = tmp_path / "map.toml"
    words = ("bank", "map", str(FIXTURES / "bank_de.csv"), "--currency", "EUR", "--save", str(save))
    found = said(capsys, *words, code=NEEDS_A_PERSON)
    assert found["open_questions"] == [
        'dates can be read in two ways: write dates = "dmy" (day first) or dates = "mdy"'
    ]
    assert found["samples"][0]["Betrag"] == "1.120,00"
    assert save.read_text(encoding="utf-8") == found["mapping"]
    assert run(list(words)) == WRONG_INPUT
    assert "is there already" in capsys.readouterr().err
