"""How late turns begin in real time: thousands of companies, real turns over a fake vendor, one daemon on one file, and
one company that reads a million objects for the first time in the midst of it.

Run it by hand: `python -m tests.bench.bench_daemon [COMPANIES] [MINUTES] [OBJECTS] [EVERY_SECONDS]`. A call
is answered after 50 ms. The first reading begins when half of the time is over.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tests.bench.fake_vendor import CALL_SECONDS, HUGE, NAME, installed
from tests.bench.rounds import peak_mb

COMPANIES, MINUTES, OBJECTS = 5_000, 15.0, 1_000_000
EVERY_SECONDS = 300
WORKERS = 16
SECONDS_OF_CALL = 0.05


@dataclass(kw_only=True)
class Lived:
    """Seconds that turns began late, before the first reading began and from then on; what was read by its end."""

    before: list[float] = field(default_factory=list)
    since: list[float] = field(default_factory=list)
    slices: int = 0
    objects: int = 0
    cpu_seconds: float = 0
    peak_mb: float = 0
    failed: int = 0


def live(folder: str, companies: int, minutes: float, objects: int, every_seconds: int) -> Lived:
    """In this process, which has the fake vendor on its path: the daemon's own loop and turns."""
    from connector.app import switching, ticking
    from connector.app.house import House
    from connector.config import Config
    from connector.model.autosync import Autosync
    from connector.model.firm import Actor, Company, Connection
    from connector.model.source import ActorId, CompanyId, ConnectionId, Kind
    from connector.money import currency
    from connector.runtime import Ticked

    home = Path(folder) / "home"
    home.mkdir(mode=0o700)
    config = Config(home=home, database=str(home / "receivables.db"), actor="bench", calls_per_minute=1_000_000)
    lived, due, stop, by = Lived(), dict[str, float](), threading.Event(), ActorId("bench")
    with House(config) as house:
        huge = CompanyId(HUGE)
        for company in [huge, *(CompanyId(f"c{number:05}") for number in range(companies))]:
            made = Company(company_id=company, name=company, home_currency=currency("USD"), zone="UTC")
            made = replace(made, autosync=Autosync(on=True, every_seconds=every_seconds))
            house.store.add_company(made, Actor(company_id=company, actor_id=by, name="Bench"))
            name = ConnectionId(NAME)
            connection = Connection(company_id=company, connection_id=name, system=NAME, account=company, live=False)
            house.store.save_connection(connection, by)
            held = {"account": company, "customers": str(objects if company == huge else 0)}
            house.store.put_secrets(company, name, held, by)
        began = time.monotonic()
        half = began + minutes * 30
        for number in range(companies):
            company, wait = CompanyId(f"c{number:05}"), every_seconds * number / companies
            house.store.wake(company, "begin", in_ms=int(wait * 1000))
            due[company] = time.monotonic() + wait
        house.store.wake(huge, "begin", in_ms=int((half - time.monotonic()) * 1000))

        def tick(company: CompanyId, seconds: float, hold: object) -> Ticked:
            now = time.monotonic()
            if company == huge:
                lived.slices += 1
            else:
                (lived.before if now < half else lived.since).append(now - due[company])
            ticked = ticking.tick(house, company, seconds, hold)  # type: ignore[arg-type]
            lived.failed += house.store.turn(company).failed
            due[company] = time.monotonic() + (ticked.again_in_seconds or 0)
            return ticked

        runs = switching.runner(house, workers=WORKERS)
        threading.Timer(minutes * 60 - (time.monotonic() - began), stop.set).start()
        spent = time.process_time()
        runs.run(tick, stop)
        lived.cpu_seconds = time.process_time() - spent
        lived.objects = house.store.number(huge, ConnectionId(NAME), Kind.CUSTOMER)
    lived.peak_mb = peak_mb()
    return lived


def measured(
    companies: int = COMPANIES, minutes: float = MINUTES, objects: int = OBJECTS, every_seconds: int = EVERY_SECONDS
) -> Lived:
    """The same in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join([str(installed(Path(folder) / "adapter")), str(Path.cwd())])
        command = [sys.executable, "-m", "tests.bench.bench_daemon", "--live", folder]
        ran = subprocess.run(
            [*command, str(companies), str(minutes), str(objects), str(every_seconds)],
            env={**os.environ, "PYTHONPATH": path, CALL_SECONDS: str(SECONDS_OF_CALL)},
            stdout=subprocess.PIPE,
            check=True,
        )
        return Lived(**json.loads(ran.stdout))


def told(lived: Lived) -> str:
    """The table."""
    lines = ["                             turns     p50     p95     p99     max  within 30 s"]
    for title, late in (("before the first reading", lived.before), ("from then on", lived.since)):
        late.sort()
        at = [late[min(int(len(late) * share), len(late) - 1)] for share in (0.5, 0.95, 0.99, 1)]
        within = sum(each <= 30 for each in late) / len(late)
        lines.append(f"{title:25} {len(late):8,} {''.join(f'{each:6.2f} s' for each in at)}  {within:11.3%}")
    turns = len(lived.before) + len(lived.since)
    lines.append(
        f"{lived.objects:,} objects read in {lived.slices} turns meanwhile; {lived.failed} turns failed; "
        f"{lived.cpu_seconds / turns * 1000:.1f} ms CPU per turn with that; {lived.peak_mb:.0f} MB"
    )
    return "\n".join(lines)


def main(companies: int, minutes: float, objects: int, every_seconds: int) -> None:
    """Print it."""
    sys.stdout.write(f"{companies} companies every {every_seconds} s for {minutes:g} minutes, ")
    sys.stdout.write(f"{WORKERS} at a time in one process, SQLite\n")
    sys.stdout.write(f"{told(measured(companies, minutes, objects, every_seconds))}\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--live"]:
        at, companies, minutes, objects, every = sys.argv[2:]
        sys.stdout.write(json.dumps(asdict(live(at, int(companies), float(minutes), int(objects), int(every)))))
    else:
        usual = [str(each) for each in (COMPANIES, MINUTES, OBJECTS, EVERY_SECONDS)]
        given = [*sys.argv[1:], *usual[len(sys.argv) - 1 :]]
        main(int(given[0]), float(given[1]), int(given[2]), int(given[3]))
