"""The settings of one Stripe account, parsed once; a secret never shows in a repr or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from adapters.stripe.permissions import READS, WRITES, Permission
from connector.settings import AdapterSettings, Address

API = "https://api.stripe.com"

CALLS_PER_SECOND = {True: 10, False: 5}
"""With a live key, and with a test key: a small share, for the merchant's own shop has the same limit."""

CALLS_PER_SECOND_MAX = {True: 100, False: 25}
"""What Stripe allows to the whole account (its "Rate limits")."""

CALLS_PER_SECOND_OF_ENDPOINT = 20
"""Stripe allows 25 to a single operation, whatever the record, and 20 to some."""

_KEY = re.compile(r"(sk|rk)_(live|test)_[A-Za-z0-9_]+")
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,200}")
_WEBHOOK_SECRETS_MAX = 2


def _webhook_secret(secrets: SecretStr) -> SecretStr:
    given = _apart(secrets)
    if len(given) > _WEBHOOK_SECRETS_MAX or not all(_WEBHOOK_SECRET.fullmatch(each) for each in given):
        raise ValueError("must be an endpoint's signing secret, which begins with whsec_, or two while one is rolled")
    return secrets


def _apart(secrets: SecretStr) -> tuple[str, ...]:
    return tuple(secrets.get_secret_value().replace(",", " ").split())


def _key(key: SecretStr) -> SecretStr:
    if not _KEY.fullmatch(key.get_secret_value()):
        raise ValueError("must be a secret or restricted key, which begins with sk_ or rk_")
    return key


def _rows(permissions: tuple[Permission, ...]) -> str:
    """Their lines in the dashboard's form."""
    return ", ".join(sorted({each.row for each in permissions}))


@dataclass(frozen=True, slots=True, kw_only=True)
class PerSecond:
    """A pace of so many calls in any second: none go at once, so that no second sees more."""

    calls_per_second: int
    calls_burst: int = 1
    metered_per_month: int | None = None

    @property
    def calls_per_minute(self) -> int:
        """Never more than the second's share."""
        return self.calls_per_second * 60


ENDPOINT_PACE = PerSecond(calls_per_second=CALLS_PER_SECOND_OF_ENDPOINT)


class Settings(AdapterSettings):
    """How one Stripe account is reached."""

    title: ClassVar[str] = "Stripe"
    before: ClassVar[tuple[str, ...]] = (
        "Open https://dashboard.stripe.com/apikeys and create a restricted key.",
        f"Give it Read for: {_rows(READS)}. Nothing else is needed to read.",
        f"If it is to be written to as well, give it Write for: {_rows(WRITES)}.",
        "Stripe shows the key once: copy it, and paste it below.",
    )
    meanings: ClassVar[Mapping[str, str]] = {
        "api_key": "a restricted key (rk_...), which may do what is needed and no more, or a secret key (sk_...)",
        "base_url": "where Stripe answers; another address only for its stand-in",
        "page_size_max": "records asked for at once, at most 100",
        "webhook_secret": "the signing secret of a webhook endpoint, or two by a comma while one is rolled; empty: no "
        "webhooks are taken, and nothing is missed",
        "calls_per_second": "calls in a second, of all processes together; 0 for as it comes: "
        f"{CALLS_PER_SECOND[True]} with a live key, {CALLS_PER_SECOND[False]} with a test key. At most "
        f"{CALLS_PER_SECOND_MAX[True]} and {CALLS_PER_SECOND_MAX[False]}, which Stripe allows to all programs of the "
        "account together",
        "in_flight": "calls under way at the same time in one process, from 1 to 10",
    }

    api_key: Annotated[SecretStr, AfterValidator(_key)]
    base_url: Address = API
    page_size_max: int = Field(default=100, ge=1, le=100)
    read_seconds: float = Field(default=30, gt=0, le=300)
    webhook_secret: Annotated[SecretStr, AfterValidator(_webhook_secret)] = SecretStr("")
    calls_per_second: int = Field(default=0, ge=0, validate_default=True)
    in_flight: int = Field(default=4, ge=1, le=10)

    @field_validator("calls_per_second")
    @classmethod
    def _within_what_stripe_allows(cls, calls: int, known: ValidationInfo) -> int:
        key = known.data.get("api_key")
        if key is None:  # wrong itself, and told first
            return calls
        live = _live(key)
        if calls > CALLS_PER_SECOND_MAX[live]:
            mode = "live" if live else "test"
            raise ValueError(
                f"must be at most {CALLS_PER_SECOND_MAX[live]} with a {mode} key, which is all that Stripe allows"
            )
        return calls or CALLS_PER_SECOND[live]

    @property
    def calls_per_minute(self) -> int:
        """The pace of the account."""
        return self.calls_per_second * 60

    @property
    def calls_burst(self) -> int:
        """None go at once: no second sees more than its share."""
        return 1

    @property
    def metered_per_month(self) -> int | None:
        """Stripe meters nothing."""
        return None

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """What deliveries may be signed with: none, one, or two while one is rolled."""
        return _apart(self.webhook_secret)

    @property
    def live(self) -> bool:
        """Whether the key moves real money."""
        return _live(self.api_key)


def _live(key: SecretStr) -> bool:
    return "_live_" in key.get_secret_value()
