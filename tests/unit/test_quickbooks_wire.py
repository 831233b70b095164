"""Intuit's shapes: nothing is lost, nothing passes through a float, and no refusal passes as success."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import adapters.quickbooks
from adapters.quickbooks import faults, wire
from connector.errors import (
    Conflict,
    MalformedAnswer,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)

amounts_10_5 = st.builds(
    lambda whole, decimals: f"{whole}.{decimals}" if decimals else str(whole),
    st.integers(min_value=0, max_value=10**10 - 1),
    st.text("0123456789", max_size=5),
)


@pytest.mark.req("Q10")
@given(amounts_10_5)
def test_an_amount_of_ten_digits_and_five_comes_and_goes_byte_for_byte(digits: str) -> None:
    page = b'{"QueryResponse":{"Payment":[{"Id":"1","TotalAmt":' + digits.encode() + b"}]}}"
    [received] = wire.rows(page, wire.Payment)
    assert isinstance(received.row.total_amt, Decimal)
    assert wire.encode({"TotalAmt": received.row.total_amt}) == b'{"TotalAmt":' + digits.encode() + b"}"


@pytest.mark.req("Q10")
@pytest.mark.parametrize("body", [{"Amount": 1.5}, {"Line": [{"Amount": 0.1}]}, [1.0], {"Amount": Decimal("NaN")}])
def test_a_float_is_never_sent_however_deep(body: wire.Json) -> None:
    with pytest.raises(TypeError):
        wire.encode(body)


@pytest.mark.req("Q10")
def test_no_float_stands_in_the_rooms_that_touch_money() -> None:
    room = Path(adapters.quickbooks.__file__).parent
    for name in ("wire", "translate", "client", "keyset", "faults"):
        code = re.sub(r'""".*?"""|#.*', "", (room / f"{name}.py").read_text(), flags=re.DOTALL)
        assert "float" not in code, name


def test_a_body_is_plain_json_with_its_texts_intact() -> None:
    body: wire.Json = {"a": None, "b": True, "c": 3, "d": ['é "😀"\n', Decimal("10.50"), Decimal("1E+3")]}
    text = wire.encode(body)
    assert b"10.50" in text
    assert b"1000" in text
    assert json.loads(text, parse_float=Decimal) == {
        "a": None,
        "b": True,
        "c": 3,
        "d": ['é "😀"\n', Decimal("10.5"), 1000],
    }


@pytest.mark.req("Q19")
def test_unknown_fields_and_values_are_kept_and_not_fatal() -> None:
    raw = b'{"Id":"7","EmailStatus":"Teleported","Balance":1.0,"Hologram":{"on":[1,2]},"TotalAmt":1}'
    [received] = wire.rows(b'{"QueryResponse":{"Invoice":[' + raw + b'],"startPosition":1},"time":"x"}', wire.Invoice)
    assert received.row.email_status == "Teleported"
    assert received.raw == raw


def test_an_empty_result_has_no_rows() -> None:
    assert wire.rows(b'{"QueryResponse":{},"time":"2026-04-01T05:00:00.000-07:00"}', wire.Invoice) == ()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"QueryResponse":{"Invoice":[{"Id":"1","TotalA', id="cut short"),
        pytest.param(b'{"QueryResponse":{"Invoice":[{"Id":"1"},', id="cut between rows"),
        pytest.param(b'{"time":"x"}', id="no list"),
        pytest.param(b'{"QueryResponse":{"Invoice":[{"SyncToken":"1"}]}}', id="a row without an id"),
        pytest.param(b'{"QueryResponse":{"Invoice":[{"Id":"1","TotalAmt":[1]}]}}', id="an amount that is none"),
        pytest.param(b"<html>busy</html>", id="a web page"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_page_that_is_not_whole_is_malformed_and_nothing_of_it_is_kept(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        wire.rows(body, wire.Invoice)


def test_an_answer_with_another_entity_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        wire.single(b'{"Payment":{"Id":"1"}}', wire.Invoice)


def test_a_new_token_does_not_show_itself() -> None:
    answer = wire.tokens(b'{"access_token":"a1","refresh_token":"r1","expires_in":3600}')
    assert (answer.access_token, answer.refresh_token, answer.expires_in) == ("a1", "r1", 3600)
    assert "a1" not in repr(answer)
    with pytest.raises(MalformedAnswer):
        wire.tokens(b'{"access_token":"a1"}')


def _json_fault(code: str | None, kind: str = "ValidationFault", detail: str = "secret detail") -> bytes:
    error = {"Message": "m", "Detail": detail} | ({"code": code} if code is not None else {})
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": "x"}).encode()


XML_429 = (
    b'<?xml version="1.0"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">'
    b'<Error code="3001"><Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message></Error>'
    b"</Fault></IntuitResponse>"
)
GATEWAY = b'{"warnings":null,"fault":{"error":[{"message":"ThrottleExceeded","code":"003001"}],"type":"SERVICE"}}'
BATCH = b'{"BatchItemResponse":[{"bId":"1"},{"Fault":{"Error":[{"code":"6140"}],"type":"ValidationFault"},"bId":"2"}]}'


@pytest.mark.req("Q4")
@pytest.mark.parametrize(
    ("status", "body", "read_error", "write_error", "code"),
    [
        pytest.param(400, _json_fault("6240"), Rejected, Rejected, "6240", id="a: Intuit's JSON"),
        pytest.param(429, GATEWAY, RateLimited, RateLimited, "3001", id="b: the gateway's lower case, padded code"),
        pytest.param(429, XML_429, RateLimited, RateLimited, "3001", id="c: XML although JSON was asked for"),
        pytest.param(403, XML_429, RateLimited, RateLimited, "3001", id="c: a throttle that calls itself 403"),
        pytest.param(503, b"<html>busy</html>", Unreachable, OutcomeUnknown, "503", id="d: HTML"),
        pytest.param(504, b"", Unreachable, OutcomeUnknown, "504", id="d: empty"),
        pytest.param(200, _json_fault("610"), NotFound, NotFound, "610", id="e: a fault inside success"),
        pytest.param(
            400, b'{"error":"invalid_grant"}', Rejected, Rejected, "invalid_grant", id="f: the token endpoint"
        ),
        pytest.param(200, BATCH, Rejected, Rejected, "6140", id="g: one item of a batch"),
        pytest.param(401, _json_fault("3200", "AUTHENTICATION"), NeedsReconnect, NeedsReconnect, "3200", id="expired"),
        pytest.param(401, b"", NeedsReconnect, NeedsReconnect, "401", id="expired, without a word"),
        pytest.param(403, _json_fault("3100"), NeedsReconnect, NeedsReconnect, "3100", id="sandbox key, real books"),
        pytest.param(400, _json_fault("120"), NeedsReconnect, NeedsReconnect, "120", id="no rights"),
        pytest.param(500, _json_fault("10000", "SystemFault"), Unreachable, OutcomeUnknown, "10000", id="system"),
        pytest.param(400, _json_fault("5010"), Conflict, Conflict, "5010", id="stale"),
        pytest.param(
            400,
            _json_fault("5010", detail="Account Period Closed"),
            Rejected,
            Rejected,
            "5010",
            id="closed, called stale",
        ),
        pytest.param(400, _json_fault("6210"), Rejected, Rejected, "6210", id="books closed"),
        pytest.param(400, _json_fault("620"), Rejected, Rejected, "620", id="cannot be linked"),
        pytest.param(400, _json_fault("4001"), Rejected, Rejected, "4001", id="query"),
        pytest.param(400, _json_fault("77777"), Rejected, Rejected, "77777", id="a code nobody knows"),
        pytest.param(404, b"", NotFound, NotFound, "404", id="no such address"),
        pytest.param(408, b"", Unreachable, OutcomeUnknown, "408", id="the server lost patience"),
        pytest.param(200, _json_fault(None), Rejected, Rejected, "200", id="no code: by its class"),
        pytest.param(200, _json_fault(None, "SystemFault"), Unreachable, OutcomeUnknown, "200", id="no code, system"),
        pytest.param(200, _json_fault("", "SERVICE"), Unreachable, OutcomeUnknown, "200", id="empty code"),
        pytest.param(200, b'{"Fault":{"Error":"all wrong"}}', Rejected, Rejected, "200", id="a spelling nobody knows"),
        pytest.param(400, b'{"Fault":{"Error":[]}}', Rejected, Rejected, "400", id="no error in the fault"),
    ],
)
def test_every_shape_of_fault_becomes_one_error(
    status: int, body: bytes, read_error: type[VendorError], write_error: type[VendorError], code: str
) -> None:
    for write, expected in ((False, read_error), (True, write_error)):
        error = faults.judge(status, wire.faults(body), write=write, trace="1-abc")
        assert type(error) is expected
        assert error is not None
        assert (error.code, error.trace, error.system) == (code, "1-abc", "QuickBooks")
        assert "secret detail" not in str(error)
        assert error.sentence


@pytest.mark.req("Q4")
def test_of_two_errors_the_graver_one_counts() -> None:
    body = b'{"Fault":{"Error":[{"code":"2050","element":"firstname"},{"code":"3200"}],"type":"ValidationFault"}}'
    assert isinstance(faults.judge(400, wire.faults(body), write=True), NeedsReconnect)


def test_success_without_a_fault_is_no_error() -> None:
    assert faults.judge(200, wire.faults(b'{"Invoice":{"Id":"1","DocNumber":"Fault"}}'), write=False) is None


def test_a_throttle_asks_for_a_minute() -> None:
    error = faults.judge(429, wire.faults(XML_429), write=False)
    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == 60


def test_a_lost_answer_is_unknown_for_a_write_and_repeatable_for_a_read() -> None:
    assert isinstance(faults.lost(write=True), OutcomeUnknown)
    assert isinstance(faults.lost(write=False), MalformedAnswer)
