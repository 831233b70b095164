"""After every sync of the books: is each mark of ours on one entry? While one is on several, nothing is written.

Only what changed since the last look is looked at, beside what the outbox knows of the same marks. Nothing is ever
deleted here: a person says which entry is right, by taking the other one away or by dismissing what was found.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.errors import Refused
from connector.model.finding import Finding, FindingCode
from connector.model.source import CompanyId, ConnectionId, OpId, Ref
from connector.ports import Page
from connector.reconcile.doubled import MARKED, marked_twice, marks_of
from connector.store import Author, Store


def check_marks(store: Store, author: Author, books: ConnectionId) -> tuple[Finding, ...]:
    """Every mark that stands on several entries of these books, as far as anything changed; it is kept as a notice.

    One that was dismissed is not told again while it stays as it was.
    """
    company, look = author.company, ConnectionId(f"{books} marks")
    newest = store.last_change(company, books, MARKED)
    through, _ = store.tie_check(company, look)
    if through == newest:
        return ()
    changed = list(_marked(store, company, books, through))
    answered = store.outbox_answers(company, {op_id for op_id, _ in changed})
    known = {op_id: ref for op_id, ref in answered.items() if op_id in _marks(store, company, ref)}
    found = marked_twice(changed, known)
    if found:
        store.save_pages(author, books, None, [Page(records=(), cursor="", more=False, findings=found)])
    store.save_tie_check(author, look, newest, ())
    return found


def standing_marks(store: Store, company: CompanyId, books: ConnectionId) -> frozenset[OpId]:
    """Every mark of ours that stands in these books, whatever our own memory of having written it."""
    return frozenset(op_id for op_id, _ in _marked(store, company, books, -1))


def stopped(store: Store, company: CompanyId) -> str:
    """Why nothing may be written for this company, "" when it may."""
    told = (each.finding for each in store.notices(company) if each.finding.code is FindingCode.MARKED_TWICE)
    first = next((each for each in told if _still(store, company, each.refs)), None)
    return "" if first is None else f"{first.sentence} Nothing is written until a person has looked at it."


def may_write(store: Store, company: CompanyId) -> None:
    """Refused while a mark of ours stands on several entries of the books."""
    why = stopped(store, company)
    if why:
        raise Refused(
            why,
            next_step="Void or delete the wrong entry there and sync; or: receivables findings --dismiss NUMBER",
        )


def _still(store: Store, company: CompanyId, refs: tuple[Ref, ...]) -> bool:
    """Whether two of these still carry the same mark."""
    held = [op_id for ref in refs for op_id in _marks(store, company, ref)]
    return len(held) > len(set(held))


def _marked(store: Store, company: CompanyId, books: ConnectionId, since: int) -> Iterator[tuple[OpId, Ref]]:
    for kind in MARKED:
        for stored in store.changed_since(company, kind, books, since):
            for op_id in marks_of(stored.record):
                yield op_id, stored.ref


def _marks(store: Store, company: CompanyId, ref: Ref) -> frozenset[OpId]:
    stored = store.record(company, ref)
    return marks_of(stored.record) if stored is not None and stored.gone is None else frozenset()
