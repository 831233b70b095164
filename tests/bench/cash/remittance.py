"""What payers write about what they pay, and what banks leave of it.

A text comes with what a careful reader can make of it, so that a judge needs no parser: which numbers stand there whole
and right, whether anything was cut, and whether something in it is wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

WIDTHS = (35, 80, 140)
SURE_DIGITS = 3
"""A shorter number is one only behind a word that says so, or with its prefix."""

_LEADS = ("Invoice", "Inv", "INV", "Rechnung", "Payment for", "Re", "Your invoice", "Pmt", "")
_SAYING = frozenset({"Invoice", "Inv", "INV", "Rechnung", "Your invoice"})
_EMPTY = ("Payment", "Thank you", "Transfer", "", "monthly payment", "ACH CREDIT", "as agreed")
_LOOKS_LIKE = str.maketrans("01582", "OISBZ")
_RUN = re.compile(r"\d+$")


class Style(StrEnum):
    """How the numbers are written."""

    CLEAN = "clean"
    LIST = "list"
    RANGE = "range"
    SPAN = "span"
    PERIOD = "period"
    SHORTHAND = "shorthand"
    ZEROS = "zeros"
    BARE = "bare"
    LETTERS = "letters"
    SPLIT = "split"
    TYPO = "typo"
    MISSING = "missing"
    WRONG = "wrong"
    NONE = "none"


HABITS = (
    (Style.CLEAN, 0.5), (Style.LIST, 0.14), (Style.RANGE, 0.04), (Style.SHORTHAND, 0.04), (Style.ZEROS, 0.08),
    (Style.BARE, 0.2),
)  # fmt: skip
SLIPS = ((Style.TYPO, 0.45), (Style.MISSING, 0.3), (Style.LETTERS, 0.1), (Style.SPLIT, 0.1), (Style.WRONG, 0.05))


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and what a reader can make of it.

    `shown`: numbers that stand there whole and right. `whole`: nothing was cut of the numbers, as far as one can see.
    `slipped`: what was written in place of a number and is wrong, "" where nothing is. `astray`: it names what is not
    meant.
    """

    text: str = ""
    style: Style = Style.NONE
    shown: tuple[str, ...] = ()
    whole: bool = True
    slipped: str = ""
    astray: bool = False

    @property
    def plain(self) -> bool:
        """Whether all that stands there is whole and right."""
        return self.whole and not self.slipped and not self.astray


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some words and the numbers that whoever has read them knows."""

    words: str
    tells: tuple[str, ...] = ()


def pick(rng: random.Random, weighted: Sequence[tuple[Style, float]]) -> Style:
    """One style, by its weight."""
    return rng.choices([one for one, _ in weighted], [weight for _, weight in weighted])[0]


def fitting(style: Style, numbers: Sequence[str]) -> Style:
    """A style in which these numbers can be written."""
    if style in (Style.RANGE, Style.SHORTHAND, Style.LIST, Style.MISSING) and len(numbers) < 2:
        return Style.CLEAN
    digits = sorted(digits_of(number) for number in numbers)
    alike = len({(lead_of(number), len(digits_of(number))) for number in numbers}) == 1
    if style is Style.RANGE:
        following = alike and [int(one) for one in digits] == list(range(int(digits[0]), int(digits[0]) + len(digits)))
        return style if following and len(digits) > 2 else Style.LIST
    if style in (Style.SPAN, Style.SHORTHAND):
        short = len(digits[0]) > SURE_DIGITS and all(one[:-3] == digits[0][:-3] for one in digits)
        return style if alike and (short if style is Style.SHORTHAND else len(digits) > 2) else Style.LIST
    if style in (Style.LETTERS, Style.SPLIT, Style.TYPO) and min(map(len, digits)) <= SURE_DIGITS:
        return Style.CLEAN
    if style is Style.SPLIT and len(numbers) > 1:
        return Style.LIST
    return style


def write(
    rng: random.Random,
    numbers: Sequence[str],
    style: Style,
    *,
    others: Sequence[str],
    days: tuple[date, date],
    width: int,
    noise: float,
) -> Text:
    """The text about these numbers. `others` are numbers that are not meant; `days`: when the first and the last of
    them was issued; width 0: not cut."""
    numbers = sorted(numbers, key=lambda number: (lead_of(number), len(digits_of(number)), number))
    style = fitting(style, numbers) if numbers else Style.NONE
    if style is Style.NONE:
        text = _with_noise(rng, rng.choice(_EMPTY), noise)[1]
        return Text(text[:width] if width else text)
    if style is Style.PERIOD:
        text = _with_noise(rng, _period(rng, *days), noise)[1]
        return Text(text[:width] if width else text)
    lead = rng.choice(_LEADS)
    pieces, slipped, astray = _pieces(rng, numbers, style, others)
    body = "".join(piece.words for piece in pieces)
    offset, text = _with_noise(rng, f"{lead} {body}".strip(), noise)
    at = offset + (len(lead) + 1 if lead else 0)
    kept = text[:width] if width else text
    touches = len(kept) in WIDTHS
    shown: dict[str, None] = {}
    ends = at
    for piece in pieces:
        ends += len(piece.words)
        if ends < len(kept) or (ends == len(kept) and not touches):
            shown.update(dict.fromkeys(piece.tells))
    whole = ends < len(kept) or (ends == len(kept) and not touches)
    sure = [number for number in shown if _is_sure(number, style, lead)]
    return Text(kept, style, tuple(sure), whole, slipped, astray)


def digits_of(number: str) -> str:
    """The running number, padding and all."""
    found = _RUN.search(number)
    return found[0] if found else ""


def lead_of(number: str) -> str:
    """What stands before the running number."""
    return number[: len(number) - len(digits_of(number))]


def _is_sure(number: str, style: Style, lead: str) -> bool:
    """Whether a reader takes it for a number of ours at all."""
    written = digits_of(number).lstrip("0") if style in (Style.ZEROS, Style.BARE) else number
    return len(written) >= SURE_DIGITS or lead in _SAYING


def _pieces(
    rng: random.Random, numbers: Sequence[str], style: Style, others: Sequence[str]
) -> tuple[list[_Piece], str, bool]:
    """The words in their order, what slipped, and whether they lead astray."""
    match style:
        case Style.RANGE | Style.SPAN:
            sign = rng.choice(("-", " - ", " to ", " thru "))
            return [_Piece(numbers[0], (numbers[0],)), _Piece(f"{sign}{numbers[-1]}", tuple(numbers))], "", False
        case Style.SHORTHAND:
            tail = 2 if all(one[:-2] == numbers[0][:-2] for one in numbers) else 3
            return _listed("/", [(numbers[0], numbers[0]), *((one[-tail:], one) for one in numbers[1:])]), "", False
        case Style.TYPO:
            place = rng.randrange(len(numbers))
            slip = _typo(rng, digits_of(numbers[place]))
            told = [(lead_of(one) + slip, "") if index == place else (one, one) for index, one in enumerate(numbers)]
            return _listed(", ", told), slip, False
        case Style.MISSING:
            kept = sorted(rng.sample(list(numbers), len(numbers) - 1), key=list(numbers).index)
            return _listed(", ", [(one, one) for one in kept]), "", False
        case Style.WRONG:
            other = rng.choice(list(others)) if others else lead_of(numbers[0]) + _typo(rng, digits_of(numbers[0]))
            return [_Piece(other)], other, True
        case _:
            sign = rng.choice((", ", "; ", " + ", "/", ",", " ")) if style in (Style.CLEAN, Style.LIST) else ", "
            return _listed(sign, [(_written(rng, one, style), one) for one in numbers]), "", False


def _period(rng: random.Random, first: date, last: date) -> str:
    """Of which days they are, as people say it."""
    return rng.choice(
        (
            f"invoices {first:%d.%m.%Y} - {last:%d.%m.%Y}",
            f"all invoices until {last:%Y-%m-%d}",
            f"invoices week {first.isocalendar().week}",
            f"invoices {first:%B %Y}",
            f"statement {last:%m/%Y}",
        )
    )


def _written(rng: random.Random, number: str, style: Style) -> str:
    lead, digits = lead_of(number), digits_of(number)
    match style:
        case Style.ZEROS:
            return digits.lstrip("0")
        case Style.BARE:
            return digits
        case Style.LETTERS:
            return lead + _one_letter(rng, digits)
        case Style.SPLIT:
            middle = len(digits) // 2
            return f"{lead}{digits[:middle]} {digits[middle:]}"
        case _:
            return number


def _listed(sign: str, told: Sequence[tuple[str, str]]) -> list[_Piece]:
    return [
        _Piece((sign if index else "") + words, (number,) if number else ())
        for index, (words, number) in enumerate(told)
    ]


def _one_letter(rng: random.Random, digits: str) -> str:
    places = [index for index, digit in enumerate(digits) if digit in "01582"]
    if not places:
        return digits
    place = rng.choice(places)
    return digits[:place] + digits[place].translate(_LOOKS_LIKE) + digits[place + 1 :]


def _typo(rng: random.Random, digits: str) -> str:
    """One digit wrong, left out, doubled, or two swapped; never the first, as padding hides it."""
    place = rng.randrange(1, len(digits))
    match rng.randrange(4):
        case 1 if len(digits) > SURE_DIGITS + 1:
            return digits[:place] + digits[place + 1 :]
        case 2 if place + 1 < len(digits) and digits[place] != digits[place + 1]:
            return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        case 3:
            return digits[:place] + digits[place] + digits[place:]
        case _:
            other = rng.choice([digit for digit in "0123456789" if digit != digits[place]])
            return digits[:place] + other + digits[place + 1 :]


def _with_noise(rng: random.Random, text: str, rate: float) -> tuple[int, str]:
    """The text with what looks like a number and is none behind or before it, and where the text now begins."""
    if rng.random() < rate:
        text = f"{text} {_noise(rng)}"
    if rng.random() < rate / 3:
        before = f"{_noise(rng)} "
        return len(before), before + text
    return 0, text


def _noise(rng: random.Random) -> str:
    return rng.choice(
        (
            f"PO {rng.randrange(1000, 99999)}",
            f"PO#{rng.randrange(10**6, 10**7)}",
            f"TRN {rng.randrange(10**8, 10**10)}",
            f"trace {rng.randrange(10**14, 10**15)}",
            f"{rng.randrange(1, 13):02}/{rng.randrange(1, 29):02}/2025",
            f"{rng.randrange(1, 29):02}.{rng.randrange(1, 13):02}.2024",
            f"2025-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            f"acct {rng.randrange(10**5, 10**7)}",
            f"tel 555 {rng.randrange(1000, 9999)}",
            f"phone +1 212 555 {rng.randrange(1000, 9999)}",
            f"USD {rng.randrange(10, 9999)}.{rng.randrange(100):02}",
            "thank you",
            "NTE*ZZZ",
            f"customer {rng.randrange(100, 9999)}",
        )
    )
