"""Whether two sides that should hold the same entries do: per currency and day, both signs, and every difference named.

One side is here (the books), the other there (a processor, or what the books' own parts come to). Entries that stand
for the same thing have one key. What is not the same is a difference of exactly one kind, with the entries of both
sides; together the differences are what the totals are apart, day by day, or something was overlooked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, cast

from connector.dates import BusinessDate
from connector.money import Currency, Money, grouped


class DifferenceKind(StrEnum):
    """In what two sides differ. `Here` is where the report is made: the books."""

    MISSING_HERE = "missing here"
    MISSING_THERE = "missing there"
    AMOUNT = "amount"
    DATE = "date"
    CURRENCY = "currency"
    DUPLICATED = "duplicated"


class Entry(NamedTuple):
    """One entry of a side. `key`: what it stands for, the same on both sides, "" where nobody says; `ref`: where it is
    looked up; `says`: what it is, in words. The amount is negative where it takes."""

    key: str
    on: BusinessDate
    amount: Money
    ref: str
    says: str = ""


class Effect(NamedTuple):
    """What a difference makes of one day in one currency: here less there, in minor units."""

    currency: Currency
    on: BusinessDate
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one key has here and there: at most one entry each. `twin` is the entry that a duplicate repeats, on the
    duplicate's own side. `also` are the other kinds in which the two differ, where they do in several, `like` the one
    entry of the other side that has the amount of what is missing, `was` what stood for it once and was taken out."""

    kind: DifferenceKind
    here: Entry | None = None
    there: Entry | None = None
    twin: Entry | None = None
    also: tuple[DifferenceKind, ...] = ()
    like: str = ""
    was: str = ""

    @property
    def entry(self) -> Entry:
        """The one it is about: that of here, where there is one."""
        return cast("Entry", self.here if self.here is not None else self.there)

    @property
    def effects(self) -> tuple[Effect, ...]:
        ours = [Effect(e.amount.currency, e.on, e.amount.minor) for e in (self.here,) if e is not None]
        return (*ours, *(Effect(e.amount.currency, e.on, -e.amount.minor) for e in (self.there,) if e is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The entries of one currency on one day, on both sides."""

    currency: Currency
    on: BusinessDate
    here: Money
    there: Money

    @property
    def difference(self) -> Money:
        return self.here - self.there


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What both sides hold of a currency in the end."""

    currency: Currency
    here: Money
    there: Money

    @property
    def difference(self) -> Money:
        return self.here - self.there


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Both sides side by side. `days` are those that differ, `entries` how many entries agree."""

    totals: tuple[Total, ...]
    days: tuple[Day, ...]
    differences: tuple[Difference, ...]
    agreeing: int

    @property
    def holds(self) -> bool:
        return not self.differences

    @property
    def unexplained(self) -> tuple[Effect, ...]:
        """What the days are apart and no difference explains: nothing, or this report is wrong."""
        left: Counter[tuple[Currency, BusinessDate]] = Counter()
        for day in self.days:
            left[day.currency, day.on] += day.difference.minor
        for difference in self.differences:
            for effect in difference.effects:
                left[effect.currency, effect.on] -= effect.minor
        return tuple(Effect(code, on, minor) for (code, on), minor in sorted(left.items()) if minor)


def agree(here: Iterable[Entry], there: Iterable[Entry], as_of: BusinessDate | None = None) -> Agreement:
    """Compare two sides, up to a day. What both sides have only after it is left out; what only one has by then is of
    another day there."""
    ours, theirs = _by_key(here), _by_key(there)
    found: list[Difference] = []
    kept: list[tuple[Entry | None, Entry | None]] = []
    for key in sorted(ours.keys() | theirs.keys()):
        compare = _keyed if key else _without_key
        for difference, left, right in compare(ours.get(key, []), theirs.get(key, [])):
            if as_of is not None and all(each is None or each.on > as_of for each in (left, right)):
                continue
            kept.append((left, right))
            if difference is not None:
                found.append(difference)
    return Agreement(
        totals=_totals(kept),
        days=_days(kept),
        differences=tuple(sorted(_hinted(found), key=_place)),
        agreeing=len(kept) - len(found),
    )


_Compared = Iterator[tuple[Difference | None, Entry | None, Entry | None]]


def _keyed(ours: Sequence[Entry], theirs: Sequence[Entry]) -> _Compared:
    """The entries of one key. Usually one and one: what is more is there twice."""
    left, right = list(ours), list(theirs)
    twins: dict[bool, Entry] = {}
    for one, other in _paired(left, right):
        twins = twins or {True: one, False: other}
        yield _between(one, other), one, other
    for entry in left:
        kind = DifferenceKind.DUPLICATED if twins else DifferenceKind.MISSING_THERE
        yield Difference(kind=kind, here=entry, twin=twins.get(True)), entry, None
    for entry in right:
        kind = DifferenceKind.DUPLICATED if twins else DifferenceKind.MISSING_HERE
        yield Difference(kind=kind, there=entry, twin=twins.get(False)), None, entry


def _without_key(ours: Sequence[Entry], theirs: Sequence[Entry]) -> _Compared:
    """What nobody says the meaning of agrees only with what is the same in everything."""
    left, right = list(ours), list(theirs)
    for one, other in _alike(left, right):
        yield None, one, other
    for entry in left:
        yield Difference(kind=DifferenceKind.MISSING_THERE, here=entry), entry, None
    for entry in right:
        yield Difference(kind=DifferenceKind.MISSING_HERE, there=entry), None, entry


_FAR = 4


def _paired(left: list[Entry], right: list[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Pairs, the closest first, taken out of both lists."""
    yield from _alike(left, right)
    for distance in range(1, _FAR + 1):
        for one in tuple(left):
            other = next((each for each in right if _apart(one, each) <= distance), None)
            if other is not None:
                left.remove(one)
                right.remove(other)
                yield one, other


def _alike(left: list[Entry], right: list[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Pairs of the same day and amount, taken out of both lists."""
    same: dict[tuple[BusinessDate, Money], list[Entry]] = defaultdict(list)
    for entry in sorted(right, key=_order, reverse=True):
        same[entry.on, entry.amount].append(entry)
    ours = sorted(left, key=_order)
    left.clear()
    for one in ours:
        if same.get((one.on, one.amount)):
            yield one, same[one.on, one.amount].pop()
        else:
            left.append(one)
    right[:] = sorted((entry for kept in same.values() for entry in kept), key=_order)


def _apart(one: Entry, other: Entry) -> int:
    """In how much two entries differ: 0 in nothing, then in the day, the amount, the currency, in several."""
    day, same = one.on == other.on, one.amount.currency == other.amount.currency
    amount = one.amount.minor == other.amount.minor
    if same and amount:
        return 0 if day else 1
    if day and (same or amount):
        return 2 if same else 3
    return _FAR


def _between(one: Entry, other: Entry) -> Difference | None:
    """The difference of two entries of one key; the first kind in this order where they differ in several."""
    kinds = [
        kind
        for kind, same in (
            (DifferenceKind.CURRENCY, one.amount.currency == other.amount.currency),
            (DifferenceKind.AMOUNT, one.amount.minor == other.amount.minor),
            (DifferenceKind.DATE, one.on == other.on),
        )
        if not same
    ]
    return Difference(kind=kinds[0], here=one, there=other, also=tuple(kinds[1:])) if kinds else None


def _hinted(found: Sequence[Difference]) -> Iterator[Difference]:
    """Beside what is missing on one side, the one entry of the other that nobody expects and has its amount."""
    alike: dict[tuple[DifferenceKind, Money], list[str]] = defaultdict(list)
    for each in found:
        alike[each.kind, each.entry.amount].append(each.entry.ref)
    for each in found:
        amount, other = each.entry.amount, _OTHER.get(each.kind)
        others = alike.get((other, amount), []) if other is not None else []
        lonely = len(others) == len(alike[each.kind, amount]) == 1
        yield replace(each, like=others[0]) if lonely else each


_OTHER = {
    DifferenceKind.MISSING_HERE: DifferenceKind.MISSING_THERE,
    DifferenceKind.MISSING_THERE: DifferenceKind.MISSING_HERE,
}


def told(each: Difference, here: str = "here", there: str = "there") -> str:
    """The difference as a sentence. `here` and `there` are what the two sides are called in it."""
    entry, other = each.entry, each.there
    match each.kind:
        case DifferenceKind.MISSING_HERE | DifferenceKind.MISSING_THERE:
            where = here if each.kind is DifferenceKind.MISSING_HERE else there
            hint = f" {each.like} has its amount, and nothing says that it is the same." if each.like else ""
            was = f" It was there as {each.was}." if each.was else ""
            return f"{_named(entry)} is missing {where}.{was}{hint}"
        case DifferenceKind.DUPLICATED:
            return f"{_named(entry)} repeats {each.twin.ref if each.twin is not None else 'another'}."
        case DifferenceKind.AMOUNT | DifferenceKind.CURRENCY if other is not None:
            said = f"by {other.ref} it is {grouped(other.amount)}"
            if each.kind is DifferenceKind.AMOUNT:
                said += f": {grouped(entry.amount - other.amount)} apart"
        case _:
            said = f"by {other.ref} it is of {other.on}" if other is not None else ""
    also = f"; they differ in {' and '.join(each.also)} too" if each.also else ""
    return f"{_named(entry)}, and {said}{also}."


_STEPS: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING_HERE: "Look why it is not in the books: receivables plan lists what would be posted, and "
    "receivables findings what was left and why.",
    DifferenceKind.MISSING_THERE: "Look at the entry in the books: nothing outside stands behind it.",
    DifferenceKind.AMOUNT: "Look at both; correct the one that was changed, and sync.",
    DifferenceKind.DATE: "Look at both; give the entry its own day again if nobody moved it on purpose, and sync.",
    DifferenceKind.CURRENCY: "Look at both; enter it again in its own currency, and sync.",
    DifferenceKind.DUPLICATED: "Take one of the two back where they stand, and sync.",
}


TAKEN_OUT = "Ask who took it out of the books, and why; it is not written again by itself."


def next_step(each: Difference) -> str:
    """What a person does about it."""
    return TAKEN_OUT if each.was else _STEPS[each.kind]


def _named(entry: Entry) -> str:
    what = f"{entry.says[:1].upper()}{entry.says[1:]} ({entry.ref})" if entry.says else entry.ref
    return f"{what} of {grouped(entry.amount)} on {entry.on}"


def _order(entry: Entry) -> tuple[BusinessDate, str, int, str]:
    return entry.on, entry.amount.currency, entry.amount.minor, entry.ref


def _place(each: Difference) -> tuple[str, BusinessDate, str, str]:
    return each.entry.amount.currency, each.entry.on, each.entry.key, each.entry.ref


def _by_key(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.key].append(entry)
    return found


def _summed(kept: Iterable[tuple[Entry | None, Entry | None]]) -> dict[tuple[Currency, BusinessDate], list[int]]:
    """Per currency and day, what stands here and there: counted from the entries, not from the differences."""
    sums: dict[tuple[Currency, BusinessDate], list[int]] = defaultdict(lambda: [0, 0])
    for pair in kept:
        for side, entry in enumerate(pair):
            if entry is not None:
                sums[entry.amount.currency, entry.on][side] += entry.amount.minor
    return sums


def _days(kept: Iterable[tuple[Entry | None, Entry | None]]) -> tuple[Day, ...]:
    return tuple(
        Day(currency=code, on=on, here=Money(here, code), there=Money(there, code))
        for (code, on), (here, there) in sorted(_summed(kept).items())
        if here != there
    )


def _totals(kept: Iterable[tuple[Entry | None, Entry | None]]) -> tuple[Total, ...]:
    sums: dict[Currency, list[int]] = defaultdict(lambda: [0, 0])
    for (code, _), (here, there) in _summed(kept).items():
        sums[code][0] += here
        sums[code][1] += there
    return tuple(
        Total(currency=code, here=Money(here, code), there=Money(there, code))
        for code, (here, there) in sorted(sums.items())
    )
