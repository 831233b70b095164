"""Money that both sides changed, at the console: three values, and one click that chooses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app.books import apply_plan, make_plan, sync_all
from connector.model.ruling import RulingKind
from tests.journeys.test_conflicts import CHARGE, edited, refunded
from tests.unit.console_ground import MAIN, Ground, console, send, words


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with console(tmp_path) as made:
        with made.desk() as desk:
            apply_plan(desk, make_plan(desk), lambda *_: None, lambda _row: None)
        edited(made.firm)
        refunded(made.firm)
        with made.desk() as desk:
            sync_all(desk, lambda *_: None)
        yield made


def test_both_sides_are_shown_in_three_values_and_one_click_chooses(ground: Ground) -> None:
    paul = ground.signed_in("paul")
    assert "1 amount changed on both sides: choose which stands" in words(paul.get(f"/c/{MAIN}/findings").text)
    page = paul.get(f"/c/{MAIN}/conflicts").text
    assert "amount 120.00 USD 100.00 USD 100.00 USD, 20.00 USD refunded" in words(page)
    shown = dict(re.findall(r'name="(about|entry|mark)" value="([^"]+)"', page))
    assert shown["about"] == f"stripe/payment/{CHARGE}"
    stale = send(paul, "conflicts", **{**shown, "mark": "0" * 64}, side="books")
    assert stale.status_code == 409
    assert send(paul, "conflicts", **shown, side="moon").status_code == 400
    assert send(paul, "conflicts", **shown, side="mine").status_code == 400
    assert send(ground.signed_in("vera"), "conflicts", **shown, side="books").status_code == 403
    assert send(paul, "conflicts", **shown, side="books").status_code == 303
    told = words(paul.get(f"/c/{MAIN}/conflicts").text)
    assert f"Kept for {CHARGE}. No plan touches it any more." in told
    assert "Nothing waits" in told
    assert "the books stand paul" in told
    with ground.desk() as desk:
        (word,) = [each for each in desk.store.rulings(MAIN) if each.by == "paul"]
    assert word.kind is RulingKind.KEEP_BOOKS
