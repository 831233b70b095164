"""What one decision stands on, found in a file or in the store, and computed again before it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.app.proving import records
from connector.errors import UnknownRecord, UserError
from connector.reconcile.cash.recheck import faults
from connector.reconcile.cash.record import Company, Customer, Debt, Line, Quoted
from connector.reconcile.cash.replay import Course

if TYPE_CHECKING:
    from connector.app.house import Desk
    from connector.sync import Progress

TOLD_EVERY = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The line, and what of it does not hold when it is computed again."""

    line: Line
    faults: tuple[str, ...]


def from_file(path: Path, payment: str, company: str | None, progress: Progress) -> Explanation:
    """A payment's line in a file that `match --evidence` wrote, computed again with all that stands before it."""
    course: Course | None = None
    found: list[Explanation] = []
    for number, record in enumerate(records(path), start=1):
        if isinstance(record, Company):
            course = Course(record)
        elif isinstance(record, Customer | Debt | Quoted | Line) and course is not None:
            why = tuple(course.take(record))
            if isinstance(record, Line) and record.payment.id == payment and company in (None, record.company):
                found.append(Explanation(line=record, faults=why))
        if number % TOLD_EVERY == 0:
            progress("lines", number)
    if not found:
        raise UnknownRecord(
            f"{path.name} says nothing of a payment {payment[:40]!r}.",
            next_step="Use its id as it stands in payments.csv; the file must be of that run.",
        )
    if len({each.line.company for each in found}) > 1:
        raise UserError(
            f"Several companies have a payment {payment[:40]!r}.",
            next_step=f"Add --company, for example --company {found[0].line.company}",
        )
    return found[0]


def from_store(desk: Desk, payment: str) -> Explanation:
    """A payment's line as it was kept with its decision, computed again from itself."""
    from connector.app.keeping import kept
    from connector.app.reviewing import payment_of

    ref = payment_of(desk.snapshot(), payment)
    found = kept(desk, ref)
    if found is None:
        raise UnknownRecord(
            f"Nothing is kept about the decision on {ref.vendor_id}.", next_step="Run: receivables reconcile"
        )
    head = Company(company=found.line.company, policy=found.policy, customers=0, items=0, decided=0, undecided=0)
    return Explanation(line=found.line, faults=tuple(f"{why}." for why in faults(found.line, head)))
