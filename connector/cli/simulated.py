"""run --simulate: the demo's firms for so many days, unattended, in doubles where everything goes wrong that can.

Time is a clock that passes only when somebody waits by it, so that a month takes as long as its work. Every turn is the
product's own. What must be true at the end is asked of the doubles, of the store and of the messages, each by itself.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path

from connector import registry
from connector.app import books, setup
from connector.app.house import Desk, House
from connector.app.proof import prove
from connector.app.shouting import FAILURES_MIN, add_channel
from connector.app.switching import Wanted, pause, resume, switch_on
from connector.app.ticking import tick
from connector.clock import Clock
from connector.config import Config
from connector.dates import business_date, midnight, zone
from connector.model.alarm import ChannelKind
from connector.model.intent import PostDeposit, PostExpense, PostJournal, PostPayment, PostTransfer, VoidPosting
from connector.model.source import CompanyId
from connector.model.stamp import read_stamps
from connector.runtime import SLICE_SECONDS
from connector.store import OutboxState
from connector.testing.days import DayClock, Lived, Owed
from connector.testing.demo_world import demo_world
from connector.testing.standin import Call, Fault, Server, StandIn
from connector.testing.worlds import World, parse

FIRST_DAY = "2026-03-02"
"""Any month would do; one that stays the same makes a seed mean the same."""

EVERY_MINUTES = 30
"""Between two turns of a company, unless chosen."""

HOUR = 3600
DAY = 24 * HOUR
QUIET_HOURS = 12
"""So long nothing goes wrong any more at the end: longer than the settle time and a fault's longest pause together."""

NETWORK = (
    ("drop-before", ""),
    ("drop-after", ""),
    ("status-before", "500"),
    ("status-before", "503"),
    ("status-after", "500"),
    ("status-after", "504"),
    ("truncate", ""),
    ("stall", "0.01"),
    ("slow", "0.01"),
    ("slow-answer", "0.01"),
    ("late", "14400"),
)
"""What any network and any server does, with its argument."""

PERCENT = Decimal("0.25")
"""So often each kind of fault happens to a call."""

AWAY_EVERY_DAYS = 4
_AWAY_HOURS = (3, 9)
_LONG_HOURS = 31
"""One time in a month a vendor is away for longer than its data may be old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """A stretch of time in which a vendor refuses every call; seconds since the beginning."""

    system: str
    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message as it was told, and when; seconds since the beginning."""

    at: int
    company: str
    condition: str
    over: bool
    sentence: str


class Weather(Server):
    """A double's server that is away for whole stretches of time, and knows which faults it met."""

    def __init__(self, double: StandIn, system: str) -> None:
        super().__init__(double)
        self.system = system
        self.away = False
        self.calm = True
        self.met: Counter[str] = Counter()

    def fault_for(self, call: Call) -> Fault | None:
        found = Fault(method="*", path="*", nth=0, kind="status-before", argument="503") if self.away else None
        if found is None and not self.calm:
            found = super().fault_for(call)
        if found is not None:
            self.met["away" if self.away else found.shape or f"{found.kind} {found.argument}".strip()] += 1
        return found


@dataclass(slots=True, kw_only=True)
class Lasted:
    """What became of it: figures by name, and what is wrong, in sentences."""

    figures: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)


