"""What a payment in part looks like by its sum alone: why it may be short. It decides nothing."""

from __future__ import annotations

from connector.model.allocation import Shortfall

ROUNDING_MINOR_MAX = 5
FEE_MINOR_MAX, FEE_ROUND, FEE_SHARE_MAX = 5_000, 50, 20
"""What a bank keeps is a round sum, and the twentieth part at most."""
DISCOUNTS_BP = (100, 150, 200, 250, 300, 500)
ALL_BP = 10_000

WORDS = {
    Shortfall.ROUNDING: "rounding",
    Shortfall.BANK_CHARGE: "kept by a bank",
    Shortfall.DISCOUNT: "a discount",
    Shortfall.WITHHOLDING: "tax withheld",
    Shortfall.PRICE: "another price agreed",
    Shortfall.SHORT_SHIPMENT: "not all was delivered",
    Shortfall.DAMAGED: "damaged goods",
    Shortfall.RETURNED: "goods returned",
    Shortfall.CREDIT: "a credit note is expected",
    Shortfall.DISPUTED: "disputed",
    Shortfall.REST_FOLLOWS: "the rest follows",
    Shortfall.UNKNOWN: "no reason given",
}


def likely(open_: int, short: int) -> Shortfall:
    """What a difference looks like, in minor units: `short` of what was open is missing."""
    if 0 < short <= ROUNDING_MINOR_MAX:
        return Shortfall.ROUNDING
    if any((open_ * rate + ALL_BP // 2) // ALL_BP == short for rate in DISCOUNTS_BP):
        return Shortfall.DISCOUNT
    if short <= FEE_MINOR_MAX and short % FEE_ROUND == 0 and short * FEE_SHARE_MAX <= open_:
        return Shortfall.BANK_CHARGE
    return Shortfall.UNKNOWN
