"""The token of one app: fetched once for all threads and processes, kept some hours, fetched again when it is refused.

PayPal throttles whoever fetches a token for every call, so it is kept in the store, renewed under its lock, and looked
for there first. No token is ever logged, shown, or put into an error.
"""

from __future__ import annotations

import hashlib
import threading
from http import HTTPStatus

from adapters.paypal import wire
from adapters.paypal.settings import Settings
from connector.clock import Clock
from connector.dates import after, instant_from_iso
from connector.errors import NeedsReconnect, OutcomeUnknown, RateLimited, Unreachable
from connector.ports import SecretPair, TokenStore
from connector.transport import VendorSession, retry_after_seconds, retrying

EARLY_SECONDS = 300
"""A token is fetched anew that much before it ends, so that it does not end on the way."""

PAUSE_SECONDS = 5.0
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Grant:
    """Access tokens of one app. Safe to use from several threads and processes."""

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
            trace_header=wire.TRACE,
        )
        named = f"{settings.url} {settings.client_id} {settings.client_secret.get_secret_value()}"
        self._whose = hashlib.sha256(named.encode()).hexdigest()[:32]
        """A stored token is only used by the app and in the environment that it was given to."""

    def access(self) -> str:
        """A token that is good now. Errors: NeedsReconnect, Unreachable, RateLimited."""
        with self._lock:
            pair = self._pair or self._tokens.read()
            self._pair = pair if pair is not None and self._good(pair) else self._renewed("")
            return self._pair.access

    def replace(self, refused: str) -> str:
        """A token other than the one that PayPal has just refused, or that lacks what it needs."""
        with self._lock:
            if self._pair is None or self._pair.access == refused:
                self._pair = self._renewed(refused)
            return self._pair.access

    def _good(self, pair: SecretPair) -> bool:
        lasts = instant_from_iso(pair.access_expires_at) > after(self._clock.now(), EARLY_SECONDS)
        return pair.refresh == self._whose and lasts

    def _renewed(self, refused: str) -> SecretPair:
        def renew() -> SecretPair:
            stored = self._tokens.read()
            if stored is not None and stored.access != refused and self._good(stored):
                return stored  # another process fetched it while we waited for the lock
            answer = retrying(self._ask, clock=self._clock, budget_seconds=self._settings.retry_seconds)
            now = self._clock.now()
            ends = after(now, answer.expires_in).isoformat()
            return self._tokens.replace(
                SecretPair(
                    access=answer.access_token,
                    refresh=self._whose,  # there is none: what stands here says whose the token is
                    access_expires_at=ends,
                    refresh_expires_at="",
                    version=stored.version if stored is not None else 0,
                )
            )

        return self._tokens.locked(renew)

    def _ask(self) -> wire.Token:
        secret = self._settings.client_secret.get_secret_value()
        try:
            answer = self._session.post(
                self._settings.url + wire.TOKEN,
                data={"grant_type": "client_credentials"},
                auth=(self._settings.client_id, secret),
                headers={"Accept": "application/json"},
            )
        except OutcomeUnknown:
            raise _trouble() from None
        if answer.status_code == HTTPStatus.OK:
            return wire.decode(answer.content, wire.Token)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            wish = retry_after_seconds(answer.headers)
            raise RateLimited(
                "PayPal asks us to slow down.",
                retry_after_seconds=PAUSE_SECONDS if wish is None else wish,
                system=wire.SYSTEM,
            )
        if answer.status_code in _REFUSED:
            other = "sandbox" if self._settings.live else "live"
            raise NeedsReconnect(
                f"PayPal's {self._settings.environment} environment does not know these credentials.",
                next_step="Copy client_id and client_secret again from PayPal's developer dashboard, from the "
                f"{self._settings.environment} side of it; those of {other} do not work here.",
                system=wire.SYSTEM,
                code=wire.refusal(answer.content).error or str(answer.status_code),
                trace=answer.headers.get(wire.TRACE, ""),
            )
        raise _trouble()


def _trouble() -> Unreachable:
    return Unreachable(
        "PayPal gives out no token at the moment.", next_step="Run it again in a few minutes.", system=wire.SYSTEM
    )
