"""What one decision stands on, found in a file or in the store, and computed again before it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.app.proving import FAULTS_SHOWN_MAX, Report, records
from connector.errors import UnknownRecord, UserError
from connector.reconcile.cash.recheck import faults
from connector.reconcile.cash.record import Company, Customer, Debt, Line, Quoted
from connector.reconcile.cash.replay import Course

if TYPE_CHECKING:
    from connector.app.house import Desk
    from connector.app.keeping import Kept
    from connector.model.ruling import Ruling
    from connector.sync import Progress

TOLD_EVERY = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The line, and what of it does not hold when it is computed again. `ruling`: what a person, or a rule of the
    company, decided since; the line is then what the engine had made of it."""

    line: Line
    faults: tuple[str, ...]
    ruling: Ruling | None = None


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
    """A payment's line as it was kept when it was last looked at, computed again from itself."""
    from connector.app.keeping import kept
    from connector.app.reviewing import payment_of
    from connector.reconcile.rulings import in_force

    seen = desk.snapshot()
    ref = payment_of(seen, payment)
    found = kept(desk, ref)
    if found is None:
        by_hand = seen.in_books(ref)
        raise UnknownRecord(
            f"{ref.vendor_id} was recorded in the books by a person; nothing was decided about it here."
            if by_hand
            else f"Nothing is kept about {ref.vendor_id}: it was not looked at yet.",
            next_step="See there what it pays." if by_hand else "Run: receivables reconcile",
        )
    return Explanation(line=found.line, faults=held(found), ruling=in_force(seen.rulings).decided.get(ref))


def held(found: Kept) -> tuple[str, ...]:
    """What does not hold of what is kept about one payment; nothing, if all of it does."""
    head = Company(company=found.line.company, policy=found.policy, customers=0, items=0, decided=0, undecided=0)
    return tuple(f"{why}." for why in faults(found.line, head))


def check_store(desk: Desk, progress: Progress) -> Report:
    """Compute everything again that is kept of one company, each line from itself alone."""
    from connector.app.keeping import all_kept

    everything = all_kept(desk)
    found = []
    for number, (ref, each) in enumerate(sorted(everything.items()), start=1):
        found += [f"{ref.vendor_id}: {why}" for why in held(each)]
        if number % TOLD_EVERY == 0:
            progress("lines", number)
    if not everything:
        raise UserError("Nothing is kept yet that could be checked.", next_step="Run: receivables reconcile")
    decisions = sum(each.line.step >= 0 for each in everything.values())
    return Report(
        decisions=decisions,
        abstentions=len(everything) - decisions,
        faults=tuple(found[:FAULTS_SHOWN_MAX]),
        count=len(found),
    )
