"""The settings of one bank account, parsed once. Which account it is stands here, because most files do not say it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator
from stdnum import iban

from connector.money import DIGITS
from connector.settings import AdapterSettings

_LENGTH_MAX = 34
_SHOWN = 4
_SHORT = 6


def _account(text: str) -> str:
    number = "".join(each for each in text.upper() if each.isalnum())
    if not 4 <= len(number) <= _LENGTH_MAX or not number.isascii():  # noqa: PLR2004 - no account has fewer
        raise ValueError("must be the account's IBAN, or its number at the bank")
    if number[:2].isalpha() and number[2:4].isdigit() and not iban.is_valid(number):
        raise ValueError("is not an IBAN: its length or its check digits do not fit")
    return number


def _currency(text: str) -> str:
    if text.upper() not in DIGITS:
        raise ValueError("must be a code of ISO 4217, such as EUR")
    return text.upper()


def _folder(text: str) -> str:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError("must be a whole path, such as /home/you/statements")
    return str(path)


def _mapping(text: str) -> str:
    return _folder(text) if text else ""


def _day(text: str) -> str:
    if text:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise ValueError("must be a day, such as 2026-01-31") from None
    return text


class Settings(AdapterSettings):
    """How the statements of one account are found. Build it with `parse`."""

    title: ClassVar[str] = "bank statement"
    asked: ClassVar[tuple[str, ...]] = ("mapping", "read_from")
    meanings: ClassVar[Mapping[str, str]] = {
        "folder": "where the statements lie: `receivables bank import` puts them there; all that lies there is read",
        "account": "the account they are of: its IBAN, or its number at the bank",
        "currency": "the account's currency, such as EUR",
        "mapping": "the file that says how the bank's CSV or XLSX is read; `receivables bank map` proposes one",
        "read_from": "the first day to read; empty: all that the statements hold",
        "live": "no: these are made-up statements, for a trial",
    }

    folder: Annotated[str, AfterValidator(_folder)]
    account: Annotated[str, AfterValidator(_account)]
    currency: Annotated[str, AfterValidator(_currency)]
    mapping: Annotated[str, AfterValidator(_mapping)] = ""
    read_from: Annotated[str, AfterValidator(_day)] = ""
    live: bool = True

    @property
    def shown(self) -> str:
        """The account as it may be shown: its last digits."""
        return shown(self.account)


def same_account(own: str, said: str) -> bool:
    """Whether a number is that of the account. Banks write it with or without what stands before it, so that the end of
    one may be the whole of the other."""
    number = "".join(letter for letter in said.upper() if letter.isalnum()).lstrip("0")
    own = own.lstrip("0")
    short, long = sorted((number, own), key=len)
    return number == own or (len(short) >= _SHORT and long.endswith(short))


def shown(account: str) -> str:
    """An account's number as it may be shown."""
    return f"ending in {account[-_SHOWN:]}"
