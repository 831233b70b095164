"""What the daemon costs while nothing happens, with fifty companies: CPU in a second, memory, time of its imports.

Run it by hand: `python -m tests.bench.bench_idle [SECONDS]`. The floor is a process that sleeps and asks a database as
often, without anything of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.rounds import peak_mb

if TYPE_CHECKING:
    from connector.config import Config

COMPANIES = 50
SECONDS = 20


def made(folder: str) -> dict[str, float]:
    """The database as any daemon but the first finds it: made before, with companies that are all due in an hour."""
    from connector.app.house import House
    from connector.model.firm import Actor, Company
    from connector.model.source import ActorId, CompanyId
    from connector.money import currency

    home = Path(folder) / "home"
    home.mkdir(mode=0o700)
    with House(config(folder)) as house:
        for number in range(COMPANIES):
            company = CompanyId(f"c{number:02}")
            house.store.add_company(
                Company(company_id=company, name=company, home_currency=currency("USD"), zone="UTC"),
                Actor(company_id=company, actor_id=ActorId("bench"), name="bench"),
            )
            house.store.wake(company, "later", in_ms=3_600_000)
    return {}


def config(folder: str) -> Config:
    """The settings of both."""
    from connector.config import Config

    home = Path(folder) / "home"
    return Config(home=home, database=str(home / "receivables.db"), actor="bench")


def daemon(folder: str, seconds: str) -> dict[str, float]:
    """The loop over them."""
    began, cpu = time.perf_counter(), time.process_time()
    from connector.app import switching, ticking
    from connector.app.house import House
    from connector.runtime.loop import POLL_SECONDS

    imported, cpu = time.perf_counter() - began, time.process_time() - cpu
    with House(config(folder)) as house:
        runs, stop = switching.runner(house), threading.Event()
        threading.Timer(float(seconds), stop.set).start()
        spent = time.process_time()
        runs.run(lambda company, budget, hold: ticking.tick(house, company, budget, hold), stop)
        spent = time.process_time() - spent
    return {
        "import_s": imported,
        "import_cpu_s": cpu,
        "cpu_ms_per_s": spent / float(seconds) * 1000,
        "rss_mb": peak_mb(),
        "poll_s": POLL_SECONDS,
    }


def floor(seconds_text: str, poll_text: str) -> dict[str, float]:
    """A bare loop that asks SQLite as often for what is due."""
    import sqlite3
    from contextlib import closing

    seconds, poll_seconds = float(seconds_text), float(poll_text)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table due (company text primary key, due_ms integer)")
        database.executemany("insert into due values (?, 1)", [(str(number),) for number in range(COMPANIES)])
        until, spent = time.monotonic() + seconds, time.process_time()
        while time.monotonic() < until:
            database.execute("select min(due_ms), count(*) from due where due_ms > 0").fetchall()
            time.sleep(poll_seconds)
        return {"cpu_ms_per_s": (time.process_time() - spent) / seconds * 1000, "rss_mb": peak_mb()}


def measured(which: str, *arguments: str) -> dict[str, float]:
    """What one of them says of itself, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_idle", "--run", which, *arguments]
    said: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return said


def idle(seconds: int) -> dict[str, float]:
    """What the daemon costs, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        measured("made", folder)
        return measured("daemon", folder, str(seconds))


def main(seconds: int) -> None:
    """Print both and what lies between them."""
    ours = idle(seconds)
    bare = measured("floor", str(seconds), str(ours["poll_s"]))
    say = sys.stdout.write
    say(f"import {ours['import_s']:.2f} s ({ours['import_cpu_s']:.2f} s CPU); ")
    say(f"idle {ours['cpu_ms_per_s']:.2f} ms CPU a second, {ours['rss_mb']:.0f} MB\n")
    say(f"a bare loop: {bare['cpu_ms_per_s']:.2f} ms CPU a second, {bare['rss_mb']:.0f} MB; ")
    say(f"ours is {ours['cpu_ms_per_s'] / max(bare['cpu_ms_per_s'], 0.001):.1f} times that\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        works: dict[str, Callable[..., dict[str, float]]] = {"made": made, "daemon": daemon, "floor": floor}
        sys.stdout.write(json.dumps(works[sys.argv[2]](*sys.argv[3:])))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else SECONDS)
