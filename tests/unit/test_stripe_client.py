"""adapters.stripe.client: over real sockets, against a vendor that gives recorded answers and one that misbehaves."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.stripe import spec
from adapters.stripe.client import Stripe, connect
from adapters.stripe.wire import VERSION
from connector.errors import (
    MalformedAnswer,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Rejected,
    SettingsError,
    Unreachable,
    VendorError,
)
from connector.model.intent import WriteKey
from connector.model.money_in import AttemptState
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import currency, from_text
from connector.ports import Checkable, NoteBoard, PayPages, Readable, Surroundings
from connector.testing.standin import Answer, Fault, Server
from tests.clocks import FakeClock
from tests.stripe_rig import (
    CONNECTION,
    KEY,
    NOTE,
    NOTE_METADATA,
    OP,
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
from tests.surroundings import Held, OpenBudget

PROJECT = Path(__file__).resolve().parents[2]
WRITE_KEY = WriteKey(op_id=OP)
SESSIONS = "/v1/checkout/sessions"
Serve = Callable[..., tuple[Stripe, Scripted, Server]]


def ok(body: bytes) -> Answer:
    return Answer(body=body)


def fault_answer(status: int, headers: Mapping[str, str] | None = None, **said: str) -> Answer:
    return Answer(status=status, body=text({"error": {"type": "invalid_request_error", **said}}), headers=headers or {})


def session(**changed: object) -> dict[str, Any]:
    opened = {"id": "cs_test_1", "status": "open", "amount_total": 12_000, "currency": "usd", "payment_intent": None}
    return example("checkout.session", **{**opened, **changed})


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    """Starts a vendor of recorded answers and connects to it; all requests must pass both of Stripe's descriptions."""
    servers: list[Server] = []
    with ExitStack() as stack:

        def start(
            script: Mapping[str, list[Answer]],
            *faults: Fault,
            budget: OpenBudget | None = None,
            **settings: str,
        ) -> tuple[Stripe, Scripted, Server]:
            vendor = Scripted(script)
            server = stack.enter_context(Server(vendor, faults=faults, inspectors=(judged_request,)))
            servers.append(server)
            return connected(server.url, clock, budget, **settings), vendor, server

        yield start
    assert [problem for server in servers for problem in server.problems] == []


def test_the_adapter_has_the_capabilities_its_readme_promises(clock: FakeClock) -> None:
    adapter = connected("http://127.0.0.1:9", clock)
    for port in (Readable, Checkable, NoteBoard, PayPages):
        assert isinstance(adapter, port)


