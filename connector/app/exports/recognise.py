"""Which file is which: by the header, never by the name of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.errors import UserError
from connector.exports.days import ordinals
from connector.exports.figures import amounts
from connector.exports.grid import BadCell, Grid, Row
from connector.exports.opening import HEADER_WITHIN_ROWS
from connector.model.export import Layout, Means, Tells
from connector.money import DIGITS, Currency


@dataclass(frozen=True, slots=True)
class Known:
    """A file that was recognised, and the lines below its header. `places` maps our columns to the file's, `own` are
    columns that the firm filled itself, with their names."""

    grid: Grid
    layout: Layout
    source: str
    header: Row
    rows: Sequence[Row]
    places: Mapping[str, int]
    own: Sequence[tuple[int, str]]

    def title(self, column: str) -> str:
        """What the file calls a column."""
        return self.header.at(self.places.get(column, -1))

    def text(self, row: Row, column: str) -> str:
        """What stands there, "" where the file has no such column."""
        return row.at(self.places.get(column, -1))

    def means(self, row: Row) -> Means:
        """What a line is, by its word; one that is not known is refused where the layout is closed."""
        word = self.text(row, "type")
        found = self.layout.words.get(word.casefold())
        if found is None and self.layout.closed:
            self.grid.refuse(
                row.line,
                self.title("type"),
                f"{word[:40]!r} is nothing that this report should hold",
                "Export the report of what customers owe, with no other filter; nothing was written.",
            )
        return found or Means.OTHER

    def codes(self, rows: Sequence[Row], column: str, home: str) -> list[Currency]:
        """The currency of each line; `home` where the file has none."""
        found = []
        for row in rows:
            said = self.text(row, column).upper() or home
            if said not in DIGITS:
                if not said:
                    raise UserError(
                        f"{self.grid.name} does not say in which currency it is.",
                        next_step="Add --currency, such as USD.",
                    )
                self.grid.refuse(row.line, self.title(column), f"{said[:8]!r} is no currency of ISO 4217")
            found.append(Currency(said))
        return found

    def amounts(self, rows: Sequence[Row], column: str, codes: Sequence[Currency]) -> list[int]:
        """The minor units in a column, of all lines together."""
        try:
            return amounts([self.text(row, column) for row in rows], codes)
        except BadCell as bad:
            self.grid.refuse(rows[bad.place].line, self.title(column), str(bad), bad.next_step)

    def days(self, rows: Sequence[Row], columns: Sequence[str], order: str) -> list[list[int]]:
        """The ordinals in columns that are written in one way, of all lines together; 0 where a column after the first
        has nothing."""
        places = [(at, column) for column in columns for at, row in enumerate(rows)
                  if column == columns[0] or self.text(row, column)]  # fmt: skip
        try:
            read = ordinals([self.text(rows[at], column) for at, column in places], order)
        except BadCell as bad:
            at, column = places[bad.place]
            self.grid.refuse(rows[at].line, self.title(column), str(bad), bad.next_step)
        found = dict(zip(places, read, strict=True))
        return [[found.get((at, column), 0) for column in columns] for at in range(len(rows))]


def recognised(grids: Iterable[Grid], layouts: Iterable[tuple[str, Layout]]) -> Known | None:
    """What a file is, None where no header in it is known. Among several, the one whose title stands above, then the
    one that needs the most columns."""
    best: tuple[tuple[bool, int], Known] | None = None
    for grid in grids:
        for index, header in enumerate(grid.rows[:HEADER_WITHIN_ROWS]):
            names = [cell.casefold() for cell in header.cells]
            for source, layout in layouts:
                places = _places(names, layout)
                if places is None:
                    continue
                above = " ".join(cell.casefold() for row in grid.rows[:index] for cell in row.cells)
                titled = any(title in above for title in layout.titles)
                rank = (titled, len(layout.needed))
                if best is None or rank > best[0]:
                    best = (
                        rank,
                        Known(grid, layout, source, header, grid.rows[index + 1 :], places, _own(names, layout)),
                    )
    return best[1] if best is not None else None


def sound(known: Known | None) -> Known | None:
    """The same. UserError where a column that is read stands twice, or texts have slipped into other columns."""
    if known is not None:
        _refuse_doubled(known)
        filled = known.layout.tells is not Tells.OPEN_ITEMS
        known.grid.refuse_shifted(known.header, known.rows, filled=filled)
    return known


def _places(names: Sequence[str], layout: Layout) -> dict[str, int] | None:
    """Where our columns stand, None where one is missing that is needed."""
    found = {}
    for column, titles in layout.columns.items():
        at = next((names.index(title) for title in titles if title in names), None)
        if at is not None:
            found[column] = at
        elif column in layout.needed:
            return None
    return found


def _own(names: Sequence[str], layout: Layout) -> list[tuple[int, str]]:
    return [
        (place, name)
        for place, name in enumerate(names)
        if any(name.startswith(own) or name.endswith(own) for own in layout.own)
    ]


def _refuse_doubled(known: Known) -> None:
    """A header in which a column that is read stands twice."""
    names = [cell.casefold() for cell in known.header.cells]
    for place in known.places.values():
        if names.count(names[place]) > 1:
            known.grid.refuse(known.header.line, known.header.cells[place], "the column stands there twice")
