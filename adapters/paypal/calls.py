"""One account's calls: with the token of the moment, at the pace of each of PayPal's doors, and repeated where that may
help.

What may be repeated (Y3): a read, as the house does; a write, under the same stored `PayPal-Request-Id`, on 409, 429,
5xx, and where no answer came: PayPal answers a key that it has seen with what it did the first time. After five tries
or most of a minute its outcome is unknown, and is looked up before anything else. A token that is refused is fetched
once more, and so is one that lacks a permission, for it may be from before the permission was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from adapters.paypal import refusal, wire
from adapters.paypal.auth import Grant
from adapters.paypal.refusal import Heard, may_pass
from adapters.paypal.settings import Settings
from connector import canonical
from connector.errors import OutcomeUnknown, RateLimited, Unreachable
from connector.model.intent import WriteKey
from connector.ports import RateBudget, Surroundings
from connector.transport import VendorSession, retry_after_seconds, retrying

T = TypeVar("T")
Query = Mapping[str, str | int]

WRITE_SECONDS = 45.0
"""A write is not tried again after that, so that a payer waits a minute at most."""

REPRESENTATION = {"Prefer": "return=representation"}
_REPORTS = "/v1/reporting"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be sent: a question, or a JSON body under its key."""

    method: str
    path: str
    query: Query | None = None
    body: object = None
    key: WriteKey | None = None


class Calls:
    """The calls of one account, by one thread at a time."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        self._settings = settings
        self._clock = surroundings.clock
        self._budget = surroundings.budget
        self._turns = surroundings.turns
        self._grant = Grant(settings, surroundings.tokens, surroundings.clock)
        self._reports: RateBudget | None = None
        self._session = VendorSession(
            wire.SYSTEM,
            surroundings.budget,
            connect_seconds=settings.connect_seconds,
            read_seconds=settings.read_seconds,
            trace_header=wire.TRACE,
        )

    def read(self, path: str, query: Query, parse: Callable[[bytes], T]) -> T:
        """Ask, and ask again while that may help; `parse` is part of the try, so a broken page is asked for again.

        Errors: VendorError."""

        def ask() -> T:
            heard = self._let_in(_Asked(method="GET", path=path, query=query))
            if heard.status not in refusal.OK:
                raise self._slowed(heard, refusal.of_read(heard, path))
            self._budget.answered()
            return parse(heard.body)

        return retrying(ask, clock=self._clock, budget_seconds=self._settings.retry_seconds)

    def write(self, method: str, path: str, body: object, key: WriteKey | None) -> Heard:
        """Make one write under its stored key; the answer, a definite refusal included. Without a key it is one that a
        repeat does not change. Errors: OutcomeUnknown when it may have happened; Unreachable, RateLimited,
        NeedsReconnect when it surely did not."""
        unsure: list[Heard | None] = []

        def tell() -> Heard:
            try:
                heard = self._let_in(_Asked(method=method, path=path, body=body, key=key))
            except OutcomeUnknown:
                unsure.append(None)
                raise _again() from None
            if heard.status == HTTPStatus.TOO_MANY_REQUESTS:
                raise self._slowed(heard, refusal.of_read(heard, path))
            if may_pass(heard):
                unsure.append(heard)
                raise _again()
            self._budget.answered()
            return heard

        try:
            return retrying(tell, clock=self._clock, budget_seconds=min(WRITE_SECONDS, self._settings.retry_seconds))
        except (Unreachable, RateLimited):
            if unsure:
                raise refusal.lost(unsure[-1]) from None
            raise

    def _let_in(self, asked: _Asked) -> Heard:
        """One exchange. One that was turned away for its token has done nothing, and is made once more with another."""
        token = self._grant.access()
        heard = self._sent(asked, token)
        lacks = heard.status == HTTPStatus.FORBIDDEN and heard.issue in refusal.DENIED
        if heard.status == HTTPStatus.UNAUTHORIZED or lacks:
            heard = self._sent(asked, self._grant.replace(token))
        return heard

    def _sent(self, asked: _Asked, token: str) -> Heard:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", **REPRESENTATION}
        if asked.key is not None:
            headers["PayPal-Request-Id"] = asked.key.text
        sent: bytes | None = None
        if asked.body is not None:
            headers["Content-Type"] = "application/json"
            sent = canonical.encode(asked.body)
        if asked.path.startswith(_REPORTS):
            self._door().take()
        call: dict[str, Any] = {"params": asked.query, "headers": headers, "data": sent}
        answer = self._session.request(asked.method, self._settings.url + asked.path, **call)
        return Heard(status=answer.status_code, body=answer.content, headers=answer.headers)

    def _door(self) -> RateBudget:
        if self._reports is None:
            self._reports = self._turns.lane("reports", self._settings.report_pace)
        return self._reports

    def _slowed(self, heard: Heard, error: Exception) -> Exception:
        """When PayPal wants less of us, everybody of this connection waits."""
        if heard.status != HTTPStatus.TOO_MANY_REQUESTS:
            self._budget.answered()
        elif isinstance(error, RateLimited):
            wish = retry_after_seconds(heard.headers)
            self._budget.pause(error.retry_after_seconds if wish is None else wish)
        return error


def _again() -> Unreachable:
    return Unreachable("PayPal did not answer.", next_step="Run it again in a few minutes.", system=wire.SYSTEM)
