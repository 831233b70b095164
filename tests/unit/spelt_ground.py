"""Names of payers as banks print them, with the customer that is meant: every way of spelling, and look-alikes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from connector.reconcile.cash.case import Party

_FIRST = (
    "Adler Bergmann Castell Dornbusch Everett Fairview Gruber Hollister Ibsen Jansen Keller Lombardi M\u00fcller "
    "Navarro O'Brien P\u00e9rez Quinn Rossi Schr\u00f6der Thornton Underhill Valdez Whitmore Xander York Zimmer"
)
_SECOND = (
    "Roofing Manufacturing Logistics International Foods Plumbing Technologies Machining Packaging Interiors Dental "
    "Textiles Engineering Supplies Catering Motors Printing Furniture Optics Recycling"
)
FIRST, SECOND = _FIRST.split(), _SECOND.split()
FORMS = ("Inc.", "LLC", "Ltd", "GmbH", "Corp", "Co.", "S.A.", "GmbH & Co. KG", "S.\u00e0 r.l.", "S.L.", "B.V.")
CITIES = ("Chicago IL", "Berlin", "Springfield", "Dallas TX", "Lyon", "New York NY")
SHORT = {
    "Manufacturing": "Mfg", "International": "Intl", "Technologies": "Techn", "Engineering": "Engrg",
    "Supplies": "Suppl", "Furniture": "Furn", "Packaging": "Pkg", "Logistics": "Logist", "Services": "Svcs",
}  # fmt: skip
WIDTHS = (20, 27, 35)
_PLAIN = str.maketrans({"\u00fc": "u", "\u00f6": "o", "\u00e9": "e", "\u00e0": "a"})
_SPELT_OUT = str.maketrans({"\u00fc": "ue", "\u00f6": "oe", "\u00e9": "e", "\u00e0": "a"})


class Firm(NamedTuple):
    """A firm's name in its parts."""

    body: str
    form: str

    @property
    def name(self) -> str:
        return f"{self.body} {self.form}"


def firms(count: int, seed: int = 1) -> list[Firm]:
    """So many firms, no two of which can be taken for one another."""
    rng = random.Random(seed)  # noqa: S311
    pairs = [(one, other) for one in FIRST for other in SECOND]
    rng.shuffle(pairs)
    found = []
    for one, other in pairs[:count]:
        with_partner = rng.random() < 0.3
        body = f"{one} & {rng.choice(FIRST)} {other}" if with_partner else f"{one} {other}"
        found.append(Firm(body, rng.choice(FORMS)))
    return found


def parties(known: Sequence[Firm]) -> list[Party]:
    """The customers of these names."""
    return [Party(str(at), firm.name) for at, firm in enumerate(known)]


def _shortened(_: random.Random, firm: Firm) -> str:
    return " ".join(SHORT.get(word, word) for word in firm.name.split()).upper()


def _mistyped(rng: random.Random, firm: Firm) -> str:
    place = rng.randrange(2, len(firm.body))
    return (firm.body[:place] + firm.body[place + 1 :]).upper()


def _turned(_: random.Random, firm: Firm) -> str:
    words = firm.body.split()
    return " ".join([words[-1], *words[:-1], firm.form]).upper()


SPELLINGS: Mapping[str, Callable[[random.Random, Firm], str]] = {
    "as it is": lambda _, firm: firm.name,
    "in capitals": lambda _, firm: firm.name.upper(),
    "without points": lambda _, firm: firm.name.replace(".", "").replace(",", "").upper(),
    "without its form": lambda _, firm: firm.body.upper(),
    "with another form": lambda rng, firm: f"{firm.body} {rng.choice(FORMS)}".upper(),
    "without accents": lambda _, firm: firm.name.translate(_PLAIN).upper(),
    "with accents spelt out": lambda _, firm: firm.name.translate(_SPELT_OUT).upper(),
    "with a word for the sign": lambda rng, firm: firm.name.replace("&", rng.choice(("and", "AND", "und", "+"))),
    "cut by the bank": lambda rng, firm: firm.name.upper()[: rng.choice(WIDTHS)].rstrip(),
    "cut without accents": lambda rng, firm: firm.name.translate(_PLAIN).upper()[: rng.choice(WIDTHS)].rstrip(),
    "closed up": lambda _, firm: firm.body.replace(" ", "").upper(),
    "in another order": _turned,
    "with shortened words": _shortened,
    "mistyped": _mistyped,
    "with its place": lambda rng, firm: f"{firm.name} {rng.choice(CITIES)}".upper(),
    "with its trade name": lambda rng, firm: f"{firm.name} dba {rng.choice(('Sunny Days', 'The Corner Shop'))}",
    "as a trade name": lambda rng, firm: f"Group {rng.randrange(900)} Partners d/b/a {firm.body}",
}


class Spelt(NamedTuple):
    """A payer's name as it is printed, and the place of the firm that is meant."""

    name: str
    meant: int


def spelt(known: Sequence[Firm], spelling: str, count: int, seed: int = 1) -> list[Spelt]:
    """So many names, spelt one way."""
    rng = random.Random(f"{spelling} {seed}")  # noqa: S311
    places = [rng.randrange(len(known)) for _ in range(count)]
    return [Spelt(SPELLINGS[spelling](rng, known[place]), place) for place in places]
