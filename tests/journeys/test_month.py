"""How much of the month's metered reads is used is told before they run out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import setup
from connector.app.house import House
from connector.app.pacing import LONGEST_SECONDS, paced
from connector.app.standing import doctor, status
from connector.ports import Check
from connector.store.budget import account_key
from tests.journeys.firm import Firm, open_firm
from tests.unit.budget_ground import OurPace

ALLOWED = 20
FAST = OurPace(calls_per_minute=60_000, calls_burst=ALLOWED, metered_per_month=ALLOWED)


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Books of which twenty reads in a month are allowed; what the stand-in is asked does not count as one."""
    with open_firm(tmp_path) as opened:
        double = opened.doubles["quickbooks"]
        values = {**double.stand_in.settings(opened.world, double.url), "monthly_calls": str(ALLOWED)}
        with House(opened.config()) as house:
            wish = setup.Wish(
                system="quickbooks", company=None, zone=opened.world.zone, values=values, allow_writes=False
            )
            setup.connect(house, wish)
        yield opened


def reads(firm: Firm, used: int) -> tuple[Check, bool]:
    """The line of the doctor after so many more reads, and whether the status says that little is left."""
    with firm.desk() as desk:
        books = desk.books()
        if used:
            desk.store.budget(*account_key(books), FAST, "The Books").take(used, metered=True)
        (line,) = [check for check in doctor(desk) if check.name == "quickbooks reads"]
        (standing,) = status(desk).connections
        assert standing.spending is not None
        return line, standing.spending.nearly_spent


def test_the_doctor_says_how_many_reads_of_the_month_are_used_and_from_four_fifths_on_what_to_do(firm: Firm) -> None:
    line, nearly = reads(firm, 0)
    assert (line.ok, line.next_step, nearly) == (True, "", False)
    assert line.sentence.startswith("0 of 20 reads of this month (")
    assert reads(firm, 15)[0].ok
    assert "reads of" not in firm.run("status").out
    line, nearly = reads(firm, 1)
    assert (line.ok, nearly) == (False, True)
    assert line.sentence.startswith("16 of 20 reads of this month (")
    assert "connect it again with a higher limit" in line.next_step
    told = firm.run("status").out
    assert "QuickBooks Online: 16 of 20 reads of 2" in told
    assert "receivables doctor" in told


def test_turns_come_further_apart_when_the_months_reads_would_not_last_and_say_so(firm: Firm) -> None:
    with firm.desk() as desk:
        assert paced(desk, LONGEST_SECONDS) == (LONGEST_SECONDS, "")
        seconds, why = paced(desk, 60)
        assert seconds > 60
        assert why.startswith("The next turn comes in ")
        assert why.endswith("so that this month's reads of QuickBooks Online last.")


def test_a_system_that_meters_nothing_has_no_such_line(tmp_path: Path) -> None:
    with open_firm(tmp_path) as firm:
        firm.connect_quickly()
        with firm.desk() as desk:
            assert [check.name for check in doctor(desk) if check.name.endswith(" reads")] == ["quickbooks reads"]
            assert {each.connection.system: each.spending is None for each in status(desk).connections} == {
                "quickbooks": False,
                "stripe": True,
            }
