"""What is read at once is of one moment, and the threads of a process write one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.errors import StoreLocked
from connector.store import Store
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, page, ready, save, seen


def test_what_a_thread_reads_at_once_is_of_one_moment_whatever_others_store_meanwhile(
    address: str, clock: FakeClock
) -> None:
    with ready(address, clock) as store, Store.open(address, SystemClock(), must_exist=True) as other:
        with store.at_once():
            before = store.head(ACME)
            save(other, page(seen(1)))
            assert other.head(ACME) != before
            assert store.head(ACME) == before
            with ThreadPoolExecutor(1) as thread:
                assert thread.submit(store.head, ACME).result() == other.head(ACME)
        assert store.head(ACME) == other.head(ACME)


def test_many_threads_of_a_process_write_one_after_the_other_and_lose_nothing(address: str, clock: FakeClock) -> None:
    with ready(address, clock) as store:
        first = store.head(ACME)[0]
        with ThreadPoolExecutor(8) as threads:
            numbers = list(threads.map(lambda n: store.journal_append(ACME, "tick", {"n": n}), range(40)))
        assert sorted(numbers) == list(range(first + 1, first + 41))


def test_a_thread_that_keeps_writing_too_long_is_told_of_to_the_one_behind_it(tmp_path: Path, clock: FakeClock) -> None:
    with ready(str(tmp_path / "store.db"), clock) as store:
        store._database.lock_wait_seconds = 0.05
        with (
            store._database.write(),
            ThreadPoolExecutor(1) as thread,
            pytest.raises(StoreLocked, match="kept the database busy"),
        ):
            thread.submit(store.journal_append, ACME, "tick", {}).result()
        store.journal_append(ACME, "tick", {})
