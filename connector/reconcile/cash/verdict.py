"""What the engine decides, and what each decision stands on."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from connector.reconcile.cash.payers import NOBODY, Payer


class Class(StrEnum):
    """What a decision stands on."""

    KEY = "key"
    REFERENCE = "reference"
    REFERENCE_ADJUSTED = "reference-adjusted"
    REFERENCE_CREDIT = "reference-credit"
    REFERENCE_SUBSET = "reference-subset"
    COMPLETION = "completion"
    NEAR_MISS = "near-miss"
    INSTALMENT = "instalment"
    PARTIAL = "partial"
    OVER = "over"
    AMOUNT = "amount"
    ALL_DUE = "all-due"
    SUBSET = "subset"
    AMOUNT_TERMS = "amount-terms"
    IDENTICAL = "identical"
    CONVERTED = "converted"
    DUPLICATE = "duplicate"
    REVERSAL = "reversal"


class Share(NamedTuple):
    """What a receipt gives an item: `pay` of its own money, `applied` to the item, an adjustment between them. `open`
    is what was open on the item at that moment."""

    item: int
    pay: int
    applied: int
    open: int = 0


class Verdict(NamedTuple):
    """A decision, by the places of receipt and items in the case, with what it stood on when it was taken.

    `adjustment` names the permitted difference, "" when there is none. `considered` are the items that were looked
    through for another explanation, `opens` what was open on each; where there were very many, those nearest to the
    amount. `counted` says how many there were. `accidents_ppm`: how many accidental answers were to be expected in
    the family that was searched, in millionths. `of` is the receipt that this one repeats, undoes or completes, or the
    last of several that are identical.
    `rate`: where the items are in another currency, so many minor units of the receipt's (numerator) for so many of
    theirs (denominator), and the day of that rate.
    """

    receipt: int
    kind: Class
    shares: tuple[Share, ...]
    unapplied: int
    adjustment: str = ""
    payer: Payer = NOBODY
    considered: tuple[int, ...] = ()
    opens: tuple[int, ...] = ()
    counted: int = 0
    accidents_ppm: int = 0
    of: int = -1
    rate: tuple[int, int, int] | None = None