class Simulation:
    """The firms, their doubles and the time. `told` is the file that messages go to."""

    def __init__(self, home: Path, told: Path, *, days: int, seed: int, every_minutes: int = EVERY_MINUTES) -> None:
        self._days = days
        self._every_seconds = every_minutes * 60
        self._told = told
        self._chance = random.Random(seed)  # noqa: S311 - a seed, so that a failure can be repeated
        today = business_date(FIRST_DAY)
        self.clock = DayClock(midnight(today, zone("America/New_York")))
        self._worlds: tuple[World, ...] = parse(demo_world(today, seed=seed))
        self._config = Config(
            home=home, database=str(home / "receivables.db"), actor="Dana", calls_per_minute=1_000_000
        )
        self._doubles: dict[str, Weather] = {}
        self._seed = seed
        self._awry = sorted(self._stretches(), key=lambda each: each.begins)
        self._heard: list[Heard] = []
        self._turns: Counter[str] = Counter()
        self._lived: Counter[str] = Counter()
        self._stops: list[tuple[CompanyId, int, int | None]] = []
        self._lines = 0

    def run(self) -> Lasted:
        """All of it."""
        with ExitStack() as stack:
            self._doubles = {
                name: stack.enter_context(Weather(double, name))
                for name, double in doubles_of(self._worlds, self.clock).items()
            }
            house = stack.enter_context(House(self._config, self.clock))
            desks = [self._begun(house, world) for world in self._worlds]
            switch_faults_on(self._doubles.values(), self._seed, PERCENT)
            self._live(house)
            return self._looked_at(house, [desk.id for desk in desks])

    # ---- the beginning

    def _begun(self, house: House, world: World) -> Desk:
        """As its user does it: connect, read, choose accounts, apply the first plan, switch on."""
        company = world.name.split()[0].lower()
        for name, double in self._doubles.items():
            if world.is_in(name):
                values = double.stand_in.settings(world, double.url)
                setup.connect(
                    house, setup.Wish(system=name, company=company, zone=world.zone, values=values, allow_writes=True)
                )
        desk = house.company(company)
        books.sync_all(desk, _quiet)
        for connection in desk.processors():
            setup.choose_accounts(desk, connection.system, _accounts(world, desk.spec(connection).title))
        books.apply_plan(desk, books.make_plan(desk), _quiet, lambda _: None)
        switch_on(desk, Wanted(every_seconds=self._every_seconds))
        add_channel(desk, "lines", ChannelKind.FILE, str(self._told))
        return desk

    def _stretches(self) -> Iterator[Away]:
        """When which vendor is away: once in a few days, and once in a long run for longer than data may be old."""
        systems = systems_of(self._worlds)
        for number, day in enumerate(range(0, self._days, AWAY_EVERY_DAYS)):
            hours = _LONG_HOURS if number == 2 else self._chance.randint(*_AWAY_HOURS)  # noqa: PLR2004 - the third
            begins = day * DAY + self._chance.randint(10, 14) * HOUR
            system = systems[number % len(systems)]
            yield Away(system=system, begins=begins, ends=begins + hours * HOUR)

    # ---- the time

    def _live(self, house: House) -> None:
        """Every turn when it is due, and between two turns what people, vendors and the weather do."""
        ends = self._days * DAY
        due = [(place, each.company_id) for place, each in enumerate(house.store.companies())]
        doings = sorted(self._doings(house), key=lambda each: each[0])
        failing: dict[CompanyId, int] = {}
        while due:
            at, company = heapq.heappop(due)
            while doings and doings[0][0] <= at:
                moment, act = doings.pop(0)
                self.clock.until(moment)
                act()
            self.clock.until(at)
            ticked = tick(house, company, SLICE_SECONDS, lambda: None)
            self._went(house, company, failing)
            again = int(self.clock.monotonic()) + max(ticked.again_in_seconds or 0, 1)
            if again < ends + QUIET_HOURS * HOUR:
                heapq.heappush(due, (again, company))
        self._stops += [(company, since, None) for company, since in failing.items()]

    def _went(self, house: House, company: CompanyId, failing: dict[CompanyId, int]) -> None:
        """What a turn said of itself, and what was told after it."""
        turn, now = house.store.turn(company), int(self.clock.monotonic())
        self._turns["failed" if turn.failed else _kind(turn.said)] += 1
        if turn.failures >= FAILURES_MIN:
            failing.setdefault(company, now)
        elif not turn.failures and company in failing:
            self._stops.append((company, failing.pop(company), now))
        lines = self._told.read_text(encoding="utf-8").splitlines()
        for line in lines[self._lines :]:
            said = json.loads(line, parse_float=Decimal)
            if said["condition"] != "test":
                self._heard.append(
                    Heard(
                        at=now,
                        company=said["company"],
                        condition=said["condition"],
                        over=said["over"],
                        sentence=said["sentence"],
                    )
                )
        self._lines = len(lines)

    def _doings(self, house: House) -> Iterator[tuple[int, Callable[[], None]]]:
        """Everything that happens but turns, each with its moment."""
        ends = self._days * DAY
        for day in range(self._days):
            for hour in (9, 15):
                yield day * DAY + hour * HOUR, self._people
        for late in range(0, int(ends + DAY), int(4 * HOUR)):
            yield late + 1, self._carry_out_late
        for away in self._awry:
            yield away.begins, lambda away=away: self._leave(away.system, gone=True)  # type: ignore[misc]
            yield min(away.ends, ends), lambda away=away: self._leave(away.system, gone=False)  # type: ignore[misc]
        if self._days > AWAY_EVERY_DAYS:
            company = house.store.companies()[0].company_id
            yield 3 * DAY, lambda: self._pause(house, company)
            yield 4 * DAY, lambda: resume(house.company(company))
        yield ends, self._calm

    def _people(self) -> None:
        for world in self._worlds:
            self._lived["invoices open at last"] = len(day_in(self._doubles, world, self._chance))

    def _carry_out_late(self) -> None:
        self._lived["requests carried out late"] += sum(double.commit_late() for double in self._doubles.values())

    def _leave(self, system: str, *, gone: bool) -> None:
        self._doubles[system].away = gone

    def _pause(self, house: House, company: CompanyId) -> None:
        """A person says stop."""
        pause(house.company(company))

    def _calm(self) -> None:
        for double in self._doubles.values():
            double.calm = True
        self._carry_out_late()

    # ---- the end

    def _looked_at(self, house: House, companies: list[CompanyId]) -> Lasted:
        lasted = Lasted(heard=self._heard)
        for company in companies:
            desk = house.company(company)
            proof = prove(desk)
            lasted.wrong += [f"{desk.company.name}: {problem}" for problem in proof.problems]
            wrong = doubled(desk, self._doubles.values())
            lasted.wrong += [f"{desk.company.name}: {problem}" for problem in wrong]
            states = desk.store.outbox_counts(desk.id)
            self._lived.update({f"writes {state}": number for state, number in states.items() if number})
            lasted.wrong += self._untold(desk)
            for line in proof.ties.lines:
                lasted.figures.append((f"{desk.company.name}: {line.name}", "equal" if not line.difference else "off"))
            lasted.figures.append(
                (f"{desk.company.name}: money", ", ".join(f"{n} {f}" for f, n in proof.fates.items()))
            )
        lasted.figures += self._figures()
        return lasted

    def _untold(self, desk: Desk) -> Iterator[str]:
        """Every stop must be told once, and once when it is over; what was told last is how it stands."""
        name = desk.company.name
        standing = {each.alarm.key for each in desk.store.alarms(desk.id) if each.told and not each.over}
        by_condition: dict[str, list[bool]] = {}
        for each in self._heard:
            if each.company == desk.id:
                by_condition.setdefault(each.condition, []).append(each.over)
        for condition, overs in by_condition.items():
            if overs != [place % 2 == 1 for place in range(len(overs))]:
                yield f"{name}: {condition!r} was not told in turn: {overs}"
            if (not overs[-1]) is not (condition in standing):
                yield f"{name}: what was told last of {condition!r} is not how it stands."
        stops = [each for each in self._stops if each[0] == desk.id]
        told = by_condition.get("turns", [])
        if told.count(False) != len(stops):
            yield f"{name}: it stopped {len(stops)} times, and {told.count(False)} messages told of that."
        if told.count(True) != sum(over is not None for _, _, over in stops):
            yield f"{name}: not every end of a stop was told."
        connected = {each.system for each in desk.connections()}
        for away in self._awry:
            met = [
                since
                for _, since, over in stops
                if since < away.ends + 2 * self._every_seconds and (over or away.ends) > away.begins
            ]
            if away.system in connected and not met:
                yield f"{name}: {away.system} was away for {(away.ends - away.begins) / HOUR:.0f} hours unnoticed."

    def _figures(self) -> list[tuple[str, str]]:
        met = sum((double.met for double in self._doubles.values()), Counter())
        calls = {name: len(double.calls) for name, double in self._doubles.items()}
        told = Counter((each.condition.split(" ")[0], each.over) for each in self._heard)
        return [
            ("Days", f"{self._days}, and {QUIET_HOURS} calm hours at the end"),
            ("A turn", f"every {self._every_seconds // 60} minutes"),
            ("Turns", ", ".join(f"{number} {said}" for said, number in self._turns.most_common())),
            ("Calls answered", ", ".join(f"{name} {number}" for name, number in calls.items())),
            ("Faults met", f"{met.total()} of {len(met)} kinds"),
            (
                "Vendors away",
                ", ".join(f"{each.system} {(each.ends - each.begins) / HOUR:.0f} h" for each in self._awry),
            ),
            ("Of all that", ", ".join(f"{number} {what}" for what, number in self._lived.items())),
            ("Stops told", ", ".join(f"{what} {number}" for (what, over), number in sorted(told.items()) if not over)),
            ("Ends told", ", ".join(f"{what} {number}" for (what, over), number in sorted(told.items()) if over)),
        ]


