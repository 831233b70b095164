"""Which receipts of a firm can be decided once all of them are known.

What is proved of one receipt closes its items, and so takes rivals away from others: one looks again until nothing
new follows. Accounts and names are learned on the way, from receipts that are proved by what they name. Only true
allocations are ever applied here, so the order of looking changes nothing but the number of passes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta

from tests.bench.cash.books import Books
from tests.bench.cash.deals import under_terms
from tests.bench.cash.judge import AGREES, Clue, Seen, is_decidable, only_halves
from tests.bench.cash.names import letters
from tests.bench.cash.records import Item, Receipt
from tests.bench.cash.remittance import Style

LEARNED_FROM = 2
"""So many proved receipts tell whose account it is, or who goes by that name."""
DUE_WITHIN_DAYS = (0, 3, 5)
INSTALMENTS = frozenset({"partial", "remainder", "late discount"})
PARTS_AMONG_MAX = 30


class Hindsight:
    """One firm's receipts being judged."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._left = {item.id: item.amount for item in books.items.values()}
        self._waiting = {clue.receipt.id: clue for clue in books.clues}
        self._proved: set[str] = set()
        self._heard: dict[str, Counter[str]] = defaultdict(Counter)
        self._held: dict[tuple[str, str], list[Item]] = defaultdict(list)
        for item in books.items.values():
            self._held[self._root_of(item.id), item.currency].append(item)
        self._backs: dict[str, list[Receipt]] = defaultdict(list)
        for receipt in books.receipts:
            if receipt.kind != "payment":
                self._backs[receipt.related].append(receipt)

    def judged(self) -> list[Receipt]:
        """All receipts, each with whether it is decidable."""
        changed = set(self._held)
        while changed:
            looked, changed = changed, set()
            for clue in list(self._waiting.values()):
                heap = self._heap(clue)
                if heap in looked and self._follows(clue):
                    self._prove(clue)
                    changed.add(heap)
            changed |= self._instalments() | self._halves()
        return self._with_what_followed()

    def _heap(self, clue: Clue) -> tuple[str, str]:
        item = clue.receipt.truth[0].item
        return self._root_of(item), self._books.items[item].currency

    def _root_of(self, item: str) -> str:
        crowd = self._books.crowd
        return crowd.root(crowd.payers[self._books.items[item].customer])

    def _follows(self, clue: Clue) -> bool:
        """Whether it is decidable as things stand."""
        receipt, category = clue.receipt, clue.category
        heap = self._heap(clue)
        if category in AGREES and any(self._left[link.item] != link.applied for link in receipt.truth):
            if category != "remainder":
                return False
            category = "partial"  # What went before it is not proved: by itself it looks like a part.
        elif category in INSTALMENTS and all(self._left[link.item] == link.applied for link in receipt.truth):
            category = "remainder"  # What came after it is proved already: it is all that is left.
        if any(abs(self._left[link.item]) < abs(link.applied) for link in receipt.truth):
            return False
        held = self._held[heap] = [item for item in self._held[heap] if self._left[item.id]]
        opened = [item for item in held if item.issued <= receipt.on]
        learned = any(
            len(heard) == 1 and heard[clue.root] >= LEARNED_FROM
            for heard in (self._heard[name] for name in _signs(receipt))
        )
        known = clue.known or learned
        if clue.root != heap[0] and known:
            return False  # The payer is known to be another: that contradicts whatever is named.
        return is_decidable(
            Seen(
                category=category,
                amount=receipt.amount,
                meant=frozenset(link.item for link in receipt.truth),
                text=clue.text,
                payer_known=known,
                worth={item.id: self._worth(category, item, receipt.on) for item in opened},
                numbers={item.id: item.number for item in opened},
                due=tuple(
                    frozenset(item.id for item in opened if item.due <= receipt.on + timedelta(days=more))
                    for more in DUE_WITHIN_DAYS
                ),
                owners={item.id: item.customer for item in opened},
                days={item.id: item.due.toordinal() for item in opened},
                payer_fits=clue.fits and clue.root == heap[0],
                key=clue.key,
            )
        )

    def _worth(self, category: str, item: Item, on: date) -> int:
        return under_terms(self._books.crowd.payers[item.customer], category, self._left[item.id], item, on)

    def _prove(self, clue: Clue) -> None:
        receipt = self._waiting.pop(clue.receipt.id).receipt
        self._proved.add(receipt.id)
        if clue.text.shown:
            for sign in _signs(receipt):
                self._heard[sign][clue.root] += 1
        for link in receipt.truth:
            self._left[link.item] -= link.applied
        for back in self._backs[receipt.id]:
            for link in back.truth:
                self._left[link.item] -= link.applied
                held = self._held[self._heap(clue)]
                if self._books.items[link.item] not in held:
                    held.append(self._books.items[link.item])

    def _instalments(self) -> set[tuple[str, str]]:
        """Receipts that plainly name an item, one of them perhaps others beside it, and together are all of them."""
        parts: dict[str, list[Clue]] = defaultdict(list)
        for clue in self._waiting.values():
            items = [link.item for link in clue.receipt.truth]
            named = set(clue.text.shown) == {self._books.items[item].number for item in items}
            mine = clue.category in INSTALMENTS and clue.key in ("", "fresh") and clue.root == self._root_of(items[-1])
            if mine and named and clue.text.plain:
                parts[items[-1]].append(clue)
        changed = set()
        for clues in parts.values():
            together = {link.item for clue in clues for link in clue.receipt.truth}
            opened = sum(self._left[item] for item in together)
            if len(clues) > 1 and sum(clue.receipt.amount for clue in clues) == opened:
                for clue in clues:
                    self._prove(clue)
                changed.add(self._heap(clues[0]))
        return changed

    def _halves(self) -> set[tuple[str, str]]:
        """Two receipts of a known payer that say nothing, and together are one item as no other two are."""
        silent: dict[tuple[str, str], list[Clue]] = defaultdict(list)
        for clue in self._waiting.values():
            if clue.known and not clue.key and clue.text.plain and not clue.text.shown:
                silent[clue.root, clue.receipt.currency].append(clue)
        changed = set()
        for heap, clues in silent.items():
            if not 1 < len(clues) <= PARTS_AMONG_MAX:
                continue
            amounts = [clue.receipt.amount for clue in clues]
            lefts = [self._left[item.id] for item in self._held[heap] if self._left[item.id] > 0]
            parts: dict[str, list[Clue]] = defaultdict(list)
            for clue in clues:
                if clue.category in INSTALMENTS and len(clue.receipt.truth) == 1:
                    parts[clue.receipt.truth[0].item].append(clue)
            for item, pair in parts.items():
                together = sum(clue.receipt.amount for clue in pair)
                if len(pair) == 2 and self._left[item] == together and only_halves(amounts, lefts, together):
                    for clue in pair:
                        self._prove(clue)
                    changed.add(heap)
        return changed

    def _with_what_followed(self) -> list[Receipt]:
        """A repetition and money that went back follow from the payment that they belong to."""
        known: dict[str, Receipt] = {}
        for receipt in self._books.receipts:
            told = bool(receipt.key) or receipt.style not in ("", Style.NONE.value)
            if receipt.twin:
                first = known[receipt.twin]
                decidable = told and first.decidable and first.category in AGREES
            elif receipt.related:
                decidable = known[receipt.related].decidable
            else:
                decidable = receipt.id in self._proved
            known[receipt.id] = replace(receipt, decidable=decidable)
        return list(known.values())


def _signs(receipt: Receipt) -> list[str]:
    """By what its sender can be known again."""
    return [sign for sign in (receipt.payer_account, letters(receipt.payer_name)) if sign]
