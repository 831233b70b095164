"""Leases: who may act on what, until when, by the database's own clock. Every holder gets a higher fence number.

A lease is a row, not a lock: nothing is held open while its holder works or waits for the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, cast, or_, select, update

from connector.dates import Instant
from connector.errors import StoreError, StoreLocked
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.database import insert_into, now_ms
from connector.store.journal import Desk, from_micros, lease_lost
from connector.store.rows import Lease

_NOBODY = ""
_LEASE = tables.lease.c
_MINE = (
    _LEASE.company_id == bindparam("company"),
    _LEASE.name == bindparam("lease_name"),
    _LEASE.owner == bindparam("holder"),
    _LEASE.fence == bindparam("number"),
)
_LEFT = select(_LEASE.until_ms - now_ms()).where(*_MINE)
_HELD = (
    update(tables.lease)
    .where(*_MINE)
    .values(until_ms=now_ms() + cast(bindparam("milliseconds"), BigInteger))
    .returning(_LEASE.until_ms)
)
_HOLDER = select(_LEASE.owner).where(
    _LEASE.company_id == bindparam("company"), _LEASE.name == bindparam("lease_name"), _LEASE.until_ms > now_ms()
)
_FREED = update(tables.lease).where(*_MINE).values(owner=_NOBODY, until_ms=0)


@cache
def _taken(*, is_sqlite: bool) -> Any:
    """Made once: making a statement costs more than carrying it out."""
    new = insert_into(tables.lease, is_sqlite=is_sqlite).values(
        company_id=bindparam("company"),
        name=bindparam("lease_name"),
        owner=bindparam("holder"),
        fence=1,
        until_ms=now_ms() + cast(bindparam("milliseconds"), BigInteger),
    )
    return new.on_conflict_do_update(
        index_elements=[_LEASE.company_id, _LEASE.name],
        set_={"owner": new.excluded.owner, "fence": _LEASE.fence + 1, "until_ms": new.excluded.until_ms},
        where=or_(_LEASE.until_ms <= now_ms(), _LEASE.owner == bindparam("dead")),
    ).returning(_LEASE.fence, _LEASE.until_ms)


class Leases(Desk):
    """Taking turns between processes."""

    _owed: list[Lease]
    """What could not be given back when its time had come."""

    def acquire(
        self, company: CompanyId, name: str, owner: str, seconds: float, *, after_dead: str | None = None
    ) -> Lease | None:
        """Take the lease when nobody holds it; None when somebody does (the same owner included).

        `after_dead` is an owner who is known to be dead: its lease is taken at once, before its time is over.
        """
        wanted = {
            "company": company,
            "lease_name": name,
            "holder": owner,
            "milliseconds": int(seconds * 1000),
            "dead": after_dead or _NOBODY,
        }
        with suppress(IndexError):  # none is left; several threads may ask at once
            while True:
                self.release(self._owed.pop())
        with self._database.write_passing() as tx:
            row = tx.execute(_taken(is_sqlite=self._database.is_sqlite), wanted).one_or_none()
        return (
            None
            if row is None
            else Lease(
                company_id=company, name=name, owner=owner, fence=row.fence, seconds=seconds, until=_until(row.until_ms)
            )
        )

    def renew(self, lease: Lease) -> Lease:
        """Hold it for its full time again. LeaseLost when somebody else took it or it was released."""
        held = {**_whose(lease), "milliseconds": int(lease.seconds * 1000)}
        with self._database.write_passing() as tx:
            until = tx.execute(_HELD, held).scalar_one_or_none()
        if until is None:
            raise lease_lost(lease.name)
        return replace(lease, until=_until(until))

    def keep(self, lease: Lease) -> None:
        """Hold it on, before something is sent under it: for its full time again once half of it is over. LeaseLost
        when somebody else took it or it was released."""
        with self._database.read() as tx:
            left = tx.execute(_LEFT, _whose(lease)).scalar_one_or_none()
        if left is None:
            raise lease_lost(lease.name)
        if left < lease.seconds * 500:
            self.renew(lease)

    def release(self, lease: Lease) -> None:
        """Let the next one have it at once. Nothing happens when it was lost already. Where the database is away just
        then, it is given back as soon as anything is taken again: else we would wait for ourselves."""
        try:
            with self._database.write_passing() as tx:
                tx.execute(_FREED, _whose(lease))
        except StoreError:
            self._owed.append(lease)
            raise

    def holder(self, company: CompanyId, name: str) -> str | None:
        """Who holds it now, None when nobody does."""
        with self._database.read() as tx:
            return tx.execute(_HOLDER, {"company": company, "lease_name": name}).scalar_one_or_none()

    def holders(self) -> tuple[str, ...]:
        """Everybody who holds anything of any company now, by name."""
        held = select(_LEASE.owner).where(_LEASE.owner != _NOBODY, _LEASE.until_ms > now_ms()).distinct()
        with self._database.read() as tx:
            return tuple(tx.execute(held.order_by(_LEASE.owner)).scalars())

    @contextmanager
    def holding(self, company: CompanyId, name: str, owner: str, seconds: float) -> Iterator[Lease]:
        """The lease for the length of a block; StoreLocked names who has it. The holder renews it by `renew`."""
        lease = self.acquire(company, name, owner, seconds)
        if lease is None:
            holder = self.holder(company, name) or "Another process"
            raise StoreLocked(f"{holder} is working on {name!r} now.", next_step="Wait until it is done, or stop it.")
        try:
            yield lease
        finally:
            self.release(lease)


def _whose(lease: Lease) -> dict[str, str | int]:
    return {"company": lease.company_id, "lease_name": lease.name, "holder": lease.owner, "number": lease.fence}


def _until(milliseconds: int) -> Instant:
    return from_micros(milliseconds * 1000)
