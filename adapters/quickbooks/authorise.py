"""How a person lets us in: Intuit's page in a browser, a code that works once, and the first pair of tokens.

Nothing secret is in the address a browser is sent to: the state only ties the answer to the question. Intuit has no
proof key for this exchange; what makes a stolen code useless is the client secret, which never leaves this computer but
for the token endpoint. No code, state or token is ever logged, shown, or put into an error.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from adapters.quickbooks import wire
from adapters.quickbooks.auth import ask, knock, pair_of
from adapters.quickbooks.settings import LOOPBACK, Settings
from connector.clock import Clock
from connector.errors import OutcomeUnknown, Refused, SettingsError, Unreachable
from connector.ports import Admission, Invitation, SecretPair
from connector.transport import VendorSession

SCOPE = "com.intuit.quickbooks.accounting"
STATE_BYTES = 32

_REALM = re.compile(r"\d{1,20}")
_NOT_YET_KNOWN = {"client_id": "not yet known", "client_secret": "not yet known", "realm_id": "0"}
"""Stands in for what has still to be asked for, where nothing is sent."""

_AGAIN = "Nothing was changed; run the same command again"


class Door:
    """Authorising for one QuickBooks company."""

    brings = frozenset({"realm_id", "refresh_token"})

    def __init__(self, values: Mapping[str, str], clock: Clock) -> None:
        self._values = dict(values)
        self._clock = clock

    def steps(self) -> tuple[str, ...]:
        settings = Settings.parse({**_NOT_YET_KNOWN, **self._values})
        redirect = checked(settings.way_back, live=settings.live)
        kind = "Production" if settings.live else "Development"
        return (
            "Open https://developer.intuit.com and make a developer account; the login you use for QuickBooks will do.",
            f"Make an app there for QuickBooks Online, with the scope {SCOPE} and no other.",
            *(_questions() if settings.live else ()),
            f"Open the app's keys, choose {kind}, and put this among its redirect URIs, letter for letter: {redirect}",
            f"Keep the client id and the client secret of the {kind} keys at hand; the other kind opens nothing here.",
            "Then sign in to Intuit as an administrator of the company, choose the company, and click Connect."
            if settings.live
            else "Then sign in to Intuit, choose the sandbox company, and click Connect.",
            *(() if _is_local(redirect) else (_how_to_copy(redirect),)),
        )

    def knock(self) -> None:
        settings = self._settings()
        with _session(settings) as session:
            knock(session, settings)

    def invite(self, redirect: str = "") -> Invitation:
        settings = self._settings()
        back = checked(redirect or settings.way_back, live=settings.live)
        state = secrets.token_urlsafe(STATE_BYTES)
        asked = {
            "client_id": settings.client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": back,
            "state": state,
        }
        return Invitation(url=f"{settings.authorise_url}?{urlencode(asked)}", state=state, redirect=back)

    def admit(self, invitation: Invitation, answer: Mapping[str, str]) -> Admission:
        realm = self._realm(invitation, answer)
        settings = self._settings()
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": invitation.redirect}
        with _session(settings) as session:
            tokens = ask(session, settings, form)
        if tokens is None:
            raise Refused(
                "Intuit did not take the code: it was used already or is too old, or the redirect address is not the "
                "one that is listed with the app.",
                next_step=f"{_AGAIN}, and click Connect without a long pause.",
            )
        # Stored in place of whatever pair there is: whoever holds the lock of the connection sets the version.
        pair = pair_of(tokens, self._clock, version=0)
        return Admission(account=realm, settings={"realm_id": realm}, pair=pair)

    def leave(self, pair: SecretPair) -> None:
        settings = self._settings()
        try:
            with _session(settings) as session:
                answer = session.post(
                    settings.revoke_url,
                    json={"token": pair.refresh},
                    auth=(settings.client_id, settings.client_secret.get_secret_value()),
                    headers={"Accept": "application/json"},
                )
        except OutcomeUnknown:
            raise _not_revoked() from None
        # A token that Intuit does not know any more (400) is as good as one that it has just revoked.
        if answer.status_code not in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST):
            raise _not_revoked()

    def _settings(self) -> Settings:
        """Everything but the company, which the answer names."""
        return Settings.parse({**self._values, "realm_id": self._values.get("realm_id", _NOT_YET_KNOWN["realm_id"])})

    def _realm(self, invitation: Invitation, answer: Mapping[str, str]) -> str:
        """The company that the answer is for, once it is sure that it is an answer to this question, and a yes."""
        if not secrets.compare_digest(answer.get("state", "").encode(), invitation.state.encode()):
            raise Refused(
                "What came back from the browser does not belong to this attempt to connect.",
                next_step=f"{_AGAIN}, and use only the page it opens.",
            )
        if answer.get("error") == "access_denied":
            raise Refused("QuickBooks was not connected, because that was declined in the browser.", next_step=_AGAIN)
        if answer.get("error"):
            raise Refused(
                "Intuit did not ask for your consent, because something about the app is wrong.",
                next_step="Compare the app's scope and redirect address with the steps above; nothing was changed.",
            )
        realm, wanted = answer.get("realmId", ""), self._values.get("realm_id", "")
        if not answer.get("code") or not _REALM.fullmatch(realm):
            raise Refused(
                "What came back from the browser names no company, or brings no code.",
                next_step=f"{_AGAIN}; when pasting, copy the whole address.",
            )
        if wanted and realm != wanted:
            raise Refused(
                f"The company {realm} was chosen in the browser, and this connection is for {wanted}.",
                next_step="Choose the other company there, or connect this one with --company and a name of its own.",
            )
        return realm


def checked(redirect: str, *, live: bool) -> str:
    """The address, if Intuit takes such a one for these keys; SettingsError otherwise."""
    if live and urlsplit(redirect).scheme != "https":
        raise SettingsError(
            "Intuit sends a browser back to http://localhost only for development keys, never for real books.",
            next_step="Leave --redirect out, or name an https address that is listed with the app's production keys.",
        )
    return redirect


def _is_local(redirect: str) -> bool:
    return urlsplit(redirect).hostname in LOOPBACK


def _questions() -> tuple[str, ...]:
    answer = (
        "Answer Intuit's questionnaire about the app, for your own company alone: it gives production keys after that."
    )
    reconnect = (
        "Fill in the app's addresses; the Reconnect URL has been mandatory since January 2026. Any https page of yours "
        "will do: who comes from there runs `receivables connect quickbooks`."
    )
    return answer, reconnect


def _how_to_copy(redirect: str) -> str:
    return (
        f"The browser then stands at {urlsplit(redirect).hostname}, whatever that page shows. Press nothing there, but "
        "copy the whole address from the address line and paste it here."
    )


def _session(settings: Settings) -> VendorSession:
    return VendorSession(
        wire.SYSTEM,
        connect_seconds=settings.connect_seconds,
        read_seconds=settings.read_seconds,
        trace_header="intuit_tid",
    )


def _not_revoked() -> Unreachable:
    return Unreachable(
        "Intuit did not say that it took the access back.",
        next_step="Run it again, or remove the app in QuickBooks under Apps.",
        system=wire.SYSTEM,
    )
