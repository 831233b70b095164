"""What every adapter's HTTP needs once: time-outs, a limiter, a retry table, and a log that cannot leak.

One session per worker thread. Nothing here knows a vendor: fault bodies are the adapter's to read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs, urlsplit

import requests
import tenacity
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from connector.clock import Clock
from connector.errors import OutcomeUnknown, RateLimited, Retry, Unreachable, VendorError
from connector.ports import Flights, RateBudget

T = TypeVar("T")

log = logging.getLogger("receivables.http")

CONNECT_SECONDS = 5.0
READ_SECONDS = 65.0
TRIES_MAX = 5
RETRY_BUDGET_SECONDS = 120
PAUSE_FIRST_SECONDS = 0.5
PAUSE_MAX_SECONDS = 20.0
IN_FLIGHT_MAX = 4
"""So many requests of one session are on their way at once; the next one waits until one of them is answered."""

LOGGED = ("system", "method", "path", "status", "trace", "key", "seconds")
"""The only fields that are ever logged of a call. Bodies, headers and query values are not among them, but for the
`key` under which a write may be asked about. `status` is 0 where no answer came."""


def take_whole(answer: requests.Response) -> None:
    """Read the body of a streamed answer, as looking at its `content` does. Errors: those of requests.

    In one piece: `content` asks for ten kilobytes at a time and joins them, which for a page of two megabytes takes
    longer than receiving it, and twice the memory.
    """
    try:
        body = answer.raw.read(decode_content=True)
    except HTTPError as fault:
        answer.close()
        raise requests.exceptions.ChunkedEncodingError(fault) from None
    answer._content, answer._content_consumed = body, True  # type: ignore[attr-defined]  # noqa: SLF001 - no other door


class VendorSession(requests.Session):
    """A requests session that cannot wait for ever, follows no redirect with credentials, and speaks our errors.

    Errors: Unreachable when no connection was made, or a read went unanswered; OutcomeUnknown when a request that may
    change something was sent and no whole answer came back.
    """

    key_parameter: ClassVar[str] = ""
    """The query value that is our own name of a write, where the vendor has such a one."""

    def __init__(
        self,
        system: str,
        budget: RateBudget | None = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        trace_header: str = "",
    ) -> None:
        super().__init__()
        self.system = system
        self._budget = budget
        self._flying = threading.local()
        self._timeout = (connect_seconds, read_seconds)
        self._trace_header = trace_header
        self.trust_env = False
        plain = HTTPAdapter(max_retries=0, pool_maxsize=IN_FLIGHT_MAX, pool_block=True)
        self.mount("https://", plain)
        self.mount("http://", plain)

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, metered: bool = False, **kwargs: Any
    ) -> requests.Response:
        """As requests', with time-outs that cannot be switched off and faults of the network as VendorErrors.

        `metered`: the vendor counts this call against the month.
        """
        verb = method.decode() if isinstance(method, bytes) else method
        kwargs["timeout"] = self._timeout
        kwargs["allow_redirects"] = False
        if getattr(self._flying, "under_way", False):
            return self._sent(verb, url, *args, **kwargs)
        with self.flight(metered=metered):
            return self._sent(verb, url, *args, **kwargs)

    @contextmanager
    def flight(self, *, metered: bool = False) -> Iterator[None]:
        """One call of this thread, from before it is sent until its answer was read: for whoever reads the answer's
        body by himself. Errors: BudgetSpent; nothing was sent then."""
        with self._taken(metered=metered):
            self._flying.under_way = True
            try:
                yield
            finally:
                self._flying.under_way = False

    def _taken(self, *, metered: bool) -> AbstractContextManager[None]:
        if isinstance(self._budget, Flights):
            return self._budget.flight(metered=metered)
        if self._budget is not None:
            self._budget.take(metered=metered)
        return nullcontext()

    def _sent(self, verb: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        streamed, kwargs["stream"] = kwargs.get("stream", False), True
        try:
            answer = super().request(verb, url, *args, **kwargs)
            if not streamed:
                take_whole(answer)
        except requests.exceptions.RequestException as fault:
            self._log(verb, _address(url, kwargs.get("params")), None)
            never_sent = isinstance(fault, requests.exceptions.ConnectionError) and _never_sent(fault)
            raise self._broken(verb, never_sent=never_sent) from None
        self._log(verb, answer.request.url or "", answer)
        return answer

    def _broken(self, verb: str, *, never_sent: bool) -> VendorError:
        if never_sent or verb.upper() in ("GET", "HEAD"):
            return Unreachable(
                f"{self.system} cannot be reached.",
                next_step="Check the network and the address in the settings, then run it again.",
                system=self.system,
            )
        return OutcomeUnknown(
            f"{self.system} did not answer a write, so it may or may not have happened.",
            next_step="It will be looked up there before anything is repeated.",
            system=self.system,
        )

    def _log(self, verb: str, url: str, answer: requests.Response | None) -> None:
        parts = urlsplit(url)
        fields = {
            "system": self.system,
            "method": verb,
            "path": parts.path,
            "status": answer.status_code if answer is not None else 0,
            "trace": answer.headers.get(self._trace_header, "") if answer is not None and self._trace_header else "",
            "key": (parse_qs(parts.query).get(self.key_parameter) or [""])[0],
            "seconds": round(answer.elapsed.total_seconds(), 3) if answer is not None else "",
        }
        log.info("call", extra=fields)


def _address(url: str | bytes, params: Any) -> str:
    """Where a call without an answer was going to; requests does not always say."""
    going = requests.PreparedRequest()
    try:
        going.prepare_url(url.decode() if isinstance(url, bytes) else url, params)
    except requests.exceptions.RequestException:
        return ""
    return going.url or ""


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the vendor asks us to wait: `Retry-After` in seconds, or as a date against the answer's own `Date`."""
    wish = headers.get("Retry-After", "").strip()
    if wish.isdecimal():
        return float(wish)
    try:
        until, now = parsedate_to_datetime(wish), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None  # no such header, or one that says nothing


