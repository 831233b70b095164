"""Where a payer sends money without any processor: the seller's bank accounts and cheques, and what to write on them.

Details are checked when they are read (check digits, lengths, no control characters), because a payer copies what
stands here and the money is gone. Pure: what is shown is decided here, and drawn elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stdnum import bic as bic_check
from stdnum import iban as iban_check
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10
from stdnum.us import rtn as aba_check

from connector.errors import SettingsError
from connector.money import Currency, Money

REFERENCE_MAX = 21
"""Letters and digits behind the check digits of a creditor reference (ISO 11649)."""

TEXT_MAX = 140
EPC_NAME_MAX = 70
EPC_MINOR_MAX = 99_999_999_999
"""What an EPC QR code can hold (EPC069-12)."""

_GROUP = 4
_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Region(StrEnum):
    """How accounts are named where the bank is."""

    US = "us"
    CANADA = "ca"
    UK = "uk"
    IBAN = "iban"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One line that a payer copies: what it is called (a code, worded per language), as copied, and as shown."""

    code: str
    copied: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """One account of the seller, for payments in one currency. `details` in the order in which banks ask for them."""

    currency: Currency
    region: Region
    holder: str
    details: tuple[Detail, ...]
    iban: str = ""
    bic: str = ""
    takes: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheque:
    """To whom cheques are made out, and where they are sent."""

    payee: str
    address: tuple[str, ...]
    currencies: tuple[str, ...] = ()

    def takes(self, code: Currency) -> bool:
        """Whether a cheque in that currency is welcome; none named means any."""
        return not self.currencies or code in self.currencies


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcTransfer:
    """What an EPC QR code says, field by field; `amount` in euros as digits and a point."""

    name: str
    iban: str
    bic: str
    amount: Money
    reference: str


def creditor_reference(number: str | None) -> str | None:
    """RF, two check digits, and the letters and digits of the invoice's number; None where it has none or too many.

    Nothing else is put in: the matcher reads what stands behind the check digits as the number itself. A mistyped
    character breaks the check digits and names nobody else's invoice.
    """
    body = "".join(each for each in (number or "").upper() if each in _LATIN)
    if not 0 < len(body) <= REFERENCE_MAX:
        return None
    return f"RF{mod_97_10.calc_check_digits(f'{body}RF')}{body}"


def in_groups(text: str) -> str:
    """Letters and digits by fours, as they are printed and read aloud."""
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def epc_transfer(account: BankAccount, amount: Money, number: str | None) -> EpcTransfer | None:
    """What the QR code of a transfer holds; None where banks could not read one: not in euros, no IBAN, no reference,
    a name too long, an amount out of bounds."""
    reference = creditor_reference(number)
    fits = len(account.holder) <= EPC_NAME_MAX and 0 < amount.minor <= EPC_MINOR_MAX
    if amount.currency != "EUR" or account.currency != "EUR" or not account.iban or reference is None or not fits:
        return None
    return EpcTransfer(name=account.holder, iban=account.iban, bic=account.bic, amount=amount, reference=reference)


_KNOWN = frozenset(
    {
        *("holder", "bank", "country", "iban", "bic", "takes", "note"),
        *("routing", "account", "account_type", "institution", "transit", "sort_code"),
    }
)


def account_of(code: Currency, values: Mapping[str, str]) -> BankAccount:
    """The account that payments in a currency go to, from its settings; SettingsError names the first that is wrong."""
    table = f"transfer_{code.lower()}"
    given = _texts(table, values, _KNOWN)
    holder = given.get("holder", "")
    if not holder:
        raise _wrong(table, "holder", "is missing: the account holder's name, exactly as the bank has it")
    region = _region(table, given)
    iban, bic = _iban(table, given), _bic(table, given)
    parts: dict[str, tuple[str, str]] = {"holder": (holder, holder)}
    for name in ("bank", "country"):
        if given.get(name):
            parts[name] = (given[name], given[name])
    parts |= _numbers(table, region, given)
    if iban:
        parts["iban"] = (iban, in_groups(iban))
    if bic:
        parts["bic"] = (bic, bic)
    if given.get("account_type"):
        parts["account_type"] = (given["account_type"], given["account_type"])
    return BankAccount(
        currency=code,
        region=region,
        holder=holder,
        details=tuple(Detail(code=name, copied=copied, shown=shown) for name, (copied, shown) in parts.items()),
        iban=iban,
        bic=bic,
        takes=given.get("takes", ""),
        note=given.get("note", ""),
    )


