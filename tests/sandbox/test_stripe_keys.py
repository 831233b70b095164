"""The suite's own key: what it needs, what it refuses to open, and a rehearsal of the other half."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.stripe import standin
from adapters.stripe.settings import API
from connector.clock import SystemClock
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.sandbox.stripe_desk import WORLD
from tests.sandbox.stripe_keys import KEY, URL, NotATest, account_settings, missing
from tests.stripe_desk import judged

ROOT = Path(__file__).resolve().parents[2]
FILES = ("tests/sandbox/test_stripe_contract.py", "tests/sandbox/test_stripe_questions.py")


def test_without_a_key_no_account_is_asked_and_the_reason_names_it() -> None:
    assert missing({}) == (
        f"No Stripe test account is asked: {KEY} is not set (a key that begins with rk_test_ or sk_test_)."
    )
    assert missing({KEY: "rk_test_1"}) == ""


@pytest.mark.parametrize("key", ["rk_live_1", "sk_live_1", "pk_test_1", "rk_test_", "rk_test_1 rk_live_2"])
def test_no_key_but_a_test_key_is_used(key: str) -> None:
    with pytest.raises(NotATest):
        account_settings({KEY: key})


@pytest.mark.parametrize("address", ["https://api.stripe.com.evil.example", "http://localhost:1", "http://10.0.0.1"])
def test_no_address_but_stripes_and_this_computers_is_asked(address: str) -> None:
    with pytest.raises(NotATest):
        account_settings({KEY: "rk_test_1", URL: address})


def test_stripe_itself_is_asked_unless_a_stand_in_is_named() -> None:
    assert account_settings({KEY: "sk_test_1"}).base_url == API
    assert account_settings({KEY: "rk_test_1", URL: "http://127.0.0.1:8080/"}).base_url == "http://127.0.0.1:8080"


@pytest.mark.gate
def test_the_whole_suite_runs_against_an_account_on_loopback_and_prints_what_it_found() -> None:
    [world] = worlds = parse(WORLD)
    stand_in = standin.build(worlds, clock=SystemClock())
    with Server(stand_in, inspectors=(judged,)) as server:
        key = stand_in.settings(world, server.url)["api_key"]
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "-k", "test-account", *FILES],
            cwd=ROOT,
            env={**os.environ, KEY: key, URL: server.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout[-3000:]
        assert server.problems == []
        assert len(server.calls) > 50
    assert "What was found of Stripe" in run.stdout
    assert (
        "A write to what is not there (POST customers/cus_nobodyatall) is refused (404 resource_missing)" in run.stdout
    )
    assert "which says nothing of Stripe" in run.stdout