def test_settings_of_another_adapter_are_refused(clock: FakeClock) -> None:
    surroundings = Surroundings(
        connection=CONNECTION,
        settings=object(),
        zone="UTC",
        clock=clock,
        tokens=NoTokens(),
        budget=OpenBudget(),
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
from tests.stripe_rig import OP, PAGE, connected
adapter = connected(sys.argv[1], FakeClock())
adapter.pull("refund", None)
adapter.open_page(PAGE, WriteKey(op_id=OP))
adapter.open_page(PAGE, WriteKey(op_id=OP))
"""


@pytest.mark.req("S1")
def test_every_request_names_our_version_and_nothing_is_reported_or_written(tmp_path: Path) -> None:
    page = Answer(body=text(session()), headers={"Request-Id": "req_1"})
    vendor = Scripted({"GET /v1/refunds": [ok(listed())], f"POST {SESSIONS}": [page]})
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "APPDATA")}
    with Server(vendor) as server:
        subprocess.run(
            [sys.executable, "-B", "-c", READ_AND_WRITE, server.url],
            cwd=PROJECT,
            env={**os.environ, **home, "PYTHONPATH": str(PROJECT)},
            check=True,
            capture_output=True,
        )
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
@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_the_sdk_repeats_no_write_of_its_own_accord(serve: Serve, status: int) -> None:
    headers = {"Stripe-Should-Retry": "true"}
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [fault_answer(status, headers)]})
    with pytest.raises(VendorError):
        adapter.open_page(PAGE, WRITE_KEY)
    assert len(vendor.heard) == 1


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
    adapter, _, _ = serve({"GET /v1/refunds": [ok(listed())]}, stall, read_seconds="0.2")
    began = time.monotonic()
    with pytest.raises(Unreachable):
        adapter.pull("refund", None)
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
        adapter.pull("refund", None)
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


@pytest.mark.parametrize(
    ("answer", "error", "asked"),
    [
        (fault_answer(400, code="parameter_unknown"), Rejected, 1),
        (fault_answer(401), NeedsReconnect, 1),
        (fault_answer(402, code="card_declined"), Rejected, 1),
        (fault_answer(403), NeedsReconnect, 1),
        (fault_answer(404, code="resource_missing"), NotFound, 1),
        (fault_answer(409), RateLimited, 5),
        (fault_answer(429), RateLimited, 5),
        (fault_answer(500), Unreachable, 5),
        (ok(b"<html>"), MalformedAnswer, 5),
        (ok(listed(example("refund"))[:40]), MalformedAnswer, 5),
        (Answer(body=listed(), headers={"Stripe-Version": "2020-03-02"}), MalformedAnswer, 5),
    ],
    ids=["400", "401", "402", "403", "404", "409", "429", "500", "not JSON", "cut", "another version"],
)
def test_a_read_that_goes_wrong_is_repeated_only_where_that_can_help(
    serve: Serve, answer: Answer, error: type[VendorError], asked: int
) -> None:
    adapter, vendor, _ = serve({"GET /v1/refunds": [answer]})
    with pytest.raises(error):
        adapter.pull("refund", None)
    assert len(vendor.heard) == asked


@pytest.mark.parametrize("kind", ["truncate", "drop-before", "drop-after"])
def test_a_page_lost_on_the_way_is_asked_for_again(serve: Serve, kind: str) -> None:
    lost = Fault(method="GET", path="/v1/refunds", nth=1, kind=kind)
    adapter, _, _ = serve({"GET /v1/refunds": [ok(listed(example("refund", id="re_1")))]}, lost)
    assert [record.ref.vendor_id for record in adapter.pull("refund", None).records] == ["re_1"]


def test_a_page_that_is_always_cut_short_is_malformed_and_nothing_of_it_is_kept(serve: Serve) -> None:
    cut = Fault(method="GET", path="/v1/refunds", nth=0, kind="truncate")
    adapter, _, _ = serve({"GET /v1/refunds": [ok(listed(example("refund")))]}, cut)
    with pytest.raises(MalformedAnswer):
        adapter.pull("refund", None)


def test_a_pause_that_stripe_asks_for_holds_for_the_whole_connection(serve: Serve, clock: FakeClock) -> None:
    budget = OpenBudget()
    busy = fault_answer(429, {"Retry-After": "7"})
    adapter, _, _ = serve({"GET /v1/refunds": [busy, ok(listed())]}, budget=budget)
    adapter.pull("refund", None)
    assert budget.pauses == [7]
    assert clock.slept == [7]
    assert budget.taken == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fault_answer(400, code="amount_too_small"), Rejected),
        (fault_answer(400, type="idempotency_error"), Rejected),
        (fault_answer(401), NeedsReconnect),
        (fault_answer(402, code="card_declined"), Rejected),
        (fault_answer(403), NeedsReconnect),
        (fault_answer(404), NotFound),
        (fault_answer(409), OutcomeUnknown),
        (fault_answer(429, code="lock_timeout"), RateLimited),
        (fault_answer(500), OutcomeUnknown),
        (Answer(status=502, body=b"<html>bad gateway"), OutcomeUnknown),
        (ok(b"<html>"), OutcomeUnknown),
        (ok(b"[]"), OutcomeUnknown),
        (ok(b'{"object":"list","data":5}'), OutcomeUnknown),
        (ok(b'{"id":"cs_1","object":"checkout.session"}'), OutcomeUnknown),
    ],
)
def test_a_write_that_goes_wrong_is_sent_once_and_says_whether_it_may_have_happened(
    serve: Serve, answer: Answer, error: type[VendorError]
) -> None:
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [answer]})
    with pytest.raises(error) as caught:
        adapter.open_page(PAGE, WRITE_KEY)
    assert type(caught.value) is error
    assert len(vendor.heard) == 1


@pytest.mark.parametrize("kind", ["drop-before", "drop-after", "truncate"])
def test_a_write_whose_answer_was_lost_has_an_unknown_outcome(serve: Serve, kind: str) -> None:
    lost = Fault(method="POST", path="*", nth=1, kind=kind)
    adapter, _, _ = serve({f"POST {SESSIONS}": [ok(text(session()))]}, lost)
    with pytest.raises(OutcomeUnknown):
        adapter.open_page(PAGE, WRITE_KEY)


def test_no_error_shows_the_key_or_the_payer(serve: Serve) -> None:
    echoed = fault_answer(400, code="email_invalid", message=f"{PAGE.email} is no address; key {KEY}")
    adapter, _, _ = serve({f"POST {SESSIONS}": [echoed]})
    with pytest.raises(Rejected) as caught:
        adapter.open_page(PAGE, WRITE_KEY)
    assert "acme" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_sdk_logs_neither_what_is_sent_nor_what_is_answered(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    adapter, _, _ = serve({f"POST {SESSIONS}": [fault_answer(400, message=f"{PAGE.email} is no address")]})
    with caplog.at_level(logging.DEBUG), pytest.raises(Rejected):
        adapter.open_page(PAGE, WRITE_KEY)
    assert "acme" not in caplog.text
    assert KEY not in caplog.text
    assert [record.levelname for record in caplog.records if record.name == "stripe"] == []


def test_a_page_is_opened_under_our_stored_key_and_says_what_it_really_is(serve: Serve) -> None:
    opened = session(url="https://checkout.stripe.com/c/1", payment_method_types=["card", "link"])
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [ok(text(opened))]})
    written = adapter.open_page(PAGE, replace(WRITE_KEY, repeat=2))
    assert vendor.heard[0].headers["idempotency-key"] == f"{OP}.2"
    assert written.ref == ref(Kind.ATTEMPT, "cs_test_1")
    assert written.amount == PAGE.amount
    assert written.url == "https://checkout.stripe.com/c/1"
    assert written.methods == ("card", "link")


@pytest.mark.req("S25")
def test_what_is_sent_for_a_page_never_names_methods_the_old_way_nor_asks_for_recovery(serve: Serve) -> None:
    adapter, vendor, _ = serve({f"POST {SESSIONS}": [ok(text(session()))]})
    adapter.open_page(PAGE, WRITE_KEY)
    sent = vendor.sent()
    assert sent["allowed_payment_method_types"] == ["card"]
    assert sent["metadata"]["receivables_op"] == sent["payment_intent_data"]["metadata"]["receivables_op"] == OP
    assert sent["expires_at"] == 1_772_366_400 + 3600
    assert sent["client_reference_id"] == "attempt-1"
    assert b"payment_method_types" not in vendor.heard[0].body.replace(b"allowed_payment_method_types", b"")
    assert b"recovery" not in vendor.heard[0].body


def test_a_payer_who_is_a_stripe_customer_is_offered_a_bank_transfer(serve: Serve) -> None:
    known = listed(example("customer", id="cus_7", email="AP@acme.example"))
    adapter, vendor, _ = serve({"GET /v1/customers": [ok(known)], f"POST {SESSIONS}": [ok(text(session()))]})
    adapter.open_page(replace(PAGE, methods=("card", "customer_balance")), WRITE_KEY)
    assert vendor.sent()["customer"] == "cus_7"
    assert vendor.sent()["allowed_payment_method_types"] == ["card", "customer_balance"]


def test_a_lost_page_is_found_by_our_mark_over_all_pages_and_others_are_not(serve: Serve) -> None:
    first = listed(session(id="cs_test_3", metadata={"receivables_op": "Z"}), session(id="cs_test_2"), more=True)
    second = listed(session(metadata={"receivables_op": OP}))
    adapter, vendor, _ = serve({f"GET {SESSIONS}": [ok(first), ok(second)]})
    (found,) = adapter.find_pages(PAGE, WRITE_KEY)
    assert found.ref.vendor_id == "cs_test_1"
    assert [vendor.sent(0), vendor.sent(1)] == [
        {"limit": 100, "created": {"gte": 1_772_366_400 + 3600 - 86_400}},
        {"limit": 100, "created": {"gte": 1_772_366_400 + 3600 - 86_400}, "starting_after": "cs_test_2"},
    ]


def test_a_completed_page_names_its_payment_and_offers_no_address(serve: Serve) -> None:
    intent = example("payment_intent", id="pi_1", status="succeeded", latest_charge="ch_1")
    done = session(status="complete", payment_status="paid", payment_intent=intent, url="https://old.example")
    adapter, _, _ = serve({f"GET {SESSIONS}/cs_test_1": [ok(text(done))]})
    state = adapter.page_state("cs_test_1")
    assert (state.state, state.url, state.payment) == (AttemptState.SUCCEEDED, None, ref(Kind.PAYMENT, "ch_1"))


def test_a_payment_intent_that_came_unexpanded_is_read_on_its_own(serve: Serve) -> None:
    done = session(status="complete", payment_status="unpaid", payment_intent="pi_1")
    intent = example("payment_intent", id="pi_1", status="processing", latest_charge="py_1")
    adapter, _, _ = serve(
        {f"GET {SESSIONS}/cs_test_1": [ok(text(done))], "GET /v1/payment_intents/pi_1": [ok(text(intent))]}
    )
    state = adapter.page_state("cs_test_1")
    assert (state.state, state.payment) == (AttemptState.PROCESSING, ref(Kind.PAYMENT, "py_1"))


@pytest.mark.parametrize(
    "answer",
    [ok(text(session(status="expired"))), fault_answer(400, code="resource_already_complete"), fault_answer(500)],
    ids=["closed", "already complete", "no clear answer"],
)
def test_closing_a_page_ends_in_what_the_page_itself_says(serve: Serve, answer: Answer) -> None:
    adapter, _, _ = serve(
        {
            f"POST {SESSIONS}/cs_test_1/expire": [answer],
            f"GET {SESSIONS}/cs_test_1": [ok(text(session(status="complete", payment_status="paid")))],
        }
    )
    assert adapter.expire_page("cs_test_1").state is AttemptState.SUCCEEDED


def test_a_live_page_under_a_test_key_is_refused(serve: Serve) -> None:
    adapter, _, _ = serve({f"GET {SESSIONS}/cs_test_1": [ok(text(session(livemode=True)))]})
    with pytest.raises(NeedsReconnect):
        adapter.page_state("cs_test_1")


@pytest.mark.req("S28")
@pytest.mark.parametrize(("kind", "path"), [(Kind.INVOICE, "invoices/in_1"), (Kind.CUSTOMER, "customers/cus_1")])
def test_a_note_sends_four_metadata_keys_and_nothing_else(serve: Serve, kind: Kind, path: str) -> None:
    name = str(kind)
    vendor_id = path.partition("/")[2]
    before = example(name, id=vendor_id, metadata={"theirs": "1"})
    held = {"theirs": "1", "receivables_note": NOTE.text}
    adapter, vendor, _ = serve(
        {f"GET /v1/{path}": [ok(text(before))], f"POST /v1/{path}": [ok(text({**before, "metadata": held}))]}
    )
    written = adapter.push_note(replace(NOTE, target=ref(kind, vendor_id)), WRITE_KEY)
    assert vendor.sent() == {"metadata": NOTE_METADATA}
    assert vendor.heard[-1].headers["idempotency-key"] == OP
    assert (written.ref, written.text, written.amount) == (ref(kind, vendor_id), NOTE.text, None)


@pytest.mark.req("S28")
def test_a_note_that_already_stands_sends_nothing_and_is_found(serve: Serve) -> None:
    held = example("invoice", id="in_1", metadata=NOTE_METADATA)
    adapter, vendor, _ = serve({"GET /v1/invoices/in_1": [ok(text(held))]})
    assert adapter.push_note(NOTE, WRITE_KEY).text == NOTE.text
    assert [found.text for found in adapter.find_notes(NOTE, WRITE_KEY)] == [NOTE.text]
    assert adapter.find_notes(replace(NOTE, reference="contact-8"), WRITE_KEY) == ()
    assert {call.method for call in vendor.heard} == {"GET"}


@pytest.mark.req("S28")
def test_a_record_without_room_is_reported_and_nothing_is_sent(serve: Serve) -> None:
    full = example("invoice", id="in_1", metadata={f"theirs_{number}": "x" for number in range(48)})
    adapter, vendor, _ = serve({"GET /v1/invoices/in_1": [ok(text(full))]})
    with pytest.raises(Refused):
        adapter.push_note(NOTE, WRITE_KEY)
    assert [call.method for call in vendor.heard] == ["GET"]


@pytest.mark.req("S28")
def test_a_note_belongs_on_the_invoice_and_its_customer_when_they_live_in_this_account(clock: FakeClock) -> None:
    adapter = connected("http://127.0.0.1:9", clock)
    invoice, customer = ref(Kind.INVOICE, "in_1"), ref(Kind.CUSTOMER, "cus_1")
    elsewhere = Ref(ConnectionId("quickbooks"), Kind.INVOICE, "130")
    assert adapter.note_targets(invoice, customer) == (invoice, customer)
    assert adapter.note_targets(invoice, None) == (invoice,)
    assert adapter.note_targets(invoice, Ref(ConnectionId("quickbooks"), Kind.CUSTOMER, "9")) == (invoice,)
    assert adapter.note_targets(elsewhere, customer) == ()
    assert (adapter.note_limits().characters_max, adapter.note_limits().parts) == (500, False)


def test_a_note_on_anything_else_is_refused(serve: Serve) -> None:
    adapter, _, _ = serve({})
    with pytest.raises(Refused):
        adapter.push_note(replace(NOTE, target=ref(Kind.PAYMENT, "ch_1")), WRITE_KEY)


@pytest.mark.req("S11")
def test_the_check_tries_every_permission_and_names_the_missing_one(serve: Serve) -> None:
    empty = [ok(listed())]
    lists = ("customers", "invoices", "invoice_payments", "payment_intents", "charges", "disputes", "payouts")
    script = {f"GET /v1/{name}": empty for name in lists}
    script |= {"GET /v1/balance_transactions": empty, f"GET {SESSIONS}": empty}
    script |= {"GET /v1/account": [ok(text(example("account")))], "GET /v1/balance": [ok(text(example("balance")))]}
    script["GET /v1/refunds"] = [fault_answer(403, message="Having the 'rak_refund_read' permission would allow it.")]
    adapter, _, _ = serve(script)
    checks = adapter.check()
    assert [check.name for check in checks if not check.ok] == ["refund"]
    (failed,) = (check for check in checks if not check.ok)
    assert "rak_refund_read" in failed.sentence
    assert failed.next_step
    assert [check.name for check in checks] == ["mode", *adapter.streams(), "pay_page"]


def test_an_answer_about_another_amount_is_told_as_it_is_and_not_as_it_was_asked(serve: Serve) -> None:
    adapter, _, _ = serve({f"POST {SESSIONS}": [ok(text(session(amount_total=11_999)))]})
    written = adapter.open_page(PAGE, WRITE_KEY)
    assert written.amount == from_text("119.99", currency("USD"))
