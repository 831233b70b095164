"""One cent shifted anywhere in a vendor's books is found, and its row is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app.books import reconcile_all, sync_all
from connector.app.house import House
from connector.app.proof import prove
from connector.clock import SystemClock
from connector.dates import day_of, zone
from connector.testing.demo_world import demo_world
from connector.testing.worlds import parse
from tests.journeys.firm import WALK, open_firm

NAMES = re.compile(r"\b(?:[A-Z]{1,5}-\d+|[a-z]{2,4}_\w+)\b")
"""Document numbers and vendor ids as the doubles name them."""


def found_and_named(folder: Path, world: str, system: str, seed: int) -> None:
    with open_firm(folder, world) as firm:
        where = firm.doubles[system].stand_in.corrupt(seed)
        firm.connect_quickly()
        with House(firm.config()) as house:
            desk = house.company(None)
            proof = prove(desk)
            untied = reconcile_all(desk).ties.findings
        firm.doubles[system].problems.clear()
    assert not proof.holds, where
    sentences = " ".join(finding.sentence for finding in untied)
    named = [name for name in NAMES.findall(where) if not name.startswith("acct_")]
    told = [name in sentences for name in named] or ["Accounts receivable" in sentences or "Balance" in sentences]
    assert any(told), f"{where}\n{sentences}"


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.parametrize("system", ["quickbooks", "stripe"])
def test_one_cent_in_a_small_world_is_found_and_named(tmp_path: Path, system: str, seed: int) -> None:
    found_and_named(tmp_path, WALK.read_text(encoding="utf-8"), system, seed)


def worlds() -> Iterator[str]:
    """Each company of the demo as a world of its own."""
    text = demo_world(day_of(SystemClock().now(), zone("America/New_York")))
    for part in re.split(r"(?m)^(?=company  )", text):
        if part.startswith("company"):
            yield part


@pytest.mark.long
@pytest.mark.parametrize("system", ["quickbooks", "stripe"])
def test_one_cent_anywhere_in_the_demos_companies_is_found_and_named(tmp_path: Path, system: str) -> None:
    for place, world in enumerate(worlds()):
        assert len(parse(world)) == 1
        for seed in range(1, 101):
            folder = tmp_path / f"{place}-{seed}"
            folder.mkdir()
            found_and_named(folder, world, system, seed)


def test_without_a_shifted_cent_the_proof_holds(tmp_path: Path) -> None:
    with open_firm(tmp_path) as firm:
        firm.connect_quickly()
        with House(firm.config()) as house:
            desk = house.company(None)
            sync_all(desk, lambda *_: None)
            assert prove(desk).problems == ()
