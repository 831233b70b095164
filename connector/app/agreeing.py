"""Whether the books and everything they should equal agree, for one company, up to a day."""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.house import Desk
from connector.dates import BusinessDate, zone
from connector.model.firm import BookingPattern
from connector.reconcile.agreement import DifferenceKind
from connector.reconcile.sides import Ground, Sheet, sheets
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every sheet, and what nobody set up, in words."""

    as_of: BusinessDate
    sheets: tuple[Sheet, ...]
    unset: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        return all(sheet.agreement.holds for sheet in self.sheets)


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
    )
    compared = {connection for connection, _ in ground.accounts}
    unset = tuple(
        f"No clearing account of {each.connection_id} is chosen, so its entries are not compared: "
        f"receivables accounts {each.connection_id} --clearing NAME"
        for each in desk.processors()
        if snapshot.books is not None
        and each.connection_id not in compared
        and each.pattern is not BookingPattern.DEPOSIT
    )
    return Report(as_of=day, sheets=sheets(ground), unset=unset)


def disagreements(report: Report) -> tuple[str, ...]:
    """A sentence per sheet in which something contradicts. What is only not posted yet contradicts nothing."""
    found = {
        sheet.name: sum(each.kind is not DifferenceKind.MISSING_HERE for each in sheet.agreement.differences)
        for sheet in report.sheets
    }
    return tuple(
        f"{name}: {count} entr{'y does' if count == 1 else 'ies do'} not agree; to see which: receivables agree"
        for name, count in found.items()
        if count
    )
