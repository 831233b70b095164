"""What was seen while a connection was read and a person should know: kept until it is true no more or was dismissed.

A page and its notices are stored together, so a reader that is killed forgets none. A notice about records goes when a
page brings one of them and does not say it again; any other stays until a person dismisses it. When a notice comes or
goes the journal says so; that it was seen once more is a working note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from connector import canonical
from connector.dates import Instant
from connector.errors import UnknownRecord
from connector.model.finding import Finding, FindingCode
from connector.model.source import ActorId, CompanyId, ConnectionId, Ref
from connector.ports import Page
from connector.store import tables
from connector.store.database import Database
from connector.store.journal import Desk, Scribe, from_micros, micros, read_back, text_of
from connector.store.rows import Author

NOTICED = "noticed"
GONE = "notice-gone"
"""The kinds of the journal entries when a notice came, and when some were true no more."""

DISMISSED = "dismissed"
"""The kind of the journal entry when a person dismissed one."""

_NOTICE = tables.notice.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that was seen, when first and when last. `number` is its own in its company for good."""

    number: int
    connection: ConnectionId
    finding: Finding
    first_at: Instant
    last_at: Instant

    @property
    def needs_a_person(self) -> bool:
        """Whether something may be wrong until somebody looks: not so for a mere field that is new to us."""
        return self.finding.code is not FindingCode.UNKNOWN_VALUE or self.finding.amount is not None


_OF_CONNECTION = select(tables.notice).where(
    _NOTICE.company_id == bindparam("company"), _NOTICE.connection_id == bindparam("connection")
)
_STANDING = (
    select(tables.notice)
    .where(_NOTICE.company_id == bindparam("company"), _NOTICE.dismissed_by.is_(None))
    .order_by(_NOTICE.number)
)


class Notices(Desk):
    """What stands."""

    def notices(self, company: CompanyId) -> tuple[Notice, ...]:
        """Everything that nobody has dismissed, the oldest first."""
        with self._database.read() as tx:
            return tuple(_notice(row) for row in tx.execute(_STANDING, {"company": company}))

    def noticed(self, company: CompanyId, connection: ConnectionId) -> frozenset[Ref]:
        """The records about which something stands, dismissed or not."""
        return frozenset(ref for row in self._rows(company, connection) for ref in _finding(row).refs)

    def dismiss(self, company: CompanyId, number: int, actor: ActorId) -> Notice:
        """A person knows it now, and it is not shown again unless it goes and comes back. UnknownRecord: there is no
        such number, or it was dismissed."""
        mine = (_NOTICE.company_id == company, _NOTICE.number == number, _NOTICE.dismissed_by.is_(None))
        with self._writing(Author(company, actor)) as scribe:
            row = scribe.tx.execute(select(tables.notice).where(*mine)).one_or_none()
            if row is None:
                raise UnknownRecord(
                    f"Nothing has the number {number}, or it was dismissed already.",
                    next_step="See: receivables findings",
                )
            scribe.tx.execute(update(tables.notice).where(*mine).values(dismissed_by=actor))
            notice = _notice(row)
            scribe.write(DISMISSED, {"number": number, "sentence": notice.finding.sentence})
        return notice

    def note_fault(self, author: Author, connection: ConnectionId, fault: Finding | None) -> None:
        """How the last reading of a connection ended: by that fault, or well (None). Its notice comes, or goes."""
        standing = [
            row for row in self._rows(author.company, connection) if _finding(row).code is FindingCode.READ_FAILED
        ]
        if fault is None and not standing:
            return
        with self._writing(author) as scribe:
            board = _Board(scribe, self._database, connection)
            board.said([fault] if fault is not None else [])
            wanted = identity(fault) if fault is not None else ""
            board.drop([row.notice_id for row in standing if row.notice_id != wanted])

    def note_standing(self, author: Author, about: ConnectionId, found: Sequence[Finding]) -> None:
        """All that is true now of something that is watched and not read (payment links): what is not among it goes."""
        standing = self._rows(author.company, about)
        if not found and not standing:
            return
        told = {identity(each) for each in found}
        if told == {row.notice_id for row in standing}:
            return
        with self._writing(author) as scribe:
            board = _Board(scribe, self._database, about)
            board.said(found)
            board.drop([row.notice_id for row in standing if row.notice_id not in told])

    def _rows(self, company: CompanyId, connection: ConnectionId) -> Sequence[Any]:
        with self._database.read() as tx:
            return tx.execute(_OF_CONNECTION, {"company": company, "connection": connection}).all()


