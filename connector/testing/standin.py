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
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol, Self
from urllib.parse import parse_qs, urlsplit

from connector.errors import UserError
from connector.testing.worlds import World

SLOW_SECONDS_MAX = 600.0


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


Inspector = Callable[[Call, Answer], list[str]]
"""Looks at an exchange and returns what is wrong with it; tests plug the vendor's schema in here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`kind` happens to the `nth` request (1 is the first; 0 is every one) that matches method and path pattern."""

    method: str
    path: str
    nth: int
    kind: str
    argument: str = ""


KINDS = {
    "drop-before": "close the connection before the request is acted on",
    "drop-after": "act on the request, then close the connection without an answer",
    "status-before": "answer that status (argument) without acting",
    "status-after": "act, then answer that status (argument)",
    "truncate": "act, then send half of the answer's body",
    "slow": "act after that many seconds (argument)",
}


def _numbers(words: list[str]) -> bool:
    """Whether the count, and the argument where there is one, can be read: seconds of `slow`, or a status."""
    count, kind, *argument = words
    return count.isdecimal() and all(
        (word.replace(".", "", 1) if kind == "slow" else word).isdecimal() for word in argument
    )


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Lines of `METHOD  PATH-PATTERN  NTH  KIND  [ARGUMENT]`; UserError names a line that is none."""
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts or parts[0].startswith("#"):
            continue
        if len(parts) not in (4, 5) or parts[3] not in KINDS or not _numbers(parts[2:]):
            raise UserError(
                f"Line {number} of the faults file is not METHOD PATH NTH KIND [ARGUMENT].",
                next_step=f"KIND is one of {', '.join(KINDS)}.",
            )
        faults.append(
            Fault(method=parts[0], path=parts[1], nth=int(parts[2]), kind=parts[3], argument="".join(parts[4:]))
        )
    return tuple(faults)


_SECRETS = re.compile(r"(?i)(token|secret|key|password|authorization|signature|code)=[^&\s]*")


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
        self._faults = list(faults)
        self._seen: dict[int, int] = {}
        self._lock = threading.Lock()
        self._log = log
        self._dump = dump
        self._normalised = normalised
        self._inspectors = inspectors
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
        self._http.shutdown()
        self._http.server_close()
        self.write_dump()

    def add_faults(self, *faults: Fault) -> None:
        """Switch faults on from now; their counting begins now."""
        with self._lock:
            self._faults.extend(faults)

    def write_dump(self) -> None:
        """Put the state into the dump file, whole or not at all."""
        if self._dump is None:
            return
        with self._lock:
            text = json.dumps(self.stand_in.dump(normalised=self._normalised), indent=1, sort_keys=True, default=str)
        unfinished = self._dump.with_suffix(".tmp")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(self._dump)

    def fault_for(self, call: Call) -> Fault | None:
        """The fault this request must suffer, counting the request."""
        with self._lock:
            chosen = None
            for index, fault in enumerate(self._faults):
                if fault.method not in ("*", call.method) or not fnmatch.fnmatch(call.path, fault.path):
                    continue
                self._seen[index] = self._seen.get(index, 0) + 1
                if fault.nth in (0, self._seen[index]) and chosen is None:
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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener
    disable_nagle_algorithm: ClassVar[bool] = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing on the terminal."""

    def _serve(self) -> None:
        owner = self.server.owner
        call = self._call()
        fault = owner.fault_for(call)
        kind = fault.kind if fault else ""
        argument = fault.argument if fault else ""
        if kind == "slow":
            time.sleep(min(float(argument or 1), SLOW_SECONDS_MAX))
        if kind == "drop-before":
            owner.note(call, 0, fault)
            self._reset()
            return
        answer = Answer(status=int(argument or 500), body=b"") if kind == "status-before" else owner.act(call)
        if kind == "drop-after":
            owner.note(call, 0, fault)
            self._reset()
            return
        if kind == "status-after":
            answer = Answer(status=int(argument or 500), body=b"")
        owner.note(call, answer.status, fault)
        self._send(answer, half=kind == "truncate")

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

    def _send(self, answer: Answer, *, half: bool) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if half:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self._reset()
            return
        self.wfile.write(answer.body)

    def _reset(self) -> None:
        """Close with a reset, as a dying server or a cut line does."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
