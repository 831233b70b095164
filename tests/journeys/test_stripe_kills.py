"""A process that reads a Stripe account is killed (SIGKILL, no farewell) and another one goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.model.mirror import Gone
from connector.model.source import Kind
from tests.stripe_rig import CONNECTION
from tests.stripe_worlds import DAY, Account, differing, opened
from tests.unit.store_ground import ACME

KILLED = -signal.SIGKILL
MOMENTS = [("page", 2), ("page", 9), ("statement", 13), ("save", 1), ("statement", 9)]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with opened(tmp_path, seed=3) as made:
        yield made


def read(account: Account, moment: str, count: int) -> int:
    """Read in a process of its own; how it ended."""
    account.later(5)  # or the newest line is as young as the balance, and both are asked for again
    at = account.clock.now().isoformat()
    words = [str(account.books.path), account.server.url, at, moment, str(count)]
    return subprocess.run(
        [sys.executable, "-m", "tests.journeys.stripe_reader", *words], check=False, timeout=120
    ).returncode


@pytest.mark.gate
@pytest.mark.req("S7")
def test_whenever_the_reading_process_is_killed_the_next_ones_end_where_one_that_lived_would(account: Account) -> None:
    for moment, count in MOMENTS:
        assert read(account, moment, count) == KILLED, (moment, count)
        account.steps(4)
    assert read(account, "page", 0) == 0
    assert differing(account.books.records(), account.fresh()) == {}
    assert account.books.store.verify(ACME) == ()


def test_a_process_killed_in_its_sweep_leaves_the_tombstones_to_the_next(account: Account) -> None:
    account.books.sync()
    vanished = account.vanish(told=False)
    account.later(8 * DAY)
    for count in (8, 14):
        assert read(account, "page", count) == KILLED
    assert read(account, "page", 0) == 0
    tombs = {ref.vendor_id for ref, record in account.books.records().items() if isinstance(record, Gone)}
    assert vanished <= tombs
    assert differing(account.books.records(), account.fresh()) == {}


@pytest.mark.long
@pytest.mark.parametrize("moment", ["page", "save", "statement"])
def test_killed_at_the_first_the_second_and_every_further_moment_until_one_lives(account: Account, moment: str) -> None:
    count, ends = 0, 0
    while ends < 2:  # twice, so that a reading after the first one is killed everywhere too
        count += 1
        if read(account, moment, count) == 0:
            assert differing(account.books.records(), account.fresh()) == {}
            ends, count = ends + 1, 0
            account.steps(10)
    assert account.books.store.number(ACME, CONNECTION, Kind.INVOICE) > 0
