"""Why a receipt was not decided: one of a closed list of reasons, in a sentence, with what to do next.

Asked of the state that is left when nothing more follows, so the rivals it names are those that really stood in the
way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.reconcile.cash.case import ReceiptKind
from connector.reconcile.cash.standing import Standing

SHOWN_MAX = 5


class Reason(StrEnum):
    """What kept a receipt from being decided."""

    NO_ORIGINAL = "no-original"
    STALE_KEY = "stale-key"
    CONTRADICTION = "contradiction"
    NAMED_CLOSED = "named-closed"
    NAMED_OTHER_AMOUNT = "named-other-amount"
    UNKNOWN_NUMBER = "unknown-number"
    CUT_TEXT = "cut-text"
    UNKNOWN_PAYER = "unknown-payer"
    NOTHING_OPEN = "nothing-open"
    EQUAL_ITEMS = "equal-items"
    AMOUNT_FITS_NOTHING = "amount-fits-nothing"
    NOT_IDENTIFIED = "not-identified"


_NEXT = {
    Reason.NO_ORIGINAL: "Decide the payment that went back first.",
    Reason.STALE_KEY: "Ask what it pays: it may be a second payment.",
    Reason.CONTRADICTION: "Ask the payer for the right number.",
    Reason.NAMED_CLOSED: "It may be a second payment: refund it, or keep it as credit.",
    Reason.NAMED_OTHER_AMOUNT: "Ask the payer how to divide it, or allocate it by hand.",
    Reason.UNKNOWN_NUMBER: "Ask the payer for the invoice number.",
    Reason.CUT_TEXT: "Ask the payer for the whole list of what it pays.",
    Reason.UNKNOWN_PAYER: "Say whose account this is; later payments from it are then known.",
    Reason.NOTHING_OPEN: "Keep it on account, or ask what it is for.",
    Reason.EQUAL_ITEMS: "Choose one; or allow oldest first among identical invoices.",
    Reason.AMOUNT_FITS_NOTHING: "Ask the payer what it pays.",
    Reason.NOT_IDENTIFIED: "Ask the payer for a list: too many sets of invoices have such a sum.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """Why nothing was decided, and the items that would have to be chosen between."""

    receipt: int
    reason: Reason
    sentence: str
    rivals: tuple[int, ...] = ()

    @property
    def next_step(self) -> str:
        return _NEXT[self.reason]


def question(at: Standing, place: int) -> Question:
    """Why that receipt was not decided."""
    receipt = at.case.receipts[place]
    if receipt.kind is not ReceiptKind.PAYMENT:
        return Question(place, Reason.NO_ORIGINAL, "What went back is not known to have settled anything.")
    if receipt.key and (known := at.item_of.get(receipt.key)) is not None and not at.left[known]:
        number = at.case.items[known].number
        return Question(place, Reason.STALE_KEY, f"Its stored key names {number}, on which nothing is open.", (known,))
    reading = at.reading[place]
    named = at.named(place)
    if reading.mentions or reading.strange or reading.cut:
        return _about_text(at, place, named)
    group = at.payer[place].group
    if group < 0:
        return Question(place, Reason.UNKNOWN_PAYER, "It names no invoice, and nobody knows who paid it.")
    opened = at.opened(place, group)
    if not opened:
        return Question(place, Reason.NOTHING_OPEN, "It names no invoice, and nothing of its payer is open.")
    equal = [item for item in opened if at.left[item] == receipt.amount]
    if equal:
        listed = _listed(at, equal)
        return Question(place, Reason.EQUAL_ITEMS, f"It names no invoice, and its amount fits {listed}.", tuple(equal))
    if receipt.amount > sum(max(at.left[item], 0) for item in opened):
        return Question(place, Reason.AMOUNT_FITS_NOTHING, "It is more than everything its payer has open.")
    return Question(
        place, Reason.NOT_IDENTIFIED, f"It names no invoice, and no one set of its payer's {len(opened)} is its amount."
    )


def _about_text(at: Standing, place: int, named: list[int]) -> Question:
    """What is wrong with the numbers in a text."""
    receipt, reading = at.case.receipts[place], at.reading[place]
    still = [item for item in named if at.left[item]]
    if reading.cut:
        return Question(place, Reason.CUT_TEXT, "Its text was cut in the middle of a number.", tuple(still))
    if named and not still:
        listed = _listed(at, named)
        return Question(place, Reason.NAMED_CLOSED, f"It names {listed}, on which nothing is open.", tuple(named))
    if still:
        total = sum(at.left[item] for item in still)
        sentence = f"It names {_listed(at, still)}, of which {total} is open, and brings {receipt.amount}."
        return Question(place, Reason.NAMED_OTHER_AMOUNT, sentence, tuple(still))
    if reading.mentions:
        others = reading.mentions[0].items
        sentence = f"It names {_listed(at, others)}, which is another customer's."
        return Question(place, Reason.CONTRADICTION, sentence, others)
    return Question(place, Reason.UNKNOWN_NUMBER, f"It names {reading.strange[0]}, and no invoice has that number.")


def _listed(at: Standing, items: list[int] | tuple[int, ...]) -> str:
    shown = ", ".join(at.case.items[item].number for item in items[:SHOWN_MAX])
    return shown + (f" and {len(items) - SHOWN_MAX} more" if len(items) > SHOWN_MAX else "")
