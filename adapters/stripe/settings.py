"""The settings of one Stripe account, parsed once; a secret never shows in a repr or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from connector.settings import AdapterSettings, Address

API = "https://api.stripe.com"
_KEY = re.compile(r"(sk|rk)_(live|test)_[A-Za-z0-9_]+")


def _key(key: SecretStr) -> SecretStr:
    if not _KEY.fullmatch(key.get_secret_value()):
        raise ValueError("must be a secret or restricted key, which begins with sk_ or rk_")
    return key


class Settings(AdapterSettings):
    """How one Stripe account is reached."""

    title: ClassVar[str] = "Stripe"
    meanings: ClassVar[Mapping[str, str]] = {
        "api_key": "a restricted key (rk_...) with the permissions of the README, or a secret key (sk_...)",
        "base_url": "where Stripe answers; another address only for its stand-in",
        "page_size_max": "records asked for at once, at most 100",
    }

    api_key: Annotated[SecretStr, AfterValidator(_key)]
    base_url: Address = API
    page_size_max: int = Field(default=100, ge=1, le=100)
    read_seconds: float = Field(default=30, gt=0, le=300)

    @property
    def live(self) -> bool:
        """Whether the key moves real money."""
        return "_live_" in self.api_key.get_secret_value()
