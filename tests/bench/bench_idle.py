"""What the daemon costs while nothing happens: time of its imports; then, with fifty companies that have all had their
turn, CPU in a second and memory.

Run it by hand: `python -m tests.bench.bench_idle [SECONDS]`. The daemon is `receivables run` in a process of its own,
looked at from outside; each company is connected over loopback to the doubles of both vendors, which are in this
process. The floor of the imports is what it cannot do without of other people's libraries, that of the idle time a loop
that asks SQLite as often and does nothing else.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from connector import registry
from connector.app import setup, switching
from connector.app.house import House
from connector.clock import SystemClock
from connector.config import Config
from connector.runtime.loop import POLL_SECONDS
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.bench.rounds import KILOBYTE
from tests.journeys.firm import WALK

COMPANIES = 50
SECONDS = 60
ROUNDS = 5
EVERY_SECONDS = 3600
BEGIN_SECONDS_MAX = 300.0

DAEMON = """
from connector import cli, logs
cli.application("run")
from connector.app.house import House
from connector.app.switching import alone, runner, wake_all
from connector.app.ticking import tick
from connector.config import load
"""
"""What the command `run` imports before it works."""

TURNS = """
from connector import registry
for spec in registry.specs().values():
    registry.by_path(spec.connect)
"""
"""What turns import beside it."""

OTHERS = "import sqlalchemy.dialects.sqlite, requests, pydantic, msgspec, tenacity, typer, rapidfuzz"
BARE_LOOP = """
import sqlite3, sys, time
database = sqlite3.connect(":memory:")
database.execute("create table due (company text primary key, due_ms integer)")
database.executemany("insert into due values (?, 1)", [(str(number),) for number in range(int(sys.argv[1]))])
while True:
    database.execute("select min(due_ms), count(*) from due where due_ms > 0").fetchall()
    time.sleep(float(sys.argv[2]))
"""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Milliseconds of CPU in a second, and how often it woke; megabytes that are resident, with its share of what
    others have mapped too, of it alone; and the most that were ever resident."""

    cpu_ms: float
    wakes: float
    resident_mb: float
    shared_mb: float
    own_mb: float
    peak_mb: float


def seconds_to_import(*, rounds: int = ROUNDS) -> tuple[float, float]:
    """CPU seconds that the imports of the daemon take, and those of the others' libraries it needs; the best of some
    rounds, beyond what Python takes to begin, from compiled files as an installation has them."""
    with tempfile.TemporaryDirectory() as compiled:
        # The first of them compiles. By turns, so that all have the same computer.
        found = [[_cpu_of(code, compiled) for code in (DAEMON, OTHERS, "")] for _ in range(rounds + 1)]
    daemon, others, nothing = (min(each) for each in zip(*found, strict=True))
    return daemon - nothing, others - nothing


def _cpu_of(code: str, compiled: str) -> float:
    told = {**_compiling(), "PYTHONPYCACHEPREFIX": compiled}
    process = subprocess.Popen([sys.executable, "-c", code], env=told)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ChildProcessError(code)
    return used.ru_utime + used.ru_stime


@contextmanager
def firms(folder: Path, companies: int = COMPANIES) -> Iterator[Config]:
    """Companies whose turns come by themselves, all due now and then in an hour. The settings of all."""
    (pattern,) = parse(WALK.read_text(encoding="utf-8"))
    worlds = [
        replace(pattern, realm=f"91300{number:02}", stripe_account=f"acct_idle{number:02}")
        for number in range(companies)
    ]
    home = folder / "home"
    home.mkdir(mode=0o700)
    config = Config(home=home, database=str(home / "receivables.db"), actor="dana", calls_per_minute=100_000)
    with ExitStack() as stack:
        house = stack.enter_context(House(config))
        for system in ("quickbooks", "stripe"):
            made = registry.by_path(registry.spec_of(system).standin)(tuple(worlds), clock=SystemClock())
            double = stack.enter_context(Server(made))
            for number, world in enumerate(worlds):
                values, company = made.settings(world, double.url), f"c{number:02}"
                wish = setup.Wish(system=system, company=company, zone=world.zone, values=values, allow_writes=False)
                setup.connect(house, wish)
        for each in house.store.companies():
            wanted = switching.Wanted(dry_run=True, every_seconds=EVERY_SECONDS)
            switching.switch_on(house.company(each.company_id), wanted)
        yield config