def systems_of(worlds: Iterable[World]) -> list[str]:
    """The systems whose doubles hold something of these worlds: all but a bank, which is read from files."""
    known = tuple(worlds)
    return [
        name
        for name, spec in registry.specs().items()
        if not spec.is_bank and any(world.is_in(name) for world in known)
    ]


def doubles_of(worlds: tuple[World, ...], clock: Clock) -> dict[str, StandIn]:
    """A double of each."""
    return {name: registry.by_path(registry.spec_of(name).standin)(worlds, clock=clock) for name in systems_of(worlds)}


def switch_faults_on(doubles: Iterable[Weather], seed: int, percent: Decimal) -> None:
    """Every kind of fault that is over by itself, each to so many of a hundred calls."""
    for double in doubles:
        stand_in = double.stand_in
        if isinstance(stand_in, Lived):
            kinds = [*NETWORK, *(("answer-before", shape) for shape in stand_in.mishaps)]
            double.add_faults(
                *(
                    Fault(
                        method="*", path=stand_in.addresses, nth=-1, kind=kind, argument=argument, percent=percent,
                        seed=seed * 1000 + place,
                    )
                    for place, (kind, argument) in enumerate(kinds)
                )
            )  # fmt: skip
        double.calm = False


def day_in(doubles: Mapping[str, Weather], world: World, chance: random.Random) -> tuple[Owed, ...]:
    """Half a day in one company; what is billed is in the payers' hands at once. What is owed afterwards."""
    owed: tuple[Owed, ...] = ()
    for keeps_books in (True, False):
        for name, double in doubles.items():
            stand_in = double.stand_in
            here = registry.spec_of(name).keeps_books is keeps_books and world.is_in(name)
            if here and isinstance(stand_in, Lived):
                owed = double.behind(partial(stand_in.live_a_day, world, chance, owed)) or owed
    return owed


