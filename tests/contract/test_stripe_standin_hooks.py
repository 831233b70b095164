"""The webhooks that the double sends: endpoints as Stripe keeps them, both forms, signed, and everything wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import stripe

from adapters.stripe.standin.endpoints import THIN
from adapters.stripe.standin.events import Telling
from adapters.stripe.standin.hooks import STRANGER, TAMPERED, UNSIGNED, Delivering, HookSender, Parcel
from connector.errors import UserError
from connector.testing.deliveries import deliver
from connector.testing.standin import Answer, Call, Server
from tests.standins import Tally
from tests.stripe_desk import VERSION, Desk, open_desk
from tests.vendor import stripe as judge
from tests.vendor import where

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
2026-03-01  invoice  S-1  Acme  120.00 USD  due 2026-03-31  in stripe as in_1
2026-03-10  payment  ch_1  Acme  120.00 USD  fee 3.78 USD  for S-1 120.00 USD
"""
ASKED = {"url": "https://books.example/hooks", "enabled_events[]": ["*"], "api_version": VERSION}
ACCOUNT = "acct_harbor"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD, at="2026-03-20T12:00:00Z") as opened:
        yield opened


def registered(desk: Desk, **changed: Any) -> dict[str, Any]:
    """An endpoint as it is answered when it is made."""
    reply = desk.post("webhook_endpoints", {**ASKED, **changed})
    assert reply.status == 200, reply.body
    return reply.body


def mark(desk: Desk, *notes: str) -> None:
    """So many things happen: a note on the invoice for each."""
    for note in notes:
        assert desk.post("invoices/in_1", {"metadata[note]": note}).status == 200


def sent(desk: Desk, sender: HookSender) -> list[Parcel]:
    return desk.server.behind(sender.parcels)


def ids(parcels: list[Parcel]) -> list[str]:
    """The event ids, out of the bodies."""
    return [json.loads(parcel.delivery.body)["id"] for parcel in parcels]


def verified(parcel: Parcel, secret: str) -> dict[str, Any]:
    """The event, as the vendor's own library verifies and reads it; the library's clock is left out."""
    header = parcel.delivery.headers["Stripe-Signature"]
    stripe.WebhookSignature.verify_header(parcel.delivery.body.decode(), header, secret, None)
    found: dict[str, Any] = json.loads(parcel.delivery.body)
    return found


@contextmanager
def listening(*statuses: int) -> Iterator[tuple[str, list[Call]]]:
    """A receiver that answers these statuses in turn, then 200."""
    ear = Ear(list(statuses))
    with Server(ear) as server:
        yield f"{server.url}/hooks", ear.heard


class Ear(Tally):
    """Remembers what it hears."""

    def __init__(self, statuses: list[int]) -> None:
        super().__init__()
        self.heard: list[Call] = []
        self._statuses = statuses

    def answer(self, call: Call) -> Answer:
        self.heard.append(call)
        return Answer(status=self._statuses.pop(0) if self._statuses else 200)


# Endpoints


def test_an_endpoint_says_its_secret_once_and_never_again(desk: Desk) -> None:
    made = registered(desk, description="ours", **{"metadata[op]": "x"})
    assert made["secret"].startswith("whsec_")
    assert (made["api_version"], made["description"], made["metadata"]) == (VERSION, "ours", {"op": "x"})
    assert (made["status"], made["enabled_events"]) == ("enabled", ["*"])
    read = desk.one(f"webhook_endpoints/{made['id']}")
    assert read == {name: value for name, value in made.items() if name != "secret"}
    assert desk.get("webhook_endpoints").rows == [read]
    assert made["secret"] not in json.dumps(desk.stand_in.dump(normalised=False))


def test_an_endpoint_is_changed_and_switched_off_and_deleted(desk: Desk) -> None:
    made = registered(desk)
    form = {"enabled_events[]": ["invoice.paid"], "metadata[a]": "b", "disabled": "true", "description": "d"}
    changed = desk.post(f"webhook_endpoints/{made['id']}", form).body
    assert (changed["enabled_events"], changed["metadata"]) == (["invoice.paid"], {"a": "b"})
    assert (changed["status"], changed["description"], "secret" in changed) == ("disabled", "d", False)
    deleted = desk.sdk().v1.webhook_endpoints.delete(made["id"])
    assert (deleted.id, deleted.deleted) == (made["id"], True)
    assert desk.get(f"webhook_endpoints/{made['id']}").status == 404
    assert desk.get("webhook_endpoints").rows == []


