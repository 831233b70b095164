"""The settings of one Stripe account, parsed once; a secret never shows in a repr or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from connector.errors import SettingsError
from connector.transport import RETRY_BUDGET_SECONDS

API = "https://api.stripe.com"
_KEY = re.compile(r"(sk|rk)_(live|test)_[A-Za-z0-9_]+")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
        raise ValueError("must begin with https://")
    if not parts.hostname:
        raise ValueError("names no computer")
    return text.rstrip("/")


def _key(key: SecretStr) -> SecretStr:
    if not _KEY.fullmatch(key.get_secret_value()):
        raise ValueError("must be a secret or restricted key, which begins with sk_ or rk_")
    return key


class SettingName(NamedTuple):
    """One row of the table of settings."""

    name: str
    required: bool
    secret: bool
    default: str
    what: str


class Settings(BaseModel):
    """How one Stripe account is reached. Build it with `parse`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Annotated[SecretStr, AfterValidator(_key)]
    base_url: Annotated[str, AfterValidator(_address)] = API
    connect_seconds: float = Field(default=5, gt=0, le=60)
    read_seconds: float = Field(default=30, gt=0, le=300)
    page_size_max: int = Field(default=100, ge=1, le=100)
    retry_seconds: float = Field(default=RETRY_BUDGET_SECONDS, ge=0, le=3600)

    @property
    def live(self) -> bool:
        """Whether the key moves real money."""
        return "_live_" in self.api_key.get_secret_value()

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Self:
        """The settings from their texts; SettingsError names the first one that is missing or wrong."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])[:40]
        match first["type"]:
            case "missing":
                sentence = f"The Stripe setting {name} is missing."
            case "extra_forbidden":
                sentence = f"There is no Stripe setting {name}."
            case _:
                reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
                sentence = f"The Stripe setting {name} is wrong: it {reason}."
        raise SettingsError(sentence, next_step="The settings are listed in the README of the Stripe adapter.")

    @classmethod
    def names(cls) -> tuple[SettingName, ...]:
        """Every setting: name, whether required, whether secret, default as text, and what it is for."""
        return tuple(
            SettingName(
                name=name,
                required=field.is_required(),
                secret=name == "api_key",
                default="" if field.is_required() else str(field.default),
                what=_WHAT[name],
            )
            for name, field in cls.model_fields.items()
        )


_WHAT = {
    "api_key": "a restricted key (rk_...) with the permissions of the README, or a secret key (sk_...)",
    "base_url": "where Stripe answers; another address only for its stand-in",
    "connect_seconds": "how long to wait for a connection",
    "read_seconds": "how long to wait for an answer",
    "page_size_max": "records asked for at once, at most 100",
    "retry_seconds": "how long a read that fails is tried again before the command ends; 0 for not at all",
}
