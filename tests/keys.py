"""Keys for stores in tests: fixed ones, and files of them."""

from __future__ import annotations

import base64
from pathlib import Path

from connector.clock import Clock
from connector.store import Store
from connector.store.keyring import KeySource, keys_in_text
from tests.databases import with_tables

FIRST = base64.b64encode(b"1" * 32).decode()
SECOND = base64.b64encode(b"2" * 32).decode()


def given(*keys: str) -> KeySource:
    """These keys, oldest first, as a setting would give them."""
    return keys_in_text("\n".join(keys or (FIRST,)))


def unlocked(address: str, clock: Clock, keys: KeySource) -> Store:
    """An open store whose secrets these keys open."""
    if "://" not in address:
        with_tables(Path(address))
    store = Store.open(address, clock)
    store.unlock(keys)
    return store
