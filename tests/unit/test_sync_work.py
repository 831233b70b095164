"""What storing costs, counted: statements, not rows, and nothing at all for what is here already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from connector.clock import Clock
from connector.model.source import Kind
from connector.store import Author, Counts, Store
from connector.sync import RECORDS_PER_TRANSACTION, sync
from tests.bench.bench_store import Shelf
from tests.bench.store_material import STRIPE, invoices
from tests.unit.store_ground import ACME, ANN, RUN, ready, statements

TRANSACTIONS = 2
ROWS = TRANSACTIONS * RECORDS_PER_TRANSACTION
HELD = ("mirror", "journal", "head")
"""Where records, documents and history are."""


@pytest.fixture
def store(address: str, clock: Clock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


def carried(store: Store) -> tuple[Counts, Counter[str]]:
    """What one sync of all rows under a lease did, and how often it wrote to which table."""
    with store.holding(ACME, "books", "test", 60) as lease, statements(store) as heard:
        found = sync(store, Shelf(invoices(0, ROWS)), STRIPE, Author(ACME, ANN, RUN, lease=lease), lambda *_: None)
    words = [each.split() for each in heard if each.startswith(("INSERT", "UPDATE", "DELETE"))]
    return found.counts[Kind.INVOICE], Counter(each[1] if each[0] == "UPDATE" else each[2] for each in words)


def held(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row as it lies there: PostgreSQL says of each which transaction wrote it, SQLite its place."""
    own = "rowid" if store._database.is_sqlite else "xmin, ctid"
    with store._database.engine.connect() as tx:
        return {
            table: sorted(tuple(row) for row in tx.execute(text(f"SELECT {own}, * FROM {table}")))  # noqa: S608
            for table in HELD
        }


def test_a_thousand_rows_with_their_documents_are_one_upsert_one_entry_and_what_moves_on(store: Store) -> None:
    counts, written = carried(store)
    assert counts == Counts(new=ROWS)
    once_a_transaction = Counter(dict.fromkeys(("mirror", "journal", "head", "cursor"), TRANSACTIONS))
    assert written == once_a_transaction + Counter(cursor=1)  # and once the stream was made known


def test_what_is_here_already_is_read_again_without_a_byte_written_to_any_row(store: Store) -> None:
    carried(store)
    before = held(store)
    counts, written = carried(store)
    assert counts == Counts(unchanged=ROWS)
    assert written == {"cursor": TRANSACTIONS}
    assert held(store) == before
