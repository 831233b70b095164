"""How often a try to pay is looked at, as data. Nobody has to be told by a webhook that money came. Pure.

While the payer is likely to have the page open it is looked at every few seconds, then every few minutes until a day
after it expired; where nobody knows what became of it, closely for six hours and then once a day.
"""

from __future__ import annotations

from connector.dates import Instant, after
from connector.model.money_in import AttemptState
from connector.model.paylink import LinkAttempt

MINUTE, HOUR, DAY = 60, 3_600, 86_400

OPEN_PAGE: tuple[tuple[int, int], ...] = (
    (2 * MINUTE, 5),
    (5 * MINUTE, 15),
    (10 * MINUTE, 30),
    (20 * MINUTE, 60),
)
"""(age of the try, seconds between looks): the page is likely still open."""

LATER = 5 * MINUTE
AFTER_EXPIRY = DAY

IN_DOUBT: tuple[tuple[int, int], ...] = ((HOUR, MINUTE), (6 * HOUR, 5 * MINUTE), (45 * DAY, DAY))
"""(age, seconds between looks) of a try whose outcome nobody knows, or whose money is on its way."""

WATCHED = frozenset(AttemptState) - {AttemptState.SUCCEEDED, AttemptState.CREATED}
"""A try that failed, expired or was cancelled is looked at too: its money may come late."""

_DOUBTED = frozenset({AttemptState.UNKNOWN, AttemptState.PROCESSING})


def pause(attempt: LinkAttempt, now: Instant) -> int | None:
    """How many seconds there are between two looks at that age; None when nobody looks any more."""
    if attempt.state not in WATCHED:
        return None
    age = int((now - _begun(attempt)).total_seconds())
    if attempt.state in _DOUBTED:
        return _row(IN_DOUBT, age)
    if attempt.standing:
        return None if attempt.state in (AttemptState.CANCELLED, AttemptState.FAILED) else LATER
    if now > after(attempt.expires_at, AFTER_EXPIRY):
        return None
    return _row(OPEN_PAGE, age) or LATER


def is_due(attempt: LinkAttempt, looked_at: Instant | None, now: Instant) -> bool:
    """Whether it is time to look at it again."""
    seconds = pause(attempt, now)
    if seconds is None:
        return False
    return looked_at is None or (now - looked_at).total_seconds() >= seconds


def _begun(attempt: LinkAttempt) -> Instant:
    return attempt.created_at if attempt.created_at is not None else attempt.expires_at


def _row(table: tuple[tuple[int, int], ...], age: int) -> int | None:
    return next((seconds for until, seconds in table if age <= until), None)
