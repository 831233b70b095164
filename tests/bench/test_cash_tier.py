"""What posts by itself, on a labelled set of more than ten thousand payments with all cases that are hard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.bench import bench_cash
from tests.bench.cash import files
from tests.bench.cash.records import Receipt, Tenant
from tests.bench.cash.remittance import SLIPS
from tests.bench.cash.scoring import score
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

SET = ((PROFILES["smb"], 4_500), (PROFILES["b2b"], 4_500), (PROFILES["equal"], 2_500))
SEED = 52
SLIPPED = {style.value for style, _ in SLIPS}
CASES = frozenset({
    "partial", "split", "combined", "over", "short", "another currency", "same-amount twins", "a number with a slip",
    "a parent pays for its child",
})  # fmt: skip


def cases(tenant: Tenant) -> Iterator[str]:
    """Which of them every payment is."""
    items = {item.id: item for item in tenant.items}
    parents = {customer.id: customer.parent for customer in tenant.customers}
    equal = Counter((item.customer, item.currency, item.amount) for item in tenant.items if item.amount > 0)
    parts = Counter(link.item for receipt in tenant.receipts for link in receipt.truth if receipt.amount > 0)
    for receipt in tenant.receipts:
        settled = [items[link.item] for link in receipt.truth if receipt.amount > 0]
        yield from _of_amounts(receipt)
        if any(parts[item.id] > 1 for item in settled):
            yield "split"
        if len(settled) > 1:
            yield "combined"
        if any(item.currency != receipt.currency for item in settled):
            yield "another currency"
        if any(equal[item.customer, item.currency, item.amount] > 1 for item in settled):
            yield "same-amount twins"
        if settled and receipt.style in SLIPPED:
            yield "a number with a slip"
        if any(parents[item.customer] == receipt.sender for item in settled):
            yield "a parent pays for its child"


def _of_amounts(receipt: Receipt) -> Iterator[str]:
    if receipt.category in ("partial", "over"):
        yield receipt.category
    if receipt.category in ("discount", "withholding", "bank fee", "rounding", "late discount"):
        yield "short"


@pytest.mark.gate
@pytest.mark.req("M6")
def test_of_more_than_ten_thousand_payments_none_is_posted_wrongly_and_nine_of_ten_invoices_are_found() -> None:
    told: Counter[str] = Counter()
    payments = invoices = settled = 0
    for profile, receipts in SET:
        tenants = list(world(profile, receipts, SEED))
        with TemporaryDirectory() as folder:
            files.write(Path(folder), tenants)
            links, classes, _ = bench_cash.engine(Path(folder))
        found = score(tenants, links, classes)
        assert (profile.name, found.wrong, found.broken) == (profile.name, [], 0)
        payments += sum(receipt.kind == "payment" for tenant in tenants for receipt in tenant.receipts)
        invoices, settled = invoices + found.links_true, settled + found.links_right
        told += Counter(case for tenant in tenants for case in cases(tenant))
    assert payments >= 10_000
    assert {case: told[case] for case in CASES if told[case] < 30} == {}
    assert settled >= 0.90 * invoices
