"""Changing keys: everything ends under the new one, nobody has to stop for it, and a kill anywhere loses nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connector.clock import Clock, SystemClock
from connector.errors import Refused, SettingsError
from connector.ports import SecretPair
from connector.store.keyring import KeyFile, key_of
from connector.store.rotation import KEY_BOUNDARIES
from connector.store.vault import key_id_of
from tests.keys import FIRST, SECOND, given, unlocked
from tests.unit.store_ground import ACME, BOOKS, OTHER, STRIPE, found

MANY = {f"name_{number:03d}": f"value-{number}" for number in range(120)}
"""More than one batch."""

POINTS_MAX = 200
FILE_OPERATIONS = frozenset({"open", "os.rename", "os.remove"})


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "key" / "receivables.key")


def filled(address: str, keys: KeyFile) -> None:
    """Two companies with secrets, and a grant."""
    with unlocked(address, SystemClock(), keys) as store:
        found(store, ACME)
        found(store, OTHER)
        store.put_secrets(ACME, STRIPE, MANY)
        store.put_secrets(OTHER, BOOKS, {"client_secret": "of the other"})
        store.tokens(ACME, BOOKS).replace(pair(0))


def pair(number: int) -> SecretPair:
    return SecretPair(
        access=f"access-{number}",
        refresh=f"refresh-{number}",
        access_expires_at="2026-04-01T11:00:00+00:00",
        refresh_expires_at="2026-07-01T10:00:00+00:00",
        version=number,
    )


def whole(address: str, keys: KeyFile) -> None:
    """Everything that was stored is there, for a process that starts now."""
    with unlocked(address, SystemClock(), keys) as store:
        assert store.secrets(ACME, STRIPE) == MANY
        assert store.secrets(OTHER, BOOKS) == {"client_secret": "of the other"}
        grant = store.tokens(ACME, BOOKS).read()
        assert grant is not None
        assert grant.refresh == f"refresh-{grant.version - 1}"


def forked(deed: Callable[[], None]) -> int:
    """The number of a process of its own that does it; it ends with 0, or says what went wrong and ends with 1."""
    child = os.fork()
    if child:
        return child
    try:
        deed()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a forked test must never come back
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def ended(child: int) -> int:
    """0, the exit code, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def rotate(address: str, keys: KeyFile, kill_at: int) -> None:
    """Change keys; die at the nth point: before a commit, before the key file is touched, or at a name."""
    left = kill_at
    armed = False

    def pass_point(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        if armed and name in FILE_OPERATIONS and str(keys.path.parent) in str(arguments[0]):
            pass_point()

    sys.addaudithook(watch)
    with unlocked(address, SystemClock(), keys) as store:
        # What is on the disk changes by commits, and by what is done to files; between two of them all kills are one.
        event.listen(store._database.engine, "commit", pass_point)
        armed = True
        store.rotate_keys(pass_point)


def work(address: str, keys: KeyFile, until: Path) -> None:
    """Read secrets, change secrets and renew the grant, again and again, until told to stop."""
    number = 0
    with unlocked(address, SystemClock(), keys) as store:
        tokens = store.tokens(ACME, BOOKS)
        while not until.exists():
            number += 1
            now = tokens.read()
            assert now is not None
            raised = tokens.locked(partial(tokens.replace, pair(now.version)))
            assert raised.version == now.version + 1
            assert tokens.read() == raised
            assert store.secrets(ACME, STRIPE) == MANY
            store.put_secrets(OTHER, STRIPE, {"changing": str(number), "beside": "it"})
            assert store.secrets(OTHER, STRIPE) == {"changing": str(number), "beside": "it"}
            time.sleep(0.005)  # two processors are enough for the test


@pytest.fixture
def load(address: str, keys: KeyFile, tmp_path: Path) -> Iterator[Callable[[], int]]:
    """A process that works on the store all the while; stop it, and get how it ended."""
    filled(address, keys)
    until = tmp_path / "enough"
    child = forked(lambda: work(address, keys, until))
    stopped: list[int] = []

    def stop() -> int:
        until.touch()
        if not stopped:
            stopped.append(ended(child))
        return stopped[0]

    yield stop
    stop()


@pytest.mark.gate
@pytest.mark.req("E25")
def test_keys_changed_under_load_and_killed_at_every_point_lose_nothing(
    address: str, keys: KeyFile, load: Callable[[], int]
) -> None:
    kill_at = 0
    killed = -signal.SIGKILL
    code = killed
    while code == killed:
        kill_at += 1
        assert kill_at < POINTS_MAX
        code = ended(forked(partial(rotate, address, keys, kill_at)))
        whole(address, keys)
        if code == killed:
            with unlocked(address, SystemClock(), keys) as store:
                store.rotate_keys()
    assert code == 0
    assert kill_at > 15
    assert load() == 0
    with unlocked(address, SystemClock(), keys) as store:
        standing = store.keys()
        assert standing.in_force == standing.held[-1]
        assert set(standing.rows) == {standing.in_force}
        assert set(store.drop_unused_keys()) == set(standing.held[:-1])
        assert store.verify(ACME) == ()
    whole(address, keys)


def test_a_change_of_keys_passes_its_named_points(address: str, keys: KeyFile) -> None:
    filled(address, keys)
    seen: Counter[str] = Counter()
    with unlocked(address, SystemClock(), keys) as store:
        done = store.rotate_keys(lambda name: seen.update([name]))
    assert done.resealed == len(MANY) + 2
    assert not done.resumed
    assert seen.keys() == KEY_BOUNDARIES.keys()
    assert seen["keys.batch-sealed"] == 2


def test_what_was_interrupted_is_finished_with_the_same_new_key(address: str, keys: KeyFile) -> None:
    filled(address, keys)

    def killed(_name: str) -> None:
        raise KeyboardInterrupt

    with unlocked(address, SystemClock(), keys) as store, pytest.raises(KeyboardInterrupt):
        store.rotate_keys(killed)
    held = keys.read()
    assert len(held) == 2
    with unlocked(address, SystemClock(), keys) as store:
        done = store.rotate_keys()
    assert done.resumed
    assert done.key_id == held[-1].key_id
    assert keys.read() == held


def test_a_process_that_was_started_before_the_change_writes_with_the_new_key(address: str, keys: KeyFile) -> None:
    filled(address, keys)
    with (
        unlocked(address, SystemClock(), keys) as early,
        unlocked(address, SystemClock(), keys) as other,
    ):
        assert early.secrets(ACME, STRIPE) == MANY
        new = other.rotate_keys().key_id
        other.drop_unused_keys()
        early.put_secrets(OTHER, STRIPE, {"late": "but well"})
        assert early.keys().rows.keys() == {new}
        assert early.secrets(ACME, STRIPE) == MANY
        assert other.secrets(OTHER, STRIPE) == {"late": "but well"}


def test_a_key_that_a_row_still_needs_is_not_taken_away(address: str, keys: KeyFile) -> None:
    filled(address, keys)
    old = keys.read()[0].key_id
    stopped: list[int] = []

    def interrupted(name: str) -> None:
        if name == "keys.in-force":
            with unlocked(address, SystemClock(), keys) as other:
                assert other.keys().unused == ()
                assert other.drop_unused_keys() == ()
            stopped.append(1)
            raise KeyboardInterrupt

    with unlocked(address, SystemClock(), keys) as store, pytest.raises(KeyboardInterrupt):
        store.rotate_keys(interrupted)
    assert stopped == [1]
    assert old in {key.key_id for key in keys.read()}
    whole(address, keys)


def test_nothing_is_changed_before_there_is_a_secret(address: str, keys: KeyFile) -> None:
    with unlocked(address, SystemClock(), keys) as store:
        with pytest.raises(Refused):
            store.rotate_keys()
        standing = store.keys()
        assert (standing.in_force, standing.held, standing.rows) == (None, (), {})
    assert not keys.path.exists()


def test_keys_in_a_setting_are_changed_by_putting_the_new_one_behind_the_old(address: str, clock: Clock) -> None:
    first, second = key_of(b"1" * 32).key_id, key_of(b"2" * 32).key_id
    with unlocked(address, clock, given(FIRST)) as store:
        found(store, ACME)
        store.put_secrets(ACME, BOOKS, {"client_secret": "canary"})
        with pytest.raises(SettingsError, match="cannot be put into the setting"):
            store.rotate_keys()
        assert store.keys().in_force == first
    with unlocked(address, clock, given(FIRST, SECOND)) as store:
        assert store.keys().in_force == first
        assert store.rotate_keys().key_id == second
    with unlocked(address, clock, given(SECOND)) as store:
        assert store.secrets(ACME, BOOKS) == {"client_secret": "canary"}
        assert store.keys().rows == {second: 1}


def test_a_change_of_keys_is_in_every_companys_journal_without_a_key_or_its_id(address: str, keys: KeyFile) -> None:
    filled(address, keys)
    with unlocked(address, SystemClock(), keys) as store:
        store.rotate_keys()
        for company in (ACME, OTHER):
            (entry,) = store.journal(company, "keys")
            assert entry.body == {"resealed": len(MANY) + 2}
        assert key_id_of("v1.plain") is None
