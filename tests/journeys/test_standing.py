"""How a company stands is said in every report: how old what it shows is, and what failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.app.house import House
from connector.app.proof import prove
from connector.app.standing import doctor, status
from connector.clock import SystemClock
from connector.dates import Instant
from connector.web.page import render
from tests.journeys.firm import Firm, open_firm


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm that has read everything once, just now."""
    with open_firm(tmp_path_factory.mktemp("firm")) as opened:
        opened.connect_quickly()
        yield opened


class Later(SystemClock):
    """The same clock, some hours on."""

    def __init__(self, hours: int) -> None:
        self._ahead = timedelta(hours=hours)

    def now(self) -> Instant:
        return Instant(super().now() + self._ahead)


@pytest.mark.parametrize("hours", [25, 27])
def test_what_was_not_read_for_more_than_a_day_and_a_bit_is_stale_wherever_it_is_shown(firm: Firm, hours: int) -> None:
    stale = hours > 26
    with House(firm.config(), clock=Later(hours)) as house:
        desk = house.company(None)
        standing = status(desk)
        data = [check for check in doctor(desk) if check.name.endswith(" data")]
        proof = prove(desk)
    assert [each.stale for each in standing.connections] == [stale, stale]
    assert standing.well is not stale
    assert [check.ok for check in data] == [not stale, not stale]
    assert all(("receivables sync" in check.next_step) is stale for check in data)
    assert len([warning for warning in proof.warnings if "may be out of date" in warning]) == (2 if stale else 0)
    assert ("may be out of date" in render([proof], steps=())) is stale
    assert proof.holds, "old data is no disagreement"


def test_how_many_hours_are_too_many_is_a_setting(firm: Firm) -> None:
    config = firm.config().model_copy(update={"stale_after_hours": 48})
    with House(config, clock=Later(27)) as house:
        assert status(house.company(None)).well


@pytest.mark.parametrize("report", ["aging", "today"])
def test_every_report_says_how_old_it_is(firm: Firm, report: str) -> None:
    assert "Data as of 2" in firm.do(report).out


def test_status_is_well_while_nothing_failed_and_everything_was_read(firm: Firm) -> None:
    told = firm.do("status").out
    assert "0 failed: 0 writes refused, 0 unsure, 0 rows of the books in quarantine" in told
    assert "STALE" not in told
