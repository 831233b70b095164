"""A company's first page: is it well, what is wrong, how fresh is what we know, and what happened since yesterday."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.responses import Response

from connector.app.approving import Consent
from connector.app.errands import is_cut_off, under_way
from connector.app.figures import FirstPage, consent_of, plan_figures, yesterday
from connector.app.first_steps import StepState, first_steps
from connector.app.freshness import freshness
from connector.app.house import Desk
from connector.app.shouting import conditions
from connector.app.standing import ConnectionStatus, Status, status
from connector.dates import later
from connector.model.intent import IntentKind
from connector.model.person import Errand, ErrandState
from connector.money import Money
from connector.plan.groups import IN_WORDS
from connector.web import words
from connector.web.console.drawing import page
from connector.web.console.lately import FIRST
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
    desk, tools = visit.desk, visit.guest.tools
    fresh = freshness(desk)
    stands, turn = status(desk, fresh), desk.store.turn(desk.id)
    alarms = conditions(desk, turn, stands)
    told = tools.lately(desk, FIRST)
    known = tools.glass.waiting_known(desk)
    steps = first_steps(desk, fresh)
    return page(
        visit,
        "home.html",
        desk.company.name,
        known=fresh,
        alarms=alarms,
        gauges=[gauge_of(desk, each) for each in stands.connections],
        stands=stands,
        turn=turn,
        plans=_open_plans(desk),
        told=told,
        again=told.working,
        first=told.value,
        happened=_since_yesterday(desk, told.value),
        since=later(desk.today, -1),
        waits=known if known is not None else told.value.waits if told.value is not None else None,
        steps_left=[each for each in steps if each.state is not StepState.DONE],
        steps_count=len(steps),
        busy=under_way(desk),
        cut_off=_cut_off(desk),
        headline=_headline(stands, len(alarms)),
    )


def _open_plans(desk: Desk) -> list[Consent]:
    """Plans that wait for somebody, of the latest: nothing of them was written yet."""
    begun = desk.store.plans_begun(desk.id)
    names = [each for each in desk.store.plan_names(desk.id, most=PLANS_LOOKED_AT) if each not in begun]
    held = [(each, plan_figures(desk, each)) for each in names]
    return [consent_of(desk, name, each) for name, each in held if each.lines]


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


def gauge_of(desk: Desk, stands: ConnectionStatus) -> Gauge:
    """How old it is, of the time it may take."""
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


def _since_yesterday(desk: Desk, first: FirstPage | None) -> list[Happened]:
    """What was written, decided and said since yesterday began, in the company's own days."""
    kinds = desk.store.written_since(desk.id, yesterday(desk))
    found = [Happened(what=_kind(kind), count=count) for kind, count in sorted(kinds.items())]
    if first is not None:
        found += [
            Happened(what="Decided by people", count=first.rulings, sums=first.ruling_sums),
            Happened(what="Contacts logged", count=first.contacts),
            Happened(what="Promised by payers", count=first.promises, sums=first.promise_sums),
        ]
    return [each for each in found if each.count]


def _kind(kind: IntentKind) -> str:
    return words.opening(IN_WORDS.get(kind) or _OTHERS.get(kind, str(kind)))


WAYS = (look("", home),)
