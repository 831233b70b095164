"""How many payouts were found in the bank and taken apart rightly, counted against the truth of a world."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cash.records import Tenant


def read_pairs(path: Path, key: str, value: str) -> dict[str, str]:
    """Two columns of a file, by the first of them."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


@dataclass(slots=True)
class PayoutScore:
    """Deposits that are payouts, and payouts by what they consist of, each found rightly or wrongly. `manual`:
    those that were asked for, also those at once."""

    deposits: int = 0
    deposits_right: int = 0
    deposits_wrong: int = 0
    automatic: int = 0
    automatic_right: int = 0
    manual: int = 0
    manual_right: int = 0
    composed_wrong: int = 0


def score_payouts(tenants: Iterable[Tenant], landed: Mapping[str, str], composed: Mapping[str, str]) -> PayoutScore:
    """`landed` names the payout of a deposit, `composed` that of a balance line; what is absent was not decided."""
    found = PayoutScore()
    for tenant in tenants:
        for deposit in tenant.deposits:
            answer = landed.get(deposit.id, "")
            found.deposits += bool(deposit.really)
            found.deposits_right += bool(answer) and answer == deposit.really
            found.deposits_wrong += bool(answer) and answer != deposit.really
        truth, said = defaultdict(set), defaultdict(set)
        for txn in tenant.txns:
            truth[txn.really].add(txn.id)
            said[composed.get(txn.id, "")].add(txn.id)
        for payout in tenant.payouts:
            right = truth[payout.id] == said[payout.id]
            if payout.mode != "automatic":
                found.manual += 1
                found.manual_right += right
            else:
                found.automatic += 1
                found.automatic_right += right
            found.composed_wrong += bool(said[payout.id]) and not right
    return found
