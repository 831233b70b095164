"""A turn is cut short: by a pause, by a polite word, by a kill and a new release. Nothing is lost, nothing is twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import switching
from connector.app.house import Desk, House
from connector.app.ticking import tick
from connector.model.source import CompanyId
from tests.journeys.firm import KILLED, Firm, open_firm
from tests.journeys.test_unattended import Daemon
from tests.journeys.test_upgrade import WORLD, upgraded

TURN_SECONDS = 60.0


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """A person has applied a plan and was cut off after its first line; turns come by themselves since."""
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        opened.do("plan")
        assert opened.run("apply", "--yes", crash_at="post.done").code == KILLED
        with opened.desk() as desk:
            switching.switch_on(desk, switching.Wanted())
        lines = str(tmp_path / "lines")
        opened.do("notify", "add", "lines", "--kind", "file", RECEIVABLES_NOTIFY_ADDRESS=lines)
        yield opened


def turn(house: House, desk: Desk) -> None:
    tick(house, desk.id, TURN_SECONDS, lambda: None)


def marks(firm: Firm) -> list[str]:
    """The marks of ours in the books."""
    found = [*firm.marked("Payment", "PrivateNote"), *firm.marked("Purchase", "PrivateNote")]
    return [each["PrivateNote"] for each in found]


def all_written_once(firm: Firm) -> None:
    assert set(firm.open_balances().values()) == {0}
    assert len(marks(firm)) == len(set(marks(firm))) == 6


@pytest.mark.req("E6")
def test_a_pause_in_mid_turn_lets_one_more_call_pass_at_most_tells_nobody_and_loses_nothing(firm: Firm) -> None:
    writes_at_pause: list[int] = []

    def writes() -> int:
        return sum(call.method == "POST" and call.path.startswith("/v3/") for call in firm.heard)

    with House(firm.config()) as house:
        desk = house.company(None)

        def paused_after_the_first(point: str) -> None:
            if point == "post.done" and not writes_at_pause:
                firm.do("pause")
                writes_at_pause.append(writes())

        house.boundary = paused_after_the_first
        turn(house, desk)
        assert writes_at_pause, "nothing was written at all"
        assert writes() - writes_at_pause[0] <= 1
        after = house.store.turn(desk.id)
        assert (after.failed, after.failures) == (False, 0)
        turn(house, desk)
        assert writes() - writes_at_pause[0] <= 1
        assert house.store.alarms(desk.id) == ()
        firm.do("resume")
        turn(house, house.company(None))
    all_written_once(firm)
    told = [json.loads(line) for line in (firm.home.parent / "lines").read_text().splitlines()]
    assert {each["condition"] for each in told} == {"test"}


@pytest.mark.req("E6")
@pytest.mark.parametrize("point", ["post.sending", "post.sent"])
def test_a_release_with_another_schema_goes_on_with_the_turn_that_was_killed_in_the_old_one(
    firm: Firm, tmp_path: Path, point: str
) -> None:
    assert firm.run("run", "--once", crash_at=point).code == KILLED
    with House(firm.config()) as house:
        # As the loop had it when it was killed: taken, and never given back.
        house.store.wake(CompanyId(house.company(None).id), "the daemon began")
        assert house.store.claim("elsewhere/pid:[1]:1", 0.0) is not None
    with upgraded(firm, tmp_path) as desk:
        claim = desk.store.claim("here", TURN_SECONDS)
        assert claim is not None
        assert claim.company == desk.id
        turn(desk.house, desk)
        desk.store.done(claim, in_ms=None)
        turn(desk.house, desk)
    all_written_once(firm)


@pytest.mark.gate
@pytest.mark.req("E6")
def test_a_polite_word_ends_the_daemon_within_ten_seconds_though_a_vendor_does_not_answer(firm: Firm) -> None:
    firm.faults("quickbooks", "GET /v3/* 1 slow 12")
    heard = len(firm.heard)
    daemon = Daemon(firm, "slow.log")
    daemon.waits_for("1 company has turns")
    assert daemon.stop() == 0, "it was given ten seconds"
    assert len(firm.heard) >= heard
    firm.do("run", "--once")
    all_written_once(firm)


@pytest.mark.gate
@pytest.mark.req("E4")
def test_a_daemon_a_command_and_a_restart_that_overlaps_write_everything_once(firm: Firm) -> None:
    firm.faults("quickbooks", "POST /v3/company/*/payment 1 slow 2")
    first = Daemon(firm, "first.log")
    first.waits_for("1 company has turns")
    assert firm.run("apply", "--yes").code in (0, 5), "it waits for its turn, or says who works"
    second = Daemon(firm, "second.log")
    second.waits_for("Another daemon works on this database")
    assert first.stop() == 0
    second.waits_for("1 company has turns")
    until = time.monotonic() + TURN_SECONDS
    while set(firm.open_balances().values()) != {0} or len(marks(firm)) < 6:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert second.stop() == 0
    all_written_once(firm)
