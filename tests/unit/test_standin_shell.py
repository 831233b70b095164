"""connector.testing.standin: a socket with faults, a log without secrets, a dump."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from connector.errors import UserError
from connector.testing.standin import KINDS, Answer, Call, Fault, Server, parse_faults
from tests.standins import Tally, ask

BROKEN = (HTTPException, ConnectionError)


def fault(kind: str, argument: str = "", *, nth: int = 1, method: str = "*", path: str = "/*") -> Fault:
    return Fault(method=method, path=path, nth=nth, kind=kind, argument=argument)


def test_an_answer_comes_over_a_real_socket() -> None:
    with Server(Tally()) as server:
        assert ask(server, "GET", "/invoices?name=Acme%20North") == (200, b'{"acted": 1, "name": "Acme North"}')
        assert server.calls == [("GET", "/invoices", 200)]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_three_verbs_of_vendors_are_served(method: str) -> None:
    tally = Tally()
    with Server(tally) as server:
        ask(server, method, "/x")
    assert tally.acted == [(method, "/x")]


def test_drop_before_closes_the_line_without_acting() -> None:
    tally = Tally()
    with Server(tally, faults=(fault("drop-before"),)) as server:
        with pytest.raises(BROKEN):
            ask(server, "POST", "/x", b"{}")
        assert tally.acted == []
        assert ask(server, "POST", "/x", b"{}")[0] == 200


def test_drop_after_acts_and_loses_the_answer() -> None:
    tally = Tally()
    with Server(tally, faults=(fault("drop-after"),)) as server, pytest.raises(BROKEN):
        ask(server, "POST", "/x", b"{}")
    assert tally.acted == [("POST", "/x")]


def test_status_before_answers_without_acting() -> None:
    tally = Tally()
    with Server(tally, faults=(fault("status-before", "503"),)) as server:
        assert ask(server, "POST", "/x", b"{}") == (503, b"")
    assert tally.acted == []


def test_status_after_acts_and_then_answers_with_that_status() -> None:
    tally = Tally()
    with Server(tally, faults=(fault("status-after", "504"),)) as server:
        assert ask(server, "POST", "/x", b"{}") == (504, b"")
    assert tally.acted == [("POST", "/x")]


def test_truncate_acts_and_sends_half_of_the_body() -> None:
    tally = Tally()
    with Server(tally, faults=(fault("truncate"),)) as server, pytest.raises(BROKEN):
        ask(server, "GET", "/x")
    assert tally.acted == [("GET", "/x")]


def test_slow_answers_after_the_seconds_it_was_told() -> None:
    with Server(Tally(), faults=(fault("slow", "0.3"),)) as server:
        began = time.monotonic()
        assert ask(server, "GET", "/x")[0] == 200
        assert time.monotonic() - began >= 0.3


def test_slow_answer_acts_at_once_and_answers_after_the_seconds_it_was_told() -> None:
    with Server(Tally(), faults=(fault("slow-answer", "0.3"),)) as server:
        began = time.monotonic()
        assert ask(server, "GET", "/x")[0] == 200
        assert time.monotonic() - began >= 0.3


def test_stall_acts_sends_half_of_the_body_and_hangs_before_it_cuts_the_line() -> None:
    tally = Tally()
    with Server(tally, faults=(fault("stall", "0.3"),)) as server:
        began = time.monotonic()
        with pytest.raises(BROKEN):
            ask(server, "GET", "/x")
        assert time.monotonic() - began >= 0.3
    assert tally.acted == [("GET", "/x")]


def test_a_stopped_server_lets_nobody_hang_on() -> None:
    with ThreadPoolExecutor(1) as pool:
        with Server(Tally(), faults=(fault("stall", "600"),)) as server:
            waiting = pool.submit(ask, server, "GET", "/x")
            while not server.calls:
                time.sleep(0.01)
        assert isinstance(waiting.exception(timeout=10), BROKEN)


def test_late_answers_504_and_acts_when_it_is_time() -> None:
    tally = Tally()
    with Server(tally, faults=(fault("late", "0.1"), fault("late", "600", nth=2))) as server:
        assert ask(server, "POST", "/x", b"{}") == (504, b"")
        assert ask(server, "POST", "/y", b"{}") == (504, b"")
        while not tally.acted:
            time.sleep(0.01)
        assert tally.acted == [("POST", "/x")]
        assert server.commit_late() == 1
        assert tally.acted == [("POST", "/x"), ("POST", "/y")]


class Shapely(Tally):
    """A tally that knows one shape of its own, counts those who were turned away, and has people in it."""

    def __init__(self) -> None:
        super().__init__()
        self.away: list[str] = []

    def shape(self, name: str, call: Call) -> Answer | None:
        return Answer(status=418, body=call.path.encode()) if name == "teapot" else None

    def arrived(self, call: Call) -> None:
        self.away.append(call.path)

    def behind(self, call: Call) -> Answer:
        return Answer(body=f"people: {call.path}".encode())


def test_answer_before_says_it_in_the_vendors_shape_without_acting() -> None:
    shapely = Shapely()
    with Server(shapely, faults=(fault("answer-before", "teapot"),)) as server:
        assert ask(server, "POST", "/x", b"{}") == (418, b"/x")
    assert (shapely.acted, shapely.away) == ([], ["/x"])


def test_answer_after_acts_and_then_says_it_in_the_vendors_shape() -> None:
    shapely = Shapely()
    with Server(shapely, faults=(fault("answer-after", "teapot"),)) as server:
        assert ask(server, "POST", "/x", b"{}") == (418, b"/x")
    assert (shapely.acted, shapely.away) == ([("POST", "/x")], [])


def test_people_behind_are_met_by_no_fault_and_act_while_nobody_is_served() -> None:
    shapely = Shapely()
    with Server(shapely, faults=(fault("drop-before", nth=0),)) as server:
        assert ask(server, "POST", "/-/1/void") == (200, b"people: /-/1/void")
        assert server.calls == []
        assert server.behind(lambda: len(shapely.acted)) == 0


def test_a_stand_in_without_people_has_no_way_behind() -> None:
    tally = Tally()
    with Server(tally) as server:
        ask(server, "POST", "/-/1/void")
    assert tally.acted == [("POST", "/-/1/void")]


def test_every_kind_of_fault_has_a_test_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'fault("{kind}"' not in text] == []


def test_a_fault_strikes_only_the_request_with_its_number() -> None:
    with Server(Tally(), faults=(fault("status-before", "500", nth=2),)) as server:
        assert [ask(server, "GET", "/x")[0] for _ in range(3)] == [200, 500, 200]


def test_number_zero_strikes_every_request() -> None:
    with Server(Tally(), faults=(fault("status-before", "500", nth=0),)) as server:
        assert [ask(server, "GET", "/x")[0] for _ in range(3)] == [500, 500, 500]


def test_a_fault_counts_only_requests_of_its_method_and_path() -> None:
    with Server(Tally(), faults=(fault("status-before", "500", method="POST", path="/v1/*"),)) as server:
        seen = [ask(server, *request)[0] for request in (("GET", "/v1/a"), ("POST", "/v2/a"), ("POST", "/v1/a"))]
    assert seen == [200, 200, 500]


def test_faults_switched_on_later_count_from_then() -> None:
    with Server(Tally()) as server:
        ask(server, "GET", "/x")
        server.add_faults(fault("status-before", "500"))
        assert [ask(server, "GET", "/x")[0] for _ in range(2)] == [500, 200]


def test_a_faults_file_is_read_line_by_line() -> None:
    text = "# after the write\nPOST  /v1/*  1  drop-after\n\n*  *  0  slow  0.5\n"
    assert parse_faults(text) == (
        Fault(method="POST", path="/v1/*", nth=1, kind="drop-after"),
        Fault(method="*", path="*", nth=0, kind="slow", argument="0.5"),
    )


@pytest.mark.parametrize(
    "line",
    ["POST /x 1", "POST /x one slow", "POST /x 1 explode", "POST /x 1 slow 1 2", "* * 2% answer-after", "* * %@1 late"],
)
def test_a_line_that_is_no_fault_is_named_by_its_number(line: str) -> None:
    with pytest.raises(UserError, match=r"^Line 2 of the faults file") as caught:
        parse_faults(f"\n{line}\n")
    assert all(kind in caught.value.next_step for kind in KINDS)


def test_the_log_tells_of_every_request_and_hides_secrets(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with Server(Tally(), log=log, faults=(fault("drop-after", method="POST"),)) as server:
        ask(server, "GET", "/oauth?client_secret=s3cr3t&page=2&code=abc123&api_key=k3y")
        with pytest.raises(BROKEN):
            ask(server, "POST", "/pay?token=t0k3n", b"card=4242")
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["method"], line["status"], line["fault"]) for line in lines] == [
        ("GET", 200, None),
        ("POST", 0, "drop-after"),
    ]
    assert lines[0]["target"] == "/oauth?client_secret=***&page=2&code=***&api_key=***"
    assert lines[1]["bytes"] == len(b"card=4242")
    for secret in ("s3cr3t", "abc123", "k3y", "t0k3n", "4242"):
        assert secret not in text


@pytest.mark.parametrize("normalised", [True, False])
def test_the_dump_is_written_when_something_changed_and_at_the_end(tmp_path: Path, *, normalised: bool) -> None:
    dump = tmp_path / "dump.json"
    with Server(Tally(), dump=dump, normalised=normalised) as server:
        ask(server, "GET", "/a")
        assert not dump.exists()
        ask(server, "POST", "/b")
        assert json.loads(dump.read_text(encoding="utf-8"))["acted"] == ["GET /a", "POST /b"]
        ask(server, "GET", "/c")
    assert json.loads(dump.read_text(encoding="utf-8")) == {
        "acted": ["GET /a", "POST /b", "GET /c"],
        "normalised": normalised,
    }
    assert list(tmp_path.iterdir()) == [dump]


def test_what_inspectors_find_is_kept_with_the_request_it_is_about() -> None:
    def inspector(call: Call, answer: Answer) -> list[str]:
        return [] if call.method == "GET" else [f"{answer.status} is not what the schema says"]

    with Server(Tally(), inspectors=(inspector,)) as server:
        ask(server, "GET", "/a")
        assert server.problems == []
        ask(server, "POST", "/b?c=1")
    assert server.problems == ["POST /b?c=1: 200 is not what the schema says"]


def test_a_port_that_is_taken_is_the_callers_to_change() -> None:
    with Server(Tally()) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(UserError, match=rf"^Port {port} on this computer is taken\."):
            Server(Tally(), port=port)


def test_a_caller_who_is_killed_in_the_middle_makes_no_noise(capfd: pytest.CaptureFixture[str]) -> None:
    with Server(Tally()) as server:
        before = threading.active_count()
        caller = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
        caller.sendall(b"GET /x HT")
        while threading.active_count() == before:
            time.sleep(0.001)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.close()  # as the kernel does it for a dead process that had not read everything
        while threading.active_count() > before:
            time.sleep(0.001)
    assert capfd.readouterr().err == ""
