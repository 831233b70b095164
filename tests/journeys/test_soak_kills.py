"""Two daemons and the door of webhooks over one PostgreSQL are killed, stopped past their lease and cut off from it,
while vendors fail and people work: nothing is lost, nothing is there twice, and all is quiet soon after."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from connector.app.books import sync_all
from connector.app.proof import prove
from tests.journeys.soak_kills import SETTLING_TURNS, Harm, Soak, soaked
from tests.journeys.soak_people import Life

SOME_HARM = Harm(pause_seconds=(0.5, 2.5), still_each=12, still_seconds=3, restart_every=10, crash=False, kills_min=20)
ALL_HARM = Harm(pause_seconds=(1.0, 5.0), still_each=60, still_seconds=62, restart_every=20, crash=True, kills_min=301)
"""Who stands still for longer than a lease lasts has lost it when he goes on."""


def held_to_account(soak: Soak, folder: Path) -> None:
    """What must be true when it is over."""
    began = time.monotonic()
    soak.calm()
    turns = soak.turns_until_quiet()
    sys.stdout.write(f"{dict(soak.did)}; faults {sum((d.met for d in soak.doubles.values()), Counter()).total()}; ")
    sys.stdout.write(f"quiet after {turns} turns, {time.monotonic() - began:.0f} s\n")
    assert soak.stop() == [0, 0]
    assert soak.problems() == []
    for company in soak.companies:
        desk = soak.house.company(company)
        assert prove(desk).problems == ()
        again = sync_all(desk, lambda *_: None, again=True)
        assert sum(count.new + count.changed for each in again.values() for count in each.counts.values()) == 0
    said = "".join(each.said for each in (*soak.workers, soak.door))
    assert "Traceback" not in said
    for secret in ("rk_test", "refresh-91500", "standin-secret"):
        assert secret not in said
    assert turns <= 2 + SETTLING_TURNS


@pytest.mark.gate
def test_three_minutes_of_kills_stops_restarts_and_coming_to_rest_lose_and_double_nothing(tmp_path: Path) -> None:
    with soaked(tmp_path, seed=1) as soak:
        with Life(soak, soak.vendors, soak.calls, 5.0):
            soak.harm(165, SOME_HARM)
        held_to_account(soak, tmp_path)
        assert soak.did["database restarted"] >= 2


@pytest.mark.long
@pytest.mark.req("E19")
def test_half_an_hour_with_more_than_three_hundred_kills(tmp_path: Path) -> None:
    with soaked(tmp_path, seed=2) as soak:
        with Life(soak, soak.vendors, soak.calls, 20.0):
            soak.harm(1800, ALL_HARM)
        held_to_account(soak, tmp_path)
        assert soak.did["killed"] > 300
