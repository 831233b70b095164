"""What every adapter's settings need once: texts parsed into a frozen value, faults in one sentence, no secret shown.

An adapter's `Settings` lists its own fields, says what each is for in `meanings`, and takes the rest from here. This
room must never know a vendor, read a file, or show a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from connector.errors import SettingsError
from connector.transport import CONNECT_SECONDS, READ_SECONDS, RETRY_BUDGET_SECONDS

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SHARED = {
    "connect_seconds": "how long to wait for a connection",
    "read_seconds": "how long to wait for an answer",
    "retry_seconds": "how long a read that fails is tried again before the command ends; 0 for not at all",
}


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
        raise ValueError("must begin with https://")
    if not parts.hostname:
        raise ValueError("names no computer")
    return text.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
"""A base URL: https, or plain http on this computer."""


class SettingName(NamedTuple):
    """One row of the table of settings."""

    name: str
    required: bool
    secret: bool
    default: str
    what: str


class AdapterSettings(BaseModel):
    """How one account of an outside system is reached. Build it with `parse`; `title` is the system's name in words."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    title: ClassVar[str]
    meanings: ClassVar[Mapping[str, str]]
    before: ClassVar[tuple[str, ...]] = ()
    """What a person has to have done at the other side before there are keys, one sentence each, in order."""
    asked: ClassVar[tuple[str, ...]] = ()
    """Which settings a page asks for beside the required ones. Never an address: whoever could change where a key is
    sent to could read one that was stored before."""

    connect_seconds: float = Field(default=CONNECT_SECONDS, gt=0, le=60)
    read_seconds: float = Field(default=READ_SECONDS, gt=0, le=300)
    retry_seconds: float = Field(default=RETRY_BUDGET_SECONDS, ge=0, le=3600)

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
                sentence = f"The {cls.title} setting {name} is missing."
            case "extra_forbidden":
                sentence = f"There is no {cls.title} setting {name}."
            case _:
                reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
                sentence = f"The {cls.title} setting {name} is wrong: it {reason}."
        raise SettingsError(sentence, next_step=f"The settings are listed in the README of the {cls.title} adapter.")

    @classmethod
    def names(cls) -> tuple[SettingName, ...]:
        """Every setting: name, whether required, whether secret, default as text, and what it is for."""
        own_first = sorted(cls.model_fields.items(), key=lambda pair: pair[0] in _SHARED)
        return tuple(
            SettingName(
                name=name,
                required=field.is_required(),
                secret=field.annotation is SecretStr,
                default="" if field.is_required() else f"{field.default:g}" if name in _SHARED else str(field.default),
                what={**_SHARED, **cls.meanings}[name],
            )
            for name, field in own_first
        )
