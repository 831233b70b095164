"""What processors hold, send to the bank and take for it: balance lines, payouts and bank deposits with their truth."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.bench.cash.records import Deposit, Payout, Receipt, Txn

DISPUTE_FEE_MINOR = 1_500
AVAILABLE_DAYS = 2
_TYPES = {"payment": "charge", "refund": "refund", "chargeback": "dispute"}
_WORDS = {"stripe": "STRIPE TRANSFER", "paypal": "PAYPAL INST XFER"}


@dataclass(slots=True)
class Settled:
    """The three files of a tenant."""

    payouts: list[Payout] = field(default_factory=list)
    txns: list[Txn] = field(default_factory=list)
    deposits: list[Deposit] = field(default_factory=list)


def settle(rng: random.Random, tenant: str, receipts: Sequence[Receipt], manual: float) -> Settled:
    """Each processor and currency for itself; the bank's lines in the order of their days."""
    found = Settled()
    heaps: dict[tuple[str, str], list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        if receipt.source in _WORDS:
            heaps[receipt.source, receipt.currency].append(receipt)
    for (source, currency), moved in sorted(heaps.items()):
        mode = "manual" if source == "paypal" or rng.random() < manual else "automatic"
        _processor(rng, found, tenant, (source, currency, mode), moved)
    if found.payouts:
        _other_deposits(rng, found, tenant)
    order = sorted(found.deposits, key=lambda one: (one.on, one.descriptor, one.amount))
    found.deposits = [one._replace(id=f"{tenant}-d{place}") for place, one in enumerate(order)]
    return found


def _processor(
    rng: random.Random, found: Settled, tenant: str, kind: tuple[str, str, str], moved: Sequence[Receipt]
) -> None:
    """Every so many days all that is available goes out; a balance below nothing is carried on."""
    mode = kind[2]
    waiting = sorted((_txn(tenant, receipt) for receipt in moved), key=lambda txn: (txn.available, txn.created, txn.id))
    every = rng.choice((1, 1, 7)) if mode == "automatic" else 0
    day = waiting[0].available
    while waiting:
        ready = [txn for txn in waiting if txn.available <= day]
        total = sum(txn.net for txn in ready)
        if total > 0:
            payout = _payout(rng, f"{tenant}-po{len(found.payouts)}", kind, day, total)
            found.payouts.append(payout)
            shown = payout.id if mode == "automatic" else ""
            found.txns += [txn._replace(payout=shown, really=payout.id) for txn in ready]
            waiting = waiting[len(ready) :]
            _deposit(rng, found, payout)
        elif len(ready) == len(waiting):
            break
        day += timedelta(days=every or rng.randrange(2, 20))
    found.txns += waiting


def _txn(tenant: str, receipt: Receipt) -> Txn:
    fee = DISPUTE_FEE_MINOR if receipt.kind == "chargeback" else receipt.fee
    available = receipt.on + timedelta(days=AVAILABLE_DAYS if receipt.kind == "payment" else 0)
    return Txn(
        f"{tenant}-t{receipt.id.rsplit('-p', 1)[1]}", receipt.source, _TYPES[receipt.kind], receipt.id, receipt.on,
        available, receipt.amount, fee, "", "",
    )  # fmt: skip


def _payout(rng: random.Random, name: str, kind: tuple[str, str, str], day: date, total: int) -> Payout:
    source, currency, mode = kind
    return Payout(name, source, day, day + timedelta(days=rng.randrange(1, 3)), currency, total, mode)


def _deposit(rng: random.Random, found: Settled, payout: Payout) -> None:
    """The bank's line, a day or some later; one in two hundred never comes."""
    if rng.random() < 0.005:
        return
    words = _WORDS[payout.source]
    descriptor = f"{words} {payout.id}" if rng.random() < 0.4 else f"{words} {rng.randrange(10**5, 10**6)}"
    on = payout.arrival + timedelta(days=rng.choice((0, 0, 0, 1, 2, 3)))
    found.deposits.append(Deposit("", on, payout.currency, payout.amount, descriptor, payout.id))


def _other_deposits(rng: random.Random, found: Settled, tenant: str) -> None:
    """Lines that are no payout, a few of them of the same amount."""
    for payout in list(found.payouts):
        if rng.random() < 0.3:
            alike = rng.random() < 0.03
            amount = payout.amount if alike else rng.randrange(1_000, 900_000)
            on = payout.arrival + timedelta(days=rng.randrange(-20, -6) if alike else rng.randrange(0, 5))
            found.deposits.append(Deposit("", on, payout.currency, amount, f"ACH CREDIT {tenant} CUSTOMER", ""))
