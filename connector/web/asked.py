"""The one form of the pay page: what was typed in, and what is wrong with it in the payer's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from connector.app.asking import About, Message
from connector.app.paying import Visit
from connector.collect.contacts import card_number_in
from connector.dates import BusinessDate, business_date
from connector.errors import ReceivablesError
from connector.web.payer import Reader, subject

WORDS_MAX = 2_000
PERSON_MAX = 120
AHEAD_DAYS_MAX = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What stands in the form."""

    about: str = ""
    day: str = ""
    words: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionPage:
    """The form as it is shown, with what was wrong when it was sent."""

    title: str
    headline: str
    abouts: tuple[tuple[str, str], ...]
    today: str
    given: Given
    faults: tuple[str, ...] = ()
    words_max: int = WORDS_MAX
    person_max: int = PERSON_MAX


def given_in(form: Mapping[str, str]) -> Given:
    """What was typed, trimmed."""
    return Given(**{name: form.get(name, "").strip() for name in ("about", "day", "words", "person")})


def question_page(
    visit: Visit, reader: Reader, today: BusinessDate, given: Given | None = None, faults: tuple[str, ...] = ()
) -> QuestionPage:
    """The form. A card number that was typed is not shown again."""
    said = reader.tongue.said
    kept = given if given is not None else Given()
    if card_number_in(f"{kept.words}") or card_number_in(kept.person):
        kept = Given(about=kept.about, day=kept.day)
    return QuestionPage(
        title=said.tell_title.format(seller=reader.seller.name),
        headline=said.from_seller.format(what=subject(visit, reader), seller=reader.seller.name),
        abouts=(
            (About.QUESTION, said.ask_question),
            (About.NEVER_RECEIVED, said.ask_never_received),
            (About.WRONG_PERSON, said.ask_wrong_person),
            (About.PAID_ALREADY, said.ask_paid),
            (About.WILL_PAY, said.ask_will_pay),
        ),
        today=today.isoformat(),
        given=kept,
        faults=faults,
    )


def message_in(given: Given, form: str, reader: Reader, today: BusinessDate) -> Message | tuple[str, ...]:
    """The message, or what is wrong with it."""
    said = reader.tongue.said
    about = About(given.about) if given.about in tuple(About) else None
    day = _day(given.day, today) if about is About.WILL_PAY else None
    wrong = {
        said.choose_one: about is None,
        said.no_day: about is About.WILL_PAY and day is None,
        said.no_words: about is About.QUESTION and not given.words,
        said.too_long.format(count=WORDS_MAX): len(given.words) > WORDS_MAX,
        said.too_long.format(count=PERSON_MAX): len(given.person) > PERSON_MAX,
        said.card_number: card_number_in(given.words) or card_number_in(given.person),
    }
    faults = tuple(sentence for sentence, is_so in wrong.items() if is_so)
    if faults or about is None:
        return faults
    return Message(about=about, form=form, words=given.words, person=given.person, day=day)


def _day(text: str, today: BusinessDate) -> BusinessDate | None:
    """A day from today on, within a year."""
    try:
        day = business_date(text)
    except ReceivablesError:
        return None
    return day if today <= day <= today + timedelta(days=AHEAD_DAYS_MAX) else None
