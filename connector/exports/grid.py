"""A file of rows as texts, each with its line, and the sentences that say where something is wrong."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, NoReturn

from connector.errors import UserError

FILE_BYTES_MAX = 256 << 20
ROWS_MAX = 1_000_000
CELLS_MAX = 400
"""So many columns no export has."""

_AGAIN = "Download it again, unedited, or put it right; nothing was written."


class Number(str):
    """What a workbook holds as a number: digits and a point, no grouping."""

    __slots__ = ()


class Row(NamedTuple):
    """The texts of a line; `line` counts from 1 as in the file."""

    line: int
    cells: tuple[str, ...]

    def at(self, place: int) -> str:
        """What stands in a column, "" beyond the end of the line."""
        return self.cells[place] if 0 <= place < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A file, or a sheet of a workbook. `name` is what people are told."""

    name: str
    rows: list[Row] = field(repr=False)
    is_csv: bool = False

    def refuse_shifted(self, header: Row, rows: Iterable[Row], *, filled: bool) -> None:
        """UserError for a line with more columns than the header: a text in it holds a delimiter and is not quoted.
        `filled`: nor may it have fewer, as in a CSV that a program wrote (a workbook leaves empty cells out)."""
        width = len(header.cells)
        for row in rows:
            more = any(row.cells[width:])
            if more or (filled and self.is_csv and len(row.cells) < width):
                self.refuse(row.line, "", f"it has {len(row.cells)} columns, and the header {width}")

    def refuse(self, line: int, column: str, why: str, next_step: str = _AGAIN) -> NoReturn:
        """UserError that says where."""
        where = f"{self.name}, line {line}" + (f", column {column}" if column else "")
        raise UserError(f"{where}: {why}.", next_step=next_step)


class BadCell(Exception):
    """A value that cannot be read: its place among those that were given, why, and what to do."""

    def __init__(self, place: int, why: str, next_step: str = _AGAIN) -> None:
        super().__init__(why)
        self.place, self.why, self.next_step = place, why, next_step


def contents(path: Path) -> bytes:
    """The bytes of a file; UserError for one that is too large or cannot be read."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise UserError(
                f"{path.name} is larger than {FILE_BYTES_MAX >> 20} MiB.", next_step="Export a shorter period."
            )
        return path.read_bytes()
    except OSError:
        raise UserError(f"{path} cannot be read.", next_step="Name a file that is there.") from None


def decoded(name: str, held: bytes, encoding: str = "") -> str:
    """A file's text: UTF-16 where it says so, else UTF-8, or the encoding that was named."""
    if held.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = held.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as fault:
        line = held[: fault.start].count(b"\n") + 1
        raise UserError(
            f"{name}, line {line}: it is not written in {encoding or 'UTF-8'}.",
            next_step="Download it again; if it is from a bank, name its encoding in the mapping.",
        ) from None
    except LookupError:
        raise UserError(f"The encoding {encoding[:20]!r} is not known.", next_step="Try utf-8 or cp1252.") from None
    if "\0" in text:
        raise UserError(
            f"{name}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: it is no text.", next_step=_AGAIN
        )
    return text.removeprefix("\ufeff")


def csv_grid(name: str, text: str, delimiter: str = ",") -> Grid:
    """The rows of a CSV. UserError where it is none, with the line."""
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 0
    try:
        for cells in reader:
            if len(cells) > CELLS_MAX:
                raise UserError(f"{name}, line {before + 1}: it has more than {CELLS_MAX} columns.", next_step=_AGAIN)
            shown = tuple([cell.strip() for cell in cells])
            if any(shown):
                rows.append(Row(before + 1, shown))
            before = reader.line_num
            if len(rows) > ROWS_MAX:
                raise UserError(f"{name} has more than {ROWS_MAX:,} lines.", next_step="Export a shorter period.")
    except csv.Error as fault:
        raise UserError(f"{name}, line {reader.line_num}: it is no readable CSV ({fault}).", next_step=_AGAIN) from None
    return Grid(name, rows, is_csv=True)
