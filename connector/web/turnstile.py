"""How often one visitor may come: so many in any stretch of time, counted in this process.

What opens pages at a processor is counted where it is stored instead, so that all processes count together.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil

MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3600.0
VISITORS_MAX = 10_000
"""So many visitors are remembered at a time; whoever came longest ago is forgotten first."""

_NETWORK_BITS = 64
"""A household or an office has a whole IPv6 network of that size to come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is allowed: per visitor and minute, and questions per link and hour."""

    views_per_minute: int = 60
    polls_per_minute: int = 60
    misses_per_minute: int = 10
    documents_per_minute: int = 10
    questions_per_hour: int = 5


class Turnstile:
    """At most `allowed` passes per visitor in any `seconds`; a moving window, so that no minute's turn doubles it."""

    def __init__(self, allowed: int, seconds: float, monotonic: Callable[[], float]) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._monotonic = monotonic
        self._passes: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_seconds(self, visitor: str) -> int:
        """0 when the visitor passes, which is counted; else after how many seconds to come again, not counted."""
        now = self._monotonic()
        with self._lock:
            passes = self._passes.setdefault(visitor, deque())
            self._passes.move_to_end(visitor)
            self._forget(passes, now)
            wait = self._wait(passes, now)
            if wait:
                return wait
            passes.append(now)
            while len(self._passes) > VISITORS_MAX:
                self._passes.popitem(last=False)
        return 0

    def left_seconds(self, visitor: str) -> int:
        """0 while the visitor may still pass, else after how many seconds again; nothing is counted."""
        now = self._monotonic()
        with self._lock:
            passes = self._passes.get(visitor)
            if passes is None:
                return 0
            self._forget(passes, now)
            return self._wait(passes, now)

    def _wait(self, passes: deque[float], now: float) -> int:
        if len(passes) < self._allowed:
            return 0
        return max(1, ceil(passes[0] + self._seconds - now))

    def _forget(self, passes: deque[float], now: float) -> None:
        while passes and passes[0] <= now - self._seconds:
            passes.popleft()


def visitor_of(host: str) -> str:
    """Whom an address stands for: itself, or its network for IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{int(address) >> (128 - _NETWORK_BITS):x}"
    return str(address)
