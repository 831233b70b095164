"""`receivables match` and `explain`: what is written, that it is written together, and that nothing else changes it."""

from __future__ import annotations

import csv
import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from connector.__main__ import run
from connector.app import matching
from connector.app.filing import publish
from connector.app.folder import read_cases
from connector.app.matching import Wanted, decided
from connector.errors import UserError
from connector.reconcile.cash.case import Policy
from tests.bench.cash.files import write
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world
from tests.unit.match_ground import DEPOSITS, FILES, PAYOUTS, TRANSACTIONS, lay_out, spoilt

NAMES = ("out", "findings", "payouts", "evidence")


def asked(folder: Path, into: Path, *more: str) -> list[str]:
    """The whole command, every file asked for."""
    files = [part for name in NAMES for part in (f"--{name}", str(into / f"{name}.csv"))]
    return ["match", "--in", str(folder), *files, *more]


def whole(folder: Path) -> Path:
    """A folder with payouts too."""
    return lay_out(
        folder,
        payouts=[PAYOUTS, "t,po1,psp,2026-03-01,2026-03-03,USD,970,automatic"],
        bank_deposits=[DEPOSITS, "t,d1,2026-03-04,USD,970,PSP PAYOUT"],
        balance_txns=[TRANSACTIONS, "t,x1,psp,charge,p1,2026-02-27,2026-03-01,1000,30,970,po1"],
    )


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_what_is_proved_is_written_and_what_is_not_with_its_reason(
    tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(asked(whole(tmp_path / "in"), into)) == 0
    assert (into / "out.csv").read_text() == "payment_id,invoice_id,pay_minor,applied_minor\np1,i1,12000,12000\n"
    rows = list(csv.reader((into / "findings.csv").read_text().splitlines()))
    assert rows[0] == ["payment_id", "code", "sentence", "next_step", "rivals", "proposal", "confidence_ppm"]
    assert [row[:2] for row in rows[1:]] == [["p2", "unknown-payer"]]
    assert (into / "payouts.csv").read_text() == "deposit_id,payout_id\nd1,po1\n"
    assert (into / "payouts-lines.csv").read_text() == "payout_id,txn_id\npo1,x1\n"
    assert capsys.readouterr().out.splitlines() == [
        "1 of 2 payments decided; the rest is for a person.",
        "1 of 1 payouts found at the bank, 1 explained to the cent.",
    ]


def test_a_payment_that_stays_on_account_has_one_row_without_an_invoice(tmp_path: Path, into: Path) -> None:
    again = "t,p3,payment,bank,2026-03-25,USD,12000,0,ACME WORKS INC,,,,INV-1001 thank you,,"
    folder = lay_out(tmp_path / "in", payments=[*FILES["payments.csv"], again])
    assert run(["match", "--in", str(folder), "--out", str(into / "out.csv")]) == 0
    assert (into / "out.csv").read_text().splitlines()[1:] == ["p1,i1,12000,12000", "p3,,0,0"]


def test_explain_holds_for_what_match_wrote_and_not_for_anything_else(
    tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(asked(whole(tmp_path / "in"), into)) == 0
    evidence = into / "evidence.csv"
    assert run(["explain", "--check", str(evidence)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 decisions and 1 abstentions hold."
    evidence.write_bytes(evidence.read_bytes().replace(b'"pay":12000', b'"pay":11999'))
    assert run(["explain", "--check", str(evidence)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert "t, payment p1: its parts come to 11999, and it is 12000." in told


@pytest.mark.parametrize("fault", ["payments.csv", "invoices.csv", "payouts.csv"])
def test_a_fault_in_any_file_leaves_everything_as_it_was(
    tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    folder = whole(tmp_path / "in")
    for name in (*NAMES, "payouts-lines", "payouts-left"):
        (into / f"{name}.csv").write_text("before")
    before = held(into)
    path = folder / fault
    path.write_text(path.read_text().replace("USD", "USX"))
    assert run(asked(folder, into)) == 2
    error, step = capsys.readouterr().err.splitlines()
    assert error == f"Error: {fault}, line 2, column currency: the value is no currency of ISO 4217, such as USD."
    assert step.startswith("Next:  ")
    assert held(into) == before


def test_payouts_that_are_not_there_are_told_before_anything_is_written(
    tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(asked(lay_out(tmp_path / "in"), into)) == 2
    assert "payouts.csv cannot be read" in capsys.readouterr().err
    assert held(into) == {}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(asked(tmp_path / "nowhere", into)) == 2
    assert "nowhere" in capsys.readouterr().err
    assert held(into) == {}


WRONG_OUTPUTS = {
    "a folder that is not there": ["--out", "{into}/nowhere/out.csv"],
    "a folder": ["--out", "{into}"],
    "no plain file": ["--out", os.devnull],
    "two by one name": ["--out", "{into}/a.csv", "--findings", "{into}/a.csv"],
    "the lines' own name": ["--out", "{into}/a-lines.csv", "--payouts", "{into}/a.csv"],
    "a file that is read": ["--out", "{folder}/payments.csv"],
}


@pytest.mark.parametrize("name", WRONG_OUTPUTS)
def test_an_output_that_cannot_be_written_is_told_before_any_work(
    tmp_path: Path, into: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = whole(tmp_path / "in")
    before = held(folder)
    outputs = [part.format(into=into, folder=folder) for part in WRONG_OUTPUTS[name]]
    assert run(["match", "--in", str(folder), *outputs]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert (held(into), held(folder)) == ({}, before)


def test_files_that_cannot_all_be_written_are_none_of_them_written(tmp_path: Path) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    first.write_bytes(b"before")
    last.mkdir()  # it became a folder while the work was done
    with pytest.raises(UserError, match="cannot be written"):
        publish({first: [b"after"], tmp_path / "new": [b"after"], last: [b"after"]})
    assert first.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "last"]


def test_files_whose_making_fails_are_none_of_them_written(tmp_path: Path) -> None:
    def failing() -> list[bytes]:
        raise KeyboardInterrupt

    first = tmp_path / "first"
    first.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        publish({first: [b"after"], tmp_path / "second": (piece for _ in "x" for piece in failing())})
    assert held(tmp_path) == {"first": b"before"}


def test_what_is_written_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"a longer text than before")
    publish({tmp_path / "first": [b"af", b"ter"], tmp_path / "second": []})
    assert held(tmp_path) == {"first": b"after", "second": b""}


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several companies of one world, payouts and all."""
    folder = tmp_path_factory.mktemp("companies")
    write(folder, list(world(PROFILES["smb"], 1_300, 5)))
    return folder


def shuffled(folder: Path, into: Path, seed: int) -> Path:
    drawn = random.Random(seed)  # noqa: S311
    for path in folder.iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        drawn.shuffle(rows)
        with (into / path.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return into


@pytest.mark.req("R6")
def test_everything_written_is_the_same_bytes_whatever_the_rows_order_the_hash_seed_and_the_processes(
    tmp_path: Path, companies: Path
) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    shuffled(companies, mixed, 1)
    found = set()
    for number, (folder, seed, processes) in enumerate(
        ((companies, "0", "1"), (companies, "1", "2"), (mixed, "2", "1"), (mixed, "77", "2"))
    ):
        into = tmp_path / str(number)
        into.mkdir()
        command = [sys.executable, "-m", "connector", *asked(folder, into, "--processes", processes, "--oldest-first")]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        assert sorted(held(into)) == sorted(
            [*(f"{name}.csv" for name in NAMES), "payouts-left.csv", "payouts-lines.csv"]
        )
        assert min(map(len, held(into).values())) > 1_000
        found.add(hashlib.sha256(repr(held(into)).encode()).hexdigest())
    assert len(found) == 1


@pytest.mark.req("R6")
def test_companies_decided_together_are_decided_as_each_by_itself(companies: Path) -> None:
    cases = read_cases(companies, Policy(terms=True))
    everything = Wanted(findings=True, evidence=True)
    assert len(cases) > 1
    together = decided(cases, everything, lambda *_: None)
    assert together == [decided([case], everything, lambda *_: None)[0] for case in cases]
    assert together == decided(list(reversed(cases)), everything, lambda *_: None)[::-1]


def test_a_second_process_is_only_begun_where_it_gains_something(companies: Path, tmp_path: Path) -> None:
    cases = read_cases(companies, Policy())
    assert not matching.is_worth_it(cases)
    assert matching.is_worth_it(cases * 20)
    assert not matching.is_worth_it(read_cases(lay_out(tmp_path / "in"), Policy()))


def test_the_evidence_of_a_fault_names_no_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = spoilt("payments.csv", 3, "2026-03-21,USD", "Somebody Else,USD")
    folder = lay_out(tmp_path / "in", payments=lines)
    assert run(["match", "--in", str(folder), "--out", str(tmp_path / "out.csv")]) == 2
    assert "Somebody" not in capsys.readouterr().err
