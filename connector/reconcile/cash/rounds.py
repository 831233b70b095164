"""The rounds: all receipts against what is left, the strongest evidence first, until nothing more follows.

In every round each undecided receipt is looked at against the same state, whatever its place in the list. What was
decided shrinks the rivals of the others, so the rounds go on until one whole pass decides nothing. Only then are parts
and over-payments taken, one kind at a time, and the rounds go on from there.

A solver that compared whole explanations of a component would prove no more: on small components all of them were
tried, and what every best one has in common is what the rounds decide. Only on a price list is it a tenth more, and
that rests on sums that come about by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from connector.reconcile.cash import by_amount, by_number, in_part, together
from connector.reconcile.cash.case import Case, Receipt
from connector.reconcile.cash.converted import converted
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


class Rounds:
    """One case being decided."""

    def __init__(self, case: Case) -> None:
        self.at = Standing(case)
        self.passes = 0
        self._told = 0
        self._unasked: dict[Look, dict[int, None]] = {look: {} for look in LAST}

    def run(self) -> dict[int, Verdict]:
        """Every decision, by the place of its receipt."""
        at = self.at
        wanted: Sequence[int] = list(at.waiting)
        while self.passes < PASSES_MAX:
            for unasked in self._unasked.values():
                unasked.update(dict.fromkeys(wanted))
            self.passes += 1
            before = len(at.verdicts)
            at.moved = set()
            again = set(self._pass(wanted))
            if len(at.verdicts) == before and not again:
                self._last()
            if len(at.verdicts) == before and not again:
                break
            wanted = [place for place in at.waiting if place in again or not at.moved.isdisjoint(at.about[place])]
        return at.verdicts

    def _pass(self, wanted: Sequence[int]) -> Sequence[int]:
        """All receipts that are wanted, the strongest evidence first. The receipts of which it is new who paid them."""
        at = self.at
        together.instalments(at, wanted)
        for look in STRONGEST:
            self._look(look, wanted)
        known = at.learned() if at.payers.learn(self._strong()) else []
        for look in WEAKER:
            self._look(look, wanted)
        together.duplicates(at, wanted)
        if at.case.policy.oldest_first:
            together.identical(at)
        return known

    def _last(self) -> None:
        """The first kind of those that are taken last of which there is any."""
        before = len(self.at.verdicts)
        for look, unasked in self._unasked.items():
            self._look(look, list(unasked))
            unasked.clear()
            if len(self.at.verdicts) > before:
                return

    def _look(self, look: Look, wanted: Sequence[int]) -> None:
        at = self.at
        at.commit(verdict for place in wanted if place in at.waiting and (verdict := look(at, place)) is not None)
        at.reverse()

    def _strong(self) -> Iterator[tuple[Receipt, int]]:
        """The receipts of which it is sure whose they are, by a key or by numbers with the exact amount, since it was
        asked last."""
        at = self.at
        told, self._told = self._told, len(at.verdicts)
        for place, verdict in islice(at.verdicts.items(), told, None):
            if verdict.kind in STRONG and verdict.shares and not verdict.adjustment and not verdict.unapplied:
                yield at.case.receipts[place], at.group[verdict.shares[0].item]


def decide(case: Case) -> dict[int, Verdict]:
    """Every decision that can be proved, by the place of its receipt."""
    return Rounds(case).run()
