"""A company's first page: is it well, what is wrong, how fresh is what we know, and what happened since yesterday."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi.responses import Response

from connector.app.errands import is_cut_off, under_way
from connector.app.house import Desk
from connector.app.plans import Plans, PlanStanding, PlanState
from connector.app.shouting import conditions
from connector.app.standing import ConnectionStatus, Status, status
from connector.dates import Instant, later, midnight, zone
from connector.model.intent import IntentKind
from connector.model.person import Errand, ErrandState
from connector.money import Money, by_currency
from connector.plan.groups import IN_WORDS
from connector.store import OutboxState
from connector.web import words
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, look

PLANS_LOOKED_AT = 20
GAUGE = 100
_OTHERS = {
    IntentKind.NOTE: "notes pushed",
    IntentKind.PAY_PAGE: "pay pages opened",
    IntentKind.CAPTURE: "approved payments taken",
    IntentKind.HOOK: "webhooks set up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """How old what we know of a connection is, as a picture: so much of the time it may be, in hundredths."""

    stands: ConnectionStatus
    used: int
    said: str
    reads: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One thing that happened since yesterday began: how often, and for how much."""

    what: str
    count: int
    sums: tuple[Money, ...] = ()


def home(visit: Visit) -> Response:
    """The page."""
    desk = visit.desk
    stands, turn = status(desk), desk.store.turn(desk.id)
    alarms = conditions(desk, turn)
    standing = Plans(desk)
    plans = [each for each in standing.latest(PLANS_LOOKED_AT) if is_open(each)]
    due = [each for each in visit.guest.tools.glass.today(desk) if each.due] if _has_books(desk) else []
    busy = under_way(desk)
    return page(
        visit,
        "home.html",
        desk.company.name,
        alarms=alarms,
        gauges=[_gauge(desk, each) for each in stands.connections],
        stands=stands,
        turn=turn,
        plans=plans,
        due=len(due),
        due_sums=tuple(by_currency(each.invoice.open for each in due).values()),
        happened=_since_yesterday(desk),
        since=later(desk.today, -1),
        waits=visit.guest.tools.glass.waiting_count(desk),
        busy=busy,
        cut_off=_cut_off(desk),
        well=not alarms and not stands.failed and not any(each.stale for each in stands.connections),
        headline=_headline(stands, len(alarms)),
    )


def is_open(standing: PlanStanding) -> bool:
    """Whether a plan waits for somebody: nothing of it was written yet, and it is not overtaken by a newer one."""
    return standing.state in (PlanState.MADE, PlanState.APPROVED) and bool(standing.plan.lines)


def _cut_off(desk: Desk) -> Errand | None:
    """Work that was cut off, if nothing of its kind came to its end since."""
    latest = desk.store.errands(desk.id, most=1)
    return latest[0] if latest and latest[0].state is ErrandState.WORKING and is_cut_off(latest[0]) else None


def _headline(stands: Status, alarms: int) -> str:
    if alarms or stands.failed:
        return f"{words.counted(max(alarms, 1), 'thing needs', 'things need')} you"
    if any(each.stale for each in stands.connections):
        return "Not everything was read lately"
    return "All is well"


def _has_books(desk: Desk) -> bool:
    return any(desk.spec(each).keeps_books for each in desk.connections())


def _gauge(desk: Desk, stands: ConnectionStatus) -> Gauge:
    limit_seconds = desk.house.config.stale_after_hours * 3600
    if stands.data_as_of is None:
        return Gauge(stands=stands, used=GAUGE, said="never read to its end", reads=_reads(stands))
    age = max(0, int((desk.clock.now() - stands.data_as_of).total_seconds()))
    used = min(GAUGE, age * GAUGE // limit_seconds)
    return Gauge(stands=stands, used=used, said=f"read {_ago(age)}", reads=_reads(stands))


def _reads(stands: ConnectionStatus) -> int | None:
    """How much of the month's metered reads is used, in hundredths."""
    spent = stands.spending
    if spent is None or not spent.allowed:
        return None
    return min(GAUGE, spent.metered * GAUGE // spent.allowed)


def _ago(seconds: int) -> str:
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{words.counted(seconds // size, noun)} ago"
    return "just now"


def _since_yesterday(desk: Desk) -> list[Happened]:
    """What was written, decided and said since yesterday began, in the company's own days."""
    begun = _beginning(desk)
    rows = [
        row
        for row in desk.store.outbox(desk.id, states=(OutboxState.DONE,))
        if row.tried_at is not None and row.tried_at >= begun
    ]
    kinds = Counter(row.kind for row in rows)
    found = [Happened(what=_kind(kind), count=count) for kind, count in sorted(kinds.items())]
    rulings = [each for each in desk.store.rulings(desk.id) if each.at >= begun]
    found.append(Happened(what="Decided by people", count=len(rulings), sums=_sums(each.gross for each in rulings)))
    contacts = [each for each in desk.store.contacts(desk.id) if each.at >= begun]
    promised = [each.promise.amount for each in contacts if each.promise is not None]
    found.append(Happened(what="Contacts logged", count=len(contacts)))
    found.append(Happened(what="Promised by payers", count=len(promised), sums=_sums(promised)))
    return [each for each in found if each.count]


def _kind(kind: IntentKind) -> str:
    return words.opening(IN_WORDS.get(kind) or _OTHERS.get(kind, str(kind)))


def _sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    return tuple(by_currency(amounts).values())


def _beginning(desk: Desk) -> Instant:
    """When yesterday began where the company is."""
    return midnight(later(desk.today, -1), zone(desk.company.zone))


WAYS = (look("", home),)
