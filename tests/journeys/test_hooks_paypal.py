"""PayPal's webhooks at the door of a running firm: stored, answered, and only ever a reason to read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from adapters.paypal.standin import PayPalStandIn, build
from adapters.paypal.standin.notary import event, forged
from connector.app import setup
from connector.app.books import sync_all
from connector.app.hooks import close_hooks, list_hooks, open_hook
from connector.app.house import House
from connector.model.money_in import Payment
from connector.model.source import ConnectionId, Kind
from connector.testing.standin import Server
from connector.testing.worlds import parse
from connector.web.pay import pay_app
from tests.clocks import FakeClock
from tests.paypal_rig import ACCOUNT, WORLD, judged
from tests.unit.hooks_ground import config_of

WEBHOOK = "4JH86294D6297924G"
PAYPAL = ConnectionId("paypal")


@dataclass
class Firm:
    """A company whose PayPal account is connected, and the door its webhooks come to."""

    server: Server
    stand_in: PayPalStandIn
    house: House
    client: TestClient
    clock: FakeClock

    def knock(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        signed = headers or self.stand_in.notary.sign(body, WEBHOOK, self.server.url)
        return self.client.post("/hooks/paypal", content=body, headers=signed).status_code

    def sync(self) -> None:
        sync_all(self.house.company(None), lambda *_: None)

    def payments(self) -> dict[str, Payment]:
        held = self.house.store.records(self.house.company(None).id, Kind.PAYMENT)
        return {one.ref.vendor_id: one.record for one in held if isinstance(one.record, Payment)}


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    clock = FakeClock("2026-06-01T12:00:00Z")
    (world,) = parse(WORLD)
    stand_in = build((world,), clock=clock)
    with Server(stand_in, inspectors=(judged,)) as server, House(config_of(home), clock) as house:
        values = {
            **stand_in.settings(world, server.url),
            "webhook_id": WEBHOOK,
            "webhook_roots": stand_in.notary.root,
            "read_from": "2026-05-15",
        }
        setup.connect(
            house, setup.Wish(system="paypal", company=None, zone=world.zone, values=values, allow_writes=True)
        )
        with TestClient(pay_app(lambda: house, hooks=lambda: House(house.config, clock))) as client:
            found = Firm(server, stand_in, house, client, clock)
            found.sync()
            yield found
    assert server.problems == []


def test_a_delivery_is_stored_and_answered_before_anything_is_asked_of_paypal(firm: Firm) -> None:
    before = len(firm.server.calls)
    paid = firm.stand_in.people[ACCOUNT].pay("50.00")
    body = event("PAYMENT.CAPTURE.COMPLETED", {"id": paid.id})
    assert firm.knock(body) == 200
    assert firm.knock(body) == 200
    asked = [path for _, path, _ in firm.server.calls[before:] if "/certs/" not in path]
    assert asked == []
    (hint,) = firm.house.store.open_hints(firm.house.company(None).id, PAYPAL)
    assert (hint.kind, hint.vendor_id) == (Kind.PAYMENT, paid.id)
    firm.sync()
    assert firm.payments().keys() == {paid.id}
    assert firm.house.store.open_hints(firm.house.company(None).id, PAYPAL) == ()


def test_webhooks_are_asked_for_once_and_called_off_again(firm: Firm) -> None:
    desk, url = firm.house.company(None), "http://127.0.0.1:8765/hooks/paypal"
    assert open_hook(desk, "paypal", url).new
    held = firm.stand_in.books[ACCOUNT].webhooks
    assert [each["url"] for each in held.values()] == [url]
    again = firm.house.company(None)
    assert not open_hook(again, "paypal", url).new
    assert [(each.url, each.ours) for each in list_hooks(again, "paypal")] == [(url, True)]
    assert firm.house.store.secrets(again.id, PAYPAL)["webhook_id"] == next(iter(held))
    assert close_hooks(firm.house.company(None), "paypal") == (url,)
    assert held == {}


def test_a_delivery_that_nobody_signed_is_turned_away(firm: Firm) -> None:
    body = event("PAYMENT.CAPTURE.COMPLETED", {"id": "2GG279541U471931P"})
    assert firm.knock(body, {"paypal-transmission-id": "t-1"}) in (400, 401, 403)
    signed = firm.stand_in.notary.sign(body, "9ZZ86294D6297924G", firm.server.url)
    assert firm.knock(body, signed) in (400, 401, 403)


def test_a_delivery_of_more_than_a_mebibyte_is_turned_away(firm: Firm) -> None:
    assert firm.knock(event("PAYMENT.CAPTURE.COMPLETED", {"id": "A", "pad": "x" * 1024 * 1024})) == 413


@pytest.mark.req("Y8")
def test_a_forged_body_that_verifies_changes_nothing_that_is_mirrored(firm: Firm) -> None:
    genuine = event("PAYMENT.CAPTURE.PENDING", {"id": "2GG279541U471931P"})
    headers = firm.stand_in.notary.sign(genuine, WEBHOOK, firm.server.url)
    resource = {"id": "7NW873794T343360M", "status": "COMPLETED", "amount": {"currency_code": "USD", "value": "9.00"}}
    false = forged(genuine, event("PAYMENT.CAPTURE.COMPLETED", resource, event_id="WH-2"))
    assert firm.knock(false, headers) == 200
    firm.clock.pass_seconds(3600)
    firm.sync()
    assert firm.payments() == {}
