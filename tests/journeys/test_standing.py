"""How a company stands is said in every report: how old what it shows is, and what failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from connector.app.house import House
from connector.app.proof import prove
from connector.app.standing import doctor, status
from connector.clock import SystemClock
from connector.dates import Instant
from connector.model.finding import Finding, FindingCode
from connector.money import Money, currency
from connector.ports import Page
from connector.testing.standin import Fault
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


REPORTS = ["aging", "today", "reconcile", "plan", "findings"]


@pytest.mark.req("F30")
@pytest.mark.parametrize("report", REPORTS)
def test_every_report_says_how_old_it_is(firm: Firm, report: str) -> None:
    assert "Data as of 2" in firm.do(report).out
    assert firm.do(report, "--json").json["data_as_of"].startswith("2")


@pytest.mark.req("F30")
def test_status_and_the_page_say_how_old_they_are(firm: Firm) -> None:
    assert all(each["data_as_of"].startswith("2") for each in firm.do("status", "--json").json["connections"])
    with firm.desk() as desk:
        assert "Data as of " in render([prove(desk)], steps=())


@pytest.mark.req("F30")
@pytest.mark.parametrize("report", [*REPORTS, "status", "page"])
def test_what_was_not_read_for_too_long_raises_the_alarm_in_every_report(firm: Firm, report: str) -> None:
    before = _aged(firm, hours=40)
    try:
        if report == "page":
            with firm.desk() as desk:
                said = render([prove(desk)], steps=())
        else:
            told = firm.run(report)
            said = told.out + told.err
        assert "may be out of date" in said
        assert "receivables sync" in said
    finally:
        _whole_at(firm, before)


def _aged(firm: Firm, *, hours: int) -> dict[tuple[str, str], int | None]:
    """Everything was read so many hours earlier; returns when it was."""
    held = _whole(firm)
    _whole_at(firm, {key: at - hours * 3_600_000_000 if at is not None else None for key, at in held.items()})
    return held


def _whole(firm: Firm) -> dict[tuple[str, str], int | None]:
    with closing(sqlite3.connect(firm.config().database)) as db:
        return {(a, b): at for a, b, at in db.execute("SELECT connection_id, stream, whole_at FROM cursor")}


def _whole_at(firm: Firm, moments: dict[tuple[str, str], int | None]) -> None:
    with closing(sqlite3.connect(firm.config().database)) as db, db:
        for (connection, stream), at in moments.items():
            where = (at, connection, stream)
            db.execute("UPDATE cursor SET whole_at = ? WHERE connection_id = ? AND stream = ?", where)


def test_a_first_reading_that_was_interrupted_is_no_data_yet_and_nothing_is_planned_from_it(firm: Firm) -> None:
    before = _whole(firm)
    try:
        _whole_at(firm, {("quickbooks", "books"): None})
        told = firm.run("status")
        assert told.code == 1
        assert "first reading not complete" in told.out
        refused = firm.run("plan")
        assert refused.code == 2
        assert "The first reading of QuickBooks Online is not complete yet" in refused.err
        assert "receivables sync" in refused.err
        for report in ("aging", "today", "reconcile"):
            told = firm.run(report)
            assert "Not all of the data was read yet" in told.out
            assert "only a part" in told.err
            assert firm.run(report, "--json").json["data_as_of"] is None
    finally:
        _whole_at(firm, before)


def _seen(amount: Money | None) -> Finding:
    return Finding(
        code=FindingCode.UNKNOWN_VALUE, sentence="It has a strange status.", next_step="Look there.", refs=(),
        amount=amount,
    )  # fmt: skip


@pytest.mark.req("F31")
def test_what_failed_is_counted_on_the_page_and_in_status_and_in_its_exit_code_until_it_is_dismissed(
    firm: Firm,
) -> None:
    with firm.desk() as desk:
        page = Page(records=(), cursor="", more=False, findings=(_seen(Money(100, currency("USD"))),))
        desk.store.save_pages(desk.author("test"), desk.books().connection_id, None, [page])
        (notice,) = status(desk).unread
        shown = render([prove(desk)], steps=())
    assert "1 failed" in shown
    assert "It has a strange status. Look there." in shown
    told = firm.run("status")
    assert told.code == 1
    assert "1 failed: 0 writes refused, 0 unsure, 0 rows of the books in quarantine, 1 seen while reading" in told.out
    assert f"reading {notice.number}  It has a strange status. Look there." in told.out
    said = firm.run("status", "--json")
    assert (said.code, said.json["failed"], said.json["well"]) == (1, 1, False)
    assert "It has a strange status." in firm.do("findings").out
    firm.do("findings", "--dismiss", str(notice.number))
    assert firm.do("status", "--json").json["failed"] == 0
    with firm.desk() as desk:
        assert "0 failed" in render([prove(desk)], steps=())
    assert firm.run("findings", "--dismiss", str(notice.number)).code == 2


def test_a_reading_that_failed_is_told_until_one_goes_well(firm: Firm) -> None:
    double = firm.doubles["quickbooks"]
    double.add_faults(Fault(method="*", path="/v3/*", nth=1, kind="answer-before", argument="forbidden"))
    assert firm.run("sync").code not in (0, 1)
    told = firm.run("status")
    assert told.code == 1
    assert "QuickBooks Online could not be read: " in told.out
    firm.do("sync")
    assert "could not be read" not in firm.do("status").out


def test_status_is_well_while_nothing_failed_and_everything_was_read(firm: Firm) -> None:
    told = firm.do("status").out
    assert "0 failed: 0 writes refused, 0 unsure, 0 rows of the books in quarantine" in told
    assert "STALE" not in told
