"""What the numbers in a text may mean, beyond what they prove: lists that are cut, wrong, too short or too long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from connector.reconcile.cash import bundles, sums
from connector.reconcile.cash.adjust import discount_of, net, terms_of
from connector.reconcile.cash.fitting import Fitting
from connector.reconcile.cash.slips import is_like
from connector.reconcile.cash.sorts import LOOSE, Idea, Sort
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.stretches import Gaps

EACH_MAX = 6
SETS_AMONG_MAX = 20
NAMED_MAX = 80
CREDITS_MAX = 12
SPAN = 2
LATER_MAX = 120
AMONG_MAX = 200
TOKENS_MAX = 8
OVER_SHARE_MAX = 5
"""An over-payment is at most the fifth part of what was owed."""
_DAY = re.compile(
    "(?<![0-9])(?:([0-9]{1,2})[./]([0-9]{1,2})[./]((?:19|20)[0-9]{2})|((?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]))(?![0-9])"
)
_NAMED = (Sort.NAMED, Sort.NAMED_FEE, Sort.NAMED_PART, Sort.NAMED_OVER)
_AFTER = {
    Sort.NAMED: Sort.NAMED_LAST, Sort.NAMED_FEE: Sort.NAMED_LAST, Sort.NAMED_OVER: Sort.NAMED_LAST_OVER,
    Sort.NAMED_CREDIT: Sort.NAMED_LAST_RUN, Sort.NAMED_MORE: Sort.NAMED_LAST_RUN, Sort.NAMED_RUN: Sort.NAMED_LAST_RUN,
    Sort.NAMED_RUN_GAP: Sort.NAMED_LAST_RUN, Sort.NAMED_RUN_GAPS: Sort.NAMED_LAST_RUN,
}  # fmt: skip
"""What an idea stands on, where another receipt brings the first part of what it names."""
_SLIP = (Sort.SLIP, Sort.SLIP, Sort.SLIP_PART, Sort.SLIP_PART)


def named(at: Standing, place: int) -> list[int]:
    """The open items that the text names, whoever paid; where a number is that of several, the likeliest."""
    receipt, payer = at.case.receipts[place], at.payer[place]
    found: dict[int, None] = {}
    for mention in at.reading[place].mentions[:NAMED_MAX]:
        own = [
            item
            for item in mention.items
            if at.left[item] and at.case.items[item].currency == receipt.currency and at.since[item] <= receipt.on
        ]
        if own:
            own.sort(key=lambda item: (at.is_vetoed(payer, at.group[item]), at.left[item] != receipt.amount, -item))
            found[own[0]] = None
    return list(found)


class ByText:
    """Ideas about the receipts of one case that name something."""

    def __init__(self, fitting: Fitting) -> None:
        self._fit = fitting
        self._at = fitting.at

    def ideas(self, place: int, listed: Sequence[int], others: Sequence[int]) -> Iterator[Idea]:
        """About the items `listed`; `others`: what else that payer has open, the likeliest first."""
        yield from self._late(place, listed)
        yield from self._after_others(place, listed, others)
        yield from self._alone(place, listed, others)

    def _alone(self, place: int, listed: Sequence[int], others: Sequence[int]) -> Iterator[Idea]:
        """The same, whatever other receipts name."""
        at, receipt = self._at, self._at.case.receipts[place]
        yield from self._fit.some_of_it(place, listed, _NAMED)
        for terms in terms_of(at, at.group[listed[0]]):
            rest = receipt.amount - sum(net(at, receipt, item, terms) for item in listed)
            if rest > 0:
                yield from self._more(place, listed, others, rest, terms)
            else:
                yield from self._less(place, listed, others, rest, terms)
        yield from self._going_on(place, listed, others)

    def _late(self, place: int, listed: Sequence[int]) -> Iterator[Idea]:
        """All of it, of one or two no more than the discount that was taken too late."""
        at, receipt = self._at, self._at.case.receipts[place]
        short = sum(at.left[item] for item in listed) - receipt.amount
        cuts = {item: cut for item in listed if (cut := discount_of(at, item)) > 0}
        late = list(cuts)[:SETS_AMONG_MAX] if short > 0 else []
        for chosen in bundles.sets([at.left[item] - cuts[item] for item in late], short):
            worth = {late[one]: cuts[late[one]] for one in chosen}
            yield from self._fit.up_to(place, Sort.NAMED_REST, listed, worth)

    def _after_others(self, place: int, listed: Sequence[int], others: Sequence[int]) -> Iterator[Idea]:
        """As if the earlier receipts that name one of these alone had paid their parts of it; else one of those that
        others name too in part: rather the last or the first of a list."""
        left = self._at.left
        rests = {
            item: rest for item in listed[:SETS_AMONG_MAX] if 0 < (rest := self._rest_of(place, item)) < left[item]
        }
        if rests:
            held = {item: left[item] for item in rests}
            for item, rest in rests.items():
                left[item] = rest
            try:
                found = [idea for idea in self._alone(place, listed, others) if idea.sort in _AFTER]
            finally:
                for item, open_ in held.items():
                    left[item] = open_
            for idea in found:
                shares = tuple(share._replace(open=left[share.item]) for share in idea.shares)
                yield idea._replace(sort=_AFTER[idea.sort], shares=shares)
        shared = [item for item in listed if left[item] > 0 and list(self._beside(place, item))] if listed[1:] else []
        for item in dict.fromkeys([*shared[-1:], *shared[:EACH_MAX]]):
            yield from self._fit.in_part(place, Sort.NAMED_SHARED, listed, item)

    def _beside(self, place: int, item: int) -> Iterator[int]:
        """The other receipts that are not decided and name an item."""
        return (other for other in self._at.meaning(item) if other != place and other in self._at.waiting)

    def _rest_of(self, place: int, item: int) -> int:
        """What is left of an item when those that came before and name nothing else have paid their parts."""
        at, on = self._at, self._at.case.receipts[place].on
        before = list(self._beside(place, item))[:EACH_MAX]
        return at.left[item] - sum(
            at.case.receipts[other].amount
            for other in before
            if at.case.receipts[other].on <= on and at.named(other) == [item]
        )

    def _more(self, place: int, listed: Sequence[int], others: Sequence[int], rest: int, terms: str) -> Iterator[Idea]:
        """What makes up the rest of the amount."""
        at, receipt = self._at, self._at.case.receipts[place]
        nets = [net(at, receipt, item, terms) for item in others]
        for one in sums.singles(nets, rest)[:EACH_MAX]:
            yield from self._fit.whole(place, Sort.NAMED_MORE, [*listed, others[one[0]]], terms)
        if len(others) > 1:
            if sum(nets) == rest:
                yield from self._fit.whole(place, Sort.NAMED_MORE, [*listed, *others], terms)
            for chosen in list(dict.fromkeys(bundles.sets(nets, rest, 2)))[:EACH_MAX]:
                for idea in self._fit.whole(place, Sort.NAMED_MORE, [*listed, *(others[one] for one in chosen)], terms):
                    yield idea._replace(accidents_ppm=sums.accidents(nets, rest, range(2, len(chosen) + 1)))
            order = self._in_order(others, listed)
            for run in bundles.runs([net(at, receipt, item, terms) for item in order], rest, least=1):
                yield from self._fit.whole(place, Sort.NAMED_RUN, [*listed, *(order[one] for one in run)], terms)

    def _less(self, place: int, listed: Sequence[int], others: Sequence[int], rest: int, terms: str) -> Iterator[Idea]:
        """Credit that was taken off, or numbers that stand there for no money."""
        at, receipt = self._at, self._at.case.receipts[place]
        credits_ = [item for item in others if at.left[item] < 0][:SETS_AMONG_MAX]
        for chosen in bundles.sets([net(at, receipt, item, terms) for item in credits_], rest):
            taken = [*listed, *(credits_[one] for one in chosen)]
            yield from self._fit.whole(place, Sort.NAMED_CREDIT, taken, terms)
        if len(listed) <= SETS_AMONG_MAX:
            for chosen in bundles.sets([net(at, receipt, item, terms) for item in listed], receipt.amount):
                yield from self._fit.whole(place, Sort.NAMED_SOME, [listed[one] for one in chosen], terms)

    def _in_order(self, others: Sequence[int], listed: Sequence[int]) -> list[int]:
        """As they are numbered, from the first of those listed on; credits of any number."""
        numbers = self._at.numbers
        digits = {item: numbers.digits_of(item) for item in (*others, *listed)}
        first = min((len(digits[item]), digits[item]) for item in listed)
        order = sorted((len(digits[item]), digits[item], item) for item in others)
        return [item for length, number, item in order if (length, number) > first or self._at.left[item] < 0]

    def _going_on(self, place: int, listed: Sequence[int], others: Sequence[int]) -> Iterator[Idea]:
        """A list that goes on with the numbers that follow its last, or that says only its first and last."""
        at, digits_of, reading = self._at, self._at.numbers.digits_of, self._at.reading[place]
        order = self._in_order(others, listed)
        numbers = {item: (len(digits_of(item)), digits_of(item)) for item in (*order, *listed)}
        last = max(numbers[item] for item in listed)
        credits_ = [item for item in order if at.left[item] < 0]
        owed = [item for item in order if at.left[item] > 0]
        later = [item for item in owed if numbers[item] > last] if reading.cut or reading.full else []
        yield from self._until(place, listed, later, credits_)
        if len(listed) == SPAN:
            yield from self._until(place, listed, [item for item in owed if numbers[item] < last], credits_)

    def period(self, place: int, others: Sequence[int]) -> Iterator[Idea]:
        """Everything issued between the days that a text without numbers says, less credit, and but for one or two."""
        at, receipt = self._at, self._at.case.receipts[place]
        days = sorted(_days(receipt.text)) if not self._at.reading[place].mentions else []
        if not days:
            return
        first = days[0] if len(days) > 1 else 0
        owed = [item for item in others if at.left[item] > 0 and first <= at.case.items[item].issued <= days[-1]]
        owed.sort(key=lambda item: (at.case.items[item].issued, item))
        for idea in self._until(place, [], owed, [item for item in others if at.left[item] < 0]):
            if len(idea.shares) > 1 and idea.sort not in LOOSE:
                yield idea._replace(sort=Sort.PERIOD)

    def _until(
        self, place: int, listed: Sequence[int], later: Sequence[int], credits_: Sequence[int]
    ) -> Iterator[Idea]:
        """These, and the later ones up to any of them, but for one or two, less credit, less a fee, or one in part."""
        at, receipt = self._at, self._at.case.receipts[place]
        later, credits_ = later[:LATER_MAX], credits_[-CREDITS_MAX:]
        less: list[list[int]] = [[], *([item] for item in credits_), *([[*credits_]] if len(credits_) > 1 else [])]
        dearest = max((at.left[item] for item in listed), default=0)
        for terms in terms_of(at, at.group[[*listed, *later][0]]) if listed or later else ():
            gaps = Gaps()
            owed = sum(net(at, receipt, item, terms) for item in listed) - receipt.amount
            cuts = [sum(net(at, receipt, item, terms) for item in one) for one in less]
            for end in range(len(later) + 1):
                if end:
                    worth = net(at, receipt, later[end - 1], terms)
                    owed += worth
                    gaps.add(worth)
                if owed + min(cuts) > gaps.most + dearest:
                    break
                # With nothing behind and nothing taken off, it is only what is named.
                for credit, cut in list(zip(less, cuts, strict=True))[0 if end else 1 :]:
                    taken = [*listed, *credit]
                    yield from self._ending(place, taken, later[:end], owed + cut, terms)
                    for out in gaps.of(owed + cut, SPAN):
                        if out[-1] == end - 1:
                            continue
                        kept = [item for at_, item in enumerate(later[:end]) if at_ not in out]
                        sort = Sort.NAMED_RUN_GAP if len(out) == 1 else Sort.NAMED_RUN_GAPS
                        yield from self._fit.whole(place, sort, [*taken, *kept], terms)

    def _ending(self, place: int, taken: list[int], run: Sequence[int], short: int, terms: str) -> Iterator[Idea]:
        """The list and this run: so much more than what came."""
        at, fit, found = self._at, self._fit, [*taken, *run]
        if abs(short) <= (len(found) if terms else 0):
            yield from fit.whole(place, Sort.NAMED_RUN if run else Sort.NAMED_CREDIT, found, terms)
        if terms or len(found) <= 1:
            return
        if fit.is_fee(short):
            yield from fit.less_fee(place, Sort.NAMED_RUN_FEE, found)
        elif short > 0:
            if run and short < at.left[run[-1]]:
                yield from fit.in_part(place, Sort.NAMED_RUN_PART, found, run[-1])
            for item in dict.fromkeys((found[0], *taken[1:2])):
                if short < at.left[item]:
                    yield from fit.in_part(place, Sort.NAMED_RUN_REST, found, item)
        elif run and short < 0 and -short * OVER_SHARE_MAX <= at.left[run[-1]]:
            yield from fit.over(place, Sort.NAMED_RUN_OVER, found)

    def slips(self, place: int, others: Sequence[int], listed: Sequence[int]) -> Iterator[Idea]:
        """Items whose number is like something in the text, with the rest of what it names."""
        at, reading = self._at, self._at.reading[place]
        if len(listed) > 1:
            listed = [item for item in listed if item in set(others)]
        own = {at.group[item] for item in others[:1]}
        tokens = [*reading.strange, *reading.loose, reading.cut]
        tokens += [
            at.numbers.digits_of(mention.items[0])
            for mention in reading.mentions
            if len(reading.mentions) == 1 or own.isdisjoint(at.group[item] for item in mention.items)
        ]
        digits = list(dict.fromkeys(found for token in tokens if (found := "".join(filter(str.isdigit, token)))))
        digits, others = digits[:TOKENS_MAX], others[:AMONG_MAX]
        like = [item for item in others if digits and item not in listed and self._is_like(item, digits)]
        for item in like:
            beside = [one for one in listed if at.group[one] == at.group[item]]
            if len(like) <= EACH_MAX:
                yield from self._fit.some_of_it(place, [*beside, item], _SLIP)
            for terms in terms_of(at, at.group[item]):
                yield from self._fit.whole(place, Sort.SLIP, [item], terms)
                yield from self._fit.whole(place, Sort.SLIP, [*beside, item], terms)
        if 1 < len(like) <= EACH_MAX:
            beside = [one for one in listed if at.group[one] == at.group[like[0]]]
            yield from self._fit.some_of_it(place, [*beside, *like], _SLIP)

    def _is_like(self, item: int, digits: Sequence[str]) -> bool:
        number, end = self._at.numbers.digits_of(item), self._at.numbers.end_of(item)
        return any(is_like(one, number) or (end and (is_like(one, end) or one == end.lstrip("0"))) for one in digits)


def _days(text: str) -> Iterator[int]:
    """The days that stand in a text, day before month."""
    for day, month, year, iso in _DAY.findall(text):
        try:
            found = date.fromisoformat(iso) if iso else date(int(year), int(month), int(day))
        except ValueError:
            continue
        yield found.toordinal()
