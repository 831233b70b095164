"""What a payer sends for the items it means to pay: all of it, or less or more, and for which reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.bench.cash.books import Books
from tests.bench.cash.people import HOME, Payer
from tests.bench.cash.records import Item, Link

DOUBTFUL_DAYS = 5
"""A discount taken so shortly after its time is late or in time, as one likes: none is made."""
FEES_MINOR = (500, 1_000, 1_500, 2_500)
FEE_SHARE = 20
BANK_MARGIN = 0.01
_EXPONENT = {"JPY": 0}


@dataclass(frozen=True, slots=True)
class Deal:
    """The true allocation, money that is left over, and what it is called."""

    category: str
    links: tuple[Link, ...]
    extra: int = 0
    currency: str = HOME

    @property
    def amount(self) -> int:
        return sum(link.pay for link in self.links) + self.extra


def strike(books: Books, payer: Payer, chosen: Sequence[str], today: date) -> Deal:
    """The deal for these items. Credit memos among them have negative amounts."""
    currency = payer.customer.currency
    opened = {item: books.left[item] for item in chosen}
    rest = any(books.items[item].amount != left for item, left in opened.items())
    whole = tuple(Link(item, left, left) for item, left in opened.items())
    exact = Deal("credit" if min(opened.values()) < 0 else "remainder" if rest else "exact", whole, currency=currency)
    if payer.converts:
        return _converted(books, payer, chosen, today)
    if exact.category == "credit":
        return exact
    return _by_terms(books, payer, opened, today) or _by_accident(books, payer, opened) or exact


def under_terms(payer: Payer, category: str, left: int, item: Item, today: date) -> int:
    """What an item of that payer, of which so much is open, would bring under the terms of that category."""
    who = payer.customer
    if category == "discount" and (today - item.issued).days <= who.discount_days:
        return left - part(left, who.discount_bp)
    if category == "withholding":
        return left - part(left, who.wht_bp)
    return left


def part(amount: int, basis_points: int) -> int:
    """That many hundredths of a percent, half a unit up."""
    return (amount * basis_points + 5_000) // 10_000


def _by_terms(books: Books, payer: Payer, opened: dict[str, int], today: date) -> Deal | None:
    """Less, by what was agreed, or by what the payer wrongly thinks was."""
    who = payer.customer
    for category, agreed in (("discount", who.discount_bp), ("withholding", who.wht_bp)):
        worth = {item: under_terms(payer, category, left, books.items[item], today) for item, left in opened.items()}
        if agreed and worth != opened:
            return Deal(category, tuple(Link(item, worth[item], opened[item]) for item in opened), 0, who.currency)
    late = min((today - books.items[item].issued).days for item in opened) > who.discount_days + DOUBTFUL_DAYS
    if who.discount_bp and late and len(opened) == 1 and books.rng.random() < books.profile.late_discount:
        ((item, left),) = opened.items()
        paid = left - part(left, who.discount_bp)
        return Deal("late discount", (Link(item, paid, paid),), 0, who.currency)
    return None


def _by_accident(books: Books, payer: Payer, opened: dict[str, int]) -> Deal | None:
    """A fee, a rounding, a part, too much."""
    rng, profile, currency = books.rng, books.profile, payer.customer.currency
    largest = max(opened, key=lambda item: opened[item])
    last = list(opened)[-1]
    if not payer.processor and rng.random() < profile.bank_fee:
        fee = rng.choice(FEES_MINOR)
        if opened[largest] > FEE_SHARE * fee:
            return _short("bank fee", opened, largest, fee, currency)
    if rng.random() < profile.rounding:
        return _short("rounding", opened, largest, rng.randrange(1, 6), currency)
    if rng.random() < profile.partial and opened[last] > 1_000:
        paid = max(100, int(opened[last] * rng.uniform(0.2, 0.8)) // 100 * 100)
        links = [Link(item, left, left) for item, left in opened.items() if item != last]
        if (opened[last] - paid) * FEE_SHARE > opened[largest]:  # Else nobody could tell it from a fee.
            return Deal("partial", (*links, Link(last, paid, paid)), 0, currency)
    if rng.random() < profile.over:
        extra = rng.choice((rng.randrange(6, 100), rng.randrange(100, 5_000), opened[last] // 10))
        extra = min(extra, opened[last] // 4)  # Nobody pays half as much again without a word.
        if extra > 5:
            return Deal("over", tuple(Link(item, left, left) for item, left in opened.items()), extra, currency)
    return None


def _short(category: str, opened: dict[str, int], at: str, short: int, currency: str) -> Deal:
    links = (Link(item, left - (short if item == at else 0), left) for item, left in opened.items())
    return Deal(category, tuple(links), 0, currency)


def _converted(books: Books, payer: Payer, chosen: Sequence[str], today: date) -> Deal:
    """Paid in our money: at the day's rate, less what the payer's bank earns by it."""
    currency = payer.customer.currency
    margin = (
        Fraction(0) if books.rng.random() < 0.3 else Fraction(round(books.rng.uniform(0, BANK_MARGIN) * 10_000), 10_000)
    )
    rate = books.mid(currency, today) * (1 - margin) * 10 ** (2 - _EXPONENT.get(currency, 2))
    lefts = [books.left[item] for item in chosen]
    sums = round(sum(lefts) * rate)
    pays = [round(left * rate) for left in lefts]
    pays[-1] += sums - sum(pays)
    return Deal(
        "converted", tuple(Link(item, pay, left) for item, pay, left in zip(chosen, pays, lefts, strict=True)), 0, HOME
    )
