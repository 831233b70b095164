"""CSV files read by the column: every field checked, and a fault that says file, line and column.

A file is read in pieces, so that one of a thousand million lines is refused at its first fault and never stands in
memory whole. A column is checked at once, because a hundred thousand fields one by one would take seconds.
"""

from __future__ import annotations

import codecs
import csv
import gc
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from connector.errors import UserError
from connector.exports.days import YEAR_MAX, YEAR_MIN
from connector.money import DIGITS

T = TypeVar("T")

PIECE_ROWS = 20_000
"""So many rows are checked at once; so many empty ones in a row are no list any more."""
ROWS_MAX = 5_000_000
LINE_BYTES_MAX = 1 << 20
NUMBER_CHARACTERS_MAX = 17
RATE_MAX = 10_000

_NUMBER = re.compile(r"-?[0-9]{1,17}")
_NUMBERS = re.compile(r"[0-9-]*")
_RATE = re.compile(r"[0-9]{0,5}")
_MID = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,24}))?(?:[eE]([+-]?[0-9]{1,2}))?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NOT_MINOR = "is no whole number of minor units (12050 is 120.50)"
_AGAIN = "Put it right in the file and run it again; nothing was written."

Parsed = Sequence[Any]
Parser = Callable[[Sequence[str]], Parsed]


class BadField(Exception):
    """A field that cannot be read: its place among those that were given, why, and its column where that is known."""

    def __init__(self, place: int, why: str, column: str = "") -> None:
        super().__init__(why)
        self.place, self.why, self.column = place, why, column


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the name in the header, and how its fields are read. Where it may be missing, "" is read."""

    name: str
    parse: Parser
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file: its columns, of which the first two are the company and the id; how they become values."""

    name: str
    columns: tuple[Column, ...]
    shape: Callable[[list[Parsed]], Iterable[Any]]

    @property
    def key(self) -> str:
        """The column that may hold no value twice within a company."""
        return self.columns[1].name


class _Days(dict[str, int]):
    """ISO dates as ordinals, each read once."""

    def __missing__(self, text: str) -> int:
        if not _DAY.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(text)
        if not YEAR_MIN <= day.year <= YEAR_MAX:
            raise ValueError
        self[text] = day.toordinal()
        return self[text]


_DAYS = _Days()
_DAYS_OR_NONE = _Days({"": 0})
_CODES = {code: code for code in DIGITS}


def text(fields: Sequence[str]) -> Parsed:
    """As they are. A byte of nothing is no text, wherever it stands."""
    if "\0" in "".join(fields):
        _refuse_first(fields, lambda field: "\0" not in field, "holds a byte that is no text")
    return fields


def name(fields: Sequence[str]) -> Parsed:
    """Fields that may not be empty."""
    if not all(fields):
        raise BadField(fields.index(""), "is empty")
    return text(fields)


def minor(fields: Sequence[str]) -> Parsed:
    """Whole numbers of minor units."""
    if not _NUMBERS.fullmatch("".join(fields)) or max(map(len, fields)) > NUMBER_CHARACTERS_MAX:
        _refuse_first(fields, _is_minor, _NOT_MINOR)
    try:
        return list(map(int, fields))
    except ValueError:  # an empty one, or a sign inside
        _refuse_first(fields, _is_minor, _NOT_MINOR)


def _is_minor(field: str) -> bool:
    return bool(_NUMBER.fullmatch(field))


def rate(fields: Sequence[str]) -> Parsed:
    """Rates in hundredths of a percent, or numbers of days; 0 where nothing stands."""
    known = {field: int(field or 0) for field in set(fields) if _RATE.fullmatch(field)}
    good = {field for field, value in known.items() if value <= RATE_MAX}
    if not good.issuperset(fields):
        _refuse_first(fields, good.__contains__, f"is no whole number from 0 to {RATE_MAX}")
    return [known[field] for field in fields]


def mid(fields: Sequence[str]) -> Parsed:
    """Rates of exchange as they are written, in decimals: exact, as numerators and denominators."""
    known = {field: _mid(field) for field in set(fields)}
    if not all(numerator for numerator, _ in known.values()):
        _refuse_first(fields, lambda field: known[field][0] > 0, "is no rate of exchange such as 1.0865")
    return [known[field] for field in fields]


