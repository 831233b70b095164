"""Dates as people's files write them: whether 03/04 is in March or in April, only all dates of a file say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from connector.exports.grid import BadCell

YEAR_MIN, YEAR_MAX = 1970, 2199

_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ].*)?")
_LOCAL = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2 ?([0-9]{4}|[0-9]{2})(?:[T ,].*)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(
    r"([0-9]{1,2})[ -]([A-Za-z]{3})[a-z]*[ ,-]+([0-9]{4})|([A-Za-z]{3})[a-z]* ([0-9]{1,2}),? ([0-9]{4})"
)
_MONTH_MAX = 12
ORDERS = ("dmy", "mdy")
_SAY = "Say which with --dates dmy or --dates mdy."


def ordinals(fields: Sequence[str], order: str = "") -> list[int]:
    """The day of each field. `order` is dmy or mdy where somebody said it; years of two digits are read only then."""
    order = order if order in ORDERS else ""
    told = order or order_of(fields)
    return [_day(place, field, told, short=bool(order)).toordinal() for place, field in enumerate(fields)]


def order_of(fields: Sequence[str]) -> str:
    """Day or month first (dmy or mdy), as all fields agree; "" where no field needs to be asked. BadCell where it
    is not clear."""
    shown: dict[str, int] = {}
    open_ = -1
    for place, field in enumerate(fields):
        shape = _LOCAL.fullmatch(field)
        if shape is None:
            continue
        first, second = int(shape[1]), int(shape[3])
        if first > _MONTH_MAX:
            shown.setdefault("dmy", place)
        elif second > _MONTH_MAX:
            shown.setdefault("mdy", place)
        elif first != second:
            open_ = place
    if len(shown) > 1:
        place = max(shown.values())
        raise BadCell(place, f"{fields[place]!r} is written otherwise than the dates before it")
    if not shown and open_ >= 0:
        raise BadCell(open_, f"{fields[open_]!r} may have the day first or the month", _SAY)
    return next(iter(shown), "")


def is_day(field: str) -> bool:
    """Whether a field looks like a date."""
    return any(shape.fullmatch(field) for shape in (_ISO, _LOCAL, _NAMED))


def _day(place: int, field: str, order: str, *, short: bool) -> date:
    try:
        year, month, day = _parts(field, order, short=short)
        found = date(year, month, day)
    except ValueError:
        raise BadCell(place, f"{field[:40]!r} is no date" if field else "it has no date") from None
    if not YEAR_MIN <= found.year <= YEAR_MAX:
        raise BadCell(place, f"{field[:40]!r} is no date from {YEAR_MIN} to {YEAR_MAX}")
    return found


def _parts(field: str, order: str, *, short: bool) -> tuple[int, int, int]:
    """Year, month and day; ValueError where it is no date."""
    if shape := _ISO.fullmatch(field):
        return int(shape[1]), int(shape[2]), int(shape[3])
    if shape := _NAMED.fullmatch(field):
        day, name, year = (shape[1], shape[2], shape[3]) if shape[1] else (shape[5], shape[4], shape[6])
        return int(year), _MONTHS.index(name.lower()) + 1, int(day)
    shape = _LOCAL.fullmatch(field)
    if shape is None or (len(shape[4]) == 2 and not short):  # noqa: PLR2004 - a year of two digits
        raise ValueError
    first, second, year = int(shape[1]), int(shape[3]), int(shape[4])
    year += 2000 if len(shape[4]) == 2 else 0  # noqa: PLR2004 - the same
    return (year, second, first) if order == "dmy" else (year, first, second)
