"""The last check of a connection's own sums: how far it saw, and which rows did not tie.

A check is made again from the mirror whenever something in it changed, so its row is a working note; that a row came
into quarantine, and that it left it, stands in the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, func, select

from connector.model.finding import Finding
from connector.model.source import CompanyId, ConnectionId, Kind
from connector.store import tables
from connector.store.journal import Desk, read_back, text_of
from connector.store.rows import Author

QUARANTINE = "quarantine"
"""The kind of the journal entry of a check that found other rows than the one before."""

_CHECK = tables.tie_check.c
_MIRROR = tables.mirror.c

_NEWEST = select(func.max(_MIRROR.record_seq)).where(
    _MIRROR.company_id == bindparam("company"),
    _MIRROR.connection_id == bindparam("connection"),
    _MIRROR.kind.in_(bindparam("kinds", expanding=True)),
)
_LAST_CHECK = select(tables.tie_check).where(
    _CHECK.company_id == bindparam("company"), _CHECK.connection_id == bindparam("connection")
)


class Ties(Desk):
    """What is in quarantine."""

    def last_change(self, company: CompanyId, connection: ConnectionId, kinds: Collection[Kind]) -> int:
        """The journal entry with which a record of these kinds last changed; 0 when there never was one."""
        asked = {"company": company, "connection": connection, "kinds": [kind.value for kind in kinds]}
        with self._database.read() as tx:
            return int(tx.execute(_NEWEST, asked).scalar_one() or 0)

    def changed_parties(
        self, company: CompanyId, connection: ConnectionId, kinds: Collection[Kind], since: int
    ) -> frozenset[str] | None:
        """Whose records of these kinds changed after that journal entry; None when one of them is nobody's, or gone."""
        wanted = (
            select(_MIRROR.party)
            .where(
                _MIRROR.company_id == company,
                _MIRROR.connection_id == connection,
                _MIRROR.kind.in_([kind.value for kind in kinds]),
                _MIRROR.record_seq > since,
            )
            .distinct()
        )
        with self._database.read() as tx:
            found = set(tx.execute(wanted).scalars())
        return None if None in found else frozenset(found)

    def families(self, company: CompanyId, connection: ConnectionId, parties: Collection[str]) -> frozenset[str]:
        """These customers and everybody above, below and beside them: a parent may pay for its children."""
        wanted = select(_MIRROR.vendor_id, _MIRROR.party).where(
            _MIRROR.company_id == company, _MIRROR.connection_id == connection, _MIRROR.kind == Kind.CUSTOMER.value
        )
        with self._database.read() as tx:
            parents = {row.vendor_id: row.party for row in tx.execute(wanted)}
        tops = {_top(each, parents) for each in parties}
        return frozenset(parties) | {each for each in parents if _top(each, parents) in tops}

    def tie_check(self, company: CompanyId, connection: ConnectionId) -> tuple[int, tuple[Finding, ...]]:
        """How far the last check saw, and what did not tie; (-1, ()) before the first."""
        with self._database.read() as tx:
            found = tx.execute(_LAST_CHECK, {"company": company, "connection": connection}).one_or_none()
        return (-1, ()) if found is None else (int(found.through), read_back(found.body, tuple[Finding, ...]))

    def save_tie_check(
        self, author: Author, connection: ConnectionId, through: int, findings: Sequence[Finding]
    ) -> None:
        """Replace the last check. The journal gets what came into quarantine and what left it, by its first ref."""
        before = {str(finding.refs[0]) for finding in self.tie_check(author.company, connection)[1]}
        now = {str(finding.refs[0]) for finding in findings}
        row = {
            "company_id": author.company,
            "connection_id": connection,
            "through": through,
            "body": text_of(tuple(findings)),
        }
        with self._writing(author) as scribe:
            scribe.tx.execute(self._database.upsert(tables.tie_check), [row])
            if now != before:
                body = {"connection": connection, "came": sorted(now - before), "left": sorted(before - now)}
                scribe.write(QUARANTINE, body)

    def quarantined(self, company: CompanyId) -> tuple[Finding, ...]:
        """Every row that did not tie when its connection was last checked."""
        wanted = select(_CHECK.body).where(_CHECK.company_id == company).order_by(_CHECK.connection_id)
        with self._database.read() as tx:
            bodies = tx.execute(wanted).scalars().all()
        return tuple(finding for body in bodies for finding in read_back(body, tuple[Finding, ...]))


def _top(customer: str, parents: Mapping[str, str | None]) -> str:
    seen: set[str] = set()
    while customer not in seen:
        seen.add(customer)
        customer = parents.get(customer) or customer
    return customer
