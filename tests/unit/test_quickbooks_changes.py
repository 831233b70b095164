"""What Intuit says of changes is checked before it is believed: deletions that were none, answers without a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from adapters.quickbooks import course, wire
from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.entities import NAMES, SHAPES
from connector.errors import MalformedAnswer
from connector.model.mirror import Gone, GoneState
from connector.model.money_in import Payment
from connector.model.source import Kind
from connector.money import currency
from connector.ports import Surroundings
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.quickbooks_ground import BOOKS, COMPANY, MemoryTokens, good_pair, settings, still_clock

AT = 1_775_044_800
TIME = "2026-04-01T11:59:00.123-00:00"


@pytest.fixture
def intuit() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def at_rest(**changed: object) -> str:
    """The cursor of a company that was read to the end ten minutes ago."""
    return course.write(
        course.Course(
            phase=course.Phase.REST,
            since=AT - 600,
            swept=AT,
            home=currency("USD"),
            **changed,  # type: ignore[arg-type]
        )
    )


def books() -> QuickBooksOnline:
    clock = still_clock()
    return connect(
        Surroundings(
            connection=BOOKS,
            settings=settings(),
            zone="America/New_York",
            clock=clock,
            tokens=MemoryTokens(good_pair(clock)),
            budget=OpenBudget(),
            turns=OpenTurns(),
            mirror=Held(),
        )
    )


def answer(*groups: dict[str, object], time: str | None = TIME) -> bytes:
    said: dict[str, object] = {"CDCResponse": [{"QueryResponse": list(groups)}]}
    return json.dumps(said | ({"time": time} if time is not None else {})).encode()


def deleted(vendor_id: str) -> dict[str, object]:
    return {
        "domain": "QBO",
        "status": "Deleted",
        "Id": vendor_id,
        "MetaData": {"LastUpdatedTime": "2026-04-01T07:55:00-04:00"},
    }


PAYMENT = {
    "Id": "12",
    "SyncToken": "3",
    "MetaData": {"LastUpdatedTime": "2026-04-01T07:55:00-04:00"},
    "TxnDate": "2026-04-01",
    "TotalAmt": 10,
    "Line": [],
}


@pytest.mark.req("Q15")
def test_a_payment_that_is_said_to_be_deleted_and_is_there_is_kept_as_it_stands(intuit: responses.RequestsMock) -> None:
    """One user of Intuit's .NET SDK saw the word on an object that had just been updated (its issue 189)."""
    intuit.get(f"{COMPANY}/cdc", body=answer({"Payment": [deleted("12"), deleted("13")]}))
    intuit.get(f"{COMPANY}/payment/12", json={"Payment": PAYMENT})
    missing = {"Fault": {"Error": [{"Message": "Object Not Found", "code": "610"}], "type": "ValidationFault"}}
    intuit.get(f"{COMPANY}/payment/13", json=missing, status=400)
    page = books().pull("books", at_rest())
    kept, gone = page.records
    assert isinstance(kept.record, Payment)
    assert (kept.ref.vendor_id, kept.version) == ("12", "3")
    assert (gone.ref.kind, gone.ref.vendor_id, gone.record) == (Kind.PAYMENT, "13", Gone(state=GoneState.DELETED))
    assert not page.more


def test_a_deletion_is_confirmed_once_although_it_is_told_again(intuit: responses.RequestsMock) -> None:
    intuit.get(f"{COMPANY}/cdc", body=answer({"Payment": [deleted("12")]}))
    intuit.get(f"{COMPANY}/payment/12", json={"Payment": PAYMENT})
    connection = books()
    first = connection.pull("books", at_rest())
    assert len(first.records) == 1
    assert connection.pull("books", first.cursor).records == ()
    assert [str(call.request.url).split("?")[0] for call in intuit.calls] == [
        f"{COMPANY}/cdc",
        f"{COMPANY}/payment/12",
        f"{COMPANY}/cdc",
    ]


def test_an_answer_that_does_not_say_when_moves_nothing_on(intuit: responses.RequestsMock) -> None:
    intuit.get(f"{COMPANY}/cdc", body=answer({}, time=None))
    page = books().pull("books", at_rest())
    assert course.read(page.cursor).since == AT - 600


def test_changes_are_asked_for_from_five_minutes_before_the_last_answer(intuit: responses.RequestsMock) -> None:
    intuit.get(f"{COMPANY}/cdc", body=answer({}))
    connection = books()
    after = connection.pull("books", at_rest()).cursor
    connection.pull("books", after)
    asked = [parse_qs(urlsplit(str(call.request.url)).query)["changedSince"][0] for call in intuit.calls]
    assert asked == ["2026-04-01T11:45:00Z", "2026-04-01T11:54:00Z"]


@pytest.mark.req("Q14")
@pytest.mark.parametrize(
    "groups",
    [
        pytest.param([{"Payment": [deleted(str(n)) for n in range(1000)]}], id="in one group"),
        pytest.param(
            [{"Payment": [deleted(str(n)) for n in range(600)]}, {"Invoice": [deleted(str(n)) for n in range(400)]}],
            id="in all groups together",
        ),
    ],
)
def test_a_thousand_changes_are_taken_for_a_cut_answer(
    intuit: responses.RequestsMock, groups: list[dict[str, object]]
) -> None:
    intuit.get(f"{COMPANY}/cdc", body=answer(*groups))
    page = books().pull("books", at_rest())
    then = course.read(page.cursor)
    assert (page.records, page.more) == ((), True)
    assert (then.phase, then.begin, then.thorough) == (course.Phase.WALK, AT - 900, True)


def test_groups_come_in_any_order_and_number_of_blocks() -> None:
    said = {
        "CDCResponse": [
            {"QueryResponse": [{"Payment": [PAYMENT], "startPosition": 1, "maxResults": 1}]},
            {"QueryResponse": [{}, {"Account": [{"Id": "1"}]}, {"Payment": [{**PAYMENT, "Id": "13"}]}]},
            {},
        ],
        "time": TIME,
    }
    found = wire.changes(json.dumps(said).encode(), SHAPES)
    assert [(type(one.row).__name__, one.row.id) for one in found.rows] == [
        ("Account", "1"),
        ("Payment", "12"),
        ("Payment", "13"),
    ]
    assert (found.largest, found.total, found.deleted) == (2, 3, ())


@pytest.mark.parametrize(
    "body", [b"{}", b'{"CDCResponse": 1}', b'{"CDCResponse":[{"QueryResponse":[{"Payment":[{}]}]}]}']
)
def test_something_else_than_changes_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        wire.changes(body, SHAPES)


@pytest.mark.parametrize("cursor", [None, "", "nonsense", '{"phase":"dance"}', '{"name":"hologram"}', '{"left":["x"]}'])
def test_a_cursor_that_cannot_be_read_begins_anew(cursor: str | None) -> None:
    assert course.read(cursor) == course.Course()


def test_a_busy_company_is_walked_no_more_than_twice_in_one_run() -> None:
    walking = course.again_from(course.read(at_rest()), AT)
    ended = course.walked_on(_last(walking), walking.bookmark, more=False, only_page=None)
    assert ended.phase is course.Phase.CATCH
    again = course.again_from(ended, AT + 60)
    assert course.walked_on(_last(again), again.bookmark, more=False, only_page=None).phase is course.Phase.CHECK


def _last(at: course.Course) -> course.Course:
    return replace(at, name=NAMES[-1])
