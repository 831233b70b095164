"""Auto-sync: off until it was seen to work, within its bounds, once, and it stops when it is told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.firm import KILLED, Firm, open_firm

WAIT_SECONDS = 30


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Connected and read; nothing was planned yet."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        yield opened


def seen_to_work(firm: Firm) -> None:
    """A person has applied a plan; one payment was waiting for a word, which has been said since."""
    firm.do("plan")
    firm.do("apply", "--yes")
    firm.do("review", "confirm", "ch_walk_3")


def stands(firm: Firm) -> Any:
    (company,) = json.loads(firm.run("autosync", "status", "--json").out)["companies"]
    return company


def test_it_is_off_and_is_not_switched_on_before_a_plan_was_applied_and_proved(firm: Firm) -> None:
    assert stands(firm)["company"]["autosync"]["on"] is False
    refused = firm.run("autosync", "on", "--yes")
    assert refused.code == 2
    assert "No plan was applied for this company yet" in refused.err
    firm.do("run", "--once")
    assert firm.marked("Payment", "PrivateNote") == []


@pytest.mark.gate
def test_a_dry_run_may_always_be_tried_plans_and_writes_nothing(firm: Firm) -> None:
    firm.do("autosync", "on", "--dry-run")
    firm.do("run", "--once")
    firm.do("run", "--once")
    assert firm.marked("Payment", "PrivateNote") == []
    assert "would be written (a dry run)" in stands(firm)["turn"]["waits"]
    assert len(json.loads(firm.do("plans", "--json").out)) == 1, "the same plan is not stored at every turn"


def test_what_is_proved_is_written_once_and_the_next_turn_finds_nothing_new(firm: Firm) -> None:
    seen_to_work(firm)
    firm.do("autosync", "on", "--yes", "--every", "10")
    before = len(firm.marked("Payment", "PrivateNote"))
    firm.do("run", "--once")
    assert len(firm.marked("Payment", "PrivateNote")) == before + 1
    assert firm.open_balances()["W-2"] == 0
    firm.do("run", "--once")
    heard = len(firm.heard)
    firm.do("run", "--once")
    assert len(firm.marked("Payment", "PrivateNote")) == before + 1
    assert (stands(firm)["turn"]["said"], stands(firm)["turn"]["failed"]) == ("Nothing new.", False)
    assert len(firm.heard) - heard <= 6, "three requests of each system at most"
    assert firm.do("prove").code == 0


@pytest.mark.gate
def test_more_than_a_bound_allows_waits_for_a_person(firm: Firm) -> None:
    seen_to_work(firm)
    firm.do("autosync", "on", "--yes", "--per-posting", "79.99 USD")
    firm.do("run", "--once")
    assert firm.open_balances()["W-2"] == 80
    assert "wait for a person" in stands(firm)["turn"]["waits"]
    firm.do("autosync", "on", "--yes", "--per-posting", "off", "--per-day", "80.00 USD")
    firm.do("run", "--once")
    assert firm.open_balances()["W-2"] == 80, "the fee comes on top of the payment"
    firm.do("autosync", "on", "--yes", "--per-day", "82.62 USD")
    firm.do("run", "--once")
    assert firm.open_balances()["W-2"] == 0


def test_paused_nothing_is_written_by_hand_or_by_itself_and_nothing_is_lost_by_it(firm: Firm) -> None:
    seen_to_work(firm)
    firm.do("autosync", "on", "--yes")
    firm.do("pause")
    firm.do("run", "--once")
    firm.do("plan")
    refused = firm.run("apply", "--yes")
    assert (refused.code, "is paused" in refused.err) == (2, True)
    assert firm.open_balances()["W-2"] == 80
    firm.do("resume")
    firm.do("run", "--once")
    assert firm.open_balances()["W-2"] == 0


@pytest.mark.gate
def test_what_was_refused_once_is_not_asked_for_again_at_every_turn(firm: Firm) -> None:
    seen_to_work(firm)
    firm.do("autosync", "on", "--yes")
    firm.faults("quickbooks", "POST /v3/company/*/payment 1 status-before 400")
    firm.run("run", "--once")
    tries = len([call for call in firm.heard if call.method == "POST" and call.path.endswith("/payment")])
    for _ in range(2):
        ran = firm.run("run", "--once")
    assert len([call for call in firm.heard if call.method == "POST" and call.path.endswith("/payment")]) == tries
    assert ran.code == 1, "it shouts as long as a person has not looked"


@pytest.mark.gate
@pytest.mark.parametrize("point", ["sync.connection-done", "apply.rows-stored", "post.sent", "apply.posted"])
def test_killed_in_the_middle_of_a_turn_the_next_one_ends_it_and_nothing_is_there_twice(firm: Firm, point: str) -> None:
    seen_to_work(firm)
    firm.do("autosync", "on", "--yes")
    before = len(firm.marked("Payment", "PrivateNote"))
    assert firm.run("run", "--once", crash_at=point).code == KILLED
    for _ in range(2):
        firm.do("run", "--once")
    assert len(firm.marked("Payment", "PrivateNote")) == before + 1
    assert firm.open_balances()["W-2"] == 0


class Daemon:
    """`receivables run` in a process of its own."""

    def __init__(self, firm: Firm, name: str) -> None:
        self.said = firm.home.parent / name
        kept = {key: value for key, value in os.environ.items() if not key.startswith("RECEIVABLES_")}
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-u", "-m", "connector", "run"],
                env={**kept, "RECEIVABLES_HOME": str(firm.home), "RECEIVABLES_ACTOR": "dana", **firm.environment},
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def waits_for(self, words: str) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while words not in self.said.read_text():
            assert time.monotonic() < until, self.said.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)


@pytest.mark.gate
@pytest.mark.req("E4")
def test_a_second_daemon_says_so_waits_and_takes_over_when_the_first_is_killed(firm: Firm) -> None:
    seen_to_work(firm)
    firm.do("autosync", "on", "--yes")
    first = Daemon(firm, "first.log")
    first.waits_for("1 company has turns")
    second = Daemon(firm, "second.log")
    second.waits_for("Another daemon works on this database")
    first.process.kill()
    first.process.wait()
    second.waits_for("1 company has turns")
    until = time.monotonic() + WAIT_SECONDS
    while firm.open_balances()["W-2"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert second.stop() == 0
    assert "Nothing is lost" in second.said.read_text()
    assert len({each["PrivateNote"] for each in firm.marked("Payment", "PrivateNote")}) == len(
        firm.marked("Payment", "PrivateNote")
    )
