"""Which document numbers a text names: the shapes of a company's own numbers, and a reader that knows them.

Linear in the text. A number is no evidence by its existence alone: numbers run on across customers, so a slip of one
digit usually names somebody else's invoice. What is read here is only what stands there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from enum import IntEnum
from typing import NamedTuple

from connector.reconcile.cash.cuts import Cuts
from connector.reconcile.cash.noise import NOISE, without_check_digits
from connector.reconcile.cash.slips import trailing

DIGITS_MIN, DIGITS_MAX = 3, 16
RANGE_MAX = 60
THROUGH_MAX = 16
"""So many characters stand between the ends of a range."""
JOINED_MAX = 24
PIECES_MIN, PIECES_MAX = 3, 6
"""A number is so many words at most, by what the company's own are."""
SPLIT_MAX = 5
"""A number is written in so many pieces at most."""
DIGITS_SURE = 2
"""So many real digits make a word with letters for digits a number."""
LEAD_MAX = 8
"""A longer word before digits is no prefix."""
TEXT_MAX = 16_384
"""So much of a text is read. What is longer names more than was read."""
SHAPE_MIN = 10
"""So many numbers of one length show by their common beginning what payers leave out."""
HEAD_MIN = 2
LOOSE_MAX = 40
SAME_MAX = 30
"""A number that more items have names none of them."""

_TOKEN = re.compile(r"[0-9A-Z]+")
_DIGITS = re.compile(r"[0-9]+")
_PARTS = re.compile(r"[0-9]+|[A-Z]+")
_PLAIN = re.compile(r"([A-Za-z]*)[-/ #.]?([0-9]+)")
_YEAR = re.compile(r"(?:(?:19|20)?[0-9]{2})")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BETWEEN = frozenset("-/.#_ :")
_THROUGH = re.compile(
    r"\s{0,3}(?:-|\u2013|\u2014|\.\.\.?|to|thru|through|till|until|bis|al|au|\u00e0|hasta|t/m)\s{0,3}", re.IGNORECASE
)
_SHORTENED = frozenset({"/", "+", ",", "&", ";", " / ", " + ", " & ", ", ", "; ", "-"})
_CAPITALS = str.maketrans(_LETTERS.lower(), _LETTERS)
_LOOKS_LIKE = str.maketrans("OISBZ", "01582")


class How(IntEnum):
    """How a number stands in a text, strongest first."""

    WHOLE = 0
    DIGITS = 1
    TAIL = 2
    REPAIRED = 3


class Mention(NamedTuple):
    """A number in a text: the items that may be meant, where it stands, how."""

    items: tuple[int, ...]
    start: int
    end: int
    how: How


class Reading(NamedTuple):
    """What a text names. `cut`: digits at the end that the bank may have cut off ("" otherwise). `strange`: what looks
    like one of our numbers and is none. `loose`: other digits, which only count when amount and payer agree too.
    `full`: the text is as long as a bank lets it be, so more may have stood there."""

    mentions: tuple[Mention, ...]
    cut: str
    strange: tuple[str, ...]
    loose: tuple[str, ...] = ()
    full: bool = False


