"""adapters.stripe.client: the SDK kept on a short lead, over real sockets."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.stripe import spec
from adapters.stripe.client import connect
from adapters.stripe.settings import Settings
from adapters.stripe.wire import VERSION
from connector.errors import NeedsReconnect, OutcomeUnknown, Refused, Rejected, SettingsError, Unreachable
from connector.model.source import Kind
from connector.ports import Checkable, NoteBoard, PayPages, Permitted, Readable, Surroundings
from connector.testing.standin import Answer, Fault, Server
from tests.clocks import FakeClock
from tests.stripe_rig import (
    CONNECTION,
    KEY,
    NOTE,
    PAGE,
    NoTokens,
    Scripted,
    connected,
    example,
    judged_request,
    listed,
    ref,
    text,
)
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.stripe_ground import SESSIONS, WRITE_KEY, Serve, fault_answer, ok, serving, session

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    with serving(clock) as start:
        yield start


def test_the_adapter_has_the_capabilities_its_readme_promises(clock: FakeClock) -> None:
    adapter = connected("http://127.0.0.1:9", clock)
    for port in (Readable, Checkable, Permitted, NoteBoard, PayPages):
        assert isinstance(adapter, port)


def test_settings_of_another_adapter_are_refused(clock: FakeClock) -> None:
    surroundings = Surroundings(
        connection=CONNECTION,
        settings=object(),
        zone="UTC",
        clock=clock,
        tokens=NoTokens(),
        budget=OpenBudget(),
        turns=OpenTurns(),
        mirror=Held(),
    )
    with pytest.raises(SettingsError):
        connect(surroundings)


def test_looking_at_the_declaration_imports_no_vendor_library() -> None:
    looked = "import sys, adapters.stripe as a; a.spec; print(sorted({'stripe', 'requests'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", looked], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
    assert spec.method_codes["acss_debit"] == {"CAD"}


READ_AND_WRITE = """
import sys
from tests.clocks import FakeClock
from connector.model.intent import WriteKey
from tests.stripe_rig import NOTE, OP, PAGE, connected
adapter = connected(sys.argv[1], FakeClock())
adapter.find_notes(NOTE, WriteKey(op_id=OP))
adapter.open_page(PAGE, WriteKey(op_id=OP))
adapter.open_page(PAGE, WriteKey(op_id=OP))
"""


@pytest.mark.req("S1")
def test_every_request_names_our_version_and_nothing_is_reported_or_written(tmp_path: Path) -> None:
    page = Answer(body=text(session()), headers={"Request-Id": "req_1"})
    vendor = Scripted({"GET /v1/invoices/in_1": [ok(text(example("invoice")))], f"POST {SESSIONS}": [page]})
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "APPDATA")}
    with Server(vendor, inspectors=(judged_request,)) as server:
        subprocess.run(
            [sys.executable, "-B", "-c", READ_AND_WRITE, server.url],
            cwd=PROJECT,
            env={**os.environ, **home, "PYTHONPATH": str(PROJECT)},
            check=True,
            capture_output=True,
        )
        assert server.problems == []
    assert list(tmp_path.iterdir()) == []
    assert VERSION == "2026-10-28.endive"
    assert [call.method for call in vendor.heard] == ["GET", "POST", "POST"]
    for call in vendor.heard:
        assert call.headers["stripe-version"] == VERSION
        assert call.headers["authorization"] == f"Bearer {KEY}"
        assert "x-stripe-client-telemetry" not in call.headers
        said_of_us = call.headers.get("x-stripe-client-user-agent", "")
        assert "telemetry_id" not in said_of_us
        assert "platform" not in said_of_us


@pytest.mark.req("S1")
def test_a_stalled_write_ends_in_our_error_within_the_limit(serve: Serve) -> None:
    stall = Fault(method="POST", path="*", nth=0, kind="slow", argument="3")
    adapter, _, _ = serve({f"POST {SESSIONS}": [ok(text(session()))]}, stall, read_seconds="0.5")
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        adapter.open_page(PAGE, WRITE_KEY)
    assert time.monotonic() - began < 2


@pytest.mark.req("S1")
def test_a_stalled_read_is_asked_again_and_ends_in_our_error(serve: Serve, clock: FakeClock) -> None:
    stall = Fault(method="GET", path="*", nth=0, kind="slow", argument="2")
    adapter, _, _ = serve({f"GET {SESSIONS}": [ok(listed())]}, stall, read_seconds="0.2")
    began = time.monotonic()
    with pytest.raises(Unreachable):
        adapter.find_pages(PAGE, WRITE_KEY)
    assert time.monotonic() - began < 5
    assert clock.slept == [0.5, 1, 2, 4]


@pytest.mark.long
@pytest.mark.req("S1")
def test_a_stall_of_more_than_30_seconds_ends_in_our_error_with_the_settings_as_they_come(serve: Serve) -> None:
    stall = Fault(method="POST", path="*", nth=0, kind="slow", argument="40")
    adapter, _, _ = serve({f"POST {SESSIONS}": [ok(text(session()))]}, stall)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        adapter.open_page(PAGE, WRITE_KEY)
    assert 29 < time.monotonic() - began < 33


def test_an_address_where_nobody_listens_is_unreachable_for_reads_and_writes(clock: FakeClock) -> None:
    adapter = connected("http://127.0.0.1:9", clock)
    with pytest.raises(Unreachable):
        adapter.find_pages(PAGE, WRITE_KEY)
    with pytest.raises(Unreachable):
        adapter.open_page(PAGE, WRITE_KEY)


@pytest.mark.req("S4")
@pytest.mark.parametrize("vendor_id", ["", "../charges", "cus_1?expand[]=x"])
def test_an_empty_or_odd_id_never_leaves_the_house(serve: Serve, vendor_id: str) -> None:
    adapter, vendor, _ = serve({})
    for call in (
        lambda: adapter.page_state(vendor_id),
        lambda: adapter.expire_page(vendor_id),
        lambda: adapter.push_note(replace(NOTE, target=ref(Kind.CUSTOMER, vendor_id)), WRITE_KEY),
        lambda: adapter.find_notes(replace(NOTE, target=ref(Kind.INVOICE, vendor_id)), WRITE_KEY),
    ):
        with pytest.raises(Refused):
            call()
    assert vendor.heard == []


def test_no_error_shows_the_key_or_the_payer(serve: Serve) -> None:
    echoed = fault_answer(400, code="email_invalid", message=f"{PAGE.email} is no address; key {KEY}")
    adapter, _, _ = serve({f"POST {SESSIONS}": [echoed]})
    with pytest.raises(Rejected) as caught:
        adapter.open_page(PAGE, WRITE_KEY)
    assert "acme" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_the_sdk_logs_neither_what_is_sent_nor_what_is_answered(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    adapter, _, _ = serve({f"POST {SESSIONS}": [fault_answer(400, message=f"{PAGE.email} is no address")]})
    with caplog.at_level(logging.DEBUG), pytest.raises(Rejected):
        adapter.open_page(PAGE, WRITE_KEY)
    assert "acme" not in caplog.text
    assert KEY not in caplog.text
    assert [record.levelname for record in caplog.records if record.name == "stripe"] == []


@pytest.mark.req("S1")
def test_the_time_outs_are_5_and_30_seconds_unless_somebody_says_otherwise() -> None:
    settings = Settings.parse({"api_key": KEY})
    assert (settings.connect_seconds, settings.read_seconds) == (5, 30)


@pytest.mark.req("S11")
def test_an_answer_in_the_other_mode_is_not_kept_whatever_the_object(serve: Serve) -> None:
    inner = example("payment_intent", livemode=True)
    adapter, _, _ = serve({f"GET {SESSIONS}/cs_test_1": [ok(text(session(payment_intent=inner)))]})
    with pytest.raises(NeedsReconnect) as caught:
        adapter.page_state("cs_test_1")
    assert caught.value.sentence == "Stripe answered a test key with live data."


@pytest.mark.req("S11")
def test_a_live_key_keeps_no_test_data(clock: FakeClock) -> None:
    with serving(clock) as start:
        adapter, _, _ = start({"GET /v1/invoices/in_1": [ok(text(example("invoice")))]}, api_key="rk_live_harbor")
        with pytest.raises(NeedsReconnect, match="a live key with test data"):
            adapter.find_notes(NOTE, WRITE_KEY)


def test_words_that_look_like_the_other_mode_inside_a_text_stop_nothing(serve: Serve) -> None:
    told = {"note": 'they wrote "livemode": true', "livemode": "true"}
    adapter, _, _ = serve({"GET /v1/invoices/in_1": [ok(text(example("invoice", metadata=told)))]})
    assert adapter.find_notes(NOTE, WRITE_KEY) == ()


@pytest.mark.req("S11")
def test_a_write_that_is_answered_in_the_other_mode_is_no_success(serve: Serve) -> None:
    adapter, _, _ = serve({f"POST {SESSIONS}": [ok(text(session(livemode=True)))]})
    with pytest.raises(OutcomeUnknown):
        adapter.open_page(PAGE, WRITE_KEY)
