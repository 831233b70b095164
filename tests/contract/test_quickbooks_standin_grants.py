"""Who comes in to the QuickBooks stand-in: refresh tokens that die when used, access tokens that live an hour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from adapters.quickbooks.standin import build
from adapters.quickbooks.standin.conduct import Conduct
from adapters.quickbooks.standin.intuit import Intuit
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import OTHER, REALM, WORLD, Books, inspector


@pytest.fixture
def intuit(clock: FakeClock) -> Intuit:
    return build(parse(WORLD), clock=clock)


@pytest.fixture
def server(intuit: Intuit) -> Iterator[Server]:
    with Server(intuit, inspectors=(inspector,)) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def books(server: Server) -> Books:
    return Books(server)


CLIENT = ("standin-client", "standin-secret")


def refresh(server: Server, token: str, client: tuple[str, str] = CLIENT) -> requests.Response:
    return requests.post(
        f"{server.url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": token},
        auth=client,
        timeout=10,
    )


def test_a_refresh_gives_the_next_pair_and_kills_the_token_it_used(server: Server, books: Books) -> None:
    pair = refresh(server, f"refresh-{REALM}-1").json()
    assert (pair["access_token"], pair["refresh_token"]) == (f"access-{REALM}-2", f"refresh-{REALM}-2")
    assert (pair["expires_in"], pair["token_type"]) == (3600, "bearer")
    again = refresh(server, f"refresh-{REALM}-1")
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    books.token = pair["access_token"]
    assert books.send("GET", f"companyinfo/{REALM}").status == 200


def test_a_wrong_client_secret_is_refused_and_costs_no_refresh_token(server: Server) -> None:
    refused = refresh(server, f"refresh-{REALM}-1", client=("standin-client", "guess"))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refresh(server, f"refresh-{REALM}-1").status_code == 200


def test_the_hard_expiry_is_told_only_to_those_who_ask(server: Server) -> None:
    assert "x_refresh_token_hard_expires_in" not in refresh(server, f"refresh-{REALM}-1").json()
    asked = requests.post(
        f"{server.url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": f"refresh-{REALM}-2"},
        auth=CLIENT,
        headers={"x-include-refresh-token-hard-expires-in": "true"},
        timeout=10,
    )
    assert asked.json()["x_refresh_token_hard_expires_in"] > 0


def test_an_access_token_dies_after_an_hour_of_the_clock(books: Books, clock: FakeClock) -> None:
    clock.pass_seconds(3599)
    assert books.query("SELECT * FROM Invoice").status == 200
    clock.pass_seconds(1)
    late = books.query("SELECT * FROM Invoice")
    assert (late.status, late.code) == (401, "3200")


def test_a_used_refresh_token_lives_on_for_a_day_where_that_is_switched_on(
    intuit: Intuit, server: Server, clock: FakeClock
) -> None:
    intuit.conduct = Conduct(grace_seconds=86_400)
    first = refresh(server, f"refresh-{REALM}-1").json()
    again = refresh(server, f"refresh-{REALM}-1").json()
    assert first["refresh_token"] == again["refresh_token"] == f"refresh-{REALM}-2"
    assert first["access_token"] != again["access_token"]
    clock.pass_seconds(86_400)
    assert refresh(server, f"refresh-{REALM}-1").json()["error"] == "invalid_grant"
    assert refresh(server, f"refresh-{REALM}-2").status_code == 200
    clock.pass_seconds(1)
    assert refresh(server, f"refresh-{REALM}-1").json()["error"] == "invalid_grant"


def test_a_refresh_token_that_changes_once_a_day_is_handed_out_again_until_then(
    intuit: Intuit, server: Server, clock: FakeClock
) -> None:
    intuit.conduct = Conduct(rotate_seconds=86_400)
    kept = [refresh(server, f"refresh-{REALM}-1").json() for _ in range(2)]
    assert {pair["refresh_token"] for pair in kept} == {f"refresh-{REALM}-1"}
    assert len({pair["access_token"] for pair in kept}) == 2
    clock.pass_seconds(86_400)
    assert refresh(server, f"refresh-{REALM}-1").json()["refresh_token"] == f"refresh-{REALM}-2"
    assert refresh(server, f"refresh-{REALM}-1").json()["error"] == "invalid_grant"


def test_access_tokens_live_as_long_as_they_are_told_to_and_can_all_die_at_once(
    intuit: Intuit, server: Server, clock: FakeClock
) -> None:
    intuit.conduct = Conduct(access_seconds=60)
    pair = refresh(server, f"refresh-{REALM}-1").json()
    assert pair["expires_in"] == 60
    books = Books(server)
    books.token = pair["access_token"]
    clock.pass_seconds(59)
    assert books.send("GET", "preferences").status == 200
    intuit.expire(REALM)
    assert books.send("GET", "preferences").code == "3200"
    other = Books(server, OTHER)
    assert other.send("GET", "preferences").status == 200


def test_a_token_that_nobody_issued_is_refused(books: Books) -> None:
    books.token = f"access-{REALM}-9"
    refused = books.query("SELECT * FROM Invoice")
    assert (refused.status, refused.code) == (401, "3200")


def test_the_token_of_another_company_opens_nothing(books: Books) -> None:
    books.token = f"access-{OTHER}-1"
    refused = books.query("SELECT * FROM Invoice")
    assert (refused.status, refused.code) == (403, "3100")


def test_every_answer_carries_another_intuit_tid(books: Books) -> None:
    replies = [books.query("SELECT * FROM Item"), books.query("nonsense"), books.send("GET", "invoice/999")]
    assert len({reply.headers["intuit_tid"] for reply in replies}) == 3
