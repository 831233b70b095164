"""The payer's language: which one it is, and how it writes money and days."""

from __future__ import annotations

from dataclasses import fields
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from connector.dates import business_date, instant_from_iso
from connector.money import DIGITS, Currency, Money
from connector.web.phrases import LANGUAGES, Phrases
from connector.web.tongues import tongue, tongue_for


@pytest.mark.parametrize(
    ("chosen", "linked", "accepted", "spoken"),
    [
        ("", "", "", "en"),
        ("", "", "*", "en"),
        ("", "", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "", "zh-CN, es;q=0.5", "es"),
        ("", "", "en;q=0.1, fr-CA;q=0.7", "fr"),
        ("", "", "fr;q=0, es", "es"),
        ("", "", "de;q=nan, x;q=,;;;", "en"),
        ("", "", "," * 5000, "en"),
        ("", "fr", "de", "fr"),
        ("es", "fr", "de", "es"),
        ("xx", "yy", "de", "de"),
    ],
)
def test_the_page_speaks_what_was_chosen_then_what_the_link_says_then_the_browser(
    chosen: str, linked: str, accepted: str, spoken: str
) -> None:
    assert tongue_for(chosen, linked, accepted).code == spoken


@pytest.mark.parametrize(
    ("language", "amount", "written"),
    [
        ("en", Money(123_450, Currency("USD")), "$1,234.50 USD"),
        ("en", Money(123_450, Currency("EUR")), "€1,234.50"),
        ("en", Money(123_450, Currency("CAD")), "CA$1,234.50"),
        ("en", Money(12_345, Currency("KWD")), "KWD\xa012.345"),
        ("en", Money(5_000, Currency("JPY")), "¥5,000 JPY"),
        ("de", Money(123_450, Currency("EUR")), "1.234,50\xa0€"),
        ("de", Money(123_450, Currency("USD")), "1.234,50\xa0USD"),
        ("fr", Money(123_450, Currency("EUR")), "1\u202f234,50\xa0€"),
        ("fr", Money(123_450, Currency("USD")), "1\u202f234,50\xa0$US"),
        ("es", Money(123_450, Currency("USD")), "1.234,50\xa0US$"),
        ("en", Money(2, Currency("UGX")), "UGX\xa02"),
        ("en", Money(1_250, Currency("HUF")), "HUF\xa012.50"),
    ],
)
def test_money_is_written_as_the_language_does_and_never_without_its_currency(
    language: str, amount: Money, written: str
) -> None:
    assert tongue(language).money(amount) == written


@pytest.mark.req("P6")
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_figure_is_rounded_or_loses_a_digit_on_its_way_to_the_page(language: str) -> None:
    for code in DIGITS:
        written = tongue(language).money(Money(123_456_789, Currency(code)))
        assert "".join(each for each in written if each.isdigit()) == "123456789", (code, written)


def test_days_and_moments_are_said_in_words() -> None:
    day = business_date("2026-04-01")
    assert [tongue(code).day(day) for code in LANGUAGES] == [
        "April 1, 2026",
        "1 avril 2026",
        "1. April 2026",
        "1 de abril de 2026",
    ]
    at = instant_from_iso("2026-11-22T14:05:00+00:00")
    assert tongue("en").moment(at, ZoneInfo("America/New_York")) == "22 Nov 2026, 09:05 EST"


@pytest.mark.parametrize(
    ("language", "typed", "minor"),
    [
        ("en", "1,234.50", 123_450),
        ("en", " 12.5 ", 1_250),
        ("de", "1.234,50", 123_450),
        ("de", "12.50", 1_250),
        ("fr", "1\u202f234,50", 123_450),
        ("en", "12.345", None),
        ("en", "1e3", None),
        ("en", "nan", None),
        ("en", "-5", None),
        ("en", "", None),
        ("en", "9" * 30, None),
        ("en", "12 dollars", None),
    ],
)
def test_a_typed_amount_is_read_in_the_language_or_with_a_point(language: str, typed: str, minor: int | None) -> None:
    found = tongue(language).amount(typed, Currency("USD"))
    assert (found.minor if found is not None else None) == minor


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.req("P6")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_and_has_the_same_places_as_in_english(language: str) -> None:
    for field in fields(Phrases):
        sentence, english = getattr(LANGUAGES[language], field.name), getattr(LANGUAGES["en"], field.name)
        assert sentence.strip() == sentence != ""
        assert places(sentence) == places(english), field.name


def test_sentences_of_two_languages_are_not_mixed_up() -> None:
    same = {
        field.name
        for field in fields(Phrases)
        if len({getattr(phrases, field.name) for phrases in LANGUAGES.values()}) < len(LANGUAGES)
        and len(getattr(LANGUAGES["en"], field.name)) > 20
    }
    assert same == set()


@pytest.mark.parametrize(
    ("language", "minor", "code", "typed"),
    [
        ("en", 123_450, "USD", "1234.50"),
        ("de", 123_450, "EUR", "1234,50"),
        ("fr", 5, "EUR", "0,05"),
        ("es", 120, "JPY", "120"),
    ],
)
def test_what_stands_in_the_field_of_an_amount_is_written_as_its_reader_writes_and_is_read_back(
    language: str, minor: int, code: str, typed: str
) -> None:
    amount = Money(minor, Currency(code))
    assert tongue(language).figure(amount) == typed
    assert tongue(language).amount(typed, amount.currency) == amount
