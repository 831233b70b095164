"""How the QuickBooks stand-in fails: every shape Intuit has, before and after the commit, and beyond its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
import requests

from adapters.quickbooks.standin import build
from adapters.quickbooks.standin.conduct import Conduct, Limits
from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.shapes import SHAPES
from connector.errors import UserError
from connector.testing.standin import Fault, Server, parse_faults
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import OTHER, REALM, WORLD, Books, payment
from tests.standins import Tally
from tests.vendor import quickbooks as judge
from tests.vendor.where import schemas

QUERY = f"/v3/company/{REALM}/query"


@pytest.fixture
def intuit(clock: FakeClock) -> Intuit:
    return build(parse(WORLD), clock=clock)


@pytest.fixture
def server(intuit: Intuit) -> Iterator[Server]:
    with Server(intuit) as running:
        yield running


def ask(server: Server, method: str = "GET", path: str = QUERY, **headers: str) -> requests.Response:
    named = {"Authorization": f"Bearer access-{REALM}-1"} | headers
    query = {"query": "SELECT COUNT(*) FROM Payment"} if path == QUERY else {}
    return requests.request(method, server.url + path, params=query, headers=named, timeout=10)


def struck(server: Server, shape: str) -> requests.Response:
    server.add_faults(Fault(method="GET", path=QUERY, nth=1, kind="answer-before", argument=shape))
    return ask(server)


# ---- the shapes


@pytest.mark.parametrize(
    ("shape", "status", "codes"),
    [
        ("throttle-json", 429, ["3001"]),
        ("throttle-padded", 429, ["003001"]),
        ("throttle-in-200", 200, ["3001"]),
        ("expired", 401, ["3200"]),
        ("forbidden", 403, ["3100"]),
        ("stale", 400, ["5010"]),
        ("stale-in-200", 200, ["5010"]),
        ("closed-as-stale", 400, ["5010"]),
        ("closed", 400, ["6210"]),
        ("gone", 400, ["610"]),
        ("suspended", 403, ["6190"]),
        ("fault-in-200", 200, ["10000"]),
        ("system", 500, ["10000"]),
        ("two-faults", 400, ["2050", "2080"]),
        ("fault-without-code", 500, [None]),
    ],
)
def test_a_fault_has_the_status_and_the_codes_of_its_shape(
    server: Server, shape: str, status: int, codes: list[str | None]
) -> None:
    answer = struck(server, shape)
    body = answer.json()
    errors = body["fault"]["error"] if "fault" in body else body["Fault"]["Error"]
    assert (answer.status_code, [one.get("code") for one in errors]) == (status, codes)
    assert answer.headers["intuit_tid"].startswith("1-standin-")
    if codes != [None]:
        assert judge.answer_errors(QUERY, answer.content) == []


@pytest.mark.parametrize(("shape", "status"), [("throttle-xml", 429), ("throttle-xml-403", 403)])
def test_a_throttle_in_xml_reads_as_the_recorded_ones(server: Server, shape: str, status: int) -> None:
    answer = struck(server, shape)
    names = {429: "too_many_requests_error.xml", 403: "throttle_exceeded_error.xml"}
    recorded = (schemas("quickbooks") / "error-and-cdc-xml" / names[status]).read_bytes()
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert told(answer.content) == told(recorded)


def told(body: bytes) -> list[tuple[str, dict[str, str], str]]:
    """Every element of an XML answer but the outermost, whose time differs."""
    return [
        (one.tag, dict(one.attrib), (one.text or "").strip())
        for one in list(ET.fromstring(body).iter())[1:]  # noqa: S314 - our own answer and a recorded one
    ]


@pytest.mark.parametrize(
    ("shape", "status", "begins"),
    [
        ("html-502", 502, b"<html>"),
        ("html-503", 503, b"<html>"),
        ("html-in-200", 200, b"<html>"),
        ("empty-500", 500, b""),
        ("empty-504", 504, b""),
        ("empty-200", 200, b""),
        ("throttle-empty", 429, b""),
    ],
)
def test_a_gateway_answers_with_a_page_or_with_nothing(server: Server, shape: str, status: int, begins: bytes) -> None:
    answer = struck(server, shape)
    assert answer.status_code == status
    assert answer.content.startswith(begins)
    assert bool(answer.content) == bool(begins)


@pytest.mark.parametrize(("shape", "status"), [("invalid-grant", 400), ("invalid-client", 401)])
def test_the_token_endpoint_fails_in_its_own_shape(server: Server, shape: str, status: int) -> None:
    answer = struck(server, shape)
    assert (answer.status_code, answer.json()["error"]) == (status, shape.replace("-", "_"))


def test_every_shape_is_in_one_of_these_tests() -> None:
    from pathlib import Path

    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in SHAPES if f'"{name}"' not in text] == []


def test_a_shape_that_is_not_the_vendors_is_refused_when_the_fault_is_switched_on(server: Server) -> None:
    wrong = Fault(method="*", path="*", nth=1, kind="answer-after", argument="sausage")
    with pytest.raises(UserError, match="no answer of the shape sausage"):
        server.add_faults(wrong)
    with pytest.raises(UserError, match="stand-in of tally knows no answer"):
        Server(Tally(), faults=(Fault(method="*", path="*", nth=1, kind="answer-before", argument="stale"),))


# ---- before and after the commit


def booked(server: Server, kind: str, shape: str) -> tuple[int, int, int]:
    """The status of a faulted payment, of its repetition with the same requestid, and how many payments there are."""
    books = Books(server)
    body = payment(books, "Corner Store", "5.00", ("INV-9", "5.00"))
    server.add_faults(Fault(method="POST", path="*/payment", nth=1, kind=kind, argument=shape))
    target = f"{server.url}/v3/company/{REALM}/payment"
    sent = [
        requests.post(
            target,
            params={"requestid": "op-1", "minorversion": "75"},
            data=json.dumps(body, default=float),
            headers={"Authorization": f"Bearer {books.token}"},
            timeout=10,
        ).status_code
        for _ in range(2)
    ]
    count = books.query("SELECT COUNT(*) FROM Payment").json["QueryResponse"]["totalCount"]
    return sent[0], sent[1], count - 4


@pytest.mark.parametrize("shape", ["throttle-json", "throttle-padded", "throttle-xml"])
@pytest.mark.parametrize("kind", ["answer-before", "answer-after"])
def test_a_throttle_comes_before_or_after_the_commit_and_a_requestid_makes_one_payment_of_it(
    server: Server, kind: str, shape: str
) -> None:
    assert booked(server, kind, shape) == (429, 200, 1)


def test_without_a_second_try_nothing_was_done_before_and_all_after(server: Server, intuit: Intuit) -> None:
    books = Books(server)
    for kind, held in (("answer-before", 4), ("answer-after", 5)):
        server.add_faults(Fault(method="POST", path="*/payment", nth=1, kind=kind, argument="empty-504"))
        assert (
            requests.post(
                f"{server.url}/v3/company/{REALM}/payment",
                data=json.dumps(payment(books, "Corner Store", "1.00"), default=float),
                headers={"Authorization": f"Bearer {books.token}"},
                timeout=10,
            ).status_code
            == 504
        )
        assert len(intuit.company().records["Payment"]) == held


def test_a_late_commit_is_answered_504_and_happens_afterwards(server: Server, intuit: Intuit) -> None:
    server.add_faults(Fault(method="POST", path="*/payment", nth=1, kind="late", argument="600"))
    body = payment(Books(server), "Corner Store", "1.00")
    answer = requests.post(
        f"{server.url}/v3/company/{REALM}/payment",
        data=json.dumps(body, default=float),
        headers={"Authorization": f"Bearer access-{REALM}-1"},
        timeout=10,
    )
    assert answer.status_code == 504
    assert len(intuit.company().records["Payment"]) == 4
    assert server.commit_late() == 1
    assert len(intuit.company().records["Payment"]) == 5
    assert server.commit_late() == 0


def test_the_token_endpoint_fails_before_or_after_the_old_token_has_died(server: Server) -> None:
    before, after = parse_faults(
        "POST  /oauth2/*  1  answer-before  empty-500\nPOST  /oauth2/*  2  status-after  503\n"
    )
    server.add_faults(before, after)
    statuses = [
        requests.post(
            f"{server.url}/oauth2/v1/tokens/bearer",
            data={"grant_type": "refresh_token", "refresh_token": f"refresh-{REALM}-1"},
            auth=("standin-client", "standin-secret"),
            timeout=10,
        )
        for _ in range(3)
    ]
    assert [one.status_code for one in statuses] == [500, 503, 400]
    assert statuses[2].json()["error"] == "invalid_grant"


# ---- at random


def test_a_share_of_all_requests_suffers_and_the_seed_says_which(server: Server) -> None:
    [fault] = parse_faults("GET  /v3/*  25%@7  answer-before  html-503")
    assert fault == Fault(
        method="GET", path="/v3/*", nth=0, kind="answer-before", argument="html-503", percent=Decimal(25), seed=7
    )
    server.add_faults(fault)
    seen = [ask(server).status_code for _ in range(40)]
    assert seen == [503 if fault.strikes(count) else 200 for count in range(1, 41)]


@pytest.mark.parametrize("percent", ["2", "0.5", "50"])
def test_as_many_suffer_as_the_share_says(percent: str) -> None:
    fault = Fault(method="*", path="*", nth=0, kind="drop-before", percent=Decimal(percent), seed=1)
    struck_ = sum(fault.strikes(count) for count in range(1, 20_001))
    assert abs(struck_ - 200 * Decimal(percent)) < 100
    other = Fault(method="*", path="*", nth=0, kind="drop-before", percent=Decimal(percent), seed=2)
    assert [fault.strikes(n) for n in range(1, 999)] != [other.strikes(n) for n in range(1, 999)]


# ---- Intuit's limits


def test_the_eleventh_call_within_a_second_is_one_too_many(server: Server, intuit: Intuit, clock: FakeClock) -> None:
    intuit.conduct = Conduct(limits=Limits())
    seen = [ask(server).status_code for _ in range(12)]
    assert seen == [200] * 10 + [429] * 2
    clock.pass_seconds(1)
    assert ask(server).status_code == 200
    traffic = intuit.traffic()
    assert (traffic.second_max, traffic.minute_max, traffic.refused, traffic.calls) == (12, 13, 2, 13)
    assert traffic.metered == 11
    assert intuit.traffic(OTHER).calls == 0


def test_more_calls_in_a_minute_than_allowed_are_refused_and_a_minute_later_no_more(
    server: Server, intuit: Intuit, clock: FakeClock
) -> None:
    intuit.conduct = Conduct(limits=Limits(per_minute=30, shape="throttle-xml"))
    seen = []
    for _ in range(33):
        clock.pass_seconds(0.5)
        seen.append(ask(server).status_code)
    assert seen == [200] * 30 + [429] * 3
    clock.pass_seconds(60)
    assert ask(server).status_code == 200
    assert (intuit.traffic().minute_max, intuit.traffic().second_max) == (33, 2)


def test_batches_have_a_limit_of_their_own(server: Server, intuit: Intuit, clock: FakeClock) -> None:
    intuit.conduct = Conduct(limits=Limits(batch_per_minute=2))
    seen = []
    for _ in range(3):
        clock.pass_seconds(1)
        seen.append(ask(server, "POST", f"/v3/company/{REALM}/batch").status_code)
    assert seen == [400, 400, 429]
    assert intuit.traffic().batch_minute_max == 3


def test_calls_are_counted_when_nothing_limits_them_and_when_a_fault_keeps_them_away(
    server: Server, intuit: Intuit
) -> None:
    server.add_faults(Fault(method="GET", path=QUERY, nth=2, kind="answer-before", argument="html-503"))
    assert [ask(server).status_code for _ in range(15)] == [200, 503] + [200] * 13
    assert (intuit.traffic().second_max, intuit.traffic().calls, intuit.traffic().refused) == (15, 15, 0)
    assert intuit.traffic().metered == 14


def test_refusals_and_writes_are_not_metered(server: Server, intuit: Intuit) -> None:
    books = Books(server)
    books.made("Customer", {"DisplayName": "New"})
    assert books.query("nonsense").status == 400
    assert books.send("GET", "invoice/999").status == 400
    assert intuit.traffic().metered == 0
    books.one("Invoice", "1")
    assert intuit.traffic().metered == 1