def _mid(field: str) -> tuple[int, int]:
    found = _MID.fullmatch(field)
    if found is None:
        return 0, 1
    power = int(found[3] or 0) - len(found[2] or "")
    return int(found[1] + (found[2] or "")) * 10 ** max(power, 0), 10 ** max(-power, 0)


def day(fields: Sequence[str]) -> Parsed:
    """ISO dates as ordinals."""
    return _days(fields, _DAYS)


def day_or_none(fields: Sequence[str]) -> Parsed:
    """The same, and 0 where nothing stands."""
    return _days(fields, _DAYS_OR_NONE)


def moment(fields: Sequence[str]) -> Parsed:
    """ISO dates, or dates with a time of day behind them, which puts those of one day in order."""
    _days([field[:10] for field in fields], _DAYS)
    return fields


def code(fields: Sequence[str]) -> Parsed:
    """Codes of ISO 4217."""
    try:
        return [_CODES[field] for field in fields]
    except KeyError:
        _refuse_first(fields, _CODES.__contains__, "is no currency of ISO 4217, such as USD")


def one_of(words: Mapping[str, T]) -> Parser:
    """One of a few words, "" among them where nothing may stand."""

    def read(fields: Sequence[str]) -> Parsed:
        if not words.keys() >= set(fields):
            _refuse_first(fields, words.__contains__, f"is none of {', '.join(filter(None, words))}")
        return [words[field] for field in fields]

    return read


def made(shape: type[T]) -> Callable[[list[Parsed]], Iterable[T]]:
    """Columns as named tuples of that type. Their number is the sheet's, so nobody needs to count them per row."""
    return lambda columns: map(partial(tuple.__new__, shape), zip(*columns, strict=True))  # type: ignore[type-var]


def read(path: Path, sheet: Sheet) -> list[tuple[Sequence[str], list[Any]]]:
    """The companies and the values of a file, piece by piece. UserError where it cannot be read to its end."""
    found: list[tuple[Sequence[str], list[Any]]] = []
    rows_before = 0
    for places, rows in _pieces(path, sheet):
        try:
            columns = _columns(sheet, places, rows)
            values = list(sheet.shape(columns[1:]))
        except BadField as fault:
            refuse_row(path, rows_before + fault.place, fault.column, fault.why)
        found.append((columns[0], values))
        rows_before += len(rows)
        if rows_before > ROWS_MAX:
            raise UserError(
                f"{path.name} has more than {ROWS_MAX:,} lines.", next_step="Split it into several folders."
            )
    return found


def _columns(sheet: Sheet, places: Mapping[str, int], rows: Sequence[Sequence[str]]) -> list[Parsed]:
    turned = list(zip(*rows, strict=True))
    nothing = [""] * len(rows)
    columns = []
    for column in sheet.columns:
        place = places.get(column.name, -1)
        try:
            columns.append(column.parse(turned[place] if place >= 0 else nothing))
        except BadField as fault:
            raise BadField(fault.place, fault.why, column.name) from None
    return columns


def _refuse_first(fields: Sequence[str], is_good: Callable[[str], bool], why: str) -> NoReturn:
    raise BadField(next(place for place, field in enumerate(fields) if not is_good(field)), why)


def _days(fields: Sequence[str], known: _Days) -> Parsed:
    try:
        return [known[field] for field in fields]
    except ValueError:
        _refuse_first(fields, lambda field: _is_day(field, known), "is no date such as 2026-03-31")


def _is_day(field: str, known: _Days) -> bool:
    try:
        return known[field] >= 0
    except ValueError:
        return False


def _pieces(path: Path, sheet: Sheet) -> Iterator[tuple[dict[str, int], list[list[str]]]]:
    """The places of the columns, with some rows at a time."""
    rows_before = 0
    for places, piece in _raw(path, sheet):
        rows = [row for row in piece if row]
        if not rows and len(piece) == PIECE_ROWS:
            raise UserError(f"{path.name} has {PIECE_ROWS:,} empty lines in a row.", next_step=_AGAIN)
        width = len(places)
        if set(map(len, rows)) - {width}:
            at = next(place for place, row in enumerate(rows) if len(row) != width)
            line, _ = _row_at(path, rows_before + at)
            raise UserError(
                f"{path.name}, line {line}: it has {len(rows[at])} fields, and the header {width}.", next_step=_AGAIN
            )
        if rows:
            yield places, rows
        rows_before += len(rows)


