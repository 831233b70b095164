"""The rotating grant of one company, and the session that carries it.

Intuit's refresh token changes about once a day and the old one dies, so at most one process of ours renews it, looks
first whether another has done so meanwhile, and stores the new pair before it is used. A network that fails is never
taken for a dead grant. No token is ever logged, shown, or put into an error.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from math import ceil
from typing import Any

import requests

from adapters.quickbooks import faults, wire
from adapters.quickbooks.settings import Settings
from connector.clock import Clock
from connector.dates import Instant, after, instant_from_iso
from connector.errors import BudgetSpent, NeedsReconnect, OutcomeUnknown, RateLimited, Unreachable, VendorError
from connector.ports import RateBudget, SecretPair, TokenStore
from connector.transport import VendorSession, retry_after_seconds, take_whole

EARLY_SECONDS = 60
"""A token is renewed that much before it ends, so that it does not end on the way."""

KEEP_ALIVE_SECONDS = 3600
"""A grant is renewed before it must be at most once in that time, by all processes together."""

HARD_END_SECONDS = 30 * 86_400
"""So long before its end for good a grant counts as ending soon."""

RENEW_CONNECT_SECONDS = 4.0
RENEW_SECONDS = 15.0
"""A renewal is not waited for any longer: three of them must end within the minute after which others take our turn."""

_DOCUMENT = b"%PDF-"
"""How a printed invoice begins: the one answer that is no JSON."""

LARGE_BYTES = 65_536
"""A fault is never that long."""

EDGE_BYTES = 1_024
_TRACE = "intuit_tid"
_NOBODYS_TOKEN = "a-token-that-nobody-issued"  # noqa: S105  the point of it is that it opens nothing


class Grant:
    """Access tokens of one company, renewed when needed. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings, tokens: TokenStore, clock: Clock) -> None:
        self._settings = settings
        self._tokens = tokens
        self._clock = clock
        self._pair: SecretPair | None = None
        self._kept = False
        self._lock = threading.Lock()
        self._session = VendorSession(
            wire.SYSTEM,
            connect_seconds=min(settings.connect_seconds, RENEW_CONNECT_SECONDS),
            read_seconds=min(settings.read_seconds, RENEW_SECONDS),
            trace_header=_TRACE,
        )

    def access(self) -> str:
        """A token that is good now. Errors: NeedsReconnect, Unreachable, RateLimited."""
        with self._lock:
            pair = self._pair or self._tokens.read()
            if pair is None or not self._lasts(pair):
                pair = self._renewed(pair.access if pair is not None else "")
            elif ends_soon(pair, self._clock.now()):
                pair = self._kept_alive(pair)
            self._pair = pair
            return pair.access

    def replace(self, refused: str) -> str:
        """A token other than the one QuickBooks has just refused."""
        with self._lock:
            self._pair = self._renewed(refused)
            return self._pair.access

    def pair(self) -> SecretPair | None:
        """What is stored, for the dates on which it ends."""
        return self._tokens.read()

    def knock(self) -> None:
        """Whether Intuit knows the app at all. Errors: NeedsReconnect, Unreachable, RateLimited."""
        knock(self._session, self._settings)

    def _kept_alive(self, pair: SecretPair) -> SecretPair:
        """A new pair before the old one is needed. While that one still opens the door, a network that fails now is no
        fault, and it is tried again at the next start; that the grant was taken back is one."""
        if self._kept:
            return pair
        self._kept = True
        try:
            return self._renewed(pair.access)
        except (Unreachable, RateLimited):
            return pair

    def _lasts(self, pair: SecretPair) -> bool:
        return instant_from_iso(pair.access_expires_at) > after(self._clock.now(), EARLY_SECONDS)

    def _renewed(self, old: str) -> SecretPair:
        def renew() -> SecretPair:
            stored = self._tokens.read()
            if stored is not None and stored.access != old and self._lasts(stored):
                return stored  # another process renewed it while we waited for the lock
            return self._renew(stored)

        return self._tokens.locked(renew)

    def _renew(self, stored: SecretPair | None) -> SecretPair:
        """A new pair, stored. A refused token is tried no second time: only a newer stored one, the one before it
        (which may have been kept alive when the new one was lost on the way), or the pasted one."""
        pasted = self._settings.refresh_token.get_secret_value()
        used = stored.refresh if stored is not None else pasted
        answer = self._ask(used) if used else None
        if answer is None:
            stored = self._tokens.read()
            kept = (stored.refresh, stored.previous) if stored is not None else ()
            others = (token for token in dict.fromkeys((*kept, pasted)) if token not in (used, ""))
            used, answer = next(((token, found) for token in others if (found := self._ask(token))), ("", None))
        if answer is None:
            raise NeedsReconnect(
                "QuickBooks does not renew this connection any more: its grant has ended or was taken back.",
                next_step=faults.CONNECT_AGAIN,
                system=wire.SYSTEM,
                code="invalid_grant",
            )
        pair = pair_of(answer, self._clock, version=stored.version if stored is not None else 0)
        return self._tokens.replace(
            replace(
                pair,
                hard_expires_at=pair.hard_expires_at or (stored.hard_expires_at if stored is not None else ""),
                previous=used if used != pair.refresh else "",
            )
        )

    def _ask(self, refresh: str) -> wire.Tokens | None:
        """One renewal; None when Intuit says that this refresh token is dead."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        return ask(self._session, self._settings, form)


def ask(session: VendorSession, settings: Settings, form: Mapping[str, str]) -> wire.Tokens | None:
    """One call of the token endpoint; None when it says that the refresh token or code in `form` is dead."""
    try:
        answer = session.post(
            settings.token_url,
            data=form,
            auth=(settings.client_id, settings.client_secret.get_secret_value()),
            headers={"Accept": "application/json", "x-include-refresh-token-hard-expires-in": "true"},
        )
    except OutcomeUnknown:
        raise _token_trouble() from None
    if answer.status_code == HTTPStatus.OK:
        return wire.tokens(answer.content)
    codes = {line.code for fault in wire.faults(answer.content) for line in fault.lines}
    if "invalid_grant" in codes:
        return None
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise RateLimited("QuickBooks asks us to slow down.", retry_after_seconds=_pause(answer), system=wire.SYSTEM)
    if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise NeedsReconnect(
            "QuickBooks does not know this app: client_id or client_secret is wrong.",
            next_step="Copy both again from Intuit's developer portal into the settings.",
            system=wire.SYSTEM,
            code=str(answer.status_code),
        )
    raise _token_trouble()


def knock(session: VendorSession, settings: Settings) -> None:
    """Ask with a token that nobody issued: an app that Intuit knows is told that the token is none, and nothing else
    happens. Errors: NeedsReconnect when the app is unknown, Unreachable, RateLimited."""
    ask(session, settings, {"grant_type": "refresh_token", "refresh_token": _NOBODYS_TOKEN})


def ends_soon(pair: SecretPair, now: Instant) -> bool:
    """Whether a grant is renewed although its access token is good: less than a quarter of its life is left, or a
    person must connect again soon and Intuit may know of a later day by now. Not twice within the hour."""
    if not pair.renewed_at:
        return False
    begun, ends = instant_from_iso(pair.renewed_at), instant_from_iso(pair.refresh_expires_at)
    if now < after(begun, KEEP_ALIVE_SECONDS):
        return False
    hard_soon = bool(pair.hard_expires_at) and instant_from_iso(pair.hard_expires_at) < after(now, HARD_END_SECONDS)
    return hard_soon or (ends - now) * 4 < ends - begun


def pair_of(answer: wire.Tokens, clock: Clock, *, version: int) -> SecretPair:
    """What is stored of an answer of the token endpoint, in place of the pair of that version (0: of none)."""
    now = clock.now()
    hard = answer.hard_seconds
    lasting = min(answer.refresh_seconds, hard if hard is not None else answer.refresh_seconds)
    return SecretPair(
        access=answer.access_token,
        refresh=answer.refresh_token,
        access_expires_at=after(now, answer.expires_in).isoformat(),
        refresh_expires_at=after(now, lasting).isoformat(),
        hard_expires_at=after(now, hard).isoformat() if hard is not None else "",
        renewed_at=now.isoformat(),
        version=version,
    )


def _token_trouble() -> Unreachable:
    return Unreachable(
        "QuickBooks cannot renew the connection at the moment.",
        next_step="Run it again in a few minutes.",
        system=wire.SYSTEM,
    )


class IntuitSession(VendorSession):
    """A session that carries the grant and speaks our errors, so that the SDK never sees a fault.

    It replaces the SDK's own: every answer it returns is JSON of HTTP 200 without a fault. Errors: as VendorSession's,
    and what `faults` makes of a refusal. A refused token is renewed once and the call repeated: a call that was not let
    in has done nothing.
    """

    key_parameter = "requestid"

    def __init__(self, settings: Settings, grant: Grant, budget: RateBudget) -> None:
        super().__init__(
            wire.SYSTEM,
            budget,
            connect_seconds=settings.connect_seconds,
            read_seconds=settings.read_seconds,
            trace_header=_TRACE,
        )
        self._grant = grant
        self._shared = budget

    @property
    def access_token(self) -> str:
        """What the SDK puts into its header; `request` sets the one that counts."""
        return self._grant.access()

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """One call, with the grant. Errors: VendorError."""
        write = method not in ("GET", b"GET")
        token = self._grant.access()
        answer = self._carried(token, method, url, *args, **kwargs)
        fault = _fault(answer, write=write)
        if isinstance(fault, NeedsReconnect) and (
            answer.status_code == HTTPStatus.UNAUTHORIZED or fault.code == "3200"
        ):
            answer = self._carried(self._grant.replace(token), method, url, *args, **kwargs)
            fault = _fault(answer, write=write)
        self._heard(fault, write=write)
        if fault is not None:
            raise fault
        return answer

    def _heard(self, fault: VendorError | None, *, write: bool) -> None:
        """Let everybody of this company know how it stands with the throttle."""
        if not isinstance(fault, RateLimited):
            self._shared.answered()
            return
        try:
            self._shared.pause(fault.retry_after_seconds)
        except BudgetSpent:
            if not write:
                raise
            # A throttled write may have been committed: whoever sent it must hear "look first", not "never sent".

    def _carried(
        self, token: str, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        headers = {**(kwargs.pop("headers", None) or {}), "Authorization": f"Bearer {token}"}
        with self.flight(metered=kwargs.pop("metered", False)):
            answer = super().request(method, url, *args, headers=headers, stream=True, **kwargs)
            try:
                take_whole(answer)  # here, because half an answer is told from none at all
            except requests.exceptions.RequestException:
                raise faults.lost(write=method not in ("GET", b"GET"), trace=_trace(answer)) from None
        return answer


def _around(body: bytes) -> bytes:
    """Where an answer may say that it is a fault: anywhere, but in a large page of rows only before and after them.
    What stands in between is the firm's own words, and looking through two megabytes of them for one takes long."""
    if len(body) <= LARGE_BYTES or not body.startswith(b'{"QueryResponse":{'):
        return body
    return body[:EDGE_BYTES] + body[-EDGE_BYTES:]


def _fault(answer: requests.Response, *, write: bool) -> VendorError | None:
    """What is wrong with an answer that came whole; also a fault inside HTTP 200, and something that is not JSON."""
    body, trace = answer.content, _trace(answer)
    fine = answer.status_code == HTTPStatus.OK
    if fine and body.lstrip()[:1] == b"{" and b'ault"' not in _around(body):
        return None  # neither "Fault" nor "fault" is a key of it: the common case, without a second decoding
    if fine and body.startswith(_DOCUMENT):
        return None
    fault = faults.judge(answer.status_code, wire.faults(body), write=write, trace=trace, pause_seconds=_pause(answer))
    if fault is None and body.lstrip()[:1] != b"{":
        return faults.lost(write=write, trace=trace)
    return fault


def _pause(answer: requests.Response) -> int:
    """How long to keep away when this answer is a throttle: Intuit's minute, or longer where it asks for that."""
    return max(faults.PAUSE_SECONDS, ceil(retry_after_seconds(answer.headers) or 0))


def _trace(answer: requests.Response) -> str:
    return str(answer.headers.get(_TRACE, ""))
