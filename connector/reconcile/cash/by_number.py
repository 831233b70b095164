"""What follows from a stored key or from the numbers in a text: exact, under an agreed difference, completed by what
is missing, mended where there is a slip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from connector.reconcile.cash import sums
from connector.reconcile.cash.adjust import (
    net,
    single_under_terms,
    terms_of,
    under_terms,
    within_limits,
)
from connector.reconcile.cash.despite import despite_name
from connector.reconcile.cash.explained import NOTHING, explained
from connector.reconcile.cash.slips import is_led, is_like
from connector.reconcile.cash.stale import is_common, is_contested, may_be_stale
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.usual import is_off_time, may_be_several
from connector.reconcile.cash.verdict import Class, Verdict

NEAR_MAX = 50
FULL_AMONG_MAX = 1_000
"""So many items are looked through for what a cut text left out."""
CREDITS_MAX = 12
AHEAD_DAYS = 7
"""Nobody pays an invoice so many days before it is made."""
EARLY_DAYS, LATE_DAYS = 14, 35
"""Hardly anybody pays so many days before or after the day it is due."""
TELLING_MIN = 5
"""Of fewer digits, very many numbers are one slip away."""
CUT_MIN = 2
"""So many digits of a number that was cut tell something by themselves."""


def key(at: Standing, place: int, *, at_last: bool = False) -> Verdict | None:
    """The item that a stored key means, and the amount agrees."""
    item = at.keyed(place)
    if item < 0:
        return None
    if at.case.receipts[place].amount == at.left[item]:
        return None if may_be_stale(at, place, item, at_last=at_last) else at.verdict(place, Class.KEY, [item])
    if not at.is_first_to_mean(place, item) or at.is_echo(place, at.payer[place].group):
        return None
    heap = at.heap(place, at.group[item])
    if heap is not None and any(
        one != item for one in heap.exact(at.case.receipts[place].amount, at.receipts[place].on)
    ):
        return None
    agreed = under_terms(at, place, [item]) or within_limits(at, place, [item])
    return agreed._replace(kind=Class.KEY) if agreed is not None else None


def key_at_last(at: Standing, place: int) -> Verdict | None:
    """The same when all else is decided."""
    return key(at, place, at_last=True)


def reference(at: Standing, place: int) -> Verdict | None:
    """The numbers in the text, and the amount agrees."""
    found = [item for item in at.named(place) if at.left[item]]
    receipt = at.case.receipts[place]
    if at.is_keyed_beside(place, found) or _is_another_s(at, place, found):
        return None
    if not found:
        return _one_of_several(at, place) or despite_name(at, place)
    if not at.is_one_group(found) or (len(found) == 1 and is_contested(at, place, found[0])):
        return None
    total = sum(at.left[item] for item in found)
    if total == receipt.amount:
        return at.verdict(place, Class.REFERENCE, found)
    agreed = under_terms(at, place, found)
    if agreed is not None or total < receipt.amount:
        return agreed
    return _with_credits(at, place, found) or _within_limits(at, place, found) or _some_of(at, place, found)


def _is_another_s(at: Standing, place: int, found: Sequence[int]) -> bool:
    """Whether what is named is rather another's, or something else than a number of ours: not made yet when it was
    paid, and of an amount that others have too; or, where nobody is known to have paid, of an amount that very many
    have and paid at another time than such things are."""
    items, on = at.case.items, at.case.receipts[place].on
    known = at.payer[place].group >= 0
    if any(items[item].issued > on + AHEAD_DAYS and (not known or at.alike(item) > 1) for item in found):
        return True
    return not known and len(found) == 1 and _is_off(at, place, found[0])


def _is_off(at: Standing, place: int, item: int) -> bool:
    """Whether an item has an amount that very many have, and the money came at another time than when it was due."""
    return is_common(at, item) and not (
        -EARLY_DAYS <= at.case.receipts[place].on - at.case.items[item].due <= LATE_DAYS
    )


def _within_limits(at: Standing, place: int, found: Sequence[int]) -> Verdict | None:
    """The same less a few minor units or what a bank keeps, unless another item of the payer's is the amount."""
    heap, receipt = at.heap(place, at.group[found[0]]), at.case.receipts[place]
    if heap is not None and any(item not in found for item in heap.exact(receipt.amount, receipt.on)):
        return None
    return within_limits(at, place, found)


