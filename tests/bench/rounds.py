"""How the benchmarks measure: CPU seconds of this process, the best of some rounds."""

from __future__ import annotations

import time
from collections.abc import Callable


def best_seconds(work: Callable[[], object], *, repeats: int = 1, rounds: int = 3) -> float:
    """CPU seconds of one `work`, the best of the rounds, each of so many repeats."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(repeats):
            work()
        best = min(best, time.process_time() - began)
    return best / repeats
