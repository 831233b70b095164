"""Killed at any point, the store ends with its last whole page; and writers never shut each other out."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from connector.clock import SystemClock
from connector.model.source import Kind
from connector.store import Store
from tests.clocks import FakeClock
from tests.unit.store_child import pull
from tests.unit.store_ground import ACME, STRIPE, ready

PAGES = 12


def child(*words: object) -> list[str]:
    return [sys.executable, "-m", "tests.unit.store_child", *(str(word) for word in words)]


def content(store: Store) -> list[object]:
    """Everything of the mirror that a fresh pull must give again: all but the time it was seen."""
    return [
        (each.ref, each.version, each.content_hash, each.record, each.gone, store.raw(ACME, each.ref))
        for each in store.records(ACME, Kind.INVOICE, include_gone=True)
    ]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    with ready(str(tmp_path_factory.mktemp("fresh") / "store.db"), FakeClock()) as store:
        pull(store, PAGES)
        return content(store)


@pytest.mark.req("E12")
@pytest.mark.parametrize("statement", range(1, 7))
def test_killed_after_any_statement_of_a_page_nothing_of_it_is_there_and_a_rerun_equals_a_fresh_pull(
    address: str, fresh: list[object], statement: int
) -> None:
    with ready(address, SystemClock()) as store:
        pull(store, 3)
        before = content(store)
        died = subprocess.run(child("pull", address, PAGES, statement), check=False, capture_output=True, timeout=60)
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert store.cursor(ACME, STRIPE, "invoices") == "3"
        assert content(store) == before
        assert store.verify(ACME) == ()
        pull(store, PAGES)
        assert content(store) == fresh
        assert store.verify(ACME) == ()


@pytest.mark.gate
def test_killed_at_moments_of_chance_until_it_is_through_the_store_equals_a_fresh_pull(
    address: str, fresh: list[object]
) -> None:
    chance = random.Random(12)  # noqa: S311 - a seed, so that a failure can be repeated
    kills = 0
    with ready(address, SystemClock()) as store:
        while store.cursor(ACME, STRIPE, "invoices") != str(PAGES):
            before = store.cursor(ACME, STRIPE, "invoices")
            running = subprocess.Popen(child("pull", address, PAGES, 0))
            while store.cursor(ACME, STRIPE, "invoices") == before and running.poll() is None:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.01)
            kills += running.poll() is None
            running.kill()
            running.wait()
            assert store.verify(ACME) == ()
        assert content(store) == fresh
        assert store.rebuild(ACME) == 0
    assert kills


@pytest.mark.gate
def test_four_writers_beside_a_bulk_load_all_get_through(address: str) -> None:
    _writers(address, seconds=1.5)


@pytest.mark.long
@pytest.mark.req("E11")
def test_four_writers_beside_a_bulk_load_wait_200_ms_at_most_in_99_of_100_cases_and_never_two_seconds(
    address: str,
) -> None:
    took = sorted(_writers(address, seconds=15))
    assert took[int(len(took) * 0.99)] <= 200
    assert took[-1] <= 2000


def _writers(address: str, seconds: float) -> list[float]:
    """How long each write took, all writers together. Nobody may fail, and the store must be whole after."""
    with ready(address, SystemClock()) as store:
        load = subprocess.Popen(child("load", address, seconds + 1), stderr=subprocess.PIPE)
        writers = [
            subprocess.Popen(child("write", address, f"w{n}", seconds), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for n in range(4)
        ]
        took: list[float] = []
        for writer in writers:
            out, err = writer.communicate(timeout=120)
            assert writer.returncode == 0, err
            took += json.loads(out)
        _, err = load.communicate(timeout=120)
        assert load.returncode == 0, err
        assert store.verify(ACME) == ()
        assert sum(1 for _ in store.journal(ACME, kind="tick")) == len(took)
        assert sum(1 for _ in store.journal(ACME, kind="page")) > 2
    return took