class Numbers:
    """A company's document numbers, and the reader that knows their shapes. `texts` show where its bank cuts."""

    def __init__(self, numbers: Sequence[str], texts: Iterable[str] = ()) -> None:
        self._numbers: list[str] = []
        self._cuts = Cuts()
        self.times_learned = 0
        self.add(numbers, texts)

    def add(self, numbers: Sequence[str], texts: Iterable[str] = ()) -> bool:
        """More numbers, and more texts. Whether a text may name something else now than before."""
        first = len(self._numbers)
        self._numbers += numbers
        if not first or not all(map(self._fits, range(first, len(self._numbers)))):
            self._learn()
            self.times_learned += 1
        return self._cuts.see(texts) or bool(numbers)

    def afresh(self) -> Numbers:
        """The same numbers, before any text was seen. To be added to no more."""
        made = copy(self)
        made._cuts = Cuts()  # noqa: SLF001 - one of our own kind
        return made

    @property
    def cut_at(self) -> frozenset[int]:
        """The lengths at which texts seem to be cut."""
        return self._cuts.lengths

    def _learn(self) -> None:
        """Look at all numbers together."""
        self._whole: dict[str, tuple[int, ...]] = {}
        self._digits: dict[str, tuple[int, ...]] = {}
        self._tail: dict[str, tuple[int, ...]] = {}
        self._parts: dict[str, tuple[int, ...]] = {}
        self._padded: dict[int, str] = {}
        self._ends: dict[int, str] = {}
        self._last: dict[int, str] = {}
        self._heads: set[str] = set()
        self._firsts: set[str] = set()
        self._pieces = PIECES_MIN
        self._shapes: dict[tuple[str, int], tuple[str, str, int, int]] = {}
        self._running: dict[tuple[str, int], int] = {}
        shapes: dict[tuple[str, int], list[int]] = defaultdict(list)
        forms: dict[tuple[str, int], list[int]] = defaultdict(list)
        for place, number in enumerate(self._numbers):
            plain = _PLAIN.fullmatch(number)
            prefix, digits = (plain[1].upper(), plain[2]) if plain else self._of_parts(place, number, forms)
            if digits:
                _add(self._digits, _key(digits), place)
                self._padded[place] = digits
                shapes[prefix, len(digits)].append(place)
                if plain:
                    _add(self._whole, prefix + digits, place)
        self._prefixes = sorted({prefix for prefix, _ in shapes if prefix}, key=lambda one: (-len(one), one))
        self._widths = {len(core.lstrip("0")) for core in self._digits}
        self._padded_widths = {len(digits) for digits in self._padded.values()}
        self._longest = max(map(len, self._whole), default=0)
        self._joined_max = min(JOINED_MAX, self._longest)
        self._firsts.update(self._prefixes)
        for form, places in sorted(forms.items()):
            self._learn_running(places, form)
        for shape, places in sorted(shapes.items()):
            self._learn_head(places, shape)

    def _fits(self, place: int) -> bool:
        """Take in one more number, if all that is known of the others is true of it too."""
        number, forms = self._numbers[place], defaultdict[tuple[str, int], list[int]](list)
        before = len(self._firsts), self._pieces, len(self._heads)
        plain = _PLAIN.fullmatch(number)
        prefix, digits = (plain[1].upper(), plain[2]) if plain else self._of_parts(place, number, forms)
        if not digits:
            return True
        low, high, count, same = self._shapes.get((prefix, len(digits)), ("", "", 0, 0))
        low, high, count = min(low, digits), max(high, digits), count + 1
        if count == 1 or len(_key(digits).lstrip("0")) not in self._widths:
            return False
        if len("".join(_TOKEN.findall(_capitals(number)))) > self._longest:
            return False
        if count == SHAPE_MIN or (count > SHAPE_MIN and _in_common(low, high) != same):
            return False
        _add(self._digits, _key(digits), place)
        self._padded[place] = digits
        if plain:
            _add(self._whole, prefix + digits, place)
        for form in forms:
            if self._running.get(form, -1) < 0:
                return False
            self._learn_last(place, self._running[form])
        if count > SHAPE_MIN:
            self._learn_end(place, same)
        self._shapes[prefix, len(digits)] = low, high, count, same
        return before == (len(self._firsts), self._pieces, len(self._heads))

    def _of_parts(self, place: int, number: str, forms: dict[tuple[str, int], list[int]]) -> tuple[str, str]:
        """Take in a number of several parts. The letters it begins with, and all its digits."""
        tokens = _TOKEN.findall(_capitals(number))
        whole, runs = "".join(tokens), _DIGITS.findall(number)
        if not runs:
            return "", ""
        prefix = whole[: len(whole) - len(whole.lstrip(_LETTERS))]
        _add(self._whole, whole, place)
        if len(runs) > 1:
            forms[prefix, len(runs)].append(place)
            _add(self._parts, "/".join(runs), place)
        if tokens[0].isalpha():
            self._firsts.add(tokens[0])
        if len(tokens) > self._pieces:
            self._pieces = min(len(tokens), PIECES_MAX)
        return prefix, "".join(runs)

    def _learn_running(self, places: Sequence[int], form: tuple[str, int]) -> None:
        """Which part of a number of several runs on: the last, unless that is a year and another changes more often."""
        runs = [_DIGITS.findall(self._numbers[place]) for place in places]
        at = form[1] - 1
        if all(_YEAR.fullmatch(each[at]) for each in runs):
            changes = [len({each[part] for each in runs}) for part in range(form[1])]
            at = max(range(form[1]), key=lambda part: (changes[part], part))
        else:
            self._running[form] = at
        for place in places:
            self._learn_last(place, at)

    def _learn_last(self, place: int, at: int) -> None:
        """The part of a number that runs on, and what stands before it."""
        number = self._numbers[place]
        self._ends[place] = self._last[place] = end = _DIGITS.findall(number)[at]
        _add(self._tail, _key(end), place)
        before = 0
        for token in _TOKEN.findall(_capitals(number)):
            before += len(_DIGITS.findall(token))
            if before > at:
                break
            if not token.isalpha():
                self._heads.add(token)

    def _learn_head(self, places: Sequence[int], shape: tuple[str, int]) -> None:
        """What all numbers of one shape begin with is what payers leave out."""
        padded = [self._padded[place] for place in places]
        low, high = min(padded), max(padded)
        same = _in_common(low, high)
        self._shapes[shape] = low, high, len(places), same
        if len(places) >= SHAPE_MIN:
            for place in places:
                self._learn_end(place, same)

    def _learn_end(self, place: int, same: int) -> None:
        """What payers write of a number, whose beginning up to there all of its shape have."""
        digits = self._padded[place]
        if len(digits[:same].lstrip("0")) >= HEAD_MIN:
            end = digits[same:]
            self._ends.setdefault(place, end)
            if place not in self._tail.get(_key(end), ()):
                _add(self._tail, _key(end), place)

    def read(self, text: str) -> Reading:
        """What the text names."""
        if not text:
            return _NOTHING
        bare = NOISE.sub(self._noise, without_check_digits(_capitals(text[:TEXT_MAX])))
        tokens = [(found.start(), found.end(), found[0]) for found in _TOKEN.finditer(bare)]
        mentions: list[Mention] = []
        strange, loose = list[str](), list[str]()
        at = 0
        while at < len(tokens):
            word = tokens[at][2]
            if word.isalpha() and word not in self._firsts:
                at += 1
                continue
            used, mention = self._at(bare, tokens, at, mentions)
            if mention is not None:
                if mentions and mention.start - mentions[-1].end <= THROUGH_MAX:
                    mentions += self._through(bare, mentions[-1], mention)
                mentions.append(mention)
            elif self._is_head(bare, tokens, at):
                pass
            elif self._looks(word):
                strange.append(word)
            elif len(loose) < LOOSE_MAX and sum(map(str.isdigit, word[:JOINED_MAX])) >= DIGITS_SURE:
                loose.append(word)
            at += used
        full = len(text) in self._cuts.lengths
        cut = _cut_off(len(text), tokens, mentions, strange) if full else ""
        if len(text) > TEXT_MAX:
            strange.append(text[TEXT_MAX : TEXT_MAX + JOINED_MAX])
        return Reading(tuple(mentions), cut, tuple(strange), tuple(loose), full)

    def digits_of(self, place: int) -> str:
        """The digits of an item's number, zeros and all."""
        return self._padded.get(place, "")

    def end_of(self, place: int) -> str:
        """The last digits of a number that has several parts, zeros and all; "" for one of one part."""
        return self._last.get(place, "")

    def begins(self, place: int, cut: str) -> bool:
        """Whether the digits of an item's number begin so, or what payers write of it does."""
        digits, end = self._padded.get(place, ""), self._ends.get(place, "")
        return any(one.startswith(cut) for one in (digits, digits.lstrip("0"), end, end.lstrip("0")) if one)

    def _noise(self, found: re.Match[str]) -> str:
        """Blanks for what is no document number, unless the company's own numbers look so."""
        lead, text = found["lead"] or found["line"], found[0]
        if lead is not None:
            return text if lead.replace(".", "") in self._prefixes else " " * len(text)
        if found["bank"] is not None:
            return text if any(map(self._is_own, _TOKEN.findall(text))) else " " * len(text)
        head, comma, _ = text.partition(",")
        if comma and "." not in text and head.isdigit() and self._is_own(head):
            return text
        return " " * len(text)

    def _is_own(self, word: str) -> bool:
        """Whether a word is one of the company's numbers by itself."""
        core = _key(trailing(word))
        return word in self._whole or (len(core) >= DIGITS_MIN and bool(self._of(core)))

    def _of(self, core: str) -> tuple[int, ...]:
        """The items whose number is so, or ends so."""
        return self._digits.get(core) or self._tail.get(core) or ()

    def _at(
        self, text: str, tokens: list[tuple[int, int, str]], at: int, before: list[Mention]
    ) -> tuple[int, Mention | None]:
        """The number that begins with this token, and how many tokens it takes."""
        start, end, word = tokens[at]
        best = self._as_written(text, tokens, at)
        begins = best is not None and (best[0] == 1 or word in self._heads)
        short = self._shorthand(text, start, word, before) if before else None
        if short is not None and (not begins or self._goes_on(text[before[-1].end : start], before[-1], short)):
            return 1, Mention(short, start, end, How.DIGITS)
        if best is not None:
            return best
        if word.isalpha() or self._is_head(text, tokens, at):
            return 1, None
        mention = self._digits_at(start, end, word)
        if mention is not None and mention.how is How.TAIL:
            mention = self._behind_head(text, tokens, at, mention)
        if mention is not None:
            return 1, mention
        return self._split(text, tokens, at)

    def _behind_head(self, text: str, tokens: list[tuple[int, int, str]], at: int, mention: Mention) -> Mention | None:
        """The end of a number as far as the year or branch written before it is the item's too."""
        if not at or not self._is_head(text, tokens, at - 1):
            return mention
        head = tokens[at - 1][2]
        items = tuple(item for item in mention.items if head in _TOKEN.findall(_capitals(self._numbers[item])))
        return mention._replace(items=items) if items else None

    def _as_written(self, text: str, tokens: list[tuple[int, int, str]], at: int) -> tuple[int, Mention] | None:
        """The longest number that begins with this token and is written as it is, but for the signs in it."""
        start, stop, joined = tokens[at]
        parts, best = joined, None
        for more in range(self._pieces):
            if more:
                if at + more >= len(tokens) or not _near(text, stop, tokens[at + more][0]):
                    break
                _, stop, following = tokens[at + more]
                joined += following
                parts += "/" + following
            if len(joined) > self._joined_max:
                break
            items = self._whole.get(joined)
            if more and joined.isdigit() and not text[start:stop].replace(" ", "").isdigit():
                items = self._parts.get(parts)
            if items and (more or len(joined) >= DIGITS_MIN or not joined.isdigit()):
                best = more + 1, Mention(items, start, stop, How.WHOLE)
        return best

    def _is_head(self, text: str, tokens: list[tuple[int, int, str]], at: int) -> bool:
        """Whether a word is only how numbers begin, a year or a branch, and the number stands behind it."""
        _, end, word = tokens[at]
        return word in self._heads and at + 1 < len(tokens) and _near(text, end, tokens[at + 1][0])

    def _digits_at(self, start: int, end: int, word: str) -> Mention | None:
        digits = trailing(word)
        repaired = False
        if len(digits) < len(word):
            plain = next((word[len(one) :] for one in self._prefixes if word.startswith(one)), word)
            fixed = plain[:JOINED_MAX].translate(_LOOKS_LIKE)
            if fixed.isdigit() and not plain.isdigit() and sum(map(str.isdigit, plain)) >= DIGITS_SURE:
                digits, repaired = fixed, True
            elif len(word) - len(digits) > LEAD_MAX:
                return None
        core = _key(digits)
        if not DIGITS_MIN <= len(core) <= DIGITS_MAX:
            return None
        if items := self._digits.get(core):
            return Mention(items, start, end, How.REPAIRED if repaired else How.DIGITS)
        if items := self._tail.get(core):
            return Mention(items, start, end, How.REPAIRED if repaired else How.TAIL)
        return None

    def _split(self, text: str, tokens: list[tuple[int, int, str]], at: int) -> tuple[int, Mention | None]:
        """A number that was written with blanks in it: its pieces are no numbers and the whole is one."""
        start, end, word = tokens[at]
        joined = trailing(word)
        if not joined or len(joined) > DIGITS_MAX:
            return 1, None
        for more in range(1, SPLIT_MAX):
            if at + more >= len(tokens):
                break
            begins, stop, following = tokens[at + more]
            if not following.isdigit() or text[end:begins] != " " or len(joined + following) > JOINED_MAX:
                break
            alone = following.lstrip("0")
            if len(alone) >= DIGITS_MIN and alone in self._digits:
                break
            joined, end = joined + following, stop
            core = joined.lstrip("0")
            items = self._of(core)
            if items and len(core) >= DIGITS_MIN:
                return more + 1, Mention(items, start, stop, How.REPAIRED)
        return 1, None

    def _shorthand(self, text: str, start: int, word: str, before: list[Mention]) -> tuple[int, ...] | None:
        """`1001/02/03`: a short number behind a sign replaces the end of the one before it."""
        if not word.isdigit() or text[before[-1].end : start] not in _SHORTENED:
            return None
        base = self._padded.get(before[-1].items[0], "")
        if len(word) >= len(base):
            return None
        return self._digits.get(_key(base[: len(base) - len(word)] + word))

    def _goes_on(self, sign: str, before: Mention, items: tuple[int, ...]) -> bool:
        """Whether a short number that is also one by itself rather replaces the end of the one before it: behind a
        slash, where it then follows that one."""
        return sign == "/" and int(self._padded[items[0]]) > int(self._padded[before.items[0]])

    def _through(self, text: str, first: Mention, last: Mention) -> Iterator[Mention]:
        """The numbers between two that are joined by a dash or "to", if every one of them exists."""
        if not _THROUGH.fullmatch(text, first.end, last.start):
            return
        between = list(self._between(first.items[0], last.items[0]))
        if between and all(between):
            for items in between:
                yield Mention(items, first.end, last.start, How.DIGITS)

    def _between(self, low: int, high: int) -> Iterator[tuple[int, ...]]:
        """What follows the number of one item up to that of another, () where no item has it: by all digits, or by the
        only part in which they differ."""
        one, other = self._padded.get(low, ""), self._padded.get(high, "")
        if len(one) == len(other) <= JOINED_MAX and 1 < int(other) - int(one) <= RANGE_MAX:
            for number in range(int(one) + 1, int(other)):
                yield self._digits.get(_key(str(number).zfill(len(one)))) or ()
            return
        parts, others = (_PARTS.findall(_capitals(self._numbers[place])) for place in (low, high))
        differ = [at for at, (mine, yours) in enumerate(zip(parts, others, strict=False)) if mine != yours]
        if len(parts) != len(others) or len(differ) != 1 or len(one + other) > 2 * JOINED_MAX:
            return
        mine, yours = parts[differ[0]], others[differ[0]]
        if mine.isdigit() and yours.isdigit() and 1 < int(yours) - int(mine) <= RANGE_MAX:
            for number in range(int(mine) + 1, int(yours)):
                parts[differ[0]] = str(number).zfill(len(mine))
                yield self._whole.get("".join(parts)) or ()

    def _looks(self, word: str) -> bool:
        """Whether a word could be one of our numbers."""
        if len(word) > self._longest + 3:
            return False
        if word.isdigit():
            return len(word.lstrip("0")) in self._widths
        width = len(trailing(word).lstrip("0"))
        if width in self._widths:
            return True
        return any(word.startswith(one) for one in self._prefixes) and (
            not self._widths.isdisjoint((width - 1, width + 1)) or len(trailing(word)) in self._padded_widths
        )


