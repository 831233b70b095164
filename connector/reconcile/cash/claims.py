"""What each class of decision claims, and whether it is so: which items must be named, which must be the only ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations

from connector.reconcile.cash.doubt import RUN, TOKEN, Doubt, digits_in, numeral, readings
from connector.reconcile.cash.sums import accidents, accidents_of_heads, accidents_of_runs

WHOLE_MAX = 20
"""So many items are searched for every set of them; of more, only single ones and pairs."""
ACCIDENTS_PPM_MAX = 1_000
DUE_GRACE = timedelta(days=5)
DUPLICATE = timedelta(days=45)
RATE_AGE = timedelta(days=4)
ALL_BP = 10_000
END_MIN = 3
OVER_SMALL = 5_000
WORD_MAX = 40
JOINED_MAX = 4
"""A number is so many words at most."""


def _whole(doubt: Doubt) -> Iterator[str]:
    """All of what is settled is settled whole, and nothing is left of the money."""
    for each in doubt.settled:
        if each.applied != doubt.open(each.item):
            yield f"it does not settle {each.item} whole"
    if doubt.line.unapplied:
        yield "it leaves money over"


def _only(doubt: Doubt, *, named: int = -1, sought: int = -1) -> Iterator[str]:
    if (named >= 0 and len(doubt.named) != named) or (sought >= 0 and len(doubt.sought) != sought):
        yield f"a decision of the class {doubt.line.kind} does not look like this"


def _all_named(doubt: Doubt) -> Iterator[str]:
    left_out = [item for item in doubt.meant() if item not in doubt.named]
    if left_out:
        yield f"its text names {left_out[0]} too"


def _ways(doubt: Doubt, among: Sequence[str], found: Sequence[str], sizes: int = 0) -> Iterator[str]:
    """Whether no other set of no more of them, or of so many, has the same sum."""
    nets = [doubt.net(item) for item in among]
    wanted = sum(doubt.net(item) for item in found)
    sizes = (sizes or len(found)) if len(among) <= WHOLE_MAX else min(len(found), 2)
    inside = set(found) <= set(among) and len(found) <= sizes
    if _count(nets, wanted, sizes) > inside:
        yield "other items come to the same amount"


def _count(amounts: Sequence[int], wanted: int, sizes: int) -> int:
    """How many sets of so many items at most have that sum; counted up to two."""
    if sizes <= 2:  # noqa: PLR2004 - single ones and pairs
        singles = sum(amount == wanted for amount in amounts)
        return singles + (sum(one + other == wanted for one, other in combinations(amounts, 2)) if sizes > 1 else 0)
    half = len(amounts) // 2
    by_sum: dict[int, list[int]] = defaultdict(list)
    for count, total in _sums(amounts[:half]):
        by_sum[total].append(count)
    return sum(
        0 < count + other <= sizes for count, total in _sums(amounts[half:]) for other in by_sum.get(wanted - total, ())
    )


def _sums(amounts: Sequence[int]) -> list[tuple[int, int]]:
    found = [(0, 0)]
    for amount in amounts:
        found += [(count + 1, total + amount) for count, total in found]
    return found


def expected(doubt: Doubt) -> set[int]:
    """How many answers there should be by accident, in millionths, as far as the class was searched for sets: by all
    that were open, or by those alone whose numbers follow."""
    line = doubt.line
    if line.kind == "reference-subset":
        nets = [doubt.open(one) for one in doubt.meant()]
        return {accidents(nets, doubt.paid.amount, range(1, len(nets)))}
    if line.kind not in ("subset", "completion", "reference-credit", "all-due"):
        return {0}
    among = doubt.others()
    wanted = sum(doubt.net(one) for one in doubt.sought)
    if line.kind == "all-due":
        return {0, accidents_of_runs([doubt.net(one) for one in among], wanted)}
    rest = doubt.paid.amount - sum(doubt.net(one) for one in doubt.named)
    families = [among, [one for one in among if doubt.open(one) < 0], _after(doubt, among)]
    heads = accidents_of_heads([doubt.net(one) for one in families[-1]], rest)
    found = {
        accidents([doubt.net(one) for one in family], sum_, range(2, len(doubt.sought) + 1))
        for family in families
        for sum_ in {wanted, rest}
    }
    return found if line.kind == "subset" else {0, heads, *found}


def _by_key(doubt: Doubt) -> Iterator[str]:
    yield from _only(doubt, named=1, sought=0)
    for each in doubt.settled:
        if each.why != "key":
            yield f"its key is not {each.item}"
        elif not doubt.line.adjustments and each.applied != min(doubt.paid.amount, doubt.open(each.item)):
            yield f"it does not give {each.item} what came, as far as that is open"


def _by_number(doubt: Doubt) -> Iterator[str]:
    yield from (*_whole(doubt), *_all_named(doubt), *_only(doubt, sought=0))
    if bool(doubt.line.adjustments) is not (doubt.line.kind == "reference-adjusted"):
        yield f"a decision of the class {doubt.line.kind} does not look like this"


def _by_some_numbers(doubt: Doubt) -> Iterator[str]:
    yield from (*_whole(doubt), *_only(doubt, sought=0), *_ways(doubt, doubt.meant(), doubt.named))
    if doubt.line.accidents_ppm > ACCIDENTS_PPM_MAX:
        yield "so many items come to such an amount by accident"
    if not set(doubt.named) < set(doubt.meant()):
        yield f"a decision of the class {doubt.line.kind} does not look like this"


def _completed(doubt: Doubt) -> Iterator[str]:
    yield from (*_whole(doubt), *_all_named(doubt))
    if not doubt.sought or (doubt.line.kind == "reference-credit" and any(doubt.open(one) > 0 for one in doubt.sought)):
        yield f"a decision of the class {doubt.line.kind} does not look like this"
    among = doubt.others()
    if doubt.line.kind == "reference-credit":
        among = [one for one in among if doubt.open(one) < 0]
    elif _is_next(doubt, among) or not list(_sought(doubt, _after(doubt, among))):
        return
    yield from _sought(doubt, among)


def _after(doubt: Doubt, among: Sequence[str]) -> list[str]:
    """Those whose numbers follow all that the text names: a list that the bank cut off goes on there."""
    numbers = {one: digits_in(doubt.known[one].number) for one in {*among, *doubt.named}}
    last = max(((len(numbers[one]), numbers[one]) for one in doubt.named), default=(0, ""))
    return [one for one in among if (len(numbers[one]), numbers[one]) > last]


def _is_next(doubt: Doubt, among: Sequence[str]) -> bool:
    """Whether these, but for one credit, are the next numbers in order after the last that the text names, or that
    begin as it ends."""
    sought = [one for one in doubt.sought if doubt.open(one) > 0]
    if not sought or len(doubt.sought) - len(sought) > 1:
        return False
    there = [one for one in {*among, *doubt.named, *sought} if doubt.open(one) > 0]
    numbers = {one: digits_in(doubt.known[one].number) for one in there}
    order = sorted(numbers, key=lambda one: (len(numbers[one]), numbers[one]))
    places = sorted(order.index(one) for one in sought)
    named = [order.index(one) for one in doubt.named if one in numbers]
    in_order = places == list(range(places[0], places[0] + len(places)))
    begins = digits_in(doubt.paid.text[-WORD_MAX:].split()[-1]) if doubt.paid.text.split() else ""
    follows = bool(named) and places[0] == max(named) + 1
    return in_order and (follows or (bool(begins) and begins in numbers[order[places[0]]]))


def _sought(doubt: Doubt, among: Sequence[str]) -> Iterator[str]:
    """Whether only these come to their amount; all that is open, or due by some day, is hardly a matter of chance."""
    if doubt.line.accidents_ppm > ACCIDENTS_PPM_MAX:
        yield "so many items come to such an amount by accident"
    several = len(doubt.sought) > 1
    if several and doubt.line.kind != "subset" and _is_run(doubt, among):
        return
    yield from _ways(doubt, among, doubt.sought)
    nets = [doubt.net(one) for one in among] if several and doubt.is_whole else []
    wanted = sum(doubt.net(one) for one in doubt.sought)
    if accidents(nets, wanted, range(2, len(doubt.sought) + 1)) > ACCIDENTS_PPM_MAX:
        yield "so many items come to such an amount by accident"


def _is_run(doubt: Doubt, among: Sequence[str]) -> bool:
    """Whether everything was taken that was due from one day to another, or all that was due by now."""
    if not doubt.is_whole:
        return True
    days = sorted(doubt.known[one].due for one in doubt.sought)
    last = max(days[-1], doubt.paid.on + DUE_GRACE)
    taken = set(doubt.sought)
    runs = ((days[0], days[-1]), (doubt.known[among[0]].due if among else days[0], last))
    return any({one for one in among if first <= doubt.known[one].due <= end} == taken for first, end in runs)


def _near(doubt: Doubt) -> Iterator[str]:
    yield from (*_whole(doubt), *_only(doubt, sought=1), *_all_named(doubt))
    near = [one for one in doubt.others() if any(doubt.net(one) == doubt.net(item) for item in doubt.sought)]
    for item in doubt.sought:
        if not _is_like(doubt, item):
            yield f"no number of its text is one slip away from {item}"
        if any(one != item and _is_like(doubt, one) for one in near):
            yield "another number is as near"


def _is_like(doubt: Doubt, item: str) -> bool:
    """Whether a number of the text is the item's but for one slip, or its end."""
    runs = RUN.findall(doubt.known[item].number)
    owns = {"".join(runs), *runs[-1:]}
    words = [*TOKEN.findall(doubt.paid.text.upper()), *RUN.findall(doubt.paid.text)]
    words += [doubt.known[one].number for span in doubt.line.spans for one in span.items]
    said = {reading for word in words for reading in (*readings(word), digits_in(word), numeral(word))}
    return any(_is_near(reading, own) for reading in said - {""} for own in owns)


