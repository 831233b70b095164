"""The store as the rooms above see it: one object, opened once, used by every thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from connector.clock import Clock
from connector.errors import StoreError
from connector.model.source import CompanyId, ConnectionId
from connector.ports import TokenStore
from connector.store.alarms import Alarms
from connector.store.approvals import Approvals
from connector.store.budget import Budgets
from connector.store.contacts import Contacts
from connector.store.database import LOCK_WAIT_SECONDS, connect
from connector.store.decisions import Decisions
from connector.store.due import Due
from connector.store.errands import Errands
from connector.store.figures import Figures
from connector.store.firm import Firm
from connector.store.inbox import Inbox
from connector.store.journal import Journal
from connector.store.keyring import KeySource
from connector.store.leases import Leases
from connector.store.links import Links
from connector.store.mirror import MirrorOf
from connector.store.notices import Notices
from connector.store.outbox import Outbox
from connector.store.people import People
from connector.store.rotation import Keys
from connector.store.rulings import Rulings
from connector.store.schema import PACKAGED, copy_file, prepare
from connector.store.secrets import GrantStore, Secrets
from connector.store.ties import Ties
from connector.store.vault import Vault
from connector.store.verify import Verification
from connector.store.views import Views
from connector.store.visits import Visits
from connector.store.witness import Witness


class Store(
    Firm,
    Secrets,
    Keys,
    Leases,
    Due,
    Alarms,
    Journal,
    Views,
    Outbox,
    Decisions,
    Approvals,
    Rulings,
    Contacts,
    Links,
    Inbox,
    Budgets,
    Ties,
    Notices,
    Verification,
    Witness,
    Visits,
    People,
    Errands,
    Figures,
):
    """Every part of the store at one desk. Safe to share between threads; each call is a transaction of its own."""

    def __init__(self, url_or_path: str | Path, clock: Clock, *, lock_wait_seconds: float = LOCK_WAIT_SECONDS) -> None:
        self._database = connect(url_or_path, lock_wait_seconds=lock_wait_seconds)
        self._clock = clock
        self._vault = Vault(None)
        self._slots = {}
        self._owed = []

    @property
    def is_one_file(self) -> bool:
        """Whether it is a file of this computer (SQLite), and not a server that many may share."""
        return self._database.is_sqlite

    def copy_to(self, target: Path) -> None:
        """A whole copy of a SQLite file beside the work that goes on. StoreError when it cannot be made."""
        path = self._database.path
        if path is None:
            raise StoreError("Only a file can be copied.", next_step="Ask the server for its dump: pg_dump")
        try:
            copy_file(path, target)
        except (OSError, sqlite3.Error):
            raise StoreError(
                f"The copy {target} could not be made.", next_step="Look whether its folder is there and has room."
            ) from None

    @classmethod
    def open(
        cls,
        url_or_path: str | Path,
        clock: Clock,
        *,
        must_exist: bool = False,
        revisions: Path = PACKAGED,
        lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    ) -> Self:
        """Open a SQLite file or a PostgreSQL URL, making or upgrading its schema as needed.

        An older SQLite file is first copied beside itself. `must_exist`: refuse to make a new one. Secrets stay shut
        until `unlock`. Errors: StoreCorrupt (damaged, not ours, newer), StoreLocked (busy too long), StoreError, each
        in words for a finance person.
        """
        store = cls(url_or_path, clock, lock_wait_seconds=lock_wait_seconds)
        try:
            prepare(store._database, clock, must_exist=must_exist, revisions=revisions)
        except BaseException:
            store.close()
            raise
        return store

    def unlock(self, keys: KeySource) -> None:
        """Open the secrets with these keys, once and before they are asked for. SettingsError when the right one is
        missing or open to others; the store is closed then, for nothing may start."""
        vault = Vault(keys)
        try:
            vault.prepare(self._database)
        except BaseException:
            self.close()
            raise
        self._vault = vault

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What this thread reads within is read in one transaction, as it stood at one moment. Nothing may be waited
        for meanwhile, and nothing written."""
        with self._database.reading():
            yield

    def tokens(self, company: CompanyId, connection: ConnectionId) -> TokenStore:
        """Where the adapter of one connection keeps its rotating grant."""
        return GrantStore(self, company, connection, self._clock.sleep)

    def mirrored(self, company: CompanyId, connection: ConnectionId) -> MirrorOf:
        """What of one connection is mirrored, for its adapter."""
        return MirrorOf(self, company, connection)

    def close(self) -> None:
        """Let go of everything that others may want, and of every connection."""
        with suppress(StoreError):  # what cannot be given back comes free by itself
            self.give_back_slots()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
