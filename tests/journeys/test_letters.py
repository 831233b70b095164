"""A write that was refused waits with its cause until a person says try again, or let it be; nobody is told twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.firm import Firm, open_firm


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """One entry was refused at a turn of its own, and is listed."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        opened.do("plan")
        opened.do("apply", "--yes")
        opened.do("review", "confirm", "ch_walk_3")
        opened.do("autosync", "on", "--yes")
        opened.faults("quickbooks", "POST /v3/company/*/payment 1 status-before 400")
        opened.run("run", "--once")
        yield opened


def letters(firm: Firm) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(firm.run("letters", "--json").out)
    return found


def test_what_is_tried_again_is_written_once_and_the_letter_is_gone(firm: Firm) -> None:
    (letter,) = letters(firm)
    assert letter["cause"]
    assert f"receivables letters retry {letter['op_id']}" in letter["next_step"]
    firm.run("run", "--once")
    assert firm.open_balances()["W-2"] == 80, "it is not tried by itself"
    assert "stands in the next plan again" in firm.do("letters", "retry", letter["op_id"]).out
    assert firm.do("run", "--once").code == 0
    assert firm.open_balances()["W-2"] == 0
    assert letters(firm) == []
    assert firm.run("letters", "retry", letter["op_id"]).code == 2


def test_what_is_dropped_is_not_tried_by_itself_and_nobody_is_told_of_it_any_more(firm: Firm) -> None:
    (letter,) = letters(firm)
    assert firm.run("autosync", "status").code == 1
    assert "stays listed until it is settled" in firm.do("letters", "drop", letter["op_id"]).out
    assert firm.do("run", "--once").code == 0
    assert firm.open_balances()["W-2"] == 80
    assert firm.do("letters").code == 0
