"""Whatever stops the reading is told by the turn that meets it, counted where anybody looks, and told when over."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.firm import Firm, open_firm

DAY = 24 * 3600
ENDED = {
    "quickbooks": "* /v3/* 0 answer-before expired\nPOST /oauth2/* 0 answer-before invalid-grant",
    "stripe": "* /v1/* 0 answer-before unauthorized",
}
"""What each system answers when its access was taken back, or has run out."""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Turns are on, nothing is written by them, and messages are lines in a file."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly(allow_writes=False)
        opened.do("autosync", "on", "--dry-run")
        opened.do("notify", "add", "lines", "--kind", "file", RECEIVABLES_NOTIFY_ADDRESS=str(tmp_path / "lines"))
        yield opened


def lines(firm: Firm) -> list[dict[str, Any]]:
    """The messages, without the one by which the channel was tried."""
    found = [json.loads(line) for line in (firm.home.parent / "lines").read_text().splitlines()]
    return [each for each in found if each["condition"] != "test"]


def told(firm: Firm) -> list[tuple[str, bool]]:
    """Which conditions were told, and whether each message says that it is over."""
    return [(each["condition"], each["over"]) for each in lines(firm)]


def turn(firm: Firm) -> list[tuple[str, bool]]:
    """What is told by another turn."""
    before = len(told(firm))
    firm.run("run", "--once")
    return told(firm)[before:]


def access_that_ended_is_told_by_the_first_turn_that_meets_it_and_counted_until_it_is_back(
    firm: Firm, system: str
) -> None:
    assert turn(firm) == []
    assert firm.run("status").code == 0
    firm.faults(system, ENDED[system])
    assert turn(firm) == [("turns", False)]
    seen = firm.run("status", "--json")
    assert seen.code == 1
    assert seen.json["failed"] >= 1
    assert f"receivables connect {system}" in lines(firm)[-1]["next_step"]
    assert firm.run("autosync", "status").code == 1
    firm.doubles[system].clear_faults()
    assert turn(firm) == [("turns", True)]
    assert firm.run("status").code == 0


def a_system_not_read_for_too_long_raises_an_alarm_once_and_once_when_it_is_read_again(firm: Firm) -> None:
    aged(firm, hours=40)
    firm.faults("quickbooks", "GET /v3/* 0 status-before 403")
    said = turn(firm) + turn(firm)
    assert said.count(("stale quickbooks", False)) == 1
    seen: Any = firm.run("status", "--json").json
    assert {each["connection"]["system"]: each["stale"] for each in seen["connections"]} == {
        "quickbooks": True,
        "stripe": False,
    }
    firm.doubles["quickbooks"].clear_faults()
    assert turn(firm).count(("stale quickbooks", True)) == 1


def aged(firm: Firm, *, hours: int) -> None:
    """Everything was read so many hours earlier."""
    with closing(sqlite3.connect(firm.config().database)) as db, db:
        db.execute("UPDATE cursor SET whole_at = whole_at - ?", (hours * 3_600_000_000,))


def a_reading_that_is_killed_while_its_token_is_changed_costs_no_connection(firm: Firm) -> None:
    double = firm.doubles["quickbooks"]
    intuit: Any = double.stand_in
    intuit.conduct = replace(intuit.conduct, grace_seconds=DAY)
    double.behind(lambda: intuit.expire(firm.world.realm))
    firm.faults("quickbooks", "POST /oauth2/* 1 slow-answer 5")
    before = renewals(firm)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEIVABLES_")}
    command = [sys.executable, "-m", "connector", "sync", "quickbooks"]
    process = subprocess.Popen(command, env={**kept, "RECEIVABLES_HOME": str(firm.home)}, stdout=subprocess.DEVNULL)
    while renewals(firm) == before:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert renewals(firm) == before + 1, "there the pair has changed already, here nobody knows the new one"
    firm.do("sync", "quickbooks")
    assert firm.run("status").code == 0


def renewals(firm: Firm) -> int:
    return sum(path.startswith("/oauth2/") for _, path, _ in firm.doubles["quickbooks"].calls)


@pytest.mark.gate
@pytest.mark.req("M16")
def test_no_connection_ends_or_grows_stale_unsaid_and_none_is_lost_by_a_kill_while_its_token_is_changed(
    firm: Firm,
) -> None:
    for system in ENDED:
        access_that_ended_is_told_by_the_first_turn_that_meets_it_and_counted_until_it_is_back(firm, system)
    a_system_not_read_for_too_long_raises_an_alarm_once_and_once_when_it_is_read_again(firm)
    a_reading_that_is_killed_while_its_token_is_changed_costs_no_connection(firm)
