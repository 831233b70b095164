"""What an invoice is to show of its payment link to its customer, and what we put there last. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

from connector.errors import UserError
from connector.model.link_line import LinkLine
from connector.model.source import Ref

WORDS = {
    "en": "Pay online: {url}",
    "fr": "Payer en ligne : {url}",
    "de": "Online bezahlen: {url}",
    "es": "Pagar en línea: {url}",
}
"""By the link's language."""

WORDS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LastShown:
    """The last write of ours to an invoice: the line it put there (None: it took one off), whether it is under way
    still, and how a person took it back, "" where nobody did. `count` is how many there were, this one included."""

    line: LinkLine | None
    under_way: bool
    count: int
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnInvoice:
    """What one invoice is to show, `line` None for nothing, and why. `last` is what we wrote there before; `again`: a
    person says that it goes there, whatever was taken off before."""

    invoice: Ref
    place: str
    line: LinkLine | None
    why: str
    last: LastShown | None = None
    again: bool = False


def line_of(words: str, language: str, url: str) -> str:
    """The line, in the firm's own words or in ours."""
    return (words or WORDS.get(language, WORDS["en"])).format(url=url)


def checked(words: str) -> str:
    """The firm's own words as they may be used; UserError for several lines, or where the address is missing."""
    said = words.strip()
    try:
        names = [name for _, name, _, _ in Formatter().parse(said) if name is not None]
    except ValueError:
        names = []
    if names != ["url"] or not said.isprintable() or len(said) > WORDS_MAX:
        raise UserError(
            f"The words for an invoice are one line of at most {WORDS_MAX} characters with {{url}} in it, once.",
            next_step="For example: Pay online: {url}",
        )
    return said