def _is_near(one: str, own: str) -> bool:
    if own.lstrip("0") == one.lstrip("0") or (len(one) >= END_MIN and own.endswith(one)):
        return True
    bare = one.lstrip("0"), own.lstrip("0")
    return any(min(map(len, pair)) >= END_MIN and _slips(*pair) == 1 for pair in (bare, (one, own)))


def _slips(one: str, other: str) -> int:
    """How many digits are wrong, missing, too many, or two neighbours changed about; 2 for more."""
    if abs(len(one) - len(other)) > 1:
        return 2
    at = next(
        (at for at, (mine, yours) in enumerate(zip(one, other, strict=False)) if mine != yours),
        min(len(one), len(other)),
    )
    rest, other_rest = one[at:], other[at:]
    if not rest and not other_rest:
        return 0
    swapped = rest[1::-1] + rest[2:] == other_rest
    return 1 if swapped or rest[1:] == other_rest[1:] or rest[1:] == other_rest or rest == other_rest[1:] else 2


def _part(doubt: Doubt) -> Iterator[str]:
    """One number, another amount, and nothing else that has it."""
    if doubt.line.kind == "instalment":
        if sum(each.applied != doubt.open(each.item) for each in doubt.settled) > 1:
            yield "it settles several in part"
    else:
        yield from (*_only(doubt, named=1, sought=0), *_all_named(doubt))
    for each in doubt.settled:
        left = doubt.open(each.item)
        if doubt.line.kind == "over" and (each.applied != left or not _is_little(doubt.line.unapplied, left)):
            yield f"it is not a little more than what was open of {each.item}"
        last = doubt.line.kind == "instalment" and each.applied == left
        if doubt.line.kind != "over" and not last and (each.applied >= left or doubt.line.unapplied):
            yield f"it is not a part of what was open of {each.item}"
    if doubt.line.kind != "instalment" and any(doubt.open(one) == doubt.paid.amount for one in doubt.others()):
        yield "other items come to the same amount"


