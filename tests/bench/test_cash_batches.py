"""Receipts that come in batches, each decided with what the earlier ones left open, are decided as in one go.

Where a later receipt means the same item, who sees both is silent; so is, of a key, who still waits for an earlier
payment that says nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app.folder import read_cases
from connector.reconcile.cash.case import Case, Policy, ReceiptKind
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.verdict import Class
from tests.bench.cash import files
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

RECEIPTS, SEED = 1_000, 5
STRONG = (Class.KEY, Class.REFERENCE)
Found = Mapping[str, tuple[Class, Sequence[tuple[str, int, int]]]]


@cache
def cases(name: str) -> tuple[Case, ...]:
    """The payments of a world, without what went back."""
    with TemporaryDirectory() as folder:
        files.write(Path(folder), world(PROFILES[name], RECEIPTS, SEED))
        made = [case for _, case in read_cases(Path(folder), Policy(bank_fee=2_500, terms=True, fx_margin_bp=150))]
    return tuple(
        replace(case, receipts=[one for one in case.receipts if one.kind is ReceiptKind.PAYMENT]) for case in made
    )


def in_batches(case: Case, count: int) -> Found:
    """All decisions, taken in so many batches by day; in each, nothing of a later day is there."""
    days = sorted(receipt.on for receipt in case.receipts)
    found: dict[str, tuple[Class, Sequence[tuple[str, int, int]]]] = {}
    applied: Counter[str] = Counter()
    for batch in range(1, count + 1):
        last = days[len(days) * batch // count - 1]
        items = [one._replace(amount=one.amount - applied[one.id]) for one in case.items if one.issued <= last]
        receipts = [one for one in case.receipts if one.on <= last and one.id not in found]
        done = Rounds(replace(case, items=items, receipts=receipts))
        for place, verdict in done.run().items():
            shares = sorted((items[each.item].id, each.pay, each.applied) for each in verdict.shares)
            found[receipts[place].id] = verdict.kind, shares
            applied.update({item: given for item, _, given in shares})
    return found


def contested(case: Case) -> set[str]:
    """Items that several receipts mean."""
    at = Rounds(case).at
    meant: dict[str, int] = defaultdict(int)
    for place in at.waiting:
        for item in at.meant(place):
            meant[case.items[item].id] += 1
    return {item for item, times in meant.items() if times > 1}


@pytest.mark.parametrize(("name", "batches"), [("smb", 12), ("b2b", 4), ("subs", 12), ("small", 4)])
def test_batches_by_day_decide_by_keys_and_numbers_what_one_batch_decides(name: str, batches: int) -> None:
    """Never otherwise; and hardly ever is one of the two silent where the other is not."""
    both, alone = 0, 0
    for case in cases(name):
        once, often, doubtful = in_batches(case, 1), in_batches(case, batches), contested(case)
        for receipt in once.keys() | often.keys():
            found = [held for held in (once.get(receipt), often.get(receipt)) if held is not None]
            if not any(kind in STRONG for kind, _ in found) or any(
                item in doubtful for _, shares in found for item, _, _ in shares
            ):
                continue
            both += len(found) > 1
            alone += len(found) == 1
            assert all(shares == found[0][1] for _, shares in found), receipt
    assert both > RECEIPTS // 3
    assert alone * 200 <= both


@pytest.mark.parametrize("name", ["smb", "subs"])
def test_what_an_earlier_batch_decided_is_spent_and_never_given_out_again(name: str) -> None:
    for case in cases(name):
        applied: Counter[str] = Counter()
        for _, shares in in_batches(case, 9).values():
            applied.update({item: given for item, _, given in shares})
        for item in case.items:
            assert min(item.amount, 0) <= applied[item.id] <= max(item.amount, 0)