@pytest.mark.parametrize("absent", ["url", "enabled_events[]"])
def test_an_endpoint_without_address_or_events_is_refused(desk: Desk, absent: str) -> None:
    reply = desk.post("webhook_endpoints", {name: value for name, value in ASKED.items() if name != absent})
    assert (reply.status, reply.code) == (400, "parameter_missing")


def test_what_is_no_address_and_what_is_no_endpoint_is_refused(desk: Desk) -> None:
    assert desk.post("webhook_endpoints", {**ASKED, "url": "books.example"}).code == "url_invalid"
    assert desk.post("webhook_endpoints/we_none", {"disabled": "true"}).status == 404
    with pytest.raises(stripe.InvalidRequestError):
        desk.sdk().v1.webhook_endpoints.delete("we_none")


def test_the_same_key_makes_one_endpoint_and_says_the_secret_again(desk: Desk) -> None:
    first = desk.post("webhook_endpoints", ASKED, key="k").body
    assert desk.post("webhook_endpoints", ASKED, key="k").body == first
    assert len(desk.get("webhook_endpoints").rows) == 1


# Deliveries


def test_what_happened_after_registration_is_delivered_once_and_signed(desk: Desk) -> None:
    mark(desk, "before")
    made = registered(desk)
    sender = HookSender(desk.stand_in)
    assert sent(desk, sender) == []
    mark(desk, "one", "two")
    parcels = sent(desk, sender)
    told = [verified(parcel, made["secret"]) for parcel in parcels]
    assert [one["data"]["object"]["metadata"]["note"] for one in told] == ["one", "two"]
    assert {one["type"] for one in told} == {"invoice.updated"}
    assert [parcel.url for parcel in parcels] == [ASKED["url"]] * 2
    assert sent(desk, sender) == []


def test_the_event_delivered_is_the_one_the_feed_shows(desk: Desk) -> None:
    registered(desk)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in))
    (shown,) = desk.get("events", limit=1).rows
    assert json.loads(parcel.delivery.body) == shown
    assert shown["pending_webhooks"] == 1


def test_the_sdk_reads_a_delivery_and_refuses_it_with_another_secret(desk: Desk) -> None:
    made = registered(desk)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in))
    header = parcel.delivery.headers["Stripe-Signature"]
    read = stripe.Webhook.construct_event(parcel.delivery.body, header, made["secret"], tolerance=None)  # type: ignore[arg-type]
    assert read.type == "invoice.updated"
    with pytest.raises(stripe.SignatureVerificationError):
        verified(parcel, "whsec_of_nobody")


def test_only_the_events_asked_for_are_delivered_and_none_while_switched_off(desk: Desk) -> None:
    made = registered(desk, **{"enabled_events[]": ["customer.updated"]})
    sender = HookSender(desk.stand_in)
    mark(desk, "one")
    desk.post("customers/cus_acme", {"metadata[a]": "1"})
    assert [parcel.event.type for parcel in sent(desk, sender)] == ["customer.updated"]
    desk.post(f"webhook_endpoints/{made['id']}", {"disabled": "true"})
    desk.post("customers/cus_acme", {"metadata[a]": "2"})
    assert sent(desk, sender) == []


def test_two_endpoints_hear_the_same_event_each_with_its_own_secret_and_version(desk: Desk) -> None:
    ours = registered(desk)
    theirs = registered(desk, api_version="2020-03-02")
    mark(desk, "one")
    first, second = sent(desk, HookSender(desk.stand_in))
    assert verified(first, ours["secret"])["api_version"] == VERSION
    old = verified(second, theirs["secret"])
    assert (old["api_version"], old["data"]["object"]["paid"]) == ("2020-03-02", True)
    assert first.event.id == second.event.id


def test_an_endpoint_without_a_version_hears_the_accounts_own(desk: Desk) -> None:
    desk.stand_in.telling = Telling(version="2020-03-02")
    desk.post("webhook_endpoints", {name: value for name, value in ASKED.items() if name != "api_version"})
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in))
    assert json.loads(parcel.delivery.body)["api_version"] == "2020-03-02"


