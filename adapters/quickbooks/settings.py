"""The settings of one QuickBooks company, parsed once; a secret never shows in a repr or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from connector.settings import AdapterSettings, Address

PRODUCTION = "https://quickbooks.api.intuit.com"
TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
AUTHORISE = "https://appcenter.intuit.com/connect/oauth2"
REVOKE = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"

PLAYGROUND_REDIRECT = "https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl"
"""Intuit's own page: listed with every new app, and it leaves the answer in the browser's address line."""

LOCAL_REDIRECT = "http://localhost:8767/connected"
"""This computer. A name, not 127.0.0.1, and a fixed port: Intuit compares the whole address with the listed one."""
LOOPBACK = ("localhost", "127.0.0.1")
CALLS_PER_MINUTE = 250
"""Half of Intuit's 500 for one company: the customer's other apps share it."""

CALLS_PER_MINUTE_MAX = 450
CALLS_PER_SECOND_MAX = 8
"""Intuit's own limits are 500 in a minute and 10 in a second; nobody can set ours above these."""

CALLS_BURST = 2
"""With four that were held up on their way, those of the pace in a second, and these, no second sees more than ten."""
MONTHLY_CALLS = 15_000
"""Intuit's free tier gives an app 500,000 reads a month for all its companies: enough for 33 of this size. One company
needs 8,928 when it is asked for changes every 5 minutes of 31 days, about 1,000 for nightly tie-outs, lists and a first
sync, and 3 reads for each of 1,500 entries that are posted: 14,428."""

_REALM = re.compile(r"\d{1,20}")


def _realm(text: str) -> str:
    if not _REALM.fullmatch(text):
        raise ValueError("must be the company id that Intuit shows, digits only")
    return text


def _redirect(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = bool(parts.hostname) and (parts.port is None or parts.port >= 0) and parts.username is None
    except ValueError:  # no port, or no host, that there could be
        whole = False
    if text and (not whole or "?" in text or "#" in text):
        raise ValueError("must be a whole address without ? and #, exactly as listed with your app")
    if text and parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in LOOPBACK):
        raise ValueError("must begin with https://, or with http://localhost")
    return text


def _secret(text: SecretStr) -> SecretStr:
    if not text.get_secret_value().strip():
        raise ValueError("must not be empty")
    return text


class Settings(AdapterSettings):
    """How one QuickBooks company is reached."""

    title: ClassVar[str] = "QuickBooks"
    meanings: ClassVar[Mapping[str, str]] = {
        "client_id": "the client id of your app in Intuit's developer portal",
        "client_secret": "the client secret of that app",
        "realm_id": "the company id; the browser brings it when you connect",
        "refresh_token": "a first refresh token, only where no browser can be used; later ones are kept by the "
        "connector itself",
        "base_url": "where QuickBooks answers; https://sandbox-quickbooks.api.intuit.com for a sandbox company",
        "token_url": "where tokens are renewed; another address only for the stand-in",
        "authorise_url": "where a person lets us in by a browser; another address only for the stand-in",
        "revoke_url": "where access is given back; another address only for the stand-in",
        "redirect": "where Intuit sends the browser back to, exactly as listed with the app; by default "
        f"{PLAYGROUND_REDIRECT} for real books (the address is then pasted), {LOCAL_REDIRECT} otherwise",
        "webhook_verifier": "the verifier token of your app's webhooks; empty: none are taken, and nothing is missed",
        "page_size_max": "records asked for at once, from 2 to 1000",
        "in_flight": "pages fetched at the same time while everything is read, from 1 (none ahead) to 10",
        "calls_per_minute": f"calls in a minute, of all processes together, at most {CALLS_PER_MINUTE_MAX}; Intuit "
        "allows 500 to all apps of the company",
        "monthly_calls": "reads in a calendar month (Intuit counts them, writes are free); 0 for as many as it likes",
    }

    client_id: str = Field(min_length=1)
    client_secret: Annotated[SecretStr, AfterValidator(_secret)]
    realm_id: Annotated[str, AfterValidator(_realm)]
    refresh_token: Annotated[SecretStr, AfterValidator(_secret)] = SecretStr("")
    base_url: Address = PRODUCTION
    token_url: Address = TOKENS
    authorise_url: Address = AUTHORISE
    revoke_url: Address = REVOKE
    redirect: Annotated[str, AfterValidator(_redirect)] = ""
    webhook_verifier: SecretStr = SecretStr("")
    page_size_max: int = Field(default=1000, ge=2, le=1000)
    in_flight: int = Field(default=4, ge=1, le=10)
    calls_per_minute: int = Field(default=CALLS_PER_MINUTE, ge=1, le=CALLS_PER_MINUTE_MAX)
    monthly_calls: int = Field(default=MONTHLY_CALLS, ge=0, le=10_000_000)

    @property
    def calls_burst(self) -> int:
        """So many at once that no second sees more than eight: those of the burst, and those of the pace."""
        return min(CALLS_BURST, CALLS_PER_SECOND_MAX + 1 - -(-self.calls_per_minute // 60))

    @property
    def metered_per_month(self) -> int | None:
        """Our share of the reads that Intuit counts."""
        return self.monthly_calls or None

    @property
    def way_back(self) -> str:
        """Where Intuit sends the browser to: the address that was set, or the one that suits the keys."""
        return self.redirect or (PLAYGROUND_REDIRECT if self.live else LOCAL_REDIRECT)

    @property
    def live(self) -> bool:
        """Whether these are a company's real books, not a sandbox and not the stand-in."""
        return self.base_url == PRODUCTION
