"""What the cells of a sheet show: texts, dates, and numbers by their digits, with formulas that only add worked out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation, Overflow

from connector.exports.grid import Grid, Number, Row

Place = tuple[int, int]

_FIRST = datetime(1899, 12, 30)  # noqa: DTZ001 - a day of the calendar, no instant
_FIFTEEN = Context(prec=15, Emax=40, Emin=-40, traps=[InvalidOperation, Overflow])
_SERIAL_MAX = 2_958_466
_NEST_MAX = 60
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ADDS = re.compile(r"(?:SUM\(|[()+,]|[A-Z]{1,3}[0-9]{1,7}(?::[A-Z]{1,3}[0-9]{1,7})?|[0-9]+(?:\.[0-9]+)?)+")
_TERM = re.compile(r"([A-Z]{1,3}[0-9]{1,7})(?::([A-Z]{1,3}[0-9]{1,7}))?|([0-9]+(?:\.[0-9]+)?)")
_LITERAL = re.compile(r"\(?(-?[0-9]+(?:\.[0-9]+)?)\)?")
_SAVE = "Open it in a spreadsheet program, save it there, and run it again; nothing was written."


@dataclass(slots=True)
class Cell:
    """A cell as it stands in the file: `kind` is its type, `formula` has no sign of equality."""

    kind: str = "n"
    style: int = 0
    value: str | None = None
    formula: str | None = None


@dataclass(slots=True)
class Sheet:
    """A sheet's cells by line and column, the texts they point at, and which styles show dates."""

    name: str
    cells: Mapping[int, Mapping[int, Cell]]
    texts: Sequence[str]
    dates: Sequence[bool]
    first: datetime = _FIRST
    _known: dict[Place, Decimal | None] = field(default_factory=dict)

    def grid(self) -> Grid:
        """Every line that shows anything."""
        grid = Grid(self.name, [])
        for line in sorted(self.cells):
            held = self.cells[line]
            shown = [self._shown(grid, (line, place)) for place in range(max(held, default=-1) + 1)]
            if any(shown):
                grid.rows.append(Row(line, tuple(shown)))
        return grid

    def _shown(self, grid: Grid, at: Place) -> str:
        cell = self.cells[at[0]].get(at[1])
        if cell is None or (cell.value is None and cell.formula is None):
            return ""
        if cell.kind == "e":
            grid.refuse(at[0], letters(at[1]), "the cell holds an error", _SAVE)
        if cell.kind == "s":
            return self.texts[int(cell.value or "0")].strip()
        if cell.kind in ("str", "inlineStr") and (cell.formula is None or cell.value):
            return (cell.value or "").strip()
        if cell.kind in ("b", "d"):
            return (cell.value or "").partition("T")[0]
        found = self._number(at, 0)
        if found is None:
            why = "holds no number" if cell.formula is None else "is a formula whose result was not kept"
            grid.refuse(at[0], letters(at[1]), f"the cell {why}", _SAVE)
        if cell.style < len(self.dates) and self.dates[cell.style]:
            return self._date(grid, at, found)
        return Number(f"{found:f}")

    def _number(self, at: Place, nested: int) -> Decimal | None:
        """A cell's number; 0 where nothing stands. None where it cannot be known."""
        if at not in self._known:
            self._known[at] = None
            self._known[at] = self._reckoned(at, nested)
        return self._known[at]

    def _reckoned(self, at: Place, nested: int) -> Decimal | None:
        cell = self.cells.get(at[0], {}).get(at[1])
        if cell is None or (cell.value is None and cell.formula is None) or cell.kind == "s":
            return Decimal(0)
        if cell.formula is not None:
            formula = cell.formula.removeprefix("=").replace("$", "").replace(" ", "")
            if literal := _LITERAL.fullmatch(formula):
                return _FIFTEEN.create_decimal(literal[1])
            if _ADDS.fullmatch(formula) and nested < _NEST_MAX:
                return self._added(formula, nested + 1)
        return _digits(cell.value) if cell.kind in ("n", "str") else None

    def _added(self, formula: str, nested: int) -> Decimal | None:
        """A formula that only adds: the sum of all it names, however it is bracketed."""
        sum_ = Decimal(0)
        for first, last, literal in _TERM.findall(formula):
            if literal:
                sum_ += _FIFTEEN.create_decimal(literal)
                continue
            (top, left), (bottom, right) = place_of(first), place_of(last or first)
            for line in [line for line in self.cells if top <= line <= bottom] if last else [top]:
                for place in range(left, right + 1):
                    found = self._number((line, place), nested)
                    if found is None:
                        return None
                    sum_ += found
        return sum_

    def _date(self, grid: Grid, at: Place, serial: Decimal) -> str:
        if not 0 <= serial < _SERIAL_MAX:
            grid.refuse(at[0], letters(at[1]), "the cell holds no date that there is", _SAVE)
        whole = int(serial)
        day = self.first + timedelta(days=whole)
        if serial == whole:
            return day.date().isoformat()
        return (day + timedelta(seconds=int((serial - whole) * 86_400))).isoformat(sep=" ", timespec="seconds")


def _digits(value: str | None) -> Decimal | None:
    """A number as a spreadsheet shows it: of fifteen digits, which is what it promises to keep."""
    try:
        found = _FIFTEEN.create_decimal(value or "")
        return found.normalize(_FIFTEEN) if found.is_finite() else None
    except ArithmeticError:
        return None


def place_of(reference: str) -> Place:
    """Line and column (from 0) of "AB12"; ValueError where it names no cell."""
    shape = _REFERENCE.fullmatch(reference)
    if shape is None:
        raise ValueError
    column = 0
    for letter in shape[1]:
        column = column * 26 + ord(letter) - 64
    return int(shape[2]), column - 1


def letters(column: int) -> str:
    """What a spreadsheet calls a column."""
    named = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        named = chr(65 + rest) + named
    return named
