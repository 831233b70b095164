"""`receivables run --simulate`: days unattended in doubles where everything goes wrong that can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.cli.simulated import doubled
from tests.journeys.firm import Firm, open_firm, run_command
from tests.journeys.test_undo import people, planned


@pytest.mark.gate
def test_a_day_with_every_fault_on_ends_with_equal_books_and_every_stop_told_once(tmp_path: Path) -> None:
    home, told = tmp_path / "home", tmp_path / "told"
    home.mkdir(mode=0o700)
    said = ("run", "--simulate", "1d", "--seed", "3", "--every", "120", "--told", str(told))
    ran = run_command(home, said, {}, seconds=300)
    assert ran.code == 0, f"{ran.out}\n{ran.err}"
    assert "nothing stands twice" in ran.out
    lines = [json.loads(line) for line in told.read_text().splitlines()]
    turns = [each for each in lines if each["condition"] == "turns"]
    for company in ("harbor", "maple"):
        assert [each["over"] for each in turns if each["company"] == company] == [False, True]
    assert list(home.iterdir()) == [], "nothing of one's own is touched"


def test_what_is_no_number_of_days_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    assert run_command(home, ("run", "--simulate", "soon"), {}).code == 2


def test_what_vanished_from_the_books_is_missed_and_what_we_took_back_ourselves_is_not(tmp_path: Path) -> None:
    with open_firm(tmp_path) as firm:
        firm.connect_quickly()
        made = planned(firm)
        firm.do("apply", "--yes")
        assert told(firm) == []
        people(firm, lambda office: office.delete("Purchase", firm.marked("Purchase", "PrivateNote")[0]["Id"]))
        (gone,) = told(firm)
        assert gone.startswith("expense:stripe/payment/ch_walk_")
        assert gone.endswith(" is done, and stands nowhere.")
        firm.do("undo", made, "--yes")
        firm.run("apply", "--yes")
        assert told(firm) == [gone], "the other entries were taken back by us"
        assert len(firm.marked("Purchase", "PrivateNote")) == 0


def told(firm: Firm) -> list[str]:
    with firm.desk() as desk:
        return list(doubled(desk, firm.doubles.values()))
