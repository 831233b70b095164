"""Items put to a receipt: whole, less what is permitted, in part, or with money left over. Every idea is made here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connector.reconcile.cash.adjust import BANK_FEE, FEE_ROUND, FEE_SHARE_MAX, ROUNDING, net, terms_of
from connector.reconcile.cash.sorts import Idea, Sort
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Share


class Fitting:
    """Makes ideas that spend a receipt exactly, and apply no more than is open."""

    def __init__(self, at: Standing) -> None:
        self.at = at

    def whole(self, place: int, sort: Sort, found: Sequence[int], terms: str = "", slack: int = 0) -> Iterator[Idea]:
        """All of these, if that is the amount under these terms; `slack`: so much may be missing, of the largest."""
        at, receipt = self.at, self.at.case.receipts[place]
        pays = [net(at, receipt, item, terms) for item in found]
        short = sum(pays) - receipt.amount
        lenient = len(found) if terms else 0
        if not -lenient <= short <= max(lenient, slack):
            return
        largest = max(range(len(found)), key=lambda one: pays[one])
        pays[largest] -= short
        if pays[largest] <= 0:
            return
        shares = tuple(Share(item, pay, at.left[item], at.left[item]) for item, pay in zip(found, pays, strict=True))
        adjusted = any(share.pay != share.applied for share in shares)
        kind = terms or (ROUNDING if short <= at.case.policy.rounding else BANK_FEE)
        yield Idea(sort, shares, 0, kind if adjusted else "")

    def less_fee(self, place: int, sort: Sort, found: Sequence[int]) -> Iterator[Idea]:
        """All of these, of which a few units are missing, or what a bank keeps."""
        short = sum(self.at.left[item] for item in found) - self.at.case.receipts[place].amount
        if self.is_fee(short) and short * FEE_SHARE_MAX <= max(self.at.left[item] for item in found):
            yield from self.whole(place, sort, found, slack=short)

    def is_fee(self, short: int) -> bool:
        """Whether so much may be missing for no other reason."""
        policy = self.at.case.policy
        return 0 < short <= policy.rounding or (0 < short <= policy.bank_fee and short % FEE_ROUND == 0)

    def over(self, place: int, sort: Sort, found: Sequence[int]) -> Iterator[Idea]:
        """All of these, and money left over."""
        at = self.at
        over = at.case.receipts[place].amount - sum(at.left[item] for item in found)
        if over > 0:
            yield Idea(sort, tuple(Share(one, at.left[one], at.left[one], at.left[one]) for one in found), over)

    def in_part(self, place: int, sort: Sort, found: Sequence[int], last: int) -> Iterator[Idea]:
        """All of these, and of one among them as much as is left."""
        at, amount = self.at, self.at.case.receipts[place].amount
        paid = amount - sum(at.left[item] for item in found if item != last)
        if 0 < paid < at.left[last]:
            worth = {item: at.left[item] for item in found} | {last: paid}
            yield Idea(sort, tuple(Share(one, worth[one], worth[one], at.left[one]) for one in found), 0)

    def up_to(self, place: int, sort: Sort, found: Sequence[int], worth: Mapping[int, int]) -> Iterator[Idea]:
        """All of these, of some of them no more than they are worth here."""
        at = self.at
        owed = {item: worth.get(item, at.left[item]) for item in found}
        if sum(owed.values()) == at.case.receipts[place].amount:
            yield Idea(sort, tuple(Share(one, owed[one], owed[one], at.left[one]) for one in found), 0)

    def some_of_it(self, place: int, found: Sequence[int], sorts: tuple[Sort, Sort, Sort, Sort]) -> Iterator[Idea]:
        """These items whole, less a fee, one of them in part, or with money left over: a sort for each."""
        whole, fee, part, over = sorts
        at = self.at
        for terms in terms_of(at, at.group[found[0]]):
            yield from self.whole(place, whole, found, terms)
        yield from self.less_fee(place, fee, found)
        for last in reversed(found):
            yield from self.in_part(place, part, found, last)
        yield from self.over(place, over, found)
