"""How ledgers and banks spell a firm's name: capitals, signs, legal forms, accents, endings that say nothing."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

NAME_MAX = 200
ENDINGS_MIN, STEMS_MIN = 4, 3
"""So many endings behind one beginning, so many times, show that a ledger's endings say nothing."""

_WORD = re.compile(r"[^\W_]+")
_LEGAL = (
    "INC INCORPORATED LLC LLP LP PLLC LTD LIMITED CO COMPANY CORP CORPORATION PLC PTY PTE GMBH MBH AG KG KGAA OHG GBR "
    "UG EK SE SA SARL SAS SASU EURL SNC SL SLU SRL SPA SCA BV NV BVBA VOF OY OYJ AB AS ASA APS KFT SRO DOO OOO ZOO "
    "RL THE AND SONS GROUP GRP HOLDING HOLDINGS HLDGS UND ET Y E CIE"
)
FORMS = frozenset(_LEGAL.split())
"""What a name may have or lack and be the same."""
_KINDS = "FOUNDATION US USA SYSTEMS ASSOCIATES ASSOC TRUST IN INTL INTERNATIONAL SERVICES"
ENDINGS = FORMS | frozenset(_KINDS.split())
_OTHERWISE = re.compile(
    r"\b(?:D\W{0,2}B\W{0,2}A|T/A|TRADING AS|DOING BUSINESS AS|C/O|A\.?K\.?A|F\.?K\.?A)\b\.?", re.IGNORECASE
)
_WITHOUT_SIGN = str.maketrans({
    "\u00df": "SS", "\u00c6": "AE", "\u00e6": "AE", "\u0152": "OE", "\u0153": "OE", "\u00d8": "O", "\u00f8": "O",
    "\u0141": "L", "\u0142": "L", "\u0110": "D", "\u0111": "D", ".": None, "'": None, "\u2019": None, "`": None,
})  # fmt: skip
_UMLAUT = re.compile("([AOU])E")


def words_of(name: str) -> list[str]:
    """A name's words in capitals, without signs and accents."""
    name = name[:NAME_MAX]
    if name.isascii():
        return _WORD.findall(name.upper().replace(".", "").replace("'", ""))
    plain = unicodedata.normalize("NFKD", name.translate(_WITHOUT_SIGN))
    return _WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)).upper())


def names_in(name: str) -> list[str]:
    """The names under which somebody trades and is registered, where both stand there."""
    return [one for one in _OTHERWISE.split(name[:NAME_MAX]) if one.strip()]


def without_forms(words: Iterable[str]) -> list[str]:
    """The words that a name may not lack."""
    return [word for word in words if word not in FORMS]


def bare(words: Iterable[str]) -> str:
    """The words without what a name may lack."""
    return " ".join(without_forms(words))


def closed(words: Iterable[str]) -> str:
    """All letters without blanks; an umlaut is the same written with two letters or without its dots."""
    return _UMLAUT.sub(r"\1", "".join(words))


def stem(words: Sequence[str]) -> list[str]:
    """What stands before the endings that may say nothing; the first word at least."""
    end = len(words)
    while end > 1 and words[end - 1] in ENDINGS:
        end -= 1
    return list(words[:end])


class Endings:
    """The endings behind every beginning of a name."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.loose = 0
        """Behind so many beginnings stand so many endings that none of theirs tells two firms apart."""

    def afresh(self) -> Endings:
        """The same, and what is seen from now on is its own."""
        made = Endings()
        made._seen.update((before, set(endings)) for before, endings in self._seen.items())
        made.loose = self.loose
        return made

    def see(self, names: Iterable[Sequence[str]]) -> bool:
        """Whether, with these names too, that is so again and again, and so of every beginning. What is once so stays
        so."""
        for words in names:
            if len(words) > 1 and words[-1] in ENDINGS:
                self._seen[tuple(words[:-1])].add(words[-1])
        self.loose = sum(len(endings) >= ENDINGS_MIN for endings in self._seen.values())
        return self.loose >= STEMS_MIN

    def say_nothing(self, words: Sequence[str]) -> bool:
        """Whether so many endings stand behind the beginning of this name."""
        before = tuple(words[:-1] if len(words) > 1 and words[-1] in ENDINGS else words)
        return len(self._seen.get(before, ())) >= ENDINGS_MIN