def _never_sent(fault: requests.exceptions.ConnectionError) -> bool:
    """True when the connection was never made, so nothing can have happened on the other side."""
    if isinstance(fault, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def retrying(
    call: Callable[[], T],
    *,
    clock: Clock,
    tries_max: int = TRIES_MAX,
    budget_seconds: float = RETRY_BUDGET_SECONDS,
) -> T:
    """Make a call that may be repeated until it answers, pausing as the vendor asks; the last error is raised.

    Only errors whose `retry` is SAFE are tried again, and none whose pause would end after `budget_seconds`. A write
    belongs here only if its key makes the repeat harmless.
    """

    def pause(state: tenacity.RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome is not None else None
        if isinstance(fault, RateLimited):
            return fault.retry_after_seconds
        return float(min(PAUSE_MAX_SECONDS, PAUSE_FIRST_SECONDS * 2 ** (state.attempt_number - 1)))

    began = clock.monotonic()

    def enough(state: tenacity.RetryCallState) -> bool:
        ends = clock.monotonic() - began + state.upcoming_sleep
        return state.attempt_number >= tries_max or ends >= budget_seconds

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda fault: isinstance(fault, VendorError) and fault.retry is Retry.SAFE),
        stop=enough,
        wait=pause,
        sleep=clock.sleep,
        reraise=True,
    )(call)


class TokenBucket:
    """A limiter for the threads of one process: at most `per_minute` calls, `burst` of them at once."""

    def __init__(self, per_minute: int, clock: Clock, *, burst: int = 10) -> None:
        self._rate = per_minute / 60
        self._burst = float(burst)
        self._clock = clock
        self._tokens = float(burst)
        self._at = clock.monotonic()
        self._lock = threading.Lock()

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:  # noqa: ARG002 - the port's shape
        """Wait until that many calls may be made."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - tokens
            self._at = max(self._at, now)
            wait_seconds = -self._tokens / self._rate if self._tokens < 0 else 0.0
        if wait_seconds:
            self._clock.sleep(wait_seconds)

    def pause(self, seconds: float) -> None:
        """Nobody may call for that long."""
        with self._lock:
            self._at = max(self._at, self._clock.monotonic())
            self._tokens = min(self._tokens, 0.0) - seconds * self._rate

    def answered(self) -> None:
        """Nothing is counted here."""
