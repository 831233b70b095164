"""Who paid: from an id, an address, an account or a name to the customer group whose items may be meant.

A group is a customer with everybody below it: a parent pays for its children. A name decides only when no other group
has one that is nearly the same; then the groups that may be meant are named, and none is chosen.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from enum import IntEnum
from typing import NamedTuple

from rapidfuzz import fuzz

from connector.reconcile.cash.case import Party, Receipt
from connector.reconcile.cash.spelling import (
    ENDINGS,
    FORMS,
    Endings,
    bare,
    closed,
    names_in,
    stem,
    without_forms,
    words_of,
)

PREFIX_MIN = 12
"""A name cut by a bank decides from so many characters on."""
NEAR_PERCENT = 90
MARGIN_PERCENT = 6
AMONG_MAX = 4
"""So many groups are worth naming as those that may be meant."""
CANDIDATES_MAX = 400
ENDS = 5
"""Names are compared when they share a word, or so many letters at the beginning or the end."""
SHORT_MIN = 3
"""A word may be shortened to so many letters."""
STRONG_MIN = 2
"""So many strong decisions teach whose account or name it is."""

STEM_MIN = 3
"""So many letters before an ending that says nothing tell a firm."""
DISTINCT_PERCENT, WITH_EMAIL_MIN = 80, 3
"""So many of the customers' e-mail domains must be one customer's own, of so many at least."""
BEHIND_MAX = 3
"""So many words of a place may stand behind a name."""
_ANYBODY_S = (
    "gmail.com googlemail.com yahoo.com hotmail.com outlook.com live.com msn.com aol.com icloud.com me.com gmx.de "
    "gmx.net gmx.com web.de t-online.de freenet.de mail.com mail.ru yandex.ru proton.me protonmail.com orange.fr "
    "free.fr wanadoo.fr laposte.net libero.it btinternet.com comcast.net verizon.net att.net sbcglobal.net"
)
_FREE = frozenset(_ANYBODY_S.split())
"""Where anybody has an address."""


class Basis(IntEnum):
    """What says who paid, strongest first."""

    PROCESSOR = 0
    EMAIL = 1
    ACCOUNT = 2
    LEARNED = 3
    NAME = 4
    CUT_NAME = 5
    NEAR_NAME = 6
    LEARNED_NAME = 7
    CONTRADICTED = 8
    NOBODY = 9


class Payer(NamedTuple):
    """A group (its root's place among the parties), and what says so; -1 when nothing does. `among`: the groups of
    which one is meant when the name does not say which."""

    group: int
    basis: Basis
    among: tuple[int, ...] = ()


NOBODY = Payer(-1, Basis.NOBODY)
CONTRADICTED = Payer(-1, Basis.CONTRADICTED)


class Payers:
    """The customers of a company, by everything they are known by. `seen`: the names of its payers, which show how it
    spells them."""

    def __init__(self, parties: Sequence[Party], learned: Mapping[str, str], seen: Iterable[str] = ()) -> None:
        places = {party.id: place for place, party in enumerate(parties)}
        self.root = [_root(place, parties, places) for place in range(len(parties))]
        self._by_processor = self._unique(party.processor_id for party in parties)
        self._by_email = self._unique(party.email.lower() for party in parties)
        self._by_account = self._unique(party.account for party in parties)
        self.learned = {account: self.root[places[who]] for account, who in learned.items() if who in places}
        self.learned_names: dict[str, int] = {}
        self._seen: dict[tuple[bool, str], list[int]] = {}
        self._plains: dict[str, str] = {}
        self._by_domain = self._domains(parties)
        called = [(place, words_of(name)) for place, party in enumerate(parties) for name in _called(party.name)]
        self._full = self._named_so((place, " ".join(one)) for place, one in called)
        self._bare = self._named_so((place, bare(one)) for place, one in called)
        self._mixed = self._named_so((place, " ".join(sorted(without_forms(one)))) for place, one in called)
        self._closed = self._named_so((place, closed(without_forms(one))) for place, one in called)
        self._sorted, self._sorted_bare = sorted(self._full), sorted(self._bare)
        self._names_by_word: dict[str, list[str]] = defaultdict(list)
        for name in self._sorted:
            for key in _handles(name):
                self._names_by_word[key].append(name)
        self._endings = Endings()
        self._is_told_by_ending = not self._endings.see(words_of(name) for name in {*self._sorted, *seen})
        self._memory: dict[str, Payer] = {}
        self._signs: dict[tuple[str, ...], Payer] = {}

    def see(self, names: Iterable[str]) -> bool:
        """More names of its payers. True where that changes how it spells them, and so who may have paid."""
        was = self._endings.loose
        self._is_told_by_ending = not self._endings.see(map(words_of, names))
        if was != self._endings.loose:
            self._forget()
        return was != self._endings.loose

    def remember(self, before: Payers) -> None:
        """What was learned while there were fewer customers, none of whom is another's now."""
        self.learned, self.learned_names, self._seen = before.learned, before.learned_names, before._seen
        self._endings = before._endings
        self.see(self._sorted)

    def afresh(self, learned: Mapping[str, str], places: Mapping[str, int]) -> Payers:
        """The same customers, before any payment was seen; `places` are theirs by their ids."""
        made = copy(self)
        made.learned = {account: self.root[places[who]] for account, who in learned.items() if who in places}
        made.learned_names, made._seen, made._plains = {}, {}, {}  # noqa: SLF001 - one of our own kind
        made._memory, made._signs = {}, {}  # noqa: SLF001 - the same
        made._endings = self._endings.afresh()  # noqa: SLF001 - the same
        return made

    def _unique(self, keys: Iterable[str]) -> dict[str, int]:
        """Key to group; -1 for a key that several groups have."""
        return {key: groups[0] if len(groups) == 1 else -1 for key, groups in self._groups(keys).items()}

    def _groups(self, keys: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Key to the groups that have it."""
        return self._named_so(enumerate(keys))

    def _named_so(self, keys: Iterable[tuple[int, str]]) -> dict[str, tuple[int, ...]]:
        """The same, of keys with the places of the parties that have them."""
        found: dict[str, set[int]] = {}
        for place, key in keys:
            if key:
                found.setdefault(key, set()).add(self.root[place])
        return {key: tuple(sorted(groups)) for key, groups in found.items()}

    def _domains(self, parties: Sequence[Party]) -> dict[str, int]:
        """The domains of e-mail that are one group's, where the company's customers have domains of their own."""
        groups = self._groups(_domain(party.email) for party in parties)
        own = {domain: held[0] for domain, held in groups.items() if len(held) == 1}
        known = len({self.root[place] for place, party in enumerate(parties) if _domain(party.email)})
        return own if known >= WITH_EMAIL_MIN and len(own) * 100 >= known * DISTINCT_PERCENT else {}

    def of(self, receipt: Receipt) -> Payer:
        """Who paid it. Two signs that contradict each other are nobody's."""
        # Most of them come again and again.
        signs = receipt.payer_name, receipt.payer_account, receipt.processor_id, receipt.email
        known = self._signs.get(signs)
        if known is None:
            known = self._signs[signs] = self._of(receipt)
        return known

    def _of(self, receipt: Receipt) -> Payer:
        found = NOBODY
        for basis, key, index in (
            (Basis.PROCESSOR, receipt.processor_id, self._by_processor),
            (Basis.EMAIL, receipt.email.lower(), self._by_email),
            (Basis.ACCOUNT, receipt.payer_account, self._by_account),
            (Basis.LEARNED, receipt.payer_account, self.learned),
        ):
            if key and (group := index.get(key, -1)) >= 0:
                if found.group not in (-1, group):
                    return CONTRADICTED
                if found.group < 0:
                    found = Payer(group, basis)
        if found.group < 0:
            found = self._named(receipt.payer_name) if receipt.payer_name else NOBODY
            return found if found.group >= 0 or not receipt.email else self._of_domain(receipt.email, found)
        if not receipt.payer_name:
            return found
        exact = self._full.get(self._plain(receipt.payer_name), ())
        return CONTRADICTED if exact and found.group not in exact else found

    def _of_domain(self, email: str, found: Payer) -> Payer:
        """Whose domain an address is at, where the name does not say who paid, or leaves that open."""
        group = self._by_domain.get(_domain(email), -1)
        return Payer(group, Basis.EMAIL) if group >= 0 and (not found.among or group in found.among) else found

    def learn(self, strong: Iterable[tuple[Receipt, int]]) -> bool:
        """Learn whose accounts and names these are, from receipts of which the group is sure: at least two of them,
        and none that says otherwise. To be told of each receipt once. True when anything new was learned."""
        new = False
        for receipt, group in strong:
            account, name = receipt.payer_account, receipt.payer_name
            if account and account not in self._by_account:
                new |= self._told(self.learned, account, group)
            if name:
                new |= self._told(self.learned_names, self._plain(name), group)
        if new:
            self._forget()
        return new

    def _forget(self) -> None:
        """What was found before something else became known."""
        self._memory.clear()
        self._signs.clear()

    def _told(self, known: dict[str, int], key: str, group: int) -> bool:
        """Somebody's sign stood beside a receipt of that group once more."""
        tally = self._seen.setdefault((known is self.learned, key), [group, 0])
        if tally[0] != group:
            tally[0] = -1
            known.pop(key, None)
            self._signs.clear()
            return False
        tally[1] += 1
        if tally[1] < STRONG_MIN or key in known:
            return False
        known[key] = group
        return True

    def _plain(self, name: str) -> str:
        """A name's words in capitals, without signs."""
        plain = self._plains.get(name)
        if plain is None:
            plain = self._plains[name] = " ".join(words_of(name))
        return plain

    def _named(self, name: str) -> Payer:
        known = self._memory.get(name)
        if known is None:
            plain = self._plain(name)
            called = names_in(name)
            known = self._look(plain.split()) if len(called) < 2 else self._by_any(called)  # noqa: PLR2004
            if known.group < 0 and not known.among and (group := self.learned_names.get(plain, -1)) >= 0:
                known = Payer(group, Basis.LEARNED_NAME)
            self._memory[name] = known
        return known

    def _by_any(self, called: Sequence[str]) -> Payer:
        """Who has one of several names; several who have one each are several."""
        found = [self._look(words_of(name)) for name in called]
        groups = {payer.group for payer in found if payer.group >= 0} or {one for payer in found for one in payer.among}
        return _one_of(groups, Basis.NEAR_NAME) if groups else NOBODY

    def _look(self, words: list[str]) -> Payer:
        full, plain = " ".join(words), bare(words)
        if not plain:
            return NOBODY
        loose = not self._is_told_by_ending or self._endings.say_nothing(words)
        if loose and (found := self._stemmed(words)) != NOBODY:
            return found
        exact = self._full.get(full, ())
        alike = self._bare.get(plain, ())
        if len(exact) == 1 and (full != plain or alike == exact):
            return Payer(exact[0], Basis.NAME)
        longer = self._longer(full, self._sorted, self._full) if len(full) >= PREFIX_MIN else set()
        meant = {*exact, *alike, *longer}
        if meant:
            sure = bool(exact or (alike and full == plain))
            return _one_of(meant, Basis.NAME if sure else Basis.CUT_NAME if longer else Basis.NEAR_NAME)
        rest = without_forms(words)
        other = {*self._mixed.get(" ".join(sorted(rest)), ()), *self._closed.get(closed(rest), ())}
        if not other and len(plain) >= PREFIX_MIN:
            other = self._longer(plain, self._sorted_bare, self._bare)
        if other:
            return _one_of(other, Basis.NEAR_NAME)
        near = self._near(words, full)
        return near if near != NOBODY else self._with_more(words)

    def _stemmed(self, words: list[str]) -> Payer:
        """Who is called so but for an ending that says nothing."""
        short = " ".join(stem(words))
        if len(short) < STEM_MIN or short in FORMS:
            return NOBODY
        groups = self._longer(short, self._sorted, self._full)
        return _one_of(groups, Basis.NEAR_NAME) if groups else NOBODY

    def _with_more(self, words: list[str]) -> Payer:
        """Who is called so but for a place that stands behind, or for another ending than the ledger has."""
        for more in range(1, min(BEHIND_MAX, len(words) - 1) + 1):
            short = " ".join(words[:-more])
            groups = {*self._full.get(short, ()), *self._bare.get(short, ())}
            if not groups and words[-more] in ENDINGS and len(short) >= STEM_MIN and short not in FORMS:
                groups = {group for name in self._begun(short) for group in self._full[name]}
                groups = groups if all(stem(name.split()) == words[:-more] for name in self._begun(short)) else set()
            if groups and (len(short) >= PREFIX_MIN or words[-more] in ENDINGS or words[-more - 1] in FORMS):
                return _one_of(groups | self._longer(short, self._sorted, self._full), Basis.NEAR_NAME)
        return NOBODY

    def _begun(self, short: str) -> list[str]:
        """The first names of the ledger that begin so."""
        at = bisect_left(self._sorted, short)
        return [name for name in self._sorted[at : at + AMONG_MAX + 1] if name.startswith(short)]

    def _longer(self, full: str, names: Sequence[str], groups_of: Mapping[str, tuple[int, ...]]) -> set[int]:
        """The groups with a name that begins so."""
        groups: set[int] = set()
        for at in range(bisect_left(names, full), len(names)):
            if not names[at].startswith(full) or len(groups) > AMONG_MAX:
                break
            groups.update(groups_of[names[at]])
        return groups

    def _near(self, words: list[str], full: str) -> Payer:
        candidates: dict[str, None] = {}
        for key in _handles(full):
            names = self._names_by_word.get(key, ())
            if len(candidates) + len(names) <= CANDIDATES_MAX:
                candidates.update(dict.fromkeys(names))
        best: dict[int, int] = {}
        for name in candidates:
            score = _likeness(words, full, name)
            for group in self._full[name]:
                best[group] = max(score, best.get(group, 0))
        ranked = sorted(((-score, group) for group, score in best.items()))
        if not ranked or -ranked[0][0] < NEAR_PERCENT:
            return NOBODY
        return _one_of({group for score, group in ranked if score - ranked[0][0] < MARGIN_PERCENT}, Basis.NEAR_NAME)


def _called(name: str) -> list[str]:
    """All names of a customer: the whole, and those that stand in it."""
    return list(dict.fromkeys((name, *names_in(name))))


def _domain(email: str) -> str:
    """The domain of an address that is not one where anybody has one; "" otherwise."""
    _, at, domain = email.lower().rpartition("@")
    return domain if at and domain not in _FREE else ""


def _one_of(groups: set[int], basis: Basis) -> Payer:
    if len(groups) == 1:
        return Payer(min(groups), basis)
    return Payer(-1, Basis.NOBODY, tuple(sorted(groups)) if len(groups) <= AMONG_MAX else ())


def _likeness(words: list[str], full: str, name: str) -> int:
    """How like two names are, in percent: letter by letter, or as a name with shortened words."""
    theirs = name.split()
    if _shortened(without_forms(words), without_forms(theirs)):
        return 98
    cut = name[: len(full)] if len(name) > len(full) >= PREFIX_MIN else name
    return max(int(fuzz.ratio(full, name)), int(fuzz.ratio(full, cut)) - 2)


def _shortened(words: list[str], theirs: list[str]) -> bool:
    """Whether every word is the other's, or what is left of it when letters are dropped: SUPL of SUPPLIES."""
    return len(words) == len(theirs) > 1 and all(
        one == other or (SHORT_MIN <= len(one) < len(other) and one[0] == other[0] and _within(one, other))
        for one, other in zip(words, theirs, strict=True)
    )


def _within(short: str, long: str) -> bool:
    letters = iter(long)
    return all(letter in letters for letter in short)


def _handles(name: str) -> list[str]:
    """By what a name is found when it is not written exactly: its words, its beginning, its end."""
    closed = name.replace(" ", "")
    return [*dict.fromkeys(without_forms(name.split())), f"^{closed[:ENDS]}", f"{closed[-ENDS:]}$"]


def _root(place: int, parties: Sequence[Party], places: Mapping[str, int]) -> int:
    """The topmost customer above one; of a circle of parents the first."""
    seen = {place}
    while (parent := places.get(parties[place].parent, -1)) >= 0:
        if parent in seen:
            return _first_of_circle(parent, parties, places)
        place = parent
        seen.add(place)
    return place


def _first_of_circle(place: int, parties: Sequence[Party], places: Mapping[str, int]) -> int:
    circle = [place]
    while (parent := places[parties[circle[-1]].parent]) != place:
        circle.append(parent)
    return min(circle)
