"""Reconciling day by day, with everything posted in between, decides what one look at the end decides."""

from __future__ import annotations

import random

import pytest

from connector.model.source import Kind, Ref, Tag
from connector.money import Money
from connector.reconcile.booked import posted_payments
from connector.reconcile.match import reconcile
from connector.reconcile.rulings import number_of
from tests.builders import PROCESSOR, Mirror, ref

CUSTOMERS = [f"Customer {name}" for name in "ABCDEF"]
DAYS = 20


def firm(seed: int) -> tuple[Mirror, list[tuple[int, str, str, str, str]]]:
    """Ninety invoices, and the payments to come: day, id, amount, key, text. Some pay two, one pays nothing."""
    rng = random.Random(seed)  # noqa: S311 - made-up data
    mirror, coming = Mirror(), []
    for place, name in enumerate(CUSTOMERS):
        mirror.customer(name, email=f"c{place}@x.example")
        mirror.customer(f"cus_{place}", email=f"c{place}@x.example", at=PROCESSOR)
    amounts = [rng.randint(1_000, 900_000) for _ in range(90)]
    for place, minor in enumerate(amounts):
        mirror.invoice(f"INV-{4000 + place}", CUSTOMERS[place % 6], f"{minor // 100}.{minor % 100:02d}")
    for place in (one for one in range(84) if one // 6 % 2 == 0):
        minor, number = amounts[place], f"INV-{4000 + place}"
        key, text = (number, "") if place % 3 == 0 else ("", f"payment of {number}")
        if text and place % 4 == 1:
            minor, text = minor + amounts[place + 6], f"{number} INV-{4006 + place}"
        coming.append((rng.randrange(DAYS), f"ch_{place:03d}", f"{minor // 100}.{minor % 100:02d}", key, text))
    coming.append((3, "ch_none", "12.34", "", "thank you"))
    return mirror, sorted(coming)


def came(mirror: Mirror, row: tuple[int, str, str, str, str]) -> None:
    day, name, amount, key, text = row
    tags = (Tag("invoice_number", key),) if key else ()
    mirror.charge(name, amount, memo=text or None, tags=tags, on=f"2026-04-{day + 1:02d}")


def post(mirror: Mirror) -> None:
    """Everything decided, as the books then hold it."""
    seen = mirror.seen()
    for decision in reconcile(seen).decisions:
        memo = f"receivables op={'A' * 20} src={decision.payment}"
        shares = {each.target: str(each.amount).removesuffix(" USD") for each in decision.allocations}
        first = seen.invoices[decision.allocations[0].target].customer
        assert first is not None
        gross = str(decision.gross).removesuffix(" USD")
        mirror.received(f"p-{decision.payment.vendor_id}", first.vendor_id, gross, shares, memo=memo)
        for each in decision.allocations:
            held = seen.invoices[each.target]
            rest: Money = held.open - each.amount
            owner = held.customer.vendor_id if held.customer is not None else ""
            total, still = str(held.total).removesuffix(" USD"), str(rest).removesuffix(" USD")
            mirror.invoice(held.number or "", owner, total, still_open=still)


def links(mirror: Mirror) -> dict[Ref, dict[str, int]]:
    """What each payment pays, decided or posted."""
    seen = mirror.seen()
    outcome = reconcile(seen)
    found = {
        each.payment: {number_of(seen, share.target): share.amount.minor for share in each.allocations}
        for each in outcome.decisions
    }
    for about, held in posted_payments(seen).items():
        shares = seen.payments[held].allocations
        found[about] = {number_of(seen, share.target): share.amount.minor for share in shares}
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("batches", [2, 7, DAYS])
def test_batches_in_date_order_end_as_one_batch(seed: int, batches: int) -> None:
    whole, coming = firm(seed)
    for row in coming:
        came(whole, row)
    at_once = links(whole)
    parted, _ = firm(seed)
    for batch in range(batches):
        for row in coming:
            if row[0] * batches // DAYS == batch:
                came(parted, row)
        post(parted)
    assert len(at_once) >= 40
    assert links(parted) == at_once
    assert Ref(PROCESSOR, Kind.PAYMENT, "ch_none") not in at_once
    assert ref(Kind.PAYMENT, "p-ch_none") not in parted.records
