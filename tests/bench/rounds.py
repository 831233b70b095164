"""How the benchmarks measure: CPU seconds of this process, the best of some rounds."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

KILOBYTE = 1024


def best_seconds(work: Callable[[], object], *, repeats: int = 1, rounds: int = 3) -> float:
    """CPU seconds of one `work`, the best of the rounds, each of so many repeats."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(repeats):
            work()
        best = min(best, time.process_time() - began)
    return best / repeats


def peak_mb() -> float:
    """Megabytes this process held at most. Linux tells better than getrusage, which counts whoever started us."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / KILOBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTE
