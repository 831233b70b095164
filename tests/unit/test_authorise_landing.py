"""Where the browser comes back to, and what a person pastes: one answer is taken, and nothing of it is shown."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

import pytest
import requests

from connector.app.authorise import pasted
from connector.errors import Refused, SettingsError
from connector.web.landing import LET_IN, TURNED_AWAY, Landing, is_local

ANYWHERE = "http://localhost:0/connected"
SECONDS = 10


class Visit:
    """A browser that follows an address to the end, beside the test."""

    def __init__(self, address: str) -> None:
        self._thread = threading.Thread(target=self._go, args=(address,))
        self._thread.start()

    def _go(self, address: str) -> None:
        self._answer = requests.get(address, timeout=SECONDS)

    @property
    def answer(self) -> requests.Response:
        self._thread.join(SECONDS)
        return self._answer


def silent(_left: int) -> None:
    """Nobody is told how long there is left."""


def test_the_first_answer_is_taken_and_the_browser_ends_on_a_page_whose_address_holds_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Landing(ANYWHERE) as landing:
        visit = Visit(f"{landing.redirect}?code=c0de&state=st4te&realmId=9130001")
        answer = landing.wait(SECONDS, silent)
        landing.say(LET_IN)
    assert answer == {"code": "c0de", "state": "st4te", "realmId": "9130001"}
    assert visit.answer.url == f"{landing.redirect}/done"
    assert "You can close this window." in visit.answer.text
    assert "c0de" not in visit.answer.text
    assert visit.answer.headers["Cache-Control"] == "no-store"
    assert visit.answer.headers["Referrer-Policy"] == "no-referrer"
    assert capfd.readouterr() == ("", ""), "a server that logs would log the code"


def test_when_it_came_to_nothing_the_browser_says_so() -> None:
    with Landing(ANYWHERE) as landing:
        visit = Visit(f"{landing.redirect}?error=access_denied&state=st4te")
        assert landing.wait(SECONDS, silent)["error"] == "access_denied"
    assert TURNED_AWAY.title in visit.answer.text


def test_a_second_answer_changes_nothing() -> None:
    with Landing(ANYWHERE) as landing:
        first = Visit(f"{landing.redirect}?code=one&state=st4te")
        assert landing.wait(SECONDS, silent)["code"] == "one"
        second = requests.get(f"{landing.redirect}?code=two&state=st4te", timeout=SECONDS)
        assert "Answered already" in second.text
        with pytest.raises(Refused):
            landing.wait(1, silent)
        landing.say(LET_IN)
    assert first.answer.status_code == 200


def test_what_is_no_answer_is_not_taken_for_one() -> None:
    with Landing(ANYWHERE) as landing:
        origin = landing.redirect.removesuffix("/connected")
        for address in (origin, f"{origin}/favicon.ico", landing.redirect, f"{landing.redirect}?hello=1"):
            assert requests.get(address, timeout=SECONDS).status_code == 404
        assert requests.get(f"{landing.redirect}/done", timeout=SECONDS).status_code == 404
        rebound = requests.get(
            f"{landing.redirect}?code=c0de&state=st4te", headers={"Host": "evil.example"}, timeout=SECONDS
        )
        assert rebound.status_code == 404
        twice = Visit(f"{landing.redirect}?code=one&code=two&state=st4te")
        assert landing.wait(SECONDS, silent) == {"state": "st4te"}
        landing.say(TURNED_AWAY)
        assert twice.answer.status_code == 200


def test_nobody_is_waited_for_any_longer_than_was_said() -> None:
    ticks: list[int] = []
    with pytest.raises(Refused, match="Nobody came back from the browser within 1 seconds"), Landing(ANYWHERE) as here:
        here.wait(1, ticks.append)
    assert ticks == [1]


def test_a_port_that_is_taken_is_told_before_anybody_is_sent_anywhere() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SettingsError, match="that port is in use"):
            Landing(f"http://localhost:{other.getsockname()[1]}/connected")


def test_only_this_computer_is_listened_on_and_any_free_port_is_named() -> None:
    with Landing("http://127.0.0.1:0") as landing:
        parts = urlsplit(landing.redirect)
        assert parts.hostname == "127.0.0.1"
        assert parts.port
        visit = Visit(f"{landing.redirect}/?code=c0de&state=st4te")
        assert landing.wait(SECONDS, silent)["code"] == "c0de"
        landing.say(LET_IN)
        assert visit.answer.status_code == 200
    assert is_local("http://localhost:8767/connected")
    assert not is_local("https://localhost/connected")
    assert not is_local("https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl")


@pytest.mark.parametrize(
    "text",
    [
        "https://harbor.example/back?code=c0de&state=st4te&realmId=9130001",
        "  <http://localhost:8767/connected?state=st4te&code=c0de&realmId=9130001>\n",
        "'https://harbor.example/#state=st4te&code=c0de&realmId=9130001'",
    ],
)
def test_a_whole_address_is_read_however_it_was_copied(text: str) -> None:
    assert pasted(text) == {"code": "c0de", "state": "st4te", "realmId": "9130001"}


@pytest.mark.parametrize(
    "text",
    ["", "c0de", "https://harbor.example/back", "https://[", "?state=1&state=2", "?state=1&" + "x" * 9_000],
)
def test_what_is_no_answer_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Refused, match="is not the address the browser was sent back to") as error:
        pasted(text)
    assert "c0de" not in str(error.value)
