"""The door for what vendors send us: who is let in, what is stored before the answer, and what strangers are told."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from connector.app.hints import Taken, doors, listening, take
from connector.app.house import House
from connector.config import Config
from connector.model.source import CompanyId, ConnectionId
from connector.web.hooks import BODY_BYTES_MAX
from connector.web.kept import KEPT_SECONDS
from connector.web.pay import pay_app
from tests.clocks import FakeClock
from tests.unit.hooks_ground import BOOKS, VERIFIER, Json, config_of, connect, delivery, event, signed
from tests.unit.store_ground import statements

HARBOR, LAKE, QUIET = CompanyId("harbor"), CompanyId("lake"), CompanyId("quiet")


@dataclass(frozen=True)
class Reply:
    """What a delivery was answered."""

    status_code: int
    text: str

    def json(self) -> dict[str, object]:
        document: dict[str, object] = json.loads(self.text)
        return document


class Office:
    """One house of three companies: two share an app, one takes no webhooks."""

    def __init__(self, config: Config) -> None:
        self.config = config
        with House(config) as house:
            connect(house, HARBOR, "9130001")
            connect(house, LAKE, "9130002")
            connect(house, QUIET, "9130003", verifier="")
        self.client = TestClient(pay_app(self.open, hooks=self.open), base_url="http://127.0.0.1:8765")

    def open(self) -> House:
        return House(self.config)

    def send(self, *events: Json, verifier: str = VERIFIER) -> Reply:
        body = delivery(events)
        return self.post(body, dict(signed(body, verifier)))

    def post(self, body: bytes, headers: dict[str, str], path: str = "/hooks/quickbooks") -> Reply:
        answer = self.client.post(path, content=body, headers=headers)
        return Reply(answer.status_code, answer.text)

    def open_hints(self, company: CompanyId) -> list[str | None]:
        with self.open() as house:
            return [hint.vendor_id for hint in house.store.open_hints(company, BOOKS)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """On SQLite: what is asked of the door there is the same everywhere."""
    yield from _opened(tmp_path / "home", "")


@pytest.fixture
def either(address: str, tmp_path: Path) -> Iterator[Office]:
    """On either database."""
    yield from _opened(tmp_path / "home", address)


def _opened(home: Path, address: str) -> Iterator[Office]:
    home.mkdir(mode=0o700)
    made = Office(config_of(home, address))
    with made.client:
        yield made


@pytest.mark.req("Q36")
def test_several_companies_of_one_delivery_get_their_own_hints_and_a_stranger_none(
    either: Office, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = either.send(event("a", "1", "9130001"), event("b", "2", "9130002"), event("c", "3", "4444"))
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "stored": 2, "known": 0, "foreign": 1})
    assert "held 1 hints for accounts not connected here" in caplog.text
    assert (either.open_hints(HARBOR), either.open_hints(LAKE)) == (["1"], ["2"])


@pytest.mark.req("Q36")
def test_a_delivery_that_comes_again_is_answered_and_stored_once(either: Office) -> None:
    either.send(event("a", "1", "9130001"))
    again = either.send(event("a", "1", "9130001"), event("b", "2", "9130001"))
    assert again.json() == {"ok": True, "stored": 1, "known": 1, "foreign": 0}
    assert either.open_hints(HARBOR) == ["1", "2"]


@pytest.mark.req("Q36")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no header"),
        pytest.param({"intuit-signature": "%%%"}, id="a header that is no signature"),
        pytest.param(dict(signed(b"something else")), id="a signature of other bytes"),
    ],
)
def test_without_a_signature_that_fits_nothing_is_stored(office: Office, headers: dict[str, str]) -> None:
    body = delivery([event("a", "1", "9130001")])
    answer = office.post(body, headers)
    assert answer.status_code == 401
    assert office.open_hints(HARBOR) == []


def test_what_one_company_signed_is_not_believed_about_another(office: Office) -> None:
    with office.open() as house:
        connect(house, "rival", "9139999", verifier="rivals-own-token")
    forged = office.send(event("a", "1", "9130001"), event("b", "2", "9139999"), verifier="rivals-own-token")
    assert forged.json() == {"ok": True, "stored": 1, "known": 0, "foreign": 1}
    assert office.open_hints(HARBOR) == []
    assert office.open_hints(CompanyId("rival")) == ["2"]


def test_a_connection_without_a_verifier_takes_nothing(office: Office) -> None:
    assert office.send(event("a", "1", "9130003")).json()["foreign"] == 1
    assert office.open_hints(QUIET) == []


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", delivery([event("a", "1", "9130001", entity="vendor")])])
def test_what_is_signed_and_holds_nothing_for_us_is_answered_and_said(
    office: Office, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = office.post(body, dict(signed(body)))
    assert (answer.status_code, answer.json()["stored"]) == (200, 0)
    assert "held nothing that could be used" in caplog.text


def test_more_than_the_door_is_wide_is_turned_away_before_it_is_read(office: Office) -> None:
    body = delivery([event("a", "1", "9130001")]) + b" " * BODY_BYTES_MAX
    answer = office.post(body, dict(signed(body)))
    assert answer.status_code == 413
    assert office.open_hints(HARBOR) == []


@pytest.mark.parametrize("path", ["/hooks/stripe", "/hooks/nobody", "/hooks/", "/hooks", "/hooks/quickbooks/more"])
def test_where_nothing_is_taken_there_is_nothing_to_see(office: Office, path: str) -> None:
    answer = office.post(b"[]", dict(signed(b"[]")), path)
    assert answer.status_code == 404
    assert "quickbooks" not in answer.text


def test_a_browser_that_looks_at_the_door_sees_nothing(office: Office) -> None:
    assert office.client.get("/hooks/quickbooks").status_code == 405


def test_the_door_is_not_there_unless_it_is_asked_for(office: Office) -> None:
    body = delivery([event("a", "1", "9130001")])
    with TestClient(pay_app(office.open)) as client:
        assert client.post("/hooks/quickbooks", content=body, headers=dict(signed(body))).status_code == 404


def test_only_systems_with_a_verifier_listen(office: Office) -> None:
    with office.open() as house:
        assert listening(house) == ("quickbooks",)
        for company in (HARBOR, LAKE):
            house.store.put_secrets(company, ConnectionId("quickbooks"), {"webhook_verifier": ""})
        assert listening(house) == ()
    assert office.send(event("a", "1", "9130001")).status_code == 404


def test_a_store_that_cannot_be_written_now_is_no_answer_so_that_the_vendor_sends_it_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    office = Office(config_of(home).model_copy(update={"lock_wait_seconds": 0}))
    with office.open() as busy, busy.store._database.write():
        answer = office.send(event("a", "1", "9130001"))
    assert answer.status_code == 503
    assert "StoreLocked" in caplog.text
    assert office.send(event("a", "1", "9130001")).json()["stored"] == 1


@pytest.mark.parametrize("events", [1, 400])
def test_a_delivery_costs_the_same_few_statements_however_many_events_it_holds(either: Office, events: int) -> None:
    body = delivery([event(f"e{number}", str(number), "9130001") for number in range(events)])
    with either.open() as house, statements(house.store) as heard:
        taken = take(house, doors()["quickbooks"], body, signed(body))
    assert taken == Taken(stored=events, known=0, foreign=0)
    assert len(heard) <= 8


def test_a_database_that_was_put_in_anothers_place_is_found(tmp_path: Path, clock: FakeClock) -> None:
    places = [tmp_path / "first", tmp_path / "second"]
    for place in places:
        place.mkdir(mode=0o700)
        with House(config_of(place), clock) as house:
            connect(house, HARBOR, "9130001")
    opened: list[Path] = []

    def open_house() -> House:
        opened.append(places[len(opened)])
        return House(config_of(opened[-1]), clock)

    body = delivery([event("a", "1", "9130001")])
    with TestClient(pay_app(open_house, hooks=open_house)) as client:
        for _ in range(2):
            assert client.post("/hooks/quickbooks", content=body, headers=dict(signed(body))).status_code == 200
        assert opened == places[:1]
        clock.pass_seconds(KEPT_SECONDS)
        again = client.post("/hooks/quickbooks", content=body, headers=dict(signed(body)))
    assert opened == places
    assert again.json()["stored"] == 1
