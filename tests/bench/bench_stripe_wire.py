"""How long one Stripe invoice takes from bytes to record, beside the floor (json.loads) and the SDK's own objects.

Run it by hand: `python -m tests.bench.bench_stripe_wire`. All of it is CPU time of one process; nothing is downloaded.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from zoneinfo import ZoneInfo

import stripe

from adapters.stripe import translate, wire
from adapters.stripe.lists import SHELVES
from adapters.stripe.records import Records
from connector.model.source import ConnectionId
from tests.bench.rounds import best_seconds
from tests.stripe_rig import invoice_page

ROWS = 100
PAGES = 60
SDK_PAGES = 6


def main() -> None:
    """Print microseconds per record and the ratios between them."""
    body = invoice_page(first=0, rows=ROWS)
    where = translate.Where(connection=ConnectionId("stripe"), zone=ZoneInfo("America/New_York"), live=False)

    records = Records(where)

    def ours() -> object:
        return records.rows(SHELVES["invoice"], wire.decode(body, wire.Listed).data, first=False)

    def decoded() -> object:
        return [wire.decode(raw, wire.Invoice) for raw in wire.decode(body, wire.Listed).data]

    def floor() -> object:
        return json.loads(body)

    def sdk() -> object:
        page = json.loads(body)
        return stripe.ListObject.construct_from(page, "sk_test_x")

    us = {
        "decode only": _per_record(decoded, PAGES),
        "decode, translate, keep raw": _per_record(ours, PAGES),
        "json.loads": _per_record(floor, PAGES),
        "stripe SDK objects": _per_record(sdk, SDK_PAGES),
    }
    mine = us["decode, translate, keep raw"]
    sys.stdout.write(f"{len(body) // ROWS} bytes per invoice, {ROWS} per page\n")
    for name, spent in us.items():
        sys.stdout.write(f"{name:30} {spent:9.1f} us per record   {spent / mine:6.2f} x ours\n")


def _per_record(work: Callable[[], object], pages: int) -> float:
    """Microseconds of CPU per record."""
    return best_seconds(work, repeats=pages) / ROWS * 1e6


if __name__ == "__main__":
    main()