def _one_of_several(at: Standing, place: int) -> Verdict | None:
    """One number that several customers' items have: the one of that amount."""
    receipt, mentions = at.case.receipts[place], at.reading[place].mentions
    if len(mentions) != 1 or not at.is_silent_but(place):
        return None
    fitting = [
        item
        for item in mentions[0].items
        if at.left[item] == receipt.amount
        and at.case.items[item].currency == receipt.currency
        and not at.is_vetoed(at.payer[place], at.group[item])
    ]
    return at.verdict(place, Class.REFERENCE, fitting) if len(fitting) == 1 else None


def _with_credits(at: Standing, place: int, found: Sequence[int]) -> Verdict | None:
    """The same less credit memos of the payer's that the text does not name, under any agreed terms."""
    receipt, group = at.case.receipts[place], at.group[found[0]]
    credits_ = [item for item in at.opened(place, group) if at.left[item] < 0 and item not in found]
    if not credits_ or len(credits_) > CREDITS_MAX:
        return None
    answers: list[Verdict] = []
    for terms in terms_of(at, group):
        rest = receipt.amount - sum(net(at, receipt, item, terms) for item in found)
        sets = explained([net(at, receipt, item, terms) for item in credits_], rest) if rest < 0 else NOTHING
        for one in sets.answers:
            taken = [*found, *(credits_[chosen] for chosen in one)]
            pays = [net(at, receipt, item, terms) for item in taken]
            if terms and all(pay == at.left[item] for pay, item in zip(pays, taken, strict=True)):
                continue
            verdict = at.verdict(place, Class.REFERENCE_CREDIT, taken, pays=pays, adjustment=terms)
            answers.append(verdict._replace(accidents_ppm=sets.accidents))
    return answers[0] if len(answers) == 1 else None


def _some_of(at: Standing, place: int, found: Sequence[int]) -> Verdict | None:
    """The one set of the named items that is the amount, if the company lets what is so seldom be decided."""
    wanted = at.case.receipts[place].amount
    if not at.case.policy.partial or not 1 < len(found) <= sums.SEARCHED_MAX:
        return None
    amounts = [at.left[item] for item in found]
    answers = sums.singles(amounts, wanted) + sums.pairs(amounts, wanted) + sums.subsets(amounts, wanted)
    expected = sums.accidents(amounts, wanted, range(1, len(amounts)))
    if len(answers) != 1 or expected > sums.ACCIDENTS_PPM_MAX:
        return None
    return at.verdict(place, Class.REFERENCE_SUBSET, [found[one] for one in answers[0]])._replace(
        accidents_ppm=expected
    )


def completion(at: Standing, place: int) -> Verdict | None:
    """The numbers explain a part, and exactly one set of the payer's other items the rest."""
    reading, receipt = at.reading[place], at.case.receipts[place]
    found = [item for item in at.named(place) if at.left[item]]
    group = at.payer[place].group
    if found and not at.is_one_group(found):
        return None
    if group < 0 and found:
        group = at.group[found[0]]
    heap = at.heap(place, group)
    if heap is None or group < 0 or not (found or len(reading.cut.lstrip("0")) >= CUT_MIN):
        return None
    if at.is_keyed_beside(place, found) or (at.is_shared(place, found) if found else at.is_echo(place, group)):
        return None
    if found and any(item not in found for item in heap.exact(receipt.amount, receipt.on)):
        return None
    others = [
        item
        for item in heap.few(receipt.on, FULL_AMONG_MAX if reading.full else sums.RUNS_AMONG_MAX) or ()
        if item not in found
    ]
    answers: list[Verdict] = []
    for terms in terms_of(at, group):
        sets, expected = _missing(at, place, found, others, terms)
        for one in sets:
            taken = [*found, *one]
            pays = [net(at, receipt, item, terms) for item in taken]
            if not terms or any(pay != at.left[item] for pay, item in zip(pays, taken, strict=True)):
                verdict = at.verdict(place, Class.COMPLETION, taken, pays=pays, adjustment=terms)
                answers.append(verdict._replace(accidents_ppm=expected))
    return answers[0] if len(answers) == 1 else None


