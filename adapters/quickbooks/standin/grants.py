"""The token endpoint: refresh tokens that die when used, access tokens that live an hour (`conduct` can change both).

A code opens one company, once, for the redirect address it was made for, and for ten minutes (Intuit's own figure is
not known here). Revoking takes every token of the company away.

The n-th refresh token of a realm is `refresh-{realm}-{n}`, and its n-th access token `access-{realm}-{n}`.
The first pair is there from the beginning, as after a fresh connection.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from urllib.parse import parse_qs

from adapters.quickbooks.standin.conduct import Conduct
from connector.clock import Clock
from connector.dates import Instant, after
from connector.testing.standin import Answer, Call

CLIENT_ID = "standin-client"
CLIENT_SECRET = "standin-secret"  # noqa: S105  the stand-in's own, told in the package's docstring
CODE_SECONDS = 600
_REFRESH_SECONDS = 8_726_400
_HARD_SECONDS = 157_680_000
_HARD_HEADER = "x-include-refresh-token-hard-expires-in"


class Grants:
    """Who may come in, for which company, until when."""

    def __init__(self, realms: Iterable[str], clock: Clock, conduct: Conduct) -> None:
        self.conduct = conduct
        self._clock = clock
        self._number = dict.fromkeys(realms, 1)
        self._rotated = dict.fromkeys(self._number, clock.now())
        self._issued = dict.fromkeys(self._number, 0)
        self._access: dict[str, tuple[str, Instant]] = {}
        self._codes: dict[str, tuple[str, str, Instant]] = {}
        self._codes_made = 0
        for realm in self._number:
            self._issue(realm)

    def _issue(self, realm: str) -> str:
        self._issued[realm] += 1
        token = f"access-{realm}-{self._issued[realm]}"
        self._access[token] = (realm, after(self._clock.now(), self.conduct.access_seconds))
        return token

    def expire(self, realm: str) -> None:
        """Every access token of that company is dead from now on."""
        self._access = {token: held for token, held in self._access.items() if held[0] != realm}

    def realm_of(self, call: Call) -> str | None:
        """The company a call's bearer is for, None when the bearer is missing, unknown or older than an hour."""
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        realm, expires = self._access.get(token, ("", Instant(self._clock.now())))
        return realm if kind.lower() == "bearer" and self._clock.now() < expires else None

    def code_for(self, realm: str, redirect: str) -> str:
        """What the browser carries back when a person let the app in."""
        self._codes_made += 1
        code = f"code-{realm}-{self._codes_made}"
        self._codes[code] = (realm, redirect, after(self._clock.now(), CODE_SECONDS))
        return code

    def revoke(self, call: Call) -> Answer:
        """Take a company's tokens away, by its refresh token."""
        if _client(call) != (CLIENT_ID, CLIENT_SECRET):
            return _said(401, {"error": "invalid_client"})
        token = _token_in(call.body)
        for realm, number in self._number.items():
            if token == f"refresh-{realm}-{number}":
                self._kill(realm)
                self.expire(realm)
                return _said(200, {})
        return _said(400, {"error": "invalid_token"})

    def _kill(self, realm: str) -> None:
        """No refresh token that was ever given out for that company is good any more."""
        self._number[realm] += 2
        self._rotated[realm] = self._clock.now()

    def answer(self, call: Call) -> Answer:
        """One refresh, or one code taken. The old refresh token is dead once this has been answered."""
        if _client(call) != (CLIENT_ID, CLIENT_SECRET):
            return _said(401, {"error": "invalid_client"})
        form = parse_qs(call.body.decode("ascii", "replace"))
        hard = call.headers.get(_HARD_HEADER) == "true"
        if form.get("grant_type") == ["authorization_code"]:
            return self._take(form, hard=hard)
        if form.get("grant_type") != ["refresh_token"]:
            return _said(400, {"error": "unsupported_grant_type"})
        given = form.get("refresh_token", [""])[0]
        for realm in self._number:
            if self._redeems(realm, given):
                return _said(200, self._pair(realm, hard=hard))
        refused = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
        return _said(400, refused)

    def _take(self, form: Mapping[str, list[str]], *, hard: bool) -> Answer:
        """A code that was never tried before; whatever comes of it, it is used now."""
        realm, redirect, until = self._codes.pop(form.get("code", [""])[0], ("", "", Instant(self._clock.now())))
        if not realm or form.get("redirect_uri") != [redirect] or self._clock.now() >= until:
            return _said(400, {"error": "invalid_grant", "error_description": "Invalid authorization code"})
        self._kill(realm)
        return _said(200, self._pair(realm, hard=hard))

    def _redeems(self, realm: str, given: str) -> bool:
        """Whether that refresh token is good for this company; the current one is used up when it is old enough."""
        number, now = self._number[realm], self._clock.now()
        rotated = self._rotated[realm]
        if given == f"refresh-{realm}-{number}":
            if now >= after(rotated, self.conduct.rotate_seconds):
                self._number[realm], self._rotated[realm] = number + 1, now
            return True
        grace = self.conduct.grace_seconds
        return bool(grace) and given == f"refresh-{realm}-{number - 1}" and now < after(rotated, grace)

    def _pair(self, realm: str, *, hard: bool) -> dict[str, str | int]:
        pair: dict[str, str | int] = {
            "token_type": "bearer",
            "access_token": self._issue(realm),
            "expires_in": self.conduct.access_seconds,
            "refresh_token": f"refresh-{realm}-{self._number[realm]}",
            "x_refresh_token_expires_in": _REFRESH_SECONDS,
        }
        if hard:
            pair["x_refresh_token_hard_expires_in"] = _HARD_SECONDS
        return pair


def _token_in(body: bytes) -> str:
    try:
        document = json.loads(body, parse_float=Decimal)
    except ValueError:
        return ""
    return str(document.get("token", "")) if isinstance(document, dict) else ""


def _client(call: Call) -> tuple[str, str]:
    kind, _, encoded = call.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (name, secret) if kind.lower() == "basic" else ("", "")


def _said(status: int, document: Mapping[str, str | int]) -> Answer:
    return Answer(status=status, body=json.dumps(document).encode())
