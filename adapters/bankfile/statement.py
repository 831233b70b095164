"""What a bank's statement says, whatever kind of file it stands in: as values. Pure.

An amount is in minor units; what came in is above nought. A line that is not booked is no line here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connector.money import Currency, MoneyError, from_text

_PLAIN = re.compile(r"[-+]?[0-9]{1,15}(\.[0-9]{1,5})?")


class Nature(StrEnum):
    """What moved the money, by the bank's own code or words. OTHER: nobody says."""

    TRANSFER = "transfer"
    CHEQUE = "cheque"
    COLLECTED = "collected"
    RETURN = "return"
    CARDS = "cards"
    FEE = "fee"
    INTEREST = "interest"
    OWN = "own"
    OTHER = "other"


class Format(StrEnum):
    """The kind of file."""

    CAMT = "camt.053"
    OFX = "ofx"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One movement of the account; of a batch that the bank lists, one for each payment in it.

    `other` and `account` are who is at its other end. `reference` is the structured reference of the creditor,
    `end_to_end` what the payer's own system called it, `bank_ref` what the bank calls it. `original` is what first came
    in where less or more goes back (a return with a charge), `cause` why it went back. `place` is its line in the file.
    """

    on: date
    amount: int
    nature: Nature
    other: str = ""
    account: str = ""
    text: str = ""
    reference: str = ""
    end_to_end: str = ""
    bank_ref: str = ""
    code: str = ""
    cause: str = ""
    original: int | None = None
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A stretch of days of one account. `account` is "" where the file does not say. `opening` and `closing` are None
    where it says no such balance. `made` is when the bank wrote it, "" where it does not say. `whole`: the bank says
    that it is all of these days; else the first and the last may lack something."""

    file: str
    format: Format
    account: str
    currency: Currency
    first: date
    last: date
    lines: tuple[Line, ...]
    opening: int | None = None
    closing: int | None = None
    made: str = ""
    number: str = ""
    whole: bool = False

    def covers(self, day: date) -> bool:
        """Whether it must hold everything of that day."""
        return self.first <= day <= self.last if self.whole else self.first < day < self.last


def exact(text: str, code: Currency) -> int | None:
    """The minor units of a plain decimal number; None where it is none, or has more digits than the currency."""
    if not _PLAIN.fullmatch(text):
        return None
    try:
        return from_text(text, code).minor
    except MoneyError:
        return None
