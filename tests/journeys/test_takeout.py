"""Everything of a company in open files: complete, without secrets, and each with its sum."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.journeys.firm import Firm, open_firm


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        opened.do("plan")
        opened.do("apply", "--yes")
        yield opened


def test_what_is_taken_out_is_all_there_equals_the_books_and_holds_no_secret(firm: Firm, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    firm.do("export", str(folder))
    listed = json.loads((folder / "contents.json").read_text())
    assert f"{json.loads(firm.do('verify', '--json').out)['head']}" == listed["head"]
    for each in listed["files"]:
        assert hashlib.sha256((folder / each["name"]).read_bytes()).hexdigest() == each["sha256"]
    assert {path.name for path in folder.iterdir()} == {each["name"] for each in listed["files"]} | {"contents.json"}
    with (folder / "invoice.csv").open(newline="") as file:
        invoices = {row["number"]: Decimal(row["open"]) for row in csv.DictReader(file) if row["number"]}
    assert {number: invoices[number] for number in firm.open_balances()} == firm.open_balances()
    documents = [json.loads(line) for line in (folder / "invoice.documents.jsonl").read_text().splitlines()]
    assert {json.loads(each["document"])["DocNumber"] for each in documents} >= set(firm.open_balances())
    writes = [json.loads(line) for line in (folder / "writes.jsonl").read_text().splitlines()]
    assert len({each["op_id"] for each in writes if each["state"] == "done"}) == len(writes)
    assert "journal.jsonl" in {each["name"] for each in listed["files"] if each["rows"] > 0}
    everything = "".join(path.read_text() for path in folder.iterdir())
    for secret in ("rk_test", "standin-secret", f"refresh-{firm.world.realm}"):
        assert secret not in everything
    assert folder.stat().st_mode & 0o077 == 0


def test_nothing_is_written_over_and_nothing_half_done_is_left(firm: Firm, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    assert firm.run("export", str(there)).code == 2
    assert list(there.iterdir()) == []
    assert firm.run("export", str(tmp_path / "no" / "folder")).code == 5
    assert not (tmp_path / "no").exists()
