"""E5's table: how late turns begin with thousands of companies, and what one huge first reading does to the others.

Run it by hand: `python -m tests.bench.bench_crowd [COMPANIES] [HOURS]`. A turn takes what an idle one takes: six calls
of 100 to 400 ms, and 50 ms of its own; one in twenty has something to do and takes ten times as long. Both days are
lived at the same time, each in a process: with 5,000 companies a day has 1.4 million turns.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(kw_only=True)
class Day:
    """How late turns began where nobody reads everything, and where one does."""

    alone: Waits
    beside: Waits

    @cached_property
    def late_ms(self) -> tuple[list[int], list[int]]:
        """Of all turns of each, sorted."""
        return self.alone.sorted, self.beside.sorted

    @property
    def worst_delay_seconds(self) -> float:
        """What reading everything costs any other company at most."""
        return self.beside.worst_delay_beside(self.alone) / 1000


def lived_by(crowd: Crowd) -> Waits:
    """In a store of its own."""
    shared = Path("/dev/shm")  # noqa: S108 - where there is one, so that nobody's disk is measured
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        store, clock = opened(Path(folder) / "store.db")
        with store:
            return lived(store, clock, crowd)


def measured(companies: int = COMPANIES, hours: float = HOURS, threads: int = 16, slices: int = SLICES) -> Day:
    """Both."""
    crowds = [
        Crowd(companies=companies, hours=hours, threads=threads, turn_seconds=turn, backfill_slices=each)
        for each in (0, slices)
    ]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        alone, beside = pool.map(lived_by, crowds)
    return Day(alone=alone, beside=beside)


def told(day: Day) -> str:
    """E5's table."""
    lines = ["                          turns     p50     p95     p99     max  within 30 s  CPU per turn"]
    for title, waits, late in zip(
        ("nobody reads everything", "one reads everything"), (day.alone, day.beside), day.late_ms, strict=True
    ):
        at = [late[min(int(len(late) * share), len(late) - 1)] / 1000 for share in (0.5, 0.95, 0.99, 1)]
        within = sum(each <= 30_000 for each in late) / len(late)
        lines.append(
            f"{title:23} {len(late):9,} {''.join(f'{each:6.2f} s' for each in at)}  {within:11.3%}"
            f"  {waits.cpu_seconds / len(late) * 1000:9.2f} ms"
        )
    lines.append(f"the same turn later beside {day.beside.slices} slices of a first reading: ")
    lines[-1] += f"{day.worst_delay_seconds:.2f} s at most"
    return "\n".join(lines)


def main(companies: int, hours: float) -> None:
    """Print it."""
    sys.stdout.write(f"{companies} companies, {hours:g} hours, a turn every 300 s, 4 workers of 16 threads\n")
    sys.stdout.write(f"{told(measured(companies, hours))}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else COMPANIES, float(sys.argv[2]) if sys.argv[2:] else HOURS)
