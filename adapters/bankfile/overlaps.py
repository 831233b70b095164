"""Statements of one account put together: the same line in two files is one line, and what contradicts is told. Pure.

A line is known by its day, its amount, and what the bank calls it, else its text; equal ones of a day are counted, so
that two payments of one sum stay two, and a line that stands in two files stays one. What a file must hold of a day and
does not, while another has it, is a correction where the bank's own time says which file is the later one. Else nobody
knows, and the line is in doubt: no money is made of it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from adapters.bankfile.statement import Format, Line, Statement
from connector.money import Money, grouped

SHOWN_MAX = 20
_ID_LENGTH = 12
_RANK = {Format.CAMT: 0, Format.OFX: 1, Format.TABLE: 2}


class Kept(NamedTuple):
    """A line under the id it is known by. `in_doubt`: two files say different things of its day."""

    id: str
    line: Line
    in_doubt: bool = False


class Told(NamedTuple):
    """What a person should know: a sentence, what to do, whether it is only that something is missing between."""

    sentence: str
    next_step: str
    is_gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The lines in the order of their days. `removed` are lines that a later statement has no more, `gone` further ids
    under which a line was kept that has one id now."""

    lines: tuple[Kept, ...] = ()
    removed: tuple[Kept, ...] = ()
    gone: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()


class _Key(NamedTuple):
    on: date
    amount: int
    named: str
    nth: int


@dataclass(slots=True)
class _Run:
    """Statements that follow upon each other, as one."""

    statements: list[Statement]
    keyed: dict[date, dict[_Key, Line]] = field(default_factory=dict)

    @property
    def last(self) -> Statement:
        return self.statements[-1]

    @property
    def format(self) -> Format:
        return self.last.format

    def has(self, day: date) -> bool:
        return any(each.first <= day <= each.last for each in self.statements)

    def covers(self, day: date) -> bool:
        return any(each.covers(day) for each in self.statements)

    def made(self, day: date) -> str:
        return max((each.made for each in self.statements if each.first <= day <= each.last), default="")

    def file(self, day: date) -> str:
        return next((each.file for each in self.statements if each.first <= day <= each.last), self.last.file)


@dataclass(slots=True)
class _Seen:
    """One line of a day, by the runs that have it, and the keys it has there."""

    keys: list[_Key]
    by: dict[int, Line]

    @property
    def amount(self) -> int:
        return self.keys[0].amount

    @property
    def ref(self) -> str:
        return self.by[min(self.by)].bank_ref


class _Placed(NamedTuple):
    """A line of a day under its id, with the other ids it has in other files. `verdict`: "stands", "gone" or "doubt"
    where a run that must have it (`lacking`) has it not; else ""."""

    day: date
    verdict: str
    id: str
    ids: tuple[str, ...]
    seen: _Seen
    lacking: Sequence[int]
    runs: Sequence[_Run]

    @property
    def line(self) -> Line:
        """As the latest file has it."""
        return self.seen.by[max(self.seen.by, key=lambda at: (self.runs[at].made(self.day), at))]

    @property
    def here(self) -> str:
        return self.runs[max(self.seen.by)].file(self.day)

    @property
    def there(self) -> str:
        return self.runs[self.lacking[-1]].file(self.day)


def together(statements: Iterable[Statement], known: AbstractSet[str] = frozenset()) -> Together:
    """All of them as one. `known` are ids under which lines are kept already, which stay as they are."""
    runs = _runs(sorted(statements, key=_order))
    days = sorted({day for run in runs for day in run.keyed})
    every = [each for day in days for each in _placed(day, [run for run in runs if run.has(day)], known)]
    before = _corrected(every)
    corrected = set(before.values())
    lines, removed, gone = list[Kept](), list[Kept](), set[str]()
    by_day: dict[date, list[_Placed]] = defaultdict(list)
    for each in every:
        by_day[each.day].append(each)
    for place, each in enumerate(every):
        gone |= {other for other in each.ids if other != each.id and other in known}
        if each.verdict == "gone":
            if place not in corrected:
                removed.append(Kept(each.id, each.line))
            continue
        old = every[before[place]].id if place in before else each.id
        own = each.id if each.id in known else old
        gone |= {other for other in (old,) if other != own and other in known}
        lines.append(Kept(own, each.line, in_doubt=each.verdict == "doubt" or _is_alike(each, by_day[each.day])))
    kept = {each.id for each in (*lines, *removed)}
    return Together(
        lines=tuple(lines),
        removed=tuple(removed),
        gone=tuple(sorted(gone - kept)),
        told=tuple(dict.fromkeys((*_gaps(runs), *_changes(every, before)))),
    )


