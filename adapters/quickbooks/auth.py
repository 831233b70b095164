"""The rotating grant of one company, and the session that carries it.

Intuit's refresh token changes about once a day and the old one dies, so at most one process of ours renews it, looks
first whether another has done so meanwhile, and stores the new pair before it is used. A network that fails is never
taken for a dead grant. No token is ever logged, shown, or put into an error.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import Any

import requests

from adapters.quickbooks import faults, wire
from adapters.quickbooks.settings import Settings
from connector.clock import Clock
from connector.dates import after, instant_from_iso
from connector.errors import NeedsReconnect, OutcomeUnknown, RateLimited, Unreachable, VendorError
from connector.ports import RateBudget, SecretPair, TokenStore
from connector.transport import VendorSession

EARLY_SECONDS = 60
"""A token is renewed that much before it ends, so that it does not end on the way."""

PLAYGROUND = "https://developer.intuit.com/app/developer/playground"
"""Where Intuit gives out a first refresh token."""

_TRACE = "intuit_tid"


class Grant:
    """Access tokens of one company, renewed when needed. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings, tokens: TokenStore, clock: Clock) -> None:
        self._settings = settings
        self._tokens = tokens
        self._clock = clock
        self._pair: SecretPair | None = None
        self._lock = threading.Lock()
        self._session = VendorSession(
            wire.SYSTEM,
            connect_seconds=settings.connect_seconds,
            read_seconds=settings.read_seconds,
            trace_header=_TRACE,
        )

    def access(self) -> str:
        """A token that is good now. Errors: NeedsReconnect, Unreachable, RateLimited."""
        with self._lock:
            pair = self._pair or self._tokens.read()
            if pair is None or not self._lasts(pair):
                pair = self._renewed(pair.access if pair is not None else "")
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
        """A new pair, stored. A refused token is tried no second time: only a newer stored one, or the pasted one."""
        pasted = self._settings.refresh_token.get_secret_value()
        used = stored.refresh if stored is not None else pasted
        answer = self._ask(used)
        if answer is None:
            stored = self._tokens.read()
            another = stored.refresh if stored is not None and stored.refresh != used else pasted
            answer = self._ask(another) if another != used else None
        if answer is None:
            raise NeedsReconnect(
                "QuickBooks does not renew this connection any more: its grant has ended or was taken back.",
                next_step=f"Connect the company again at {PLAYGROUND} and paste the new refresh token.",
                system=wire.SYSTEM,
                code="invalid_grant",
            )
        return self._tokens.replace(self._pair_of(answer, stored.version if stored is not None else 0))

    def _pair_of(self, answer: wire.Tokens, version: int) -> SecretPair:
        now = self._clock.now()
        lasting = min(answer.refresh_seconds, answer.hard_seconds or answer.refresh_seconds)
        return SecretPair(
            access=answer.access_token,
            refresh=answer.refresh_token,
            access_expires_at=after(now, answer.expires_in).isoformat(),
            refresh_expires_at=after(now, lasting).isoformat(),
            version=version,
        )

    def _ask(self, refresh: str) -> wire.Tokens | None:
        """One call of the token endpoint; None when it says that this refresh token is dead."""
        settings = self._settings
        try:
            answer = self._session.post(
                settings.token_url,
                data={"grant_type": "refresh_token", "refresh_token": refresh},
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
            raise RateLimited(
                "QuickBooks asks us to slow down.", retry_after_seconds=faults.PAUSE_SECONDS, system=wire.SYSTEM
            )
        if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise NeedsReconnect(
                "QuickBooks does not know this app: client_id or client_secret is wrong.",
                next_step="Copy both again from Intuit's developer portal into the settings.",
                system=wire.SYSTEM,
                code=str(answer.status_code),
            )
        raise _token_trouble()


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
        if isinstance(fault, RateLimited):
            self._shared.pause(fault.retry_after_seconds)
        if fault is not None:
            raise fault
        return answer

    def _carried(
        self, token: str, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        headers = {**(kwargs.pop("headers", None) or {}), "Authorization": f"Bearer {token}"}
        answer = super().request(method, url, *args, headers=headers, stream=True, **kwargs)
        try:
            answer.content  # noqa: B018 - reading the body here tells half an answer from none at all
        except requests.exceptions.RequestException:
            answer.close()
            raise faults.lost(write=method not in ("GET", b"GET"), trace=_trace(answer)) from None
        return answer


def _fault(answer: requests.Response, *, write: bool) -> VendorError | None:
    """What is wrong with an answer that came whole; also a fault inside HTTP 200, and something that is not JSON."""
    body = answer.content
    fine = answer.status_code == HTTPStatus.OK
    if fine and body.lstrip()[:1] != b"{":
        return faults.judge(answer.status_code, wire.faults(body), write=write) or faults.lost(
            write=write, trace=_trace(answer)
        )
    if fine and b'ault"' not in body:
        return None  # neither "Fault" nor "fault" is a key of it: the common case, without a second decoding
    return faults.judge(answer.status_code, wire.faults(body), write=write, trace=_trace(answer))


def _trace(answer: requests.Response) -> str:
    return str(answer.headers.get(_TRACE, ""))
