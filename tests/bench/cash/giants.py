"""Worlds of one customer that are meant to take long: thousands of equal items, hundreds of items and no references."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from tests.bench.cash.records import Customer, Item, Link, Receipt, Tenant

BEGINNING = date(2024, 1, 1)
NAME = "Meridian Software Inc"
EQUAL_ITEMS, EQUAL_MINOR = 5_000, 2_900
BROAD_ITEMS, BROAD_RECEIPTS, BROAD_MINOR = 200, 60, 250_000


def equal() -> Tenant:
    """5,000 open items of one price and as many payments without a text: nothing of it can be known."""
    items = [_item(number, EQUAL_MINOR) for number in range(EQUAL_ITEMS)]
    receipts = [_receipt(number, [items[number]]) for number in range(EQUAL_ITEMS)]
    return Tenant(id="equal", customers=[Customer(id="c", name=NAME)], items=items, receipts=receipts)


def broad() -> Tenant:
    """200 open items, and payments of some of them each without a text."""
    rng = random.Random(5)  # noqa: S311
    items = [_item(number, int(BROAD_MINOR * rng.lognormvariate(0, 1))) for number in range(BROAD_ITEMS)]
    pool = rng.sample(items, BROAD_ITEMS)
    receipts = []
    for number in range(BROAD_RECEIPTS):
        size = rng.choice((2, 3, 4))
        paid, pool = pool[:size], pool[size:]
        if paid:
            receipts.append(_receipt(number, paid))
    return Tenant(id="broad", customers=[Customer(id="c", name=NAME)], items=items, receipts=receipts)


GIANTS: Mapping[str, Callable[[], Tenant]] = {"equal": equal, "broad": broad}


def _item(number: int, amount: int) -> Item:
    on = BEGINNING + timedelta(days=number % 28)
    return Item(
        id=f"i{number}", number=f"INV-{number + 10_000}", customer="c", currency="USD", amount=amount, issued=on, due=on
    )  # fmt: skip


def _receipt(number: int, paid: list[Item]) -> Receipt:
    return Receipt(
        id=f"p{number}", kind="payment", source="bank", on=BEGINNING + timedelta(days=40 + number % 30),
        currency="USD", amount=sum(item.amount for item in paid), payer_name=NAME.upper(), category="exact",
        truth=tuple(Link(item.id, item.amount, item.amount) for item in paid), style="none",
    )  # fmt: skip