def _is_little(over: int, left: int) -> bool:
    """Whether so much may be too much: an eighth, or of something small a fourth."""
    return over > 0 and (over * 8 <= left or (over <= OVER_SMALL and over * 4 <= left))


def _by_amount(doubt: Doubt) -> Iterator[str]:
    yield from (*_whole(doubt), *_only(doubt, named=0))
    words = TOKEN.findall(doubt.paid.text.upper())
    said = {"".join(words[at : at + count]) for at in range(len(words)) for count in range(1, JOINED_MAX + 1)}
    numbers = {"".join(TOKEN.findall(each.number.upper())) for each in doubt.line.items}
    if doubt.line.spans or any(number in said and not number.isdigit() for number in numbers - {""}):
        yield "its text names something"
    if (doubt.line.kind in ("amount", "amount-terms")) is not (len(doubt.sought) == 1):
        yield f"a decision of the class {doubt.line.kind} does not look like this"
    if bool(doubt.line.adjustments) < (doubt.line.kind == "amount-terms"):
        yield f"a decision of the class {doubt.line.kind} does not look like this"
    if not doubt.line.payer.group:
        yield "nobody is known to have paid it"
    if doubt.paid.key in doubt.known and doubt.open(doubt.paid.key):
        yield f"its key is that of {doubt.paid.key}"
    if doubt.line.kind == "all-due":
        yield from _everything(doubt, doubt.others())
    elif doubt.line.kind != "amount-terms":
        yield from _sought(doubt, doubt.others())


