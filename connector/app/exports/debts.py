"""Reports of open balances as items and customers: what is owed, and that it comes to what the report says it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from connector.app.exports.recognise import Known
from connector.errors import UserError
from connector.exports.grid import Row
from connector.model.export import Means
from connector.money import Currency, Money, grouped
from connector.reconcile.cash.case import Item, Party

_TOTAL = "total"


class Entry(NamedTuple):
    """A document with the line it stands on. `was` is what it came to at first, where the report says so."""

    item: Item
    name: str
    line: int
    was: int

    @property
    def key(self) -> tuple[str, int, str]:
        """What is the same in every report."""
        return self.item.number, self.item.issued, self.item.party


@dataclass(frozen=True, slots=True, kw_only=True)
class Debts:
    """What a report says is open. `aside` holds the lines that are no documents, by what they are called: how many,
    and their sum."""

    name: str
    entries: list[Entry]
    aside: dict[str, tuple[int, int]]
    checked: bool


class _Total(NamedTuple):
    """A line that totals the documents from one place to another."""

    row: Row
    begins: int
    ends: int


@dataclass(slots=True)
class _Sorted:
    """The lines of a report."""

    lines: list[Row] = field(default_factory=list)
    totals: list[_Total] = field(default_factory=list)
    ended: bool = False


def debts(known: Known, home: str, order: str) -> Debts:
    """The open items of a report. UserError where anything in it cannot be read, or does not come to its total."""
    told = _sorted(known)
    rows = told.lines
    if not rows:
        raise UserError(f"{known.grid.name} lists nothing.", next_step="Export it with all dates and all customers.")
    codes = known.codes(rows, "currency", home)
    opened = _added_up(known, told, "open", codes)
    first = _added_up(known, told, "amount", codes) if all(known.text(row, "amount") for row in rows) else opened
    days = known.days(rows, ("date", "due"), order)
    entries: list[Entry] = []
    aside: dict[str, tuple[int, int]] = {}
    for place, row in enumerate(rows):
        means = known.means(row)
        if means is Means.ON_ACCOUNT:
            count, sum_minor = aside.get(known.text(row, "type"), (0, 0))
            aside[known.text(row, "type")] = count + 1, sum_minor + opened[place]
            continue
        item = _item(known, row, means, (codes[place], opened[place], days[place][0], days[place][1]))
        entries.append(Entry(item, known.grid.name, row.line, first[place]))
    return Debts(name=known.grid.name, entries=entries, aside=aside, checked=bool(told.totals))


def parties(items: Iterable[Item]) -> list[Party]:
    """The customers of items. "Acme:North" is the part North of Acme."""
    found: dict[str, Party] = {}
    for full in sorted({item.party for item in items}):
        above = ""
        for own in full.split(":"):
            whole = f"{above}:{own}" if above else own
            found[whole] = Party(whole, own, above)
            above = whole
    return [found[each] for each in sorted(found)]


def together(reports: Sequence[Debts]) -> list[Entry]:
    """The documents of all reports, each once, with ids. UserError names the first on which two do not agree."""
    found: dict[tuple[str, int, str], Entry] = {}
    for report in reports:
        own: set[tuple[str, int, str]] = set()
        for entry in report.entries:
            if entry.key in own:
                raise UserError(
                    f"{entry.name}, line {entry.line}: another document has its number, customer and date.",
                    next_step="Give each a number of its own in the books, and export again; nothing was written.",
                )
            own.add(entry.key)
            found.setdefault(entry.key, entry)
    for at, one in enumerate(reports):
        for other in reports[at + 1 :]:
            _compare(one, other)
            _compare(other, one)
    return _named(found.values())


def _compare(one: Debts, other: Debts) -> None:
    """What one report has open, the other must have too. A list of invoices has no credit memos: that is no quarrel."""
    held = {entry.key: entry for entry in other.entries}
    credits_ = any(entry.item.amount < 0 for entry in other.entries)
    for entry in one.entries:
        against = held.get(entry.key)
        if entry.item.amount < 0 and not credits_:
            continue
        if against is None and entry.item.amount:
            there = "does not have it"
        elif against is not None and against.item[3:5] != entry.item[3:5]:
            there = f"has {_money(against.item)} (line {against.line})"
        else:
            continue
        raise UserError(
            f"{one.name}, line {entry.line}: {entry.item.number} has {_money(entry.item)} open,"
            f" and {other.name} {there}.",
            next_step="Export both again at one time with all dates, or leave one out; nothing was written.",
        )


def _money(item: Item) -> str:
    return grouped(Money(item.amount, Currency(item.currency)))


def _sorted(known: Known) -> _Sorted:
    """Which line is what. After the total of all come only remarks."""
    found = _Sorted()
    begins = 0
    for row in known.rows:
        filled = [cell for cell in row.cells if cell]
        first = filled[0].casefold()
        if first.startswith(_TOTAL) and known.text(row, "open") and not known.text(row, "type"):
            found.ended = found.ended or first == _TOTAL
            found.totals.append(_Total(row, 0 if first == _TOTAL else begins, len(found.lines)))
            begins = len(found.lines)
        elif len(filled) == 1:
            begins = len(found.lines)
        elif found.ended:
            known.grid.refuse(row.line, "", "a line stands below the total of all")
        elif not (known.text(row, "date") and known.text(row, "type")):
            known.grid.refuse(row.line, "", "it is neither a document nor a total")
        else:
            found.lines.append(row)
    if known.layout.totalled and not found.ended:
        raise UserError(
            f"{known.grid.name} ends without its total.", next_step="Download it again: it may be cut short."
        )
    return found


def _added_up(known: Known, told: _Sorted, column: str, codes: Sequence[Currency]) -> list[int]:
    """The amounts of a column. UserError for the first total that the lines it is over do not come to."""
    totals = [total for total in told.totals if known.text(total.row, column)] if len(set(codes)) == 1 else []
    found = known.amounts(
        [*told.lines, *(total.row for total in totals)], column, [*codes, *([codes[0]] * len(totals))]
    )
    read, said = found[: len(told.lines)], found[len(told.lines) :]
    for total, minor in zip(totals, said, strict=True):
        held = sum(read[total.begins : total.ends])
        if held != minor:
            known.grid.refuse(
                total.row.line,
                known.title(column),
                f"the total is {grouped(Money(minor, codes[0]))}, and its lines come to"
                f" {grouped(Money(held, codes[0]))}",
            )
    return read


def _item(known: Known, row: Row, means: Means, rest: tuple[Currency, int, int, int]) -> Item:
    """A document, by its number."""
    code, amount, day, due = rest
    if (amount < 0) if means is Means.INVOICE else (amount > 0):
        sign = "below" if means is Means.INVOICE else "above"
        known.grid.refuse(row.line, known.title("open"), f"what is open of the {means} is {sign} nought")
    customer = ":".join(part.strip() for part in known.text(row, "customer").split(":") if part.strip())
    if not customer:
        known.grid.refuse(row.line, known.title("customer"), "it has no customer")
    number = known.text(row, "number")
    return Item(number, number, customer, code, amount, day, due or day)


def _named(found: Iterable[Entry]) -> list[Entry]:
    """The same with ids that no two have: the number, and what else it needs where that is empty or stands twice."""
    entries = list(found)
    times = Counter(entry.item.number for entry in entries)
    named = []
    for entry in entries:
        number, issued, party = entry.key
        plain = number and times[number] == 1
        id_ = number if plain else " ".join(filter(None, (number, party, date.fromordinal(issued).isoformat())))
        named.append(entry._replace(item=entry.item._replace(id=id_)))
    return sorted(named, key=lambda entry: entry.item.id)
