"""Asking Stripe for webhooks: one endpoint, for our version and our events, its secret taken from the only answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.stripe import wire
from adapters.stripe.client import Stripe
from adapters.stripe.events import EVENT_TYPES
from adapters.stripe.settings import Settings
from connector.errors import NeedsReconnect, OutcomeUnknown, Refused, Rejected, VendorError
from connector.model.intent import OpenHook, WriteKey
from connector.model.source import OpId
from connector.ports import HookDesk
from connector.post import writer_for
from connector.testing.standin import Answer, Server, parse_faults
from tests.clocks import FakeClock
from tests.stripe_desk import Desk, open_desk
from tests.stripe_rig import CONNECTION, OP, Scripted, connected, judged_request, listed, text
from tests.unit.test_hooks_stripe import ROLLED, SECRET

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
"""
URL = "https://pay.example.com/hooks/stripe"
WANTED = OpenHook(connection=CONNECTION, url=URL)
KEY = WriteKey(op_id=OP)
ENDPOINT = {
    "id": "we_1",
    "object": "webhook_endpoint",
    "api_version": wire.VERSION,
    "created": 1,
    "description": None,
    "enabled_events": list(EVENT_TYPES),
    "livemode": False,
    "metadata": {},
    "status": "enabled",
    "url": URL,
}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD) as opened:
        yield opened


def adapter(desk: Desk, **settings: str) -> Stripe:
    return connected(desk.server.url, desk.clock, None, **settings)


@pytest.mark.req("S27")
def test_an_endpoint_is_asked_for_in_our_version_with_exactly_our_events_and_our_mark(desk: Desk) -> None:
    opened = adapter(desk).open_hook(WANTED, KEY)
    (made,) = desk.get("webhook_endpoints").rows
    assert (made["url"], made["api_version"], made["status"]) == (URL, "2026-10-28.endive", "enabled")
    assert set(made["enabled_events"]) == set(EVENT_TYPES)
    assert made["metadata"] == {"receivables_op": OP}
    assert (opened.written.ref.vendor_id, opened.written.url) == (made["id"], URL)


def test_the_secret_is_in_the_answer_to_the_creation_only_and_in_nothing_that_is_shown(desk: Desk) -> None:
    stripe = adapter(desk)
    opened = stripe.open_hook(WANTED, KEY)
    secret = opened.settings["webhook_secret"]
    assert Settings.parse({"api_key": desk.key, "webhook_secret": secret}).webhook_secrets == (secret,)
    assert "secret" not in desk.get("webhook_endpoints").rows[0]
    assert secret not in repr(opened) + repr(stripe.hooks()) + repr(
        wire.decode(text(ENDPOINT | {"secret": secret}), wire.WebhookEndpoint)
    )


def test_the_same_key_makes_no_second_endpoint_and_brings_the_same_secret(desk: Desk) -> None:
    first, again = (adapter(desk).open_hook(WANTED, KEY) for _ in range(2))
    assert again == first
    assert len(desk.get("webhook_endpoints").rows) == 1


def test_the_newest_secret_goes_first_and_one_before_it_stays(desk: Desk) -> None:
    made = adapter(desk).open_hook(WANTED, KEY).settings["webhook_secret"]
    known = adapter(desk, webhook_secret=f"{SECRET},{ROLLED}").open_hook(WANTED, KEY).settings["webhook_secret"]
    assert known == f"{made},{SECRET}"
    assert adapter(desk, webhook_secret=known).open_hook(WANTED, KEY).settings["webhook_secret"] == known


