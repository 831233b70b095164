"""The webhooks that the QuickBooks stand-in sends: both forms as Intuit writes them, signed, and everything wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from adapters.quickbooks.standin import build
from adapters.quickbooks.standin.hooks import CLASSIC, CLOUDEVENTS, Delivering, HookSender
from adapters.quickbooks.standin.intuit import Intuit
from connector.dates import instant_from_iso
from connector.errors import UserError
from connector.testing.deliveries import Delivery, deliver
from connector.testing.standin import Answer, Call, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import OTHER, REALM, WORLD, ask
from tests.standins import Tally
from tests.vendor.where import schemas

TOKEN = "verifier-token"


@pytest.fixture
def intuit(clock: FakeClock) -> Intuit:
    return build(parse(WORLD), clock=clock)


def told(intuit: Intuit, **how: Any) -> list[Any]:
    return [json.loads(one.body) for one in HookSender(intuit, TOKEN, Delivering(**how)).deliveries()]


def kinds(value: object) -> object:
    """A JSON value with its leaves replaced by their types: what two payloads must have in common."""
    if isinstance(value, dict):
        return {key: kinds(inner) for key, inner in value.items()}
    return [kinds(value[0])] if isinstance(value, list) else type(value).__name__


def sample(name: str) -> Any:
    return json.loads((schemas("quickbooks") / "webhooks" / name).read_bytes())


def test_the_history_of_a_world_is_no_news(intuit: Intuit) -> None:
    assert told(intuit) == []


def test_a_cloud_event_has_the_shape_of_intuits_sample(intuit: Intuit) -> None:
    made = intuit.office().customer("Newcomer")
    [[event]] = told(intuit)
    [recorded] = sample("cloudevents_class_created.json")
    assert kinds(event | {"data": {}}) == kinds(recorded | {"data": {}})
    assert (event["type"], event["intuitentityid"], event["intuitaccountid"]) == (
        "qbo.customer.created.v1",
        made,
        REALM,
    )
    assert len(event["time"]) == len(recorded["time"])
    assert instant_from_iso(event["time"]) == instant_from_iso("2026-03-01T12:00:00Z")


def test_a_classic_notification_has_the_shape_of_intuits_sample(intuit: Intuit) -> None:
    office = intuit.office()
    office.edit("Invoice", "1", PrivateNote="x")
    [body] = told(intuit, form=CLASSIC)
    assert kinds(body) == kinds(sample("legacy_event_notifications.json"))
    [notification] = body["eventNotifications"]
    assert notification["realmId"] == REALM
    [entity] = notification["dataChangeEvent"]["entities"]
    assert (entity["name"], entity["id"], entity["operation"]) == ("Invoice", "1", "Update")


def test_every_kind_of_happening_has_its_word(intuit: Intuit) -> None:
    office = intuit.office()
    office.void("Invoice", "2")
    office.delete("Deposit", "1")
    office.delete("Payment", office.find("Payment", "CHK-88"))
    acme, store = office.find("Customer", "Acme"), office.find("Customer", "Corner Store")
    office.merge(acme, store)
    [events] = told(intuit, events_max=99)
    words = {(one["type"], one["intuitentityid"]) for one in events}
    assert {("qbo.invoice.voided.v1", "2"), ("qbo.deposit.deleted.v1", "1")} <= words
    assert {word for word, _ in words} >= {
        "qbo.payment.deleted.v1",
        "qbo.customer.merged.v1",
        "qbo.customer.updated.v1",
    }
    [merged] = [one for one in events if one["type"] == "qbo.customer.merged.v1"]
    assert (merged["intuitentityid"], merged["data"]) == (store, {"deletedid": acme})


def test_a_merge_names_the_customer_that_ended_in_the_classic_form_too(intuit: Intuit) -> None:
    office = intuit.office()
    acme, store = office.find("Customer", "Acme"), office.find("Customer", "Corner Store")
    office.merge(acme, store)
    [body] = told(intuit, form=CLASSIC)
    entities = body["eventNotifications"][0]["dataChangeEvent"]["entities"]
    assert [one["deletedId"] for one in entities if one["operation"] == "Merge"] == [acme]


def test_a_note_hung_on_an_invoice_is_no_event(intuit: Intuit) -> None:
    ask(intuit, "POST", "attachable", {"Note": "called", "AttachableRef": []})
    assert told(intuit) == []


@pytest.mark.parametrize("form", [CLOUDEVENTS, CLASSIC])
def test_the_signature_is_made_of_the_raw_bytes_and_the_token(intuit: Intuit, form: str) -> None:
    intuit.office().customer("Ümläut")
    [delivery] = HookSender(intuit, TOKEN, Delivering(form=form)).deliveries()
    digest = hmac.new(TOKEN.encode(), delivery.body, hashlib.sha256).digest()
    assert delivery.headers["intuit-signature"] == base64.b64encode(digest).decode()


def both(intuit: Intuit) -> None:
    for realm in (REALM, OTHER):
        office = intuit.office(realm)
        for number in range(3):
            office.customer(f"New {number}")


def realms(delivery: list[dict[str, str]]) -> list[str]:
    return [one["intuitaccountid"] for one in delivery]


def test_each_company_has_its_own_delivery_or_all_come_together(intuit: Intuit) -> None:
    both(intuit)
    assert [realms(one) for one in told(intuit)] == [[REALM] * 3, [OTHER] * 3]
    both_again = build(parse(WORLD), clock=FakeClock())
    both(both_again)
    assert [realms(one) for one in told(both_again, together=True)] == [[REALM] * 3 + [OTHER] * 3]


def test_a_classic_delivery_can_hold_several_companies(intuit: Intuit) -> None:
    both(intuit)
    [body] = told(intuit, form=CLASSIC, together=True)
    assert [one["realmId"] for one in body["eventNotifications"]] == [REALM, OTHER]


def test_a_company_that_nobody_knows_can_be_among_them(intuit: Intuit) -> None:
    intuit.office().customer("New")
    [[alien, known]] = told(intuit, stranger="777")
    assert (alien["intuitaccountid"], known["intuitaccountid"]) == ("777", REALM)
    assert alien["id"] != known["id"]


def test_deliveries_come_twice_in_another_order_or_in_small_parcels(intuit: Intuit) -> None:
    both(intuit)
    deliveries = HookSender(intuit, TOKEN, Delivering(doubled=True, shuffle_seed=5, events_max=2)).deliveries()
    assert deliveries[0::2] == deliveries[1::2]
    seen = [one["intuitentityid"] for delivery in deliveries[0::2] for one in json.loads(delivery.body)]
    assert len(seen) == 6
    assert max(len(json.loads(one.body)) for one in deliveries) == 2
    orders = []
    for seed in (None, 5, 5, 6):
        again = build(parse(WORLD), clock=FakeClock())
        both(again)
        orders.append([one["id"] for delivery in told(again, together=True, shuffle_seed=seed) for one in delivery])
    assert orders[1] == orders[2] != orders[0] != orders[3] != orders[1]


def test_events_that_are_kept_back_come_late_and_come_once(intuit: Intuit) -> None:
    sender = HookSender(intuit, TOKEN, Delivering(keep_back=2))
    first, second, third = (intuit.office().customer(f"New {number}") for number in range(3))
    assert [one["intuitentityid"] for one in json.loads(sender.deliveries()[0].body)] == [first]
    assert sender.deliveries() == []
    sender.delivering = Delivering()
    assert [one["intuitentityid"] for one in json.loads(sender.deliveries()[0].body)] == [second, third]
    assert sender.deliveries() == []


class Letterbox(Tally):
    """Takes what is posted to it, and refuses what is addressed to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[bytes, str]] = []

    def answer(self, call: Call) -> Answer:
        self.got.append((call.body, call.headers["intuit-signature"]))
        return Answer(status=200 if call.path == "/hooks" else 404)


def test_deliveries_go_over_loopback_and_their_receipt_is_told(intuit: Intuit) -> None:
    box = Letterbox()
    with Server(box) as server:
        intuit.office().customer("New 1")
        sender = HookSender(intuit, TOKEN)
        assert sender.send(f"{server.url}/hooks") == [200]
        intuit.office().customer("New 2")
        assert sender.send(f"{server.url}/nowhere") == [404]
        url = server.url
    assert len(box.got) == 2
    intuit.office().customer("New 3")
    assert sender.send(f"{url}/hooks") == [0]


@pytest.mark.parametrize("url", ["http://example.com/hooks", "https://127.0.0.1/hooks"])
def test_nothing_is_ever_delivered_to_another_computer(url: str) -> None:
    with pytest.raises(UserError, match="this computer only"):
        deliver(url, Delivery(body=b"[]", headers={}))
