"""How a bank's file is to be read, as a person wrote it down in a small TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.errors import UserError
from connector.exports.days import ORDERS
from connector.exports.grid import contents
from connector.money import DIGITS

_PROPOSE = "See a proposal: receivables match --bank FILE --suggest-map."
_LISTS = frozenset({"text", "money_in", "money_out"})
_DELIMITERS = {"tab": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMapping:
    """The names of a bank file's columns, and how it writes. "" where it has no such column.

    Either `amount` holds both signs, or `sign` says by one of the words `money_in` or `money_out` which way an amount
    went, or `credit` and `debit` stand apart. `currency` is a code, `currency_column` a column of codes. `decimal` and
    `dates` ("dmy", "mdy") are worked out of the file where they are not given; years of two digits need `dates`.
    `balance` is a column of what was on the account after each line: with it every amount is checked.
    """

    date: str
    amount: str = ""
    credit: str = ""
    debit: str = ""
    sign: str = ""
    money_in: tuple[str, ...] = ()
    money_out: tuple[str, ...] = ()
    payer: str = ""
    text: tuple[str, ...] = ()
    account: str = ""
    id: str = ""
    balance: str = ""
    currency: str = ""
    currency_column: str = ""
    delimiter: str = ","
    encoding: str = ""
    decimal: str = ""
    dates: str = ""

    def columns(self) -> tuple[str, ...]:
        """Every column that the file must have."""
        single = (
            self.date, self.amount, self.credit, self.debit, self.sign, self.payer, self.account, self.id,
            self.balance, self.currency_column,
        )  # fmt: skip
        return tuple(filter(None, (*single, *self.text)))


def read_mapping(path: Path) -> BankMapping:
    """A mapping from its file; UserError says what is wrong with it."""
    try:
        held = tomllib.loads(contents(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise UserError(f"{path.name} is no readable TOML ({str(fault)[:80]}).", next_step=_PROPOSE) from None
    return _mapping(path.name, held)


def _mapping(name: str, held: Mapping[str, object]) -> BankMapping:
    known = BankMapping.__dataclass_fields__
    values: dict[str, str | tuple[str, ...]] = {}
    for key, value in held.items():
        if key not in known:
            _refuse(name, f"{key[:40]!r} is nothing that a mapping holds; it holds {', '.join(known)}")
        if key in _LISTS:
            words = value if isinstance(value, list) else [value]
            if not all(isinstance(word, str) for word in words):
                _refuse(name, f"{key} must be a list of texts")
            values[key] = tuple(str(word) for word in words if word)
        elif isinstance(value, str):
            values[key] = value
        else:
            _refuse(name, f"{key} must be a text in quotes")
    if not values.get("date"):
        _refuse(name, "date is missing: the name of the column with the day")
    mapping = BankMapping(**values)  # type: ignore[arg-type]  # every name and type was just looked at
    _refuse_unclear(name, mapping)
    return mapping


def _refuse_unclear(name: str, mapping: BankMapping) -> None:
    apart = bool(mapping.credit or mapping.debit)
    if bool(mapping.amount) == apart:
        _refuse(name, "it must name either amount, or credit and debit")
    if apart and not (mapping.credit and mapping.debit):
        _refuse(name, "credit and debit go together")
    if bool(mapping.sign) != bool(mapping.money_in and mapping.money_out) or (mapping.sign and apart):
        _refuse(name, "sign needs amount, and the words money_in and money_out")
    if bool(mapping.currency) == bool(mapping.currency_column):
        _refuse(name, "it must name either currency, such as EUR, or currency_column")
    if mapping.currency and mapping.currency not in DIGITS:
        _refuse(name, f"{mapping.currency[:8]!r} is no currency of ISO 4217")
    if mapping.decimal not in {"", ".", ","}:
        _refuse(name, "decimal is a point or a comma")
    if mapping.dates not in {"", *ORDERS}:
        _refuse(name, f"dates is one of {', '.join(ORDERS)}")
    if len(_DELIMITERS.get(mapping.delimiter, mapping.delimiter)) != 1:
        _refuse(name, "delimiter is one character, or tab")


def delimiter_of(mapping: BankMapping) -> str:
    """The character between columns."""
    return _DELIMITERS.get(mapping.delimiter, mapping.delimiter)


def _refuse(name: str, why: str) -> None:
    raise UserError(f"{name}: {why}.", next_step=_PROPOSE)
