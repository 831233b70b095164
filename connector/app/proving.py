"""A file of evidence, every line of it computed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector import canonical
from connector.errors import UserError
from connector.reconcile.cash.payout_recheck import PayoutCourse
from connector.reconcile.cash.payout_record import Arrived, Consists, Open, PayoutRecord
from connector.reconcile.cash.record import Company, Customer, Debt, Line, Quoted, Record
from connector.reconcile.cash.replay import Course

if TYPE_CHECKING:
    from connector.sync import Progress

FAULTS_SHOWN_MAX = 20
TOLD_EVERY = 5_000

_SHAPES: dict[str, type[Record | PayoutRecord]] = {
    "company": Company,
    "customer": Customer,
    "item": Debt,
    "rate": Quoted,
    "payment": Line,
    "deposit": Arrived,
    "payout": Consists,
    "open payout": Open,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How many decisions and abstentions were looked at, and what does not hold: the first faults, and their number."""

    decisions: int
    abstentions: int
    faults: tuple[str, ...]
    count: int


def check_file(path: Path, progress: Progress) -> Report:
    """Compute everything again. UserError where the file cannot be read, or is no evidence at all."""
    shown: list[str] = []
    count = decisions = abstentions = 0
    course: Course | None = None
    sent = PayoutCourse()
    companies: set[str] = set()
    for number, record in enumerate(records(path), start=1):
        found: list[str] = []
        if isinstance(record, Company):
            found += _ended(course)
            decisions, abstentions = _counted(course, decisions, abstentions)
            if record.company in companies:
                found.append(f"The company {record.company} stands there twice.")
            companies.add(record.company)
            course = Course(record)
        elif isinstance(record, str):
            found.append(record)
        elif isinstance(record, PayoutRecord):
            found += sent.take(record)
        elif course is None:
            found.append(f"{path.name}, line {number}: no company stands before it.")
        else:
            found += course.take(record)
        count += len(found)
        shown += found[: FAULTS_SHOWN_MAX - len(shown)]
        if number % TOLD_EVERY == 0:
            progress("lines", number)
    if course is None and not count:
        raise UserError(f"{path.name} holds no evidence.", next_step="Name a file that `match --evidence` wrote.")
    last = _ended(course)
    decisions, abstentions = _counted(course, decisions, abstentions)
    return Report(
        decisions=decisions + sent.decisions,
        abstentions=abstentions + sent.abstentions,
        faults=(*shown, *last[: FAULTS_SHOWN_MAX - len(shown)]),
        count=count + len(last),
    )


def _ended(course: Course | None) -> list[str]:
    return list(course.end()) if course is not None else []


def _counted(course: Course | None, decisions: int, abstentions: int) -> tuple[int, int]:
    return (decisions + course.decisions, abstentions + course.abstentions) if course else (decisions, abstentions)


def records(path: Path) -> Iterator[Record | PayoutRecord | str]:
    """Each line, or why it is none."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                yield _record(path, number, raw.rstrip(b"\n"))
    except OSError:
        raise UserError(f"{path} cannot be read.", next_step="Name a file that `match --evidence` wrote.") from None


def _record(path: Path, number: int, body: bytes) -> Record | PayoutRecord | str:
    where = f"{path.name}, line {number}"
    try:
        plain = canonical.decode(body, dict)
        shape = _SHAPES.get(str(plain.get("what")))
        if shape is None:
            return f"{where}: nobody knows what it is."
        record = canonical.decode(body, shape)
    except canonical.DecodeError:
        return f"{where}: it is no line of evidence."
    if canonical.encode(record) != body:
        return f"{where}: it holds more than evidence, or is written otherwise."
    return record
