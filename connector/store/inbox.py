"""What vendors told us to look at: stored before they are answered, once per event, done when it was looked at.

A hint is a working note, so the journal knows nothing of it and no company's writers wait for it. It must never be
read as data: what it points at is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update

from connector.dates import after
from connector.model.source import CompanyId, ConnectionId
from connector.ports import Hint
from connector.store import tables
from connector.store.database import Texts, is_one_of
from connector.store.journal import Desk, micros, read_back, text_of

_INBOX = tables.inbox.c
_DAY_SECONDS = 24 * 3600

_OPEN = (
    select(_INBOX.hint)
    .where(
        _INBOX.company_id == bindparam("company"),
        _INBOX.connection_id == bindparam("connection"),
        _INBOX.done_at.is_(None),
    )
    .order_by(_INBOX.at, _INBOX.event_key)
)


class Addressed(NamedTuple):
    """A hint, and the connection it is for."""

    company: CompanyId
    connection: ConnectionId
    hint: Hint


class Inbox(Desk):
    """Hints, from their arrival until they are forgotten."""

    def add_hints(self, hints: Iterable[Addressed]) -> int:
        """Store them in one transaction; returns how many were news. One that is known stays as it stands."""
        # In order of their keys, so that two deliveries of the same events never wait for each other in a circle.
        rows = {(one.company, one.connection, one.hint.key): one.hint for one in hints}
        if not rows:
            return 0
        now = micros(self._clock.now())
        fresh = self._database.insert(tables.inbox).on_conflict_do_nothing().returning(_INBOX.event_key)
        with self._database.write() as tx:
            stored = tx.execute(
                fresh,
                [
                    {
                        "company_id": company,
                        "connection_id": connection,
                        "event_key": key,
                        "at": now,
                        "hint": text_of(hint),
                        "done_at": None,
                        "vendor_id": hint.vendor_id,
                    }
                    for (company, connection, key), hint in sorted(rows.items())
                ],
            )
            return len(stored.all())

    def open_hints(self, company: CompanyId, connection: ConnectionId) -> tuple[Hint, ...]:
        """Those nobody has looked at yet, in the order in which they came."""
        with self._database.read() as tx:
            found = tx.execute(_OPEN, {"company": company, "connection": connection}).scalars()
            return tuple(read_back(body, Hint) for body in found)

    def event_about(self, company: CompanyId, connection: ConnectionId, vendor_ids: Sequence[str]) -> str | None:
        """The key of the latest event that pointed at one of these records, for a trail that says what told us."""
        if not vendor_ids:
            return None
        wanted = (
            select(_INBOX.event_key)
            .where(
                _INBOX.company_id == company,
                _INBOX.connection_id == connection,
                _INBOX.vendor_id.in_(vendor_ids),
            )
            .order_by(_INBOX.at.desc(), _INBOX.event_key.desc())
            .limit(1)
        )
        with self._database.read() as tx:
            return tx.execute(wanted).scalar_one_or_none()

    def hints_done(self, company: CompanyId, connection: ConnectionId, hints: Sequence[Hint]) -> None:
        """What they pointed at was looked at, or read anyway."""
        if not hints:
            return
        done = (
            update(tables.inbox)
            .where(
                _INBOX.company_id == company,
                _INBOX.connection_id == connection,
                _INBOX.done_at.is_(None),
                is_one_of(_INBOX.event_key, bindparam("keys", type_=Texts())),
            )
            .values(done_at=micros(self._clock.now()))
        )
        with self._database.write() as tx:
            tx.execute(done, {"keys": [hint.key for hint in hints]})

    def forget_hints(self, company: CompanyId, older_than_days: int) -> int:
        """Drop those done longer ago than that; returns how many. A repeat that comes later still is only looked at."""
        before = micros(after(self._clock.now(), -older_than_days * _DAY_SECONDS))
        old = delete(tables.inbox).where(_INBOX.company_id == company, _INBOX.done_at < before)
        with self._database.write() as tx:
            return tx.execute(old).rowcount