def cheque_of(values: Mapping[str, str]) -> Cheque:
    """How cheques reach the seller; SettingsError names what is missing. The address is one text, see `lines_of`."""
    given = _texts("cheque", values, frozenset({"payee", "address", "currencies"}))
    for name in ("payee", "address"):
        if not given.get(name):
            raise _wrong("cheque", name, "is missing")
    return Cheque(
        payee=given["payee"],
        address=lines_of(given["address"]),
        currencies=tuple(given.get("currencies", "").upper().replace(",", " ").split()),
    )


def lines_of(address: str) -> tuple[str, ...]:
    """The lines of an address that is written in one, parted by semicolons."""
    return tuple(line for part in address.split(";") if (line := part.strip()))


def _texts(table: str, values: Mapping[str, str], known: frozenset[str]) -> dict[str, str]:
    """The settings of a table, trimmed; none unknown, none too long, no control characters."""
    for name, value in values.items():
        if name not in known:
            raise SettingsError(
                f"There is no setting {name[:40]!r} in [{table}].",
                next_step=f"Those there are: {', '.join(sorted(known))}.",
            )
        if any(unicodedata.category(each).startswith("C") for each in value):
            raise _wrong(table, name, "holds a line break or another control character")
        if len(value.strip()) > TEXT_MAX:
            raise _wrong(table, name, f"has more than {TEXT_MAX} characters")
    return {name: value.strip() for name, value in values.items()}


def _region(table: str, given: Mapping[str, str]) -> Region:
    """Told by which numbers are given; numbers of two regions are refused."""
    marks = {"routing": Region.US, "transit": Region.CANADA, "sort_code": Region.UK}
    found = [region for name, region in marks.items() if given.get(name)]
    if len(found) > 1:
        raise _wrong(table, "routing", "stands beside a transit number or a sort code: an account has one of them")
    if found:
        return found[0]
    if given.get("iban"):
        return Region.IBAN
    if given.get("account"):
        return Region.OTHER
    raise _wrong(table, "account", "is missing: an iban, or an account with routing, transit or sort_code")


def _numbers(table: str, region: Region, given: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What names the account, as copied and as shown."""
    match region:
        case Region.US:
            routing = _digits(table, given, "routing", (9, 9))
            if not aba_check.is_valid(routing):
                raise _wrong(table, "routing", "is not a routing number: its check digit does not fit")
            return {"routing": (routing, routing), "account": _twice(_digits(table, given, "account", (4, 17)))}
        case Region.CANADA:
            return {
                "institution": _twice(_digits(table, given, "institution", (3, 3))),
                "transit": _twice(_digits(table, given, "transit", (5, 5))),
                "account": _twice(_digits(table, given, "account", (7, 12))),
            }
        case Region.UK:
            sort_code = _digits(table, given, "sort_code", (6, 6))
            shown = "-".join(sort_code[at : at + 2] for at in (0, 2, 4))
            return {
                "sort_code": (sort_code, shown),
                "account": _twice(_digits(table, given, "account", (8, 8))),
            }
        case Region.IBAN | Region.OTHER:
            return {"account": _twice(given["account"])} if given.get("account") else {}


def _twice(text: str) -> tuple[str, str]:
    return text, text


def _digits(table: str, given: Mapping[str, str], name: str, length: tuple[int, int]) -> str:
    """Digits only, as many as there must be; spaces and hyphens between them are left out."""
    digits = given.get(name, "").replace(" ", "").replace("-", "")
    low, high = length
    if not (digits.isascii() and digits.isdecimal() and low <= len(digits) <= high):
        raise _wrong(table, name, f"must have {low} digits" if low == high else f"must have {low} to {high} digits")
    return digits


def _iban(table: str, given: Mapping[str, str]) -> str:
    if not given.get("iban"):
        return ""
    try:
        return str(iban_check.validate(given["iban"]))
    except ValidationError:
        raise _wrong(table, "iban", "is not an IBAN: its length or its check digits do not fit") from None


def _bic(table: str, given: Mapping[str, str]) -> str:
    if not given.get("bic"):
        return ""
    try:
        return str(bic_check.validate(given["bic"]))
    except ValidationError:
        raise _wrong(table, "bic", "is not a BIC: it has 8 or 11 letters and digits") from None


def _wrong(table: str, name: str, why: str) -> SettingsError:
    return SettingsError(
        f"The setting {name} of [{table}] {why}.",
        next_step="Correct it in settings.toml; payers copy what stands there.",
    )
