"""Texts that quote a company's document numbers, with what was quoted: every way of numbering by every way of quoting.

What a text quotes is what was put into it, so nothing of the reader under test decides what is right. A text says
nothing that its writer could not mean otherwise: no number is left out of it, and where a number is cut it is not
among the quoted.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

COUNT = 240
LISTED_MAX = 5
RUN_MAX = 12

Writer = Callable[[random.Random, Sequence[str]], str]
_RUN = re.compile(r"[0-9]+")
_PREFIX = re.compile(r"^[A-Za-z]+(?:[-/ ]|(?=[0-9]+$))")
_LETTERS = str.maketrans("01582", "OISBZ")

NUMBERING: Mapping[str, Callable[[int], str]] = {
    "three digits": lambda at: f"{310 + at}",
    "four digits": lambda at: f"{1_000 + at}",
    "six digits": lambda at: f"{204_300 + at}",
    "ten digits": lambda at: f"{9_000_120_300 + at}",
    "twelve digits": lambda at: f"{100_000_412_300 + at}",
    "sixteen digits": lambda at: f"{4_000_200_000_012_300 + at}",
    "padded behind letters": lambda at: f"INV-{980 + at:05}",
    "closed behind letters": lambda at: f"R{10_450 + at}",
    "a year before": lambda at: f"2024-{95 + at:04}",
    "letters and a year": lambda at: f"INV-2024-{123 + at:06}",
    "letters, a year and a slash": lambda at: f"RE 2024/{120 + at}",
    "a year closed up": lambda at: f"2024{1_100 + at}",
    "a year behind": lambda at: f"FV/{120 + at}/2024",
    "month and year behind": lambda at: f"FV/{120 + at}/{1 + at // 100:02}/2024",
    "a branch before": lambda at: f"N7-{10_450 + at}",
    "padded": lambda at: f"{4_100 + at:08}",
}
CLOSED = frozenset({"a year behind", "month and year behind"})
"""Where the running number is not the end of the whole, nobody shortens the others to theirs."""

SEPARATORS = (", ", ",", "; ", " + ", " & ", " and ", " und ", " et ", " y ", "/", " / ", "\n", "  ")
THROUGH = ("-", " - ", " to ", " bis ", " thru ", " through ", " \u2013 ", "\u2013", "..", " al ", " au ", " until ")
SAYING = (
    "Invoice ",
    "Invoices ",
    "Inv. ",
    "inv#",
    "Rechnung ",
    "Rg.Nr. ",
    "Facture ",
    "Factura n. ",
    "Payment for ",
    "",
)
BEFORE = (
    "", "SVWZ+", "EREF+NOTPROVIDED SVWZ+", "/ROC/", "/RFB/", "EREF+E2E-77812 MREF+M-1 SVWZ+", "Thank you ",
    "ACH CREDIT ", "KREF+ZZ SVWZ+", "/INV/", "Zahlung ", "Paiement ", "Pago ",
)  # fmt: skip
BEHIND = (
    "", " thank you", " 12.03.2024", " vom 12.03.2024", " dated 03/12/2024", " USD 1,250.00", " EUR 99,50",
    " 2024-03-12", " PO 99871", " PO#4471293", " customer 88123", " Kd.-Nr. 88123", " Kundennummer 88123",
    " tel 030 5551", " TRN 4456712223", " acct 700123", " Client no 88123", " du 12/03/2024", " ABWA+ACME",
    " /URI/ THANKS", " phone +1 212 555 0142", " 3% Skonto", " /CINV/", " 12 Mar 2024", " order 77123",
    " IBAN DE89370400440532013000", " Mar 12, 2024",
)  # fmt: skip


class Quote(NamedTuple):
    """A text and the numbers in it, by their places in the company's list."""

    text: str
    meant: tuple[int, ...]


def company(numbering: str) -> list[str]:
    """A company's numbers."""
    return [NUMBERING[numbering](at) for at in range(COUNT)]


def _one(rng: random.Random, number: str) -> str:
    """A number as people copy it."""
    blank = re.sub("[-/]", " ", number)
    closed = re.sub("[-/ ]", "", number)
    return rng.choice((number, number, number.lower(), closed, blank, number.replace("-", "/"), f"#{number}"))


