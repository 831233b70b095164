"""Worlds of open items and receipts of which the truth is known, made from a seed.

A world is simulated day by day: firms issue, customers pay as each of them does, banks cut their texts, and what every
receipt really settles is written down together with whether anybody could know it from what can be read. The settings
stand in `settings`; those that are held back are never used while anything is tuned.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from tests.bench.cash.after import follow, prepay, stranger
from tests.bench.cash.books import BEGINNING, Books
from tests.bench.cash.hindsight import Hindsight
from tests.bench.cash.paying import choose, pay
from tests.bench.cash.payouts import settle
from tests.bench.cash.people import Payer, people
from tests.bench.cash.records import Tenant
from tests.bench.cash.settings import Profile

TAIL_DAYS = 120
SMALLEST_TENANT = 150
MONTH_DAYS = 30
LARGEST_WEIGHT = 25.0
"""No customer is invoiced so many times more often than another."""
BURST_MAX = 5
SMALLEST_MINOR = 500


def world(profile: Profile, receipts: int, seed: int) -> Iterator[Tenant]:
    """Tenants until there are so many receipts, or a few more. The same arguments make the same world."""
    number = 0
    while receipts > 0:
        size = min(profile.invoices_per_tenant, max(SMALLEST_TENANT, receipts + receipts // 4))
        made = _tenant(profile, size, random.Random(f"{seed} {profile.name} {number}"), f"t{number}")  # noqa: S311
        yield made
        receipts -= len(made.receipts)
        number += 1


def _tenant(profile: Profile, size: int, rng: random.Random, name: str) -> Tenant:
    crowd = people(rng, profile, name, max(3, int(size / profile.invoices_per_customer)))
    books = Books(profile, rng, name, crowd)
    days = _calendar(books, size)
    for day, payers in sorted(days.items()):
        for payer in payers:
            books.at(day, partial(_issue, books, payer))
    for day in range(profile.days + TAIL_DAYS):
        expected = size * profile.not_ours / (profile.days + TAIL_DAYS)
        for _ in range(int(expected) + (rng.random() < expected % 1)):
            books.at(day, partial(stranger, books))
    books.live(profile.days + TAIL_DAYS)
    receipts = Hindsight(books).judged()
    settled = settle(rng, name, receipts, profile.manual_payouts)
    return Tenant(
        id=name,
        customers=[payer.customer for payer in crowd.payers.values()],
        items=list(books.items.values()),
        receipts=receipts,
        rates=books.rates(),
        payouts=settled.payouts,
        txns=settled.txns,
        deposits=settled.deposits,
    )


def _calendar(books: Books, size: int) -> dict[int, list[Payer]]:
    """Who is invoiced on which day. With plans, every month; else many have one invoice and a few very many."""
    rng, profile = books.rng, books.profile
    payers = list(books.crowd.payers.values())
    days: dict[int, list[Payer]] = defaultdict(list)
    left = size
    if payers[0].prices:
        for payer in payers:
            begin = rng.randrange(0, profile.days // 2)
            for month in range((profile.days - begin) // MONTH_DAYS):
                if left > 0:
                    days[begin + MONTH_DAYS * month].append(payer)
                    left -= 1
        return days
    weights = [min(LARGEST_WEIGHT, rng.paretovariate(1.2)) for _ in payers]
    if profile.largest:
        weights[0] = sum(weights[1:]) * profile.largest / (1 - profile.largest)
    while left > 0:
        burst = rng.randrange(2, BURST_MAX + 1) if rng.random() < profile.bursts else 1
        days[rng.randrange(profile.days)] += rng.choices(payers, weights) * burst
        left -= burst
    return days


def _issue(books: Books, payer: Payer, today: date) -> None:
    """An invoice, perhaps a credit for it, and the day on which it is meant to be paid."""
    rng, profile = books.rng, books.profile
    item = books.add(payer, _amount(books, payer), today, today + timedelta(days=payer.customer.terms_days))
    if rng.random() < profile.credit_memo:
        books.add(payer, -max(100, int(item.amount * rng.uniform(0.05, 0.5))), today, today)
    if rng.random() < profile.never_paid:
        books.lost.add(item.id)
        return
    when = (item.due - BEGINNING).days + payer.lag_days
    if payer.customer.discount_bp and rng.random() < 0.6:
        when = (today - BEGINNING).days + rng.randrange(1, payer.customer.discount_days)
    if payer.batches:
        when += payer.rhythm_days - when % payer.rhythm_days
    books.at(max((today - BEGINNING).days + 1, when), partial(_payday, books, payer, item.id))


def _amount(books: Books, payer: Payer) -> int:
    rng = books.rng
    if payer.prices:
        return rng.choice(payer.prices)
    amount = max(SMALLEST_MINOR, int(payer.median_minor * rng.lognormvariate(0, books.profile.spread)))
    return amount // 1_000 * 1_000 or 1_000 if rng.random() < books.profile.rounded else amount


def _payday(books: Books, payer: Payer, target: str, today: date) -> None:
    chosen = choose(books, payer, target, today)
    if chosen and (receipt := pay(books, payer, chosen, today)) is not None:
        follow(books, payer, receipt)
        prepay(books, payer, today)
