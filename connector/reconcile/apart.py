"""Why two figures are apart by so much: every listed difference, sum and single row that is exactly it. Pure.

What differs comes first, because it was found without the amount: then the amount is its measure. What merely has that
amount, or would make it by a slip of the pen, comes after and proves nothing. Nothing is rounded, nothing is nearly it.
The work is bounded, and counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from connector.dates import BusinessDate
from connector.money import Currency, Money, grouped, plain
from connector.reconcile.agreement import Difference
from connector.reconcile.rowed import Row
from connector.reconcile.sides import Sheet

DIFFERENCES_MAX = 2_000
"""Beyond so many listed differences only single ones and whole totals are looked at: pairs of more prove nothing."""

SHOWN_MAX = 12
"""So many answers of a kind are kept; how many there are is counted on."""

PARTS_MAX = 40
"""A sum of more parts names its first and counts the rest."""


class Strength(IntEnum):
    """How an answer explains the amount. The first three can be an explanation, if they are the only one; a total that
    is off (TOTAL) is one only where no row below it is."""

    DIFFERS = 1
    SUM = 2
    TOTAL = 3
    AMOUNT = 4
    SLIP = 5


IN_WORDS = {
    Strength.DIFFERS: "listed differences that are exactly it",
    Strength.SUM: "sums of listed differences that are exactly it",
    Strength.TOTAL: "totals that are off by exactly it",
    Strength.AMOUNT: "rows that have this amount",
    Strength.SLIP: "rows in which a slip would make this difference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One thing that is exactly so much: in words, with the rows it is made of (`refs`, as people look them up)."""

    strength: Strength
    sentence: str
    refs: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was asked, every answer, the strongest first, how many there are of each strength, and what it took."""

    amount: Money
    on: BusinessDate | None
    answers: tuple[Answer, ...]
    counts: dict[Strength, int]
    looked_at: int
    cut: bool = False

    @property
    def explained(self) -> Answer | None:
        """What explains it: the one row that differs, on however many sheets; or else the one sum of differences; or
        else the one total. None where there are several, or none."""
        for strength in (Strength.DIFFERS, Strength.SUM, Strength.TOTAL):
            own = [each for each in self.answers if each.strength is strength]
            if own:
                known = self.counts[strength] == len(own)
                alone = _is_one(own) if strength is Strength.DIFFERS else len(own) == 1
                return own[0] if known and alone else None
        return None


def _is_one(answers: Sequence[Answer]) -> bool:
    """Whether all are about one row: each shares one with what is before it."""
    rows = set(_names(answers[0]))
    rest = list(answers[1:])
    while rest:
        linked = [each for each in rest if rows & set(_names(each))]
        if not linked:
            return False
        rows.update(name for each in linked for name in _names(each))
        rest = [each for each in rest if each not in linked]
    return True


def _names(answer: Answer) -> Iterator[str]:
    """The rows it is about: `the parts of stripe/payout/po_1` is about the payout."""
    return (ref.rpartition(" ")[2] for ref in answer.refs)


@dataclass(slots=True)
class _Found:
    """Collects answers; those that say the same of the same rows are one."""

    answers: list[Answer] = field(default_factory=list)
    counts: dict[Strength, int] = field(default_factory=lambda: defaultdict(int))
    looked_at: int = 0
    seen: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, strength: Strength, sentence: str, refs: Iterable[str]) -> None:
        whole = tuple(dict.fromkeys(refs))
        if (strength <= Strength.TOTAL and tuple(sorted(whole)) in self.seen) or not whole:
            return
        self.seen.add(tuple(sorted(whole)))
        self.counts[strength] += 1
        if self.counts[strength] <= SHOWN_MAX:
            more = max(0, len(whole) - PARTS_MAX)
            self.answers.append(Answer(strength=strength, sentence=sentence, refs=whole[:PARTS_MAX], more=more))


def search(sheets: Sequence[Sheet], rows: Iterable[Row], amount: Money, on: BusinessDate | None = None) -> Search:
    """Everything that is exactly `amount`, whatever its sign: among the differences first, then among the rows. `on`:
    only what is of that day."""
    found = _Found()
    cut = False
    for sheet in sheets:
        own = [(each, _minor(each, amount.currency, on)) for each in sheet.agreement.differences]
        parts = [(each, minor) for each, minor in own if minor]
        found.looked_at += len(own)
        _single(found, sheet, parts, amount)
        _days(found, sheet, amount, on)
        _whole(found, sheet, parts, amount)
        if len(parts) > DIFFERENCES_MAX:
            cut = True
            continue
        _pairs(found, sheet, parts, amount)
        _stretches(found, sheet, parts, amount)
    kept = [row for row in rows if row.amount.currency == amount.currency and on in (None, row.on)]
    found.looked_at += len(kept)
    _amounts(found, kept, amount)
    _sums(found, kept, amount)
    _slips(found, kept, amount)
    ordered = tuple(sorted(found.answers, key=lambda each: each.strength))
    return Search(amount=amount, on=on, answers=ordered, counts=dict(found.counts), looked_at=found.looked_at, cut=cut)


def _minor(each: Difference, code: Currency, on: BusinessDate | None) -> int:
    """What a difference makes of the totals in a currency: here less there, of that day or of all."""
    return sum(effect.minor for effect in each.effects if effect.currency == code and on in (None, effect.on))


_Parts = Sequence[tuple[Difference, int]]


def _refs(parts: _Parts) -> Iterator[str]:
    for each, _ in parts:
        for entry in (each.here, each.there):
            if entry is not None:
                yield entry.ref


def _single(found: _Found, sheet: Sheet, parts: _Parts, amount: Money) -> None:
    for each, minor in parts:
        if abs(minor) == amount.minor:
            way = "more" if minor > 0 else "less"
            said = f"{sheet.name}: one difference ({each.kind}) makes {sheet.here} {way} by exactly this."
            found.add(Strength.TOTAL if sheet.is_sum else Strength.DIFFERS, said, _refs([(each, minor)]))


def _whole(found: _Found, sheet: Sheet, parts: _Parts, amount: Money) -> None:
    if len(parts) > 1 and abs(sum(minor for _, minor in parts)) == amount.minor:
        found.add(Strength.SUM, f"{sheet.name}: all its {len(parts)} differences together.", _refs(parts))


def _days(found: _Found, sheet: Sheet, amount: Money, on: BusinessDate | None) -> None:
    """One day that is off by it."""
    for day in sheet.agreement.days:
        found.looked_at += 1
        if day.currency == amount.currency and on in (None, day.on) and abs(day.difference.minor) == amount.minor:
            parts = [
                (each, _minor(each, day.currency, day.on))
                for each in sheet.agreement.differences
                if _minor(each, day.currency, day.on)
            ]
            single = Strength.TOTAL if sheet.is_sum else Strength.DIFFERS
            strength = single if len(parts) == 1 else Strength.SUM
            found.add(strength, f"{sheet.name}: what differs on {day.on} comes to exactly this.", _refs(parts))


def _pairs(found: _Found, sheet: Sheet, parts: _Parts, amount: Money) -> None:
    """Two differences that are together exactly it, by one look at each."""
    before: dict[int, list[tuple[Difference, int]]] = defaultdict(list)
    for each, minor in parts:
        for wanted in {amount.minor - minor, -amount.minor - minor}:
            found.looked_at += 1
            for other in before.get(wanted, ()):
                both = (other, (each, minor))
                told = " and ".join(_told(part, amount) for part in both)
                found.add(Strength.SUM, f"{sheet.name}: two differences together, {told}.", _refs(both))
        if len(before[minor]) <= SHOWN_MAX:
            before[minor].append((each, minor))


def _stretches(found: _Found, sheet: Sheet, parts: _Parts, amount: Money) -> None:
    """All differences from one to a later one, in the order of their days: the running sum moves by exactly it."""
    ordered = sorted(parts, key=lambda part: (part[0].entry.on, part[0].entry.ref))
    running, starts = 0, {0: [0]}
    for place, (_, minor) in enumerate(ordered, start=1):
        running += minor
        for wanted in {running - amount.minor, running + amount.minor}:
            found.looked_at += 1
            for start in starts.get(wanted, ())[-SHOWN_MAX:]:
                own = ordered[start:place]
                if len(own) > 2:  # noqa: PLR2004  one and two are looked for by themselves
                    first, last = own[0][0].entry.on, own[-1][0].entry.on
                    said = f"{sheet.name}: the {len(own)} differences from {first} to {last}, one after another."
                    found.add(Strength.SUM, said, _refs(own))
        starts.setdefault(running, []).append(place)


def _told(part: tuple[Difference, int], amount: Money) -> str:
    each, minor = part
    return f"{grouped(Money(minor, amount.currency))} of {each.entry.ref}"


def _amounts(found: _Found, rows: Sequence[Row], amount: Money) -> None:
    """Rows of exactly that amount; two of one kind and party are perhaps one, entered twice."""
    same: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if abs(row.amount.minor) == amount.minor:
            same[row.what, row.party].append(row)
    for (what, _), held in sorted(same.items()):
        if len(held) > 1:
            said = f"{len(held)} times the same {what}; one may repeat another."
            found.add(Strength.AMOUNT, said, (row.ref for row in held))
        else:
            said = f"{held[0].says} of {held[0].on} has exactly this amount."
            found.add(Strength.AMOUNT, said, (held[0].ref,))


_SUMS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("of payout", lambda row: row.payout),
    ("of customer", lambda row: row.party),
    ("on", lambda row: f"{row.on}"),
)


def _sums(found: _Found, rows: Sequence[Row], amount: Money) -> None:
    """All rows of one kind that belong together come to it: the fees of a payout, what one customer paid on a day."""
    for words, key in _SUMS:
        sums: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in rows:
            if key(row):
                sums[row.what, key(row)].append(row)
        for (what, belongs), held in sorted(sums.items()):
            found.looked_at += 1
            if len(held) > 1 and abs(sum(row.amount.minor for row in held)) == amount.minor:
                said = f"All {len(held)} {what} rows {words} {belongs} come to exactly this."
                found.add(Strength.AMOUNT, said, (row.ref for row in held))


def _slips(found: _Found, rows: Sequence[Row], amount: Money) -> None:
    """A row entered on the wrong side is off by twice its amount; two digits the wrong way round by a multiple of 9."""
    for row in rows:
        size = abs(row.amount.minor)
        if size * 2 == amount.minor:
            said = f"{row.says} is half of it: entered on the wrong side, it would make this difference."
            found.add(Strength.SLIP, said, (row.ref,))
        elif amount.minor % 9 == 0:
            for turned in _turned(size):
                found.looked_at += 1
                if abs(turned - size) == amount.minor:
                    other = plain(Money(turned, row.amount.currency))
                    said = f"{row.says} would make it with two digits the wrong way round ({other})."
                    found.add(Strength.SLIP, said, (row.ref,))


def _turned(size: int) -> Iterator[int]:
    """The number with each two neighbouring digits the other way round."""
    digits = str(size)
    for place in range(len(digits) - 1):
        if digits[place] != digits[place + 1]:
            yield int(digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :])