def clean(rng: random.Random, numbers: Sequence[str]) -> str:
    return _one(rng, numbers[0])


def listed(rng: random.Random, numbers: Sequence[str]) -> str:
    sign = rng.choice(SEPARATORS)
    same = rng.choice((str, str.lower, lambda number: re.sub("[-/ ]", "", number)))
    return sign.join(same(number) for number in numbers)


def through(rng: random.Random, numbers: Sequence[str]) -> str:
    sign = rng.choice(THROUGH)
    last = numbers[-1]
    if rng.random() < 0.3 and (prefix := _PREFIX.match(last)):
        last = last[prefix.end() :]
    return f"{numbers[0]}{sign}{last}"


def shorthand(rng: random.Random, numbers: Sequence[str]) -> str:
    sign = rng.choice(("/", ",", "+", ", ", " / ", "&", " & ", "-", "; "))
    first = _RUN.findall(numbers[0])[-1]
    ends = [_RUN.findall(number)[-1] for number in numbers]
    same = next(at for at in range(len(first)) if len({end[: at + 1] for end in ends}) > 1)
    kept = min(same, len(first) - 2)
    return sign.join([numbers[0], *(end[kept:] for end in ends[1:])])


def zeros(rng: random.Random, numbers: Sequence[str]) -> str:
    runs = _RUN.findall(numbers[0])
    if rng.random() < 0.3:
        return "00" + "".join(runs)
    return runs[-1].lstrip("0") if len(runs[-1].lstrip("0")) >= 3 else "".join(runs).lstrip("0")


def bare(rng: random.Random, numbers: Sequence[str]) -> str:
    sign = rng.choice((", ", " ", "/", "; "))
    return sign.join(_RUN.findall(number)[-1] for number in numbers)


def split(rng: random.Random, numbers: Sequence[str]) -> str:
    number = numbers[0]
    run = list(_RUN.finditer(number))[-1]
    middle = run.start() + rng.randrange(1, len(run[0]))
    return f"{number[:middle]} {number[middle:]}"


def letters(rng: random.Random, numbers: Sequence[str]) -> str:
    number = numbers[0]
    run = list(_RUN.finditer(number))[-1]
    places = [at for at in range(run.start(), run.end()) if number[at] in "01582"]
    if not places or run.end() - run.start() < 4:
        return number
    place = rng.choice(places)
    return number[:place] + number[place].translate(_LETTERS) + number[place + 1 :]


class Shape(NamedTuple):
    """A way to quote: how, how many numbers, whether they follow one another; whether it needs the last run alone."""

    write: Writer
    least: int = 1
    most: int = 1
    runs: bool = False
    by_end: bool = False


SHAPES: Mapping[str, Shape] = {
    "clean": Shape(clean),
    "list": Shape(listed, 2, LISTED_MAX),
    "range": Shape(through, 3, RUN_MAX, runs=True),
    "shorthand": Shape(shorthand, 2, LISTED_MAX, runs=True, by_end=True),
    "zeros": Shape(zeros, by_end=True),
    "bare": Shape(bare, 1, LISTED_MAX, by_end=True),
    "split": Shape(split, by_end=True),
    "letters": Shape(letters, by_end=True),
}


def quotes(numbering: str, shape: str, seed: int, count: int) -> list[Quote]:
    """So many texts of one shape that quote one company's numbers."""
    rng = random.Random(f"{numbering} {shape} {seed}")  # noqa: S311
    numbers, how = company(numbering), SHAPES[shape]
    if how.by_end and numbering in CLOSED:
        return []
    found = []
    for _ in range(count):
        many = rng.randint(how.least, how.most)
        start = rng.randrange(len(numbers) - many)
        meant = tuple(range(start, start + many)) if how.runs else tuple(sorted(rng.sample(range(len(numbers)), many)))
        if shape == "shorthand":
            ends = {numbers[at][:-2] for at in meant}
            if len(ends) > 1:
                continue
        body = how.write(rng, [numbers[at] for at in meant])
        found.append(Quote(f"{rng.choice(BEFORE)}{rng.choice(SAYING)}{body}{rng.choice(BEHIND)}", meant))
    return found


def cut(quote: Quote, width: int) -> str:
    """What a bank leaves of it."""
    return quote.text[:width]
