"""The settings of one QuickBooks company, parsed once; a secret never shows in a repr or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from connector.settings import AdapterSettings, Address

PRODUCTION = "https://quickbooks.api.intuit.com"
TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
_REALM = re.compile(r"\d{1,20}")


def _realm(text: str) -> str:
    if not _REALM.fullmatch(text):
        raise ValueError("must be the company id that Intuit shows, digits only")
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
        "realm_id": "the company id, shown beside the token when you connect",
        "refresh_token": "the refresh token, pasted once when you connect; later ones are kept by the connector itself",
        "base_url": "where QuickBooks answers; https://sandbox-quickbooks.api.intuit.com for a sandbox company",
        "token_url": "where tokens are renewed; another address only for the stand-in",
        "page_size_max": "records asked for at once, from 2 to 1000",
    }

    client_id: str = Field(min_length=1)
    client_secret: Annotated[SecretStr, AfterValidator(_secret)]
    realm_id: Annotated[str, AfterValidator(_realm)]
    refresh_token: Annotated[SecretStr, AfterValidator(_secret)]
    base_url: Address = PRODUCTION
    token_url: Address = TOKENS
    page_size_max: int = Field(default=1000, ge=2, le=1000)

    @property
    def live(self) -> bool:
        """Whether these are a company's real books, not a sandbox and not the stand-in."""
        return self.base_url == PRODUCTION
