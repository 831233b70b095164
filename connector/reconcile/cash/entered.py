"""What a case holds: its items and receipts with what is left of each item, who paid, what every text names.

Everything here follows from what came, whether at once or little by little. Nothing is decided here.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from connector.reconcile.cash.case import Case, Item, Party, Receipt, ReceiptKind
from connector.reconcile.cash.heaps import Heap
from connector.reconcile.cash.numbers import Numbers, Reading
from connector.reconcile.cash.payers import Basis, Payer, Payers

NAMED_MAX = 400
UNSURE = frozenset({Basis.CUT_NAME, Basis.NEAR_NAME, Basis.LEARNED_NAME, Basis.LEARNED})
"""A name that is only like a customer's, and what was only learned: an account may be used for several."""


class News(NamedTuple):
    """What to look at again: receipts that are new or of which something else is known, and groups of new items."""

    places: set[int]
    groups: set[int]


class Entered:
    """Items and receipts go by their places. More of both may come at any time."""

    def __init__(self, case: Case, ground: Entered | None = None) -> None:
        """`ground` has the same customers and items, under the same policy, and no receipts: what was made of those is
        not made again. Nothing is entered there while this is used."""
        self.receipts: list[Receipt] = []
        if ground is None:
            self._begin(case)
        else:
            self._stand_on(ground, case)
        self.receipt_at: dict[str, int] = {}
        self.waiting: dict[int, None] = {}
        self._rank: list[tuple[int, str]] = []
        self._backs: list[int] = []
        self._back_of: dict[str, list[int]] = defaultdict(list)
        self.payer: list[Payer] = []
        self.reading: list[Reading] = []
        self._named: list[list[int] | None] = []
        self.about: list[frozenset[int]] = []
        self._alone: dict[int, frozenset[int]] = {}
        self._keyed: dict[str, list[int]] = defaultdict(list)
        self._equal: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        self._sent: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._naming: dict[int, list[int]] = defaultdict(list)
        self.tariff: Counter[int] = Counter()
        self._short: dict[int, list[int]] = defaultdict(list)
        self.known_anew: list[int] = []
        self.enter(items=case.items if ground is None else (), receipts=case.receipts)

    def _begin(self, case: Case) -> None:
        """With these customers, and no items yet."""
        self.parties: list[Party] = list(case.parties)
        self.items: list[Item] = []
        self.case = replace(case, parties=self.parties, items=self.items, receipts=self.receipts)
        self.payers = Payers(self.parties, case.learned)
        self._party_at = {party.id: place for place, party in enumerate(self.parties)}
        self.rates = self._rates()
        self._party: list[int] = []
        self.group: list[int] = []
        self.left: list[int] = []
        self.since: list[int] = []
        self.heaps: dict[tuple[int, str], Heap] = {}
        self.numbers = Numbers(())
        self.item_of: dict[str, int] = {}
        self._alike: Counter[tuple[str, int]] = Counter()

    def _stand_on(self, ground: Entered, case: Case) -> None:
        """With the customers and items of another; what deciding moves is our own."""
        self.parties, self.items = ground.parties, list(ground.items)
        self.case = replace(case, parties=self.parties, items=self.items, receipts=self.receipts)
        self.payers = ground.payers.afresh(case.learned, ground._party_at)
        self._party_at, self._party = ground._party_at, ground._party
        self.rates, self.group, self.item_of = ground.rates, ground.group, ground.item_of
        self.left, self.since = list(ground.left), list(ground.since)
        self.heaps = {key: heap.afresh(self.items, self.left, self.since) for key, heap in ground.heaps.items()}
        self.numbers = ground.numbers.afresh()
        if self.items:
            ground.alike(0)
        self._alike = ground._alike

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

    def enter(
        self,
        *,
        parties: Sequence[Party] = (),
        items: Sequence[Item] = (),
        receipts: Sequence[Receipt] = (),
        decided: Collection[int] = (),
    ) -> News:
        """Take in what is new. A new customer is nobody's parent, and owes none of the items that are here already.

        Whatever waits is asked again who paid it and what it names; so are those of `decided` whose texts seem to be
        cut now and did not before, or the other way round.
        """
        old, first, cut_at, learned = self.waiting, len(self.receipts), self.numbers.cut_at, self.numbers.times_learned
        if parties:
            self._enter_parties(parties)
        spelled = self.payers.see({receipt.payer_name for receipt in receipts}) or bool(parties)
        groups = self._enter_items(items)
        reads = self.numbers.add([item.number for item in items], [receipt.text for receipt in receipts])
        new, payments = self._enter_receipts(receipts)
        if not first:
            self.waiting = dict.fromkeys(payments)
            self._enter_payments(payments, put=_append)
            return News(set(payments), groups)
        again = list(old) if spelled or reads else []
        anew, cut = spelled or learned != self.numbers.times_learned, cut_at ^ self.numbers.cut_at
        again += [place for place in decided if anew or len(self.receipts[place].text) in cut]
        touched = {place for place in again if self._is_payment(place) and self._is_otherwise(place)}
        self.waiting = dict.fromkeys(sorted([*old, *payments], key=self._rank.__getitem__))
        self._enter_payments(payments, put=partial(_put, rank=self._rank.__getitem__))
        keyed = {place for item in items for place in self._keyed.get(item.id, ())}
        for place in keyed:
            self._learn_of(place, self.payer[place])
        related = {self.receipt_at.get(self.receipts[place].related, -1) for place in new}
        touched.update(new, keyed, self._priced(payments), related - {-1})
        return News(touched, groups)

    def _enter_receipts(self, receipts: Sequence[Receipt]) -> tuple[list[int], list[int]]:
        """Their places in order, and those of the payments among them."""
        first = len(self.receipts)
        self.receipts += receipts
        places = range(first, len(self.receipts))
        self.payer += map(self.payers.of, receipts)
        self.reading += [self.numbers.read(receipt.text) for receipt in receipts]
        self._named += [None] * len(receipts)
        self._rank += [(receipt.on, receipt.id) for receipt in receipts]
        self.receipt_at.update((receipt.id, place) for place, receipt in zip(places, receipts, strict=True))
        self.about += map(self._concerned, places)
        new = sorted(places, key=self._rank.__getitem__)
        payments = [place for place in new if self._is_payment(place)]
        if len(payments) < len(new):
            self._enter_backs([place for place in new if self.receipts[place].kind is not ReceiptKind.PAYMENT])
        return new, payments

    def change(self, item: Item) -> int:
        """An item comes to another amount, or is due on another day. Its group."""
        place = self.item_of[item.id]
        old, self.items[place] = self.items[place], item
        self.left[place] += item.amount - old.amount
        self.since[place] = item.issued if self.since[place] == old.issued else max(self.since[place], item.issued)
        self._alike = Counter()
        self.heaps[self.group[place], item.currency].place_again(place)
        return self.group[place]

    def _enter_parties(self, parties: Sequence[Party]) -> None:
        """More customers. Their names may make others' unsure."""
        before = self.payers
        self._party_at.update((party.id, place) for place, party in enumerate(parties, len(self.parties)))
        self.parties += parties
        self.payers = Payers(self.parties, {})
        self.payers.remember(before)
        self.rates = self._rates()

    def _enter_items(self, items: Sequence[Item]) -> set[int]:
        """The groups to which items were added."""
        first, touched, begun = len(self.items), set[int](), set[tuple[int, str]]()
        self.items += items
        for place, item in enumerate(items, first):
            party = self._party_at.get(item.party, -1)
            self._party.append(party)
            self.group.append(self.payers.root[party] if party >= 0 else -2 - place)
            self.item_of[item.id] = place
        self.left += [item.amount for item in items]
        self.since += [item.issued for item in items]
        if self._alike:
            self._alike.update((item.currency, item.amount) for item in items)
        in_order = sorted((item.due, item.issued, item.id, place) for place, item in enumerate(items, first))
        for _, _, _, place in in_order:
            key = self.group[place], self.items[place].currency
            heap = self.heaps.get(key)
            if heap is None:
                heap = self.heaps[key] = Heap(self.items, self.left, self.since)
                begun.add(key)
            if key in begun:
                heap.places.append(place)
            else:
                heap.add(place)
            touched.add(key[0])
        return touched

    def _is_payment(self, place: int) -> bool:
        receipt = self.receipts[place]
        return receipt.kind is ReceiptKind.PAYMENT and receipt.amount > 0

    def _enter_backs(self, places: Sequence[int]) -> None:
        """Money that went back."""
        self._backs = sorted([*self._backs, *places], key=self._rank.__getitem__)
        for place in places:
            insort(self._back_of[self.receipts[place].related], place, key=self._rank.__getitem__)

    def backs_of(self, place: int) -> Sequence[int]:
        """What went back of a receipt."""
        return self._back_of.get(self.receipts[place].id, ())

    def _enter_payments(self, places: Sequence[int], put: Callable[[list[int], int], None]) -> None:
        """What each is like, and what it means. The first of all come in order, and need no place looked for."""
        limit, left, receipts, payer = self.case.policy.bank_fee, self.left, self.receipts, self.payer
        equal, sent, naming = self._equal, self._sent, self._naming
        for place in places:
            receipt, group = receipts[place], payer[place].group
            currency, key = receipt.currency, receipt.key
            put(equal[group, currency, receipt.amount], place)
            put(sent[group, currency], place)
            if key:
                self._keyed[key].append(place)
            named = self.named(place)
            for item in self.meant(place) if key else named:
                put(naming[item], place)
            if named and limit:
                short = sum([left[item] for item in named]) - receipt.amount
                if 0 < short <= limit:
                    self.tariff[short] += 1
                    self._short[short].append(place)

    def _priced(self, places: Sequence[int]) -> set[int]:
        """The receipts that lack what one of these lacks too: what banks keep comes again and again."""
        short = {sum(self.left[item] for item in self.named(place)) - self.receipts[place].amount for place in places}
        return {place for one in short & self._short.keys() for place in self._short[one]}

    def _is_otherwise(self, place: int) -> bool:
        """Whether something else is known of a receipt that waits than was when it was last read."""
        receipt = self.receipts[place]
        payer, reading = self.payers.of(receipt), self.numbers.read(receipt.text)
        if payer == self.payer[place] and reading == self.reading[place]:
            return False
        self.reading[place] = reading
        self._learn_of(place, payer)
        return True

    def _concerned(self, place: int) -> frozenset[int]:
        """The groups whose items decide about a receipt."""
        key, payer, mentions = self.receipts[place].key, self.payer[place], self.reading[place].mentions
        if mentions or key or payer.among:
            found = {payer.group, *payer.among}
            for mention in mentions[:NAMED_MAX]:
                found.update([self.group[item] for item in mention.items])
            item = self.item_of.get(key, -1) if key else -1
            if item >= 0:
                found.add(self.group[item])
            if len(found) > 1:
                return frozenset(found)
        alone = self._alone.get(payer.group)
        if alone is None:
            alone = self._alone[payer.group] = frozenset((payer.group,))
        return alone

    def ties(self, place: int) -> frozenset[int]:
        """The groups that a receipt ties together: who surely paid can settle nobody else's items, whatever the text
        names, and only its key may still stand in another receipt's way."""
        payer, key = self.payer[place], self.receipts[place].key
        if payer.group < 0 or payer.basis in UNSURE:
            return self.about[place]
        item = self.item_of.get(key, -1) if key else -1
        return frozenset({payer.group, self.group[item]}) if item >= 0 else frozenset({payer.group})

    def learned(self) -> list[int]:
        """Ask again who paid what nobody was known to have paid: the receipts about which that is new."""
        known = []
        for place in self.waiting:
            before = self.payer[place]
            if before.group >= 0:
                continue
            now = self.payers.of(self.receipts[place])
            if now != before:
                known.append(place)
                self._learn_of(place, now)
        return known

    def _learn_of(self, place: int, now: Payer) -> None:
        """This paid it; what its text means follows from that anew."""
        receipt, before, rank = self.receipts[place], self.payer[place], self._rank.__getitem__
        for item in self.meant(place):
            if place in self._naming[item]:
                self._naming[item].remove(place)
        self.payer[place] = now
        self._named[place] = None
        for item in self.meant(place):
            insort(self._naming[item], place, key=rank)
        self.about[place] = self._concerned(place)
        self.known_anew.append(place)
        if now.group != before.group:
            for held, key in ((self._equal, (receipt.currency, receipt.amount)), (self._sent, (receipt.currency,))):
                held[before.group, *key].remove(place)
                insort(held[now.group, *key], place, key=rank)

    def heap(self, place: int, group: int) -> Heap | None:
        """The open items of a group in the currency of a receipt."""
        return self.heaps.get((group, self.receipts[place].currency))

    def opened(self, place: int, group: int) -> Sequence[int]:
        """The open items of a group that existed when the receipt came, oldest first."""
        receipt = self.receipts[place]
        heap = self.heaps.get((group, receipt.currency))
        return heap.open(receipt.on) if heap is not None else ()

    def named(self, place: int) -> list[int]:
        """The items a receipt's text names, as far as each number means one."""
        known = self._named[place]
        if known is None:
            known = self._named[place] = self._look_named(place)
        return known

    def _look_named(self, place: int) -> list[int]:
        mentions = self.reading[place].mentions
        if not mentions:
            return []
        payer, currency, items, groups = self.payer[place], self.receipts[place].currency, self.items, self.group
        found: dict[int, None] = {}
        for mention in mentions[:NAMED_MAX]:
            meant = [
                item
                for item in mention.items
                if items[item].currency == currency and not self.is_vetoed(payer, groups[item])
            ]
            if len(meant) == 1:
                found[meant[0]] = None
        return list(found)

    def is_vetoed(self, payer: Payer, group: int) -> bool:
        """Whether it is known that somebody else paid."""
        paid = payer.group
        if paid >= 0:
            return group != paid
        return bool(payer.among) and group not in payer.among

    def meant(self, place: int) -> list[int]:
        """The items that its text names, and the one of its key."""
        named = self.named(place)
        key = self.item_of.get(self.receipts[place].key, -1) if self.receipts[place].key else -1
        return [*named, key] if key >= 0 and key not in named else named

    def meaning(self, item: int) -> Sequence[int]:
        """The receipts that name an item or have its key, by day."""
        return self._naming.get(item, ())

    def alike(self, item: int) -> int:
        """How many items of the case have an item's amount and currency."""
        if not self._alike:
            self._alike = Counter((one.currency, one.amount) for one in self.items)
        return self._alike[self.items[item].currency, self.items[item].amount]

    def party_of(self, item: int) -> Party | None:
        return self.case.parties[self._party[item]] if self._party[item] >= 0 else None

    def is_one_group(self, found: Sequence[int]) -> bool:
        return len({self.group[item] for item in found}) == 1


_append: Callable[[list[int], int], None] = list.append


def _put(held: list[int], place: int, rank: Callable[[int], tuple[int, str]]) -> None:
    """Into a list that is in order of these ranks; most often at its end."""
    if held and rank(held[-1]) > rank(place):
        insort(held, place, key=rank)
    else:
        held.append(place)
