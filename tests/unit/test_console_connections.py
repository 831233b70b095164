"""Systems connected, connected again and disconnected at the console, by whoever may, and never at the price of a
connection that works."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from connector.app.sessions import person_named
from connector.app.staff import add_colleague
from connector.model.firm import Connection
from connector.model.person import Role
from connector.model.source import ConnectionId
from connector.web.console.door import Address
from tests.journeys import person
from tests.unit.console_ground import COOKIE, MAIN, Ground, form_of, sign_in, words
from tests.unit.console_setup_ground import (
    BOOKS_KEYS,
    PAYPAL_KEYS,
    SECRETS,
    STRIPE_KEY,
    invited,
    unconnected,
)

SECONDS_MAX = 30
REALM = "9140005"


@pytest.fixture
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with unconnected(tmp_path_factory.mktemp("connections")) as made:
        yield made


def get(ground: Ground, room: str, name: str = "dana") -> Any:
    return ground.signed_in(name).get(f"/c/{MAIN}/{room}".rstrip("/"))


def send(ground: Ground, room: str, name: str = "dana", **fields: str) -> Any:
    browser = ground.signed_in(name)
    form = form_of(browser.get(f"/c/{MAIN}/connections").text)
    return browser.post(f"/c/{MAIN}/{room}", data={"form": form, **fields})


def connect(ground: Ground, system: str, how: str = "keys", **fields: str) -> Any:
    return send(ground, "connection", system=system, do=how, **fields)


def said(ground: Ground, answer: Any) -> str:
    """What is told on the page that an answer leads to."""
    assert answer.status_code == 303, words(answer.text)
    return words(ground.signed_in("dana").get(answer.headers["location"]).text)


def held(ground: Ground) -> dict[str, Connection]:
    with ground.house() as house:
        return {each.system: each for each in house.store.connections(MAIN)}


def stored(ground: Ground, system: str) -> dict[str, str]:
    with ground.house() as house:
        return house.store.secrets(MAIN, ConnectionId(system))


def test_a_processor_is_connected_by_its_key_read_only_and_the_key_is_shown_nowhere(ground: Ground) -> None:
    page = get(ground, "connection?system=stripe")
    assert "It is connected read-only" in words(page.text)
    assert "Give it Read for: Accounts, Balance," in words(page.text)
    assert 'name="writes" value="yes">' in page.text, "and nobody has ticked it"
    told = said(ground, connect(ground, "stripe", **{"set-api_key": STRIPE_KEY}))
    assert "Stripe is connected: account acct_walk5, a test account. It is read-only" in told
    assert held(ground)["stripe"].writes_allowed is False
    for room in ("connections", "connection?system=stripe", "disconnect?system=stripe", ""):
        assert STRIPE_KEY not in get(ground, room).text
    with ground.house() as house:
        assert {each.actor for each in house.store.journal(MAIN) if "stripe" in str(each.body)} == {"dana"}


def test_a_key_that_opens_nothing_connects_nothing_and_is_not_told_back(ground: Ground) -> None:
    answer = connect(ground, "stripe", **{"set-api_key": "rk_test_nobody", "writes": "yes"})
    assert answer.status_code == 502
    assert "rk_test_nobody" not in answer.text
    assert 'name="writes" value="yes" checked' in answer.text, "what was chosen is chosen still"
    shapeless = connect(ground, "stripe", **{"set-api_key": "hello"})
    assert shapeless.status_code == 400
    assert "must be a secret or restricted key" in words(shapeless.text)
    assert connect(ground, "stripe").status_code == 400
    assert held(ground) == {}
    assert stored(ground, "stripe") == {}


@pytest.mark.gate
def test_what_a_key_may_not_do_is_told_all_at_once_and_nothing_is_connected(ground: Ground) -> None:
    lacks = ("rak_charge_read", "rak_payout_read")
    stand_in: Any = ground.firm.doubles["stripe"].stand_in
    stand_in.issue("acct_walk5", lacking=lacks)
    answer = connect(ground, "stripe", **{"set-api_key": STRIPE_KEY})
    assert answer.status_code == 502
    told = words(answer.text)
    assert "Nothing was connected." in told
    for permission in lacks:
        assert permission in told
    assert held(ground) == {}


def test_a_key_that_is_bad_or_anothers_leaves_the_connection_that_works(ground: Ground) -> None:
    said(ground, connect(ground, "stripe", writes="yes", **{"set-api_key": STRIPE_KEY}))
    before, keys = held(ground), stored(ground, "stripe")
    assert connect(ground, "stripe", **{"set-api_key": "rk_test_nobody"}).status_code == 502
    assert (held(ground), stored(ground, "stripe")) == (before, keys)
    checked = send(ground, "connection/check", system="stripe")
    assert checked.status_code == 200
    assert "needs you" not in words(checked.text)
    # An empty field leaves the key; writing stays allowed until somebody takes that back.
    said(ground, connect(ground, "stripe"))
    assert (held(ground), stored(ground, "stripe")) == (before, keys)
    assert "Stripe is read-only now" in said(ground, send(ground, "connection/read-only", system="stripe"))
    assert held(ground)["stripe"].writes_allowed is False


@pytest.mark.gate
def test_an_id_and_a_secret_connect_another_processor_and_an_address_is_never_taken(ground: Ground) -> None:
    wrong = connect(ground, "paypal", **{**PAYPAL_KEYS, "set-client_secret": "secret-WRONG-ONE"})
    assert wrong.status_code in (400, 502)
    assert "secret-WRONG-ONE" not in wrong.text
    assert 'value="client-WALKPAYPALAB5"' in wrong.text, "what is no secret need not be typed twice"
    elsewhere = {"set-base_url": "https://evil.example", "base_url": "https://evil.example"}
    assert "PayPal is connected" in said(ground, connect(ground, "paypal", **PAYPAL_KEYS, **elsewhere))
    assert stored(ground, "paypal")["base_url"] == ground.firm.doubles["paypal"].url
    assert "base_url" not in get(ground, "connection?system=paypal").text


def begun(ground: Ground, **fields: str) -> tuple[str, str]:
    """An attempt in the browser: its page here, and the address it leads to."""
    answer = connect(ground, "quickbooks", "browser", **{**BOOKS_KEYS, **fields})
    assert answer.status_code == 303, words(answer.text)
    path = answer.headers["location"]
    page = ground.signed_in("dana").get(path)
    return path, invited(page.text)


def come_back(address: str) -> str:
    """The other window follows to its end; what it shows."""
    page = requests.get(address, timeout=SECONDS_MAX)
    assert "code=" not in page.url
    return words(page.text.replace("<body", "<main"))


def ended(ground: Ground, path: str) -> str:
    """What the page that waits says once nothing is under way."""
    until = time.monotonic() + SECONDS_MAX
    while "Refresh" in (page := ground.signed_in("dana").get(path)).headers:
        assert time.monotonic() < until
        time.sleep(0.02)
    return words(page.text)


def test_the_books_are_connected_by_a_click_in_another_window_while_this_one_waits(ground: Ground) -> None:
    path, address = begun(ground)
    assert ground.signed_in("dana").get(path).headers["Refresh"] == "2"
    assert "standin-secret" not in address
    assert "It goes on in the one where you began." in come_back(person.clicked(address, REALM))
    told = ended(ground, path)
    assert "QuickBooks Online is connected: account 9140005, a test account. It is read-only" in told
    with ground.house() as house:
        assert house.store.read_grant(MAIN, ConnectionId("quickbooks")) is not None
        assert house.store.company(MAIN).name == "Walkabout Tools"
        written = [each for each in house.store.journal(MAIN) if each.kind in ("connection", "secrets", "company")]
        assert {str(each.actor) for each in written[1:]} <= {"dana"}
    assert ground.finished(send(ground, "read")).startswith("Read everything")


@pytest.mark.gate
@pytest.mark.parametrize(
    ("act", "told"),
    [(person.CANCEL, "that was declined in the browser"), (person.FORGE, "does not belong to this attempt")],
)
def test_a_no_in_the_other_window_changes_nothing_and_can_be_begun_again_without_typing(
    ground: Ground, act: str, told: str
) -> None:
    path, address = begun(ground)
    back = person.clicked(address, "")
    come_back(person.forged(back) if act == person.FORGE else back)
    page = ended(ground, path)
    assert told in page
    assert "run the same command" not in page
    assert held(ground) == {}
    again = send(ground, "connection/consent", id=path.partition("id=")[2], do="again")
    path, address = again.headers["location"], invited(ground.signed_in("dana").get(again.headers["location"]).text)
    come_back(person.clicked(address, REALM))
    assert "is connected" in ended(ground, path)


def test_where_no_browser_comes_back_its_address_is_pasted_and_a_wrong_one_costs_nothing(ground: Ground) -> None:
    answer = connect(ground, "quickbooks", "paste", **BOOKS_KEYS)
    path, attempt = answer.headers["location"], answer.headers["location"].partition("id=")[2]
    page = ground.signed_in("dana").get(path)
    assert "Refresh" not in page.headers, "nobody can type on a page that renews itself"
    back = person.clicked(invited(page.text), REALM)
    for wrong, told in (
        ("https://developer.example/playground", "not the address the browser was sent back to"),
        (person.forged(back), "does not belong to this attempt"),
    ):
        refused = send(ground, "connection/consent", id=attempt, address=wrong)
        assert refused.status_code == 409
        assert told in words(refused.text)
        assert "code-" not in refused.text
    done = send(ground, "connection/consent", id=attempt, address=back)
    assert "QuickBooks Online is connected" in said(ground, done)
    # The same again does nothing: it is over.
    assert "is connected" in said(ground, send(ground, "connection/consent", id=attempt, address=back))


@pytest.mark.gate
def test_behind_tls_the_browser_comes_back_to_the_console_without_a_session(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    base = "https://books.example.com"
    with unconnected(tmp_path_factory.mktemp("tls"), Address.of(base)) as ground:
        browser = ground.browser(base)
        assert sign_in(browser, "dana").status_code == 303
        form = form_of(browser.get(f"/c/{MAIN}/connections").text)
        sent = {"form": form, "system": "quickbooks", "do": "browser", **BOOKS_KEYS}
        path = browser.post(f"/c/{MAIN}/connection", data=sent).headers["location"]
        address = invited(browser.get(path).text)
        assert dict(parse_qsl(urlsplit(address).query))["redirect_uri"] == f"{base}/connected"
        assert f"letter for letter: {base}/connected" in words(
            browser.get(f"/c/{MAIN}/connection?system=quickbooks").text
        )
        back = urlsplit(person.clicked(address, REALM))
        stranger = ground.browser(base)
        for query in (back.query.replace("state=", "state=x"), back.query):
            answer = stranger.get(f"/connected?{query}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/connected")
            assert "set-cookie" not in answer.headers
        assert "You can close this window" in stranger.get("/connected").text
        assert "QuickBooks Online is connected" in words(browser.get(path).text)
        assert ground.browser("http://rebound.example").get("/connected").status_code == 404


@pytest.mark.gate
def test_an_attempt_is_its_owners_alone_and_of_one_company(ground: Ground) -> None:
    path, _ = begun(ground)
    with ground.house() as house:
        add_colleague(house.company(MAIN), "ada", "Ada", Role.ADMIN)
        assert person_named(house, "ada") is not None
    assert ground.signed_in("ada").get(path).status_code == 404
    assert send(ground, "connection/consent", "ada", id=path.partition("id=")[2], do="again").status_code == 404
    second, _ = begun(ground)
    assert ground.signed_in("dana").get(path).status_code == 404, "whoever begins anew gives up the one before"
    assert ground.signed_in("dana").get(second).status_code == 200


@pytest.mark.gate
def test_disconnecting_is_asked_first_forgets_what_lets_us_in_and_keeps_what_was_read(ground: Ground) -> None:
    path, address = begun(ground, writes="yes")
    come_back(person.clicked(address, REALM))
    ended(ground, path)
    said(ground, connect(ground, "stripe", writes="yes", **{"set-api_key": STRIPE_KEY}))
    ground.finished(send(ground, "read"))
    asked = words(get(ground, "disconnect?system=stripe").text)
    assert "It stays good until you delete it at Stripe too" in asked
    told = said(ground, send(ground, "disconnect", system="stripe"))
    assert "Stripe is disconnected. What was read stays. Delete the key at Stripe too" in told
    assert "api_key" not in stored(ground, "stripe")
    assert "QuickBooks Online is disconnected." in said(ground, send(ground, "disconnect", system="quickbooks"))
    with ground.house() as house:
        assert house.store.read_grant(MAIN, ConnectionId("quickbooks")) is None
        assert house.store.sizes(MAIN)[ConnectionId("quickbooks")] > 0
    listed = words(get(ground, "connections").text)
    assert listed.count("disconnected Account") == 2
    assert not any(each.writes_allowed for each in held(ground).values())
    for room in ("", "findings", "proof", "connection?system=stripe"):
        assert get(ground, room).status_code == 200
    assert "Stripe is disconnected" in words(send(ground, "connection/check", system="stripe").text)
    said(ground, connect(ground, "stripe", **{"set-api_key": STRIPE_KEY}))
    assert "disconnected" not in words(get(ground, "connection?system=stripe").text)


@pytest.mark.gate
def test_access_that_cannot_be_given_back_is_kept_so_that_it_still_can_be(ground: Ground) -> None:
    path, address = begun(ground)
    come_back(person.clicked(address, REALM))
    ended(ground, path)
    ground.firm.faults("quickbooks", "POST /v2/oauth2/tokens/revoke 1 status-before 503")
    refused = send(ground, "disconnect", system="quickbooks")
    assert refused.status_code == 502
    assert "did not say that it took the access back" in words(refused.text)
    with ground.house() as house:
        assert house.store.read_grant(MAIN, ConnectionId("quickbooks")) is not None
    assert "is disconnected" in said(ground, send(ground, "disconnect", system="quickbooks"))


@pytest.mark.gate
def test_no_key_and_no_code_is_logged_or_stands_in_a_repr(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        path, address = begun(ground)
        attempt = path.partition("id=")[2]
        back = person.clicked(address, REALM)
        come_back(back)
        ended(ground, path)
        connect(ground, "stripe", **{"set-api_key": STRIPE_KEY})
        connect(ground, "paypal", **PAYPAL_KEYS)
        connect(ground, "stripe", **{"set-api_key": "rk_test_nobody_at_all"})
    # The other thread is the console; in this one are its people's browsers.
    ours = "\n".join(each.getMessage() for each in caplog.records if each.threadName != threading.main_thread().name)
    code, state = (dict(parse_qsl(urlsplit(back).query))[name] for name in ("code", "state"))
    for word in (*SECRETS, "rk_test_nobody_at_all", code, state, ground.signed_in("dana").cookies[COOKIE]):
        assert word not in ours
    assert attempt not in ours
    pages = [
        get(ground, room).text for room in ("connections", "connection?system=quickbooks", "connection?system=stripe")
    ]
    for word in (*SECRETS, code, state):
        assert not any(word in page for page in pages)
