"""Memory: what was seen, decided, wanted and said, in one database that loses nothing and hides no alteration.

`Store.open` gives everything. Only this room knows SQL; no room above it learns which database there is. It must never
decide anything about money, and never hold a transaction while anybody waits for the network.
"""

from __future__ import annotations

from connector.store.rows import (
    PROGRAM,
    Author,
    Balance,
    Counts,
    JournalEntry,
    Lease,
    OutboxRow,
    OutboxState,
    Stored,
)  # fmt: skip
from connector.store.store import Store

__all__ = [
    "PROGRAM", "Author", "Balance", "Counts", "JournalEntry", "Lease", "OutboxRow", "OutboxState", "Store", "Stored",
]  # fmt: skip
