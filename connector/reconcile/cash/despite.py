"""Long numbers that agree to the cent, although the payer's name looks like another customer's."""

from __future__ import annotations

from connector.reconcile.cash.numbers import How
from connector.reconcile.cash.payers import CONTRADICTED, Basis
from connector.reconcile.cash.standing import NAMED_MAX, Standing
from connector.reconcile.cash.verdict import Class, Verdict

LONG_MIN = 5
"""A shorter number is too often another's by a slip."""
UNSURE = frozenset({Basis.CUT_NAME, Basis.NEAR_NAME, Basis.LEARNED_NAME})


def despite_name(at: Standing, place: int) -> Verdict | None:
    """Whole numbers of one customer whose amount agrees, by a payer whose name is only like another's: the name is
    misread then, not both. A single number only where no other item has its amount."""
    if not _has_unsure_name(at, place):
        return None
    receipt = at.case.receipts[place]
    found: dict[int, None] = {}
    for mention in at.reading[place].mentions[: NAMED_MAX + 1]:
        item = mention.items[0]
        if len(mention.items) > 1 or mention.how > How.DIGITS or len(at.numbers.digits_of(item)) < LONG_MIN:
            return None
        if at.left[item] <= 0 or at.case.items[item].currency != receipt.currency:
            return None
        found[item] = None
    taken = list(found)
    if not 0 < len(taken) <= NAMED_MAX or not at.is_one_group(taken):
        return None
    if sum(at.left[item] for item in taken) != receipt.amount or (len(taken) == 1 and at.alike(taken[0]) > 1):
        return None
    return at.verdict(place, Class.REFERENCE, taken)._replace(payer=CONTRADICTED)


def _has_unsure_name(at: Standing, place: int) -> bool:
    payer = at.payer[place]
    return at.is_silent_but(place) and (payer.basis in UNSURE if payer.group >= 0 else bool(payer.among))
