"""The rounds: all receipts against what is left, the strongest evidence first, until nothing more follows.

In every round each undecided receipt is looked at against the same state, whatever its place in the list. What was
decided shrinks the rivals of the others, so the rounds go on until one whole pass decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from connector.reconcile.cash import sums
from connector.reconcile.cash.adjust import adjusted
from connector.reconcile.cash.case import Case
from connector.reconcile.cash.numbers import DIGITS_MIN
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Share, Verdict

PASSES_MAX = 12
PAIRS_AMONG_MAX = 80
DUE_GRACE_DAYS = 5
DUPLICATE_DAYS = 45
AMONG_NAMED_MAX = 0.01
"""So many accidental answers are allowed among items that are all named."""


class Rounds:
    """One case being decided."""

    def __init__(self, case: Case) -> None:
        self.at = Standing(case)

    def run(self) -> dict[int, Verdict]:
        """Every decision, by the place of its receipt."""
        rounds: tuple[Callable[[int], Verdict | None], ...] = (
            self._key, self._reference, self._completion, self._near, self._partial, self._amount, self._subset,
            self._terms,
        )  # fmt: skip
        wanted = list(self.at.waiting)
        for _ in range(PASSES_MAX):
            before = len(self.at.verdicts)
            self.at.moved = set()
            self._instalments(wanted)
            for look in rounds:
                still = [place for place in wanted if place in self.at.waiting]
                self.at.commit(verdict for place in still if (verdict := look(place)) is not None)
                self.at.reverse()
            self._duplicates()
            if self.at.case.policy.oldest_first:
                self._identical()
            if len(self.at.verdicts) == before:
                break
            wanted = [place for place in self.at.waiting if not self.at.moved.isdisjoint(self.at.about[place])]
        return self.at.verdicts

    def _duplicates(self) -> None:
        """A receipt that is an earlier one over again, when everything that one settled is closed."""
        for place in list(self.at.waiting):
            receipt = self.at.case.receipts[place]
            named = [item for item in self.at.named(place) if not self.at.left[item]]
            key = self.at.item_of.get(receipt.key, -1)
            named += [key] if key >= 0 and not self.at.left[key] else []
            if not named or any(self.at.left[item] for item in self.at.named(place)):
                continue
            for other in self.at.settled_by.get(named[0], ()):
                first = self.at.case.receipts[other]
                near = 0 <= receipt.on - first.on <= DUPLICATE_DAYS
                if (
                    near
                    and first.amount == receipt.amount
                    and {s.item for s in self.at.verdicts[other].shares} == set(named)
                ):
                    self.at.take(Verdict(place, Class.DUPLICATE, (), receipt.amount))
                    break

    def _key(self, place: int) -> Verdict | None:
        receipt = self.at.case.receipts[place]
        item = self.at.item_of.get(receipt.key, -1)
        if item < 0 or self.at.case.items[item].currency != receipt.currency or self.at.left[item] <= 0:
            return None
        payer = self.at.payer[place]
        if payer.group >= 0 and payer.group != self.at.group[item]:
            return None
        left = self.at.left[item]
        under_terms = adjusted(self.at, place, [item])
        if under_terms is not None:
            return under_terms._replace(kind=Class.KEY)
        paid = min(receipt.amount, left)
        return Verdict(place, Class.KEY, (Share(item, paid, paid),), receipt.amount - paid)

    def _reference(self, place: int) -> Verdict | None:
        """The numbers in the text, and the amount agrees."""
        found = [item for item in self.at.named(place) if self.at.left[item]]
        if not found or not self.at.is_one_group(found):
            return None
        receipt = self.at.case.receipts[place]
        total = sum(self.at.left[item] for item in found)
        if total == receipt.amount:
            return self.at.whole(place, Class.REFERENCE, found)
        under_terms = adjusted(self.at, place, found)
        if under_terms is not None:
            return under_terms
        rest = receipt.amount - total
        if rest < 0:
            credits_ = [item for item in self.at.opened(place, self.at.group[found[0]]) if self.at.left[item] == rest]
            if len(credits_) == 1 and credits_[0] not in found:
                return self.at.whole(place, Class.REFERENCE_CREDIT, [*found, *credits_])
        if rest < 0 and 1 < len(found) <= sums.SEARCHED_MAX:
            amounts = [self.at.left[item] for item in found]
            answers = sums.singles(amounts, receipt.amount) + sums.pairs(amounts, receipt.amount)
            answers += sums.subsets(amounts, receipt.amount)
            if len(answers) == 1 and sums.expected(amounts, receipt.amount, range(1, len(amounts))) <= AMONG_NAMED_MAX:
                return self.at.whole(place, Class.REFERENCE_SUBSET, [found[at] for at in answers[0]])
        return None

    def _completion(self, place: int) -> Verdict | None:
        """The numbers explain a part, and exactly one set of the payer's other items the rest."""
        named = self.at.named(place)
        found = [item for item in named if self.at.left[item]]
        reading = self.at.reading[place]
        group = self.at.payer[place].group
        if group < 0 and found and self.at.is_one_group(found):
            group = self.at.group[found[0]]
        if group < 0 or not (found or reading.cut) or not self.at.is_one_group(found or [0]):
            return None
        receipt = self.at.case.receipts[place]
        rest = receipt.amount - sum(self.at.left[item] for item in found)
        others = [item for item in self.at.opened(place, group) if item not in found]
        if rest <= 0 or not others:
            return None
        answers = self._explained(others, rest, cut=reading.cut)
        if len(answers) != 1:
            return None
        return self.at.whole(place, Class.COMPLETION, [*found, *(others[at] for at in answers[0])])

    def _explained(self, others: Sequence[int], rest: int, cut: str = "") -> list[tuple[int, ...]]:
        """The sets of items that are the rest: empty when the amount does not identify one."""
        amounts = [self.at.left[item] for item in others]
        answers = sums.singles(amounts, rest)
        if cut and len(answers) > 1:
            answers = [one for one in answers if cut in self.at.numbers.digits_of(others[one[0]])]
        if answers:
            return answers
        everything = tuple(range(len(others)))
        if len(others) > 1 and sum(amounts) == rest:
            return [everything]
        if len(others) <= PAIRS_AMONG_MAX and sums.expected(amounts, rest, range(2, 3)) <= sums.ACCIDENTS_MAX * 10:
            answers = sums.pairs(amounts, rest)
            if answers:
                return answers
        if len(others) > sums.SEARCHED_MAX:
            return []
        if sums.expected(amounts, rest, range(2, len(others))) > sums.ACCIDENTS_MAX:
            return []
        return sums.pairs(amounts, rest) + sums.subsets(amounts, rest)

    def _near(self, place: int) -> Verdict | None:
        """A number with one slip in it, by a known payer, of whose items one has exactly the missing amount."""
        payer, reading = self.at.payer[place], self.at.reading[place]
        if payer.group < 0 or reading.cut:
            return None
        named = [item for item in self.at.named(place) if self.at.left[item]]
        meant = set(named)
        tokens = list(reading.strange)
        for mention in reading.mentions:
            if not meant.intersection(mention.items):
                tokens.append(self.at.numbers.digits_of(mention.items[0]))
        if not tokens:
            return None
        amount = self.at.case.receipts[place].amount - sum(self.at.left[item] for item in named)
        near = [
            item
            for item in self.at.opened(place, payer.group)
            if amount <= self.at.left[item] <= amount + amount // 4
            and item not in meant
            and any(_one_slip(token, self.at.numbers.digits_of(item)) for token in tokens)
        ]
        exact = [item for item in near if self.at.left[item] == amount]
        if len(exact) == 1:
            return self.at.whole(place, Class.NEAR_MISS, [*named, exact[0]])
        found = [verdict for item in near if (verdict := adjusted(self.at, place, [*named, item])) is not None]
        if exact or len(found) != 1 or found[0].adjustment == "rounding":
            return None
        return found[0]._replace(kind=Class.NEAR_MISS)

    def _instalments(self, wanted: Sequence[int]) -> None:
        """Receipts that all name one item and together are what is open of it."""
        parts: dict[int, list[int]] = defaultdict(list)
        for place in wanted:
            named = self.at.named(place) if place in self.at.waiting else []
            if len(named) == 1 and self.at.case.receipts[place].amount < self.at.left[named[0]]:
                parts[named[0]].append(place)
        for item, places in parts.items():
            amounts = [self.at.case.receipts[place].amount for place in places]
            if len(places) > 1 and sum(amounts) == self.at.left[item]:
                for place, amount in zip(places, amounts, strict=True):
                    self.at.take(Verdict(place, Class.INSTALMENT, (Share(item, amount, amount),), 0))

    def _partial(self, place: int) -> Verdict | None:
        """One clean number of a known payer, another amount, and no other explanation."""
        payer, receipt = self.at.payer[place], self.at.case.receipts[place]
        named = self.at.named(place)
        if payer.group < 0 or len(named) != 1 or not self.at.is_clean(place) or self.at.left[named[0]] <= 0:
            return None
        others = [item for item in self.at.opened(place, payer.group) if item != named[0]]
        amounts = [self.at.left[item] for item in others]
        if sums.singles(amounts, receipt.amount) or sums.pairs(amounts, receipt.amount, 1):
            return None
        left = self.at.left[named[0]]
        allowed = self.at.case.policy.bank_fee
        if sums.singles(amounts, receipt.amount - left) or any(
            amount < 0 <= left + amount - receipt.amount <= allowed for amount in amounts
        ):
            return None
        party = self.at.party_of(named[0])
        if party is not None and (party.withholding_bp or party.discount_bp):
            return None
        if receipt.amount < left:
            return Verdict(place, Class.PARTIAL, (Share(named[0], receipt.amount, receipt.amount),), 0)
        if receipt.amount - left > left // 4:
            return None
        return Verdict(place, Class.OVER, (Share(named[0], left, left),), receipt.amount - left)

    def _amount(self, place: int) -> Verdict | None:
        """A known payer, no number, and one item of exactly that amount."""
        payer = self.at.payer[place]
        if payer.group < 0 or not self.at.is_silent(place):
            return None
        others = self.at.opened(place, payer.group)
        amount = self.at.case.receipts[place].amount
        fitting = [item for item in others if self.at.left[item] == amount]
        if len(fitting) != 1 or self.at.is_echo(place, payer.group):
            return None
        return self.at.whole(place, Class.AMOUNT, fitting)

    def _subset(self, place: int) -> Verdict | None:
        """The same with everything that is due, or with the one set that the amount identifies."""
        payer, receipt = self.at.payer[place], self.at.case.receipts[place]
        if payer.group < 0 or not self.at.is_silent(place):
            return None
        others = self.at.opened(place, payer.group)
        amounts = [self.at.left[item] for item in others]
        if receipt.amount in amounts:
            return None
        due = [item for item in others if self.at.case.items[item].due <= receipt.on + DUE_GRACE_DAYS]
        for all_of in (others, due):
            if len(all_of) > 1 and sum(self.at.left[item] for item in all_of) == receipt.amount:
                return self.at.whole(place, Class.ALL_DUE, all_of)
        answers = self._explained(others, receipt.amount)
        if len(answers) != 1:
            return None
        return self.at.whole(place, Class.SUBSET, [others[at] for at in answers[0]])

    def _terms(self, place: int) -> Verdict | None:
        """The same with the discount or the tax that was agreed with the customer."""
        payer = self.at.payer[place]
        if payer.group < 0 or not self.at.case.policy.terms or not self.at.is_silent(place):
            return None
        amount = self.at.case.receipts[place].amount
        close = [
            item
            for item in self.at.opened(place, payer.group)
            if 0 < self.at.left[item] - amount <= self.at.left[item] // 4
        ]
        every = (adjusted(self.at, place, [item]) for item in close)
        found = [verdict for verdict in every if verdict and verdict.adjustment in ("discount", "withholding")]
        return found[0]._replace(kind=Class.AMOUNT_TERMS) if len(found) == 1 else None

    def _identical(self) -> None:
        """Equal receipts and equal items of one customer, as many of each: in whatever order, all are paid."""
        receipts, items = self.at.case.receipts, self.at.case.items
        heaps: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        for place in self.at.waiting:
            if self.at.payer[place].group >= 0 and self.at.is_silent(place):
                heaps[self.at.payer[place].group, receipts[place].currency, receipts[place].amount].append(place)
        for (group, currency, amount), places in heaps.items():
            equal = sorted(
                (item for item in self.at.held.get((group, currency), ()) if self.at.left[item] == amount),
                key=lambda item: (items[item].due, items[item].id),
            )
            if len(equal) == len(places) and all(
                items[item].issued <= receipts[place].on for item, place in zip(equal, places, strict=True)
            ):
                for item, place in zip(equal, places, strict=True):
                    self.at.take(self.at.whole(place, Class.IDENTICAL, [item]))


def decide(case: Case) -> dict[int, Verdict]:
    """Every decision that can be proved, by the place of its receipt."""
    return Rounds(case).run()


def _one_slip(token: str, digits: str) -> bool:
    """Whether two numbers differ by one digit wrong, missing, doubled, or by two neighbours swapped."""
    one, other = token.lstrip("0"), digits.lstrip("0")
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < DIGITS_MIN:
        return False
    if len(one) == len(other):
        off = [place for place in range(len(one)) if one[place] != other[place]]
        if not off:
            return False
        swapped = [off[0], off[0] + 1] == off and one[off[0]] == other[off[1]] and one[off[1]] == other[off[0]]
        return len(off) == 1 or swapped
    short, long = sorted((one, other), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
