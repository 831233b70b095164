"""Why a receipt was not decided: one of a closed list of reasons, in a sentence, with what to do next.

Asked of the state that is left when nothing more follows, so the rivals it names are those that really stood in the
way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.money import Money, currency, grouped
from connector.reconcile.cash import sums
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
    SEVERAL_PAYERS = "several-payers"
    SAME_AMOUNT_AGAIN = "same-amount-again"
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
    Reason.SEVERAL_PAYERS: "Say which of them it is; later payments from the account are then known.",
    Reason.SAME_AMOUNT_AGAIN: "Ask whether it was paid twice; if it was not, allocate it by hand.",
    Reason.NOTHING_OPEN: "Keep it on account, or ask what it is for.",
    Reason.EQUAL_ITEMS: "Choose one; or allow oldest first among identical invoices.",
    Reason.AMOUNT_FITS_NOTHING: "Ask the payer what it pays.",
    Reason.NOT_IDENTIFIED: "Ask the payer for a list: too many sets of invoices have such a sum.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """Why nothing was decided, and the items that would have to be chosen between; `sets` where they are sets."""

    receipt: int
    reason: Reason
    sentence: str
    rivals: tuple[int, ...] = ()
    sets: tuple[tuple[int, ...], ...] = ()

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
    return _about_amount(at, place)


def _about_amount(at: Standing, place: int) -> Question:
    """Why the amount alone does not say it."""
    payer = at.payer[place]
    if payer.among:
        names = " or ".join(sorted(at.case.parties[group].name for group in payer.among))
        return Question(place, Reason.SEVERAL_PAYERS, f"It names no invoice, and its payer may be {names}.")
    if payer.group < 0:
        return Question(place, Reason.UNKNOWN_PAYER, "It names no invoice, and nobody knows who paid it.")
    opened = at.opened(place, payer.group)
    if not opened:
        return Question(place, Reason.NOTHING_OPEN, "It names no invoice, and nothing of its payer is open.")
    return _about_open(at, place, opened)


def _about_open(at: Standing, place: int, opened: Sequence[int]) -> Question:
    """Why none of what is open for a known payer is meant for sure."""
    receipt, payer = at.case.receipts[place], at.payer[place]
    equal = [item for item in opened if at.left[item] == receipt.amount]
    if equal:
        before = at.before(place, payer.group)
        if len(equal) == 1 and before >= 0:
            said = f"It names no invoice, and the same payer sent as much with {at.case.receipts[before].id} before."
            return Question(place, Reason.SAME_AMOUNT_AGAIN, said, tuple(equal))
        listed = _listed(at, equal)
        return Question(place, Reason.EQUAL_ITEMS, f"It names no invoice, and its amount fits {listed}.", tuple(equal))
    if receipt.amount > sum(max(at.left[item], 0) for item in opened):
        return Question(place, Reason.AMOUNT_FITS_NOTHING, "It is more than everything its payer has open.")
    said = f"It names no invoice, and no one set of its payer's {len(opened)} is its amount."
    sets = _sets(at, opened, receipt.amount)
    if len(sets) > 1:
        either = ", or ".join(_listed(at, one) for one in sets)
        said = f"It names no invoice, and its amount is that of {either}."
    rivals = tuple(dict.fromkeys(item for one in sets for item in one))
    return Question(place, Reason.NOT_IDENTIFIED, said, rivals, sets)


def _sets(at: Standing, opened: Sequence[int], wanted: int) -> tuple[tuple[int, ...], ...]:
    """The first sets of items that are the amount, where they are few enough to look."""
    amounts = [at.left[item] for item in opened]
    found = sums.pairs(amounts, wanted) if len(opened) <= sums.PAIRS_AMONG_MAX else []
    if len(opened) <= sums.SEARCHED_MAX and len(found) < sums.FOUND_MAX:
        found += sums.subsets(amounts, wanted)
    return tuple(tuple(opened[one] for one in each) for each in found[: sums.FOUND_MAX])


def _about_text(at: Standing, place: int, named: Sequence[int]) -> Question:
    """What is wrong with the numbers in a text."""
    receipt, reading = at.case.receipts[place], at.reading[place]
    still = [item for item in named if at.left[item]]
    if reading.cut:
        return Question(place, Reason.CUT_TEXT, "Its text was cut in the middle of a number.", tuple(still))
    if named and not still:
        listed = _listed(at, named)
        return Question(place, Reason.NAMED_CLOSED, f"It names {listed}, on which nothing is open.", tuple(named))
    if still:
        code = currency(receipt.currency)
        total = grouped(Money(sum(at.left[item] for item in still), code))
        brings = grouped(Money(receipt.amount, code))
        sentence = f"It names {_listed(at, still)}, of which {total} is open, and brings {brings}."
        return Question(place, Reason.NAMED_OTHER_AMOUNT, sentence, tuple(still))
    if reading.mentions:
        others = reading.mentions[0].items
        sentence = f"It names {_listed(at, others)}, which is another customer's."
        return Question(place, Reason.CONTRADICTION, sentence, others)
    return Question(place, Reason.UNKNOWN_NUMBER, f"It names {reading.strange[0]}, and no invoice has that number.")


def _listed(at: Standing, items: Sequence[int]) -> str:
    shown = ", ".join(at.case.items[item].number for item in items[:SHOWN_MAX])
    return shown + (f" and {len(items) - SHOWN_MAX} more" if len(items) > SHOWN_MAX else "")