def _missing(
    at: Standing, place: int, found: Sequence[int], others: Sequence[int], terms: str
) -> tuple[list[list[int]], int]:
    """The sets of other items that are the rest under these terms, and how many were to be expected by accident."""
    receipt, reading = at.case.receipts[place], at.reading[place]
    rest = receipt.amount - sum(net(at, receipt, item, terms) for item in found)
    if rest <= 0:
        return [], 0
    if reading.full:
        after = _after(at, found, others)
        run = _run_after(at, place, after, terms, rest)
        single = [item for item in others if net(at, receipt, item, terms) == rest]
        expected = sums.accidents_of_heads([net(at, receipt, item, terms) for item in after], rest) if run else 0
        is_sure = expected <= sums.ACCIDENTS_PPM_MAX
        if run and (len(run) == 1 or not single) and is_sure:
            return [run], expected
        if reading.cut and single:
            begun = [item for item in single if at.numbers.begins(item, reading.cut)]
            unsure = found and len(reading.cut.lstrip("0")) < CUT_MIN
            return [[item] for item in begun or (single if unsure else [])], 0
        others = after if len(found) > 1 and after else others
    sets = explained([net(at, receipt, item, terms) for item in others], rest)
    return [[others[one] for one in answer] for answer in sets.answers], sets.accidents


def _after(at: Standing, found: Sequence[int], others: Sequence[int]) -> list[int]:
    """The items whose numbers follow the last that is named, in order, where the named ones stand in order."""
    digits = [at.numbers.digits_of(item) for item in found]
    if any((len(one), one) > (len(other), other) for one, other in pairwise(digits)):
        return []
    last = (len(digits[-1]), digits[-1]) if digits else (0, "")
    numbered = sorted((len(one), one, item) for item in others if (one := at.numbers.digits_of(item)))
    return [item for width, one, item in numbered if (width, one) > last]


def _run_after(at: Standing, place: int, after: Sequence[int], terms: str, rest: int) -> list[int]:
    """The next ones that follow in order and are the rest together, less one credit memo perhaps: what stood there
    before the bank cut it."""
    receipt, cut = at.case.receipts[place], at.reading[place].cut
    start = 0
    if cut:
        start = next((at_ for at_, item in enumerate(after) if at.numbers.begins(item, cut)), len(after))
    worth = [(item, net(at, receipt, item, terms)) for item in after[start:]]
    run = _up_to(worth, {rest: []})
    if run:
        return run
    heap = at.heap(place, at.group[after[0]]) if after else None
    credits_ = heap.credits(receipt.on, CREDITS_MAX) if heap is not None else None
    if not credits_:
        return []
    ends = {rest - net(at, receipt, item, terms): [item] for item in credits_}
    if len(ends) < len(credits_):
        return []
    return _up_to([(item, worth_) for item, worth_ in worth if worth_ > 0], {rest: [], **ends})


def _up_to(worth: Sequence[tuple[int, int]], ends: Mapping[int, Sequence[int]]) -> list[int]:
    """The items up to the first place where their total is one of these ends, with what belongs to that end; none
    where a later total is one too."""
    total, found = 0, []
    for count, (_, one) in enumerate(worth, 1):
        total += one
        if total in ends:
            found.append((count, ends[total]))
    if not found or (len(found) > 1 and len(ends) > 1):
        return []
    count, beside = found[0]
    return [*(item for item, _ in worth[:count]), *beside]