def keep(
    scribe: Scribe, database: Database, connection: ConnectionId, pages: Sequence[Page], known: AbstractSet[Ref] | None
) -> None:
    """Keep what these pages say, in their own transaction, and drop what they do not say again of what they bring.

    `known` are the records about which something stands, where the caller knows; then pages without anything to say
    about records without a notice cost no statement.
    """
    said = [finding for page in pages for finding in page.findings]
    if not said and known is not None and not known:
        return
    brought = {one.ref for page in pages for one in page.records}
    if not said and known is not None and brought.isdisjoint(known):
        return
    board = _Board(scribe, database, connection)
    board.said(said)
    board.drop_unsaid(brought, {identity(one) for one in said})


def identity(finding: Finding) -> str:
    """What makes two findings the same: the reason and the sentence, whatever record it was seen on."""
    return canonical.digest(f"{finding.code} {finding.sentence}".encode())


class _Board:
    """The notices of one connection within one transaction."""

    def __init__(self, scribe: Scribe, database: Database, connection: ConnectionId) -> None:
        self._scribe = scribe
        self._database = database
        self._connection = connection
        found = scribe.tx.execute(_OF_CONNECTION, {"company": scribe.company, "connection": connection})
        self._held = {row.notice_id: row for row in found}

    def said(self, findings: Iterable[Finding]) -> None:
        """These are true now. One that is about no record was said because it happened again, dismissed or not."""
        rows = []
        for key, finding in {identity(finding): finding for finding in findings}.items():
            old = self._held.get(key)
            # The number of the entry that tells of it: no other notice ever gets it, not even when this one is gone.
            number = self._told(finding) if old is None else old.number
            rows.append(
                {
                    "company_id": self._scribe.company,
                    "connection_id": self._connection,
                    "notice_id": key,
                    "number": number,
                    "first_at": micros(self._scribe.at) if old is None else old.first_at,
                    "last_at": micros(self._scribe.at),
                    "dismissed_by": old.dismissed_by if old is not None and finding.refs else None,
                    "body": text_of(finding),
                }
            )
        if rows:
            self._scribe.tx.execute(self._database.upsert(tables.notice), rows)

    def drop_unsaid(self, brought: AbstractSet[Ref], said: AbstractSet[str]) -> None:
        """These records came, and this was said of them: nothing else is true of them any more."""
        self.drop(
            [
                key
                for key, row in self._held.items()
                if key not in said
                and _finding(row).code is not FindingCode.READ_FAILED
                and not brought.isdisjoint(_finding(row).refs)
            ]
        )

    def drop(self, keys: Sequence[str]) -> None:
        """These are not true any more."""
        if keys:
            gone = delete(tables.notice).where(
                _NOTICE.company_id == bindparam("company"),
                _NOTICE.connection_id == bindparam("connection"),
                _NOTICE.notice_id == bindparam("key"),
            )
            place = {"company": self._scribe.company, "connection": self._connection}
            self._scribe.tx.execute(gone, [{**place, "key": key} for key in keys])
            left = [self._held[key].number for key in keys]
            self._scribe.write(GONE, {"connection": self._connection, "numbers": left})

    def _told(self, finding: Finding) -> int:
        return self._scribe.write(NOTICED, {"connection": self._connection, "sentence": finding.sentence})


def _finding(row: Any) -> Finding:
    return read_back(row.body, Finding)


def _notice(row: Any) -> Notice:
    return Notice(
        number=row.number,
        connection=ConnectionId(row.connection_id),
        finding=_finding(row),
        first_at=from_micros(row.first_at),
        last_at=from_micros(row.last_at),
    )