def test_a_rolled_secret_signs_beside_the_old_one_until_that_is_given_up(desk: Desk) -> None:
    made = registered(desk)
    endpoints = desk.stand_in.endpoints(ACCOUNT)
    new = endpoints.roll(made["id"])
    sender = HookSender(desk.stand_in)
    mark(desk, "one")
    (both,) = sent(desk, sender)
    assert both.delivery.headers["Stripe-Signature"].count("v1=") == 2
    assert verified(both, new) == verified(both, made["secret"])
    newest = endpoints.roll(made["id"], keep_old=False)
    mark(desk, "two")
    (alone,) = sent(desk, sender)
    assert verified(alone, newest)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(alone, new)


def test_what_was_not_received_comes_again_and_what_was_received_does_not(desk: Desk) -> None:
    with listening(500) as (url, heard):
        registered(desk, url=url)
        sender = HookSender(desk.stand_in)
        mark(desk, "one")
        assert sender.post(sent(desk, sender)) == [500]
        assert desk.get("events", limit=1).rows[0]["pending_webhooks"] == 1
        assert sender.post(sent(desk, sender)) == [200]
        assert sender.post(sent(desk, sender)) == []
        assert json.loads(heard[0].body)["id"] == json.loads(heard[1].body)["id"]
    assert desk.get("events", limit=1).rows[0]["pending_webhooks"] == 0


def test_the_feed_can_be_asked_for_what_was_not_delivered(desk: Desk) -> None:
    registered(desk)
    mark(desk, "one")
    undelivered = desk.get("events", delivery_success="false").rows
    assert [event["data"]["object"]["metadata"] for event in undelivered] == [{"note": "one"}]
    assert undelivered[0]["id"] not in desk.get("events", delivery_success="true", limit=100).ids


def test_an_endpoint_that_is_down_is_told_for_three_days(desk: Desk) -> None:
    registered(desk, url="http://127.0.0.1:9/hooks")
    sender = HookSender(desk.stand_in)
    mark(desk, "one")
    assert sender.post(sent(desk, sender)) == [0]
    desk.clock.pass_seconds(3 * 86_400)
    assert len([one for one in sent(desk, sender) if one.event.type == "invoice.updated"]) == 1
    desk.clock.pass_seconds(1)
    assert [one for one in sent(desk, HookSender(desk.stand_in)) if one.event.type == "invoice.updated"] == []


def test_deliveries_go_to_this_computer_only(desk: Desk) -> None:
    registered(desk)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in))
    with pytest.raises(UserError):
        deliver(parcel.url, parcel.delivery)


# What goes wrong


def test_deliveries_come_twice_late_shuffled_or_never(desk: Desk) -> None:
    registered(desk)
    mark(desk, *"abcdefgh")
    straight = ids(sent(desk, HookSender(desk.stand_in)))
    assert ids(sent(desk, HookSender(desk.stand_in, Delivering(doubled=True)))) == [
        one for one in straight for _ in range(2)
    ]
    shuffled = ids(sent(desk, HookSender(desk.stand_in, Delivering(shuffle_seed=3))))
    assert (shuffled != straight, sorted(shuffled)) == (True, sorted(straight))
    assert ids(sent(desk, HookSender(desk.stand_in, Delivering(shuffle_seed=3)))) == shuffled
    late = HookSender(desk.stand_in, Delivering(keep_back=2))
    assert ids(sent(desk, late)) == straight[:-2]
    late.delivering = Delivering()
    assert ids(sent(desk, late)) == straight[-2:]
    dropping = HookSender(desk.stand_in, Delivering(dropped_percent=50, seed=1))
    kept = ids(sent(desk, dropping))
    assert 0 < len(kept) < len(straight)
    assert set(kept) < set(straight)
    assert sent(desk, dropping) == []


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_timestamp_may_lie_in_the_future_or_long_ago(desk: Desk, seconds: int) -> None:
    made = registered(desk)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in, Delivering(clock_shift_seconds=seconds)))
    said = int(parcel.delivery.headers["Stripe-Signature"].split(",")[0].removeprefix("t="))
    assert said - int(desk.clock.now().timestamp()) == seconds
    assert verified(parcel, made["secret"])


@pytest.mark.parametrize("how", [STRANGER, TAMPERED])
def test_a_forged_delivery_does_not_verify(desk: Desk, how: str) -> None:
    made = registered(desk)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in, Delivering(forged=how)))
    assert json.loads(parcel.delivery.body)["type"] == "invoice.updated"
    with pytest.raises(stripe.SignatureVerificationError):
        verified(parcel, made["secret"])


