"""The token endpoint: refresh tokens that die when used, access tokens that live an hour.

The n-th refresh token of a realm is `refresh-{realm}-{n}`, and the access token that came with it `access-{realm}-{n}`.
The first pair is there from the beginning, as after a fresh connection.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

from connector.clock import Clock
from connector.dates import Instant, after
from connector.testing.standin import Answer, Call

CLIENT_ID = "standin-client"
CLIENT_SECRET = "standin-secret"  # noqa: S105  the stand-in's own, told in the package's docstring
ACCESS_SECONDS = 3600
_REFRESH_SECONDS = 8_726_400
_HARD_SECONDS = 157_680_000
_HARD_HEADER = "x-include-refresh-token-hard-expires-in"


class Grants:
    """Who may come in, for which company, until when."""

    def __init__(self, realms: Iterable[str], clock: Clock) -> None:
        self._clock = clock
        self._number = dict.fromkeys(realms, 1)
        self._access: dict[str, tuple[str, Instant]] = {}
        for realm in self._number:
            self._issue(realm)

    def _issue(self, realm: str) -> str:
        token = f"access-{realm}-{self._number[realm]}"
        self._access[token] = (realm, after(self._clock.now(), ACCESS_SECONDS))
        return token

    def realm_of(self, call: Call) -> str | None:
        """The company a call's bearer is for, None when the bearer is missing, unknown or older than an hour."""
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        realm, expires = self._access.get(token, ("", Instant(self._clock.now())))
        return realm if kind.lower() == "bearer" and self._clock.now() < expires else None

    def answer(self, call: Call) -> Answer:
        """One refresh. The old refresh token is dead once this has been answered."""
        if _client(call) != (CLIENT_ID, CLIENT_SECRET):
            return _said(401, {"error": "invalid_client"})
        form = parse_qs(call.body.decode("ascii", "replace"))
        if form.get("grant_type") != ["refresh_token"]:
            return _said(400, {"error": "unsupported_grant_type"})
        given = form.get("refresh_token", [""])[0]
        for realm, number in self._number.items():
            if given == f"refresh-{realm}-{number}":
                self._number[realm] = number + 1
                return _said(200, self._pair(realm, hard=call.headers.get(_HARD_HEADER) == "true"))
        refused = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
        return _said(400, refused)

    def _pair(self, realm: str, *, hard: bool) -> dict[str, str | int]:
        pair: dict[str, str | int] = {
            "token_type": "bearer",
            "access_token": self._issue(realm),
            "expires_in": ACCESS_SECONDS,
            "refresh_token": f"refresh-{realm}-{self._number[realm]}",
            "x_refresh_token_expires_in": _REFRESH_SECONDS,
        }
        if hard:
            pair["x_refresh_token_hard_expires_in"] = _HARD_SECONDS
        return pair


def _client(call: Call) -> tuple[str, str]:
    kind, _, encoded = call.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (name, secret) if kind.lower() == "basic" else ("", "")


def _said(status: int, document: Mapping[str, str | int]) -> Answer:
    return Answer(status=status, body=json.dumps(document).encode())
