"""PayPal's webhooks: signed by PayPal, about one of our webhooks, and never more than a hint."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.paypal import hooks
from adapters.paypal.certificates import is_allowed
from adapters.paypal.settings import Settings
from adapters.paypal.standin.notary import event, forged
from connector.model.money_in import AttemptState, PaymentState
from connector.model.source import Kind
from tests.paypal_rig import Desk, capture_for, key, open_desk
from tests.vendor import paypal as judge
from tests.vendor.where import available

WEBHOOK = "4JH86294D6297924G"
CAPTURED = {"id": "2GG279541U471931P", "status": "COMPLETED", "amount": {"currency_code": "USD", "value": "1.00"}}


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.fixture(scope="module")
def settings(desk: Desk) -> Settings:
    return desk.settings(webhook_id=WEBHOOK, webhook_roots=desk.stand_in.notary.root)


def delivered(desk: Desk, body: bytes, **changes: str) -> dict[str, str]:
    return {**desk.stand_in.notary.sign(body, WEBHOOK, desk.server.url), **changes}


def test_a_webhook_is_taken_only_where_its_id_is_known(desk: Desk, settings: Settings) -> None:
    assert hooks.listens(settings)
    assert not hooks.listens(desk.settings())


@pytest.mark.parametrize(
    ("event_type", "resource", "kind", "vendor_id"),
    [
        ("PAYMENT.CAPTURE.COMPLETED", CAPTURED, Kind.PAYMENT, "2GG279541U471931P"),
        ("CHECKOUT.ORDER.APPROVED", {"id": "5O190127TN364715T"}, Kind.ATTEMPT, "5O190127TN364715T"),
        ("CHECKOUT.PAYMENT-APPROVAL.REVERSED", {"order_id": "5O190127TN364715T"}, Kind.ATTEMPT, "5O190127TN364715T"),
        ("PAYMENT.REFUND.FAILED", {"id": "1JU08902781691411"}, Kind.REFUND, "1JU08902781691411"),
        ("CUSTOMER.DISPUTE.CREATED", {"dispute_id": "PP-D-4012"}, Kind.DISPUTE, "PP-D-4012"),
    ],
)
def test_a_delivery_points_at_what_to_read_again(
    desk: Desk, settings: Settings, event_type: str, resource: dict[str, Any], kind: Kind, vendor_id: str
) -> None:
    body = event(event_type, resource)
    found = hooks.read(body, delivered(desk, body), [settings], desk.clock.now())
    assert found is not None
    (hint,) = found
    assert (hint.kind, hint.vendor_id, hint.key) == (kind, vendor_id, "WH-1")


def test_a_declined_capture_that_carries_an_order_points_at_the_order(desk: Desk, settings: Settings) -> None:
    body = event("PAYMENT.CAPTURE.DECLINED", {"id": "5O190127TN364715T"}).replace(
        b'"resource_type": "capture"', b'"resource_type": "checkout-order"'
    )
    found = hooks.read(body, delivered(desk, body), [settings], desk.clock.now())
    assert found is not None
    assert (found[0].kind, found[0].vendor_id) == (Kind.ATTEMPT, "5O190127TN364715T")


@pytest.mark.parametrize(
    "change",
    [
        {"paypal-transmission-id": "another"},
        {"paypal-transmission-time": "2026-06-01T12:00:01Z"},
        {"paypal-transmission-time": "nonsense"},
        {"paypal-transmission-time": "2026-05-20T12:00:00Z"},
        {"paypal-transmission-time": "2026-06-01T13:00:00Z"},
        {"paypal-transmission-sig": "AAAA"},
        {"paypal-transmission-sig": "not base64!"},
        {"paypal-auth-algo": "SHA1withRSA"},
        {"paypal-cert-url": ""},
    ],
)
def test_anything_changed_about_the_signature_is_refused(
    desk: Desk, settings: Settings, change: dict[str, str]
) -> None:
    body = event("PAYMENT.CAPTURE.COMPLETED", CAPTURED)
    assert hooks.read(body, delivered(desk, body, **change), [settings], desk.clock.now()) is None


def test_another_webhooks_delivery_and_a_changed_body_are_refused(desk: Desk, settings: Settings) -> None:
    body = event("PAYMENT.CAPTURE.COMPLETED", CAPTURED)
    other = desk.settings(webhook_id="9ZZ86294D6297924G", webhook_roots=desk.stand_in.notary.root)
    assert hooks.read(body, delivered(desk, body), [other], desk.clock.now()) is None
    assert hooks.read(body.replace(b"1.00", b"9.00"), delivered(desk, body), [settings], desk.clock.now()) is None


def test_a_certificate_of_no_trusted_root_is_refused(desk: Desk) -> None:
    body = event("PAYMENT.CAPTURE.COMPLETED", CAPTURED)
    public = desk.settings(webhook_id=WEBHOOK)
    assert hooks.read(body, delivered(desk, body), [public], desk.clock.now()) is None


def test_a_certificate_out_of_date_is_refused(desk: Desk, settings: Settings) -> None:
    body = event("PAYMENT.CAPTURE.COMPLETED", CAPTURED)
    desk.clock.pass_seconds(40 * 86_400)
    try:
        headers = delivered(desk, body)
        assert hooks.read(body, headers, [settings], desk.clock.now()) is None
    finally:
        desk.clock.pass_seconds(-40 * 86_400)


LIVE = {"client_id": "AeA1QIZXiflr1_abc-def", "client_secret": "EGnHDxD_qRPdaLdZz8iCr8N7"}


@pytest.mark.parametrize(
    "address",
    [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://user@api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
        "https://api.paypal.com/v1/notifications/certs/../../evil",
        "https://api.paypal.com/v1/notifications/certs/a/b",
        "https://api.paypal.com/elsewhere/CERT-1",
        "https://API.paypal.com\\@evil.example/v1/notifications/certs/CERT-1",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_certificate_is_fetched_from_anywhere_else(address: str) -> None:
    assert not is_allowed(address, Settings.parse(LIVE))


@pytest.mark.parametrize("host", ["api.paypal.com", "api-m.paypal.com"])
def test_paypals_own_addresses_of_certificates_are_allowed(host: str) -> None:
    assert is_allowed(f"https://{host}/v1/notifications/certs/CERT-360caa42-fca2a594", Settings.parse(LIVE))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"id": 7}', b'{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED"}']
)
def test_what_is_signed_and_cannot_be_read_is_nothing(desk: Desk, settings: Settings, body: bytes) -> None:
    assert hooks.read(body, delivered(desk, body), [settings], desk.clock.now()) == ()


def test_a_body_that_is_too_large_is_refused(desk: Desk, settings: Settings) -> None:
    body = event("PAYMENT.CAPTURE.COMPLETED", {"id": "2GG279541U471931P", "pad": "x" * 1024 * 1024})
    assert hooks.read(body, delivered(desk, body), [settings], desk.clock.now()) is None


@pytest.mark.req("Y8")
def test_a_forged_body_under_a_genuine_signature_changes_nothing() -> None:
    with open_desk() as desk:
        settings = desk.settings(webhook_id=WEBHOOK, webhook_roots=desk.stand_in.notary.root)
        adapter = desk.adapter()
        written = desk.opened(adapter)
        genuine = event("CHECKOUT.ORDER.APPROVED", {"id": written.ref.vendor_id})
        headers = delivered(desk, genuine)
        resource = {
            "id": written.ref.vendor_id,
            "status": "COMPLETED",
            "amount": {"currency_code": "USD", "value": "120.00"},
        }
        false = forged(genuine, event("PAYMENT.CAPTURE.COMPLETED", resource))
        assert false != genuine
        assert zlib.crc32(false) == zlib.crc32(genuine)
        hints = hooks.read(false, headers, [settings], desk.clock.now())
        assert hints is not None  # it verifies: that is the weakness
        (hint,) = hints
        assert (hint.kind, hint.vendor_id) == (Kind.PAYMENT, written.ref.vendor_id)
        assert adapter.look([written.ref._replace(kind=Kind.PAYMENT)]).records == ()
        assert adapter.page_state(written.ref.vendor_id).state is AttemptState.OFFERED
        assert adapter.find_captures(capture_for(written.ref.vendor_id), key()) == ()
        desk.read(adapter)
        assert desk.mirror.of(Kind.PAYMENT) == {}
        assert PaymentState.SUCCEEDED not in {getattr(each.record, "state", None) for each in desk.mirror.held.values()}


@pytest.mark.skipif(not available("paypal"), reason="PayPal's files are not beside the project.")
def test_every_event_that_is_asked_for_is_one_that_paypal_sends() -> None:
    assert set(hooks.EVENTS) <= set(judge.event_names())
