"""What lets us into outside systems: keys a person entered, and the rotating grant that an adapter keeps.

The journal learns that secrets were set, and their names; never a value, never a hash of one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Protocol

from sqlalchemy import bindparam, select

from connector.errors import StoreLocked
from connector.model.source import ActorId, CompanyId, ConnectionId
from connector.ports import SecretPair
from connector.store import tables
from connector.store.journal import Desk, read_back, text_of
from connector.store.rows import PROGRAM, Author, Lease


class _Keeper(Protocol):
    """What of the store a grant needs: its pair, and the lease for renewing it."""

    def read_grant(self, company: CompanyId, connection: ConnectionId) -> SecretPair | None: ...

    def replace_grant(self, company: CompanyId, connection: ConnectionId, pair: SecretPair) -> SecretPair: ...

    def acquire(self, company: CompanyId, name: str, owner: str, seconds: float) -> Lease | None: ...

    def release(self, lease: Lease) -> None: ...


_GRANT = "grant:"
"""The name under which the grant is kept; no name a person can enter has a colon in it."""

_LEASE_SECONDS = 60
_WAIT_SECONDS_MAX = 90
_POLL_SECONDS = 0.25

_SECRET = tables.secret.c
_OF_CONNECTION = select(_SECRET.name, _SECRET.value, _SECRET.version).where(
    _SECRET.company_id == bindparam("company"), _SECRET.connection_id == bindparam("connection")
)


class Secrets(Desk):
    """Secrets of connections."""

    def put_secrets(
        self, company: CompanyId, connection: ConnectionId, values: Mapping[str, str], by: ActorId = PROGRAM
    ) -> None:
        """Set these names; others of the connection stay as they are."""
        with self._writing(Author(company, by)) as scribe:
            found = scribe.tx.execute(_OF_CONNECTION, {"company": company, "connection": connection})
            versions = {row.name: row.version for row in found}
            if values:
                scribe.tx.execute(
                    self._database.upsert(tables.secret),
                    [
                        {
                            "company_id": company,
                            "connection_id": connection,
                            "name": name,
                            "value": value,
                            "version": versions.get(name, 0) + 1,
                        }
                        for name, value in values.items()
                    ],
                )
            scribe.write("secrets", {"connection": connection, "names": sorted(values)})

    def secrets(self, company: CompanyId, connection: ConnectionId) -> dict[str, str]:
        """What a person entered; the grant is not among it."""
        with self._database.read() as tx:
            found = tx.execute(_OF_CONNECTION, {"company": company, "connection": connection})
            return {row.name: row.value for row in found if row.name != _GRANT}

    def read_grant(self, company: CompanyId, connection: ConnectionId) -> SecretPair | None:
        """The pair in force, None before the first."""
        with self._database.read() as tx:
            found = tx.execute(
                _OF_CONNECTION.where(_SECRET.name == _GRANT), {"company": company, "connection": connection}
            ).one_or_none()
        return None if found is None else read_back(found.value, SecretPair)

    def replace_grant(self, company: CompanyId, connection: ConnectionId, pair: SecretPair) -> SecretPair:
        """Store the pair one version higher if the stored version is still its own; else return the stored one."""
        with self._database.write() as tx:
            found = tx.execute(
                _OF_CONNECTION.where(_SECRET.name == _GRANT).with_for_update(),
                {"company": company, "connection": connection},
            ).one_or_none()
            if (0 if found is None else found.version) != pair.version and found is not None:
                return read_back(found.value, SecretPair)
            raised = SecretPair(
                access=pair.access,
                refresh=pair.refresh,
                access_expires_at=pair.access_expires_at,
                refresh_expires_at=pair.refresh_expires_at,
                version=pair.version + 1,
            )
            tx.execute(
                self._database.upsert(tables.secret),
                {
                    "company_id": company,
                    "connection_id": connection,
                    "name": _GRANT,
                    "value": text_of(raised),
                    "version": raised.version,
                },
            )
        return raised


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
        owner = f"process {os.getpid()}"
        waited_seconds = 0.0
        while (lease := self._store.acquire(self._company, name, owner, _LEASE_SECONDS)) is None:
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
