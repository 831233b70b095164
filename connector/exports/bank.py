"""A bank's file by a mapping, as its bookings; and those of them that brought money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from connector.errors import UserError
from connector.exports.days import is_day, ordinals
from connector.exports.figures import amounts
from connector.exports.grid import BadCell, Grid, Row
from connector.exports.mapping import BankMapping, delimiter_of
from connector.exports.opening import HEADER_WITHIN_ROWS, grids_of
from connector.money import DIGITS, Currency, Money, grouped

_CHECK = "Check the mapping: receivables match --bank FILE --suggest-map; nothing was written."
_SEPARATOR = " "


class BankLine(NamedTuple):
    """A booking: money that came in, or, below nought, went out. `id` is the bank's own, else the file and the line."""

    id: str
    line: int
    on: int
    currency: str
    amount: int
    payer: str
    account: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a bank's file tells: what came in; how many lines went out, and how many were no bookings."""

    name: str
    came: list[BankLine]
    went: int
    passed_over: int
    checked: bool


@dataclass(frozen=True, slots=True)
class _File:
    """The file with the places of its columns."""

    grid: Grid
    mapping: BankMapping
    places: dict[str, int]

    def text(self, row: Row, column: str) -> str:
        return row.at(self.places[column]) if column else ""

    def refuse(self, rows: Sequence[Row], column: str, bad: BadCell) -> NoReturn:
        self.grid.refuse(rows[bad.place].line, column, str(bad), bad.next_step)

    def amounts(self, rows: Sequence[Row], column: str, codes: Sequence[Currency]) -> list[int]:
        try:
            return amounts([self.text(row, column) for row in rows], codes, self.mapping.decimal)
        except BadCell as bad:
            self.refuse(rows, column, bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """All of a bank's file, in its own order. `balances`: what was on the account after each line, where it says so and
    they follow; of a single line it cannot be told which way they run."""

    file: _File
    lines: list[BankLine]
    balances: list[int]
    newest_first: bool
    passed_over: int


def statement(path: Path, mapping: BankMapping) -> Statement:
    """The lines of a bank's file that brought money. UserError: one cannot be read, or a balance does not follow."""
    found = bookings(path, mapping)
    came = [line for line in found.lines if line.amount > 0]
    _refuse_doubled(found.file, came)
    return Statement(
        name=path.name,
        came=came,
        went=len(found.lines) - len(came),
        passed_over=found.passed_over,
        checked=bool(mapping.balance),
    )


def bookings(path: Path, mapping: BankMapping) -> Bookings:
    """Every booking of a bank's file, as they stand in it. UserError where one cannot be read, or a balance does not
    follow."""
    file, below = _opened(path, mapping)
    rows = [row for row in below if file.text(row, mapping.date) and _has_amount(file, row)]
    for row in rows:
        if not is_day(file.text(row, mapping.date)):
            file.grid.refuse(row.line, mapping.date, f"{file.text(row, mapping.date)[:40]!r} is no date", _CHECK)
    if not rows:
        raise UserError(f"{path.name} holds no bookings.", next_step=_CHECK)
    try:
        days = ordinals([file.text(row, mapping.date) for row in rows], mapping.dates)
    except BadCell as bad:
        file.refuse(rows, mapping.date, bad)
    codes = _codes(file, rows)
    signed = _signed(file, rows, codes)
    balances, upwards = _follow(file, rows, codes, signed)
    lines = [
        BankLine(
            id=file.text(row, mapping.id) or f"{path.name}:{row.line}",
            line=row.line,
            on=days[at],
            currency=codes[at],
            amount=signed[at],
            payer=file.text(row, mapping.payer),
            account=file.text(row, mapping.account).replace(" ", ""),
            text=_SEPARATOR.join(filter(None, (file.text(row, column) for column in mapping.text))),
        )
        for at, row in enumerate(rows)
    ]
    return Bookings(file=file, lines=lines, balances=balances, newest_first=upwards, passed_over=len(below) - len(rows))


def _opened(path: Path, mapping: BankMapping) -> tuple[_File, Sequence[Row]]:
    """The file, and the lines below its header: the first line that has all columns of the mapping."""
    wanted = mapping.columns()
    missing = wanted[0]
    for grid in grids_of(path, (delimiter_of(mapping),), mapping.encoding):
        for index, row in enumerate(grid.rows[:HEADER_WITHIN_ROWS]):
            names = [cell.casefold() for cell in row.cells]
            lacking = [column for column in wanted if column.casefold() not in names]
            if not lacking:
                places = {column: names.index(column.casefold()) for column in wanted}
                doubled = next((column for column in wanted if names.count(column.casefold()) > 1), None)
                if doubled is not None:
                    grid.refuse(row.line, doubled, "the column stands there twice", _CHECK)
                grid.refuse_shifted(row, grid.rows[index + 1 :], filled=False)
                return _File(grid, mapping, places), grid.rows[index + 1 :]
            if len(lacking) < len(wanted):
                missing = lacking[0]
    raise UserError(f"{path.name} has no header with the column {missing!r}.", next_step=_CHECK)


def _has_amount(file: _File, row: Row) -> bool:
    mapping = file.mapping
    return any(file.text(row, column) for column in (mapping.amount, mapping.credit, mapping.debit))


def _codes(file: _File, rows: Sequence[Row]) -> list[Currency]:
    column = file.mapping.currency_column
    found = []
    for row in rows:
        code = file.text(row, column).upper() if column else file.mapping.currency
        if code not in DIGITS:
            file.grid.refuse(row.line, column, f"{code[:8]!r} is no currency of ISO 4217", _CHECK)
        found.append(Currency(code))
    return found


def _signed(file: _File, rows: Sequence[Row], codes: Sequence[Currency]) -> list[int]:
    """What came in above nought, what went out below."""
    mapping = file.mapping
    if mapping.amount:
        read = file.amounts(rows, mapping.amount, codes)
        return [_turned(file, row, amount) for row, amount in zip(rows, read, strict=True)] if mapping.sign else read
    sides = []
    for column in (mapping.credit, mapping.debit):
        filled = [at for at, row in enumerate(rows) if file.text(row, column)]
        read = file.amounts([rows[at] for at in filled], column, [codes[at] for at in filled])
        sides.append(dict(zip(filled, map(abs, read), strict=True)))
    came, went = sides
    for at, row in enumerate(rows):
        if came.get(at) and went.get(at):
            file.grid.refuse(row.line, mapping.debit, "it has money in and money out", _CHECK)
    return [came.get(at, 0) - went.get(at, 0) for at in range(len(rows))]


def _turned(file: _File, row: Row, amount: int) -> int:
    mapping = file.mapping
    word = file.text(row, mapping.sign).casefold()
    ways = {each.casefold(): -1 for each in mapping.money_out} | {each.casefold(): 1 for each in mapping.money_in}
    if word in ways:
        return ways[word] * abs(amount)
    return file.grid.refuse(row.line, mapping.sign, f"{word[:20]!r} is neither money in nor money out", _CHECK)


def _follow(
    file: _File, rows: Sequence[Row], codes: Sequence[Currency], signed: Sequence[int]
) -> tuple[list[int], bool]:
    """Each balance must follow from the one before it, the oldest line first or last. The balances, none where there
    are none to be followed, and whether the newest line is the first."""
    if not file.mapping.balance or len(set(codes)) != 1:
        return [], False
    held = file.amounts(rows, file.mapping.balance, codes)
    down = next((at for at in range(1, len(rows)) if held[at] - held[at - 1] != signed[at]), None)
    up = next((at for at in range(1, len(rows)) if held[at - 1] - held[at] != signed[at - 1]), None)
    if down is not None and up is not None:
        at = max(down, up)
        shown = grouped(Money(held[at], codes[0]))
        file.grid.refuse(
            rows[at].line, file.mapping.balance, f"the balance {shown} does not follow from the lines around it", _CHECK
        )
    return held, down is not None


def _refuse_doubled(file: _File, came: Sequence[BankLine]) -> None:
    seen: dict[str, int] = {}
    for line in came:
        if line.id in seen:
            file.grid.refuse(
                line.line, file.mapping.id, f"line {seen[line.id]} has the same id", "Leave id out of the mapping."
            )
        seen[line.id] = line.line
