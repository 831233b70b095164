"""What Stripe's webhooks mean: snapshot and thin events, signed over the raw bytes, about now; nothing can raise."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from adapters.stripe import hooks, spec
from adapters.stripe.events import EVENT_TYPES, OBJECTS
from adapters.stripe.settings import Settings
from connector import registry
from connector.dates import instant_from_epoch
from connector.errors import SettingsError
from connector.model.source import Kind
from connector.ports import Hint
from tests.stripe_rig import KEY, NOON
from tests.vendor import where
from tests.vendor.stripe_spec import find_operation

SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"
ROLLED = "whsec_vutsrqponmlkjihgfedcba9876543210"
NOW = instant_from_epoch(NOON)
Json = dict[str, Any]


def settings(secret: str = SECRET) -> Settings:
    return Settings.parse({"api_key": KEY, "webhook_secret": secret})


OURS = settings()


def mac(body: bytes, secret: str = SECRET, at: int = NOON) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def signed(body: bytes, secret: str = SECRET, at: int = NOON) -> dict[str, str]:
    return {"stripe-signature": f"t={at},v1={mac(body, secret, at)}", "content-type": "application/json"}


def read(document: object) -> tuple[Hint, ...]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    hints = hooks.read(body, signed(body), (OURS,), NOW)
    assert hints is not None
    return hints


def snapshot(object_name: str = "invoice", vendor_id: str = "in_1", **more: object) -> Json:
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": "2020-03-02",
        "created": NOON - 5,
        "data": {"object": {"id": vendor_id, "object": object_name}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": f"{object_name}.updated",
        **more,
    }


def thin(object_name: str = "invoice", vendor_id: str = "in_1", **more: object) -> Json:
    return {
        "id": "evt_65test1",
        "object": "v2.core.event",
        "type": f"v1.{object_name}.updated",
        "livemode": False,
        "created": "2026-03-01T11:59:55.000Z",
        "related_object": {"id": vendor_id, "type": object_name, "url": f"/v1/{object_name}s/{vendor_id}"},
        **more,
    }


LOOK = Hint(account="", key="evt_1", kind=Kind.INVOICE, vendor_id="in_1", at="2026-03-01T11:59:55+00:00")


def test_a_snapshot_event_is_a_hint_to_look_at_its_object() -> None:
    assert read(snapshot()) == (LOOK,)


def test_a_thin_event_is_a_hint_to_look_at_its_related_object() -> None:
    (hint,) = read(thin())
    assert (hint.key, hint.kind, hint.vendor_id, hint.at) == ("evt_65test1", Kind.INVOICE, "in_1", LOOK.at)


def test_a_thin_event_and_its_snapshot_are_one_event() -> None:
    assert read(thin(snapshot_event="evt_1")) == read(snapshot())


def test_nothing_else_of_a_body_is_read() -> None:
    lies = {"id": "in_1", "object": "invoice", "status": "paid", "amount_remaining": 0, "livemode": True}
    changed = snapshot(data={"object": lies, "previous_attributes": {"status": "open"}}, api_version=None, type="odd")
    assert read(changed) == read(snapshot())


@pytest.mark.parametrize(("name", "kind"), OBJECTS.items(), ids=str)
def test_every_kind_that_is_mirrored_and_has_events_is_known_by_its_objects_name(name: str, kind: Kind) -> None:
    expected = (None, None) if name == "customer_cash_balance_transaction" else (kind, "x_1")
    for document in (snapshot(name, "x_1"), thin(name, "x_1")):
        assert [(hint.kind, hint.vendor_id) for hint in read(document)] == [expected]


def test_an_event_of_a_type_that_nobody_has_heard_of_is_told_by_its_object() -> None:
    assert read(snapshot(type="invoice.reconsidered")) == (LOOK,)


@pytest.mark.parametrize("name", ["subscription", "product", "account", "checkout.session", "balance", "card", "plan"])
def test_an_event_about_what_is_not_mirrored_is_no_hint(name: str) -> None:
    assert read(snapshot(name)) == read(thin(name)) == ()


@pytest.mark.parametrize(
    ("document", "account"),
    [
        pytest.param(snapshot(account="acct_2"), "acct_2", id="snapshot"),
        pytest.param(thin(context="acct_2"), "acct_2", id="thin"),
        pytest.param(thin(context="org_1/acct_2"), "acct_2", id="thin of an organisation"),
        pytest.param(snapshot(account=None), "", id="the account's own"),
    ],
)
def test_an_event_of_a_connected_account_names_it(document: Json, account: str) -> None:
    assert [hint.account for hint in read(document)] == [account]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("nonsense", id="nonsense"),
        pytest.param(f"t={NOON}", id="no signature"),
        pytest.param("v1={good}", id="no time"),
        pytest.param("t=,v1={good}", id="an empty time"),
        pytest.param("t=soon,v1={good}", id="a time that is a word"),
        pytest.param("t=-1,v1={good}", id="a time before 1970"),
        pytest.param(f"t={NOON},v0={{good}}", id="another scheme"),
        pytest.param(f"t={NOON},v1=", id="an empty signature"),
        pytest.param(f"t={NOON},v1=\u00e9\u4e00", id="letters that are no hex"),
        pytest.param(f"t={NOON + 1},v1={{good}}", id="the signature of another second"),
        pytest.param(f"t={NOON},v1={{other}}", id="the signature of another secret"),
    ],
)
def test_without_a_signature_that_fits_nothing_is_read(header: str | None) -> None:
    body = json.dumps(snapshot()).encode()
    said = (header or "").format(good=mac(body), other=mac(body, ROLLED))
    headers = {} if header is None else {"stripe-signature": said}
    assert hooks.read(body, headers, (OURS,), NOW) is None


@pytest.mark.req("S27")
def test_the_raw_bytes_are_what_is_signed() -> None:
    body = json.dumps(snapshot()).encode()
    assert hooks.read(json.dumps(snapshot(), indent=1).encode(), signed(body), (OURS,), NOW) is None
    assert hooks.read(b"\xff\xfe\x00", signed(b"\xff\xfe\x00"), (OURS,), NOW) == ()


@pytest.mark.req("S27")
@pytest.mark.parametrize(
    ("seconds", "taken"),
    [(0, True), (-300, True), (300, True), (-301, False), (301, False), (86_400, False)],
)
def test_a_signature_is_good_for_three_hundred_seconds_before_and_after(seconds: int, *, taken: bool) -> None:
    body = json.dumps(snapshot()).encode()
    assert (hooks.read(body, signed(body, at=NOON + seconds), (OURS,), NOW) is not None) is taken


@pytest.mark.parametrize("ours", [SECRET, ROLLED, f"{SECRET},{ROLLED}", f"{ROLLED} {SECRET}"])
@pytest.mark.parametrize("theirs", [[SECRET, ROLLED], [ROLLED, SECRET]])
def test_while_a_secret_is_rolled_a_delivery_with_two_signatures_fits_either(ours: str, theirs: list[str]) -> None:
    body = json.dumps(snapshot()).encode()
    header = ",".join([f"t={NOON}", *(f"v1={mac(body, each)}" for each in theirs), "v0=00"])
    assert hooks.read(body, {"stripe-signature": header}, (settings(ours),), NOW) == (LOOK,)


def test_with_two_secrets_a_delivery_signed_with_the_older_one_still_fits() -> None:
    body = json.dumps(snapshot()).encode()
    assert hooks.read(body, signed(body, SECRET), (settings(f"{ROLLED},{SECRET}"),), NOW) == (LOOK,)


def test_what_stripes_own_library_signs_is_read() -> None:
    body = json.dumps(snapshot())
    header = stripe.WebhookSignature.generate_signature_header(body, SECRET, timestamp=NOON)
    assert hooks.read(body.encode(), {"stripe-signature": header}, (OURS,), NOW) == (LOOK,)


def test_what_is_read_stripes_own_library_verifies_too() -> None:
    body = json.dumps(snapshot()).encode()
    assert stripe.WebhookSignature.verify_header(body, signed(body)["stripe-signature"], SECRET)


def test_a_connection_without_a_secret_listens_to_nothing() -> None:
    assert hooks.listens(OURS)
    for deaf in (Settings.parse({"api_key": KEY}), settings(""), settings(" , "), object()):
        assert not hooks.listens(deaf)
    body = json.dumps(snapshot()).encode()
    assert hooks.read(body, signed(body, ""), (settings(""),), NOW) is None


@pytest.mark.parametrize(
    "secret", ["hush", "whsec_short", "sk_test_12345678", f"{SECRET},hush", f"{SECRET},{ROLLED},{SECRET}1"]
)
def test_what_is_no_signing_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SettingsError) as fault:
        settings(secret)
    assert "webhook_secret" in fault.value.sentence
    assert secret not in str(fault.value)
    assert SECRET not in repr(OURS)


ODD = [
    b"",
    b"nonsense",
    b"[]",
    b"null",
    b'"event"',
    b"[" * 100_000,
    b"1" * 5_000,
    json.dumps(snapshot(data=None)).encode(),
    json.dumps(snapshot(data={"object": []})).encode(),
    json.dumps(snapshot(id=None)).encode(),
    json.dumps(snapshot(id="evt 1")).encode(),
    json.dumps(snapshot(vendor_id="../charges")).encode(),
    json.dumps(snapshot(vendor_id="")).encode(),
    json.dumps(snapshot(vendor_id="i" * 256)).encode(),
    json.dumps(snapshot(vendor_id="in_\ud800")).encode(),
    json.dumps(snapshot(account="acct 2")).encode(),
    json.dumps(snapshot(object="list")).encode(),
    json.dumps(snapshot() | {"data": {"object": {"object": "invoice", "customer": "cus_1"}}}).encode(),
    json.dumps(thin(related_object=None)).encode(),
    json.dumps(thin(related_object={"type": "invoice"})).encode(),
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_what_is_signed_and_cannot_be_read_is_left_out(body: bytes) -> None:
    assert read(body) == ()


@pytest.mark.parametrize("created", [None, "soon", -1, 10**15, True, 1.5, [1]])
def test_an_event_whose_time_cannot_be_read_is_a_hint_all_the_same(created: object) -> None:
    for document in (snapshot(created=created), thin(created=created)):
        assert [(hint.vendor_id, hint.at) for hint in read(document)] == [("in_1", "")]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["object", "id", "data", "created", "related_object", "type", "account", "context", "x"]
                ),
                inner | st.sampled_from(["event", "v2.core.event", "invoice", "in_1"]),
                max_size=6,
            )
        ),
        max_leaves=12,
    ),
    st.text(max_size=40),
)
def test_nothing_in_a_delivery_can_make_the_reader_raise(document: object, header: str) -> None:
    body = json.dumps(document).encode()
    assert isinstance(hooks.read(body, signed(body), (OURS,), NOW), tuple)
    assert hooks.read(body, {"stripe-signature": header}, (OURS,), NOW) is None


def test_the_adapter_declares_its_reader() -> None:
    assert registry.hooks_of(spec) is not None


SAMPLES = sorted(where.schemas("stripe").glob("webhook-samples/*.json")) if where.available("stripe") else []


@pytest.mark.skipif(not SAMPLES, reason="the vendor's recorded webhooks are not here")
def test_recorded_events_in_an_old_version_point_at_their_objects() -> None:
    for sample in SAMPLES:
        body = sample.read_bytes()
        inner = json.loads(body)["data"]["object"]
        (hint,) = read(body)
        assert (hint.kind, hint.vendor_id) == (OBJECTS[inner["object"]], inner["id"]), sample.name


@pytest.mark.skipif(not where.available("stripe"), reason="Stripe's description is not here")
def test_the_events_asked_for_are_all_that_stripe_has_about_those_objects() -> None:
    """By the names of its types; `invoice.upcoming` is about an invoice that does not exist yet."""
    operation = find_operation("POST", "/v1/webhook_endpoints")
    assert operation is not None
    known = set(operation.body["properties"]["enabled_events"]["items"]["enum"])
    assert set(EVENT_TYPES) <= known
    about = re.compile(
        r"(customer|invoice|invoice_payment|credit_note|payment_intent|charge|refund|payout)\.[a-z_]+"
        r"|charge\.(dispute|refund)\.[a-z_]+|customer_cash_balance_transaction\.[a-z_]+"
    )
    assert {each for each in known if about.fullmatch(each)} - set(EVENT_TYPES) == {"invoice.upcoming"}
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES))
