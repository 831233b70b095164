"""What a firm has decided about working unattended, and how its last turn went."""

from __future__ import annotations

from dataclasses import dataclass

from connector.dates import Instant
from connector.money import Money

EVERY_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Autosync:
    """Whether a company's turns come by themselves, and what they may write.

    `dry_run`: plans are made and nothing is written. `per_posting` and `per_day`: the most that one entry, and all
    entries of one of the company's days together, may come to; one amount per currency, and where there is any, money
    in a currency without one waits for a person. Empty: no bound.
    """

    on: bool = False
    dry_run: bool = False
    every_seconds: int = EVERY_SECONDS
    per_posting: tuple[Money, ...] = ()
    per_day: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How a company's last turn went. `said` is one sentence, `waits` another about what waits for a person since, ""
    when nothing does; `failed`: it ended in a fault; `failures`: so many in a row. `head`: where the journal ended when
    all was reconciled last: what has not moved since need not be looked at again. `well_at`: when one last went well.
    `unproven`: it wrote, or what an earlier one wrote was not found to agree yet; the next reading shows it.
    """

    said: str = ""
    waits: str = ""
    next_step: str = ""
    failed: bool = False
    failures: int = 0
    head: int = 0
    unproven: bool = False
    began_at: Instant | None = None
    ended_at: Instant | None = None
    well_at: Instant | None = None