def _everything(doubt: Doubt, among: Sequence[str]) -> Iterator[str]:
    """Whether just what one may call everything was taken, and nothing else that one may call so is the amount; or what
    was due from one day to another, and no other set is."""
    wanted = sum(doubt.net(one) for one in doubt.sought)
    wholes = {whole for whole in _wholes(doubt, among) if sum(doubt.net(one) for one in whole) == wanted}
    outside = {doubt.net(one) for one in among if one not in doubt.sought}
    if outside & {doubt.net(one) for one in doubt.sought} or len(wholes) > 1:
        yield "other items come to the same amount"
    if frozenset(doubt.sought) in wholes:
        return
    nets = [doubt.net(one) for one in among]
    if not _is_run(doubt, among) or _runs(doubt, among, wanted) != 1:
        yield "it is not everything that was due"
    if accidents_of_runs(nets, wanted) > ACCIDENTS_PPM_MAX:
        yield "so many items come to such an amount by accident"


def _runs(doubt: Doubt, among: Sequence[str], wanted: int) -> int:
    """How many times several items, all that were due from one day to another, come to that amount."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for one in among:
        by_day[doubt.known[one].due].append(doubt.net(one))
    days = [by_day[day] for day in sorted(by_day)]
    found = 0
    for first in range(len(days)):
        total = count = 0
        for each in days[first:]:
            total, count = total + sum(each), count + len(each)
            found += total == wanted and count > 1
    return found


def _wholes(doubt: Doubt, among: Sequence[str]) -> Iterator[frozenset[str]]:
    """All, or all that was due by a day a little later, with the credits or without them, of everybody or of one."""
    known, on = doubt.known, doubt.paid.on
    for whose in ("", *dict.fromkeys(known[one].customer for one in among)):
        own = [one for one in among if not whose or known[one].customer == whose]
        ends = {on, *(day for one in own if (day := known[one].due) <= on + DUE_GRACE)}
        for end in (*(end for end in ends if end >= on), max((known[one].due for one in own), default=on)):
            due = [one for one in own if known[one].due <= end]
            yield frozenset(due)
            yield frozenset(one for one in due if doubt.open(one) > 0)


def _identical(doubt: Doubt) -> Iterator[str]:
    yield from (*_whole(doubt), *_only(doubt, named=0, sought=1))
    if not doubt.policy.oldest_first:
        yield "the company does not permit the oldest first"
    mine, among = doubt.known[doubt.sought[0]] if doubt.sought else None, doubt.line.considered
    if mine is None or mine.open != doubt.paid.amount:
        yield "it does not bring what one of several identical items is"
        return
    equal = [known for one in among if (known := doubt.known[one]).open == mine.open]
    if any(known.customer != mine.customer for known in equal):
        yield "the items of its amount are several customers'"
    if any((known.issued, known.due, known.id) < (mine.issued, mine.due, mine.id) for known in equal):
        yield "an older item is the same"


def _again(doubt: Doubt) -> Iterator[str]:
    """The same amount once more, soon after, and nothing is open of what it names."""
    line = doubt.line
    yield from _only(doubt, named=0, sought=0)
    if line.unapplied != doubt.paid.amount or line.settled:
        yield "it does not leave everything on account"
    if len(line.together) != 1 or line.together[0].amount != doubt.paid.amount:
        yield "the receipt that it repeats is of another amount"
    elif not timedelta(0) <= doubt.paid.on - line.together[0].on <= DUPLICATE:
        yield "the receipt that it repeats came at another time"
    if doubt.meant():
        yield f"something was open of {doubt.meant()[0]}"


def _back(doubt: Doubt) -> Iterator[str]:
    line = doubt.line
    if [one.id for one in line.together] != [doubt.paid.related] or not (
        0 < -doubt.paid.amount <= line.together[0].amount
    ):
        yield "it takes back another receipt than it says, or more than that was"
    for each in line.settled:
        if each.applied >= 0 or each.applied > each.pay:
            yield f"it does not take back what {each.item} got"


def _by_rate(doubt: Doubt) -> Iterator[str]:
    """All of what a key or every number names, in one other currency, worth what came at the day's rate."""
    line, rate = doubt.line, doubt.line.rate
    yield from (*_whole(doubt), *_only(doubt, sought=0))
    settled = {each.item for each in line.settled}
    if line.adjustments or not settled or any(not settled.intersection(span.items) for span in line.spans):
        yield "its text names something else"
    currencies = {doubt.known[item].currency for item in settled}
    if rate is None or currencies != {rate.currency} or rate.home != doubt.paid.currency or rate.currency == rate.home:
        yield "it has no rate for what it settles"
        return
    if not timedelta(0) <= doubt.paid.on - rate.day <= RATE_AGE:
        yield "its rate is of another day"
    worth = sum(doubt.open(item) for item in settled) * rate.numerator
    off = abs(doubt.paid.amount * rate.denominator - worth) * ALL_BP
    if worth <= 0 or off > worth * doubt.policy.fx_margin_bp + doubt.policy.rounding * rate.denominator * ALL_BP:
        yield "at its rate it is not what was open"
    for each in line.settled:
        due = each.applied * doubt.paid.amount
        total = sum(one.applied for one in line.settled)
        if abs(each.pay * total - due) > total:
            yield f"{each.item} does not get its part of it"


CLASSES: dict[str, Callable[[Doubt], Iterator[str]]] = {
    "key": _by_key,
    "reference": _by_number,
    "reference-adjusted": _by_number,
    "reference-subset": _by_some_numbers,
    "reference-credit": _completed,
    "completion": _completed,
    "near-miss": _near,
    "instalment": _part,
    "partial": _part,
    "over": _part,
    "amount": _by_amount,
    "all-due": _by_amount,
    "subset": _by_amount,
    "amount-terms": _by_amount,
    "identical": _identical,
    "converted": _by_rate,
    "duplicate": _again,
    "reversal": _back,
}
