"""Workbooks (XLSX) as grids: what each cell shows, a number by its exact digits, a date as an ISO date.

Reports are exported with formulas whose results were never worked out (=1234.50, and sums of cells), which libraries
for workbooks that give the kept results read as nothing or as nought; so the few parts of the format that hold values
are read here. Nothing outside those parts is opened, nothing is unpacked beyond a limit, and a document type, which no
workbook has and which makes parsers swell, is refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from xml.parsers import expat

from connector.errors import UserError
from connector.exports.cells import Cell, Sheet, place_of
from connector.exports.grid import CELLS_MAX, ROWS_MAX, Grid

UNPACKED_BYTES_MAX = 256 << 20
TEXT_CHARACTERS_MAX = 32_767
"""What a cell can hold."""
DEPTH_MAX = 40
"""No part of a workbook is nested so deeply."""

_OPEN_AND_SAVE = "Open it in a spreadsheet program, save it as CSV UTF-8, and name that file."
_DATES_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
_FIRST, _FIRST_MAC = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - days of a calendar, no instants

Visit = Callable[[str, dict[str, str]], None]


@dataclass(slots=True)
class _Book:
    """What the sheets of a workbook share."""

    name: str
    texts: list[str] = field(default_factory=list)
    dates: list[bool] = field(default_factory=list)
    first: datetime = _FIRST


def is_workbook(held: bytes) -> bool:
    """Whether a file begins as one."""
    return held.startswith(b"PK\x03\x04")


def sheets(name: str, archive: zipfile.ZipFile) -> list[Grid]:
    """Every sheet that has anything in it. UserError where the workbook cannot be read."""
    try:
        _refuse_large(name, archive)
        book = _Book(name)
        paths = _paths(book, archive)
        book.texts = _shared(archive)
        book.dates = _date_styles(archive)
        grids = [_sheet(book, archive, title, path, single=len(paths) == 1) for title, path in paths]
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError, RuntimeError, OSError):
        raise _unreadable(name) from None
    except (KeyError, IndexError, ValueError, ArithmeticError):
        raise _unreadable(name) from None
    return [grid for grid in grids if grid.rows]


def _unreadable(name: str) -> UserError:
    return UserError(f"{name} is no readable workbook.", next_step=_OPEN_AND_SAVE)


def _refuse_large(name: str, archive: zipfile.ZipFile) -> None:
    if sum(part.file_size for part in archive.infolist()) > UNPACKED_BYTES_MAX:
        raise UserError(f"{name} unpacks to more than {UNPACKED_BYTES_MAX >> 20} MiB.", next_step=_OPEN_AND_SAVE)


def _part(archive: zipfile.ZipFile, path: str) -> bytes:
    """A part's bytes; what the archive says of its size is not believed."""
    with archive.open(path) as part:
        held = part.read(UNPACKED_BYTES_MAX + 1)
    if len(held) > UNPACKED_BYTES_MAX:
        raise zipfile.BadZipFile
    return held


def _walk(held: bytes, begin: Visit, text: Callable[[str], None], end: Callable[[str], None]) -> None:
    """Tell of every element of a part by its name without namespace."""
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def begins(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH_MAX:
            raise ValueError
        begin(name.rpartition(" ")[2], {key.rpartition(" ")[2]: value for key, value in attributes.items()})

    def ends(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.rpartition(" ")[2])

    def doctype(*_: object) -> None:
        raise ValueError

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = begins, ends
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    parser.Parse(held, True)


def _nothing(_: str) -> None:
    """What is passed over."""


def _paths(book: _Book, archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """The visible sheets by their titles, in order."""
    found: list[tuple[str, str]] = []
    targets: dict[str, str] = {}

    def of_book(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            found.append((attributes["name"], attributes["id"]))
        elif name == "workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
            book.first = _FIRST_MAC

    def of_relations(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            targets[attributes["Id"]] = attributes["Target"]

    _walk(_part(archive, "xl/workbook.xml"), of_book, _nothing, _nothing)
    _walk(_part(archive, "xl/_rels/workbook.xml.rels"), of_relations, _nothing, _nothing)
    return [(title, _within(targets[key])) for title, key in found if "chartsheet" not in targets[key]]


def _within(target: str) -> str:
    """The path of a part, from the archive's root."""
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _shared(archive: zipfile.ZipFile) -> list[str]:
    """The texts that cells point at. Readings for East Asian names are no part of them."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    found: list[str] = []
    inside: list[str] = []

    def begin(name: str, _: dict[str, str]) -> None:
        inside.append(name)
        if name == "si":
            found.append("")

    def text(piece: str) -> None:
        if inside and inside[-1] == "t" and "rPh" not in inside and len(found[-1]) <= TEXT_CHARACTERS_MAX:
            found[-1] += piece

    _walk(_part(archive, "xl/sharedStrings.xml"), begin, text, lambda _: inside.__delitem__(-1))
    return found


def _date_styles(archive: zipfile.ZipFile) -> list[bool]:
    """For every style of a cell, whether it shows numbers as dates."""
    if "xl/styles.xml" not in archive.namelist():
        return []
    own: dict[int, bool] = {}
    found: list[bool] = []
    inside: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        inside.append(name)
        if name == "numFmt":
            shown = _NOT_SHOWN.sub("", attributes["formatCode"].lower())
            own[int(attributes["numFmtId"])] = any(letter in shown for letter in "dyhs") or "mmm" in shown
        elif name == "xf" and "cellXfs" in inside:
            code = int(attributes.get("numFmtId", "0"))
            found.append(own.get(code, code in _DATES_BUILT_IN))

    _walk(_part(archive, "xl/styles.xml"), begin, _nothing, lambda _: inside.__delitem__(-1))
    return found


def _sheet(book: _Book, archive: zipfile.ZipFile, title: str, path: str, *, single: bool) -> Grid:
    """One sheet. The last of a cell's elements that hold text is closed before the next cell begins."""
    lines: dict[int, dict[int, Cell]] = {}
    line, cell, inside = 0, Cell(), ""

    def begin(what: str, attributes: dict[str, str]) -> None:
        nonlocal line, cell, inside
        inside = what
        if what == "row":
            line = int(attributes.get("r", line + 1))
            lines[line] = {}
            if len(lines) > ROWS_MAX:
                raise ValueError
        elif what == "c":
            place = place_of(attributes["r"])[1] if "r" in attributes else len(lines[line])
            cell = Cell(attributes.get("t", "n"), int(attributes.get("s", "0")))
            if place < CELLS_MAX:
                lines[line][place] = cell

    def text(piece: str) -> None:
        if inside in {"v", "t"}:
            cell.value = (cell.value or "") + piece
        elif inside == "f":
            cell.formula = (cell.formula or "") + piece

    def end(_: str) -> None:
        nonlocal inside
        inside = ""

    _walk(_part(archive, path), begin, text, end)
    name = book.name if single else f"{book.name}, sheet {title}"
    return Sheet(name, lines, book.texts, book.dates, book.first).grid()
