"""Files that people download from a system: how one is known by its header, and what its columns and words mean.

An adapter declares the files of its system with these values (`AdapterSpec.exports`); the core reads any of them. A
header is compared in lower case. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Tells(StrEnum):
    """What a file is about."""

    OPEN_ITEMS = "open items"
    BALANCE = "balance lines"
    PAYOUTS = "payouts"
    PAYMENTS = "payments"


class Means(StrEnum):
    """What one line of a file is, by the word in its column `type`."""

    INVOICE = "invoice"
    CREDIT = "credit memo"
    ON_ACCOUNT = "on account"
    """It stands among the open items and is no document that a payment settles."""
    RECEIPT = "payment"
    LESS = "less of a payment"
    """A part of a payment that was never taken."""
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    PAYOUT = "payout"
    PAYOUT_BACK = "payout that came back"
    OTHER = "nothing that settles an invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One kind of file.

    `columns` maps what we call a column to what its header may be, the best first; `needed` are those without which it
    is another file. `titles` are words above the header that tell it from another with the same columns. `words` maps
    the words of the column `type`; one that is not there is refused where `closed`, else it is nothing that settles an
    invoice. `totalled`: its last line is the total of all others. `own` begins (`payment_metadata[`) or ends
    (` (metadata)`) the header of columns that the firm filled itself.
    """

    title: str
    tells: Tells
    columns: Mapping[str, tuple[str, ...]]
    needed: frozenset[str]
    words: Mapping[str, Means]
    titles: tuple[str, ...] = ()
    closed: bool = False
    totalled: bool = False
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """All that can be downloaded from one system. `at_the_bank` are words by which a bank's text shows that money came
    from this system and not from a customer; `name` is the system's own word."""

    name: str
    layouts: tuple[Layout, ...]
    at_the_bank: tuple[str, ...] = field(default=())