def test_every_endpoint_is_listed_with_our_stamp_where_it_is_ours(desk: Desk) -> None:
    stripe = adapter(desk, page_size_max="2")
    assert stripe.hooks() == ()
    others = [f"https://shop.example.com/{number}" for number in range(4)]
    for url in others:
        desk.post("webhook_endpoints", {"url": url, "enabled_events[0]": "*"})
    stripe.open_hook(WANTED, KEY)
    found = {each.url: (each.stamp, each.current) for each in stripe.hooks()}
    assert found == {URL: (OP, True), **dict.fromkeys(others, (None, False))}


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"api_version": "2026-08-26.dahlia"}, id="another version"),
        pytest.param({"api_version": None}, id="the account's own version"),
        pytest.param({"enabled_events": [*EVENT_TYPES, "plan.created"]}, id="more events"),
        pytest.param({"enabled_events": list(EVENT_TYPES[1:])}, id="fewer events"),
        pytest.param({"status": "disabled"}, id="switched off"),
    ],
)
def test_an_endpoint_that_is_not_as_this_release_would_make_it_is_not_current(changed: dict[str, object]) -> None:
    script = Scripted({"GET /v1/webhook_endpoints": [Answer(body=listed(ENDPOINT, ENDPOINT | changed))]})
    with Server(script, inspectors=(judged_request,)) as server:
        hooks = connected(server.url, FakeClock()).hooks()
        assert server.problems == []
    assert [each.current for each in hooks] == [True, False]


@pytest.mark.parametrize("beside", ["https://other.example.com/hooks/stripe", "https://shop.example.com/orders"])
def test_the_secret_is_forgotten_with_the_last_endpoint_that_leads_to_the_same_door(desk: Desk, beside: str) -> None:
    stripe = adapter(desk)
    made = stripe.open_hook(WANTED, KEY).written.ref.vendor_id
    desk.post("webhook_endpoints", {"url": beside, "enabled_events[0]": "*"})
    changed = stripe.close_hook(made)
    assert changed == ({} if beside.endswith("/hooks/stripe") else {"webhook_secret": ""})
    assert [each.url for each in stripe.hooks()] == [beside]
    assert stripe.close_hook(made) == {}


def test_an_answer_that_was_lost_is_an_unknown_outcome(desk: Desk) -> None:
    desk.server.add_faults(*parse_faults("POST */webhook_endpoints 1 drop-after"))
    with pytest.raises(OutcomeUnknown):
        adapter(desk).open_hook(WANTED, KEY)
    assert [each.stamp for each in adapter(desk).hooks()] == [OP]


def test_an_answer_without_a_secret_is_as_good_as_lost() -> None:
    script = Scripted({"POST /v1/webhook_endpoints": [Answer(body=text(ENDPOINT))]})
    with Server(script, inspectors=(judged_request,)) as server, pytest.raises(OutcomeUnknown):
        connected(server.url, FakeClock()).open_hook(WANTED, KEY)
    assert server.problems == []


def test_endpoints_of_the_other_mode_are_refused() -> None:
    script = Scripted({"GET /v1/webhook_endpoints": [Answer(body=listed(ENDPOINT | {"livemode": True}))]})
    with Server(script, inspectors=(judged_request,)) as server, pytest.raises((Refused, VendorError)) as fault:
        connected(server.url, FakeClock()).hooks()
    assert "live" in str(fault.value)
    assert server.problems == []


def test_a_key_without_the_permission_is_told_which_one_it_lacks() -> None:
    refused = {"error": {"type": "invalid_request_error", "message": "The provided key does not have access."}}
    script = Scripted({"GET /v1/webhook_endpoints": [Answer(status=403, body=text(refused))]})
    with Server(script, inspectors=(judged_request,)) as server, pytest.raises(NeedsReconnect) as fault:
        connected(server.url, FakeClock()).hooks()
    assert "Webhook Endpoints" in fault.value.sentence
    assert server.problems == []


def test_an_odd_id_is_never_put_into_an_address(desk: Desk) -> None:
    for odd in ("", "../charges", "we_1/x"):
        with pytest.raises(Refused):
            adapter(desk).close_hook(odd)


def test_two_keys_make_two_endpoints(desk: Desk) -> None:
    other = replace(KEY, op_id=OpId("QRSTUVWXYZ234567ABCD"))
    first, second = (adapter(desk).open_hook(WANTED, key) for key in (KEY, other))
    assert first.settings != second.settings
    assert {each.stamp for each in adapter(desk).hooks()} == {KEY.op_id, other.op_id}
    assert isinstance(adapter(desk), HookDesk)


def test_where_the_secret_could_not_be_kept_nothing_is_asked_for(desk: Desk) -> None:
    with pytest.raises(Rejected):
        writer_for(adapter(desk), WANTED)
    assert desk.get("webhook_endpoints").rows == []
