"""In which language a payer reads, and how money and days are written in it.

The language is what the payer chose on the page, else the link's, else the browser's, else English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Literal

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime
from babel.numbers import (
    NumberFormatError,
    format_currency,
    get_currency_symbol,
    get_decimal_symbol,
    parse_decimal,
)

from connector.dates import BusinessDate, Instant
from connector.errors import ReceivablesError
from connector.money import DIGITS, Currency, Money, from_decimal, from_text, plain, to_decimal
from connector.web.phrases import LANGUAGES, Phrases

DEFAULT = "en"
HEADER_MAX = 200
_FIGURE = re.compile("[0-9][0-9.,\\s]{0,19}")
_OFFSET = re.compile("[+-][0-9]{4}$")
WRITTEN_MAX = 4_096
"""So many figures and days are remembered as they were written: writing one anew takes a tenth of a millisecond."""

_PLAIN = re.compile(r"\d{1,15}(?:\.\d{1,4})?", re.ASCII)
_OWN_SIGN = frozenset({"€"})
"""Signs that mean one currency everywhere; beside every other the code is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """One language: its sentences, and how it writes figures."""

    code: str
    said: Phrases
    direction: str

    def money(self, amount: Money) -> str:
        """1.234,50 € or $1,234.50 USD: with the currency's own digits, and its code where the sign could mislead."""
        return _money(self.code, amount)

    def figure(self, amount: Money) -> str:
        """1234,50: as a person of that language types it into a field, without a sign and without groups."""
        return plain(amount).replace(".", get_decimal_symbol(_locale(self.code)))

    def day(self, date: BusinessDate) -> str:
        """A day in words."""
        return _day(self.code, date, "long")

    def short_day(self, date: BusinessDate) -> str:
        """A day where there is little room."""
        return _day(self.code, date, "medium")

    def moment(self, at: Instant, where: tzinfo) -> str:
        """A day and a time, with the zone's name, or with its offset where people of that language know no name."""
        named = format_datetime(at, format="d MMM y, HH:mm z", tzinfo=where, locale=_locale(self.code))
        if not _OFFSET.search(named):
            return named
        return format_datetime(at, format="d MMM y, HH:mm ZZZZ", tzinfo=where, locale=_locale(self.code))

    def amount(self, text: str, code: Currency) -> Money | None:
        """What a person typed, in this language's digits or with a point; None when it is no amount."""
        if not _FIGURE.fullmatch(text.strip()):
            return None
        try:
            return from_decimal(parse_decimal(text.strip(), locale=self.code, strict=True), code)
        except (NumberFormatError, ReceivablesError):
            pass
        try:
            return from_text(text, code) if _PLAIN.fullmatch(text.strip()) else None
        except ReceivablesError:
            return None


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@lru_cache(WRITTEN_MAX)
def _money(language: str, amount: Money) -> str:
    locale = _locale(language)
    # The figure is exact and only written here: it must not be rounded to another idea of a currency's digits.
    pattern = _pattern(language, amount.currency)
    written = format_currency(to_decimal(amount), amount.currency, pattern, locale, currency_digits=False)
    sign = get_currency_symbol(amount.currency, locale)
    if any("A" <= each <= "Z" for each in sign):
        return _apart(written, sign)
    if sign in _OWN_SIGN:
        return written
    at_end = written.endswith(sign)
    return f"{written.removesuffix(sign)}{amount.currency}" if at_end else f"{written} {amount.currency}"


@lru_cache(WRITTEN_MAX)
def _day(language: str, date: BusinessDate, length: Literal["medium", "long"]) -> str:
    return format_date(date, format=length, locale=_locale(language))


def _apart(written: str, sign: str) -> str:
    """A code before the figure needs a space between them."""
    before = written.startswith(sign) and sign[-1].isalpha()
    return f"{sign}\N{NO-BREAK SPACE}{written.removeprefix(sign)}" if before else written


@cache
def _pattern(language: str, code: Currency) -> str:
    """The language's own way of writing money, with as many digits as the currency has."""
    usual = _locale(language).currency_formats["standard"].pattern
    digits = DIGITS[code]
    return ";".join(part.replace(".00", f".{'0' * digits}" if digits else "") for part in usual.split(";"))


@cache
def tongue(language: str) -> Tongue:
    """The language of that code; there is one for every key of LANGUAGES."""
    direction = _locale(language).text_direction
    return Tongue(code=language, said=LANGUAGES[language], direction=direction)


def tongue_for(chosen: str, linked: str, accepted: str) -> Tongue:
    """The payer's language: `chosen` on the page, `linked` by the seller, `accepted` as the browser's header says."""
    for wanted in (chosen, linked):
        if wanted in LANGUAGES:
            return tongue(wanted)
    return tongue(_negotiated(accepted[:HEADER_MAX]))


@cache
def tongue_names() -> tuple[tuple[str, str], ...]:
    """(code, what its speakers call it) of every language."""
    return tuple((code, phrases.name) for code, phrases in LANGUAGES.items())


def _negotiated(accepted: str) -> str:
    ranked: list[tuple[Decimal, str]] = []
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            rank = Decimal(weight) if weight else Decimal(1)
        except InvalidOperation:
            continue
        if tag and rank.is_finite() and rank > 0:
            ranked.append((rank, tag))
    ranked.sort(key=lambda pair: -pair[0])
    return negotiate_locale([tag for _, tag in ranked], list(LANGUAGES), sep="-") or DEFAULT
