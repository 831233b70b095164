"""What is kept of turns by whoever hands them out: ids and nothing else, for three days, and no more with time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.model.firm import Actor, Company
from connector.model.source import ActorId, CompanyId
from connector.money import currency
from connector.store import Store
from tests.databases import own_schema
from tests.journeys.engine_rows import Engine, own_database, room_of_the_loop, told_to_turn

CANARY = "Canary Bakery"
COMPANIES = [CompanyId(f"c{number:02}") for number in range(25)]


@pytest.fixture
def engine(postgres: str) -> Iterator[Engine]:
    with closing(Store.open(own_schema(postgres), SystemClock())) as store:
        for company in COMPANIES:
            made = Company(company_id=company, name=CANARY, home_currency=currency("USD"), zone="UTC")
            store.add_company(made, Actor(company_id=company, actor_id=ActorId("ana"), name=CANARY))
        yield Engine(store=store, url=own_database(postgres))


def soaked(engine: Engine, *, real: int, days: int, a_day: int) -> list[int]:
    """Real turns, then days with so many; the bytes that DBOS's tables take at the end of each day."""
    sizes = []
    with engine.dispatching():
        engine.give_turns(COMPANIES, real)
        first = _only_ids(engine)
        assert first >= real * len(COMPANIES)
        engine.keep_as_patterns()
        for day in range(1, days + 1):
            for _ in range(4):
                engine.pass_hours(6, a_day // 4)
            turns, size = engine.size()
            assert turns == min(day, 3) * a_day + (first if day < 3 else 0)
            sizes.append(size)
    return sizes


def _only_ids(engine: Engine) -> int:
    """A turn's name is its company, its number and its minute; it was told its company, and answered nothing.
    How many there are."""
    kept = engine.kept()
    assert CANARY not in str(kept)
    rows = kept.pop("workflow_status")
    names = [str(row["workflow_uuid"]) for row in rows]
    assert {name.partition(":")[0] for name in names} == set(COMPANIES)
    assert all(part.isdecimal() for name in names for part in name.split(":")[1:])
    used = {column: {row[column] for row in rows} for column in rows[0]}
    words = {column: values for column, values in used.items() if any(isinstance(value, str) for value in values)}
    assert words.keys() == {
        *("workflow_uuid", "status", "name", "executor_id", "application_version", "application_id", "queue_name"),
        *("serialization", "application_name", "creator_xid"),
    }
    inputs, outputs = kept.pop("workflow_input"), kept.pop("workflow_output")
    for row in inputs:
        company = str(row["workflow_uuid"]).partition(":")[0]
        assert told_to_turn(row["inputs"]) == {"args": (company,), "kwargs": {}}
    assert {(told_to_turn(row["output"]), row["error"]) for row in outputs} == {(None, None)}
    assert {table: len(rows) for table, rows in kept.items() if rows} == {
        "application_versions": 1,
        "dbos_migrations": 1,
        "queues": 1,
    }
    return len(names)


@pytest.mark.gate
def test_dbos_keeps_ids_alone_and_those_for_three_days_and_takes_no_more_room_with_time(engine: Engine) -> None:
    sizes = soaked(engine, real=4, days=12, a_day=1_000)
    assert max(sizes[4:]) <= 1.5 * sizes[3], sizes


@pytest.mark.gate
def test_nothing_that_a_fault_in_a_turn_says_comes_into_what_dbos_keeps(engine: Engine) -> None:
    engine.wrong = ValueError(CANARY)
    engine.store.wake(COMPANIES[0], "begin")
    with engine.dispatching():
        engine.wait_until_all_are("SUCCESS")
        kept = engine.kept()
    assert CANARY not in str(kept)
    assert [(told_to_turn(row["output"]), row["error"]) for row in kept["workflow_output"]] == [(None, None)]


def test_the_loop_takes_no_more_room_with_time(tmp_path: Path) -> None:
    first, *_, last = room_of_the_loop(tmp_path, 5, 200)
    assert last == first


@pytest.mark.long
@pytest.mark.req("E7")
def test_a_million_turns_leave_ids_for_three_days_and_take_no_more_room_than_the_first_days(
    engine: Engine, tmp_path: Path
) -> None:
    """A month of DBOS; of the loop, which keeps a row for each company and no other, a tenth of it."""
    sizes = soaked(engine, real=40, days=31, a_day=33_000)
    print("\nDBOS, MB at the end of each day:", *(f"{size / 1e6:.0f}" for size in sizes))  # noqa: T201 - its figures
    assert engine.copied + 40 * len(COMPANIES) > 1_000_000
    assert max(sizes[10:]) <= 1.1 * max(sizes[:10])
    rooms = room_of_the_loop(tmp_path, 50, 100_000)
    print("The loop, kB after each tenth:", *(f"{size / 1e3:.0f}" for size in rooms))  # noqa: T201 - its figures
    assert rooms[-1] == rooms[0]
