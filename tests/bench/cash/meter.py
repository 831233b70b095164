"""What a command costs: `python -m tests.bench.cash.meter COMMAND...` prints wall, CPU seconds and peak MiB of it.

A process of its own, because a child's peak begins at the size of whoever started it: this one is small.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time


def main() -> None:
    """Run it, say what it took, and end as it ended."""
    began = time.perf_counter()
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    sys.stdout.write(f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}\n")
    sys.exit(child.returncode)


if __name__ == "__main__":
    main()
