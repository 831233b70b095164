"""One holder at a time, by the database's clock; every holder has a higher fence; grants are refreshed once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from connector.clock import SystemClock
from connector.errors import LeaseLost, StoreLocked
from connector.ports import SecretPair
from connector.store import Lease, Store
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, BOOKS, OTHER, STRIPE, found, ready

NAME = "books:acme"


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with ready(address, SystemClock()) as made:
        yield made


def taken(store: Store, owner: str, seconds: float = 60) -> Lease:
    lease = store.acquire(ACME, NAME, owner, seconds)
    assert lease is not None
    return lease


def pair(access: str = "a1", version: int = 0) -> SecretPair:
    return SecretPair(
        access=access, refresh="r1", access_expires_at="2026-04-01", refresh_expires_at="2026-07-01", version=version
    )


def test_a_lease_is_held_by_one_until_it_is_released(store: Store) -> None:
    first = taken(store, "first")
    assert store.acquire(ACME, NAME, "second", 60) is None
    assert store.acquire(ACME, NAME, "first", 60) is None
    assert store.holder(ACME, NAME) == "first"
    store.release(first)
    assert store.holder(ACME, NAME) is None
    assert taken(store, "second").fence == first.fence + 1


def test_a_lease_runs_out_by_the_databases_clock_and_the_next_fence_is_higher(store: Store) -> None:
    first = taken(store, "first", seconds=0.05)
    time.sleep(0.1)
    second = taken(store, "second")
    assert second.fence > first.fence
    with pytest.raises(LeaseLost):
        store.renew(first)


def test_a_clock_of_ours_that_stands_still_does_not_stretch_a_lease(address: str, clock: FakeClock) -> None:
    with ready(address, clock) as still:
        still.acquire(ACME, NAME, "first", 0.05)
        time.sleep(0.1)
        assert still.acquire(ACME, NAME, "second", 60) is not None


def test_renewing_gives_the_full_time_again(store: Store) -> None:
    first = taken(store, "first", seconds=1)
    time.sleep(0.02)
    renewed = store.renew(first)
    assert renewed.until > first.until
    assert renewed.fence == first.fence


def test_a_released_lease_cannot_be_renewed(store: Store) -> None:
    first = taken(store, "first")
    store.release(first)
    with pytest.raises(LeaseLost, match="Another process took over"):
        store.renew(first)


def test_releasing_a_lost_lease_takes_nothing_from_the_new_holder(store: Store) -> None:
    first = taken(store, "first", seconds=0)
    taken(store, "second")
    store.release(first)
    assert store.holder(ACME, NAME) == "second"


def test_leases_of_two_companies_are_two(store: Store) -> None:
    found(store, OTHER)
    taken(store, "first")
    assert store.acquire(OTHER, NAME, "second", 60) is not None


def test_a_block_that_cannot_have_the_lease_says_who_has_it(store: Store) -> None:
    with (
        store.holding(ACME, NAME, "the daemon on host a", 60),
        pytest.raises(StoreLocked, match="the daemon on host a is working on 'books:acme' now"),
        store.holding(ACME, NAME, "the command line", 60),
    ):
        pass


def test_a_block_gives_the_lease_back_even_when_it_fails(store: Store) -> None:
    with pytest.raises(ValueError, match="broken"), store.holding(ACME, NAME, "first", 60):
        raise ValueError("broken")
    assert store.holder(ACME, NAME) is None


def test_of_many_threads_at_once_one_gets_the_lease(store: Store) -> None:
    got: list[Lease | None] = []
    start = threading.Barrier(8)

    def grab(owner: str) -> None:
        start.wait()
        got.append(store.acquire(ACME, NAME, owner, 60))

    threads = [threading.Thread(target=grab, args=(f"t{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len([lease for lease in got if lease is not None]) == 1


def test_a_grant_is_stored_one_version_higher(store: Store) -> None:
    tokens = store.tokens(ACME, BOOKS)
    assert tokens.read() is None
    assert tokens.replace(pair()) == pair(version=1)
    assert tokens.read() == pair(version=1)
    assert tokens.replace(pair("a2", version=1)) == pair("a2", version=2)


def test_a_grant_that_was_overtaken_is_not_stored_and_the_newer_one_comes_back(store: Store) -> None:
    tokens = store.tokens(ACME, BOOKS)
    tokens.replace(pair())
    tokens.replace(pair("a2", version=1))
    assert tokens.replace(pair("late", version=1)) == pair("a2", version=2)
    assert tokens.read() == pair("a2", version=2)


def test_grants_of_two_connections_are_two(store: Store) -> None:
    store.tokens(ACME, BOOKS).replace(pair())
    assert store.tokens(ACME, STRIPE).read() is None


def test_of_many_refreshes_at_once_one_runs_and_the_others_find_it_done(store: Store) -> None:
    tokens = store.tokens(ACME, BOOKS)
    tokens.replace(pair("old"))
    calls: list[str] = []
    results: list[SecretPair] = []

    def refresh() -> SecretPair:
        now = tokens.read()
        assert now is not None
        if now.access == "new":
            return now
        calls.append("refresh")
        time.sleep(0.2)
        return tokens.replace(pair("new", version=now.version))

    threads = [threading.Thread(target=lambda: results.append(tokens.locked(refresh))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["refresh"]
    assert [each.access for each in results] == ["new"] * 4


def test_nothing_of_the_database_is_held_while_a_grant_is_refreshed(store: Store) -> None:
    def refresh() -> SecretPair:
        store.put_secrets(ACME, STRIPE, {"key": "written meanwhile"})
        return pair()

    assert store.tokens(ACME, BOOKS).locked(refresh) == pair()
    assert store.secrets(ACME, STRIPE) == {"key": "written meanwhile"}


def test_a_refresh_waits_no_longer_than_a_minute_and_a_half_and_then_says_why(address: str, clock: FakeClock) -> None:
    with ready(address, clock) as store:
        store.acquire(ACME, f"token:{BOOKS}", "stuck", 3600)
        with pytest.raises(StoreLocked, match="renewing the access to 'quickbooks' for too long"):
            store.tokens(ACME, BOOKS).locked(pair)
        assert 90 <= sum(clock.slept) <= 92
