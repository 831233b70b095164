"""Whose pace counts: the person's, the adapter's, or the one of a process that talks to nothing real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.quickbooks import spec
from adapters.quickbooks.settings import CALLS_PER_MINUTE_MAX, Settings
from connector.app.house import House
from connector.config import Config
from connector.model.source import CompanyId, ConnectionId
from connector.ports import AdapterSpec, Pace
from connector.store.budget import SharedBudget
from connector.transport import TokenBucket
from tests.clocks import FakeClock

ACME = CompanyId("acme")
BOOKS = ConnectionId("quickbooks")
NEAR = "http://127.0.0.1:8800"


@dataclass(frozen=True)
class Aimed:
    """Settings without a pace of their own."""

    live: bool


def settings(**changed: str) -> Settings:
    return Settings.parse({"client_id": "c", "client_secret": "s", "realm_id": "1", "refresh_token": "r"} | changed)


def house_of(tmp_path: Path, calls_per_minute: int = 0) -> House:
    config = Config(home=tmp_path, database=str(tmp_path / "store.db"), actor="dana", calls_per_minute=calls_per_minute)
    return House(config, FakeClock())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_of(tmp_path) as opened:
        yield opened


def gap_of(house: House, settings: object, of: AdapterSpec = spec) -> tuple[int, int]:
    """Milliseconds between calls, and how many go at once."""
    budget = house.budget(of, ACME, BOOKS, settings)
    assert isinstance(budget, SharedBudget)
    return budget.gap_us // 1000, budget.burst


def test_the_pace_is_the_adapters_unless_a_person_chose_one(house: House) -> None:
    assert gap_of(house, settings()) == (240, 2)
    assert gap_of(house, settings(calls_per_minute="60")) == (1001, 2)
    assert gap_of(house, settings(calls_per_minute="450")) == (133, 1)
    assert gap_of(house, Aimed(live=True)) == (240, 2)


def test_a_process_may_lower_the_pace_of_real_books_and_never_raise_it(tmp_path: Path) -> None:
    with house_of(tmp_path, 100) as slow:
        assert gap_of(slow, settings()) == (600, 2)
    with house_of(tmp_path, 100_000) as fast:
        assert gap_of(fast, settings()) == (240, 2)
        assert gap_of(fast, settings(calls_per_minute=str(CALLS_PER_MINUTE_MAX))) == (133, 1)
        assert gap_of(fast, object()) == (240, 2), "what does not say that it is a test is taken for real"


def test_a_process_that_talks_to_nothing_real_may_call_as_fast_as_it_is_told_and_writes_nothing_down(
    tmp_path: Path,
) -> None:
    with house_of(tmp_path, 100_000) as house:
        assert isinstance(house.budget(spec, ACME, BOOKS, settings(base_url=NEAR)), TokenBucket)
        assert isinstance(house.budget(spec, ACME, BOOKS, Aimed(live=False)), TokenBucket)


def test_what_the_declaration_says_of_the_pace_is_what_its_settings_begin_with() -> None:
    declared: Pace = spec
    chosen: Pace = settings()
    for name in ("calls_per_minute", "calls_burst", "metered_per_month"):
        assert getattr(declared, name) == getattr(chosen, name)
