"""What processors hold, send to the bank and take for it: balance lines, payouts and bank deposits with their truth.

Payouts go by a schedule, by hand or at once for a charge; some fail and their money comes back into the balance. The
bank is late, puts two into one deposit, keeps a charge, and holds deposits of others, a few of them of the same amount
on the same days. A balance below nothing is carried on. Times are told with the offset of where somebody sat.
"""

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
_CLOCKS = ("", "T12:00:00Z", "T20:30:00-05:00", "T01:15:00+09:00")
"""Times of day; the day of the third is the next one where the processor counts, that of the last the one before."""
LOST, FAILED, CHARGED, MERGED, ALIKE = 0.005, 0.01, 0.003, 0.006, 0.01
INSTANT, INSTANT_FEE_SHARE = 0.08, 100


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
        _Processor(rng, found, tenant, source, currency, mode).live(moved)
    if found.payouts:
        _other_deposits(rng, found, tenant)
    order = sorted(found.deposits, key=lambda one: (one.on, one.descriptor, one.amount))
    found.deposits = [one._replace(id=f"{tenant}-d{place}") for place, one in enumerate(order)]
    return found


class _Processor:
    """One processor's balance in one currency: every so many days all that is available goes out."""

    def __init__(self, rng: random.Random, found: Settled, tenant: str, source: str, currency: str, mode: str) -> None:
        self._rng = rng
        self._found = found
        self._tenant = tenant
        self._source = source
        self._currency = currency
        self._mode = mode
        self._waiting: list[Txn] = []
        self._merge: Payout | None = None

    def live(self, moved: Sequence[Receipt]) -> None:
        rng = self._rng
        self._waiting = sorted((_txn(self._tenant, receipt) for receipt in moved), key=_order)
        every = rng.choice((1, 1, 7)) if self._mode == "automatic" else 0
        day = self._waiting[0].available
        while self._waiting:
            ready = [txn for txn in self._waiting if txn.available <= day]
            if sum(txn.net for txn in ready) > 0:
                self._send(ready, day)
            elif len(ready) == len(self._waiting):
                break
            day += timedelta(days=every or rng.randrange(2, 20))
        self._found.txns += self._waiting

    def _send(self, ready: Sequence[Txn], day: date) -> None:
        """All that is ready, less what it costs to have it at once."""
        rng, found = self._rng, self._found
        total, name = sum(txn.net for txn in ready), f"{self._tenant}-po{len(self._found.payouts)}"
        mode = "instant" if self._mode == "manual" and rng.random() < INSTANT else self._mode
        fee = total // INSTANT_FEE_SHARE if mode == "instant" else 0
        arrival = day if mode == "instant" else day + timedelta(days=rng.randrange(1, 3))
        payout = Payout(name, self._source, _told(rng, day), arrival, self._currency, total - fee, mode)
        found.payouts.append(payout)
        shown = name if mode == "automatic" else ""
        found.txns += [txn._replace(payout=shown, really=name) for txn in ready]
        taken = {txn.id for txn in ready}
        self._waiting = [txn for txn in self._waiting if txn.id not in taken]
        if fee or rng.random() < 0.5:
            out = Txn(f"{name}-out", self._source, "payout", "", day, day, -payout.amount, fee, name, "itself")
            found.txns.append(out)
        if rng.random() < FAILED:
            self._fail(payout, day)
        else:
            self._land(payout)

    def _fail(self, payout: Payout, day: date) -> None:
        """It never arrives, and its money goes out again with a later one."""
        back = day + timedelta(days=self._rng.randrange(1, 5))
        self._waiting.append(
            Txn(f"{payout.id}-back", self._source, "payout_failure", payout.id, back, back, payout.amount, 0, "", "")
        )
        self._waiting.sort(key=_order)

    def _land(self, payout: Payout) -> None:
        """The bank's line, a day or some later; one in two hundred never comes."""
        rng, found = self._rng, self._found
        on = payout.arrival + timedelta(days=rng.choice((0, 0, 0, 1, 2, 3)))
        words = _WORDS[payout.source]
        descriptor = f"{words} {payout.id}" if rng.random() < 0.4 else f"{words} {rng.randrange(10**5, 10**6)}"
        if self._merge is not None:
            both = self._merge.amount + payout.amount
            found.deposits.append(Deposit("", on, payout.currency, both, words, ""))
            self._merge = None
        elif rng.random() < MERGED:
            self._merge = payout
        elif rng.random() < CHARGED:
            found.deposits.append(Deposit("", on, payout.currency, payout.amount - payout.amount // 50, descriptor, ""))
        elif rng.random() >= LOST:
            found.deposits.append(Deposit("", on, payout.currency, payout.amount, descriptor, payout.id))


def _order(txn: Txn) -> tuple[date, date, int, str]:
    return txn.available, txn.created, len(txn.id), txn.id


def _txn(tenant: str, receipt: Receipt) -> Txn:
    fee = DISPUTE_FEE_MINOR if receipt.kind == "chargeback" else receipt.fee
    available = receipt.on + timedelta(days=AVAILABLE_DAYS if receipt.kind == "payment" else 0)
    return Txn(
        f"{tenant}-t{receipt.id.rsplit('-p', 1)[1]}", receipt.source, _TYPES[receipt.kind], receipt.id, receipt.on,
        available, receipt.amount, fee, "", "",
    )  # fmt: skip


def _told(rng: random.Random, day: date) -> str:
    """The moment of a payout as somebody wrote it down, whose own day may be another than the processor's."""
    clock = rng.choice(_CLOCKS)
    own = day + timedelta(days={"T20:30:00-05:00": -1, "T01:15:00+09:00": 1}.get(clock, 0))
    return f"{own.isoformat()}{clock}"


def _other_deposits(rng: random.Random, found: Settled, tenant: str) -> None:
    """Lines that are no payout, a few of them of the same amount, and fewer of them on the same days too."""
    for payout in list(found.payouts):
        text = f"ACH CREDIT {tenant} CUSTOMER"
        if rng.random() < 0.3:
            alike = rng.random() < 0.03
            amount = payout.amount if alike else rng.randrange(1_000, 900_000)
            on = payout.arrival + timedelta(days=rng.randrange(-20, -6) if alike else rng.randrange(0, 5))
            found.deposits.append(Deposit("", on, payout.currency, amount, text, ""))
        if rng.random() < ALIKE:
            on = payout.arrival + timedelta(days=rng.randrange(0, 4))
            found.deposits.append(Deposit("", on, payout.currency, payout.amount, text, ""))
