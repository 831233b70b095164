"""One message when something begins to be wrong, one when it is over, and none is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pytest
from standardwebhooks import Webhook

from connector.app.freshness import freshness
from tests.journeys.firm import Firm, open_firm

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Auto-sync is on, and messages are lines in a file."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        opened.do("plan")
        opened.do("apply", "--yes")
        opened.do("autosync", "on", "--yes")
        opened.do("notify", "add", "lines", "--kind", "file", RECEIVABLES_NOTIFY_ADDRESS=str(tmp_path / "lines"))
        yield opened


def told(firm: Firm) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (firm.home.parent / "lines").read_text().splitlines()]
    return [each for each in lines if each["condition"] != "test"]


def turn(firm: Firm) -> None:
    firm.run("run", "--once")


@pytest.mark.gate
def test_a_vendor_that_is_away_is_told_of_once_and_once_when_it_is_back(firm: Firm) -> None:
    turn(firm)
    assert told(firm) == []
    away(firm, "quickbooks", 4)
    for _ in range(4):
        turn(firm)
    assert [(each["condition"], each["over"]) for each in told(firm)] == [("turns", False)]
    assert told(firm)[0]["sentence"].startswith("Auto-sync does not get on: ")
    assert told(firm)[0]["next_step"]
    for _ in range(3):
        turn(firm)
    assert [(each["condition"], each["over"]) for each in told(firm)] == [("turns", False), ("turns", True)]


def away(firm: Firm, system: str, turns: int) -> None:
    """The system refuses the first question of that many turns."""
    firm.faults(system, "\n".join(f"GET /v* {nth} status-before 403" for nth in range(1, turns + 1)))


@pytest.mark.gate
def test_a_vendor_that_is_away_keeps_nobody_from_reading_the_others(firm: Firm) -> None:
    turn(firm)

    away(firm, "quickbooks", 1)
    with firm.desk() as desk:
        moment = desk.clock.now()
        turn(firm)
        read = {each.connection.system: each.data_as_of for each in freshness(desk).readings}
        assert desk.store.turn(desk.id).failed
    assert read["quickbooks"] is not None
    assert read["stripe"] is not None
    assert read["quickbooks"] < moment < read["stripe"]


class Receiver:
    """Whoever takes webhooks: it may be away, and it keeps what comes."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heard.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/told"

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.mark.gate
def test_a_webhook_is_signed_tried_again_while_nobody_takes_it_and_sent_once_it_was_taken(
    tmp_path: Path, receiver: Receiver
) -> None:
    with open_firm(tmp_path) as firm:
        firm.connect_quickly()
        firm.do("autosync", "on", "--dry-run")
        given = {"RECEIVABLES_NOTIFY_ADDRESS": receiver.url, "RECEIVABLES_NOTIFY_SECRET": SECRET}
        firm.do("notify", "add", "chat", "--kind", "webhook", **given)
        assert len(receiver.heard) == 1, "the test message"
        away(firm, "stripe", 7)
        receiver.status = 503
        for _ in range(3):
            turn(firm)
        receiver.status = 200
        for _ in range(3):
            turn(firm)
        sent = receiver.heard[1:]
        assert len({headers["webhook-id"] for headers, _ in sent}) == 1
        before_taken = [body for _, body in sent]
        assert before_taken == [before_taken[0]] * len(before_taken)
        turn(firm)
        assert len(receiver.heard) == 1 + len(sent)
        headers, body = sent[-1]
        said: Any = Webhook(SECRET).verify(body, {name.lower(): value for name, value in headers.items()})
        assert said["text"].startswith("Walkabout Tools: needs you. Auto-sync does not get on")
        assert SECRET not in firm.do("notify", "list", "--json").out
        assert receiver.url not in firm.do("notify", "list", "--json").out


def test_a_channel_whose_test_message_does_not_arrive_is_not_kept(tmp_path: Path, receiver: Receiver) -> None:
    with open_firm(tmp_path) as firm:
        firm.connect_quickly()
        receiver.status = 500
        given = {"RECEIVABLES_NOTIFY_ADDRESS": receiver.url, "RECEIVABLES_NOTIFY_SECRET": SECRET}
        refused = firm.run("notify", "add", "chat", "--kind", "webhook", **given)
        assert (refused.code, "could not be delivered" in refused.err) == (2, True)
        assert json.loads(firm.do("notify", "list", "--json").out)["channels"] == []
