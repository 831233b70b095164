"""Amounts as people's files write them: which mark is the decimal one is a fact of the whole column.

A field alone may be read in two ways (1.234); all together mostly cannot. What still can is refused, and so is a column
whose fields contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from connector.exports.grid import BadCell, Number
from connector.money import DIGITS, Currency, MoneyError, from_decimal

_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f ", " "))
_DRESSED = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+\u2212])?\s*(?P<code>[A-Za-z]{0,3}[$€£¥₹]?|[A-Z]{3})\s*(?P<late>[-+\u2212])?"
    r"(?P<inner>\()?\s*(?P<body>[0-9.,][0-9.,' \u2019]*?)\s*(?P<tail>[$€£¥₹]|[A-Z]{3})?"
    r"\s*(?P<after>[-\u2212])?\s*(?P<close>\))?"
)
_SEAM = re.compile(r"[.,' ]")
_GROUPED = re.compile(r"[0-9]*|[0-9]{1,3}(?:[.,' ][0-9]{2,3})*[.,' ][0-9]{3}")
_CHARACTERS_MAX = 40
_SYMBOLS = {
    "€": frozenset({"EUR"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "£": frozenset({"GBP", "EGP", "FKP", "GIP", "LBP", "SDG", "SHP", "SSP", "SYP"}),
}
"""The currencies that a sign may stand for. A dollar sign may stand for many."""
_TELL_MARK = "Say which in the mapping (decimal), or export it with cents."


def amounts(fields: Sequence[str], codes: Sequence[Currency], mark: str = "") -> list[int]:
    """Minor units of each field in its currency. "" is refused. `mark` is the decimal mark where somebody said it."""
    bodies, signs = _undressed(fields)
    _refuse_other_currency(fields, codes)
    mark = mark or _mark(fields, bodies, codes)
    found = []
    for place, body in enumerate(bodies):
        plain = str(body) if isinstance(fields[place], Number) else _plain(place, body, mark)
        try:
            found.append(signs[place] * from_decimal(Decimal(plain), codes[place]).minor)
        except MoneyError:
            raise BadCell(place, f"{fields[place]!r} has more decimals than {codes[place]} has") from None
    return found


def decimal_mark(fields: Sequence[str], code: Currency) -> str:
    """Which mark a column of one currency has before its decimals; BadCell where that cannot be told."""
    return _mark(fields, _undressed(fields)[0], [code] * len(fields))


def is_amount(field: str) -> bool:
    """Whether a field looks like one."""
    return len(field) <= _CHARACTERS_MAX and _DRESSED.fullmatch(field.translate(_SPACES).strip()) is not None


def _undressed(fields: Sequence[str]) -> tuple[list[str], list[int]]:
    """Digits and marks only, and the signs: brackets and a minus on either side mean less."""
    bodies, signs = [], []
    for place, field in enumerate(fields):
        shape = _DRESSED.fullmatch(field.translate(_SPACES).strip()) if len(field) <= _CHARACTERS_MAX else None
        if shape is None:
            raise BadCell(place, f"{field[:_CHARACTERS_MAX]!r} is no amount" if field else "it has no amount")
        brackets = (shape["open"] or shape["inner"] or "") + (shape["close"] or "")
        minuses = sum(bool(shape[name] and shape[name] != "+") for name in ("sign", "late", "after"))
        if brackets not in ("", "()") or minuses + bool(brackets) > 1:
            raise BadCell(place, f"the sign of {field!r} is not clear")
        bodies.append(shape["body"].replace("\u2019", "'"))
        signs.append(-1 if minuses or brackets else 1)
    return bodies, signs


def _refuse_other_currency(fields: Sequence[str], codes: Sequence[Currency]) -> None:
    """An amount that says it is in another currency than its line."""
    for place, field in enumerate(fields):
        said = field.strip("0123456789.,' -+()\u00a0\u202f\u2009\u2212\u2019").upper()
        if not said:
            continue
        code = codes[place]
        if (said in DIGITS and said != code) or any(code not in _SYMBOLS[sign] for sign in said if sign in _SYMBOLS):
            raise BadCell(place, f"{field!r} is not in {code}")


def _mark(fields: Sequence[str], bodies: Sequence[str], codes: Sequence[Currency]) -> str:
    """The decimal mark that all fields agree on."""
    surely: dict[str, int] = {}
    open_ = -1
    for place, body in enumerate(bodies):
        if isinstance(fields[place], Number):
            continue
        mark = _told(body, DIGITS[codes[place]])
        if mark == "?":
            open_ = place
        elif mark:
            surely.setdefault(mark, place)
    if len(surely) > 1:
        place = max(surely.values())
        raise BadCell(place, f"{fields[place]!r} is written otherwise than the amounts before it")
    if not surely and open_ >= 0:
        raise BadCell(open_, f"{fields[open_]!r} can be read in two ways", _TELL_MARK)
    return next(iter(surely), ".")


def _told(body: str, digits: int) -> str:
    """The decimal mark that a field shows, "?" where it may be either, "" where it shows none."""
    marks = [mark for mark in body if mark in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    other = "," if last == "." else "."
    if other in marks:
        return last
    if len(marks) > 1:
        return other
    whole, _, rest = body.rpartition(last)
    if len(rest) != 3 or not re.fullmatch(r"[1-9][0-9]{0,2}", whole):  # noqa: PLR2004 - a group has three digits
        return last
    return other if digits == 0 else "?"


def _plain(place: int, body: str, mark: str) -> str:
    """The same without grouping and with a point; BadCell where groups are no groups."""
    whole, _, rest = body.partition(mark)
    seams = set(_SEAM.findall(whole))
    if not (whole or rest) or (rest and not rest.isdigit()) or len(seams) > 1 or not _GROUPED.fullmatch(whole):
        raise BadCell(place, f"{body!r} is no amount whose decimal mark is {mark!r}")
    return f"{_SEAM.sub('', whole) or '0'}.{rest or '0'}"