def _corrected(every: Sequence[_Placed]) -> dict[int, int]:
    """By place: the line that stands for one that is gone, because the bank calls it by the same reference: it was
    given another sum or another day, and is the same money."""
    named: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for place, each in enumerate(every):
        if each.seen.ref:
            named[each.seen.ref][each.verdict == "gone"].append(place)
    return {stands[0]: gone[0] for stands, gone in named.values() if len(stands) == len(gone) == 1}


def _is_alike(each: _Placed, same_day: Sequence[_Placed]) -> bool:
    """Which of several equal sums of a day is the one that is not sure, nobody can say; and two files that give one
    reference two sums on one day do not both tell the truth."""
    if len(each.seen.by) == len(each.runs):
        return False
    return any(
        (other.verdict == "doubt" and other.seen.amount == each.seen.amount)
        or (each.seen.ref and other.seen.ref == each.seen.ref and other.verdict != "gone" and _apart(each, other))
        for other in same_day
        if other is not each
    )


def _apart(one: _Placed, other: _Placed) -> bool:
    formats = {placed.runs[at].format for placed in (one, other) for at in placed.seen.by}
    return one.seen.by.keys().isdisjoint(other.seen.by) and len(formats) == 1 and one.seen.amount != other.seen.amount


def _order(each: Statement) -> tuple[object, ...]:
    lines = tuple((line.on, line.amount, _named(line)) for line in each.lines)
    return _RANK[each.format], each.first, each.last, each.number.rjust(20, "0"), each.made, lines


def _runs(statements: Sequence[Statement]) -> list[_Run]:
    """Statements of a bank that gives balances follow upon each other where one ends as the next begins."""
    runs: list[_Run] = []
    for each in statements:
        before = next((run for run in reversed(runs) if _follows(run.last, each)), None)
        if before is not None:
            before.statements.append(each)
        else:
            runs.append(_Run([each]))
    for run in runs:
        times: dict[tuple[date, int, str], int] = defaultdict(int)
        for line in (line for each in run.statements for line in each.lines):
            name = line.on, line.amount, _named(line)
            times[name] += 1
            run.keyed.setdefault(line.on, {})[_Key(*name, times[name])] = line
    return runs


def _follows(one: Statement, other: Statement) -> bool:
    by_bank = one.format is other.format is Format.CAMT and one.number != other.number
    return by_bank and one.closing == other.opening and one.last <= other.first


def _named(line: Line) -> str:
    if line.bank_ref:
        return f"ref {line.bank_ref} {line.end_to_end}"
    return " ".join(f"{line.other} {line.text} {line.reference} {line.end_to_end}".casefold().split())


def _id(key: _Key) -> str:
    said = f"{key.on}|{key.amount}|{key.named}|{key.nth}"
    return f"{key.on}-{hashlib.sha256(said.encode()).hexdigest()[:_ID_LENGTH]}"


def _placed(day: date, runs: Sequence[_Run], known: AbstractSet[str]) -> Iterator[_Placed]:
    for seen in _seen(day, runs):
        ids = tuple(dict.fromkeys(_id(key) for key in seen.keys))
        own = next((each for each in ids if each in known), ids[0])
        lacking = [at for at, run in enumerate(runs) if at not in seen.by and run.covers(day)]
        verdict = _later(day, runs, seen, lacking) if lacking else ""
        yield _Placed(day, verdict, own, ids, seen, lacking, runs)


