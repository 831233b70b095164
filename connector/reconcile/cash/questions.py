"""Why a receipt was not decided: a code of the closed list, in a sentence, with what to do next and the rivals.

Asked of the state that is left when nothing more follows, so the rivals it names are those that really stood in the
way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.model.allocation import Shortfall
from connector.model.finding import FindingCode
from connector.money import Money, currency, grouped
from connector.reconcile.cash import sums
from connector.reconcile.cash.case import ReceiptKind
from connector.reconcile.cash.lacking import WORDS, likely
from connector.reconcile.cash.nextsteps import NEXT
from connector.reconcile.cash.standing import Standing

SHOWN_MAX = 5
EQUAL_MAX = 20


@dataclass(frozen=True, slots=True)
class Question:
    """Why nothing was decided, and the items that would have to be chosen between; `sets` where they are sets. `of`:
    the receipt that this one may repeat, -1 when it may repeat none."""

    receipt: int
    code: FindingCode
    sentence: str
    rivals: tuple[int, ...] = ()
    sets: tuple[tuple[int, ...], ...] = ()
    of: int = -1

    @property
    def next_step(self) -> str:
        return NEXT[self.code]


def question(at: Standing, place: int) -> Question:
    """Why that receipt was not decided."""
    receipt = at.case.receipts[place]
    if receipt.kind is not ReceiptKind.PAYMENT:
        return _about_return(at, place)
    key = at.item_of.get(receipt.key, -1)
    if key >= 0:
        return _about_key(at, place, key)
    reading = at.reading[place]
    if reading.mentions or reading.strange or reading.cut:
        return _about_text(at, place, at.named(place))
    return _about_amount(at, place)


def _about_return(at: Standing, place: int) -> Question:
    """Why money that went back takes nothing back."""
    related = at.case.receipts[place].related
    original = at.receipt_at.get(related, -1)
    if original < 0:
        said = "It went back, and does not say which payment it was."
        if related:
            said = f"It went back, and the payment {related} it came from is not there."
    elif original not in at.verdicts:
        said = f"It went back, and what {related} had paid is not decided."
    else:
        said = f"It went back, and is only a part of what {related} had paid, or more than that."
    return Question(place, FindingCode.NO_ORIGINAL, said, of=original)


def _about_key(at: Standing, place: int, key: int) -> Question:
    """Why a stored key was not enough."""
    receipt, item = at.case.receipts[place], at.case.items[key]
    number = item.number or item.id
    if not at.left[key]:
        said = f"Its stored key is that of {number}, on which nothing is open."
        return Question(place, FindingCode.STALE_KEY, said, (key,))
    if item.currency != receipt.currency:
        said = f"Its stored key is that of {number}, which is in {item.currency}; it brings {receipt.currency}."
        return Question(place, FindingCode.WRONG_CURRENCY, said, (key,))
    others = [one for one in at.named(place) if one != key and at.left[one]]
    if others:
        said = f"Its stored key is that of {number}, and its text names {listed(at, others)}."
        return Question(place, FindingCode.REUSED_KEY, said, (key, *others))
    if at.is_vetoed(at.payer[place], at.group[key]):
        said = f"Its stored key is that of {number}, which is another customer's."
        return Question(place, FindingCode.WRONG_CUSTOMER, said, (key,))
    heap = at.heap(place, at.group[key])
    equal = heap.exact(receipt.amount, receipt.on, EQUAL_MAX) if heap is not None else []
    left = _amount(at, place, at.left[key])
    said = f"Its stored key is that of {number}, of which {left} is open, and it brings {_brings(at, place)}"
    if equal:
        said += f", which is what {listed(at, equal)} {_comes(equal)} to."
        return Question(place, FindingCode.REUSED_KEY, said, (key, *equal))
    return Question(place, FindingCode.OTHER_AMOUNT, f"{said}{_looks(at, place, (key,))}.", (key,))


def _about_amount(at: Standing, place: int) -> Question:
    """Why the amount alone does not say it."""
    payer = at.payer[place]
    if payer.among:
        names = " or ".join(sorted(at.case.parties[group].name for group in payer.among))
        equal = _equal(at, place, payer.among)
        said = f"It names no invoice, and its payer may be {names}."
        if equal:
            said = f"It names no invoice, its payer may be {names}, and its amount fits {listed(at, equal)}."
        return Question(place, FindingCode.SEVERAL_PAYERS, said, equal)
    if payer.group < 0:
        return Question(place, FindingCode.UNKNOWN_PAYER, "It names no invoice, and nobody knows who paid it.")
    opened = at.opened(place, payer.group)
    if not opened:
        said = "It names no invoice, and nothing of its payer is open."
        return Question(place, FindingCode.NOTHING_OPEN, said)
    return _about_open(at, place, opened)


def _about_open(at: Standing, place: int, opened: Sequence[int]) -> Question:
    """Why none of what is open for a known payer is meant for sure."""
    receipt, payer = at.case.receipts[place], at.payer[place]
    equal = _equal(at, place, (payer.group,))
    if equal:
        before = at.before(place, payer.group)
        if len(equal) == 1 and before >= 0:
            said = f"It names no invoice, and the same payer sent as much with {at.case.receipts[before].id} before."
            return Question(place, FindingCode.SAME_AMOUNT_AGAIN, said, equal, of=before)
        said = f"It names no invoice, and its amount fits {listed(at, equal)}."
        return Question(place, FindingCode.EQUAL_ITEMS, said, equal)
    if receipt.amount > sum(max(at.left[item], 0) for item in opened):
        return Question(place, FindingCode.FITS_NOTHING, "It is more than everything its payer has open.")
    said = f"It names no invoice, and no one set of its payer's {len(opened)} open ones is its amount."
    if len(opened) == 1:
        said = f"It names no invoice, and is not the amount of {listed(at, opened)}, the only one its payer has open."
    sets = _sets(at, opened, receipt.amount)
    if len(sets) > 1:
        either = ", or ".join(listed(at, one) for one in sets)
        said = f"It names no invoice, and its amount is that of {either}."
    rivals = tuple(dict.fromkeys(item for one in sets for item in one))
    return Question(place, FindingCode.NOT_IDENTIFIED, said, rivals, sets)


def _equal(at: Standing, place: int, groups: Sequence[int]) -> tuple[int, ...]:
    """The open items of these groups that are the amount."""
    receipt = at.case.receipts[place]
    heaps = [heap for group in groups if (heap := at.heap(place, group)) is not None]
    return tuple(item for heap in heaps for item in heap.exact(receipt.amount, receipt.on, EQUAL_MAX))


def _sets(at: Standing, opened: Sequence[int], wanted: int) -> tuple[tuple[int, ...], ...]:
    """The first sets of items that are the amount, where they are few enough to look."""
    amounts = [at.left[item] for item in opened]
    found = sums.pairs(amounts, wanted) if len(opened) <= sums.PAIRS_AMONG_MAX else []
    if len(opened) <= sums.SEARCHED_MAX and len(found) < sums.FOUND_MAX:
        found += sums.subsets(amounts, wanted)
    return tuple(tuple(opened[one] for one in each) for each in found[: sums.FOUND_MAX])


def _about_text(at: Standing, place: int, named: Sequence[int]) -> Question:
    """What is wrong with the numbers in a text."""
    reading = at.reading[place]
    still = tuple(item for item in named if at.left[item])
    if reading.cut:
        said = f"Its text breaks off inside a number, after “{reading.cut}”."
        return Question(place, FindingCode.CUT_TEXT, said, still)
    if named and not still:
        said = f"It names {listed(at, named)}, on which nothing is open."
        return Question(place, FindingCode.ALREADY_SETTLED, said, tuple(named))
    if still:
        total = _amount(at, place, sum(at.left[item] for item in still))
        said = f"It names {listed(at, still)}, of which {total} is open, and brings {_brings(at, place)}"
        said += f"{_looks(at, place, still)}."
        return Question(place, FindingCode.OTHER_AMOUNT, said, still)
    if reading.mentions:
        return _about_others(at, place, reading.mentions[0].items)
    said = f"It names {reading.strange[0]}, and no invoice has that number."
    return Question(place, FindingCode.UNKNOWN_REFERENCE, said)


def _looks(at: Standing, place: int, still: Sequence[int]) -> str:
    """What is missing of one item, and what that looks like; "" where it looks like nothing."""
    receipt, left = at.case.receipts[place], at.left[still[0]]
    short = left - receipt.amount
    if len(still) > 1 or short <= 0 or at.case.items[still[0]].currency != receipt.currency:
        return ""
    guess = likely(left, short)
    return (
        f"; the {_amount(at, place, short)} missing looks like {WORDS[guess]}" if guess is not Shortfall.UNKNOWN else ""
    )


def _about_others(at: Standing, place: int, others: Sequence[int]) -> Question:
    """A number that none of the payer's items in this currency has."""
    receipt, payer, items = at.case.receipts[place], at.payer[place], at.case.items
    own = tuple(item for item in others if not at.is_vetoed(payer, at.group[item]))
    foreign = tuple(item for item in own if items[item].currency != receipt.currency)
    if foreign and len(foreign) == len(own):
        said = f"It names {listed(at, foreign)}, in {items[foreign[0]].currency}; it brings {receipt.currency}."
        return Question(place, FindingCode.WRONG_CURRENCY, said, foreign)
    if len(own) > 1:
        said = f"It names a number that {len(own)} invoices have: {listed(at, own)}."
        return Question(place, FindingCode.AMBIGUOUS, said, own)
    theirs = "is another customer's" if len(others) == 1 else "are other customers'"
    said = f"It names {listed(at, others)}, which {theirs}."
    return Question(place, FindingCode.WRONG_CUSTOMER, said, tuple(others))


def listed(at: Standing, items: Sequence[int]) -> str:
    """Their numbers, as one says them."""
    names = [at.case.items[item].number or at.case.items[item].id for item in items]
    if len(names) > SHOWN_MAX:
        return f"{', '.join(names[:SHOWN_MAX])} and {len(names) - SHOWN_MAX} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _comes(items: Sequence[int]) -> str:
    return "comes" if len(items) == 1 else "come"


def _brings(at: Standing, place: int) -> str:
    return _amount(at, place, at.case.receipts[place].amount)


def _amount(at: Standing, place: int, minor: int) -> str:
    return grouped(Money(minor, currency(at.case.receipts[place].currency)))
