"""The settings of one PayPal account, parsed once; a secret never shows in a repr or an error.

Live and sandbox never mix: the address, the hosts that certificates come from, and the credentials are all of the one
environment that is named. Another address is only for the double on this computer, and never for live money.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from connector.settings import AdapterSettings, Address

HOSTS = {"live": "api-m.paypal.com", "sandbox": "api-m.sandbox.paypal.com"}
CERTIFICATE_HOSTS = {
    "live": frozenset({"api.paypal.com", "api-m.paypal.com"}),
    "sandbox": frozenset({"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}),
}
PAYER_HOSTS = {"live": "www.paypal.com", "sandbox": "www.sandbox.paypal.com"}
SIGNERS = {
    "live": "messageverificationcerts.paypal.com",
    "sandbox": "messageverificationcerts.sandbox.paypal.com",
}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ID = re.compile(r"[A-Za-z0-9_-]{8,200}")
_WEBHOOK_ID = re.compile(r"[A-Z0-9_]{8,50}")


def _client(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("must be the client ID of a REST app, as PayPal's developer dashboard shows it")
    return text


def _secret(text: SecretStr) -> SecretStr:
    if not _ID.fullmatch(text.get_secret_value()):
        raise ValueError("must be the secret of a REST app, as PayPal's developer dashboard shows it")
    return text


def _webhook(text: str) -> str:
    if text and not _WEBHOOK_ID.fullmatch(text):
        raise ValueError("must be the webhook ID that stands beside its URL in PayPal's developer dashboard")
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise ValueError("must be a day such as 2026-01-31") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPace:
    """How fast PayPal's reports are asked for: far slower than the rest, for they ban a caller for minutes."""

    calls_per_minute: int
    calls_burst: int = 5
    metered_per_month: int | None = None


class Settings(AdapterSettings):
    """How one PayPal account is reached."""

    title: ClassVar[str] = "PayPal"
    before: ClassVar[tuple[str, ...]] = (
        (
            "Open https://developer.paypal.com/dashboard/applications/live as the owner of the account, and create an "
            "app for a merchant."
        ),
        (
            "Switch on its features Transaction Search, without which nothing can be read, and Customer disputes. What "
            "was switched on just now may take up to nine hours to work."
        ),
        "Copy the app's client ID and its secret, and paste them below.",
    )
    asked: ClassVar[tuple[str, ...]] = ("environment", "read_from", "payer_details", "instant_only")
    meanings: ClassVar[Mapping[str, str]] = {
        "client_id": "the client ID of a REST app of the account",
        "client_secret": "that app's secret",
        "environment": "live, or sandbox for PayPal's test accounts; each has credentials of its own",
        "base_url": "where PayPal answers; empty for the environment's own address. Another one only for its stand-in",
        "webhook_id": "the ID of the webhook in the same app, set by `receivables hooks`; empty: none are taken, and "
        "nothing is missed",
        "webhook_stamp": "which asking of ours made that webhook; set by `receivables hooks`",
        "read_from": "the first day to read, at most three years ago; empty: as far back as PayPal goes",
        "payer_details": "yes: names and e-mail addresses of payers are read too, to recognise payers by; no: they are "
        "never asked for",
        "instant_only": "yes: bank payments that take days (eChecks) are refused at PayPal; no: they are taken, and "
        "count when they have cleared",
        "site": "the web site that PayPal sends a payer to who has agreed on its page, where links of yours cannot be "
        "reached; empty: the payer stays at PayPal",
        "reports_per_minute": "calls of PayPal's reports in a minute, of all processes together, at most 50",
        "page_size_max": "transactions asked for at once, at most 500",
        "webhook_roots": "root certificates that signatures of webhooks must lead to, as text; only for the stand-in",
    }

    client_id: Annotated[str, AfterValidator(_client)]
    client_secret: Annotated[SecretStr, AfterValidator(_secret)]
    environment: Literal["live", "sandbox"] = "live"
    base_url: Address | Literal[""] = ""
    webhook_id: Annotated[str, AfterValidator(_webhook)] = ""
    webhook_stamp: str = Field(default="", max_length=40)
    read_from: Annotated[str, AfterValidator(_day)] = ""
    payer_details: bool = False
    instant_only: bool = False
    site: Address | Literal[""] = ""
    reports_per_minute: int = Field(default=30, ge=1, le=6000)
    page_size_max: int = Field(default=500, ge=1, le=500)
    webhook_roots: str = ""
    read_seconds: float = Field(default=15, gt=0, le=300)

    @field_validator("base_url")
    @classmethod
    def _of_the_environment(cls, address: str, known: ValidationInfo) -> str:
        environment = known.data.get("environment")
        if not address or environment is None:  # the environment is wrong itself, and told first
            return address
        host = urlsplit(address).hostname or ""
        if host == HOSTS[environment] or (host in _LOOPBACK and environment == "sandbox"):
            return address
        if host in _LOOPBACK:
            raise ValueError("is on this computer, where no live money is; set environment to sandbox")
        raise ValueError(
            f"is not the address of PayPal's {environment} environment, which is https://{HOSTS[environment]}"
        )

    @field_validator("reports_per_minute", "webhook_roots")
    @classmethod
    def _only_here(cls, value: int | str, known: ValidationInfo) -> int | str:
        address = known.data.get("base_url") or ""
        here = urlsplit(str(address)).hostname in _LOOPBACK
        if known.field_name == "webhook_roots" and value and not here:
            raise ValueError("is only for the stand-in on this computer")
        if known.field_name == "reports_per_minute" and isinstance(value, int) and value > REPORTS_MAX and not here:
            raise ValueError(f"must be at most {REPORTS_MAX}")
        return value

    @property
    def live(self) -> bool:
        """Whether real money moves."""
        return self.environment == "live"

    @property
    def url(self) -> str:
        """The address of the API."""
        return self.base_url or f"https://{HOSTS[self.environment]}"

    @property
    def is_here(self) -> bool:
        """Whether it is the double on this computer."""
        return urlsplit(self.url).hostname in _LOOPBACK

    @property
    def payer_hosts(self) -> frozenset[str]:
        """The hosts that a payer may be sent to."""
        return frozenset({urlsplit(self.url).netloc if self.is_here else PAYER_HOSTS[self.environment]})

    @property
    def certificate_hosts(self) -> frozenset[str]:
        """The hosts that certificates of signatures may come from."""
        return frozenset({urlsplit(self.url).netloc}) if self.is_here else CERTIFICATE_HOSTS[self.environment]

    @property
    def signer(self) -> str:
        """The name in the certificate that webhooks are signed with."""
        return SIGNERS[self.environment]

    @property
    def report_pace(self) -> ReportPace:
        """The pace of the reports."""
        return ReportPace(calls_per_minute=self.reports_per_minute)


REPORTS_MAX = 50
"""Calls of the reports that PayPal is known to bear in a minute."""
