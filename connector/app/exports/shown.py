"""What people are told of every file before anything is decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.app.exports.debts import Debts, Entry
from connector.app.exports.recognise import Known
from connector.app.exports.takings import Takings
from connector.exports.bank import Statement
from connector.model.export import Means
from connector.money import Currency, Money, grouped

STRANGE = "If a bank made it: --bank FILE --suggest-map. Else take it out of the folder."
_NAMED_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A file, what it was taken for, and what was read of it."""

    file: str
    taken_for: str
    told: str


def seen_debts(known: Known, report: Debts) -> Seen:
    """How much is open, and whether the report's own total was compared."""
    opened: Counter[str] = Counter()
    for entry in report.entries:
        opened[entry.item.currency] += entry.item.amount
    count = sum(bool(entry.item.amount) for entry in report.entries)
    told = [f"{count:,} open, {_sums(opened)}"]
    if paid := len(report.entries) - count:
        told.append(f"{paid:,} paid")
    told.append("adds up to its total" if report.checked else "has no total to compare with")
    told += [f"{_many(lines, 'line')} of {word} left aside" for word, (lines, _) in sorted(report.aside.items())]
    return Seen(file=report.name, taken_for=known.layout.title, told="; ".join(told))


def seen_takings(known: Known, taken: Takings) -> Seen:
    """How many lines of each kind."""
    kinds = Counter(str(known.means(row)) for row in known.rows)
    told = [f"{_many(count, kind)}" for kind, count in sorted(kinds.items()) if kind != Means.OTHER]
    if others := kinds[Means.OTHER]:
        told.append(f"{_many(others, 'line')} of {Means.OTHER}")
    if again := taken.again[known.grid.name]:
        told.append(f"{again:,} told by another file too")
    return Seen(file=known.grid.name, taken_for=known.layout.title, told="; ".join(told) or "no lines")


def seen_bank(told: Statement, deposits: int) -> Seen:
    """What came from customers and what from processors."""
    parts = [_many(len(told.came) - deposits, "payment"), f"{deposits:,} from processors", f"{told.went:,} went out"]
    if told.passed_over:
        parts.append(f"{_many(told.passed_over, 'line')} without a booking")
    if told.checked:
        parts.append("every balance follows")
    return Seen(file=told.name, taken_for="bank, by your mapping", told="; ".join(parts))


def remarks(reports: Sequence[Debts], taken: Takings, recorded: Mapping[str, Entry]) -> list[str]:
    """What a person should know before believing the result."""
    said = []
    if reports and not any(entry.was and not entry.item.amount for report in reports for entry in report.entries):
        said.append(
            "No report lists paid invoices: a payment that the books hold already may be taken for an open invoice of"
            " the same price. Add the list of invoices with all dates."
        )
    loose = [(word, lines, sum_) for report in reports for word, (lines, sum_) in report.aside.items() if sum_ < 0]
    if loose:
        said.append(
            f"The books hold money that is applied to nothing ({_many(sum(each for _, each, _ in loose), 'line')}):"
            " if it is one of these payments, it is there already."
        )
    if recorded:
        named = ", ".join(f"{id_} (as {entry.item.id})" for id_, entry in sorted(recorded.items())[:_NAMED_MAX])
        more = f" and {len(recorded) - _NAMED_MAX:,} more" if len(recorded) > _NAMED_MAX else ""
        said.append(
            f"{_many(len(recorded), 'payment')} left out, because it comes to what was already paid of an invoice and"
            f" names no open one: {named}{more}."
        )
    if taken.aside:
        counted = ", ".join(f"{count:,} {word}" for word, count in sorted(taken.aside.items()))
        said.append(f"Lines of processors that settle no invoice: {counted}.")
    return said


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _sums(sums: Mapping[str, int]) -> str:
    return " and ".join(grouped(Money(sums[code], Currency(code))) for code in sorted(sums))
