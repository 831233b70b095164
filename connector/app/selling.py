"""Who the seller is to a payer: name, address, contact, brand, and where money can be sent without a processor.

All of it stands in tables of settings.toml: a company's own (`[companies.main.seller]`), or everybody's
(`[adapters.seller]`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.config import Config
from connector.errors import SettingsError
from connector.model.firm import Company
from connector.money import DIGITS, Currency
from connector.remit import BankAccount, Cheque, account_of, cheque_of, lines_of

COLOUR = "#0b5563"
LOGO_BYTES_MAX = 256 * 1024
TEXT_MAX = 300

_KNOWN = ("name", "address", "email", "phone", "website", "logo", "colour")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""How the files of pictures begin. No SVG: it can hold a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture, and what kind of file it is."""

    picture: bytes = field(repr=False)
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """What a payer may know of the company that asks."""

    name: str
    address: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    website: str = ""
    colour: str = COLOUR
    logo: Logo | None = None
    accounts: Mapping[Currency, BankAccount] = field(default_factory=dict)
    cheque: Cheque | None = None


def seller_of(config: Config, company: Company) -> Seller:
    """The seller's settings, checked; SettingsError names the first that is wrong."""
    given = _texts(config.adapter_values("seller", company.company_id))
    colour = given.get("colour") or COLOUR
    if not _COLOUR.fullmatch(colour):
        raise _wrong("colour", "is not a colour such as #0b5563")
    cheque = config.adapter_values("cheque", company.company_id)
    return Seller(
        name=given.get("name") or company.name,
        address=lines_of(given.get("address", "")),
        email=given.get("email", ""),
        phone=given.get("phone", ""),
        website=_website(given.get("website", "")),
        colour=colour.lower(),
        logo=_logo(config.home, given["logo"]) if given.get("logo") else None,
        accounts=_accounts(config, company),
        cheque=cheque_of(cheque) if cheque else None,
    )


def _accounts(config: Config, company: Company) -> dict[Currency, BankAccount]:
    """One account per currency, of the tables transfer_usd, transfer_eur and so on."""
    prefix = "transfer_"
    tables = {*config.adapters, *config.companies.get(company.company_id, {})}
    found: dict[Currency, BankAccount] = {}
    for table in sorted(each for each in tables if each.startswith(prefix)):
        code = table.removeprefix(prefix).upper()
        if code not in DIGITS:
            raise SettingsError(
                f"[{table[:40]}] names no currency.", next_step="Write it as transfer_usd, transfer_eur and so on."
            )
        found[Currency(code)] = account_of(Currency(code), config.adapter_values(table, company.company_id))
    return found


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    for name, value in values.items():
        if name not in _KNOWN:
            raise SettingsError(
                f"There is no setting {name[:40]!r} in [seller].", next_step=f"Those there are: {', '.join(_KNOWN)}."
            )
        if any(unicodedata.category(each).startswith("C") for each in value) or len(value) > TEXT_MAX:
            raise _wrong(name, "is too long, or holds a line break or another control character")
    return {name: value.strip() for name, value in values.items()}


def _website(text: str) -> str:
    if text and not text.startswith("https://"):
        raise _wrong("website", "must begin with https://")
    return text


def _logo(home: Path, name: str) -> Logo:
    """The picture in that file, by default in the home folder."""
    try:
        with (home / Path(name).expanduser()).open("rb") as file:
            picture = file.read(LOGO_BYTES_MAX + 1)
    except OSError:
        raise _wrong("logo", "names a file that cannot be read") from None
    kind = next((kind for start, kind in _PICTURES.items() if picture.startswith(start)), None)
    if kind is None or len(picture) > LOGO_BYTES_MAX:
        raise _wrong("logo", f"must be a PNG or JPEG picture of at most {LOGO_BYTES_MAX // 1024} kilobytes")
    return Logo(picture=picture, kind=kind)


def _wrong(name: str, why: str) -> SettingsError:
    return SettingsError(f"The setting {name} of [seller] {why}.", next_step="Correct it in settings.toml.")
