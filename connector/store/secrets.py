"""What lets us into outside systems: keys a person entered, and the rotating grant that an adapter keeps.

Every value is sealed (`vault.py`), those that are no secret too: nobody has to say which is one.
The journal learns that secrets were set, and their names; never a value, never a hash of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Protocol

from sqlalchemy import bindparam, delete, select

from connector import logs
from connector.errors import StoreLocked
from connector.model.source import ActorId, CompanyId, ConnectionId
from connector.ports import SecretPair
from connector.store import tables
from connector.store.journal import Desk, read_back, text_of
from connector.store.owners import is_dead, this_process
from connector.store.rows import PROGRAM, Author, Lease
from connector.store.vault import Place, Vault, seal


class _Keeper(Protocol):
    """What of the store a grant needs: its pair, and the lease for renewing it."""

    def read_grant(self, company: CompanyId, connection: ConnectionId) -> SecretPair | None: ...

    def replace_grant(self, company: CompanyId, connection: ConnectionId, pair: SecretPair) -> SecretPair: ...

    def acquire(
        self, company: CompanyId, name: str, owner: str, seconds: float, *, after_dead: str | None = None
    ) -> Lease | None: ...

    def holder(self, company: CompanyId, name: str) -> str | None: ...

    def release(self, lease: Lease) -> None: ...


GRANT = "grant:"
"""The name under which the grant is kept; no name a person can enter has a colon in it."""

_LEASE_SECONDS = 60
_WAIT_SECONDS_MAX = 90
_POLL_SECONDS = 0.1

_SECRET = tables.secret.c
_OF_CONNECTION = select(_SECRET.name, _SECRET.value, _SECRET.version).where(
    _SECRET.company_id == bindparam("company"), _SECRET.connection_id == bindparam("connection")
)
_GRANT_OF = _OF_CONNECTION.where(_SECRET.name == GRANT)
_NAMES_OF = select(_SECRET.connection_id, _SECRET.name).where(_SECRET.company_id == bindparam("company"))


class Secrets(Desk):
    """Secrets of connections."""

    _vault: Vault

    def put_secrets(
        self, company: CompanyId, connection: ConnectionId, values: Mapping[str, str], by: ActorId = PROGRAM
    ) -> None:
        """Set these names; others of the connection stay as they are."""
        with self._writing(Author(company, by)) as scribe:
            found = scribe.tx.execute(_OF_CONNECTION, {"company": company, "connection": connection})
            versions = {row.name: row.version for row in found}
            if values:
                key = self._vault.in_force(scribe.tx, self._database)
                scribe.tx.execute(
                    self._database.upsert(tables.secret),
                    [
                        {
                            "company_id": company,
                            "connection_id": connection,
                            "name": name,
                            "value": seal(key, Place(company, connection, name), value),
                            "version": versions.get(name, 0) + 1,
                        }
                        for name, value in sorted(values.items())
                    ],
                )
            scribe.write("secrets", {"connection": connection, "names": sorted(values)})

    def secrets(self, company: CompanyId, connection: ConnectionId) -> dict[str, str]:
        """What a person entered; the grant is not among it."""
        with self._database.read() as tx:
            found = tx.execute(_OF_CONNECTION, {"company": company, "connection": connection}).all()
        return {
            row.name: self._vault.open(Place(company, connection, row.name), row.value)
            for row in found
            if row.name != GRANT
        }

    def entered(self, company: CompanyId) -> dict[ConnectionId, frozenset[str]]:
        """The names of what is kept for each connection, that of the grant among them. No value is opened."""
        with self._database.read() as tx:
            found = tx.execute(_NAMES_OF, {"company": company}).all()
        names: dict[ConnectionId, set[str]] = {}
        for row in found:
            names.setdefault(ConnectionId(row.connection_id), set()).add(row.name)
        return {connection: frozenset(each) for connection, each in names.items()}

    def forget_grant(
        self, company: CompanyId, connection: ConnectionId, names: Collection[str] = (), by: ActorId = PROGRAM
    ) -> None:
        """Forget the grant, and the secrets of these names with it."""
        gone = (GRANT, *names)
        with self._writing(Author(company, by)) as scribe:
            scribe.tx.execute(
                delete(tables.secret).where(
                    _SECRET.company_id == company, _SECRET.connection_id == connection, _SECRET.name.in_(gone)
                )
            )
            scribe.write("secrets", {"connection": connection, "forgotten": sorted(gone)})

    def read_grant(self, company: CompanyId, connection: ConnectionId) -> SecretPair | None:
        """The pair in force, None before the first."""
        with self._database.read() as tx:
            found = tx.execute(_GRANT_OF, {"company": company, "connection": connection}).one_or_none()
        return None if found is None else self._grant(company, connection, found.value)

    def replace_grant(self, company: CompanyId, connection: ConnectionId, pair: SecretPair) -> SecretPair:
        """Store the pair one version higher if the stored version is still its own; else return the stored one."""
        logs.hide(pair.access, pair.refresh, pair.previous)
        with self._database.write() as tx:
            key = self._vault.in_force(tx, self._database)
            found = tx.execute(
                _GRANT_OF.with_for_update(),
                {"company": company, "connection": connection},
            ).one_or_none()
            if (0 if found is None else found.version) != pair.version and found is not None:
                return self._grant(company, connection, found.value)
            raised = replace(pair, version=pair.version + 1)
            tx.execute(
                self._database.upsert(tables.secret),
                {
                    "company_id": company,
                    "connection_id": connection,
                    "name": GRANT,
                    "value": seal(key, Place(company, connection, GRANT), text_of(raised)),
                    "version": raised.version,
                },
            )
        return raised

    def _grant(self, company: CompanyId, connection: ConnectionId, stored: str) -> SecretPair:
        pair = read_back(self._vault.open(Place(company, connection, GRANT), stored), SecretPair)
        logs.hide(pair.access, pair.refresh, pair.previous)
        return pair


class GrantStore:
    """`ports.TokenStore` for one connection."""

    def __init__(
        self, store: _Keeper, company: CompanyId, connection: ConnectionId, sleep: Callable[[float], None]
    ) -> None:
        self._store = store
        self._company = company
        self._connection = connection
        self._sleep = sleep

    def read(self) -> SecretPair | None:
        return self._store.read_grant(self._company, self._connection)

    def replace(self, pair: SecretPair) -> SecretPair:
        return self._store.replace_grant(self._company, self._connection, pair)

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        name = f"token:{self._connection}"
        waited_seconds = 0.0
        while (lease := self._acquired(name)) is None:
            if waited_seconds > _WAIT_SECONDS_MAX:
                raise StoreLocked(
                    f"Another process has been renewing the access to {self._connection!r} for too long.",
                    next_step="Stop it and try again.",
                )
            self._sleep(_POLL_SECONDS)
            waited_seconds += _POLL_SECONDS
        try:
            return action()
        finally:
            self._store.release(lease)

    def _acquired(self, name: str) -> Lease | None:
        """The lease, also of a holder that was killed in the middle; None while somebody living has it."""
        lease = self._store.acquire(self._company, name, this_process(), _LEASE_SECONDS)
        if lease is not None:
            return lease
        holder = self._store.holder(self._company, name)
        if holder is None or not is_dead(holder):
            return None
        return self._store.acquire(self._company, name, this_process(), _LEASE_SECONDS, after_dead=holder)
