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
from pathlib import Path

from tests.bench.rounds import peak_mb

COMPANIES = 50
SECONDS = 20


def daemon(seconds: float) -> dict[str, float]:
    """The loop over companies that are all due in an hour."""
    began = time.perf_counter()
    from connector.app import switching, ticking
    from connector.app.house import House
    from connector.config import Config
    from connector.model.firm import Actor, Company
    from connector.model.source import ActorId, CompanyId
    from connector.money import currency
    from connector.runtime.loop import POLL_SECONDS

    imported = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        with House(Config(home=home, database=str(home / "receivables.db"), actor="bench")) as house:
            for number in range(COMPANIES):
                company = CompanyId(f"c{number:02}")
                house.store.add_company(
                    Company(company_id=company, name=company, home_currency=currency("USD"), zone="UTC"),
                    Actor(company_id=company, actor_id=ActorId("bench"), name="bench"),
                )
                house.store.wake(company, "later", in_ms=3_600_000)
            runs, stop = switching.runner(house), threading.Event()
            threading.Timer(seconds, stop.set).start()
            spent = time.process_time()
            runs.run(lambda company, budget, hold: ticking.tick(house, company, budget, hold), stop)
            spent = time.process_time() - spent
    return {"import_s": imported, "cpu_ms_per_s": spent / seconds * 1000, "rss_mb": peak_mb(), "poll_s": POLL_SECONDS}


def floor(seconds: float, poll_seconds: float) -> dict[str, float]:
    """A bare loop that asks SQLite as often for what is due."""
    import sqlite3
    from contextlib import closing

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


def main(seconds: int) -> None:
    """Print both and what lies between them."""
    ours = measured("daemon", str(seconds))
    bare = measured("floor", str(seconds), str(ours["poll_s"]))
    say = sys.stdout.write
    say(f"import {ours['import_s']:.2f} s; idle {ours['cpu_ms_per_s']:.2f} ms CPU a second, {ours['rss_mb']:.0f} MB\n")
    say(f"a bare loop: {bare['cpu_ms_per_s']:.2f} ms CPU a second, {bare['rss_mb']:.0f} MB; ")
    say(f"ours is {ours['cpu_ms_per_s'] / max(bare['cpu_ms_per_s'], 0.001):.1f} times that\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        numbers = [float(each) for each in sys.argv[3:]]
        sys.stdout.write(json.dumps(daemon(*numbers) if sys.argv[2] == "daemon" else floor(*numbers)))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else SECONDS)
