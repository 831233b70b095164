"""E5's table: how late turns begin with thousands of companies, and what one huge first reading does to the others.

Run it by hand: `python -m tests.bench.bench_crowd [COMPANIES] [HOURS]`. A turn takes what an idle one takes: six calls
of 100 to 400 ms, and 50 ms of its own; one in twenty has something to do and takes ten times as long.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.crowd import Crowd, Waits, lived, opened

COMPANIES, HOURS = 5_000, 24.0
CALLS = 6
SLICES = 60
"""A million objects at a thousand a second are seventeen slices; three times as many here."""


def turn(chance: random.Random) -> float:
    """Seconds that one turn takes."""
    idle = 0.05 + sum(chance.uniform(0.1, 0.4) for _ in range(CALLS))
    return idle * (10 if chance.randrange(20) == 0 else 1)


def measured(companies: int, hours: float, slices: int) -> tuple[Waits, float]:
    """Their waits, and the seconds it took."""
    shared = Path("/dev/shm")  # noqa: S108 - where there is one, so that nobody's disk is measured
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        store, clock = opened(Path(folder) / "store.db")
        with store:
            began = time.perf_counter()
            crowd = Crowd(companies=companies, hours=hours, turn_seconds=turn, backfill_slices=slices)
            return lived(store, clock, crowd), time.perf_counter() - began


def main(companies: int, hours: float) -> None:
    """Print both."""
    say = sys.stdout.write
    say(f"{companies} companies, {hours:g} hours, a turn every 300 s, 4 workers of 16 threads\n")
    for title, slices in (("nobody reads everything", 0), ("one reads everything", SLICES)):
        waits, took = measured(companies, hours, slices)
        late = sorted(waits.late)
        say(
            f"{title}: {len(late):,} turns, half begin within {late[len(late) // 2]:.2f} s, "
            f"{waits.share_within(30):.2%} within 30 s, the latest after {waits.latest:.1f} s "
            f"({took:.0f} s on this computer)\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else COMPANIES, float(sys.argv[2]) if sys.argv[2:] else HOURS)
