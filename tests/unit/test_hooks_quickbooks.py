"""What Intuit's webhooks mean: both forms, signed over the raw bytes, and never able to raise."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.quickbooks import hooks, spec
from connector import registry
from connector.model.source import Kind
from connector.ports import Hint
from tests.unit.quickbooks_ground import settings
from tests.vendor import where

VERIFIER = "5c1d1cd1-7f2b-4a55-9d7e-1f2f3a4b5c6d"
OURS = settings(webhook_verifier=VERIFIER)
Json = dict[str, Any]


def signed(body: bytes, verifier: str = VERIFIER) -> dict[str, str]:
    mac = hmac.new(verifier.encode(), body, hashlib.sha256).digest()
    return {"intuit-signature": base64.b64encode(mac).decode()}


def read(document: object, **headers: str) -> tuple[Hint, ...]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    hints = hooks.read(body, signed(body) | headers, (OURS,))
    assert hints is not None
    return hints


def event(entity: str = "invoice", vendor_id: str = "130", realm: str = "9130001", **more: object) -> Json:
    return {
        "specversion": "1.0",
        "id": "d1a3aedd-9670-41bf-a4f9-c148a1cc4e03",
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": f"qbo.{entity}.updated.v1",
        "time": "2026-03-07T19:59:07.034359333Z",
        "intuitentityid": vendor_id,
        "intuitaccountid": realm,
        "data": {},
        **more,
    }


def classic(*entities: Json, realm: str = "9130001") -> Json:
    return {"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": list(entities)}}]}


def entity(name: str = "Customer", vendor_id: str = "43", operation: str = "Update", **more: str) -> Json:
    return {
        "name": name, "id": vendor_id, "operation": operation, "lastUpdated": "2026-03-05T03:07:04.000Z", **more,
    }  # fmt: skip


def test_the_declaration_leads_to_the_module_that_reads_hooks() -> None:
    assert registry.hooks_of(spec) is hooks


def test_nothing_is_taken_without_a_verifier_token() -> None:
    assert hooks.listens(OURS)
    bare = settings()
    assert not hooks.listens(bare)
    assert not hooks.listens(settings(webhook_verifier="  "))
    assert not hooks.listens(object())
    assert hooks.read(b"[]", signed(b"[]", ""), (bare,)) is None


def test_the_verifier_token_shows_in_no_repr() -> None:
    assert VERIFIER not in repr(OURS)


def test_the_old_form_is_read_with_its_times_and_without_what_we_do_not_mirror() -> None:
    hints = read(classic(entity("Vendor", "40"), entity("Customer", "43", "Create"), entity("CreditMemo", "7", "Void")))
    assert [(hint.account, hint.kind, hint.vendor_id, hint.at) for hint in hints] == [
        ("9130001", Kind.CUSTOMER, "43", "2026-03-05T03:07:04+00:00"),
        ("9130001", Kind.CREDIT_NOTE, "7", "2026-03-05T03:07:04+00:00"),
    ]


def test_a_cloud_event_is_read_by_its_own_id_and_its_nine_digit_time() -> None:
    assert read([event()]) == (
        Hint(
            account="9130001",
            key="d1a3aedd-9670-41bf-a4f9-c148a1cc4e03",
            kind=Kind.INVOICE,
            vendor_id="130",
            at="2026-03-07T19:59:07.034359+00:00",
        ),
    )


@pytest.mark.req("Q36")
def test_the_samples_of_intuit_are_read() -> None:
    samples = where.schemas("quickbooks") / "webhooks"
    old = (samples / "legacy_event_notifications.json").read_bytes()
    assert [(hint.account, hint.kind, hint.vendor_id) for hint in read(old)] == [("1269959970", Kind.CUSTOMER, "43")]
    new = (samples / "cloudevents_class_created.json").read_bytes()
    assert read(new) == ()  # classes are not mirrored
    (hint,) = read(new.replace(b"qbo.class.", b"qbo.customer."))
    assert (hint.account, hint.kind, hint.vendor_id) == ("310687", Kind.CUSTOMER, "1234")


@pytest.mark.req("Q36")
def test_one_delivery_may_be_about_several_companies_in_either_form() -> None:
    news = [
        event(id="a"),
        event(id="b", realm="9130002"),
        event(id="c", realm="77", datacontenttype="application/json"),
    ]
    assert [(hint.key, hint.account) for hint in read(news)] == [("a", "9130001"), ("b", "9130002"), ("c", "77")]
    both = {"eventNotifications": classic(entity())["eventNotifications"] * 2}
    both["eventNotifications"][1] = classic(entity(), realm="9130002")["eventNotifications"][0]
    assert [hint.account for hint in read(both)] == ["9130001", "9130002"]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([event("customer", "5", data={"deletedid": "4"})], id="a cloud event"),
        pytest.param(classic(entity("Customer", "5", "Merge", deletedId="4")), id="the old form"),
        pytest.param(classic(entity("Customer", "5", "Merge", deletedID="4")), id="the old form as documented once"),
    ],
)
def test_a_merge_points_at_the_record_that_stays_and_at_the_one_that_went_into_it(document: object) -> None:
    stays, went = read(document)
    assert (stays.vendor_id, stays.merged_into) == ("5", None)
    assert (went.vendor_id, went.merged_into, went.kind) == ("4", "5", Kind.CUSTOMER)
    assert went.key != stays.key


def test_records_that_share_a_kind_are_named_as_the_mirror_names_them() -> None:
    hints = read([event("purchase", "12", id="a"), event("transfer", "12", id="b")])
    assert [(hint.kind, hint.vendor_id) for hint in hints] == [
        (Kind.BOOK_ENTRY, "Purchase:12"),
        (Kind.BOOK_ENTRY, "Transfer:12"),
    ]


def test_every_delivery_of_an_event_has_the_same_key_and_no_other_event_has_it() -> None:
    assert read(classic(entity()))[0].key == read(classic(entity("Vendor"), entity()))[0].key
    others = [
        classic(entity("Invoice")),
        classic(entity(vendor_id="44")),
        classic(entity(operation="Delete")),
        classic({**entity(), "lastUpdated": "2026-03-05T03:07:05.000Z"}),
        classic(entity(), realm="9130002"),
    ]
    assert len({read(document)[0].key for document in (classic(entity()), *others)}) == 6


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"intuit-signature": ""}, id="empty"),
        pytest.param({"intuit-signature": "%%%not base64%%%"}, id="not base64"),
        pytest.param({"intuit-signature": "ü\udcff" * 30}, id="not even text"),
        pytest.param(signed(b"[] "), id="of other bytes"),
        pytest.param(signed(b"[]", "another-token"), id="by another token"),
        pytest.param({"intuit-signature": signed(b"[]")["intuit-signature"].rstrip("=")}, id="cut short"),
        pytest.param({"intuit-signature": hmac.new(VERIFIER.encode(), b"[]", "sha256").hexdigest()}, id="in hex"),
        pytest.param({"Intuit-Signature": signed(b"[]")["intuit-signature"]}, id="under a name that is not lower case"),
    ],
)
def test_a_delivery_whose_signature_does_not_fit_is_not_read(headers: dict[str, str]) -> None:
    assert hooks.read(b"[]", headers, (OURS,)) is None


@pytest.mark.req("Q36")
def test_the_signature_is_over_the_raw_bytes_and_not_over_what_they_mean() -> None:
    body = b'[ {"intuitaccountid" :"9130001","type":"qbo.invoice.updated.v1","intuitentityid":"1","id":"x"}]'
    meant_the_same = json.dumps(json.loads(body)).encode()
    assert hooks.read(body, signed(body), (OURS,)) != ()
    assert hooks.read(body, signed(meant_the_same), (OURS,)) is None


def test_any_connections_token_may_have_signed_it() -> None:
    other = settings(webhook_verifier="another-token")
    body = json.dumps([event()]).encode()
    assert hooks.read(body, signed(body, "another-token"), (OURS, other)) == read([event()])


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half of it"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"eventNotifications":' + b"9" * 5000 + b"}", id="a number without end"),
        pytest.param({"eventNotifications": {"realmId": "1"}}, id="not a list"),
        pytest.param({"eventNotifications": [None, {"dataChangeEvent": {"entities": 3}}]}, id="lists of nothing"),
        pytest.param(["text", None, 3, {}, {"data": []}], id="events that are none"),
        pytest.param([event(vendor_id="../../company/2/customer/1")], id="an id that is a path"),
        pytest.param([event(vendor_id="1\u0000")], id="an id with a character no database keeps"),
        pytest.param([event(realm="")], id="nobody's"),
        pytest.param([event(intuitentityid={"a": 1})], id="an id that is an object"),
        pytest.param([event(type="com.example.invoice")], id="another vendor's event"),
        pytest.param([event(id=None)], id="an event without an id"),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_left_out(document: object) -> None:
    assert read(document) == ()


def test_one_event_that_cannot_be_read_does_not_take_the_others_with_it() -> None:
    hints = read([event(vendor_id="?"), "noise", event(id="b", time="yesterday", intuitentityid=7)])
    assert [(hint.key, hint.vendor_id, hint.at) for hint in hints] == [("b", "7", "")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["eventNotifications", "realmId", "dataChangeEvent", "entities", "name", "id", "type", "data"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.text(max_size=50))
def test_nothing_that_anybody_sends_raises(document: object, header: str) -> None:
    body = json.dumps(document).encode()
    assert hooks.read(body, {"intuit-signature": header}, (OURS,)) is None
    assert isinstance(read(body), tuple)
