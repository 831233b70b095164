"""The settings of one QuickBooks company, parsed once; a secret never shows in a repr or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from connector.errors import SettingsError
from connector.transport import RETRY_BUDGET_SECONDS

PRODUCTION = "https://quickbooks.api.intuit.com"
TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REALM = re.compile(r"\d{1,20}")


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
        raise ValueError("must begin with https://")
    if not parts.hostname:
        raise ValueError("names no computer")
    return text.rstrip("/")


def _realm(text: str) -> str:
    if not _REALM.fullmatch(text):
        raise ValueError("must be the company id that Intuit shows, digits only")
    return text


def _secret(text: SecretStr) -> SecretStr:
    if not text.get_secret_value().strip():
        raise ValueError("must not be empty")
    return text


class SettingName(NamedTuple):
    """One row of the table of settings."""

    name: str
    required: bool
    secret: bool
    default: str
    what: str


class Settings(BaseModel):
    """How one QuickBooks company is reached. Build it with `parse`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_id: str = Field(min_length=1)
    client_secret: Annotated[SecretStr, AfterValidator(_secret)]
    realm_id: Annotated[str, AfterValidator(_realm)]
    refresh_token: Annotated[SecretStr, AfterValidator(_secret)]
    base_url: Annotated[str, AfterValidator(_address)] = PRODUCTION
    token_url: Annotated[str, AfterValidator(_address)] = TOKENS
    page_size_max: int = Field(default=1000, ge=2, le=1000)
    connect_seconds: float = Field(default=5, gt=0, le=60)
    read_seconds: float = Field(default=65, gt=0, le=300)
    retry_seconds: float = Field(default=RETRY_BUDGET_SECONDS, ge=0, le=3600)

    @property
    def live(self) -> bool:
        """Whether these are a company's real books, not a sandbox and not the stand-in."""
        return self.base_url == PRODUCTION

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
                sentence = f"The QuickBooks setting {name} is missing."
            case "extra_forbidden":
                sentence = f"There is no QuickBooks setting {name}."
            case _:
                reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
                sentence = f"The QuickBooks setting {name} is wrong: it {reason}."
        raise SettingsError(sentence, next_step="The settings are listed in the README of the QuickBooks adapter.")

    @classmethod
    def names(cls) -> tuple[SettingName, ...]:
        """Every setting: name, whether required, whether secret, default as text, and what it is for."""
        return tuple(
            SettingName(
                name=name,
                required=field.is_required(),
                secret=field.annotation is SecretStr,
                default="" if field.is_required() else str(field.default),
                what=_WHAT[name],
            )
            for name, field in cls.model_fields.items()
        )


_WHAT = {
    "client_id": "the client id of your app in Intuit's developer portal",
    "client_secret": "the client secret of that app",
    "realm_id": "the company id, shown beside the token when you connect",
    "refresh_token": "the refresh token, pasted once when you connect; later ones are kept by the connector itself",
    "base_url": "where QuickBooks answers; https://sandbox-quickbooks.api.intuit.com for a sandbox company",
    "token_url": "where tokens are renewed; another address only for the stand-in",
    "page_size_max": "records asked for at once, from 2 to 1000",
    "connect_seconds": "how long to wait for a connection",
    "read_seconds": "how long to wait for an answer",
    "retry_seconds": "how long a read that fails is tried again before the command ends; 0 for not at all",
}
