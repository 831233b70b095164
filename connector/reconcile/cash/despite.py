"""Numbers that agree to the cent, although the payer's name looks like another customer's, or its account was learned
to be another's: as long as nobody knew the account they would have been enough, and it may be used for several."""

from __future__ import annotations

from connector.reconcile.cash.entered import NAMED_MAX, UNSURE
from connector.reconcile.cash.numbers import How, Mention
from connector.reconcile.cash.payers import CONTRADICTED, Basis
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Verdict

LONG_MIN = 5
"""A shorter number is too often another's by a slip."""


def despite_name(at: Standing, place: int) -> Verdict | None:
    """Whole numbers of one customer whose amount agrees, by a payer who is not surely another: that is mistaken then,
    not both numbers and amount. A single number only where no other item has its amount."""
    if not _has_unsure_name(at, place):
        return None
    receipt = at.case.receipts[place]
    is_learned = at.payer[place].basis in (Basis.LEARNED, Basis.LEARNED_NAME)
    found: dict[int, None] = {}
    for mention in at.reading[place].mentions[: NAMED_MAX + 1]:
        item = mention.items[0]
        if len(mention.items) > 1 or not (is_learned or _is_long(at, mention)):
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


def _is_long(at: Standing, mention: Mention) -> bool:
    """Whether a number stands there whole, and is long enough to be no slip."""
    return mention.how <= How.DIGITS and len(at.numbers.digits_of(mention.items[0])) >= LONG_MIN


def _has_unsure_name(at: Standing, place: int) -> bool:
    payer = at.payer[place]
    if payer.basis is Basis.LEARNED and at.receipts[place].payer_name:
        return False
    return at.is_silent_but(place) and (payer.basis in UNSURE if payer.group >= 0 else bool(payer.among))
