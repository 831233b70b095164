"""How a case stands while it is being decided: what was decided, and what else may have been meant.

Two receipts never get the same money's worth: what several claim and only one can have is withheld from all of them,
and no decision is taken that would apply more than is open or spend more than came.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from connector.reconcile.cash.ahead import is_ahead
from connector.reconcile.cash.case import Case, Receipt, ReceiptKind
from connector.reconcile.cash.entered import Entered
from connector.reconcile.cash.verdict import Class, Share, Verdict

ECHO_DAYS = 7
SAME_DAYS = 3
CONSIDERED_MAX = 80
NOT_CONSIDERED = frozenset({
    Class.KEY, Class.REFERENCE, Class.REFERENCE_ADJUSTED, Class.REFERENCE_SUBSET, Class.INSTALMENT, Class.REVERSAL,
    Class.DUPLICATE, Class.CONVERTED,
})  # fmt: skip
"""What stands on a key or on numbers alone looks at no other items."""


class Standing(Entered):
    """One case while it is being decided."""

    def __init__(self, case: Case, ground: Entered | None = None) -> None:
        self._quiet: dict[tuple[int, str], list[int]] = {}
        self._quiet_when: tuple[int, dict[int, None]] = -1, {}
        self._undone: Counter[int] = Counter()
        self.moved: set[int] = set()
        self.verdicts: dict[int, Verdict] = {}
        self.fresh: list[int] = []
        self.permitted: frozenset[Class] | None = None
        self.settled_by: dict[int, list[int]] = defaultdict(list)
        self.strangers: Counter[tuple[int, str, int]] = Counter()
        """How many items of a group, a currency and an amount were settled for somebody nobody knows, by number."""
        super().__init__(case, ground)

    def commit(self, found: Iterable[Verdict]) -> None:
        """Take the verdicts that nobody else's contradicts."""
        verdicts = list(found)
        claimed = [share.item for verdict in verdicts for share in verdict.shares]
        if len(set(claimed)) == len(claimed):
            for verdict in verdicts:
                self.take(verdict)
            return
        claims: dict[int, list[Verdict]] = {}
        for verdict in verdicts:
            for share in verdict.shares:
                claims.setdefault(share.item, []).append(verdict)
        withheld: set[int] = set()
        for item, rivals in claims.items():
            if len(rivals) == 1:
                continue
            if all(self._leaves_some(rival, item) for rival in rivals):
                # One after the other: what the second leaves depends on the first.
                withheld |= {rival.receipt for rival in rivals[1:]}
                continue
            first, *others = rivals
            later = all(
                self.is_twin(first.receipt, other.receipt) or self.was_back(first.receipt, other.receipt)
                for other in others
            )
            withheld |= {rival.receipt for rival in (others if later else rivals)}
        for verdict in verdicts:
            if verdict.receipt not in withheld:
                self.take(verdict)

    def _leaves_some(self, verdict: Verdict, item: int) -> bool:
        applied = sum(share.applied for share in verdict.shares if share.item == item)
        return abs(applied) < abs(self.left[item])

    def was_back(self, one: int, other: int) -> bool:
        """Whether all of one receipt had gone back when another came: that one pays the same once more."""
        mine, yours = self.receipts[one], self.receipts[other]
        return any(
            back.amount == -mine.amount and mine.on <= back.on <= yours.on
            for place in self._back_of.get(mine.id, ())
            if (back := self.receipts[place])
        )

    def is_twin(self, one: int, other: int) -> bool:
        """Whether two receipts look the same: the later is then the second of a pair, and settles nothing."""
        mine, yours = self.receipts[one], self.receipts[other]
        return (mine.amount, mine.currency, mine.text, mine.key, mine.payer_name, mine.payer_account) == (
            yours.amount, yours.currency, yours.text, yours.key, yours.payer_name, yours.payer_account,
        )  # fmt: skip

    def take(self, verdict: Verdict) -> None:
        """Keep a decision. Raises ValueError, and keeps nothing, for one that applies more than is open, spends
        another sum than came, or mixes currencies.

        What is of no class that is permitted now (None: all) is not taken."""
        if self.permitted is not None and verdict.kind not in self.permitted:
            return
        place, shares, items = verdict.receipt, verdict.shares, self.items
        receipt = self.receipts[place]
        if place in self.verdicts:
            raise ValueError("a receipt is decided once")
        spent = shares[0].pay if len(shares) == 1 else sum([share.pay for share in shares])
        if spent + verdict.unapplied != receipt.amount:
            raise ValueError("a decision spends another sum than came")
        if verdict.unapplied * receipt.amount < 0:
            raise ValueError("a decision spends more than came")
        if len(shares) > 1 and len({share.item for share in shares}) != len(shares):
            raise ValueError("a decision names an item twice")
        for at, _, applied, _ in shares:
            item, after = items[at], self.left[at] - applied
            if item.currency != receipt.currency and not self._was_converted(verdict):
                raise ValueError("a decision mixes currencies")
            if not (0 <= after <= item.amount or item.amount <= after <= 0):
                raise ValueError("a decision applies more than is open")
        self._count_stranger(verdict, 1)
        self.verdicts[place] = verdict
        self.fresh.append(place)
        self.waiting.pop(place, None)
        for at, _, applied, _ in shares:
            before, group = self.left[at], self.group[at]
            self.left[at] = before - applied
            self.settled_by[at].append(place)
            self.moved.add(group)
            self.heaps[group, items[at].currency].moved(reopened=-1 if before else at)

    def _count_stranger(self, verdict: Verdict, more: int) -> None:
        """Take down what somebody nobody knows settled by number, or take it back."""
        if verdict.kind is Class.REFERENCE and verdict.payer.group < 0:
            for share in verdict.shares:
                item = self.items[share.item]
                self.strangers[self.group[share.item], item.currency, item.amount] += more

    def take_back(self, places: Iterable[int]) -> None:
        """Decisions are none any more: their receipts wait again."""
        waiting, backs, back = list(self.waiting), list(self._backs), list[Verdict]()
        for place in places:
            verdict = self.verdicts.pop(place)
            self._count_stranger(verdict, -1)
            back.append(verdict)
            if verdict.kind is Class.REVERSAL:
                backs.append(place)
                self._undone[verdict.of] += self.receipts[place].amount
            else:
                waiting.append(place)
            for share in verdict.shares:
                before, self.left[share.item] = self.left[share.item], self.left[share.item] + share.applied
                self.settled_by[share.item].remove(place)
                heap = self.heaps[self.group[share.item], self.items[share.item].currency]
                heap.moved(reopened=-1 if before else share.item)
        self.waiting = dict.fromkeys(sorted(waiting, key=self._rank.__getitem__))
        self._backs = sorted(backs, key=self._rank.__getitem__)
        for item in {share.item for verdict in back if verdict.kind is Class.REVERSAL for share in verdict.shares}:
            still = [one for one in self.settled_by[item] if self.verdicts[one].kind is Class.REVERSAL]
            self.since[item] = max([self.items[item].issued, *(self.receipts[one].on for one in still)])

    def follow(self, before: Standing, aside: Collection[int]) -> None:
        """Decide as it was decided before of the same receipts and items, but for what is put aside and what took that
        back."""
        for verdict in before.verdicts.values():
            if verdict.receipt in aside or verdict.of in aside:
                continue
            if verdict.kind is Class.REVERSAL:
                self._mark_back(verdict)
            self.take(verdict)
        self._backs = [place for place in self._backs if place not in self.verdicts]

    def give(self, place: int, applied: Mapping[int, int]) -> None:
        """A person's word: so much of a receipt to which items. It is not looked at any more. ValueError, and nothing
        is given, for more than came or than is open."""
        if not 0 <= sum(applied.values()) <= self.receipts[place].amount:
            raise ValueError("a person gives more than came")
        for item, amount in applied.items():
            if not min(self.left[item], 0) <= amount <= max(self.left[item], 0):
                raise ValueError("a person applies more than is open")
        self.waiting.pop(place, None)
        for item, amount in applied.items():
            self.left[item] -= amount
            self.moved.add(self.group[item])
            self.heaps[self.group[item], self.items[item].currency].moved()

    def _was_converted(self, verdict: Verdict) -> bool:
        """Whether it stands on a rate, or gives back what did."""
        of = self.verdicts.get(verdict.of) if verdict.kind is Class.REVERSAL else None
        return verdict.rate is not None or (of is not None and of.rate is not None)

    def reverse(self) -> None:
        """Money that went back undoes what the receipt had settled: all of it, or a part of a single item."""
        self._backs = [place for place in self._backs if not self._reversed(place)]

    def _reversed(self, place: int) -> bool:
        receipt = self.receipts[place]
        original = self.receipt_at.get(receipt.related, -1)
        verdict = self.verdicts.get(original)
        if verdict is None or verdict.kind is Class.REVERSAL or receipt.amount >= 0:
            return False
        first = self.receipts[original]
        back = self._undone[original] - receipt.amount
        if first.currency != receipt.currency or back > first.amount:
            return False
        if -receipt.amount == first.amount:
            shares = tuple(Share(one.item, -one.pay, -one.applied, self.left[one.item]) for one in verdict.shares)
            unapplied = -verdict.unapplied
        elif verdict.unapplied and (-receipt.amount == verdict.unapplied or not verdict.shares):
            shares, unapplied = (), receipt.amount
        elif len(verdict.shares) == 1 and not verdict.unapplied and not verdict.adjustment:
            item = verdict.shares[0].item
            shares, unapplied = (Share(item, receipt.amount, receipt.amount, self.left[item]),), 0
        else:
            return False
        verdict = Verdict(place, Class.REVERSAL, shares, unapplied, of=original)
        self._mark_back(verdict)
        self.take(verdict)
        return True

    def _mark_back(self, verdict: Verdict) -> None:
        """So much of a receipt went back, and its items are open from that day."""
        receipt = self.receipts[verdict.receipt]
        self._undone[verdict.of] -= receipt.amount
        for share in verdict.shares:
            self.since[share.item] = max(self.since[share.item], receipt.on)

    def is_first_to_mean(self, place: int, item: int) -> bool:
        """Whether no earlier receipt that is still undecided names this item, or has its key."""
        return next((other for other in self._naming.get(item, ()) if other in self.waiting), place) == place

    def keyed(self, place: int) -> int:
        """The open item that a stored key means, unless payer or text contradicts it; -1 when there is none."""
        receipt = self.receipts[place]
        item = self.item_of.get(receipt.key, -1) if receipt.key else -1
        if item < 0 or self.items[item].currency != receipt.currency or self.left[item] <= 0:
            return -1
        if self.is_vetoed(self.payer[place], self.group[item]) or any(other != item for other in self.named(place)):
            return -1
        return item

    def is_shared(self, place: int, found: Sequence[int]) -> bool:
        """Whether an earlier receipt that is still undecided, or one of the same days, names one of these items or has
        its key."""
        until = self.receipts[place].on + SAME_DAYS
        return any(
            other != place and other in self.waiting and self.receipts[other].on <= until
            for item in found
            for other in self._naming.get(item, ())
        )

    def is_keyed_beside(self, place: int, found: Sequence[int]) -> bool:
        """Whether a stored key names another open item than these."""
        receipt = self.receipts[place]
        item = self.item_of.get(receipt.key, -1) if receipt.key else -1
        return item >= 0 and self.left[item] > 0 and item not in found

    def was_reopened(self, item: int) -> bool:
        """Whether what had settled an item went back."""
        return self.since[item] != self.items[item].issued

    def is_spoken_for(self, place: int) -> bool:
        """Whether a stored key says, and nobody's says before, for which open item a receipt is."""
        key = self.receipts[place].key
        item = self.item_of.get(key, -1) if key else -1
        return item >= 0 and self.left[item] > 0 and self.is_first_to_mean(place, item)

    def quiet_before(self, place: int, group: int) -> Iterator[int]:
        """The undecided receipts of a payer that came before another and mean nothing that is open, latest first."""
        when, among = self._quiet_when
        if when != len(self.verdicts) or among is not self.waiting:
            self._quiet_when = len(self.verdicts), self.waiting
            self._quiet.clear()
        key = group, self.receipts[place].currency
        quiet = self._quiet.get(key)
        if quiet is None:
            quiet = self._quiet[key] = [
                other
                for other in self._sent.get(key, ())
                if other in self.waiting and not self.reading[other].mentions and not self.is_spoken_for(other)
            ]
        yield from reversed(quiet[: bisect_left(quiet, self._rank[place], key=self._rank.__getitem__)])

    def sent_before(self, place: int, group: int) -> Iterator[int]:
        """What a payer sent before, in the currency of a receipt, latest first."""
        sent = self._sent.get((group, self.receipts[place].currency), ())
        for at in range(bisect_left(sent, self._rank[place], key=self._rank.__getitem__) - 1, -1, -1):
            yield sent[at]

    def came_back(self, place: int) -> bool:
        """Whether a receipt was charged back, so that its item may have been paid again by a later one."""
        backs = self._back_of.get(self.receipts[place].id, ())
        return any(self.receipts[back].kind is ReceiptKind.CHARGEBACK for back in backs)

    def is_awaited(self, place: int, group: int, since: int) -> bool:
        """Whether an earlier receipt of this payer and amount, and of no number, is still undecided: it may have been
        for the same item, which was open from that day on."""
        mine = self.receipts[place]
        equal = self._equal.get((group, mine.currency, mine.amount), ())
        for at in range(bisect_left(equal, self._rank[place], key=self._rank.__getitem__) - 1, -1, -1):
            other = equal[at]
            if self.receipts[other].on < since:
                return False
            if other in self.waiting and not self.reading[other].mentions:
                return True
        return False

    def is_first_to_name(self, place: int, found: Sequence[int]) -> bool:
        """Whether no earlier receipt that is still undecided names one of these items."""
        return all(
            next((other for other in self._naming.get(item, ()) if other in self.waiting), place) == place
            for item in found
        )

    def is_clean(self, place: int) -> bool:
        """Whether everything in the text that looks like a number is one of this payer's."""
        reading = self.reading[place]
        if reading.cut or reading.strange:
            return False
        return len(self.named(place)) >= len({mention.items for mention in reading.mentions})

    def verdict(
        self, place: int, kind: Class, found: Sequence[int], *, pays: Sequence[int] = (), adjustment: str = ""
    ) -> Verdict:
        """These items in whole; `pays` where an adjustment makes the receipt bring less than is open."""
        left = self.left
        if pays:
            shares = tuple([Share(item, pay, left[item], left[item]) for item, pay in zip(found, pays, strict=True)])
        else:
            shares = tuple([Share(item, owed := left[item], owed, owed) for item in found])
        if kind in NOT_CONSIDERED or not shares:
            return Verdict(place, kind, shares, 0, adjustment, self.payer[place])
        receipt = self.receipts[place]
        return Verdict(
            place, kind, shares, 0, adjustment, self.payer[place], *self._rivals(receipt, self.group[shares[0].item])
        )

    def with_rivals(self, verdict: Verdict) -> Verdict:
        """The same with the items that were looked through beside those it takes."""
        if verdict.kind in NOT_CONSIDERED or not verdict.shares:
            return verdict
        receipt = self.receipts[verdict.receipt]
        near, opens, counted = self._rivals(receipt, self.group[verdict.shares[0].item])
        return verdict._replace(considered=near, opens=opens, counted=counted)

    def _rivals(self, receipt: Receipt, group: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """The items of a group nearest to an amount, what is open on each, and how many there are in all."""
        heap, left = self.heaps[group, receipt.currency], self.left
        near = tuple(heap.nearest(receipt.amount, receipt.on, CONSIDERED_MAX))
        return near, tuple([left[item] for item in near]), heap.count(receipt.on)

    def is_silent(self, place: int) -> bool:
        """Whether nothing is named that would have to explain the amount: no number, no key of what is open, and no
        word that says that it is for nothing yet."""
        reading, receipt = self.reading[place], self.receipts[place]
        if reading.mentions or reading.strange or reading.cut:
            return False
        key = self.item_of.get(receipt.key, -1) if receipt.key else -1
        if key >= 0 and self.left[key] > 0:
            return False
        return not (receipt.text and is_ahead(receipt.text))

    def is_silent_but(self, place: int) -> bool:
        """Whether the text holds nothing that might be another number than those it names."""
        reading = self.reading[place]
        return not (reading.strange or reading.cut)

    def is_echo(self, place: int, group: int) -> bool:
        """Whether the same payer sent the same amount a few days before: it may have come twice."""
        return self.before(place, group) >= 0

    def before(self, place: int, group: int) -> int:
        """The receipt of the same payer and amount a few days before; -1 when there is none."""
        mine = self.receipts[place]
        equal = self._equal.get((group, mine.currency, mine.amount), ())
        at = bisect_left(equal, self._rank[place], key=self._rank.__getitem__) - 1
        if at < 0:
            return -1
        earlier = equal[at]
        return earlier if mine.on - self.receipts[earlier].on <= ECHO_DAYS else -1
