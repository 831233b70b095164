"""What a receipt that was not decided may be for: ideas for a person to confirm, never decisions.

Each idea spends the money exactly and applies no more than is open. How good ideas of its kind are is measured, not
felt: an idea says only what kind it is, how many of that kind there are and which place it has among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from connector.reconcile.cash import bundles, sums
from connector.reconcile.cash.adjust import DISCOUNT, WITHHOLDING, net, terms_of
from connector.reconcile.cash.ahead import is_ahead
from connector.reconcile.cash.hunches import Hunches
from connector.reconcile.cash.slips import is_like
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Share

EACH_MAX = 6
"""So many ideas of one kind are worth comparing."""
SETS_AMONG_MAX = 20
SEVERAL = 2
OVER_SHARE_MAX = 5
"""An over-payment is at most the fifth part of what was owed."""
NAMED_MAX = 40


class Sort(StrEnum):
    """What an idea stands on."""

    KEY = "key"
    KEY_PART = "key-part"
    KEY_OVER = "key-over"
    NAMED = "named"
    NAMED_FEE = "named-fee"
    NAMED_SOME = "named-some"
    NAMED_CREDIT = "named-credit"
    NAMED_MORE = "named-more"
    NAMED_RUN = "named-run"
    NAMED_PART = "named-part"
    NAMED_OVER = "named-over"
    SLIP = "slip"
    AMOUNT = "amount"
    TERMS = "terms"
    FEE = "fee"
    EVERYTHING = "everything"
    SET = "set"
    ALMOST_RUN = "almost-run"
    HALF = "half"
    PART = "part"
    OVER = "over"
    STRANGER = "stranger"
    STRANGER_TERMS = "stranger-terms"
    STRANGER_SET = "stranger-set"
    ON_ACCOUNT = "on-account"
    TAKEN_BACK = "taken-back"


_LOOSE = frozenset({Sort.PART, Sort.OVER, Sort.NAMED_PART, Sort.NAMED_OVER})
"""Ideas that there always are some of."""


class Idea(NamedTuple):
    """An allocation that may be meant: of `many` of its sort it is the one at `rank`, from 0. `accidents_ppm`: so many
    sets like it were to be expected by accident, in millionths."""

    sort: Sort
    shares: tuple[Share, ...]
    unapplied: int
    adjustment: str = ""
    of: int = -1
    many: int = 1
    rank: int = 0
    accidents_ppm: int = 0


class Ideas:
    """All ideas about the receipts of one case, in the state that is left."""

    def __init__(self, at: Standing) -> None:
        self._at = at
        self._hunches = Hunches(at)

    def of(self, place: int) -> Iterator[Idea]:
        """Everything that a payment may be for."""
        by_sort: dict[Sort, dict[tuple[Share, ...], Idea]] = {}
        for idea in self._all(place):
            by_sort.setdefault(idea.sort, {}).setdefault(tuple(sorted(idea.shares)), idea)
        said = by_sort.pop(Sort.ON_ACCOUNT)
        others = sum(len(found) for sort, found in by_sort.items() if sort not in _LOOSE)
        for found in by_sort.values():
            ranked = list(found.values())
            for rank, idea in enumerate(ranked[:EACH_MAX]):
                yield idea._replace(many=len(ranked), rank=rank)
        # That it is for nothing is the likelier, the less else comes to mind, and where the payer says so.
        ahead = is_ahead(self._at.case.receipts[place].text)
        yield from (idea._replace(many=others + 1, rank=0 if ahead else 1) for idea in said.values())

    def _all(self, place: int) -> Iterator[Idea]:
        at, receipt = self._at, self._at.case.receipts[place]
        named = self._named(place)
        groups = self._groups(place, named)
        key = at.item_of.get(receipt.key, -1)
        if key >= 0 and at.left[key] and at.case.items[key].currency == receipt.currency:
            yield from self._some_of_it(place, [key], Sort.KEY, Sort.KEY_PART, Sort.KEY_OVER)
        if named:
            yield from self._about(place, named)
        for group in groups:
            others = self._by_habit(place, group, at.opened(place, group))
            yield from self._slips(place, others, named)
            yield from self._singles(place, others)
            yield from self._sets(place, group, others, [])
            yield from self._parts(place, group, others)
        yield from self._strangers(place, groups)
        yield Idea(Sort.ON_ACCOUNT, (), receipt.amount)

    def _groups(self, place: int, named: Sequence[int]) -> list[int]:
        payer = self._at.payer[place]
        if payer.group >= 0:
            return [payer.group]
        return list(payer.among) or list(dict.fromkeys(self._at.group[item] for item in named))[:1]

    def _named(self, place: int) -> list[int]:
        """The open items that the text names, whoever paid; where a number is that of several, the likeliest."""
        at, receipt = self._at, self._at.case.receipts[place]
        found: dict[int, None] = {}
        for mention in at.reading[place].mentions[:NAMED_MAX]:
            own = [
                item
                for item in mention.items
                if at.left[item] and at.case.items[item].currency == receipt.currency and at.since[item] <= receipt.on
            ]
            if own:
                payer = at.payer[place]
                own.sort(key=lambda item: (at.is_vetoed(payer, at.group[item]), at.left[item] != receipt.amount, -item))
                found[own[0]] = None
        return list(found)

    def _by_habit(self, place: int, group: int, items: Sequence[int]) -> list[int]:
        """Those first that this payer should pay just then."""
        on = self._at.case.receipts[place].on
        return sorted(items, key=lambda item: (self._hunches.surprise(group, item, on), item))

    def _whole(
        self, place: int, sort: Sort, found: Sequence[int], terms: str = "", slack: int = 0, kind: str = ""
    ) -> Idea | None:
        """All of these, if that is the amount under these terms; `slack`: so much may be missing, of the largest."""
        at, receipt = self._at, self._at.case.receipts[place]
        pays = [net(at, receipt, item, terms) for item in found]
        short = sum(pays) - receipt.amount
        lenient = len(found) if terms else 0
        if not -lenient <= short <= max(lenient, slack):
            return None
        largest = max(range(len(found)), key=lambda one: pays[one])
        pays[largest] -= short
        if pays[largest] <= 0:
            return None
        shares = tuple(Share(item, pay, at.left[item], at.left[item]) for item, pay in zip(found, pays, strict=True))
        adjusted = any(share.pay != share.applied for share in shares)
        return Idea(sort, shares, 0, (terms or kind) if adjusted else "")

    def _some_of_it(self, place: int, found: Sequence[int], whole: Sort, part: Sort, over: Sort) -> Iterator[Idea]:
        """These items whole, one of them in part, or with money left over."""
        at, amount = self._at, self._at.case.receipts[place].amount
        owed = sum(at.left[item] for item in found)
        yield from filter(None, (self._whole(place, whole, found, terms) for terms in terms_of(at, at.group[found[0]])))
        fee = at.case.policy.bank_fee
        if 0 < owed - amount <= max(fee, at.case.policy.rounding):
            kind = "rounding" if owed - amount <= at.case.policy.rounding else "bank fee"
            idea = self._whole(place, Sort.NAMED_FEE, found, slack=fee, kind=kind)
            if idea is not None:
                yield idea
        if owed < amount:
            shares = [Share(one, at.left[one], at.left[one], at.left[one]) for one in found]
            yield Idea(over, tuple(shares), amount - owed)
        for last in reversed(found):
            paid = amount - (owed - at.left[last])
            if owed > amount and 0 < paid < at.left[last]:
                shares = [
                    Share(one, *((paid, paid) if one == last else (at.left[one],) * 2), at.left[one]) for one in found
                ]
                yield Idea(part, tuple(shares), 0)

    def _about(self, place: int, named: Sequence[int]) -> Iterator[Idea]:
        """What the numbers in the text may mean."""
        at, receipt = self._at, self._at.case.receipts[place]
        yield from self._some_of_it(place, named, Sort.NAMED, Sort.NAMED_PART, Sort.NAMED_OVER)
        group = at.group[named[0]]
        others = self._by_habit(place, group, [one for one in at.opened(place, group) if one not in set(named)])
        for terms in terms_of(at, group):
            rest = receipt.amount - sum(net(at, receipt, item, terms) for item in named)
            nets = [net(at, receipt, item, terms) for item in others]
            if rest > 0:
                for one in sums.singles(nets, rest)[:EACH_MAX]:
                    yield from self._if(self._whole(place, Sort.NAMED_MORE, [*named, others[one[0]]], terms))
            else:
                credits_ = [item for item in others if at.left[item] < 0][:SETS_AMONG_MAX]
                for chosen in bundles.sets([net(at, receipt, item, terms) for item in credits_], rest):
                    taken = [*named, *(credits_[one] for one in chosen)]
                    yield from self._if(self._whole(place, Sort.NAMED_CREDIT, taken, terms))
                if len(named) <= SETS_AMONG_MAX:
                    for chosen in bundles.sets([net(at, receipt, item, terms) for item in named], receipt.amount):
                        yield from self._if(self._whole(place, Sort.NAMED_SOME, [named[one] for one in chosen], terms))
        yield from self._sets(place, group, others, named)

    def _slips(self, place: int, others: Sequence[int], named: Sequence[int]) -> Iterator[Idea]:
        """Items whose number is like something in the text, with the rest of the amount."""
        at, reading = self._at, self._at.reading[place]
        if len(named) > 1:
            named = [item for item in named if item in set(others)]
        tokens = [*reading.strange, *reading.loose, reading.cut]
        tokens += [at.numbers.digits_of(mention.items[0]) for mention in reading.mentions]
        digits = [found for token in tokens if (found := "".join(filter(str.isdigit, token)))]
        for item in others if digits else ():
            number, end = at.numbers.digits_of(item), at.numbers.end_of(item)
            if item in named or not any(is_like(one, number) or (end and is_like(one, end)) for one in digits):
                continue
            for terms in terms_of(at, at.group[item]):
                yield from self._if(self._whole(place, Sort.SLIP, [item], terms))
                others_named = [one for one in named if at.group[one] == at.group[item]]
                if others_named:
                    yield from self._if(self._whole(place, Sort.SLIP, [*others_named, item], terms))

    def _singles(self, place: int, others: Sequence[int]) -> Iterator[Idea]:
        """One item of the amount, or of which an agreed cut or a bank's fee leaves it."""
        at, receipt, policy = self._at, self._at.case.receipts[place], self._at.case.policy
        for item in others:
            if at.left[item] == receipt.amount:
                yield from self._if(self._whole(place, Sort.AMOUNT, [item]))
        near = [item for item in others if 0 < abs(at.left[item] - receipt.amount) * 4 <= receipt.amount]
        for item in near:
            for terms in (DISCOUNT, WITHHOLDING) if policy.terms else ():
                if net(at, receipt, item, terms) != at.left[item]:
                    yield from self._if(self._whole(place, Sort.TERMS, [item], terms))
        shorts = sorted((at.left[item] - receipt.amount, item) for item in near if at.left[item] > receipt.amount)
        for short, item in shorts:
            kind = "rounding" if short <= policy.rounding else "bank fee"
            if short <= policy.rounding or (short <= policy.bank_fee and short % 100 == 0):
                yield from self._if(self._whole(place, Sort.FEE, [item], slack=short, kind=kind))

    def _sets(self, place: int, group: int, others: Sequence[int], named: Sequence[int]) -> Iterator[Idea]:
        """Several of the payer's items, beside those that are named."""
        at, receipt = self._at, self._at.case.receipts[place]
        sort = Sort.NAMED_MORE if named else Sort.SET
        for terms in terms_of(at, group):
            rest = receipt.amount - sum(net(at, receipt, item, terms) for item in named)
            nets = [net(at, receipt, item, terms) for item in others]
            if rest <= 0 or len(others) < SEVERAL:
                continue
            if sum(nets) == rest:
                yield from self._if(self._whole(place, sort if named else Sort.EVERYTHING, [*named, *others], terms))
            found = dict.fromkeys(bundles.sets(nets, rest, SEVERAL))
            for chosen in sorted(found, key=lambda one: self._surprises(place, group, others, one))[:EACH_MAX]:
                idea = self._whole(place, sort, [*named, *(others[one] for one in chosen)], terms)
                yield from self._if(idea, sums.accidents(nets, rest, range(2, len(chosen) + 1)))
            if len(others) > bundles.SEARCHED_MAX or named:
                yield from self._runs(place, self._in_order(others, named), rest, terms, named)

    def _in_order(self, others: Sequence[int], named: Sequence[int]) -> list[int]:
        """As they fall due; beside named ones as they are numbered, from the first of those on."""
        items, numbers = self._at.case.items, self._at.numbers
        if not named:
            return sorted(others, key=lambda item: (items[item].due, items[item].issued, item))
        digits = {item: numbers.digits_of(item) for item in (*others, *named)}
        first = min((len(digits[item]), digits[item]) for item in named)
        order = sorted((len(digits[item]), digits[item], item) for item in others)
        return [item for length, number, item in order if (length, number) > first or self._at.left[item] < 0]

    def _runs(self, place: int, order: Sequence[int], rest: int, terms: str, named: Sequence[int]) -> Iterator[Idea]:
        """Neighbours in this order, with credits and but for one."""
        at, receipt = self._at, self._at.case.receipts[place]
        sort = Sort.NAMED_RUN if named else Sort.ALMOST_RUN
        for chosen in bundles.runs([net(at, receipt, item, terms) for item in order], rest, least=1 if named else 2):
            yield from self._if(self._whole(place, sort, [*named, *(order[one] for one in chosen)], terms))

    def _parts(self, place: int, group: int, others: Sequence[int]) -> Iterator[Idea]:
        """A part of one item, a part that another receipt completes, or one item with money left over."""
        at, receipt = self._at, self._at.case.receipts[place]
        waiting = self._hunches.waiting(group, receipt.currency)
        for item in others:
            left = at.left[item]
            if left > receipt.amount:
                share = (Share(item, receipt.amount, receipt.amount, left),)
                yield Idea(Sort.PART, share, 0)
                if any(other != place for other in waiting.get(left - receipt.amount, ())):
                    yield Idea(Sort.HALF, share, 0)
        under = [item for item in others if 0 < at.left[item] < receipt.amount]
        for item in sorted(under, key=lambda one: -at.left[one])[:EACH_MAX]:
            left = at.left[item]
            if (receipt.amount - left) * OVER_SHARE_MAX <= left:
                yield Idea(Sort.OVER, (Share(item, left, left, left),), receipt.amount - left)

    def _strangers(self, place: int, groups: Sequence[int]) -> Iterator[Idea]:
        """Anybody's item of the amount: somebody may pay for another, or under a name that nobody knows."""
        at, receipt = self._at, self._at.case.receipts[place]
        for terms, items in self._hunches.anybody(receipt):
            others = [item for item in items if at.group[item] not in groups]
            sort = Sort.STRANGER_TERMS if terms else Sort.STRANGER
            for item in self._by_everybody(others, receipt.on):
                yield from self._if(self._whole(place, sort, [item], terms))
        if self._at.payer[place].group < 0:
            for terms, found in self._hunches.anybodys_sets(receipt):
                yield from self._if(self._whole(place, Sort.STRANGER_SET, found, terms))

    def _by_everybody(self, items: Iterable[int], on: int) -> list[int]:
        return sorted(items, key=lambda item: (self._hunches.surprise(self._at.group[item], item, on), item))

    def _surprises(self, place: int, group: int, others: Sequence[int], chosen: Sequence[int]) -> tuple[int, ...]:
        """How odd it would be to pay just these: the days off the habit, on average."""
        on = self._at.case.receipts[place].on
        return (
            sum(self._hunches.surprise(group, others[one], on) for one in chosen) // len(chosen),
            len(chosen),
            *chosen,
        )

    def _if(self, idea: Idea | None, accidents_ppm: int = 0) -> Iterator[Idea]:
        if idea is not None:
            yield idea._replace(accidents_ppm=accidents_ppm)
