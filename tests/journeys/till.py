"""`receivables serve` as a process of its own, and the payer who comes to it with a browser."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests

from connector.app.linking import make_link
from tests.journeys import warm
from tests.journeys.firm import KILLED, Firm
from tests.payers import fields, send

PORTS = (20_000, 32_000)
READY_SECONDS_MAX = 30
ANSWER_SECONDS_MAX = 30
SESSIONS = "/v1/checkout/sessions"


def free_port() -> int:
    """A port of this computer that nobody uses now, and that no outgoing connection is given meanwhile."""
    while True:
        with socket.socket() as listener, suppress(OSError):
            port = PORTS[0] + secrets.randbelow(PORTS[1] - PORTS[0])
            listener.bind(("127.0.0.1", port))
            return port


class _Browser(requests.Session):
    """One that does not wait for ever."""

    def request(self, *what: Any, **how: Any) -> requests.Response:
        return super().request(*what, **{"timeout": ANSWER_SECONDS_MAX, **how})


@dataclass
class Till:
    """A running `serve`."""

    base: str
    process: warm.Fork
    tabs: dict[str, tuple[requests.Session, dict[str, str]]] = field(default_factory=dict)

    def look(self, path: str) -> requests.Response:
        """Open the link."""
        return requests.get(self.base + path, allow_redirects=False, timeout=ANSWER_SECONDS_MAX)

    def click(self, path: str, method: str | None = None) -> requests.Response:
        """Open it in a browser of its own and press a button; without a method, that of all methods together.

        Where the page shows no button any more, an old tab is still open that does.
        """
        browser: requests.Session = _Browser()
        form = fields(browser.get(self.base + path).text)
        if form:
            self.tabs[path] = browser, form
        browser, form = self.tabs.get(path, (browser, form))
        pressed: requests.Response = send(browser, self.base + path, form, method)
        return pressed

    def pay_page(self, path: str, method: str | None = None) -> str:
        """Press the button, which must lead to the processor's page."""
        answer = self.click(path, method)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def dies_of(self, path: str) -> None:
        """Press the button of a process that is killed meanwhile."""
        try:
            answer = self.click(path)
        except requests.ConnectionError:
            assert self.process.wait(READY_SECONDS_MAX) == KILLED
        else:
            raise AssertionError(f"it lived and said {answer.status_code}")


@contextmanager
def open_till(firm: Firm, crash_at: str = "") -> Iterator[Till]:
    """`receivables serve` at the address that the firm's links lead to."""
    base = firm.environment.setdefault("RECEIVABLES_LINK_BASE", f"http://127.0.0.1:{free_port()}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEIVABLES_")}
    given = {
        **kept,
        **firm.environment,
        "RECEIVABLES_HOME": str(firm.home),
        "RECEIVABLES_ACTOR": "dana",
        "RECEIVABLES_CRASH_AT": crash_at,
    }
    with closing(warm.begin(("serve", "--port", base.rpartition(":")[2]), given)) as process:
        try:
            _wait_for(base, process)
            yield Till(base, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(READY_SECONDS_MAX)


def _wait_for(base: str, process: warm.Fork) -> None:
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until:
        assert not process.ended(), f"serve ended by itself: {process.said()}"
        try:
            if requests.get(f"{base}/healthz", timeout=1).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            pass  # not yet
        time.sleep(0.05)
    raise AssertionError("serve did not answer")


def link_to(firm: Firm, number: str) -> str:
    """The path of an invoice's link, as the command line prints it."""
    firm.environment.setdefault("RECEIVABLES_LINK_BASE", f"http://127.0.0.1:{free_port()}")
    url = firm.do("link", number, "--yes").out.splitlines()[0]
    assert url.startswith(firm.environment["RECEIVABLES_LINK_BASE"])
    return url.removeprefix(firm.environment["RECEIVABLES_LINK_BASE"])


def link_quickly(firm: Firm, number: str) -> str:
    """The same, in this process."""
    base = firm.environment.setdefault("RECEIVABLES_LINK_BASE", f"http://127.0.0.1:{free_port()}")
    with firm.desk() as desk:
        return make_link(desk, number).url.removeprefix(base)


def payer(page: str, **form: str) -> requests.Response:
    """What a payer, or the payer's bank, does on the processor's page."""
    return requests.post(page, data=form, allow_redirects=False, timeout=ANSWER_SECONDS_MAX)


def open_sessions(firm: Firm) -> list[dict[str, Any]]:
    """The Checkout Sessions that can be paid now."""
    return [each for each in firm.stripe("checkout.session") if each["status"] == "open"]


def opened(firm: Firm) -> int:
    """How often anybody asked Stripe to open a session."""
    return sum(call.method == "POST" and call.path == SESSIONS for call in firm.heard)
