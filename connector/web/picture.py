"""The aging as a picture: where each coloured piece of a bar begins and how wide it is, in whole thousandths.

One currency a picture, one scale a currency: amounts of two currencies never share a bar. What is overdue stands left,
so that its length can be compared; what is not yet due follows, pale. Every bar says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.collect.aging import BUCKETS, Aging, AgingRow
from connector.model.source import Ref
from connector.money import Currency, Money, grouped, half_up, total

CUSTOMERS_MAX = 12
WIDTH = 1_000
_GAP = 3
_LEAST = 6

DRAWN = (1, 2, 3, 4, 0)
"""The order of the pieces, as indices in BUCKETS."""

LABELS = ("Not yet due", "1–30 days", "31–60 days", "61–90 days", "91+ days")  # noqa: RUF001  a range
"""What each of BUCKETS is called for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A rectangle: from `x`, `width` wide, of that bucket."""

    bucket: int
    x: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One customer's bar. `oldest` is its oldest bucket in words, `text` the whole bar in words. `customer` is None for
    the bar of everybody, and where nobody is named."""

    name: str
    customer: Ref | None
    overdue: Money
    oldest: str
    pieces: tuple[Piece, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One line of the legend: a bucket, its amount and its whole percentage of what is open."""

    bucket: int
    label: str
    amount: Money
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One currency. `others` are the overdue customers that have no bar, `left_over` what they owe. `by_hand`: whether
    journal entries make anybody owe more or less than the invoices say."""

    currency: Currency
    total: AgingRow
    whole: Bar
    shares: tuple[Share, ...]
    bars: tuple[Bar, ...]
    others: int
    left_over: Money
    by_hand: bool
    rows: tuple[AgingRow, ...]


def pictures(aging: Aging) -> tuple[Picture, ...]:
    """One picture per currency of the aging; the currency with most open invoices first."""
    wholes = sorted(aging.totals, key=lambda row: (-row.invoices, _code(row)))
    return tuple(_picture(row, [each for each in aging.rows if _code(each) == _code(row)]) for row in wholes)


def _code(row: AgingRow) -> Currency:
    return row.open.currency


def _picture(whole: AgingRow, rows: Sequence[AgingRow]) -> Picture:
    late = [row for row in rows if row.overdue.minor > 0]
    shown, rest = late[:CUSTOMERS_MAX], late[CUSTOMERS_MAX:]
    longest = max((_drawn(row) for row in shown), default=0)
    return Picture(
        currency=_code(whole),
        total=whole,
        whole=_bar(whole, _drawn(whole)),
        shares=tuple(
            Share(bucket=at, label=LABELS[at], amount=whole.buckets[at], percent=_percent(whole, at)) for at in DRAWN
        ),
        bars=tuple(_bar(row, longest) for row in shown),
        others=len(rest),
        left_over=total((row.overdue for row in rest), _code(whole)),
        by_hand=any(row.by_hand for row in rows),
        rows=tuple(rows),
    )


def _drawn(row: AgingRow) -> int:
    """The length of a bar in minor units; an amount below zero has no length."""
    return sum(max(bucket.minor, 0) for bucket in row.buckets)


def _percent(row: AgingRow, bucket: int) -> int:
    whole = _drawn(row)
    return half_up(max(row.buckets[bucket].minor, 0) * 100, whole) if whole else 0


def _bar(row: AgingRow, longest: int) -> Bar:
    pieces = []
    x = 0
    for bucket in DRAWN:
        minor = row.buckets[bucket].minor
        if minor > 0 and longest > 0:
            width = max(minor * WIDTH // longest, _LEAST)
            pieces.append(Piece(bucket=bucket, x=x, width=max(min(width, WIDTH - x) - _GAP, 1)))
            x = min(x + width, WIDTH - _LEAST)
    oldest = next((LABELS[at] for at in range(len(BUCKETS) - 1, -1, -1) if row.buckets[at].minor > 0), "")
    return Bar(
        name=row.name, customer=row.customer, overdue=row.overdue, oldest=oldest, pieces=tuple(pieces), text=_text(row)
    )


def _text(row: AgingRow) -> str:
    parts = [f"{LABELS[at]} {grouped(row.buckets[at])}" for at in DRAWN if row.buckets[at]]
    return f"{row.name}: {grouped(row.overdue)} overdue of {grouped(row.open)} open. " + ", ".join(parts) + "."
