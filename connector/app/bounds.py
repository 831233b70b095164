"""What may be written with nobody looking: bounds per entry and per day, and nothing twice that was refused once.

What is above a bound is left out of the plan with its reason, and waits for a person, who plans it by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.app.calling_off import was_called_off
from connector.app.house import Desk
from connector.dates import day_of, zone
from connector.model.autosync import Autosync
from connector.model.finding import Finding, FindingCode
from connector.model.intent import IntentKind, Posting
from connector.model.source import Ref
from connector.money import Currency, Money, grouped
from connector.plan import PlanLine
from connector.plan.groups import amount_of, entry_amount
from connector.reconcile.booked import Written
from connector.store import OutboxRow, OutboxState

BY_HAND = "Look at it, and write it yourself: receivables plan, then receivables apply"


@dataclass(frozen=True, slots=True)
class _Bound:
    """The most that something may come to, per currency; no bound at all where none was set."""

    amounts: Mapping[Currency, int]

    def broken_by(self, money: Money) -> bool:
        return bool(self.amounts) and money.minor > self.amounts.get(money.currency, 0)


def _bound(amounts: Iterable[Money]) -> _Bound:
    return _Bound({each.currency: each.minor for each in amounts})


def beyond(
    lines: Sequence[PlanLine], settings: Autosync, spent: Mapping[Currency, int]
) -> dict[Ref | Written, Finding]:
    """Whose lines are more than may be written unattended: of one entry, or of a day of which `spent` is used up.

    All lines about one piece of money go together: a payment is not written without its fee.
    """
    single, daily = _bound(settings.per_posting), _bound(settings.per_day)
    used = dict(spent)
    found: dict[Ref | Written, Finding] = {}
    about_each: dict[Ref, list[PlanLine]] = {}
    for line in lines:
        about_each.setdefault(line.intent.about, []).append(line)
    for about, own in about_each.items():
        amounts = [money for line in own if (money := amount_of(line)) is not None]
        over = next((money for money in amounts if single.broken_by(money)), None)
        if over is not None:
            found[about] = _waits(about, f"{grouped(over)} is more than one entry may come to unattended")
            continue
        after = dict(used)
        for money in amounts:
            after[money.currency] = after.get(money.currency, 0) + money.minor
        if any(daily.broken_by(Money(minor, code)) for code, minor in after.items() if minor != used.get(code, 0)):
            found[about] = _waits(about, "with it, more would be written today than may be unattended")
            continue
        used = after
    return found


def _waits(about: Ref, why: str) -> Finding:
    return Finding(
        code=FindingCode.ABOVE_BOUND,
        sentence=f"{about.kind.value.replace('_', ' ').capitalize()} {about.vendor_id} waits: {why}.",
        next_step=BY_HAND,
        refs=(about,),
    )


def refused_before(rows: Iterable[OutboxRow], lines: Iterable[PlanLine]) -> dict[Ref | Written, Finding]:
    """About what exactly the same was refused before: it would be refused again every five minutes. Once anything of
    it is different, or somebody writes it by hand, it is tried."""
    last = {row.subject: row for row in rows if row.state is OutboxState.DEAD and isinstance(row.intent, Posting)}
    dead = {subject: row.intent for subject, row in last.items() if not was_called_off(row)}
    return {
        # An invoice whose link could not be put on it is paid all the same.
        (IntentKind.LINK, line.intent.about) if line.kind is IntentKind.LINK else line.intent.about: _waits(
            line.intent.about, "exactly that was refused before"
        )
        for line in lines
        if dead.get(line.subject) == line.intent
    }


def spent_today(desk: Desk, unattended: Iterable[OutboxRow]) -> dict[Currency, int]:
    """What was sent on this day of the company's by writes that nobody looked at, minor units per currency."""
    where, today = zone(desk.company.zone), desk.today
    spent: dict[Currency, int] = {}
    for row in unattended:
        if row.tried_at is None or day_of(row.tried_at, where) != today or was_called_off(row):
            continue
        money = entry_amount(row.intent) if isinstance(row.intent, Posting) else None
        if money is not None:
            spent[money.currency] = spent.get(money.currency, 0) + money.minor
    return spent