def test_a_delivery_may_come_without_a_signature(desk: Desk) -> None:
    registered(desk)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in, Delivering(forged=UNSIGNED)))
    assert "Stripe-Signature" not in parcel.delivery.headers


def test_a_delivery_may_be_of_another_version_than_its_endpoint(desk: Desk) -> None:
    made = registered(desk)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in, Delivering(version="2020-03-02")))
    told = verified(parcel, made["secret"])
    assert (told["api_version"], told["data"]["object"]["charge"]) == ("2020-03-02", "ch_1")


def test_what_is_withheld_from_the_feed_is_not_delivered_either(desk: Desk) -> None:
    registered(desk)
    desk.stand_in.telling = Telling(withheld=frozenset({"in_1"}))
    mark(desk, "one")
    assert sent(desk, HookSender(desk.stand_in)) == []


# Thin events


def test_a_thin_event_names_its_object_and_has_no_body(desk: Desk) -> None:
    asked = {"url": ASKED["url"], "enabled_events": ["v1.invoice.updated"]}
    made = desk.stand_in.endpoints(ACCOUNT).create(asked, payload=THIN)
    mark(desk, "one")
    desk.post("customers/cus_acme", {"metadata[a]": "1"})
    (parcel,) = sent(desk, HookSender(desk.stand_in))
    told = verified(parcel, made["secret"])
    assert (told["object"], told["type"]) == ("v2.core.event", "v1.invoice.updated")
    assert told["related_object"] == {"id": "in_1", "type": "invoice", "url": "/v1/invoices/in_1"}
    assert "data" not in told
    twin = desk.get("events", type="invoice.updated", limit=1).rows[0]
    assert told["snapshot_event"] == twin["id"]
    if where.available("stripe"):
        assert judge.object_errors("v2.core.event", told) == []


def test_the_sdk_reads_a_thin_notification_and_fetches_what_it_is_about(desk: Desk) -> None:
    asked = {"url": ASKED["url"], "enabled_events": ["*"]}
    made = desk.stand_in.endpoints(ACCOUNT).create(asked, payload=THIN)
    mark(desk, "one")
    (parcel,) = sent(desk, HookSender(desk.stand_in))
    header = parcel.delivery.headers["Stripe-Signature"]
    client = desk.sdk()
    note = client.parse_event_notification(parcel.delivery.body, header, made["secret"], tolerance=None)  # type: ignore[arg-type]
    assert isinstance(note, stripe.events.V1InvoiceUpdatedEventNotification)
    assert note.fetch_related_object().to_dict()["metadata"] == {"note": "one"}
    event = note.fetch_event()
    assert (event.id, event.type, event.related_object.id) == (note.id, note.type, "in_1")


def test_thin_events_are_listed_by_type_object_and_time_page_by_page(desk: Desk) -> None:
    mark(desk, *"abc")
    desk.clock.pass_seconds(60)
    moment = desk.clock.now().isoformat().replace("+00:00", "Z")
    mark(desk, "d")
    params: Any = {"types": ["v1.invoice.updated"], "object_id": "in_1", "limit": 2}
    listed = [event.snapshot_event for event in desk.sdk().v2.core.events.list(params).auto_paging_iter()]
    assert listed == desk.get("events", type="invoice.updated", limit=100).ids
    later: Any = {"created": {"gte": moment}}
    assert [event.snapshot_event for event in desk.sdk().v2.core.events.list(later)] == listed[:1]


def test_a_thin_event_of_more_than_thirty_days_ago_is_gone(desk: Desk) -> None:
    mark(desk, "a")
    (event,) = desk.sdk().v2.core.events.list({"limit": 1}).data
    desk.clock.pass_seconds(30 * 86_400 + 1)
    with pytest.raises(stripe.InvalidRequestError):
        desk.sdk().v2.core.events.retrieve(event.id)


def test_an_object_without_an_id_has_no_thin_event(desk: Desk) -> None:
    desk.stand_in.endpoints(ACCOUNT).create({"url": ASKED["url"], "enabled_events": ["*"]}, payload=THIN)
    ledger = desk.stand_in.ledger(ACCOUNT)
    ledger.tell("invoice.upcoming", {"object": "invoice"})
    assert sent(desk, HookSender(desk.stand_in)) == []
