"""What a look at a past period found, as plain values: kept for pages, and shown by them."""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.figures import keep_as, kept_as
from connector.app.freshness import freshness
from connector.app.house import Desk
from connector.app.shadow import Looked, in_order, shadow
from connector.dates import BusinessDate, Instant, business_date
from connector.model.finding import FindingCode
from connector.money import Money
from connector.reconcile.shadowed import Sum
from connector.reconcile.stuck import Residue, Waited

KEPT = "shadow"
ROWS_KEPT = 500
"""So many of what was found are kept for a page; the file that `shadow --html` makes has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that is wrong, in words."""

    code: FindingCode
    on: BusinessDate
    days: int
    sentence: str
    next_step: str
    amount: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldPost:
    """A payment that would have been posted."""

    payment: str
    gross: Money
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """The same as plain values, as it is kept and shown: `rows` and the lists after it may be the first of them only,
    `count` and `decided` are how many there are in all."""

    start: BusinessDate
    end: BusinessDate
    data_as_of: Instant | None
    unset: tuple[str, ...]
    sums: tuple[Sum, ...]
    count: int
    rows: tuple[Found, ...]
    decided: int
    would_post: tuple[WouldPost, ...]
    asked: int
    waited: tuple[Waited, ...]
    residues: tuple[Residue, ...]


def told(looked: Looked, data_as_of: Instant | None) -> LookedAt:
    """What was found, as it is shown."""
    found = looked.shadow
    rows = (
        Found(
            code=row.finding.code,
            on=row.on,
            days=row.days,
            sentence=row.finding.sentence,
            next_step=row.finding.next_step,
            amount=row.finding.amount,
        )
        for row in found.rows[:ROWS_KEPT]
    )
    return LookedAt(
        start=found.start,
        end=found.end,
        data_as_of=data_as_of,
        unset=looked.unset,
        sums=found.sums,
        count=len(found.rows),
        rows=tuple(rows),
        decided=len(found.decided),
        would_post=tuple(
            WouldPost(payment=each.payment.vendor_id, gross=each.gross, sentence=each.sentence)
            for each in found.decided[:ROWS_KEPT]
        ),
        asked=found.asked,
        waited=found.waited,
        residues=found.residues[-ROWS_KEPT:],
    )


def look_and_keep(desk: Desk, start: BusinessDate | None, end: BusinessDate | None) -> LookedAt:
    """Look, and keep what was found for pages, in the place of the look before."""
    head, day = desk.store.head(desk.id)[0], desk.today
    made = told(shadow(desk, start, end), freshness(desk).data_as_of)
    keep_as(desk, KEPT, made, head=head, day=day)
    return made


def looked_last(desk: Desk) -> LookedAt | None:
    """What was found last; None before the first look."""
    held = kept_as(desk, KEPT, LookedAt)
    return held[0] if held is not None else None


def days_of(text: str) -> tuple[BusinessDate | None, BusinessDate | None]:
    """The days of a period as an errand names it, "FROM TO", each a day or a dash. UserError: one is no day."""
    first, _, last = text.partition(" ")
    start, end = (business_date(each) if each not in ("", "-") else None for each in (first, last))
    if start is not None and end is not None:
        in_order(start, end)
    return start, end
