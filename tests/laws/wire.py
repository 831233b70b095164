"""A vendor in this very process: a transport of `requests` that hands each call to a stand-in, and what goes wrong.

The adapters are the real ones, with their sessions, retries and pacing; only the socket is missing. One seed decides
what becomes of every call.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from adapters.quickbooks.standin.intuit import Intuit
from connector.clock import Clock
from connector.dates import Instant, after
from connector.testing.standin import Answer, Call, Counting, Shaped, StandIn
from tests.clocks import FakeClock

_MARK = re.compile(rb"receivables op=[A-Z2-7]{20}")
_LOOK = re.compile(r"SELECT \* FROM (Payment|Purchase|Transfer|Deposit|JournalEntry|Attachable) WHERE ")
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
HOUR = 3600.0
LATE_SECONDS = (60.0, 4 * HOUR)
LATE_SHARE = 4
"""So much more often than any other thing does a write come late: else few worlds would show what waiting is for."""
NOTE_SOONER = 18
"""So much sooner is a note carried out that is late where keys count for nothing: within the quarter of an hour that is
waited for a note. One that takes longer is the same note by its key alone, and what it costs is a look, and no money.
"""
SAME_PAGE_PERCENT = 15
KEPT_SECONDS = 24 * 3600.0

LOST = ("answer lost", "cut short", "half a page")
ACTED = (*LOST, "a gateway's page after", "a page and 200 after", "told to slow down after", "broken after")
UNACTED = (
    "away", "never arrived", "a gateway's page", "a page and 200", "slow down", "slow down until", "slow down, no word",
    "broken", "not let in",
)  # fmt: skip
MORE_OF_NOTHING, SAME_PAGE = "nothing, and more", "the same page again"
LATE, AGAIN, GRANT_LOST, REVOKED, STALE = "late", "broken again", "a new grant lost", "revoked", "changed meanwhile"
_CURSORS = ("starting_after", "ending_before")
_SHAPES = {"quickbooks": "expired", "stripe": "unauthorized"}
"""What each vendor says to whom it does not let in, though the key is good."""
_STATUS = {
    "a gateway's page": (502, {}),
    "a gateway's page after": (502, {}),
    "a page and 200": (200, {}),
    "a page and 200 after": (200, {}),
    "slow down": (429, {"Retry-After": "7"}),
    "slow down until": (429, {"Retry-After": "date"}),
    "slow down, no word": (429, {}),
    "told to slow down after": (429, {"Retry-After": "7"}),
    "broken": (500, {}),
    "broken after": (500, {}),
}


class Skewed:
    """The clock of whoever is `seconds` fast or slow; nobody waits by it."""

    def __init__(self, clock: FakeClock, seconds: float = 0) -> None:
        self._clock = clock
        self.seconds = seconds

    def now(self) -> Instant:
        return after(self._clock.now(), self.seconds)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError(f"a stand-in would have slept {seconds} seconds")


@dataclass(slots=True)
class Late:
    """A request that is carried out after its caller was told nothing. `realm`: whose books it was let into when it
    came; its token may be old by then."""

    at: float
    call: Call
    realm: str | None


@dataclass(slots=True, kw_only=True)
class Weather:
    """How much of a hundred calls goes wrong, `late` as often as so many other things, and `only` what, where that is
    said; nothing once it is over."""

    writes: int = 25
    reads: int = 4
    late: int = LATE_SHARE
    over: bool = False
    only: str = ""


@dataclass
class Wire(HTTPAdapter):
    """The line to one stand-in. `around` is told before and after every call; `suffered` counts what went wrong."""

    stand_in: StandIn
    clock: Clock
    chance: random.Random
    weather: Weather
    around: Callable[[Call, Answer | None], None]
    calls: list[tuple[float, Call]] = field(default_factory=list)
    suffered: Counter[str] = field(default_factory=Counter)
    late: list[Late] = field(default_factory=list)
    kept: dict[str, tuple[float, int]] = field(default_factory=dict)
    revoked: bool = False
    forgets_keys: bool = False
    """The other side takes no notice of our keys."""
    blind: bool = False
    """Searches for single entries find nothing, as if nobody looked."""
    unmarked: bool = False
    """What is written carries no mark of ours, as if it had none."""
    _page: tuple[str, Answer] = ("", Answer())

    def __post_init__(self) -> None:
        super().__init__()

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **_: object
    ) -> requests.Response:
        """Answer it, or not."""
        call = _call(request)
        self.settle()
        self.around(call, None)
        self.calls.append((self.clock.monotonic(), call))
        answer, whole = self._answered(request, call)
        if _listing(call) and whole and answer.status == requests.codes.ok:
            self._page = (_listing(call), answer)
        self.around(call, answer)
        return self._response(request, answer, whole=whole)

    def settle(self) -> None:
        """Carry out what was late, as far as its time has come."""
        due = [each for each in self.late if each.at <= self.clock.monotonic()]
        self.late = [each for each in self.late if each not in due]
        for each in due:
            if each.realm is not None and isinstance(self.stand_in, Intuit):
                token = each.call.headers["authorization"].partition(" ")[2]
                self.stand_in._grants._access[token] = (each.realm, after(self.clock.now(), HOUR))
            self._act_at(each.at, each.call)

    def _act_at(self, at: float, call: Call) -> None:
        """As of its own time: nobody has asked anything since, and a search that lags has had its time."""
        clock = self.clock
        if not isinstance(clock, FakeClock):
            raise TypeError(type(clock).__name__)
        now = clock._now
        clock._now = after(now, at - clock.monotonic())
        try:
            self._act(call)
        finally:
            clock._now = now

    def _act(self, call: Call) -> Answer:
        """What the other side says; that somebody else was faster is counted."""
        if self.blind and _LOOK.match(call.first("query")) and not _listing(call):
            return Answer(body=b'{"QueryResponse": {}, "time": "2026-03-20T12:00:00.000-07:00"}')
        if self.unmarked:
            call = replace(call, body=_MARK.sub(b"", call.body))
        said = self.stand_in.answer(_without_key(call) if self.forgets_keys else call)
        if said.status == requests.codes.bad_request and b'"5010"' in said.body:
            self.suffered[STALE] += 1
        return said

    def _answered(self, request: requests.PreparedRequest, call: Call) -> tuple[Answer, bool]:
        broken = self._kept(call)
        deed = REVOKED if self.revoked else self._deed(call) if broken is None else AGAIN
        if deed:
            self.suffered[deed] += 1
        if deed in LOST and "/oauth2/" in call.path:
            self.suffered[GRANT_LOST] += 1
        if deed in ("cut short", "half a page"):
            return _half(self._act(call), told=deed == "half a page")
        whole = self._whole(deed, call, broken or 0)
        if whole is not None:
            return whole, True
        self._arrived(deed, call)
        if deed == "away":
            raise requests.exceptions.ConnectionError(_nobody(request))
        if deed not in _STATUS:
            raise requests.exceptions.ReadTimeout(request=request)
        return self._said(deed, call), True

    def _whole(self, deed: str, call: Call, broken: int) -> Answer | None:
        """What is answered as the vendor would, rightly or at the wrong time."""
        match deed:
            case "":
                return self._act(call)
            case "broken again":
                return Answer(status=broken, body=b"{}", headers={"Idempotent-Replayed": "true"})
            case "nothing, and more":
                return Answer(body=b'{"object": "list", "data": [], "has_more": true, "url": "/v1/charges"}')
            case "the same page again":
                return self._page[1]
            case "not let in" | "revoked" if isinstance(self.stand_in, Shaped):
                self._arrived(deed, call)
                return self.stand_in.shape(_SHAPES[self.stand_in.system], call) or Answer(status=401)
            case _:
                return None

    def _arrived(self, deed: str, call: Call) -> None:
        """It is acted on now or later, or only counted."""
        if deed == LATE:
            realm = self.stand_in._grants.realm_of(call) if isinstance(self.stand_in, Intuit) else None
            seconds = self.chance.uniform(*LATE_SECONDS)
            if self.forgets_keys and call.path.endswith("/attachable"):
                seconds /= NOTE_SOONER
            self.late.append(Late(self.clock.monotonic() + seconds, call, realm))
        elif deed in ACTED:
            self._act(call)
        elif isinstance(self.stand_in, Counting):
            self.stand_in.arrived(call)

    def _deed(self, call: Call) -> str:
        """What goes wrong with this call, "" when nothing does."""
        if self.weather.over:
            return ""
        share = self.weather.reads if call.method == "GET" else self.weather.writes
        if self.weather.only:
            return "" if "/oauth2/" in call.path or self.chance.randrange(100) >= share else self.weather.only
        if _listing(call) and _listing(call) == self._page[0] and self.chance.randrange(100) < SAME_PAGE_PERCENT:
            return SAME_PAGE
        return self._drawn(call) if self.chance.randrange(100) < share else ""

    def _drawn(self, call: Call) -> str:
        """One of all the things that can go wrong with such a call."""
        if "/oauth2/" in call.path:
            return self.chance.choice((*LOST, *UNACTED[:-1]))
        if call.method == "GET":
            odd: tuple[str, ...] = (MORE_OF_NOTHING,) * 3 if "limit" in call.query else ()
            return str(self.chance.choice((*LOST, *UNACTED, *odd)))
        return self.chance.choice((*ACTED, *UNACTED, *(LATE,) * self.weather.late))

    def _said(self, deed: str, call: Call) -> Answer:
        status, headers = _STATUS[deed]
        key = call.headers.get("idempotency-key")
        if deed in ("broken", "broken after") and key and not self.forgets_keys:
            self.kept[key] = (self.clock.monotonic(), status)
        if headers.get("Retry-After") == "date":
            now = self.clock.now()
            headers = {
                "Date": format_datetime(now, usegmt=True),
                "Retry-After": format_datetime(after(now, 9), usegmt=True),
            }
        html = "page" in deed
        return Answer(
            status=status,
            body=PAGE if html else b"{}",
            content_type="text/html" if html else "application/json",
            headers=headers,
        )

    def _kept(self, call: Call) -> int | None:
        """The fault that a key is answered with for a day, as Stripe keeps it."""
        at, status = self.kept.get(call.headers.get("idempotency-key", ""), (0.0, 0))
        return status if status and self.clock.monotonic() - at <= KEPT_SECONDS else None

    def _response(self, request: requests.PreparedRequest, answer: Answer, *, whole: bool) -> requests.Response:
        length = {"Content-Length": str(len(answer.body))} if whole else {}
        raw = urllib3.HTTPResponse(
            body=BytesIO(answer.body),
            status=answer.status,
            headers={"Content-Type": answer.content_type, **length, **answer.headers},
            preload_content=False,
            request_method=request.method,
            enforce_content_length=True,
        )
        made: requests.Response = self.build_response(request, raw)
        return made


def _call(request: requests.PreparedRequest) -> Call:
    parts = urlsplit(request.url or "")
    body = request.body or b""
    return Call(
        method=request.method or "",
        path=parts.path,
        query=parse_qs(parts.query, keep_blank_values=True),
        headers={name.lower(): _text(value) for name, value in request.headers.items()},
        body=body.encode() if isinstance(body, str) else bytes(body),
        target=parts.path + (f"?{parts.query}" if parts.query else ""),
    )


def _without_key(call: Call) -> Call:
    query = {name: value for name, value in call.query.items() if name != "requestid"}
    headers = {name: value for name, value in call.headers.items() if name != "idempotency-key"}
    return replace(call, query=query, headers=headers)


def _listing(call: Call) -> str:
    """Which list a call asks a page of, "" for none."""
    if call.method != "GET":
        return ""
    if "limit" in call.query:
        rest = sorted((name, value) for name, value in call.query.items() if name not in _CURSORS)
        return f"{call.path} {rest}"
    before, order, _ = call.first("query").partition(" ORDERBY ")
    return before.partition(" WHERE ")[0] if order else ""


def _half(answer: Answer, *, told: bool) -> tuple[Answer, bool]:
    """Half of an answer: told as a whole one, or with the length of the whole."""
    length = {} if told else {"Content-Length": str(len(answer.body))}
    return replace(answer, body=answer.body[: len(answer.body) // 2], headers={**answer.headers, **length}), told


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _nobody(request: requests.PreparedRequest) -> MaxRetryError:
    """Nobody listens at that address."""
    refused = NewConnectionError(HTTPConnection("vendor.invalid"), "nobody listens")
    pool: Any = None
    return MaxRetryError(pool, request.url or "", refused)


def mount(adapter: Any, wires: Mapping[str, Wire]) -> None:
    """Put the line under every session of an adapter, whichever vendor's it is. Of a paged reading there is one session
    only while one call is under way at a time."""
    calls = adapter._calls
    sessions = [calls._session, adapter._grant._session] if hasattr(adapter, "_grant") else [calls._line._session]
    for session in sessions:
        for prefix, wire in wires.items():
            session.mount(prefix, wire)


def plain_wires(stand_ins: Mapping[str, StandIn], clock: Clock) -> dict[str, Wire]:
    """Lines on which nothing goes wrong."""
    calm = Weather(over=True)
    made = {}
    for url, stand_in in stand_ins.items():
        made[url] = Wire(stand_in, clock, random.Random(0), calm, lambda _call, _answer: None)  # noqa: S311 - no secret
    return made
