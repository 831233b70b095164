"""Leases: who may act on what, until when, by the database's own clock. Every holder gets a higher fence number.

A lease is a row, not a lock: nothing is held open while its holder works or waits for the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import BigInteger, bindparam, cast, literal, or_, select, update

from connector.dates import Instant
from connector.errors import StoreLocked
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.database import now_ms
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
_FREED = update(tables.lease).where(*_MINE).values(owner=_NOBODY, until_ms=0)


class Leases(Desk):
    """Taking turns between processes."""

    def acquire(
        self, company: CompanyId, name: str, owner: str, seconds: float, *, after_dead: str | None = None
    ) -> Lease | None:
        """Take the lease when nobody holds it; None when somebody does (the same owner included).

        `after_dead` is an owner who is known to be dead: its lease is taken at once, before its time is over.
        """
        wanted = {
            "company_id": company,
            "name": name,
            "owner": owner,
            "fence": 1,
            "until_ms": now_ms() + _milliseconds(seconds),
        }
        insert = self._database.insert(tables.lease).values(wanted)
        taken = insert.on_conflict_do_update(
            index_elements=[_LEASE.company_id, _LEASE.name],
            set_={"owner": owner, "fence": _LEASE.fence + 1, "until_ms": insert.excluded.until_ms},
            where=or_(_LEASE.until_ms <= now_ms(), _LEASE.owner == literal(after_dead or _NOBODY)),
        ).returning(_LEASE.fence, _LEASE.until_ms)
        with self._database.write() as tx:
            row = tx.execute(taken).one_or_none()
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
        with self._database.write() as tx:
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
        """Let the next one have it at once. Nothing happens when it was lost already."""
        with self._database.write() as tx:
            tx.execute(_FREED, _whose(lease))

    def holder(self, company: CompanyId, name: str) -> str | None:
        """Who holds it now, None when nobody does."""
        with self._database.read() as tx:
            return tx.execute(
                select(_LEASE.owner).where(
                    _LEASE.company_id == company, _LEASE.name == name, _LEASE.until_ms > now_ms()
                )
            ).scalar_one_or_none()

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


def _milliseconds(seconds: float) -> object:
    return cast(literal(int(seconds * 1000)), BigInteger)


def _until(milliseconds: int) -> Instant:
    return from_micros(milliseconds * 1000)
