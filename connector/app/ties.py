"""After every sync: do the rows of the books still tie? What does not is in quarantine until it does.

While all is well, a check looks at every row of the customers of whom something changed, and of their families. It can
only clear: as soon as it finds anything, and as long as anything is in quarantine, the whole mirror of the books is
checked. How far the last check saw is stored, so one that was killed is made again, and one with nothing new to see is
not made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from connector.app.house import Desk
from connector.model.finding import Finding
from connector.model.firm import Connection
from connector.model.mirror import Gone, Noun
from connector.model.money_in import Payment
from connector.model.source import CompanyId, ConnectionId, Kind, Ref
from connector.reconcile.snapshot import Snapshot, snapshot
from connector.reconcile.tieout import unsettled
from connector.store import Author, Store

SETTLING = (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PAYMENT)
"""The kinds that the two identities of an invoice and of a payment are about."""

PARTIES_MAX = 200
"""When more customers than that changed, looking at everything costs no more."""


def check_ties(desk: Desk, connection: Connection, author: Author) -> tuple[Finding, ...]:
    """Every row of the books whose sums do not hold now; none for a connection that keeps no books."""
    if not desk.spec(connection).keeps_books:
        return ()
    return check(desk.store, author, connection.connection_id)


def check(store: Store, author: Author, books: ConnectionId) -> tuple[Finding, ...]:
    """The same for the books of that name; what was found is stored."""
    company = author.company
    newest = store.last_change(company, books, SETTLING)
    through, standing = store.tie_check(company, books)
    if through == newest:
        return standing
    found = () if not standing and _clear(store, company, books, through) else _all(store, company, books)
    store.save_tie_check(author, books, newest, found)
    return found


def _all(store: Store, company: CompanyId, books: ConnectionId) -> tuple[Finding, ...]:
    return unsettled(books_alone(store, company, books, (*SETTLING, Kind.BOOK_ENTRY)))


def _clear(store: Store, company: CompanyId, books: ConnectionId, through: int) -> bool:
    """Whether all rows of the customers tie of whom something changed since. False where that does not say enough."""
    if through < 0:
        return False
    parties = store.changed_parties(company, books, SETTLING, through)
    if parties is None or len(parties) > PARTIES_MAX:
        return False
    families = store.families(company, books, parties)
    return not unsettled(books_alone(store, company, books, SETTLING, families))


def books_alone(
    store: Store,
    company: CompanyId,
    books: ConnectionId,
    kinds: Collection[Kind],
    parties: frozenset[str] | None = None,
) -> Snapshot:
    """These kinds of the books' records (of these customers) without the rest of the mirror."""
    held: list[tuple[Ref, str, Noun | Gone]] = [
        (stored.ref, stored.version, stored.record)
        for kind in kinds
        for stored in store.records(company, kind, connection=books, parties=parties)
    ]
    if Kind.BOOK_ENTRY not in kinds:
        held += list(_settled_by_hand(store, company, [record for _, _, record in held]))
    return snapshot(held, books=books)


def _settled_by_hand(
    store: Store, company: CompanyId, records: Collection[Noun | Gone]
) -> Iterator[tuple[Ref, str, Noun | Gone]]:
    """The entries by hand that payments among these settle: they say in which direction."""
    targets = {
        share.target
        for record in records
        if isinstance(record, Payment)
        for share in record.allocations
        if share.target.kind is Kind.BOOK_ENTRY
    }
    for target in sorted(targets):
        stored = store.record(company, target)
        if stored is not None:
            yield target, stored.version, stored.record
