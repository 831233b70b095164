"""What a payer who names nothing may mean by an amount: the open items in the order of its habits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.reconcile.cash import bundles, sums
from connector.reconcile.cash.adjust import DISCOUNT, WITHHOLDING, net, terms_of
from connector.reconcile.cash.fitting import Fitting
from connector.reconcile.cash.hunches import Hunches
from connector.reconcile.cash.sorts import Idea, Sort
from connector.reconcile.cash.stretches import Ending, backwards, families, until, with_gaps

EACH_MAX = 6
SEVERAL = 2
EQUAL_MAX = 1_000
"""Of more items of the amount each is so seldom the one that it would not be shown."""
OVER_SHARE_MAX = 5
NEAR_SHARE = 100
"""Of several items together, the hundredth part may be too much."""
ALL_BP = 10_000


class ByHabit:
    """Ideas about the open items of a known payer."""

    def __init__(self, fitting: Fitting, hunches: Hunches) -> None:
        self._fit = fitting
        self._at = fitting.at
        self._hunches = hunches

    def ideas(self, place: int, group: int, others: Sequence[int]) -> Iterator[Idea]:
        """`others`: what the group has open."""
        yield from self._singles(place, others)
        yield from self._sets(place, group, others)
        yield from self._parts(place, group, others)

    def _singles(self, place: int, others: Sequence[int]) -> Iterator[Idea]:
        """One item of the amount, or of which an agreed cut or a bank's fee leaves it."""
        at, receipt, policy, fit = self._at, self._at.case.receipts[place], self._at.case.policy, self._fit
        equal = [item for item in others if at.left[item] == receipt.amount]
        for item in equal if len(equal) <= EQUAL_MAX else ():
            yield from fit.whole(place, Sort.AMOUNT, [item])
        near = [item for item in others if 0 < abs(at.left[item] - receipt.amount) * 4 <= receipt.amount]
        for item in near:
            for terms in (DISCOUNT, WITHHOLDING) if policy.terms else ():
                if net(at, receipt, item, terms) != at.left[item]:
                    yield from fit.whole(place, Sort.TERMS, [item], terms)
            if self._is_late(item, receipt.amount):
                yield from fit.in_part(place, Sort.LATE, [item], item)
        for item in sorted(near, key=lambda one: at.left[one]):
            yield from fit.less_fee(place, Sort.FEE, [item])

    def _is_late(self, item: int, amount: int) -> bool:
        """Whether it is what a discount would leave, to which nobody had a right any more."""
        party, left = self._at.party_of(item), self._at.left[item]
        if party is None or not 0 < party.discount_bp < ALL_BP:
            return False
        return abs(left - (left * party.discount_bp + ALL_BP // 2) // ALL_BP - amount) <= 1

    def _sets(self, place: int, group: int, others: Sequence[int]) -> Iterator[Idea]:
        """Several of the payer's items: of its whole group, or of one customer of it."""
        at, on = self._at, self._at.case.receipts[place].on
        for own in families(at, others):
            due = sorted(own, key=lambda item: (at.case.items[item].due, at.case.items[item].issued, item))
            for terms in terms_of(at, group):
                yield from self._every(place, own, terms)
                yield from self._until(place, until(at, due, on), terms)
                if len(own) == len(others) or len(others) > bundles.SEARCHED_MAX >= len(own):
                    yield from self._some(place, group, own, terms)
                if len(others) > bundles.SEARCHED_MAX:
                    yield from self._runs(place, due, terms)
            yield from self._near(place, due)

    def _every(self, place: int, own: Sequence[int], terms: str) -> Iterator[Idea]:
        """All that is open."""
        at, receipt = self._at, self._at.case.receipts[place]
        if sum(net(at, receipt, item, terms) for item in own) == receipt.amount:
            yield from self._fit.whole(place, Sort.EVERYTHING, own, terms)

    def _some(self, place: int, group: int, own: Sequence[int], terms: str) -> Iterator[Idea]:
        """Any of them that come to the amount."""
        at, receipt = self._at, self._at.case.receipts[place]
        nets = [net(at, receipt, item, terms) for item in own]
        found = dict.fromkeys(
            (*bundles.sets(nets, receipt.amount, SEVERAL), *bundles.less_credit(nets, receipt.amount))
        )
        for chosen in sorted(found, key=lambda one: self._odd(place, group, [own[at] for at in one]))[:EACH_MAX]:
            for idea in self._fit.whole(place, Sort.SET, [own[one] for one in chosen], terms):
                expected = sums.accidents(nets, receipt.amount, range(2, len(chosen) + 1))
                yield idea._replace(accidents_ppm=expected)

    def _runs(self, place: int, due: Sequence[int], terms: str) -> Iterator[Idea]:
        """Those that fell due one after the other, but for one."""
        at, receipt = self._at, self._at.case.receipts[place]
        for run in bundles.runs([net(at, receipt, item, terms) for item in due], receipt.amount):
            yield from self._fit.whole(place, Sort.ALMOST_RUN, [due[one] for one in run], terms)

    def _until(self, place: int, ending: Ending, terms: str) -> Iterator[Idea]:
        """Those that fell due one after the other until then, less credit."""
        at, receipt, fit = self._at, self._at.case.receipts[place], self._fit
        worth = {item: net(at, receipt, item, terms) for item in (*ending.owed, *ending.credits_)}
        fee = 0 if terms else max(at.case.policy.bank_fee, at.case.policy.rounding)
        over = 0 if terms else receipt.amount // NEAR_SHARE
        for run in backwards(ending, worth, range(receipt.amount - over, receipt.amount + fee + 1)):
            short = sum(worth[item] for item in run) - receipt.amount
            if short == 0:
                yield from fit.whole(place, Sort.DUE_RUN, run, terms)
            elif short > 0:
                yield from fit.less_fee(place, Sort.RUN_FEE, run)
            else:
                yield from fit.over(place, Sort.RUN_OVER, run)
        for run, gaps in with_gaps(ending, worth, receipt.amount):
            yield from fit.whole(place, Sort.DUE_GAP if gaps == 1 else Sort.DUE_GAPS, run, terms)

    def _near(self, place: int, due: Sequence[int]) -> Iterator[Idea]:
        """Everything due from one day to another, but for a fee or a little too much."""
        at, amount, fit = self._at, self._at.case.receipts[place].amount, self._fit
        days = [at.case.items[item].due for item in due]
        fee = max(at.case.policy.bank_fee, at.case.policy.rounding)
        spread = range(amount - amount // NEAR_SHARE, amount + fee + 1)
        for run in bundles.between([at.left[item] for item in due], days, spread):
            found = [due[one] for one in run]
            yield from fit.less_fee(place, Sort.RUN_FEE, found)
            yield from fit.over(place, Sort.RUN_OVER, found)

    def _odd(self, place: int, group: int, items: Sequence[int]) -> tuple[int, ...]:
        on = self._at.case.receipts[place].on
        return self._hunches.oddity(group, items, on), len(items), *items

    def _parts(self, place: int, group: int, others: Sequence[int]) -> Iterator[Idea]:
        """A part of one item, a part that another receipt completes, or one item with money left over."""
        at, receipt, fit = self._at, self._at.case.receipts[place], self._fit
        for found, last in self._hunches.halves(place, group):
            yield from fit.in_part(place, Sort.HALF, found, last)
        for item in others:
            if at.left[item] > receipt.amount:
                yield from fit.in_part(place, Sort.PART, [item], item)
        under = [item for item in others if 0 < at.left[item] < receipt.amount]
        for item in sorted(under, key=lambda one: -at.left[one])[:EACH_MAX]:
            if (receipt.amount - at.left[item]) * OVER_SHARE_MAX <= at.left[item]:
                yield from fit.over(place, Sort.OVER, [item])
