"""The page on which a person lets an app into a company: every company of the world with a button, and one for no.

Intuit's own page wants a sign-in first; here everybody is signed in, to all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

from adapters.quickbooks.standin.grants import CLIENT_ID, Grants
from connector.testing.standin import Answer, Call

CONSENT = "/connect/oauth2"
SCOPE = "com.intuit.quickbooks.accounting"
_SEE_OTHER = 302
_LOCAL = ("localhost", "127.0.0.1")
_ASKED = ("client_id", "redirect_uri", "response_type", "scope", "state")


class Consent:
    """Answers the browser. `companies` are their names by realm."""

    def __init__(self, companies: Mapping[str, str], grants: Grants) -> None:
        self._companies = companies
        self._grants = grants

    def answer(self, call: Call) -> Answer:
        """The page, or where a button of it leads."""
        form = parse_qs(call.body.decode("ascii", "replace")) if call.method == "POST" else call.query
        asked = {name: values[0] for name, values in form.items() if len(values) == 1}
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT_ID or not _listed(redirect) or not asked.get("state"):
            return _page("<p>The client_id or redirect_uri is not of an app, or there is no state.</p>", status=400)
        back = {"state": asked["state"]}
        if asked.get("response_type") != "code" or SCOPE not in asked.get("scope", "").split():
            return _back(redirect, {"error": "invalid_scope", **back})
        if call.method != "POST":
            return _page(self._buttons(asked))
        realm = asked.get("company", "")
        if realm not in self._companies:
            return _back(redirect, {"error": "access_denied", **back})
        return _back(redirect, {"code": self._grants.code_for(realm, redirect), **back, "realmId": realm})

    def _buttons(self, asked: Mapping[str, str]) -> str:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(asked[name])}">' for name in _ASKED if name in asked
        )
        choices = "".join(
            f'<p><button id="connect-{realm}" name="company" value="{realm}">Connect {escape(name)}</button></p>'
            for realm, name in self._companies.items()
        )
        cancel = '<p><button id="cancel" name="company" value="">Cancel</button></p>'
        return f'<form method="post" action="{CONSENT}">{hidden}{choices}{cancel}</form>'


def _listed(redirect: str) -> bool:
    """Whether it could stand in an app's list: https, or plain http on this computer."""
    parts = urlsplit(redirect)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL))


def _back(redirect: str, values: Mapping[str, str]) -> Answer:
    return Answer(status=_SEE_OTHER, headers={"Location": f"{redirect}?{urlencode(values)}"})


def _page(inner: str, status: int = 200) -> Answer:
    head = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Connect</title>'
    text = f"{head}<h1>QuickBooks stand-in</h1>{inner}</html>"
    return Answer(status=status, body=text.encode(), content_type="text/html; charset=utf-8")
