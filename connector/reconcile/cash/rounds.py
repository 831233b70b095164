"""The rounds: all receipts against what is left, the strongest evidence first, until nothing more follows.

In every round each undecided receipt is looked at against the same state, whatever its place in the list. What was
decided shrinks the rivals of the others, so the rounds go on until one whole pass decides nothing. Only then are parts
and over-payments taken, one kind at a time, and the rounds go on from there.

A solver that compared whole explanations of a component would prove no more: on small components all of them were
tried, and what every best one has in common is what the rounds decide. Only on a price list is it a tenth more, and
that rests on sums that come about by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto

from connector.reconcile.cash import by_amount, by_number, in_part, together
from connector.reconcile.cash.case import Case, Receipt
from connector.reconcile.cash.converted import converted
from connector.reconcile.cash.entered import Entered
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Verdict

Look = Callable[[Standing, int], Verdict | None]

PASSES_MAX = 200
STRONG = frozenset({Class.KEY, Class.REFERENCE})
STRONGEST: tuple[Look, ...] = (by_number.key, by_number.reference, converted)
WEAKER: tuple[Look, ...] = (
    by_number.completion, by_number.near, by_amount.amount, by_amount.several, by_amount.agreed,
)  # fmt: skip
LAST: tuple[Look, ...] = (by_number.key_at_last, in_part.keyed, in_part.less, in_part.more)
"""What is taken only when nothing else follows, one kind at a time."""


class Says(Enum):
    """What a receipt must say, or must not, for anything to follow from a look at it."""

    KEY = auto()
    NUMBERS = auto()
    KEY_OR_NUMBERS = auto()
    DIGITS = auto()
    NOTHING = auto()


NEEDS: Mapping[Look, Says] = {
    by_number.key: Says.KEY,
    by_number.key_at_last: Says.KEY,
    in_part.keyed: Says.KEY,
    by_number.reference: Says.NUMBERS,
    in_part.less: Says.NUMBERS,
    in_part.more: Says.NUMBERS,
    converted: Says.KEY_OR_NUMBERS,
    by_number.completion: Says.DIGITS,
    by_number.near: Says.DIGITS,
    by_amount.amount: Says.NOTHING,
    by_amount.several: Says.NOTHING,
    by_amount.agreed: Says.NOTHING,
}


class Rounds:
    """One case being decided. `looked_at`: how many receipts were, in the last run, each counted once."""

    def __init__(self, case: Case, ground: Entered | None = None) -> None:
        self.at = Standing(case, ground)
        self.passes = 0
        self.looked_at = 0
        self._told: set[int] = set()
        self._unasked: dict[Look, dict[int, None]] = {look: {} for look in LAST}

    def run(self, wanted: Iterable[int] | None = None) -> dict[int, Verdict]:
        """Every decision, by the place of its receipt. Where all was decided before that can be, it is enough to look
        at those that are `wanted`, and at what follows from them."""
        at = self.at
        wanted = list(at.waiting if wanted is None else wanted)
        seen, last = set[int](), self.passes + PASSES_MAX
        while self.passes < last:
            for unasked in self._unasked.values():
                unasked.update(dict.fromkeys(wanted))
            self.passes += 1
            seen.update(wanted)
            before = len(at.verdicts)
            at.moved = set()
            again = set(self._pass(wanted))
            if len(at.verdicts) == before and not again:
                self._last()
            if len(at.verdicts) == before and not again:
                break
            wanted = [place for place in at.waiting if place in again or not at.moved.isdisjoint(at.about[place])]
        self.looked_at = len(seen)
        return at.verdicts

    def _pass(self, wanted: Sequence[int]) -> Sequence[int]:
        """All receipts that are wanted, the strongest evidence first. The receipts of which it is new who paid them."""
        at = self.at
        said = self.saying(wanted)
        together.instalments(at, said[Says.KEY_OR_NUMBERS])
        for look in STRONGEST:
            self._look(look, said)
        known = at.learned() if at.payers.learn(self._strong()) else []
        if known:
            said = self.saying(wanted)
        for look in WEAKER:
            self._look(look, said)
        together.duplicates(at, said[Says.KEY_OR_NUMBERS])
        return known

    def _last(self) -> None:
        """The first kind of those that are taken last of which there is any; the company's policy last of all."""
        before = len(self.at.verdicts)
        for look, unasked in self._unasked.items():
            self._look(look, self.saying([place for place in unasked if place in self.at.waiting]))
            unasked.clear()
            if len(self.at.verdicts) > before:
                return
        if self.at.case.policy.oldest_first:
            together.identical(self.at)
            self.at.reverse()

    def saying(self, wanted: Sequence[int]) -> Mapping[Says, Sequence[int]]:
        """The same by what they say. Most say one thing only, and need not be asked for the others."""
        receipts, reading = self.at.receipts, self.at.reading
        keyed, numbered, either = list[int](), list[int](), list[int]()
        silent, digits = list[int](), list[int]()
        for place in wanted:
            mentions, cut, strange, loose, _ = reading[place]
            if receipts[place].key:
                keyed.append(place)
                either.append(place)
            elif mentions:
                either.append(place)
            if mentions:
                numbered.append(place)
                digits.append(place)
            elif strange or cut:
                digits.append(place)
            else:
                silent.append(place)
                if loose:
                    digits.append(place)
        return {
            Says.KEY: keyed,
            Says.NUMBERS: numbered,
            Says.KEY_OR_NUMBERS: either,
            Says.DIGITS: digits,
            Says.NOTHING: silent,
        }

    def _look(self, look: Look, said: Mapping[Says, Sequence[int]]) -> None:
        at, waiting = self.at, self.at.waiting
        found = [
            verdict for place in said[NEEDS[look]] if place in waiting and (verdict := look(at, place)) is not None
        ]
        if found:
            at.commit(found)
        at.reverse()

    def _strong(self) -> Iterator[tuple[Receipt, int]]:
        """The receipts of which it is sure whose they are, by a key or by numbers with the exact amount, since it was
        asked last; each is told of once."""
        at = self.at
        fresh, at.fresh = at.fresh, []
        for place in fresh:
            verdict = at.verdicts.get(place)
            if verdict is None or verdict.kind not in STRONG or place in self._told:
                continue
            if verdict.shares and not verdict.adjustment and not verdict.unapplied:
                self._told.add(place)
                yield at.receipts[place], at.group[verdict.shares[0].item]


def decide(case: Case) -> dict[int, Verdict]:
    """Every decision that can be proved, by the place of its receipt."""
    return Rounds(case).run()
