"""Where a browser comes back to when a person has let us in: this computer alone, one answer, one page.

The address it comes back to holds a code, so nothing here is logged, and the browser is led on at once to a page whose
address holds nothing, so that its history keeps none either.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from connector.app.authorise import answer_in
from connector.errors import Refused, SettingsError
from connector.web.faces import NOTHING_HERE, OK, Face
from connector.web.sheets import sheets, style_source

HOST = "127.0.0.1"
LOCAL_NAMES = ("localhost", HOST)
SOCKET_SECONDS = 10
VERDICT_SECONDS = 90
"""How long the browser waits for what became of its answer: as long as the outside system may take."""
POLL_SECONDS = 0.05
"""How soon the door closes once it is to be closed."""
LEAVE_SECONDS = 3
"""How long we stay for the browser to fetch its last page; it is there at once unless it was closed."""

_SEE_OTHER = 303
_STYLE = "pay.css"
_MEANT = frozenset({"state", "code", "error"})
"""A request with none of these is no answer: somebody looked at the address by hand."""

LET_IN = Face(status=OK, title="Connected", said="You can close this window. It goes on in the terminal.", mood="paid")
TURNED_AWAY = Face(
    status=OK,
    title="Not connected",
    said="You can close this window. What happened is told in the terminal.",
    mood="fault",
)
TAKEN = Face(status=OK, title="Answered already", said="You can close this window.")


def is_local(redirect: str) -> bool:
    """Whether a browser that is sent back to that address comes to this computer."""
    parts = urlsplit(redirect)
    return parts.scheme == "http" and parts.hostname in LOCAL_NAMES


class Landing:
    """Listens at a redirect address of this computer, a context manager. Port 0 stands for any that is free.

    Errors: SettingsError when the port is taken.
    """

    def __init__(self, redirect: str) -> None:
        parts = urlsplit(redirect)
        try:
            self._http = _Listener((HOST, 80 if parts.port is None else parts.port), _Page)
        except (OSError, ValueError, OverflowError):
            raise SettingsError(
                f"The browser cannot come back to {parts.netloc}: that port is in use, or not ours to use.",
                next_step="Stop what uses it, name another listed address with --redirect, or use --paste.",
            ) from None
        port = self._http.server_address[1]
        self.redirect = parts._replace(netloc=f"{parts.hostname}:{port}").geturl() if parts.port == 0 else redirect
        self._http.path = parts.path or "/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(POLL_SECONDS,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        if self._http.taken:
            self.say(TURNED_AWAY)  # unless something better was said before
            self._http.shown.wait(0 if isinstance(fault, KeyboardInterrupt) else LEAVE_SECONDS)
        self._http.shutdown()
        self._http.server_close()

    def wait(self, seconds: int, tick: Callable[[int], None]) -> Mapping[str, str]:
        """The browser's answer. `tick` is called every second with the seconds left. Errors: Refused after them."""
        for left in range(seconds, 0, -1):
            tick(left)
            try:
                return self._http.answers.get(timeout=1)
            except queue.Empty:
                continue
        raise Refused(
            f"Nobody came back from the browser within {seconds} seconds.",
            next_step="Nothing was changed; run the same command again, with --wait for more time.",
        )

    def say(self, face: Face) -> None:
        """What the browser is shown in the end; the first one counts."""
        if not self._http.decided.is_set():
            self._http.face = face
            self._http.decided.set()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.path = "/"
        self.answers: queue.Queue[Mapping[str, str]] = queue.Queue()
        self.taken = False
        self.decided = threading.Event()
        self.shown = threading.Event()
        self.face = TURNED_AWAY
        self._lock = threading.Lock()

    @property
    def last_page(self) -> str:
        """Where the browser is led on to."""
        return f"{self.path.rstrip('/')}/done"

    def take(self, answer: Mapping[str, str]) -> bool:
        """Keep the answer if it is the first; whatever comes later changes nothing."""
        with self._lock:
            first, self.taken = not self.taken, True
        if first:
            self.answers.put(answer)
        return first

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no fault, and a traceback would show what it asked for."""


class _Page(BaseHTTPRequestHandler):
    server: _Listener
    timeout = SOCKET_SECONDS

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        host = (self.headers.get("Host") or "").partition(":")[0]
        if host not in LOCAL_NAMES:
            self._show(NOTHING_HERE)  # a name that somebody else's server has pointed at this computer
        elif parts.path == self.server.last_page and self.server.taken:
            self.server.decided.wait(VERDICT_SECONDS)
            self._show(self.server.face)
            self.server.shown.set()
        elif parts.path == self.server.path and _MEANT & set(answer := answer_in(parts.query)):
            if self.server.take(answer):
                self._lead_on()
            else:
                self._show(TAKEN)
        else:
            self._show(NOTHING_HERE)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing: what is asked for holds a code."""

    def version_string(self) -> str:
        return "receivables"

    def _lead_on(self) -> None:
        self.send_response(_SEE_OTHER)
        self.send_header("Location", self.server.last_page)
        self._seal()
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _show(self, face: Face) -> None:
        body = sheets().get_template("pay.html").render(face=face).encode()
        self.send_response(face.status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self._seal()
        self.end_headers()
        self.wfile.write(body)

    def _seal(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        policy = f"default-src 'none'; style-src {style_source(_STYLE)}; img-src data:; frame-ancestors 'none'"
        self.send_header("Content-Security-Policy", policy)
