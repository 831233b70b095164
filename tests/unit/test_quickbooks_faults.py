"""Intuit's table of faults in all its shapes: each code means one thing, and no shape crashes or passes as success."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.quickbooks import faults, wire
from connector.errors import (
    Conflict,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)

Shape = Callable[[str], bytes]


class Row(NamedTuple):
    """What a code means for a read, for a write, and a word that its sentence must hold."""

    read: type[VendorError]
    write: type[VendorError]
    word: str


NOTHING_SENT = "missing or not allowed"
TABLE: Mapping[str, Row] = {
    "3200": Row(NeedsReconnect, NeedsReconnect, "does not accept this connection"),
    "401": Row(NeedsReconnect, NeedsReconnect, "does not accept this connection"),
    "3100": Row(NeedsReconnect, NeedsReconnect, "rights are missing"),
    "120": Row(NeedsReconnect, NeedsReconnect, "rights are missing"),
    "403": Row(NeedsReconnect, NeedsReconnect, "rights are missing"),
    "3001": Row(RateLimited, RateLimited, "slow down"),
    "003001": Row(RateLimited, RateLimited, "slow down"),
    "429": Row(RateLimited, RateLimited, "slow down"),
    "500": Row(Unreachable, OutcomeUnknown, ""),
    "502": Row(Unreachable, OutcomeUnknown, ""),
    "503": Row(Unreachable, OutcomeUnknown, ""),
    "504": Row(Unreachable, OutcomeUnknown, ""),
    "10000": Row(Unreachable, OutcomeUnknown, ""),
    "610": Row(NotFound, NotFound, "does not exist"),
    "620": Row(Rejected, Rejected, "could not link"),
    "2010": Row(Rejected, Rejected, NOTHING_SENT),
    "2020": Row(Rejected, Rejected, NOTHING_SENT),
    "2050": Row(Rejected, Rejected, NOTHING_SENT),
    "2180": Row(Rejected, Rejected, NOTHING_SENT),
    "2500": Row(Rejected, Rejected, "does not know"),
    "4000": Row(Rejected, Rejected, "query"),
    "4001": Row(Rejected, Rejected, "query"),
    "5010": Row(Conflict, Conflict, "meanwhile"),
    "6000": Row(Rejected, Rejected, "business rule"),
    "6140": Row(Rejected, Rejected, "already has"),
    "6240": Row(Rejected, Rejected, "already has"),
    "6190": Row(Rejected, Rejected, "subscription"),
    "6210": Row(Rejected, Rejected, "closed"),
    "6430": Row(Rejected, Rejected, "account"),
    "2390": Row(Rejected, Rejected, "account"),
    "6540": Row(Rejected, Rejected, "deposit"),
}


def upper(code: str) -> bytes:
    error = {"Message": "m", "Detail": "d", "code": code, "element": ""}
    return json.dumps({"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "t"}).encode()


def lower(code: str) -> bytes:
    error = {"message": "m", "detail": "d", "code": code, "element": None}
    return json.dumps(
        {"warnings": None, "fault": {"error": [error], "type": "SERVICE"}, "queryResponse": None}
    ).encode()


def number(code: str) -> bytes:
    return json.dumps({"Fault": {"Error": [{"code": int(code)}]}}).encode()


def xml(code: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3">'
        f'<Fault type="ValidationFault"><Error code="{code}" element=""><Message>m</Message><Detail>d</Detail></Error>'
        "</Fault></IntuitResponse>"
    ).encode()


def batch(code: str) -> bytes:
    good = {"bId": "1", "Payment": {"Id": "7"}}
    bad = {"bId": "2", "Fault": {"Error": [{"Message": "m", "code": code}], "type": "ValidationFault"}}
    return json.dumps({"BatchItemResponse": [good, bad]}).encode()


SHAPES: Mapping[str, tuple[int, Shape]] = {
    "JSON": (400, upper),
    "the gateway's JSON": (400, lower),
    "a code as a number": (400, number),
    "XML": (400, xml),
    "inside HTTP 200": (200, upper),
    "XML inside HTTP 200": (200, xml),
    "an item of a batch": (200, batch),
}


def judged(status: int, body: bytes, *, write: bool) -> VendorError | None:
    return faults.judge(status, wire.faults(body), write=write, trace="tid-1")


@pytest.mark.req("Q4")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("code", TABLE)
def test_each_code_of_the_table_means_the_same_in_every_shape(code: str, shape: str) -> None:
    status, body = SHAPES[shape]
    expected = TABLE[code]
    for write, error in ((False, expected.read), (True, expected.write)):
        found = judged(status, body(code), write=write)
        assert type(found) is error
        assert expected.word in found.sentence
        assert (found.code, found.trace) == (str(int(code)), "tid-1")
        assert found.next_step


STATUSES = {
    401: (NeedsReconnect, NeedsReconnect),
    403: (NeedsReconnect, NeedsReconnect),
    404: (NotFound, NotFound),
    400: (Rejected, Rejected),
    429: (RateLimited, RateLimited),
    408: (Unreachable, OutcomeUnknown),
    500: (Unreachable, OutcomeUnknown),
    502: (Unreachable, OutcomeUnknown),
    503: (Unreachable, OutcomeUnknown),
    504: (Unreachable, OutcomeUnknown),
    599: (Unreachable, OutcomeUnknown),
}


@pytest.mark.req("Q4")
@pytest.mark.parametrize("body", [b"", b"<html><body>Service Unavailable</body></html>", b"gateway timeout", b"{}"])
@pytest.mark.parametrize("status", STATUSES)
def test_html_and_emptiness_are_judged_by_their_status_alone(status: int, body: bytes) -> None:
    read, write = STATUSES[status]
    assert type(judged(status, body, write=False)) is read
    assert type(judged(status, body, write=True)) is write


WITHOUT_CODE = [
    b'{"Fault":{"Error":[{"Message":"m","Detail":"d"}],"type":"SystemFault"}}',
    b'{"Fault":{"Error":[{"Message":"m","code":""}],"type":"SystemFault"}}',
    b'{"Fault":{"Error":[{"Message":"m","code":null}],"type":"SystemFault"}}',
    b'{"Fault":{"Error":[],"type":"SystemFault"}}',
    b'{"fault":{"error":[{"message":"m"}],"type":"SYSTEM"}}',
    b'<IntuitResponse><Fault type="SystemFault"><Error><Message>m</Message></Error></Fault></IntuitResponse>',
]


@pytest.mark.req("Q4")
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("body", WITHOUT_CODE)
def test_a_fault_without_a_code_is_judged_by_intuits_class_of_it_and_by_the_status(body: bytes, status: int) -> None:
    assert type(judged(status, body, write=False)) is Unreachable
    assert type(judged(status, body, write=True)) is OutcomeUnknown


@pytest.mark.req("Q4")
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        pytest.param(("2010", "3001"), RateLimited, id="a throttle beside a bad field"),
        pytest.param(("6000", "3200"), NeedsReconnect, id="a dead token beside a rule"),
        pytest.param(("6240", "5010"), Conflict, id="a stale record beside a duplicate"),
        pytest.param(("2050", "10000"), OutcomeUnknown, id="a broken server beside a long text"),
        pytest.param(("2050", "2080"), Rejected, id="two bad fields"),
    ],
)
def test_of_several_errors_the_gravest_counts_wherever_it_stands(
    codes: tuple[str, str], expected: type[VendorError]
) -> None:
    for order in (codes, codes[::-1]):
        body = {"Fault": {"Error": [{"code": code} for code in order], "type": "ValidationFault"}}
        assert type(judged(400, json.dumps(body).encode(), write=True)) is expected


def test_a_closed_period_is_one_whatever_code_it_comes_under() -> None:
    error = {"code": "5010", "Message": "Stale Object Error", "Detail": "Account Period Closed, Cannot Update"}
    found = judged(400, json.dumps({"Fault": {"Error": [error]}}).encode(), write=True)
    assert isinstance(found, Rejected)
    assert "period that is closed" in found.sentence


def test_a_throttle_without_a_code_is_known_by_its_words() -> None:
    error = {"Message": "message=ThrottleExceeded; errorCode=003001; statusCode=429", "code": ""}
    assert isinstance(judged(400, json.dumps({"Fault": {"Error": [error]}}).encode(), write=False), RateLimited)


def test_nothing_of_intuits_texts_is_passed_on() -> None:
    error = {"code": "6000", "Message": "Acme owes 120.00", "Detail": "Jane Doe", "element": "Line"}
    found = judged(400, json.dumps({"Fault": {"Error": [error]}}).encode(), write=True)
    assert found is not None
    for private in ("Acme", "120.00", "Jane"):
        assert private not in f"{found!r} {found} {vars(found)}"


def test_an_answer_of_success_without_a_fault_is_none() -> None:
    assert judged(200, b'{"Payment":{"Id":"1"}}', write=True) is None
    assert judged(200, b'{"BatchItemResponse":[{"bId":"1","Payment":{"Id":"1"}}]}', write=True) is None


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["3001", "5010", "-1", "x" * 99]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Error", "error", "code", "Message", "type", "element"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.req("Q4")
@given(key=st.sampled_from(["Fault", "fault", "error"]), inside=odd, status=st.sampled_from([200, 400, 429, 500]))
def test_whatever_stands_in_a_fault_it_is_an_error_and_never_a_crash(key: str, inside: object, status: int) -> None:
    found = judged(status, json.dumps({key: inside, "time": "t"}).encode(), write=True)
    if inside is None and status == 200:
        assert found is None, "a key of nothing names no fault"
    else:
        assert isinstance(found, VendorError)


@pytest.mark.req("Q4")
@given(body=st.binary(max_size=200), status=st.sampled_from([301, 400, 404, 429, 500, 503]))
def test_whatever_is_sent_with_a_status_of_failure_is_an_error_and_never_a_crash(body: bytes, status: int) -> None:
    assert isinstance(judged(status, body, write=True), VendorError)