def doubled(desk: Desk, doubles: Iterable[Server]) -> Iterator[str]:
    """What of a company stands in the outside systems twice, or not at all, or is in doubt still."""
    marks: Counter[str] = Counter()
    for double in doubles:
        for text in _texts(double.behind(partial(double.stand_in.dump, normalised=False))):
            marks.update(stamp.op_id for stamp in read_stamps(text))
    rows = desk.store.outbox(desk.id)
    # The books strike out what they cannot void, and its mark with it.
    taken_back = {
        row.intent.stamp for row in rows if isinstance(row.intent, VoidPosting) and row.state is OutboxState.DONE
    }
    for row in rows:
        if row.state in (OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE):
            yield f"{row.subject} is {row.state} still."
        if row.state is OutboxState.DEAD and marks[row.op_id]:
            yield f"{row.subject} was given up, and stands there."
        nowhere = not marks[row.op_id] and row.op_id not in taken_back
        if isinstance(row.intent, _ONE_OBJECT) and row.state is OutboxState.DONE and nowhere:
            yield f"{row.subject} is done, and stands nowhere."
        if marks[row.op_id] > 1:
            yield f"{row.subject} stands {marks[row.op_id]} times."
    done = [row.subject for row in rows if row.state is OutboxState.DONE]
    yield from (f"{subject} was written {number} times." for subject, number in Counter(done).items() if number > 1)


_ONE_OBJECT = (PostPayment, PostExpense, PostTransfer, PostJournal, PostDeposit)
"""What makes an object of its own that carries our mark."""


def _accounts(world: World, title: str) -> dict[str, str]:
    """The accounts of the world by what they are for, told by their names; a processor's own where it has one."""
    banks = [account.name for account in world.accounts if account.role == "bank"]
    clearing = [name for name in banks if "Clearing" in name]
    own = [name for name in clearing if name.startswith(title)]
    fees = [account.name for account in world.accounts if account.role == "expense"]
    return {
        "clearing": ",".join(own or clearing),
        "bank": ",".join(name for name in banks if name not in clearing),
        "fees": next((name for name in fees if name.startswith(title)), fees[0]),
    }


def _kind(said: str) -> str:
    """Of what kind a turn was, by its sentence."""
    return "wrote" if "written" in said and said[0].isdigit() else said.rstrip(".").lower()


def _texts(value: object) -> Iterator[str]:
    """Every text in a dump."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _quiet(_label: str, _done: int, _expected: int | None = None, /) -> None:
    """Nobody looks."""
