"""A worker of its own: `python -m tests.unit.turn_taker ADDRESS LEDGER SECONDS [URL]` takes turns until it is killed;
with a URL, as the cluster's dispatcher does.

What it works on stands in a file of the ledger while it does, made so that nobody else can have it at that time; a turn
that finds the file there has met another one.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Event

from connector.clock import SystemClock
from connector.runtime import Runner, Ticked
from connector.runtime.loop import Loop
from connector.store import Store
from connector.store.owners import is_dead, this_process

LEASE_SECONDS = 8.0


def main(address: str, ledger: str, seconds: str, url: str = "") -> None:
    """Take turns. `seconds`: how long each of them works."""
    folder = Path(ledger)

    def tick(company: str, _budget: float, _hold: object) -> Ticked:
        mark = folder / f"{company}.now"
        try:
            held = os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            other = mark.read_text()
            if not is_dead(other):
                (folder / f"{company}.met").write_text(other)
            mark.write_text(this_process())
        else:
            os.write(held, this_process().encode())
            os.close(held)
        time.sleep(float(seconds))
        mark.unlink(missing_ok=True)
        with (folder / "turns").open("a", encoding="utf-8") as file:
            file.write(f"{company} {os.getpid()} {time.time()}\n")
        return Ticked(again_in_seconds=0)

    with Store.open(address, SystemClock()) as store:
        runner: Runner = Loop(store=store, owner=this_process(), lease_seconds=LEASE_SECONDS)
        if url:
            from connector.runtime.cluster import Dispatcher

            runner = Dispatcher(
                loop=Loop(store=store, owner=this_process(), lease_seconds=LEASE_SECONDS),
                url=url,
                clock=SystemClock(),
                workers=1,
            )
        runner.run(tick, Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