def idle(seconds: float, companies: int = COMPANIES) -> tuple[Spent, list[str], frozenset[str]]:
    """What the daemon costs once everybody has had a turn, what was said of the turns, and every module that it had
    imported by its end."""
    with tempfile.TemporaryDirectory() as folder, firms(Path(folder), companies) as config:
        told = {**_compiling(), "RECEIVABLES_HOME": str(config.home), "RECEIVABLES_CALLS_PER_MINUTE": "100000"}
        subprocess.run([sys.executable, "-c", DAEMON + TURNS], env=told, check=True)
        command, heard = [sys.executable, "-X", "importtime", "-m", "connector", "run"], Path(folder) / "imports"
        with (
            heard.open("wb") as imports,
            subprocess.Popen(command, env=told, stdout=subprocess.DEVNULL, stderr=imports) as daemon,
        ):
            try:
                said = _turns(config)
                spent = spent_by(daemon.pid, seconds)
            finally:
                daemon.send_signal(signal.SIGTERM)
        lines = heard.read_text(encoding="utf-8").splitlines()
        return spent, said, frozenset(line.rpartition("|")[2].strip() for line in lines if "|" in line)


def _compiling() -> Mapping[str, str]:
    """Surroundings in which files are compiled once, as an installation has them: who compiles takes more memory."""
    ours = ("RECEIVABLES_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _turns(config: Config) -> list[str]:
    """What was said of everybody's turn, once they all had one."""
    until = time.monotonic() + BEGIN_SECONDS_MAX
    with House(config) as house:
        while True:
            turns = [house.store.turn(each.company_id) for each in house.store.companies()]
            if all(turn.ended_at is not None for turn in turns) and house.store.coming().in_ms:
                return sorted({f"{turn.said} {turn.waits}" for turn in turns})
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(1)


def bare(seconds: float) -> Spent:
    """The same of a bare loop."""
    with subprocess.Popen([sys.executable, "-c", BARE_LOOP, str(COMPANIES), str(POLL_SECONDS)]) as loop:
        try:
            time.sleep(1)
            return spent_by(loop.pid, seconds)
        finally:
            loop.kill()


def spent_by(process: int, seconds: float) -> Spent:
    """By a process in so many seconds from now."""
    before = _worked(process)
    time.sleep(seconds)
    nanoseconds, times = (after - then for after, then in zip(_worked(process), before, strict=True))
    about = Path(f"/proc/{process}")
    lines = [line for name in ("status", "smaps_rollup") for line in (about / name).read_text().splitlines()]
    size = {line.partition(":")[0]: int(line.split()[1]) / KILOBYTE for line in lines if line.endswith("kB")}
    return Spent(
        cpu_ms=nanoseconds / seconds / 1e6,
        wakes=times / seconds,
        resident_mb=size["Rss"],
        shared_mb=size["Pss"],
        own_mb=size["Private_Clean"] + size["Private_Dirty"],
        peak_mb=size["VmHWM"],
    )


def _worked(process: int) -> tuple[int, int]:
    """Nanoseconds on a processor so far, and how often it was put on one, of all its threads."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    found = [(each / "schedstat").read_text(encoding="ascii").split() for each in tasks]
    return sum(int(each[0]) for each in found), sum(int(each[2]) for each in found)


def modules_imported() -> list[str]:
    """Every module the daemon has imported before it works, beyond those that Python itself begins with."""
    code = f"import sys\nbegan = set(sys.modules)\n{DAEMON}\nprint(*sys.modules.keys() - began)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def main(seconds: float) -> None:
    """Print all."""
    say = sys.stdout.write
    ours, others = seconds_to_import()
    say(f"import {ours:.2f} s CPU, of which {others:.2f} s other people's libraries\n")
    (spent, said, _), floor = idle(seconds), bare(seconds)
    say(f"{COMPANIES} companies have had a turn: {said}\n")
    for title, each in (("idle daemon", spent), ("a bare loop", floor)):
        say(f"{title}: {each.cpu_ms:.2f} ms CPU a second, awake {each.wakes:.1f} times in it; ")
        say(f"{each.resident_mb:.0f} MB resident, {each.shared_mb:.0f} with its share of what others have mapped, ")
        say(f"{each.own_mb:.0f} its own, {each.peak_mb:.0f} at most\n")


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else SECONDS)
