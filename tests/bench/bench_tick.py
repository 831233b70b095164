"""How long a turn of auto-sync takes beside very many open items: nothing new, a day's receipts, and a first look.

Run it by hand: `python -m tests.bench.bench_tick [OPEN] [NEW]`. CPU seconds of a process, from the mirror in the store
to the decisions with their evidence kept there. The floor is what any program must do that looks at the same: read the
rows that are new, one hash look-up for each, and write as many.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from connector.app.books import reconcile_all
from connector.app.house import Desk, House
from connector.config import Config
from connector.model.firm import Actor, Company, Connection
from connector.model.mirror import Mirrored
from connector.model.source import ActorId, CompanyId, ConnectionId, Ref
from connector.money import currency
from connector.ports import Page
from connector.store import Author
from tests.builders import BOOKS, PROCESSOR, Mirror

OPEN, NEW, CUSTOMERS = 100_000, 1_000, 5_000
PAGE = 1_000
COMPANY, BENCH = CompanyId("big"), ActorId("bench")


@contextmanager
def firm(folder: Path) -> Iterator[Desk]:
    """A company whose books and processor are connected."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    with House(Config(home=home, database=str(home / "receivables.db"), actor="bench")) as house:
        house.store.add_company(
            Company(company_id=COMPANY, name="Big", home_currency=currency("USD"), zone="UTC"),
            Actor(company_id=COMPANY, actor_id=BENCH, name="Bench"),
        )
        for name, system in ((BOOKS, "quickbooks"), (PROCESSOR, "stripe")):
            connection = Connection(company_id=COMPANY, connection_id=name, system=system, account="1", live=False)
            house.store.save_connection(connection, BENCH)
        yield house.company(COMPANY)


class Side:
    """What the outside systems hold, page by page into the store."""

    def __init__(self, desk: Desk, open_: int) -> None:
        self._desk, self._open = desk, open_
        self._mirror = Mirror()
        self._saved: set[Ref] = set()
        for number in range(min(CUSTOMERS, open_)):
            self._mirror.customer(f"Customer {number:05}", email=f"c{number}@x.example")
            self._mirror.customer(f"cus_{number}", email=f"c{number}@x.example", at=PROCESSOR)
        for number in range(open_):
            self._mirror.invoice(f"INV-{100_000 + number}", self._owner(number, "Customer {:05}"), self._amount(number))
        self._save()

    def _owner(self, number: int, called: str) -> str:
        return called.format(number * 7_919 % min(CUSTOMERS, self._open))

    def _amount(self, number: int, more: int = 0) -> str:
        return f"{(10_000 + (number * number * 31 + number * 17) % 900_000 + more) / 100:.2f}"

    def day(self, day: int, new: int) -> None:
        """So many payments: by number, by amount alone, and some that nothing explains."""
        for one in range(day * new, (day + 1) * new):
            number = one * 104_729 % self._open
            self._mirror.charge(
                f"ch_{one}",
                self._amount(number, 12_345 if one % 10 == 0 else 0),
                customer=self._owner(number, "cus_{}"),
                memo=f"Invoice INV-{100_000 + number}" if one % 10 > 3 else "thanks",
            )
        self._save()

    def _save(self) -> None:
        fresh: dict[ConnectionId, list[Mirrored]] = {BOOKS: [], PROCESSOR: []}
        for ref, record in self._mirror.records.items():
            if ref not in self._saved:
                fresh[ref.connection].append(Mirrored(ref=ref, version="1", raw=b"", record=record))
        self._saved.update(self._mirror.records)
        for connection, records in fresh.items():
            for at in range(0, len(records), PAGE):
                page = Page(records=tuple(records[at : at + PAGE]), cursor=str(at), more=False)
                self._desk.store.save_pages(Author(company=COMPANY), connection, "all", [page])


def spent(what: Callable[[], object]) -> float:
    """CPU seconds."""
    began = time.process_time()
    what()
    return time.process_time() - began


def floor(open_: int, new: int) -> float:
    """Read so many new rows beside so many, look each up, write as many."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table item (number text primary key, amount int)")
        database.execute("create table receipt (id int primary key, number text, amount int)")
        database.execute("create table decided (id int primary key, number text)")
        database.executemany("insert into item values (?, ?)", ((f"INV-{one}", one) for one in range(open_)))
        database.executemany("insert into receipt values (?, ?, ?)", ((one, f"INV-{one}", one) for one in range(new)))

        def turn() -> None:
            with database:
                rows = database.execute("select * from receipt").fetchall()
                found = [
                    (one, number)
                    for one, number, amount in rows
                    if database.execute("select amount from item where number = ?", (number,)).fetchone() == (amount,)
                ]
                database.executemany("insert or replace into decided values (?, ?)", found)

        return min(spent(turn) for _ in range(5))


def measured(open_: int, new: int) -> dict[str, float]:
    """CPU seconds of a first look, of a look at so many new receipts, at the same again, and of the floor."""
    with tempfile.TemporaryDirectory() as folder, firm(Path(folder)) as desk:
        side = Side(desk, open_)
        first = spent(lambda: reconcile_all(desk))
        side.day(0, new)
        day = spent(lambda: reconcile_all(desk))
        again = spent(lambda: reconcile_all(desk))
        unchanged = spent(lambda: desk.store.head(desk.id))
        return {"first": first, "day": day, "again": again, "head": unchanged, "floor": floor(open_, new)}


def main() -> None:
    """Print them, and the ratio to the floor."""
    given = [int(one) for one in sys.argv[1:]]
    open_, new = given[0] if given else OPEN, given[1] if len(given) > 1 else NEW
    found = measured(open_, new)
    say = sys.stdout.write
    say(f"{open_:,} open items\n")
    say(f"a first look of a new process     {found['first']:8.3f} s CPU\n")
    say(
        f"{new:,} new receipts                {found['day']:8.3f} s  {found['day'] / found['floor']:6.1f} x the floor\n"
    )
    say(f"the same again                    {found['again']:8.3f} s\n")
    say(f"whether anything is new           {found['head'] * 1000:8.3f} ms\n")
    say(f"floor                             {found['floor']:8.3f} s\n")


if __name__ == "__main__":
    main()
