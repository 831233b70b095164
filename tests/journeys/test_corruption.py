"""One cent shifted anywhere in a vendor's books is found, and its row is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.app.agreeing import sentence
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.house import House
from connector.app.proof import Proof, prove
from connector.clock import SystemClock
from connector.dates import day_of, later, zone
from connector.reconcile.agreement import next_step
from connector.testing.demo_world import demo_world
from connector.testing.worlds import parse
from tests.journeys.firm import WALK, Firm, open_firm

SEEDS = 14
"""More than there are figures in the small world of either double."""

NAMES = re.compile(r"\b(?:[A-Z]{1,5}-\d+|[a-z]{2,4}_\w+|[A-Z2-7]{20})\b")
"""Document numbers, vendor ids and our own marks as the doubles name them."""


def found_and_named(folder: Path, world: str, system: str, seed: int) -> None:
    with open_firm(folder, world) as firm:
        where = firm.doubles[system].stand_in.corrupt(seed)
        firm.connect_quickly()
        with House(firm.config()) as house:
            desk = house.company(None)
            proof = prove(desk)
        firm.doubles[system].problems.clear()
    assert not proof.holds, where
    located(proof, where)


def located(proof: Proof, where: str) -> None:
    """What was shifted is named by the differences that contradict; each has one of the six kinds and a next step."""
    told = [(sheet, each) for sheet, each in proof.report.differences if not sheet.waits(each)]
    sentences = " ".join(sentence(sheet, each) for sheet, each in told)
    named = [name for name in NAMES.findall(where) if not name.startswith("acct_")]
    totals = ("ccounts receivable", "alance of stripe", "Stripe Clearing")
    said = [name in sentences for name in named or totals]
    assert any(said), f"{where}\n{sentences}"
    assert all(next_step(each) for _, each in told)
    assert all(sheet.agreement.unexplained == () for sheet in proof.report.sheets)


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


def put_right(firm: Firm, system: str, where: str) -> None:
    """Take the shift out of the double again."""
    double: Any = firm.doubles[system].stand_in
    if system == "quickbooks":
        for company in double._companies.values():
            for entity, vendor_id in company.shifts:
                company.records[entity][vendor_id].text = None
            company.shifts.clear()
        return
    ledger = double.ledger(firm.world.stripe_account)
    ledger.balance_shift.clear()
    found = re.match(r"The (\w+) of (\w+) (\w+) of \S+ is (-?\d+) instead of (-?\d+)", where)
    if found is not None:
        ledger.get(found[2], found[3])[found[1]] = int(found[5])


@pytest.mark.req("M8")
@pytest.mark.parametrize("system", ["quickbooks", "stripe"])
def test_one_cent_anywhere_in_books_that_are_posted_and_proven_is_located_and_gone_when_it_is_put_right(
    tmp_path: Path, system: str
) -> None:
    with open_firm(tmp_path) as firm:
        firm.connect_quickly()
        with House(firm.config()) as house:
            desk = house.company(None)
            apply_plan(desk, make_plan(desk), lambda *_: None, lambda *_: None)
            sync_all(desk, lambda *_: None)
            assert not prove(desk).problems
            for seed in range(SEEDS):
                where = firm.doubles[system].stand_in.corrupt(seed)
                sync_all(desk, lambda *_: None, again=True)
                located(prove(desk), where)
                put_right(firm, system, where)
            sync_all(desk, lambda *_: None, again=True)
            assert not prove(desk).problems
        firm.doubles[system].problems.clear()


def test_one_unit_too_much_in_a_wallets_balance_is_found_and_named(tmp_path: Path) -> None:
    today = day_of(SystemClock().now(), zone("America/New_York"))
    paid = f"{later(today, -9)}  payment  PP-1  Acme Bakery  120.00 USD  by paypal  in paypal\n"
    with open_firm(tmp_path, WALK.read_text(encoding="utf-8") + paid) as firm:
        firm.connect_quickly()
        where = firm.doubles["paypal"].stand_in.corrupt(0)
        with firm.desk() as desk:
            sync_all(desk, lambda *_: None)
            problems = prove(desk).problems
    assert "holds one unit more" in where
    assert ["balance of paypal" in each.lower() and "0.01 USD" in each for each in problems] == [True], problems
