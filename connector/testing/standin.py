"""The shell every stand-in is built in: a loopback HTTP server, switchable faults, a log without secrets, a dump.

A stand-in itself is a small state machine: it answers a Call with an Answer and never sees a socket. This file owns the
socket, and with it the faults that only a socket can have.
"""

from __future__ import annotations

import fnmatch
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol, Self, TypeVar, runtime_checkable
from urllib.parse import parse_qs, urlsplit

from connector.errors import UserError
from connector.testing.mishaps import KINDS, UNACTED, Fault, parse_faults
from connector.testing.worlds import World

__all__ = (
    "BEHIND",
    "KINDS",
    "STATE",
    "Answer",
    "Call",
    "Counting",
    "Fault",
    "Inspector",
    "Peopled",
    "Server",
    "Shaped",
    "StandIn",
    "Watching",
    "parse_faults",
)

SLOW_SECONDS_MAX = 600.0
BEHIND = "/-/"
"""Addresses under which people act in the books behind a caller's back: no fault meets them, nothing judges them."""

STATE = f"{BEHIND}state"
"""Where the double itself says all that it holds, without ids and times: to be compared with another moment."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `query` holds decoded values; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    target: str

    def first(self, name: str, fallback: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [fallback])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class StandIn(Protocol):
    """A vendor's double. It is called by one thread at a time."""

    system: str

    def answer(self, call: Call) -> Answer:
        """What the vendor would say."""

    def settings(self, world: World, url: str) -> dict[str, str]:
        """The adapter's settings that connect to that company of this double, served at that address."""

    def dump(self, *, normalised: bool) -> object:
        """The whole state as JSON values; `normalised` leaves out ids and times, so that two runs can be compared."""

    def corrupt(self, seed: int) -> str:
        """Shift one cent somewhere in the books; says where, for the test that must find it."""


@runtime_checkable
class Shaped(Protocol):
    """A stand-in that knows how its vendor says that something failed."""

    def shape(self, name: str, call: Call) -> Answer | None:
        """What the vendor says then; None for a shape that is not its."""


@runtime_checkable
class Counting(Protocol):
    """A stand-in that counts its callers, and wants to know of those whom a fault kept away."""

    def arrived(self, call: Call) -> object:
        """Somebody called and was not let in."""


@runtime_checkable
class Watching(Protocol):
    """A stand-in that knows which requests are under way at the same time."""

    def entered(self, call: Call) -> object:
        """A request has come."""

    def left(self, call: Call) -> object:
        """Its answer is about to be sent."""


@runtime_checkable
class Peopled(Protocol):
    """A stand-in in whose books people work behind the caller's back."""

    def behind(self, call: Call) -> Answer:
        """Do what they do."""


Inspector = Callable[[Call, Answer], list[str]]
"""Looks at an exchange and returns what is wrong with it; tests plug the vendor's schema in here."""


_SECRETS = re.compile(r"(?i)(token|secret|key|password|authorization|signature|code|state)=[^&\s]*")


