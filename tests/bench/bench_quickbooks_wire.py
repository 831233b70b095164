"""How long one QuickBooks invoice takes from bytes to record, beside the floor (json.loads) and the library's objects.

Run it by hand: `python -m tests.bench.bench_quickbooks_wire`. CPU time of one process, no network.
"""

from __future__ import annotations

import json
import sys

from quickbooks.objects.invoice import Invoice as LibraryInvoice

from adapters.quickbooks import translate, wire
from connector.clock import SystemClock
from connector.dates import day_of, zone
from connector.model.source import ConnectionId
from connector.money import currency
from connector.registry import by_path, specs
from connector.testing.demo_world import demo_world
from connector.testing.standin import Call
from connector.testing.worlds import parse
from tests.bench.rounds import best_seconds

PAGES = 30
LIBRARY_PAGES = 3


def invoice_page() -> bytes:
    """The invoices of the demo's first company as the double answers them."""
    clock = SystemClock()
    worlds = parse(demo_world(day_of(clock.now(), zone("America/New_York"))))
    double = by_path(specs()["quickbooks"].standin)(worlds, clock=clock)
    realm = worlds[0].realm
    answer = double.answer(
        Call(
            method="GET",
            path=f"/v3/company/{realm}/query",
            query={"query": ["select * from Invoice maxresults 1000"], "minorversion": ["75"]},
            headers={"authorization": f"Bearer access-{realm}-1", "accept": "application/json"},
            body=b"",
            target=f"/v3/company/{realm}/query",
        )
    )
    return bytes(answer.body)


def main() -> None:
    """Print microseconds per record and the ratios between them."""
    body = invoice_page()
    frame = translate.Frame(connection=ConnectionId("quickbooks"), home=currency("USD"))
    rows = len(wire.rows(body, wire.Invoice))

    def ours() -> object:
        return [translate.invoice(each.row, frame) for each in wire.rows(body, wire.Invoice)]

    def library() -> object:
        return [LibraryInvoice.from_json(each) for each in json.loads(body)["QueryResponse"]["Invoice"]]

    us = {
        "decode, translate, keep raw": best_seconds(ours, repeats=PAGES) / rows * 1e6,
        "json.loads": best_seconds(lambda: json.loads(body), repeats=PAGES) / rows * 1e6,
        "python-quickbooks objects": best_seconds(library, repeats=LIBRARY_PAGES) / rows * 1e6,
    }
    mine = us["decode, translate, keep raw"]
    sys.stdout.write(f"{len(body) // rows} bytes per invoice, {rows} in the page\n")
    for name, spent in us.items():
        sys.stdout.write(f"{name:30} {spent:9.1f} us per record   {spent / mine:6.2f} x ours\n")


if __name__ == "__main__":
    main()
