"""The floor: what any program must do that reads these files, finds one number in a text, joins and writes.

`python -m tests.bench.cash.floor FOLDER OUT`. It decides where a text has one number of an invoice that is open in
exactly that amount, and checks nothing else.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

_DIGITS = re.compile(r"\d{3,16}")


def main() -> None:
    """Read, extract, join, write."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    with (folder / "invoices.csv").open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        items = {(row[0], "".join(_DIGITS.findall(row[3])).lstrip("0"), row[5], int(row[6])): row[1] for row in rows}
    found: list[tuple[str, str, int, int]] = []
    with (folder / "payments.csv").open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            number = _DIGITS.search(row[12])
            if number is None:
                continue
            amount = int(row[6])
            item = items.get((row[0], number[0].lstrip("0"), row[5], amount))
            if item is not None:
                found.append((row[1], item, amount, amount))
    with out.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(("payment_id", "invoice_id", "pay_minor", "applied_minor"))
        sheet.writerows(found)


if __name__ == "__main__":
    main()
