"""The suite's own keys: what it needs, what it refuses to open, and that a rotated grant outlives a run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.quickbooks import standin
from adapters.quickbooks.auth import Grant
from adapters.quickbooks.settings import PRODUCTION, Settings
from connector.clock import SystemClock
from connector.errors import NeedsReconnect
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.sandbox.quickbooks_desk import WORLD
from tests.sandbox.quickbooks_keys import (
    BASE_URL,
    NEEDED,
    PREFIX,
    SANDBOX,
    TOKENS_FILE,
    FileTokens,
    NotASandbox,
    missing,
    sandbox_settings,
)
from tests.unit.quickbooks_ground import MemoryTokens

ROOT = Path(__file__).resolve().parents[2]
HERE = "tests/sandbox"
KEYS = {f"{PREFIX}{name}": "9130001" for name in NEEDED}
REHEARSED = "test_a_payment_is_posted_found_read_back_and_takes_exactly_its_share_of_the_invoice[sandbox]"


@pytest.mark.parametrize("name", NEEDED)
def test_without_a_key_no_sandbox_is_asked_and_the_reason_names_it(name: str) -> None:
    short = {**KEYS, TOKENS_FILE: "tokens"}
    del short[f"{PREFIX}{name}"]
    assert missing(short) == f"No QuickBooks sandbox is asked: {PREFIX}{name} is not set."


def test_without_a_file_for_the_grant_no_sandbox_is_asked_and_the_reason_says_what_to_name() -> None:
    assert TOKENS_FILE in missing(KEYS)
    assert missing({**KEYS, TOKENS_FILE: "tokens"}) == ""


def test_the_sandbox_is_what_is_opened_unless_something_else_is_named() -> None:
    settings = sandbox_settings(KEYS)
    assert (settings.base_url, settings.live) == (SANDBOX, False)


@pytest.mark.parametrize(
    "address",
    [
        PRODUCTION,
        f"{PRODUCTION}/",
        "https://quickbooks.api.intuit.com:443",
        f"{SANDBOX}.example.com",
        SANDBOX.replace("https", "http"),
        "https://localhost.example.com",
    ],
)
def test_real_books_and_any_address_but_the_sandbox_are_refused(address: str) -> None:
    with pytest.raises(NotASandbox):
        sandbox_settings({**KEYS, BASE_URL: address})


# ---- the grant


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(standin.build(parse(WORLD), clock=FakeClock())) as opened:
        yield opened


def settings_of(server: Server) -> Settings:
    return Settings.parse(server.stand_in.settings(parse(WORLD)[0], server.url))


def test_a_rotated_grant_outlives_the_run_in_a_file_that_its_owner_alone_may_read(
    server: Server, tmp_path: Path
) -> None:
    path, settings, clock = tmp_path / "tokens", settings_of(server), FakeClock()
    Grant(settings, FileTokens(path, settings.realm_id), clock).access()
    clock.pass_seconds(7_200)
    assert Grant(settings, FileTokens(path, settings.realm_id), clock).access()
    assert [name.name for name in tmp_path.iterdir() if name.stat().st_mode & 0o077] == []
    with pytest.raises(NeedsReconnect):  # what was pasted at first is dead by now
        Grant(settings, MemoryTokens(), clock).access()


def test_the_pair_of_another_company_and_an_empty_file_are_nobodys(server: Server, tmp_path: Path) -> None:
    path, settings = tmp_path / "tokens", settings_of(server)
    path.touch()
    assert FileTokens(path, settings.realm_id).read() is None
    Grant(settings, FileTokens(path, settings.realm_id), FakeClock()).access()
    assert FileTokens(path, "9139999").read() is None
    assert FileTokens(path, settings.realm_id).read() is not None


def test_of_two_that_renew_at_once_one_does_and_the_other_takes_its_pair(server: Server, tmp_path: Path) -> None:
    settings, found = settings_of(server), []
    begin = threading.Barrier(2)

    def renew() -> None:
        grant = Grant(settings, FileTokens(tmp_path / "tokens", settings.realm_id), FakeClock())
        begin.wait()
        found.append(grant.access())

    both = [threading.Thread(target=renew) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(set(found)) == 1
    assert len(found) == 2
    assert [path for _, path, _ in server.calls] == ["/oauth2/v1/tokens/bearer"]


def test_the_way_to_a_sandbox_is_rehearsed_with_the_stand_in_on_this_computer(tmp_path: Path) -> None:
    with Server(standin.build(parse(WORLD), clock=SystemClock())) as server:
        held = server.stand_in.settings(parse(WORLD)[0], server.url)
        keys = {f"{PREFIX}{name}": held[name.lower()] for name in NEEDED}
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-n0",
                "-q",
                "-p",
                "no:cacheprovider",
                f"{HERE}/test_quickbooks_contract.py::{REHEARSED}",
            ],
            cwd=ROOT,
            env={**os.environ, **keys, BASE_URL: server.url, TOKENS_FILE: str(tmp_path / "tokens")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (run.returncode, "1 passed" in run.stdout) == (0, True), run.stdout
    assert "left behind" not in run.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"tokens", "tokens.lock", "tokens.company"}
