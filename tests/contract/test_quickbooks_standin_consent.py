"""The stand-in's page of consent, its codes, and giving access back."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from adapters.quickbooks.standin import build
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import OTHER, REALM, WORLD, Books, inspector
from tests.journeys.person import CANCEL, clicked

REDIRECT = "http://localhost:8767/connected"
CLIENT = ("standin-client", "standin-secret")
GUESS = ("standin-client", "guess")
ASKED = {
    "client_id": "standin-client",
    "response_type": "code",
    "scope": "com.intuit.quickbooks.accounting",
    "redirect_uri": REDIRECT,
    "state": "st4te",
}


@pytest.fixture
def server(clock: FakeClock) -> Iterator[Server]:
    with Server(build(parse(WORLD), clock=clock), inspectors=(inspector,)) as running:
        yield running
    assert running.problems == []


def page(server: Server, **changed: str) -> str:
    return f"{server.url}/connect/oauth2?{urlencode({**ASKED, **changed})}"


def answer(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def exchange(
    server: Server, code: str, redirect: str = REDIRECT, client: tuple[str, str] = CLIENT
) -> requests.Response:
    return requests.post(
        f"{server.url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": redirect},
        auth=client,
        timeout=10,
    )


def code(server: Server, realm: str = REALM) -> str:
    return answer(clicked(page(server), realm))["code"]


def test_the_page_offers_every_company_and_a_way_out(server: Server) -> None:
    text = requests.get(page(server), timeout=10).text
    for words in ("Connect Harbor Supply", "Connect Lakeside", "Cancel"):
        assert words in text


def test_a_click_leads_back_with_a_code_the_state_and_the_company(server: Server) -> None:
    back = clicked(page(server), OTHER)
    assert back.startswith(f"{REDIRECT}?")
    assert answer(back) == {"code": f"code-{OTHER}-1", "state": "st4te", "realmId": OTHER}


def test_a_code_opens_its_company_once_and_ends_the_tokens_before(server: Server) -> None:
    given = code(server)
    pair = exchange(server, given)
    assert pair.status_code == 200
    books = Books(server)
    books.token = pair.json()["access_token"]
    assert books.send("GET", f"companyinfo/{REALM}").status == 200
    again = exchange(server, given)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    old = requests.post(
        f"{server.url}/oauth2/v1/tokens/bearer",
        data={"grant_type": "refresh_token", "refresh_token": f"refresh-{REALM}-1"},
        auth=CLIENT,
        timeout=10,
    )
    assert old.status_code == 400


def test_a_code_for_another_redirect_or_ten_minutes_old_opens_nothing(server: Server, clock: FakeClock) -> None:
    assert exchange(server, code(server), redirect="https://harbor.example/back").status_code == 400
    late = code(server)
    clock.pass_seconds(600)
    assert exchange(server, late).status_code == 400
    assert exchange(server, "code-that-nobody-made").status_code == 400


def test_a_code_is_not_used_up_by_somebody_without_the_secret(server: Server) -> None:
    given = code(server)
    assert exchange(server, given, client=GUESS).status_code == 401
    assert exchange(server, given).status_code == 200


def test_no_leads_back_without_a_code(server: Server) -> None:
    assert answer(clicked(page(server), CANCEL)) == {"error": "access_denied", "state": "st4te"}


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "somebody"},
        {"redirect_uri": "http://harbor.example/back"},
        {"redirect_uri": ""},
        {"state": ""},
    ],
)
def test_an_app_or_address_that_is_not_listed_is_told_on_the_page_and_led_nowhere(
    server: Server, changed: dict[str, str]
) -> None:
    shown = requests.get(page(server, **changed), allow_redirects=False, timeout=10)
    assert shown.status_code == 400
    assert "Location" not in shown.headers


def test_a_scope_the_app_does_not_have_leads_back_with_a_fault(server: Server) -> None:
    shown = requests.get(page(server, scope="openid"), allow_redirects=False, timeout=10)
    assert answer(shown.headers["Location"]) == {"error": "invalid_scope", "state": "st4te"}


def test_access_given_back_opens_nothing_any_more(server: Server) -> None:
    def revoke(token: str, client: tuple[str, str] = CLIENT) -> int:
        return requests.post(
            f"{server.url}/v2/oauth2/tokens/revoke",
            json={"token": token},
            auth=client,
            timeout=10,
        ).status_code

    assert revoke(f"refresh-{REALM}-1", client=GUESS) == 401
    assert Books(server).send("GET", f"companyinfo/{REALM}").status == 200
    assert revoke(f"refresh-{REALM}-1") == 200
    assert Books(server).send("GET", f"companyinfo/{REALM}").status == 401
    assert revoke(f"refresh-{REALM}-1") == 400
    assert Books(server, OTHER).send("GET", f"companyinfo/{OTHER}").status == 200
