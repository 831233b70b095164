"""Receipts that come in batches are decided as in one go, and what was posted in between stays as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app.folder import read_cases
from connector.reconcile.cash.case import Case, Policy
from connector.reconcile.cash.cashbook import CashBook
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Class, Verdict
from tests.bench.cash import files
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

RECEIPTS, SEED = 1_000, 5
STRONG = (Class.KEY, Class.REFERENCE)
Shares = Sequence[tuple[str, int, int]]
Found = Mapping[str, tuple[Class, Shares]]


@cache
def cases(name: str) -> tuple[Case, ...]:
    """The companies of a world."""
    with TemporaryDirectory() as folder:
        files.write(Path(folder), world(PROFILES[name], RECEIPTS, SEED))
        return tuple(case for _, case in read_cases(Path(folder), Policy(bank_fee=2_500, terms=True, fx_margin_bp=150)))


def books(case: Case, count: int) -> Iterator[CashBook]:
    """One book after each of so many batches by day; nothing of a later day is there."""
    days = sorted(receipt.on for receipt in case.receipts)
    ends = [-1, *(days[len(days) * batch // count - 1] for batch in range(1, count + 1))]
    book = CashBook(replace(case, items=(), receipts=()))
    for before, last in pairwise(ends):
        book.enter(
            items=[one for one in case.items if before < one.issued <= last],
            receipts=[one for one in case.receipts if before < one.on <= last],
        )
        yield book


def told(at: Standing, verdict: Verdict) -> tuple[Class, Shares]:
    return verdict.kind, sorted((at.items[each.item].id, each.pay, each.applied) for each in verdict.shares)


def in_batches(case: Case, count: int) -> Found:
    """All decisions, by the receipt, as they are after the last of so many batches."""
    at: Standing | None = None
    for book in books(case, count):
        book.run()
        at = book.at
    return {} if at is None else {at.receipts[place].id: told(at, one) for place, one in at.verdicts.items()}


@pytest.mark.gate
@pytest.mark.req("R7")
@pytest.mark.parametrize(
    ("name", "batches"), [("smb", 12), ("b2b", 4), ("subs", 12), ("small", 4), ("long", 6), ("equal", 12)]
)
def test_batches_by_day_decide_by_keys_and_numbers_what_one_batch_decides(name: str, batches: int) -> None:
    strong = 0
    for case in cases(name):
        once, often = in_batches(case, 1), in_batches(case, batches)
        either = [
            one for one in once.keys() | often.keys() if {once.get(one, "-")[0], often.get(one, "-")[0]} & {*STRONG}
        ]
        assert {one: once.get(one) for one in either} == {one: often.get(one) for one in either}
        strong += len(either)
    assert strong > RECEIPTS // 3


@pytest.mark.gate
@pytest.mark.req("R7")
@pytest.mark.parametrize("name", ["smb", "subs", "long"])
def test_what_was_posted_after_a_batch_is_spent_and_is_never_decided_otherwise(name: str) -> None:
    for case in cases(name):
        posted: dict[str, tuple[Class, Shares]] = {}
        for book in books(case, 9):
            ran = book.run()
            at = book.at
            assert not ran.withdrawn
            new = {at.receipts[place].id: told(at, one) for place, one in ran.decided.items()}
            assert not new.keys() & posted.keys()
            posted |= new
            book.keep(new)
        applied: Counter[str] = Counter()
        for _, shares in posted.values():
            applied.update({item: given for item, _, given in shares})
        assert posted
        for item in case.items:
            assert min(item.amount, 0) <= applied[item.id] <= max(item.amount, 0)