_NOTHING = Reading((), "", ())


def _cut_off(length: int, tokens: list[tuple[int, int, str]], mentions: list[Mention], strange: list[str]) -> str:
    """The digits that touch the cut, which then name nothing by themselves."""
    if not tokens or tokens[-1][1] != length:
        return ""
    last = tokens[-1][2]
    cut = trailing(last)
    if mentions and mentions[-1].end == length and cut:
        mentions.pop()
    elif strange and strange[-1] == last:
        strange.pop()
    return cut


def _in_common(low: str, high: str) -> int:
    """How many digits two numbers of one length begin with in common; 0 where they are the same."""
    return next((at for at, (one, other) in enumerate(zip(low, high, strict=True)) if one != other), 0)


def _add(index: dict[str, tuple[int, ...]], key: str, place: int) -> None:
    known = index.get(key)
    if known is None:
        index[key] = (place,)
    elif known:
        index[key] = (*known, place) if len(known) < SAME_MAX else ()


def _capitals(text: str) -> str:
    """Every letter of the alphabet as a capital, and every other sign where it was."""
    return text.upper() if text.isascii() else text.translate(_CAPITALS)


def _key(digits: str) -> str:
    """Digits without the zeros before them, unless hardly any would be left."""
    core = digits.lstrip("0")
    return core if len(core) >= DIGITS_MIN else digits if len(digits) >= DIGITS_MIN else core


def _near(text: str, end: int, start: int) -> bool:
    """Whether two tokens are parted by one sign that numbers have in them."""
    return start - end == 1 and text[end] in _BETWEEN
