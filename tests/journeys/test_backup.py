"""A copy of everything, proved when it is made; and the way back, after which nothing is written twice."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.journeys.firm import Firm


def test_after_a_copy_is_put_back_what_was_written_since_is_found_by_its_mark_and_not_written_again(
    firm: Firm, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    firm.do("plan")
    heads = json.loads(firm.do("backup", str(copy), "--json").out)["heads"]
    firm.do("apply", "--yes")
    written = firm.marked("Payment", "PrivateNote")
    assert written
    firm.do("restore", str(copy), "--yes")
    assert [f"{json.loads(firm.do('verify', '--json').out)['head']}"] == list(heads.values())
    firm.do("sync")
    firm.run("plan")
    firm.run("apply", "--yes")
    assert firm.marked("Payment", "PrivateNote") == written
    (aside,) = (each for each in firm.home.glob("receivables.db.replaced-*") if each.suffix != "-wal")
    assert aside.stat().st_mode & 0o077 == 0
    assert copy.stat().st_mode & 0o077 == 0


def test_a_copy_is_never_overwritten_and_one_that_is_not_ours_is_never_put_back(firm: Firm, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    assert firm.run("backup", str(there)).code == 2
    assert there.read_text() == "mine"
    before = (firm.home / "receivables.db").read_bytes()
    assert firm.run("restore", str(there), "--yes").code == 5
    assert firm.run("restore", str(tmp_path / "nowhere"), "--yes").code == 2
    assert (firm.home / "receivables.db").read_bytes() == before
    assert firm.run("backup", str(tmp_path / "no" / "folder")).code == 5


def test_a_copy_that_somebody_altered_is_not_put_back(firm: Firm, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    firm.do("backup", str(copy))
    with sqlite3.connect(copy) as altered:
        altered.execute("UPDATE company SET body = replace(body, 'Walkabout', 'Standabout')")
    altered.close()
    refused = firm.run("restore", str(copy), "--yes")
    assert (refused.code, "is not whole" in refused.err) == (1, True)


def test_what_a_copy_is_put_back_from_stays_as_it_is_to_the_last_byte(firm: Firm, tmp_path: Path) -> None:
    copy = tmp_path / "kept" / "copy.db"
    copy.parent.mkdir()
    firm.do("backup", str(copy))
    before = copy.read_bytes()
    firm.do("restore", str(copy), "--yes")
    firm.do("verify")
    assert copy.read_bytes() == before
    assert list(copy.parent.iterdir()) == [copy]


def test_nothing_is_put_back_while_somebody_works(firm: Firm, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    firm.do("backup", str(copy))
    with firm.desk() as desk, desk.lease("books"):
        refused = firm.run("restore", str(copy), "--yes")
    assert (refused.code, "Somebody works" in refused.err) == (2, True)
