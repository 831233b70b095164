"""The way in to QuickBooks by a browser: what is asked, which answers are taken, and what they lead to."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from adapters.quickbooks.authorise import Door
from connector.dates import instant_from_iso
from connector.errors import NeedsReconnect, RateLimited, ReceivablesError, Refused, SettingsError, Unreachable
from connector.ports import Invitation
from tests.unit.quickbooks_ground import TOKENS, good_pair, still_clock

KEYS = {"client_id": "app-1", "client_secret": "s3cret"}
SANDBOX = {**KEYS, "base_url": "https://sandbox-quickbooks.api.intuit.com"}
REVOKE = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
PLAYGROUND = "https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl"
DAY = 86_400
FIRST = {
    "token_type": "bearer",
    "access_token": "access-1",
    "refresh_token": "refresh-1",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 100 * DAY,
    "x_refresh_token_hard_expires_in": 1825 * DAY,
}


@pytest.fixture
def intuit() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def door(values: Mapping[str, str] = KEYS, **more: str) -> Door:
    return Door({**values, **more}, still_clock())


def yes(invitation: Invitation, **changed: str) -> dict[str, str]:
    return {"code": "c0de", "state": invitation.state, "realmId": "9130001"} | changed


def body(intuit: responses.RequestsMock) -> dict[str, str]:
    [call] = intuit.calls
    sent = call.request.body
    return dict(parse_qsl(sent.decode() if isinstance(sent, bytes) else str(sent)))


def test_the_address_asks_for_the_accounting_scope_alone_and_holds_no_secret() -> None:
    invitation = door().invite()
    address = urlsplit(invitation.url)
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://appcenter.intuit.com/connect/oauth2"
    assert dict(parse_qsl(address.query)) == {
        "client_id": "app-1",
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": PLAYGROUND,
        "state": invitation.state,
    }
    assert "s3cret" not in invitation.url
    assert invitation.state not in repr(invitation)


def test_no_two_invitations_have_the_same_state() -> None:
    states = {door().invite().state for _ in range(20)}
    assert len(states) == 20
    assert min(map(len, states)) >= 43, "256 bits"


def test_the_steps_for_real_books_name_the_questionnaire_the_reconnect_address_and_the_redirect_to_list() -> None:
    steps = " ".join(door({}).steps())
    for words in ("developer.intuit.com", "accounting", "questionnaire", "Reconnect URL", "Production", PLAYGROUND):
        assert words in steps
    assert door({}).steps()[-1].endswith("copy the whole address from the address line and paste it here.")


def test_the_steps_for_a_sandbox_need_no_questionnaire_and_nothing_to_paste() -> None:
    steps = " ".join(door(SANDBOX).steps())
    assert "http://localhost:8767/connected" in steps
    assert "Development" in steps
    for words in ("questionnaire", "Production", "paste"):
        assert words not in steps


@pytest.mark.parametrize("redirect", ["http://localhost:8767/connected", "http://127.0.0.1:9000/"])
def test_real_books_never_send_a_browser_to_an_address_without_encryption(redirect: str) -> None:
    with pytest.raises(SettingsError, match="only for development keys"):
        door().invite(redirect)
    with pytest.raises(SettingsError, match="only for development keys"):
        door(redirect=redirect).steps()
    assert door(SANDBOX).invite(redirect).redirect == redirect


def test_nothing_is_asked_without_the_keys_of_an_app() -> None:
    with pytest.raises(SettingsError, match="setting client_id is missing"):
        door({}).invite()


def test_the_code_is_exchanged_with_the_redirect_it_was_made_for_and_both_ends_are_kept(
    intuit: responses.RequestsMock,
) -> None:
    intuit.post(TOKENS, json=FIRST)
    way = door()
    invitation = way.invite()
    admission = way.admit(invitation, yes(invitation))
    assert body(intuit) == {"grant_type": "authorization_code", "code": "c0de", "redirect_uri": PLAYGROUND}
    headers = intuit.calls[0].request.headers
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"app-1:s3cret").decode()
    assert headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert (admission.account, admission.settings) == ("9130001", {"realm_id": "9130001"})
    pair, now = admission.pair, still_clock().now()
    assert pair is not None
    assert (pair.access, pair.refresh) == ("access-1", "refresh-1")
    assert instant_from_iso(pair.access_expires_at) == now + timedelta(hours=1)
    assert instant_from_iso(pair.refresh_expires_at) == now + timedelta(days=100)
    assert instant_from_iso(pair.hard_expires_at) == now + timedelta(days=1825)
    assert "access-1" not in repr(admission)


NO = [
    pytest.param({"state": "another"}, "does not belong to this attempt", id="another state"),
    pytest.param({"state": ""}, "does not belong to this attempt", id="no state"),
    pytest.param({"state": "zustand-ä"}, "does not belong to this attempt", id="a state that is not ASCII"),
    pytest.param({"error": "access_denied"}, "declined in the browser", id="cancelled"),
    pytest.param({"error": "invalid_scope"}, "something about the app is wrong", id="a scope the app has not"),
    pytest.param({"code": ""}, "brings no code", id="no code"),
    pytest.param({"realmId": ""}, "names no company", id="no company"),
    pytest.param({"realmId": "12; drop"}, "names no company", id="a company that is none"),
    pytest.param({"realmId": "9139999"}, "The company 9139999 was chosen in the browser", id="another company"),
]


@pytest.mark.parametrize(("changed", "words"), NO)
def test_an_answer_that_is_no_yes_is_refused_before_anything_is_sent(
    intuit: responses.RequestsMock, changed: dict[str, str], words: str
) -> None:
    way = door(realm_id="9130001")
    invitation = way.invite()
    with pytest.raises(Refused, match=words) as error:
        way.admit(invitation, yes(invitation, **changed))
    assert error.value.next_step
    assert len(intuit.calls) == 0


DEAD = {"error": "invalid_grant", "error_description": "Invalid authorization code"}


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        pytest.param(lambda mock: mock.post(TOKENS, status=400, json=DEAD), Refused, id="too old or used"),
        pytest.param(lambda mock: mock.post(TOKENS, status=401, json={"error": "x"}), NeedsReconnect, id="wrong keys"),
        pytest.param(lambda mock: mock.post(TOKENS, status=503), Unreachable, id="out of order"),
        pytest.param(lambda mock: mock.post(TOKENS, status=429), RateLimited, id="throttled"),
    ],
)
def test_a_code_that_is_not_taken_is_told_in_one_sentence(
    intuit: responses.RequestsMock,
    prepare: Callable[[responses.RequestsMock], object],
    expected: type[ReceivablesError],
) -> None:
    prepare(intuit)
    way = door()
    invitation = way.invite()
    with pytest.raises(expected) as error:
        way.admit(invitation, yes(invitation))
    assert error.value.sentence
    assert "c0de" not in str(error.value) + repr(error.value)


def test_knocking_tells_a_known_app_from_an_unknown_one_and_uses_nothing_up(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, status=400, json=DEAD)
    door().knock()
    assert body(intuit)["grant_type"] == "refresh_token"
    intuit.replace("POST", TOKENS, status=401, json={"error": "invalid_client"})
    with pytest.raises(NeedsReconnect, match="client_id or client_secret is wrong"):
        door().knock()


@pytest.mark.parametrize("status", [200, 400])
def test_access_is_given_back_by_the_refresh_token_also_when_it_was_dead_already(
    intuit: responses.RequestsMock, status: int
) -> None:
    intuit.post(REVOKE, status=status, json={})
    door().leave(good_pair(still_clock()))
    assert intuit.calls[0].request.body == b'{"token": "refresh-1"}'


def test_access_that_may_not_have_been_given_back_is_told(intuit: responses.RequestsMock) -> None:
    intuit.post(REVOKE, status=503)
    with pytest.raises(Unreachable, match="did not say"):
        door().leave(good_pair(still_clock()))


def test_no_code_state_or_token_reaches_the_log(
    intuit: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    intuit.post(TOKENS, json=FIRST)
    way = door()
    invitation = way.invite()
    with caplog.at_level(logging.DEBUG):
        way.admit(invitation, yes(invitation))
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "/oauth2/v1/tokens/bearer" in logged
    for secret in ("c0de", invitation.state, "access-1", "refresh-1", "s3cret"):
        assert secret not in logged