def near(at: Standing, place: int) -> Verdict | None:
    """A number with one slip in it, by a known payer, of whose items one has exactly the missing amount, or what an
    agreed cut leaves of it."""
    payer, reading, receipt = at.payer[place], at.reading[place], at.case.receipts[place]
    groups = [payer.group] if payer.group >= 0 else list(payer.among)
    if reading.cut or not groups:
        return None
    named = [item for item in at.named(place) if at.left[item]]
    if at.is_keyed_beside(place, named) or (named and not at.is_one_group(named)):
        return None
    written = _slipped(at, place, named)
    tokens = list(written)
    rest = receipt.amount - sum(at.left[item] for item in named)
    heaps = [(group, heap) for group in groups if (heap := at.heap(place, group)) is not None]
    if not tokens or rest <= 0:
        return None

    def like(items: Sequence[int] | None) -> list[int]:
        return [
            item for item in items or () if item not in named and any(_is_like(at, token, item) for token in tokens)
        ]

    exact = [item for _, heap in heaps for item in like(heap.exact(rest, receipt.on, NEAR_MAX))]
    if exact:
        sure = len(exact) == 1 and not _is_off(at, place, exact[0]) and _tells(at, place, written, exact[0])
        return at.verdict(place, Class.NEAR_MISS, [*named, exact[0]]) if sure else None
    close = [item for group, _ in heaps for item in single_under_terms(at, place, group, rest)]
    found = [verdict for item in like(close) if (verdict := under_terms(at, place, [*named, item])) is not None]
    if len(found) != 1:
        return None
    return at.with_rivals(found[0]._replace(kind=Class.NEAR_MISS))


def _tells(at: Standing, place: int, written: Mapping[str, str], item: int) -> bool:
    """Whether a number is long enough to tell one item from another by a slip. A short one is like many: it says no
    more than the amount, which another item must not have, nor others together."""
    heap, receipt, number = at.heap(place, at.group[item]), at.case.receipts[place], at.case.items[item].number
    for token, word in written.items():
        long = len(word.lstrip("0")) >= TELLING_MIN or is_led(receipt.text, word, number)
        if long and _is_like(at, token, item):
            return True
    if heap is None or at.is_echo(place, at.group[item]):
        return False
    if is_off_time(at, place, item) or may_be_several(at, heap, place, item):
        return False
    return len(heap.exact(at.left[item], receipt.on)) == 1


def _is_like(at: Standing, token: str, item: int) -> bool:
    """Whether that may be an item's number written down wrong, or what payers write of it."""
    end = at.numbers.end_of(item)
    return is_like(token, at.numbers.digits_of(item)) or (bool(end) and is_like(token, end))


def _slipped(at: Standing, place: int, named: Sequence[int]) -> dict[str, str]:
    """What may be one of the payer's numbers written down wrong, with how it stands there."""
    reading, text = at.reading[place], at.receipts[place].text
    meant = set(named)
    found: dict[str, str] = {}
    for token in reading.strange:
        found[_numeral(token)] = token
    for mention in reading.mentions:
        if not meant.intersection(mention.items) and not _was_meant(at, place, mention.items):
            found[at.numbers.digits_of(mention.items[0])] = text[mention.start : mention.end]
    for token in reading.loose:
        found.setdefault(_numeral(token), token)
    return found


def _was_meant(at: Standing, place: int, items: Sequence[int]) -> bool:
    """Whether a number is that of an item of the payer's own, of this amount, that is paid: then it was rather paid
    twice than written down wrong."""
    receipt, payer = at.case.receipts[place], at.payer[place]
    return any(
        at.case.items[item].amount == receipt.amount
        and at.case.items[item].currency == receipt.currency
        and not at.is_vetoed(payer, at.group[item])
        for item in items
    )


def _numeral(token: str) -> str:
    """The digits of a word, letters for digits read as digits."""
    return "".join(letter for letter in token.translate(_LETTERS_FOR_DIGITS) if letter.isdigit())


_LETTERS_FOR_DIGITS = str.maketrans("OIBZ", "0182")
