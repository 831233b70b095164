"""Two workers, one killed in the middle of a turn: nobody works beside another, and the dead one's company goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.model.source import CompanyId
from tests.clocks import FakeClock
from tests.databases import own_schema
from tests.unit.store_ground import ready
from tests.unit.turn_taker import LEASE_SECONDS

COMPANIES = [CompanyId(f"c{number:02}") for number in range(12)]
BEGIN_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Ground:
    """A database, and what workers are told of it."""

    address: str
    ledger: Path
    url: str = ""

    def worker(self) -> subprocess.Popen[bytes]:
        more = [self.url] if self.url else []
        command = [sys.executable, "-m", "tests.unit.turn_taker", self.address, str(self.ledger), "0.05", *more]
        return subprocess.Popen(command)


def until(done: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for it; how long it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, what
        time.sleep(0.02)
    return time.monotonic() - began


def turns(ledger: Path) -> list[list[str]]:
    path = ledger / "turns"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(params=["loop-sqlite", "loop-postgresql", "dbos-sqlite", "dbos-postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    kind, database = request.param.split("-")
    if database == "sqlite":
        address, url = str(tmp_path / "store.db"), f"sqlite:///{tmp_path / 'turns.db'}"
    else:
        url = request.getfixturevalue("postgres")
        address = own_schema(url)
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    return Ground(address=address, ledger=ledger, url=url if kind == "dbos" else "")


@pytest.mark.req("E2", "E3")
@pytest.mark.parametrize(
    "times",
    [pytest.param(1, marks=pytest.mark.gate), pytest.param(25, marks=pytest.mark.long)],
)
def test_a_worker_killed_in_mid_turn_is_taken_over_in_time_and_no_two_work_on_one_company(
    ground: Ground, times: int
) -> None:
    """Twenty-five times with each runner on each database are a hundred."""
    ledger = ground.ledger
    with ready(ground.address, FakeClock()) as store:
        for company in COMPANIES:
            store.wake(company, "begin")
        first, second = ground.worker(), ground.worker()
        waits = []
        try:
            until(lambda: len({line[1] for line in turns(ledger)}) == 2, BEGIN_SECONDS_MAX, "both work")
            for _ in range(times):
                dead = first.pid
                until(
                    lambda dead=dead: any(  # type: ignore[misc]
                        path.read_text().endswith(f":{dead}") for path in ledger.glob("*.now") if path.exists()
                    ),
                    BEGIN_SECONDS_MAX,
                    "it is in the middle of a turn",
                )
                os.kill(dead, signal.SIGKILL)
                first.wait()
                mine = [path.stem for path in ledger.glob("*.now") if path.read_text().endswith(f":{dead}")]
                at = time.time()
                waits += [
                    until(
                        lambda company=company, at=at: any(  # type: ignore[misc]
                            line[0] == company and float(line[2]) > at for line in turns(ledger)
                        ),
                        LEASE_SECONDS + 5,
                        f"{company} goes on",
                    )
                    for company in mine
                ]
                first, second = second, ground.worker()
                seen = len(turns(ledger))
                until(
                    lambda seen=seen, pid=second.pid: any(  # type: ignore[misc]
                        line[1] == str(pid) for line in turns(ledger)[seen:]
                    ),
                    BEGIN_SECONDS_MAX,
                    "the new one works",
                )
            until(lambda: {line[0] for line in turns(ledger)} == set(COMPANIES), BEGIN_SECONDS_MAX, "each has a turn")
        finally:
            for each in (first, second):
                each.kill()
                each.wait()
    sys.stdout.write(f"{times} kills, taken over within {max(waits, default=0):.1f} s\n")
    assert waits, "none was killed in the middle of a turn"
    assert list(ledger.glob("*.met")) == []