def _seen(day: date, runs: Sequence[_Run]) -> list[_Seen]:
    """Every line of the day once. Where a file of another kind, or one that must hold the whole day, has as many of a
    sum under other names, they are the same: banks change their texts."""
    found: list[_Seen] = []
    for at, run in enumerate(runs):
        by_key = {key: each for each in found for key in each.keys}
        rest: list[tuple[_Key, Line]] = []
        for key, line in sorted(run.keyed.get(day, {}).items(), key=lambda pair: pair[0]):
            if key in by_key and at not in by_key[key].by:
                by_key[key].by[at] = line
            else:
                rest.append((key, line))
        for key, line in rest:
            other = next(
                (each for each in found if at not in each.by and _may_be_one(day, each, key, (run, runs))), None
            )
            if other is None:
                found.append(_Seen([key], {at: line}))
            else:
                other.keys.append(key)
                other.by[at] = line
    return found


def _may_be_one(day: date, seen: _Seen, key: _Key, where: tuple[_Run, Sequence[_Run]]) -> bool:
    run, runs = where
    others = [runs[at] for at in seen.by]
    named_otherwise = all(each.format is not run.format or run.covers(day) or each.covers(day) for each in others)
    return seen.amount == key.amount and named_otherwise


def _later(day: date, runs: Sequence[_Run], seen: _Seen, lacking: Sequence[int]) -> str:
    """Whether a line stands, is gone, or is in doubt, where some that must have it have it not."""
    concerned = [*seen.by, *lacking]
    if len({runs[at].format for at in concerned}) > 1 or not all(runs[at].made(day) for at in concerned):
        return "doubt"
    having = max(runs[at].made(day) for at in seen.by)
    without = max(runs[at].made(day) for at in lacking)
    return "doubt" if having == without else "stands" if having > without else "gone"


def _changes(every: Sequence[_Placed], before: dict[int, int]) -> Iterator[Told]:
    """One sentence per line that not all files have; a line that only changed its sum or its day is told as that."""
    corrected = set(before.values())
    changed = [place for place, each in enumerate(every) if each.verdict or place in before]
    for place in changed[:SHOWN_MAX]:
        each = every[place]
        amount, line = grouped(Money(each.seen.amount, each.runs[0].last.currency)), f"A line of {each.day}"
        if place in before:
            old = every[before[place]]
            was = grouped(Money(old.seen.amount, old.runs[0].last.currency))
            day = f" of {old.day}" if old.day != each.day else ""
            yield Told(f"{line} is {amount} in {each.here}, and was {was}{day} in {old.here}: the later counts.", _LOOK)
        elif each.verdict == "stands":
            yield Told(f"{line} of {amount} stands in {each.here} and not yet in {each.there}: it counts.", _LOOK)
        elif each.verdict == "gone" and place not in corrected:
            yield Told(f"{line} of {amount} stood in {each.here}; {each.there}, which is later, has it no more.", _LOOK)
        elif each.verdict == "doubt":
            yield Told(
                f"{line} of {amount} stands in {each.here} and not in {each.there}, and nobody says which of them is "
                "right: no money is made of it.",
                "Compare both with the bank, and take the file that is wrong out of the folder; then sync.",
            )


_LOOK = "Compare with the bank's own page. If it is in the books already, correct it there by hand."


def _gaps(runs: Sequence[_Run]) -> Iterator[Told]:
    """Where one stretch of statements does not end as the next begins."""
    ordered = sorted(runs, key=lambda run: (run.statements[0].first, run.last.last))
    for at, run in enumerate(ordered):
        first = run.statements[0]
        if any(other.statements[0].first < first.first <= other.last.last for other in ordered if other is not run):
            continue  # it overlaps with another, which says what stands between
        before = max(
            (other.last for other in ordered[:at] if other.last.last < first.first),
            key=lambda each: each.last,
            default=None,
        )
        if before is None:
            continue
        if before.closing is not None and first.opening is not None:
            if before.closing != first.opening:
                ends, begins = (grouped(Money(each, first.currency)) for each in (before.closing, first.opening))
                yield Told(
                    f"{before.file} ends on {before.last} with {ends}, and {first.file} begins on {first.first} with "
                    f"{begins}: a statement between them is missing.",
                    "Download the statement of those days too, and import it.",
                    is_gap=True,
                )
        elif Format.OFX in (before.format, first.format) and before.last + timedelta(days=1) < first.first:
            yield Told(
                f"No statement covers the days between {before.last} ({before.file}) and {first.first} ({first.file}).",
                "Download the statement of those days too, and import it.",
                is_gap=True,
            )
