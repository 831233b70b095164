"""A process of its own that works on a store until it is killed. Run by the tests, never imported by the product.

`python -m tests.unit.store_child pull ADDRESS PAGES KILL_AFTER` pulls pages from where the cursor stands and, when
KILL_AFTER is not 0, kills itself with SIGKILL right after that many statements of its first page.
`python -m tests.unit.store_child write ADDRESS NAME SECONDS` appends to the journal until the time is up and prints how
many milliseconds each took. `python -m tests.unit.store_child open ADDRESS REVISIONS` only opens the store.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import event

from connector.clock import SystemClock
from connector.ports import Page
from connector.store import Store
from tests.unit.store_ground import ACME, ANN, STRIPE, gone, page, save, seen

PAGE_SIZE = 50


def vendor_page(number: int) -> Page:
    """What the vendor serves as page `number`: each page also changes and deletes something of the one before."""
    first = number * PAGE_SIZE
    fresh = [seen(first + place) for place in range(PAGE_SIZE)]
    earlier = [seen(first - 1, still_open=number), gone(first - 2)] if number else []
    return page(*fresh, *earlier, cursor=str(number + 1), more=True)


def pull(store: Store, pages: int) -> None:
    """Pull from where the cursor stands."""
    for number in range(int(store.cursor(ACME, STRIPE, "invoices") or 0), pages):
        save(store, vendor_page(number))


def write(store: Store, name: str, seconds: float) -> list[float]:
    """How many milliseconds each write took."""
    took: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        start = time.monotonic()
        store.journal_append(ACME, "tick", {"by": name}, actor=ANN, run=None)
        took.append((time.monotonic() - start) * 1000)
        time.sleep(0.005)
    return took


def _kill_after(store: Store, statements: int) -> None:
    left = statements

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store._database.engine, "after_cursor_execute", count)


def main(deed: str, address: str, *rest: str) -> None:
    """Do what the command line says."""
    if deed == "open":
        Store.open(address, SystemClock(), revisions=Path(rest[0])).close()
        return
    with Store.open(address, SystemClock(), must_exist=True) as store:
        if deed == "pull":
            cursor = int(store.cursor(ACME, STRIPE, "invoices") or 0)
            if int(rest[1]):
                _kill_after(store, int(rest[1]))
                save(store, vendor_page(cursor))
            pull(store, int(rest[0]))
        elif deed == "load":
            until = time.monotonic() + float(rest[0])
            number = 0
            while time.monotonic() < until:
                save(store, vendor_page(number), vendor_page(number + 1))
                number += 2
        else:
            sys.stdout.write(json.dumps(write(store, rest[0], float(rest[1]))))


if __name__ == "__main__":
    main(*sys.argv[1:])
