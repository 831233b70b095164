"""How a bank's own CSV or XLSX is read, worked out with a person: its first lines, a proposal, what a choice of columns
makes of it, and the mapping kept for the account. Nothing is read into the books by any of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from connector import registry
from connector.app.house import Desk, House
from connector.app.setup import Wish, connect
from connector.dates import BusinessDate
from connector.errors import StoreError, UserError
from connector.exports.bank import bookings
from connector.exports.days import is_day
from connector.exports.grid import Grid, Row, contents, decoded
from connector.exports.mapping import BankMapping, read_mapping
from connector.exports.opening import DELIMITERS, HEADER_WITHIN_ROWS, grids_of
from connector.exports.suggest import Suggestion, encoding_of, readable, suggestion, toml_of
from connector.exports.workbook import is_workbook
from connector.model.firm import Connection
from connector.model.link_line import hash_of
from connector.money import Currency, Money

SETTING = "mapping"
ROWS_SHOWN = 8
READ_SHOWN = 3
_FOLDER = "mappings"
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A bank's file as it is: its first lines, and the columns of the line that looks like their header. `proposed` is
    how it might be read, with what that does not know; None where nobody can say."""

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    delimiter: str
    encoding: str
    proposed: BankMapping | None
    open_questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A line as a mapping reads it."""

    line: int
    on: BusinessDate
    amount: Money
    payer: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a mapping makes of a file: its first lines; how many came in, went out, and were no bookings; whether every
    amount was checked by the balance after it."""

    lines: tuple[ReadLine, ...]
    came: int
    went: int
    passed_over: int
    checked: bool


def sheet_of(path: Path, currency: str) -> Sheet:
    """Look at a file. UserError where it is none of rows."""
    held = contents(path)
    encoding = ""
    delimiter = DELIMITERS[0]
    if is_workbook(held):
        grids: list[tuple[Grid, str]] = [(each, delimiter) for each in grids_of(path)]
    else:
        encoding = encoding_of(held)
        text = decoded(path.name, held, encoding)
        grids = [(readable(path.name, text, each), each) for each in DELIMITERS]
    best, delimiter = max(grids, key=lambda each: len(_header(each[0])), default=(Grid(path.name, []), delimiter))
    columns = _header(best)
    if not columns:
        raise UserError(f"{path.name} has no columns.", next_step="Choose the CSV or XLSX that your bank gave you.")
    found = _proposed(path, currency)
    return Sheet(
        rows=tuple(best.rows[:ROWS_SHOWN]),
        columns=columns,
        delimiter="tab" if delimiter == "\t" else delimiter,
        encoding=encoding,
        proposed=found.mapping if found is not None else None,
        open_questions=found.open_questions if found is not None else (),
    )


def _proposed(path: Path, currency: str) -> Suggestion | None:
    try:
        return suggestion(path, currency)
    except UserError:
        return None


def _header(grid: Grid) -> tuple[str, ...]:
    """The names in the first of the lines that have most cells, and no day among them."""
    lines = [row.cells for row in grid.rows[:HEADER_WITHIN_ROWS] if not any(map(is_day, row.cells))]
    found: Sequence[str] = max(lines, key=lambda cells: sum(map(bool, cells)), default=())
    names = tuple(dict.fromkeys(name for name in found if name))
    return names if len(names) > 1 else ()


def tried(path: Path, mapping: BankMapping) -> Tried:
    """Read the whole file by a mapping, and keep nothing. UserError: the mapping is none, or a line cannot be read."""
    found = bookings(path, _checked(mapping))
    return Tried(
        lines=tuple(
            ReadLine(
                line=each.line,
                on=BusinessDate(date.fromordinal(each.on)),
                amount=Money(each.amount, Currency(each.currency)),
                payer=each.payer,
                text=each.text,
            )
            for each in found.lines[:READ_SHOWN]
        ),
        came=sum(each.amount > 0 for each in found.lines),
        went=sum(each.amount < 0 for each in found.lines),
        passed_over=found.passed_over,
        checked=bool(found.balances),
    )


def _checked(mapping: BankMapping) -> BankMapping:
    """The mapping as its file would be read."""
    with TemporaryDirectory(prefix="receivables-") as folder:
        path = Path(folder) / "the mapping"
        path.write_text(toml_of(mapping), encoding="utf-8")
        return read_mapping(path)


def mapped(desk: Desk) -> tuple[Connection, ...]:
    """The connections that read files by a mapping."""
    return tuple(
        each
        for each in desk.connections()
        if desk.spec(each).is_bank and any(name == SETTING for name, *_ in registry.setting_names(desk.spec(each)))
    )


def keep_mapping(house: House, desk: Desk, mapping: BankMapping, of: Connection | None) -> Path:
    """Write it into the home folder, under a name of its own, and let the account be read by it from now on; without an
    account it is only written. Errors: UserError, StoreError."""
    body = toml_of(_checked(mapping)).encode()
    name = of.connection_id if of is not None else "bank"
    # By a hash: a company may be called what no file can be.
    own = f"{hash_of(desk.id)[:16]}-{name}-{hashlib.sha256(body).hexdigest()[:8]}.toml"
    path = house.config.home / _FOLDER / own
    try:
        path.parent.mkdir(mode=_PRIVATE, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(body)
    except OSError:
        raise StoreError(f"The mapping {path} could not be written.", next_step="Look whether there is room.") from None
    if of is not None:
        connect(
            house,
            Wish(system=of.system, company=desk.id, zone=None, values={SETTING: str(path)}, allow_writes=False),
        )
    return path
