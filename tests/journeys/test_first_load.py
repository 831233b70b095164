"""How much is asked of the vendors until everything is here, and how long it takes; after that only what changed."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import pytest

from connector.app import setup
from connector.app.books import sync_all
from connector.app.house import House
from tests.journeys.firm import Firm, Ran, run_command
from tests.journeys.full_shelves import Full, calls, full, refused, shelved, something_happens

SOME, SOME_DAYS, MANY = 150, 4, 10_000
AT_THE_PROCESSOR = 100
CHANGES = 100
FIRST_SECONDS_MAX, LATER_SECONDS_MAX = 180, 5


def connect(firm: Firm) -> None:
    for system, double in firm.doubles.items():
        settings = double.stand_in.settings(firm.world, double.url)
        given = {f"RECEIVABLES_{system.upper()}_{name.upper()}": value for name, value in settings.items()}
        typed(firm, "connect", system, "--zone", firm.world.zone, **given)


def connect_quickly(firm: Firm) -> None:
    """In this process, as fast as the processor allows anybody, and read all."""
    with House(firm.config()) as house:
        for system, double in firm.doubles.items():
            values = dict(double.stand_in.settings(firm.world, double.url))
            if system == "stripe":
                values["calls_per_second"] = "25"
            wish = setup.Wish(system=system, company=None, zone=firm.world.zone, values=values, allow_writes=False)
            setup.connect(house, wish)
        sync_all(house.company(None), lambda *_: None)


def typed(firm: Firm, *arguments: str, **environment: str) -> Ran:
    """A command as its user types it: a program of its own, with nothing set that is not usual."""
    ran = run_command(firm.home, arguments, environment, cold=True, seconds=2 * FIRST_SECONDS_MAX)
    assert ran.code == 0, f"{arguments}: {ran.code}\n{ran.out}\n{ran.err}"
    return ran


def took(firm: Firm, *command: str) -> float:
    began = time.monotonic()
    typed(firm, *command)
    seconds = time.monotonic() - began
    print(f"{' '.join(command)}: {seconds:.1f} s")  # noqa: T201
    return seconds


def everything_is_here(firm: Firm, what: Full) -> None:
    with firm.desk() as desk:
        seen = desk.snapshot()
    assert len(seen.invoices) == what.invoices
    assert len(seen.payments) == 2 * what.invoices
    assert len(seen.payouts) == what.payouts


def test_everything_is_asked_for_in_whole_pages_and_a_later_look_asks_for_what_changed_alone(tmp_path: Path) -> None:
    what = full(SOME, SOME_DAYS)
    with shelved(tmp_path, what, slowly=False) as firm:
        connect_quickly(firm)
        everything_is_here(firm, what)
        read = calls(firm, "stripe")
        for path in ("charges", "payment_intents"):
            assert ceil(SOME / AT_THE_PROCESSOR) <= read.count(f"/v1/{path}") <= 2 * ceil(SOME / AT_THE_PROCESSOR) + 2
        before = {name: len(calls(firm, name)) for name in firm.doubles}
        something_happens(firm, CHANGES)
        firm.sync_quickly()
        with firm.desk() as desk:
            seen = desk.snapshot()
        assert (len(seen.invoices), len(seen.payments)) == (SOME + CHANGES // 2, 2 * SOME + CHANGES // 2)
        assert calls(firm, "quickbooks")[before["quickbooks"] :] == ["/v3/cdc"]
        asked = Counter(calls(firm, "stripe")[before["stripe"] :])
        lists = ("events", "charges", "payment_intents", "invoice_payments", "balance", "balance_transactions")
        assert asked.keys() == {f"/v1/{name}" for name in lists}
        assert asked.total() <= CHANGES // 5


@dataclass(frozen=True)
class Loaded:
    """What it took: seconds of each look, how often either vendor refused, and what the later look asked for."""

    first: float
    later: float
    refused: int
    asked: dict[str, list[str]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Everything, then a hundred changes, each by `receivables sync`; all of it is here in the end."""
    what = full(MANY)
    with shelved(tmp_path_factory.mktemp("full"), what, slowly=True) as firm:
        connect(firm)
        first = took(firm, "sync")
        everything_is_here(firm, what)
        before = {name: len(calls(firm, name)) for name in firm.doubles}
        something_happens(firm, CHANGES)
        later = took(firm, "sync")
        with firm.desk() as desk:
            assert len(desk.snapshot().payments) == 2 * MANY + CHANGES // 2
        asked = {name: calls(firm, name)[number:] for name, number in before.items()}
        return Loaded(first, later, refused(firm), asked)


@pytest.mark.long
@pytest.mark.req("F44")
def test_ten_thousand_invoices_and_their_payments_are_here_in_three_minutes_and_a_later_look_reads_the_changes_alone(
    loaded: Loaded,
) -> None:
    assert loaded.first < FIRST_SECONDS_MAX
    assert loaded.refused == 0
    assert loaded.asked["quickbooks"] == ["/v3/cdc"]
    assert len(loaded.asked["stripe"]) <= CHANGES // 5


@pytest.mark.long
@pytest.mark.req("N11")
def test_a_look_at_a_hundred_changes_after_the_first_load_takes_seconds(loaded: Loaded) -> None:
    assert loaded.first < FIRST_SECONDS_MAX
    assert loaded.later < LATER_SECONDS_MAX