class Server:
    """A running stand-in. `url` is where it listens; `problems` is what the inspectors found; `calls` counts them."""

    def __init__(
        self,
        stand_in: StandIn,
        *,
        port: int = 0,
        faults: tuple[Fault, ...] = (),
        log: Path | None = None,
        dump: Path | None = None,
        normalised: bool = False,
        inspectors: tuple[Inspector, ...] = (),
    ) -> None:
        self.stand_in = stand_in
        self.problems: list[str] = []
        self.calls: list[tuple[str, str, int]] = []
        self._faults: list[Fault] = []
        self._late: list[Call] = []
        self._stopping = threading.Event()
        self._seen: dict[int, int] = {}
        self._lock = threading.Lock()
        self._log = log
        self._dump = dump
        self._normalised = normalised
        self._inspectors = inspectors
        self.add_faults(*faults)
        try:
            self._http = _Listener(("127.0.0.1", port), _Handler)
        except OSError:
            raise UserError(
                f"Port {port} on this computer is taken.", next_step="Choose another with --port, or 0 for any."
            ) from None
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the door and write the dump."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self.write_dump()

    def add_faults(self, *faults: Fault) -> None:
        """Switch faults on from now; their counting begins now. UserError for a shape that is not the vendor's."""
        nobody = Call(method="GET", path="/", query={}, headers={}, body=b"", target="/")
        for name in sorted({fault.shape for fault in faults if fault.shape is not None}):
            if not isinstance(self.stand_in, Shaped) or self.stand_in.shape(name, nobody) is None:
                raise UserError(
                    f"The stand-in of {self.stand_in.system} knows no answer of the shape {name[:40]}.",
                    next_step="Its shapes are listed in the stand-in's `shapes.py`.",
                )
        with self._lock:
            self._faults.extend(faults)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()
            self._seen.clear()

    def write_dump(self) -> None:
        """Put the state into the dump file, whole or not at all."""
        if self._dump is None:
            return
        text = self._state(normalised=self._normalised)
        unfinished = self._dump.with_suffix(".tmp")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(self._dump)

    def state(self) -> Answer:
        """All that the double holds, without ids and times."""
        return Answer(body=self._state(normalised=True).encode())

    def _state(self, *, normalised: bool) -> str:
        with self._lock:
            return json.dumps(self.stand_in.dump(normalised=normalised), indent=1, sort_keys=True, default=str)

    def fault_for(self, call: Call) -> Fault | None:
        """The fault this request must suffer, counting the request."""
        with self._lock:
            chosen = None
            for index, fault in enumerate(self._faults):
                if fault.method not in ("*", call.method) or not fnmatch.fnmatch(call.path, fault.path):
                    continue
                self._seen[index] = self._seen.get(index, 0) + 1
                if fault.strikes(self._seen[index]) and chosen is None:
                    chosen = fault
            return chosen

    def act(self, call: Call) -> Answer:
        """Let the stand-in answer, one at a time, and let the inspectors look."""
        with self._lock:
            answer = self.stand_in.answer(call)
            for inspector in self._inspectors:
                self.problems += [f"{call.method} {call.target}: {problem}" for problem in inspector(call, answer)]
            self.calls.append((call.method, call.path, answer.status))
        if call.method != "GET":
            self.write_dump()
        return answer

    def behind(self, act: Callable[[], T]) -> T:
        """Let people act in the books while nobody is being served."""
        with self._lock:
            done = act()
        self.write_dump()
        return done

    def turned_away(self, call: Call) -> None:
        """Let a stand-in that counts its callers know of one that a fault kept away."""
        if isinstance(self.stand_in, Counting):
            with self._lock:
                self.stand_in.arrived(call)

    def under_way(self, call: Call) -> None:
        """Let a stand-in that watches know that a request has come; `answered` that it is done."""
        if isinstance(self.stand_in, Watching):
            with self._lock:
                self.stand_in.entered(call)

    def answered(self, call: Call) -> None:
        """Before the answer is sent, so that a caller who hears it finds the way free."""
        if isinstance(self.stand_in, Watching):
            with self._lock:
                self.stand_in.left(call)

    def shaped(self, name: str, call: Call) -> Answer:
        """The vendor's answer of that shape."""
        said = None
        if isinstance(self.stand_in, Shaped):
            with self._lock:
                said = self.stand_in.shape(name, call)
        return said or Answer(status=500)

    def act_later(self, call: Call, seconds: float) -> None:
        """Carry a request out after its answer was sent."""
        with self._lock:
            self._late.append(call)
        timer = threading.Timer(seconds, self._act_late, (call,))
        timer.daemon = True
        timer.start()

    def commit_late(self) -> int:
        """Carry out now what would be carried out later; says how many requests it were."""
        with self._lock:
            waiting = list(self._late)
        for call in waiting:
            self._act_late(call)
        return len(waiting)

    def _act_late(self, call: Call) -> None:
        with self._lock:
            if call not in self._late or self._stopping.is_set():
                return
            self._late.remove(call)
        self.act(call)

    def wait(self, seconds: float) -> None:
        """Let a caller wait, but no longer than the server lives."""
        self._stopping.wait(min(seconds, SLOW_SECONDS_MAX))

    def note(self, call: Call, status: int, fault: Fault | None) -> None:
        """One line of the log: no body, no header, no secret."""
        if self._log is None:
            return
        line = {
            "at": time.time_ns() // 1_000_000,
            "method": call.method,
            "target": _SECRETS.sub(r"\1=***", call.target),
            "bytes": len(call.body),
            "status": status,
            "fault": fault.kind if fault else None,
        }
        with self._lock, self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    owner: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller who was killed in the middle is nothing to tell of; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # what it was given


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener
    disable_nagle_algorithm: ClassVar[bool] = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing on the terminal."""

    def _serve(self) -> None:
        owner = self.server.owner
        call = self._call()
        people = owner.stand_in
        if call.path == STATE:
            self._send(owner.state())
            return
        if call.path.startswith(BEHIND) and isinstance(people, Peopled):
            self._send(owner.behind(lambda: people.behind(call)))
            return
        owner.under_way(call)
        try:
            fault = owner.fault_for(call)
            answer = self._answer(call, fault) if fault else owner.act(call)
        finally:
            owner.answered(call)
        owner.note(call, answer.status if answer else 0, fault)
        if answer is None:
            self._reset()
            return
        self._send(answer, fault)

    def _answer(self, call: Call, fault: Fault) -> Answer | None:
        """What is sent under a fault; None when the line is cut instead."""
        owner, kind = self.server.owner, fault.kind
        if kind == "slow":
            owner.wait(float(fault.argument or 1))
        if kind in UNACTED:
            owner.turned_away(call)
            answer = None
        else:
            answer = owner.act(call)
        if kind == "late":
            owner.act_later(call, float(fault.argument or 1))
            answer = Answer(status=504)
        elif kind in ("status-before", "status-after"):
            answer = Answer(status=int(fault.argument or 500))
        elif fault.shape is not None:
            answer = owner.shaped(fault.shape, call)
        elif kind == "slow-answer":
            owner.wait(float(fault.argument or 1))
        return None if kind == "drop-after" else answer

    def _call(self) -> Call:
        length = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        return Call(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            target=self.path,
        )

    def _send(self, answer: Answer, fault: Fault | None = None) -> None:
        self.send_response_only(answer.status)
        if "Date" not in answer.headers:  # a stand-in may have a clock of its own
            self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fault is not None and fault.kind in ("truncate", "stall"):
            self.wfile.write(answer.body[: len(answer.body) // 2])
            if fault.kind == "stall":
                self.wfile.flush()
                self.server.owner.wait(float(fault.argument or 1))
            self._reset()
            return
        self.wfile.write(answer.body)

    def _reset(self) -> None:
        """Close with a reset, as a dying server or a cut line does."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