def _raw(path: Path, sheet: Sheet) -> Iterator[tuple[dict[str, int], list[list[str]]]]:
    rows: Any = None
    try:
        _refuse_if_no_text(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            places = _header(path, next(rows, []), sheet)
            while piece := list(islice(rows, PIECE_ROWS)):
                yield places, piece
    except OSError:
        raise UserError(f"{path} cannot be read.", next_step=f"Name a folder that holds {path.name}.") from None
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except csv.Error as fault:
        raise UserError(
            f"{path.name}, line {rows.line_num}: it is no readable CSV ({fault}).", next_step=_AGAIN
        ) from None


def _refuse_if_no_text(path: Path) -> None:
    """A file whose lines have no end would have to be read whole before it could be refused."""
    if not path.is_file():
        raise FileNotFoundError
    with path.open("rb") as file:
        beginning = file.read(LINE_BYTES_MAX)
    if (
        b"\0" in beginning
        and not beginning.startswith(codecs.BOM_UTF16_LE)
        and not beginning.startswith(codecs.BOM_UTF16_BE)
    ):
        raise UserError(
            f"{path.name}, line {beginning[: beginning.index(0)].count(10) + 1}: it is no text.", next_step=_AGAIN
        )
    if len(beginning) == LINE_BYTES_MAX and b"\n" not in beginning and b"\r" not in beginning:
        raise UserError(f"{path.name}, line 1: the line does not end.", next_step=_AGAIN)


def _header(path: Path, fields: Sequence[str], sheet: Sheet) -> dict[str, int]:
    if not fields:
        raise UserError(f"{path.name}, line 1: it has no header.", next_step=f"It must begin with {_needed(sheet)}.")
    places = {field: place for place, field in enumerate(fields)}
    missing = [column.name for column in sheet.columns if column.needed and column.name not in places]
    if missing:
        raise UserError(
            f"{path.name}, line 1: the column {missing[0]} is missing.",
            next_step=f"The header must have {_needed(sheet)}.",
        )
    if len(places) != len(fields):
        twice = next(field for field in fields if fields.count(field) > 1)
        raise UserError(f"{path.name}, line 1: the column {twice!r} stands there twice.", next_step=_AGAIN)
    return places


def _needed(sheet: Sheet) -> str:
    return ", ".join(column.name for column in sheet.columns if column.needed)


def refuse_row(path: Path, row: int, column: str, why: str) -> NoReturn:
    """UserError that says where a value stands: `row` counts from 0, without the header and empty lines."""
    line, _ = _row_at(path, row)
    raise UserError(f"{path.name}, line {line}, column {column}: the value {why}.", next_step=_AGAIN)


def _row_at(path: Path, row: int) -> tuple[int, list[str]]:
    """The line on which a row begins, and its fields."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        before = rows.line_num
        for fields in rows:
            if fields:
                if not row:
                    return before + 1, fields
                row -= 1
            before = rows.line_num
    raise UserError(f"{path.name} changed while it was read.", next_step="Run it again.")


def refuse(path: Path, sheet: Sheet, key: tuple[str, str], column: str, why: str) -> NoReturn:
    """The same, of the last row with that company and id."""
    found, row = -1, 0
    for places, rows in _pieces(path, sheet):
        tenant, own = places[sheet.columns[0].name], places[sheet.key]
        for fields in rows:
            found = row if (fields[tenant], fields[own]) == key else found
            row += 1
    refuse_row(path, found, column, why)


def _not_utf8(path: Path) -> UserError:
    """Where the first byte stands that is no UTF-8."""
    header: list[str] = []
    where = ""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = raw.decode("utf-8-sig", errors="replace")
            fields = next(csv.reader([line]), [])
            header = header or fields
            bad = [place for place, field in enumerate(fields) if "\ufffd" in field]
            if bad:
                column = header[bad[0]] if number > 1 and bad[0] < len(header) else str(bad[0] + 1)
                where = f", line {number}, column {column}"
                break
    return UserError(
        f"{path.name}{where}: it is not written in UTF-8.", next_step='Save it as "CSV UTF-8"; nothing was written.'
    )


@contextmanager
def little_collecting() -> Iterator[None]:
    """What is made here holds no cycles; looking for them among so many values costs more than a second. It is not
    looked through afterwards either: what nobody uses any more goes away without that."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.freeze()
            gc.enable()
