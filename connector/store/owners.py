"""Who holds a lease, and whether that process still lives: nobody has to wait for a dead one."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path


def this_process() -> str:
    """The name under which this process takes leases."""
    return f"{_here()}:{os.getpid()}"


def is_dead(owner: str) -> bool:
    """Whether a lease's owner was a process of this computer that is no more. Unknown is alive."""
    place, _, number = owner.rpartition(":")
    if place != _here() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _is_unburied(number)


def _is_unburied(number: str) -> bool:
    """Whether it has ended and only waits for its parent to ask how (Linux tells; elsewhere it is taken for alive)."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in ("Z", "X")
    except (OSError, IndexError):
        return False


@cache
def _here() -> str:
    """This computer, and within it this space of process numbers (a container has its own). Neither changes while a
    process lives, and it is asked for every time somebody looks whose turn it is."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        space = ""
    return f"{platform.node()}/{space}"
