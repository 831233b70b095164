"""The whole product beside systems that go wrong: every invariant, in as many worlds as there are seeds.

`test_written_once` proves the write protocol by itself, against seven natures of the other side, and that each of its
parts is needed; here the real adapters, the readings, the plan and the webhooks take part, with QuickBooks and Stripe
as their stand-ins play them.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.quickbooks.standin.intuit import TOKENS
from tests.clocks import FakeClock
from tests.laws.test_written_once import IN_MEMORY
from tests.laws.wire import ACTED, MORE_OF_NOTHING, UNACTED
from tests.laws.wired_laws import wrong
from tests.laws.wired_world import VERIFIER, Firm, opened

BEGINS = "2026-03-20T12:00:00Z"
FEW, SHARE, SEEDS, NIGHTLY = 3, 50, 500, 20_000
SECRETS = ("standin-secret", "rk_test_", "access-9", "refresh-9", VERIFIER)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as made:
        yield Path(made)


class Heard(logging.Handler):
    """Everything that is logged, as it would be read."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


@pytest.fixture
def heard() -> Iterator[Heard]:
    hearing, log = Heard(), logging.getLogger("receivables")
    log.addHandler(hearing)
    yield hearing
    log.removeHandler(hearing)


def told(database: Path) -> Iterator[str]:
    """Every row of the database, as text."""
    with sqlite3.connect(database) as held:
        names = [name for (name,) in held.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            for row in held.execute(f"SELECT * FROM {name}"):  # noqa: S608 - the names are the database's own
                yield f"{name}: {row}"


def leaked(texts: list[str]) -> list[str]:
    """I9: where a secret stands."""
    return [text[:200] for text in texts if any(secret in text for secret in SECRETS)]


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(FEW), id="a few"),
        *(
            pytest.param(
                range(at, min(at + SHARE, SEEDS)),
                id=f"from {at}",
                marks=pytest.mark.gate if at == FEW else pytest.mark.long,
            )
            for at in range(FEW, SEEDS, SHARE)
        ),
        *(
            pytest.param(range(at, at + 1000), id=f"nightly from {at}", marks=pytest.mark.long)
            for at in range(0, NIGHTLY, 1000)
        ),
    ],
)
def test_whatever_goes_wrong_every_invariant_holds(folder: Path, heard: Heard, seeds: range) -> None:
    suffered: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for seed in seeds:
        clock = FakeClock(BEGINS)
        with opened(folder, clock) as house:
            firm = Firm(house, clock, seed)
            firm.live()
            assert wrong(firm) == [], f"seed {seed}"
        met += firm.met + Counter({"taken over": firm.takeovers})
        for wire in firm.wires.values():
            suffered += wire.suffered
            suffered["renewed"] += sum(call.path == TOKENS for _, call in wire.calls)
    assert leaked([*told(folder / "receivables.db"), *heard.lines]) == []
    sys.stdout.write(f"{len(seeds)} worlds; met {dict(met)}; suffered {dict(suffered.most_common())}\n")
    assert met["died"]
    if len(seeds) >= SHARE:
        assert {*ACTED, *UNACTED, "late", "renewed", MORE_OF_NOTHING} <= set(suffered)
        assert met["taken over"]
