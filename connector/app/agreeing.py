"""Whether the books and everything they should equal agree, for one company, up to a day."""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.access import way_back
from connector.app.house import Desk
from connector.app.parted import parted
from connector.dates import BusinessDate, zone
from connector.model.firm import BookingPattern
from connector.model.source import ConnectionId
from connector.reconcile.agreement import Difference, next_step, told
from connector.reconcile.sides import Ground, Sheet, sheets
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every sheet, and what nobody set up, in words. `parted` are the systems that are disconnected, the books among
    them or not; `unknown` says so. What is there now is not known, so no sheet of theirs is called equal."""

    as_of: BusinessDate
    sheets: tuple[Sheet, ...]
    unset: tuple[str, ...] = ()
    parted: frozenset[ConnectionId] = frozenset()
    books: ConnectionId | None = None
    unknown: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        return not self.parted and all(sheet.agreement.holds for sheet in self.sheets)

    def is_unknown(self, sheet: Sheet) -> bool:
        """Whether one of its sides cannot be read any more: what it says is of an earlier day. A sheet that is of
        nobody is of the books alone."""
        at_books = sheet.of is None or sheet.may_wait
        return sheet.of in self.parted or (at_books and self.books in self.parted)

    @property
    def differences(self) -> tuple[tuple[Sheet, Difference], ...]:
        """Every one, what contradicts before what may only wait to be posted."""
        found = [(sheet, each) for sheet in self.sheets for each in sheet.agreement.differences]
        return tuple(sorted(found, key=lambda pair: pair[0].waits(pair[1])))

    @property
    def agreeing(self) -> int:
        """How many entries say the same on both sides, where both are known."""
        return sum(sheet.agreement.agreeing for sheet in self.sheets if not self.is_unknown(sheet))

    @property
    def waiting(self) -> int:
        """How many differences may go by themselves, once what is not posted yet is."""
        return sum(sheet.waits(each) for sheet, each in self.differences)


def agreement(desk: Desk, as_of: BusinessDate | None = None, seen: Snapshot | None = None) -> Report:
    """Compare everything in the mirror, up to that day, else today. Balances are of now: no other day has them."""
    today = desk.today
    day = as_of or today
    snapshot = seen if seen is not None else desk.snapshot()
    ground = Ground(
        snapshot=snapshot,
        accounts=desk.clearing(),
        starts=desk.starts(),
        zone=zone(desk.company.zone),
        as_of=day,
        now=day >= today,
        transit=desk.transit(),
    )
    compared = {connection for connection, _ in ground.accounts}
    unset = tuple(
        f"No clearing account of {each.connection_id} is chosen, so its entries are not compared: "
        f"receivables accounts {each.connection_id} --clearing NAME"
        for each in desk.processors()
        if snapshot.books is not None and each.connection_id not in compared and each.pattern is BookingPattern.CLEARING
    )
    lost = parted(desk)
    unknown = tuple(
        f"{desk.spec(each).title} is disconnected: what is there now is unknown, so nothing is proven equal to it; to "
        f"connect it again: {way_back(each)}"
        for each in desk.connections()
        if each.connection_id in lost
    )
    return Report(as_of=day, sheets=sheets(ground), unset=unset, parted=lost, books=snapshot.books, unknown=unknown)


PROBLEMS_MAX = 20
"""So many contradictions of one sheet are told in full; `receivables prove` has them all."""


def disagreements(report: Report) -> tuple[str, ...]:
    """A sentence for everything that contradicts. What is only not posted yet contradicts nothing."""
    found: list[str] = []
    for sheet in report.sheets:
        wrong = sheet.contradictions
        found += [f"{sheet.name}: {sentence(sheet, each)} {next_step(each)}" for each in wrong[:PROBLEMS_MAX]]
        if len(wrong) > PROBLEMS_MAX:
            found.append(f"{sheet.name}: {len(wrong) - PROBLEMS_MAX:,} more; to see them: receivables prove")
    return tuple(found)


def sentence(sheet: Sheet, each: Difference) -> str:
    """The difference in words, with both sides by their names."""
    return told(each, f"in {sheet.here}", f"in {sheet.there}")
