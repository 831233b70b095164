"""How long deciding takes: 20,000 invoices and 20,000 payments, beside the floor of one exact hash join.

Run it by hand: `python -m tests.bench.bench_reconcile [ROWS]`. CPU time of one process; aging and tie-out as well.
"""

from __future__ import annotations

import sys

from connector.collect.aging import aging
from connector.collect.worklist import worklist
from connector.dates import business_date
from connector.model.source import Tag
from connector.reconcile.match import reconcile
from connector.reconcile.tieout import tie_out
from tests.bench.rounds import best_seconds
from tests.builders import BOOKS, PROCESSOR, Mirror

ROWS = 20_000
CUSTOMERS = 500


def firm(rows: int) -> Mirror:
    """A third of the payments carry a key, a third name their invoice in a text, a third name nothing."""
    mirror = Mirror()
    for number in range(CUSTOMERS):
        mirror.customer(f"Customer {number}", email=f"c{number}@x.example")
        mirror.customer(f"cus_{number}", email=f"c{number}@x.example", at=PROCESSOR)
    for number in range(rows):
        customer = number % CUSTOMERS
        amount = f"{100 + number % 9000}.00"
        mirror.invoice(f"INV-{100000 + number}", f"Customer {customer}", amount)
        name = f"INV-{100000 + number}"
        mirror.charge(
            f"ch_{number}",
            amount,
            customer=f"cus_{customer}",
            tags=(Tag("invoice_number", name),) if number % 3 == 0 else (),
            memo=f"payment {name} thank you" if number % 3 == 1 else "thank you",
        )
    return mirror


def main() -> None:
    """Print CPU seconds and the ratio to the floor."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    seen = firm(rows).seen()

    def floor() -> object:
        by_number = {invoice.number: ref for ref, invoice in seen.invoices.items()}
        return [by_number.get(tag.value) for payment in seen.payments.values() for tag in payment.tags]

    spent = {
        "reconcile": best_seconds(lambda: reconcile(seen)),
        "tie out": best_seconds(lambda: tie_out(seen)),
        "aging": best_seconds(lambda: aging(seen, BOOKS, business_date("2026-06-10"))),
        "worklist": best_seconds(lambda: worklist(seen, {}, business_date("2026-06-10"))),
        "floor: one hash join": best_seconds(floor),
    }
    base = spent["floor: one hash join"]
    sys.stdout.write(f"{rows} invoices, {rows} payments\n")
    for name, seconds in spent.items():
        sys.stdout.write(f"{name:24} {seconds:8.3f} s   {seconds / base:8.1f} x the floor\n")


if __name__ == "__main__":
    main()
