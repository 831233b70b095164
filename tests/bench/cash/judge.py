"""Whether what can be read about a receipt has one explanation, and that the true one.

The judge knows the truth, what was written and what was open; it knows nothing of any engine. It says what an
accountant would who has the ledger, the receipt and time: agreement proves, existence does not, and a rival forbids.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd

from tests.bench.cash.records import Receipt
from tests.bench.cash.remittance import Text, digits_of

SEARCHED_MAX = 20
"""Among so many other items every subset is counted; among more, only single ones, pairs and all."""
PAIRS_AMONG_MAX = 40
HARDLY_EVER = 1_000
"""Of so many such searches one may find something by accident: more, and what is found is no evidence."""
FEE_MINOR_MAX = 2_500
"""A bank keeps no more."""

AGREES = frozenset({"exact", "remainder", "credit", "discount", "withholding", "bank fee", "rounding", "converted"})
"""What was paid is what is open, less only what somebody permitted."""
ALONE = frozenset({"partial", "over", "late discount"})
"""What was paid is another sum than any that is open."""
WITHOUT_TEXT = frozenset({"exact", "remainder", "credit", "discount", "withholding"})
"""What an amount tells by itself, when the payer is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """What a reader has of a payment, and what it really was. `root`: whose group sent it; `known`: that this is known
    from what the ledger lists; `fits`: that the name is the sender's, though perhaps somebody else's too; `key`: how
    fresh the stored one is."""

    receipt: Receipt
    category: str
    text: Text
    key: str
    root: str
    known: bool
    fits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A receipt as it lies on the desk. `worth`: what each open item of the payer's group would bring under the terms
    that this receipt used, oldest first; `numbers`: theirs; `due`: those that were due, as strictly and
    as loosely as one may count days; `days`: when each is due; `owners`: whose each item is; `payer_fits`: whether the
    name is one of the group's, where it is not known to be nobody else's."""

    category: str
    amount: int
    meant: frozenset[str]
    text: Text
    payer_known: bool
    worth: Mapping[str, int]
    numbers: Mapping[str, str]
    due: tuple[frozenset[str], ...]
    owners: Mapping[str, str]
    days: Mapping[str, int]
    payer_fits: bool = False
    key: str = ""


def is_decidable(seen: Seen) -> bool:
    """Whether the truth follows."""
    if seen.key in ("fresh", "reused"):
        return seen.key == "fresh"
    told = set(seen.text.shown)
    shown = frozenset(item for item in seen.worth if seen.numbers[item] in told)
    if seen.text.plain and shown == seen.meant:
        alone = seen.category in ALONE and len(shown) == 1 and (seen.payer_known or seen.payer_fits)
        return seen.category in AGREES or (alone and not _has_rival(seen))
    slipped = bool(seen.text.slipped) and seen.text.whole
    tells = WITHOUT_TEXT | {"bank fee"} if slipped else WITHOUT_TEXT
    if seen.text.astray or seen.category not in tells or not shown <= seen.meant or not (seen.payer_known or shown):
        return False
    if slipped:
        return _is_near(seen, shown, FEE_MINOR_MAX if seen.category == "bank fee" else 0)
    others = [item for item in seen.worth if item not in shown]
    return _only(seen, shown, others) or (not seen.text.whole and _goes_on(seen, shown, others))


def _is_near(seen: Seen, shown: frozenset[str], kept: int = 0) -> bool:
    """Whether of the items whose number is one slip away from what was written, one only is the rest, or was so before
    a bank kept something of it; then none whatever may be the rest exactly."""
    rest = seen.amount - sum(seen.worth[item] for item in shown)
    others = [item for item in seen.worth if item not in shown]
    near = [item for item in others if _one_slip(digits_of(seen.numbers[item]), seen)]
    if kept and any(seen.worth[item] == rest for item in others):
        return False
    return {item for item in near if 0 <= seen.worth[item] - rest <= kept} == seen.meant - shown


def _has_rival(seen: Seen) -> bool:
    """Whether one or two other items of the payer are the amount exactly."""
    others = [worth for item, worth in seen.worth.items() if item not in seen.meant]
    left = Counter(others)
    return left[seen.amount] > 0 or any(
        left[seen.amount - one] > (1 if 2 * one == seen.amount else 0) for one in others
    )


def _only(seen: Seen, shown: Iterable[str], others: Sequence[str]) -> bool:
    """Whether exactly one set of the others is the rest, and that the meant one; of sets, the smaller goes first."""
    fixed = set(shown)
    rest = seen.amount - sum(seen.worth[item] for item in fixed)
    meant = seen.meant - fixed
    amounts = [seen.worth[item] for item in others]
    if not meant or rest != sum(seen.worth[item] for item in meant):
        return False
    singles = amounts.count(rest)
    if singles or len(meant) == 1:
        return singles == 1 and len(meant) == 1
    if _is_everything(seen, meant, others) or _is_stretch(seen, meant, others):
        return True
    if len(amounts) <= SEARCHED_MAX:
        return subsets_of_sum(amounts, rest) == 1
    return len(meant) == 2 and len(amounts) <= PAIRS_AMONG_MAX and _pairs(amounts, rest) == 1


def _is_everything(seen: Seen, meant: frozenset[str], others: Sequence[str]) -> bool:
    """Whether the meant are all there are, or all that are due, with the credits or without them."""
    owed = {item for item in others if seen.worth[item] > 0}
    owner = {seen.owners[item] for item in meant}
    own = {item for item in others if seen.owners[item] in owner}
    return any(
        meant in (all_, all_ & owed, all_ & own, all_ & own & owed)
        for all_ in (set(others), *(due.intersection(others) for due in seen.due))
    )


def _is_stretch(seen: Seen, meant: frozenset[str], others: Sequence[str]) -> bool:
    """Whether the meant are all that fell due from one day to another, with the credits or without them, and no other
    such stretch of the group's or the owner's is the amount; nor would one easily be by accident."""
    owner = {seen.owners[item] for item in meant}
    own = [item for item in others if seen.owners[item] in owner]
    first, last = min(seen.days[item] for item in meant), max(seen.days[item] for item in meant)
    between = {item for item in own if first <= seen.days[item] <= last}
    if meant not in (between, {item for item in between if seen.worth[item] > 0}):
        return False
    rest = sum(seen.worth[item] for item in meant)
    found: set[frozenset[str]] = set()
    tried = 0
    for family in (others, own):
        for kept in (family, [item for item in family if seen.worth[item] > 0]):
            sets, count = _stretches(seen, kept, rest)
            found |= sets
            tried = max(tried, count)
    return found == {meant} and not _easily(tried, seen.worth.values(), rest)


def _stretches(seen: Seen, items: Iterable[str], wanted: int) -> tuple[set[frozenset[str]], int]:
    """Those that sum up to what is wanted, and how many to about as much: from half to twice of it."""
    by_day: dict[int, list[str]] = defaultdict(list)
    for item in items:
        by_day[seen.days[item]].append(item)
    days = sorted(by_day)
    running = list(accumulate((sum(seen.worth[item] for item in by_day[day]) for day in days), initial=0))
    sums = [
        (running[end] - running[begin], begin, end)
        for begin in range(len(days))
        for end in range(begin + 1, len(days) + 1)
    ]
    found = {
        frozenset(item for day in days[begin:end] for item in by_day[day])
        for total, begin, end in sums
        if total == wanted
    }
    return found, sum(1 for total, _, _ in sums if wanted <= 2 * total <= 4 * wanted)


def _easily(tried: int, amounts: Collection[int], wanted: int) -> bool:
    """Whether so many tries hit a sum by accident more than hardly ever: sums lie as widely as what is wanted, in steps
    of what divides all amounts."""
    return tried * gcd(*amounts) * HARDLY_EVER > abs(wanted)


def only_halves(amounts: Sequence[int], items: Sequence[int], wanted: int) -> bool:
    """Whether one pair of these receipts is what is wanted, one item only is that, and hardly any pair is any item's
    amount by accident."""
    tried = len(items) * len(amounts) * (len(amounts) - 1) // 2
    alone = items.count(wanted) == 1 and _pairs(amounts, wanted) == 1
    return alone and not _easily(tried, (*amounts, *items), wanted)


def _goes_on(seen: Seen, shown: frozenset[str], others: Sequence[str]) -> bool:
    """Whether a cut list, whose numbers rise, goes on with later numbers in one way only."""
    if not shown:
        return False
    order = sorted(seen.worth, key=lambda item: (len(seen.numbers[item]), seen.numbers[item]))
    last = max(order.index(item) for item in shown)
    later = [item for item in others if order.index(item) > last]
    return bool(later) and (_only(seen, shown, later) or _is_run(seen, shown, order))


def _is_run(seen: Seen, shown: frozenset[str], order: Sequence[str]) -> bool:
    """Whether the shown follow each other among the open, and one end of the run only is the amount."""
    begin = min(order.index(item) for item in shown)
    if set(order[begin : begin + len(shown)]) != shown:
        return False
    sums = 0
    ends = []
    for place in range(begin, len(order)):
        sums += seen.worth[order[place]]
        if sums == seen.amount:
            ends.append(place)
    tried = len(order) - begin
    return (
        len(ends) == 1
        and set(order[begin : ends[0] + 1]) == seen.meant
        and not _easily(tried, seen.worth.values(), seen.amount)
    )


def subsets_of_sum(amounts: Sequence[int], wanted: int) -> int:
    """How many subsets, the empty one aside, have that sum."""
    half = len(amounts) // 2
    left, right = _sums(amounts[:half]), _sums(amounts[half:])
    found = sum(count * right[wanted - total] for total, count in left.items() if wanted - total in right)
    return found - (wanted == 0)


def _sums(amounts: Sequence[int]) -> Counter[int]:
    sums = [0]
    for amount in amounts:
        sums += [total + amount for total in sums]
    return Counter(sums)


def _pairs(amounts: Sequence[int], wanted: int) -> int:
    """How many pairs have that sum."""
    left = Counter(amounts)
    ordered = sum(left[wanted - one] - (2 * one == wanted) for one in amounts)
    return ordered // 2


def _one_slip(digits: str, seen: Seen) -> bool:
    """Whether what was written differs from these digits by one wrong, missing, doubled or by two swapped."""
    slip = seen.text.slipped
    if len(slip) == len(digits):
        off = [place for place in range(len(digits)) if slip[place] != digits[place]]
        swapped = len(off) == 2 and off[1] == off[0] + 1 and slip[off[0]] == digits[off[1]]
        return len(off) == 1 or (swapped and slip[off[1]] == digits[off[0]])
    short, long = sorted((slip, digits), key=len)
    return len(long) - len(short) == 1 and any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
