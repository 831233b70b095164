"""A company with very many invoices, in the notation of worlds: for benchmarks and for reading while others write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

from connector.dates import business_date, later
from connector.testing.worlds import World, parse

CROWD_REALM = "9139999"
_FIRST_DAY = business_date("2025-07-01")
_DAYS = 240
_INVOICES_PER_CUSTOMER = 25


def crowd_text(invoices: int = 25_000, seed: int = 1) -> str:
    """The world's text: half of the invoices are paid, most payments are banked, some credits hang about."""
    return "\n".join(_lines(invoices, random.Random(seed)))  # noqa: S311 - made-up data, nothing secret


@cache
def crowd(invoices: int = 25_000, seed: int = 1) -> tuple[World, ...]:
    """The same, parsed."""
    return parse(crowd_text(invoices, seed))


def _lines(invoices: int, chance: random.Random) -> Iterator[str]:
    yield f"company  Crowd  home USD  zone America/Los_Angeles  country US  realm {CROWD_REALM}"
    yield from ("account  Checking  bank USD", "account  Bank Charges  expense USD")
    customers = [f"Customer {number:05}" for number in range(max(2, invoices // _INVOICES_PER_CUSTOMER))]
    for number, name in enumerate(customers):
        parent = f"  parent {customers[number - 1]}" if number % 10 == 1 else ""
        yield f"customer  {name}  email ap{number}@crowd.example{parent}"
    banked: dict[int, list[str]] = {}
    for number in range(invoices):
        after = number * _DAYS // invoices
        day, who = later(_FIRST_DAY, after), chance.choice(customers)
        amount = f"{chance.randrange(1, 500_000) / 100:.2f} USD"
        yield f"{day}  invoice  N-{number}  {who}  {amount}  due {later(day, 30)}"
        if chance.random() < 0.5:
            paid = later(day, 1)
            yield f"{paid}  payment  P-{number}  {who}  {amount}  by check  for N-{number} {amount}"
            if chance.random() < 0.8:
                banked.setdefault(after + 3, []).append(f"P-{number}")
        if chance.random() < 0.02:
            yield f"{day}  credit  C-{number}  {who}  {chance.randrange(1, 9_999) / 100:.2f} USD"
    for after, payments in banked.items():
        yield f"{later(_FIRST_DAY, after)}  deposit  Checking  of {', '.join(payments)}"
