"""A process of its own that reads a Stripe account into a store until it is killed. Run by the tests alone.

`python -m tests.journeys.stripe_reader STORE URL TIME MOMENT COUNT`: MOMENT is `page`, `save` or `statement`, and at
the COUNTth of them it kills itself with SIGKILL: when it asks for that page, right after that transaction, or right
after that statement, in the middle of one. 0 is never.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tests.clocks import FakeClock
from tests.stripe_worlds import Books, Fate, Mortal


def die() -> None:
    """No farewell."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(store: Mortal, statements: int) -> None:
    """Once so many statements were carried out."""
    left = statements

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            die()

    event.listen(store._database.engine, "after_cursor_execute", count)


def main(path: str, url: str, at: str, moment: str, count: str) -> None:
    """Read to the end, or to that moment."""
    books = Books(Path(path), url, FakeClock(at), in_flight=3, page_size=20)
    if moment == "statement":
        die_after(books.store, int(count))
        books.sync()
    else:
        books.sync(Fate(**{moment: int(count)}, end=die))
    books.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
