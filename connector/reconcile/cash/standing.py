"""How a case stands while it is being decided: what is left of each item, who paid, what every text names.

Two receipts never get the same money's worth: what several claim and only one can have is withheld from all of them,
and no decision is taken that would apply more than is open or spend more than came.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from connector.reconcile.cash.ahead import is_ahead
from connector.reconcile.cash.case import Case, Party, ReceiptKind
from connector.reconcile.cash.heaps import Heap
from connector.reconcile.cash.numbers import Numbers, Reading
from connector.reconcile.cash.payers import Payer, Payers
from connector.reconcile.cash.verdict import Class, Share, Verdict

NAMED_MAX = 400
ECHO_DAYS = 7
SAME_DAYS = 3
CONSIDERED_MAX = 80
NOT_CONSIDERED = frozenset({
    Class.KEY, Class.REFERENCE, Class.REFERENCE_ADJUSTED, Class.REFERENCE_SUBSET, Class.INSTALMENT, Class.REVERSAL,
    Class.DUPLICATE, Class.CONVERTED,
})  # fmt: skip
"""What stands on a key or on numbers alone looks at no other items."""


class Standing:
    """One case. Items and receipts go by their places in it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        items, receipts = case.items, case.receipts
        self.payers = Payers(case.parties, case.learned, {receipt.payer_name for receipt in receipts})
        places = {party.id: place for place, party in enumerate(case.parties)}
        self._party = [places.get(item.party, -1) for item in items]
        self.group = [self.payers.root[party] if party >= 0 else -2 - place for place, party in enumerate(self._party)]
        self.rates = self._rates()
        self.left = [item.amount for item in items]
        self.since = [item.issued for item in items]
        self.heaps: dict[tuple[int, str], Heap] = {}
        for place in sorted(range(len(items)), key=lambda at: (items[at].due, items[at].issued, items[at].id)):
            key = self.group[place], items[place].currency
            heap = self.heaps.get(key)
            if heap is None:
                heap = self.heaps[key] = Heap(items, self.left, self.since)
            heap.places.append(place)
        self.numbers = Numbers([item.number for item in items], [receipt.text for receipt in receipts])
        self.item_of = {item.id: place for place, item in enumerate(items)}
        self.receipt_at = {receipt.id: place for place, receipt in enumerate(receipts)}
        order = sorted(range(len(receipts)), key=lambda place: (receipts[place].on, receipts[place].id))
        self.waiting = dict.fromkeys(
            place for place in order if receipts[place].kind is ReceiptKind.PAYMENT and receipts[place].amount > 0
        )
        self._rank = {place: rank for rank, place in enumerate(order)}
        self._backs = [place for place in order if receipts[place].kind is not ReceiptKind.PAYMENT]
        self._back_of: dict[str, list[int]] = defaultdict(list)
        for place in self._backs:
            self._back_of[receipts[place].related].append(place)
        self.payer: list[Payer] = [self.payers.of(receipt) for receipt in receipts]
        self.reading: list[Reading] = [self.numbers.read(receipt.text) for receipt in receipts]
        self._named: list[list[int] | None] = [None] * len(receipts)
        self.about = [self._concerned(place) for place in range(len(receipts))]
        self._equal: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        self._naming: dict[int, list[int]] = defaultdict(list)
        for place in self.waiting:
            receipt = receipts[place]
            self._equal[self.payer[place].group, receipt.currency, receipt.amount].append(self._rank[place])
            for item in self.meant(place):
                self._naming[item].append(place)
        self._order = order
        self.tariff: Counter[int] = self._shortages()
        self._undone: Counter[int] = Counter()
        self._alike: Counter[tuple[str, int]] = Counter()
        self._quiet: tuple[int, dict[tuple[int, str], list[int]]] | None = None
        self.moved: set[int] = set()
        self.verdicts: dict[int, Verdict] = {}
        self.permitted: frozenset[Class] | None = None
        self.settled_by: dict[int, list[int]] = defaultdict(list)

    def _rates(self) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
        """The agreed discounts and withheld taxes of every group that has any, in hundredths of a percent."""
        policy = self.case.policy
        found: dict[int, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
        for place, party in enumerate(self.case.parties if policy.terms else ()):
            if 0 < party.discount_bp <= policy.discount_bp_max:
                found[self.payers.root[place]][0].add(party.discount_bp)
            if 0 < party.withholding_bp <= policy.withholding_bp_max:
                found[self.payers.root[place]][1].add(party.withholding_bp)
        return {group: (tuple(sorted(one)), tuple(sorted(other))) for group, (one, other) in found.items()}

    def _shortages(self) -> Counter[int]:
        """How often a receipt brought so much less than the items it names: what banks keep comes again and again."""
        limit = self.case.policy.bank_fee
        found: Counter[int] = Counter()
        for place in self.waiting if limit else ():
            short = sum(self.left[item] for item in self.named(place)) - self.case.receipts[place].amount
            if 0 < short <= limit:
                found[short] += 1
        return found

    def _concerned(self, place: int) -> frozenset[int]:
        """The groups whose items decide about a receipt."""
        named = {self.group[item] for mention in self.reading[place].mentions[:NAMED_MAX] for item in mention.items}
        key = self.item_of.get(self.case.receipts[place].key, -1)
        payer = self.payer[place]
        return frozenset(named | {payer.group, *payer.among} | ({self.group[key]} if key >= 0 else set()))

    def learned(self) -> list[int]:
        """Ask again who paid what nobody was known to have paid: the receipts about which that is new."""
        known = []
        for place in self.waiting:
            before = self.payer[place]
            if before.group >= 0:
                continue
            now = self.payers.of(self.case.receipts[place])
            if now == before:
                continue
            known.append(place)
            receipt = self.case.receipts[place]
            self.payer[place] = now
            for item in self.meant(place):
                self._naming[item].remove(place)
            self._named[place] = None
            for item in self.meant(place):
                insort(self._naming[item], place, key=self._rank.__getitem__)
            self.about[place] = self._concerned(place)
            rank = self._rank[place]
            self._equal[before.group, receipt.currency, receipt.amount].remove(rank)
            insort(self._equal[now.group, receipt.currency, receipt.amount], rank)
        return known

    def commit(self, found: Iterable[Verdict]) -> None:
        """Take the verdicts that nobody else's contradicts."""
        verdicts = list(found)
        claims: dict[int, list[Verdict]] = defaultdict(list)
        for verdict in verdicts:
            for share in verdict.shares:
                claims[share.item].append(verdict)
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
        mine, yours = self.case.receipts[one], self.case.receipts[other]
        return any(
            back.amount == -mine.amount and mine.on <= back.on <= yours.on
            for place in self._back_of.get(mine.id, ())
            if (back := self.case.receipts[place])
        )

    def is_twin(self, one: int, other: int) -> bool:
        """Whether two receipts look the same: the later is then the second of a pair, and settles nothing."""
        mine, yours = self.case.receipts[one], self.case.receipts[other]
        return (mine.amount, mine.currency, mine.text, mine.key, mine.payer_name, mine.payer_account) == (
            yours.amount, yours.currency, yours.text, yours.key, yours.payer_name, yours.payer_account,
        )  # fmt: skip

    def take(self, verdict: Verdict) -> None:
        """Keep a decision. Raises ValueError, and keeps nothing, for one that applies more than is open, spends
        another sum than came, or mixes currencies.

        What is of no class that is permitted now (None: all) is not taken."""
        if self.permitted is not None and verdict.kind not in self.permitted:
            return
        receipt, items = self.case.receipts[verdict.receipt], self.case.items
        if verdict.receipt in self.verdicts:
            raise ValueError("a receipt is decided once")
        if sum(share.pay for share in verdict.shares) + verdict.unapplied != receipt.amount:
            raise ValueError("a decision spends another sum than came")
        if verdict.unapplied * receipt.amount < 0:
            raise ValueError("a decision spends more than came")
        if len({share.item for share in verdict.shares}) != len(verdict.shares):
            raise ValueError("a decision names an item twice")
        for share in verdict.shares:
            after = self.left[share.item] - share.applied
            if items[share.item].currency != receipt.currency and not self._was_converted(verdict):
                raise ValueError("a decision mixes currencies")
            if not min(items[share.item].amount, 0) <= after <= max(items[share.item].amount, 0):
                raise ValueError("a decision applies more than is open")
        self.verdicts[verdict.receipt] = verdict
        self.waiting.pop(verdict.receipt, None)
        for share in verdict.shares:
            before = self.left[share.item]
            self.left[share.item] = before - share.applied
            self.settled_by[share.item].append(verdict.receipt)
            group = self.group[share.item]
            self.moved.add(group)
            self.heaps[group, items[share.item].currency].moved(reopened=-1 if before else share.item)

    def _was_converted(self, verdict: Verdict) -> bool:
        """Whether it stands on a rate, or gives back what did."""
        of = self.verdicts.get(verdict.of) if verdict.kind is Class.REVERSAL else None
        return verdict.rate is not None or (of is not None and of.rate is not None)

    def reverse(self) -> None:
        """Money that went back undoes what the receipt had settled: all of it, or a part of a single item."""
        self._backs = [place for place in self._backs if not self._reversed(place)]

    def _reversed(self, place: int) -> bool:
        receipt = self.case.receipts[place]
        original = self.receipt_at.get(receipt.related, -1)
        verdict = self.verdicts.get(original)
        if verdict is None or verdict.kind is Class.REVERSAL or receipt.amount >= 0:
            return False
        first = self.case.receipts[original]
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
        self._undone[original] = back
        for share in shares:
            self.since[share.item] = max(self.since[share.item], receipt.on)
        self.take(Verdict(place, Class.REVERSAL, shares, unapplied, of=original))
        return True

    def opened(self, place: int, group: int) -> Sequence[int]:
        """The open items of a group that existed when the receipt came, oldest first."""
        receipt = self.case.receipts[place]
        heap = self.heaps.get((group, receipt.currency))
        return heap.open(receipt.on) if heap is not None else ()

    def heap(self, place: int, group: int) -> Heap | None:
        """The open items of a group in the currency of a receipt."""
        return self.heaps.get((group, self.case.receipts[place].currency))

    def named(self, place: int) -> list[int]:
        """The items a receipt's text names, as far as each number means one."""
        known = self._named[place]
        if known is None:
            known = self._named[place] = self._look_named(place)
        return known

    def _look_named(self, place: int) -> list[int]:
        payer, receipt = self.payer[place], self.case.receipts[place]
        found: dict[int, None] = {}
        for mention in self.reading[place].mentions[:NAMED_MAX]:
            meant = [
                item
                for item in mention.items
                if self.case.items[item].currency == receipt.currency and not self.is_vetoed(payer, self.group[item])
            ]
            if len(meant) == 1:
                found[meant[0]] = None
        return list(found)

    def is_vetoed(self, payer: Payer, group: int) -> bool:
        """Whether it is known that somebody else paid."""
        if payer.group >= 0:
            return group != payer.group
        return bool(payer.among) and group not in payer.among

    def meant(self, place: int) -> list[int]:
        """The items that its text names, and the one of its key."""
        named = self.named(place)
        key = self.item_of.get(self.case.receipts[place].key, -1) if self.case.receipts[place].key else -1
        return [*named, key] if key >= 0 and key not in named else named

    def is_first_to_mean(self, place: int, item: int) -> bool:
        """Whether no earlier receipt that is still undecided names this item, or has its key."""
        return next((other for other in self._naming.get(item, ()) if other in self.waiting), place) == place

    def keyed(self, place: int) -> int:
        """The open item that a stored key means, unless payer or text contradicts it; -1 when there is none."""
        receipt = self.case.receipts[place]
        item = self.item_of.get(receipt.key, -1) if receipt.key else -1
        if item < 0 or self.case.items[item].currency != receipt.currency or self.left[item] <= 0:
            return -1
        if self.is_vetoed(self.payer[place], self.group[item]) or any(other != item for other in self.named(place)):
            return -1
        return item

    def is_shared(self, place: int, found: Sequence[int]) -> bool:
        """Whether an earlier receipt that is still undecided, or one of the same days, names one of these items or has
        its key."""
        until = self.case.receipts[place].on + SAME_DAYS
        return any(
            other != place and other in self.waiting and self.case.receipts[other].on <= until
            for item in found
            for other in self._naming.get(item, ())
        )

    def is_keyed_beside(self, place: int, found: Sequence[int]) -> bool:
        """Whether a stored key names another open item than these."""
        receipt = self.case.receipts[place]
        item = self.item_of.get(receipt.key, -1) if receipt.key else -1
        return item >= 0 and self.left[item] > 0 and item not in found

    def meaning(self, item: int) -> Sequence[int]:
        """The receipts that name an item or have its key, by day."""
        return self._naming.get(item, ())

    def was_reopened(self, item: int) -> bool:
        """Whether what had settled an item went back."""
        return self.since[item] != self.case.items[item].issued

    def is_spoken_for(self, place: int) -> bool:
        """Whether a stored key says, and nobody's says before, for which open item a receipt is."""
        key = self.case.receipts[place].key
        item = self.item_of.get(key, -1) if key else -1
        return item >= 0 and self.left[item] > 0 and self.is_first_to_mean(place, item)

    def quiet_before(self, place: int, group: int) -> Iterator[int]:
        """The undecided receipts of a payer that came before another and mean nothing that is open, latest first."""
        if self._quiet is None or self._quiet[0] != len(self.verdicts):
            found: dict[tuple[int, str], list[int]] = defaultdict(list)
            for other in self.waiting:
                if not self.reading[other].mentions and not self.is_spoken_for(other):
                    found[self.payer[other].group, self.case.receipts[other].currency].append(self._rank[other])
            self._quiet = len(self.verdicts), found
        ranks = self._quiet[1].get((group, self.case.receipts[place].currency), [])
        for at in range(bisect_left(ranks, self._rank[place]) - 1, -1, -1):
            yield self._order[ranks[at]]

    def came_back(self, place: int) -> bool:
        """Whether a receipt was charged back, so that its item may have been paid again by a later one."""
        backs = self._back_of.get(self.case.receipts[place].id, ())
        return any(self.case.receipts[back].kind is ReceiptKind.CHARGEBACK for back in backs)

    def is_awaited(self, place: int, group: int, since: int) -> bool:
        """Whether an earlier receipt of this payer and amount, and of no number, is still undecided: it may have been
        for the same item, which was open from that day on."""
        mine = self.case.receipts[place]
        equal = self._equal.get((group, mine.currency, mine.amount), ())
        for at in range(bisect_left(equal, self._rank[place]) - 1, -1, -1):
            other = self._order[equal[at]]
            if self.case.receipts[other].on < since:
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

    def is_one_group(self, found: Sequence[int]) -> bool:
        return len({self.group[item] for item in found}) == 1

    def verdict(
        self, place: int, kind: Class, found: Sequence[int], *, pays: Sequence[int] = (), adjustment: str = ""
    ) -> Verdict:
        """These items in whole; `pays` where an adjustment makes the receipt bring less than is open."""
        shares = tuple(
            Share(item, pay, self.left[item], self.left[item])
            for item, pay in zip(found, pays or [self.left[item] for item in found], strict=True)
        )
        return self.with_rivals(Verdict(place, kind, shares, 0, adjustment, self.payer[place]))

    def with_rivals(self, verdict: Verdict) -> Verdict:
        """The same with the items that were looked through beside those it takes."""
        if verdict.kind in NOT_CONSIDERED or not verdict.shares:
            return verdict
        receipt = self.case.receipts[verdict.receipt]
        heap = self.heaps[self.group[verdict.shares[0].item], receipt.currency]
        near = tuple(heap.nearest(receipt.amount, receipt.on, CONSIDERED_MAX))
        return verdict._replace(
            considered=near, opens=tuple(self.left[item] for item in near), counted=heap.count(receipt.on)
        )

    def alike(self, item: int) -> int:
        """How many items of the case have an item's amount and currency."""
        if not self._alike:
            self._alike = Counter((one.currency, one.amount) for one in self.case.items)
        return self._alike[self.case.items[item].currency, self.case.items[item].amount]

    def party_of(self, item: int) -> Party | None:
        return self.case.parties[self._party[item]] if self._party[item] >= 0 else None

    def is_silent(self, place: int) -> bool:
        """Whether nothing is named that would have to explain the amount: no number, no key of what is open, and no
        word that says that it is for nothing yet."""
        reading, receipt = self.reading[place], self.case.receipts[place]
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
        mine = self.case.receipts[place]
        equal = self._equal.get((group, mine.currency, mine.amount), [])
        at = bisect_left(equal, self._rank[place]) - 1
        if at < 0:
            return -1
        earlier = self._order[equal[at]]
        return earlier if mine.on - self.case.receipts[earlier].on <= ECHO_DAYS else -1
