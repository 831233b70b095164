"""How often a company is looked at, so that its month's metered reads last until the month ends.

What is left is spread over the time that is left, anew at every turn. Whoever spends more than was planned is looked at
less often from then on, and never at the cost of the last tenth: that is kept for people.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from connector.app.house import Desk
from connector.dates import Instant
from connector.store.budget import Spending

KEPT_SHARE = 10
"""One part in so many of the month's reads is not used up by looking whether anything is new."""

LONGEST_SECONDS = 6 * 3600
"""Never less often: what was read must not become too old to be relied on."""


def paced(desk: Desk, every_seconds: int) -> tuple[int, str]:
    """Seconds until the next turn, and a sentence where that is longer than what was chosen, "" elsewhere."""
    slowest, title = every_seconds, ""
    for connection in desk.connections():
        spent = desk.spending(connection)
        seconds = every_seconds if spent is None else seconds_between(spent, desk.clock.now())
        if seconds > slowest:
            slowest, title = seconds, desk.spec(connection).title
    if not title:
        return every_seconds, ""
    return slowest, f"The next turn comes in {slowest // 60} minutes, so that this month's reads of {title} last."


def seconds_between(spent: Spending, now: Instant) -> int:
    """How far apart looks must be that cost one read each, if those that are left shall last until the month ends."""
    if spent.allowed is None:
        return 0
    left = spent.allowed - spent.allowed // KEPT_SHARE - spent.metered
    return min(ceil(_left_of_month(now) / left), LONGEST_SECONDS) if left > 0 else LONGEST_SECONDS


def _left_of_month(now: Instant) -> float:
    """Seconds until the month ends, by the same zone as it is counted in (UTC)."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return (following - now).total_seconds()
