"""Many records that were made a moment ago, listed together instead of asked for one by one.

A day's sales are two or three pages of a list, and hundreds of single questions. When a record was made is told by the
event about it; that is used to find the place in the list, and nothing of it is believed. Whatever the list does not
bring is asked for alone, as it would have been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.stripe import pointers, wire
from adapters.stripe.ahead import Ask, Calls, Lines
from adapters.stripe.guards import checked_id
from adapters.stripe.lists import SHELVES
from adapters.stripe.pointers import Document
from connector.model.source import Kind

FEW = 5
"""So many of a kind are asked for one by one."""

PER_CALL = 10
"""A page must save so many questions, or it is not asked for."""

LIMIT = 100

SLACK_SECONDS = 60
"""What belongs together need not carry the same second."""

_OWN_LISTS = frozenset({Kind.ATTEMPT, Kind.PAYMENT, Kind.REFUND, Kind.INVOICE, Kind.DISPUTE, Kind.CREDIT_NOTE})


@dataclass(frozen=True, slots=True)
class Lately:
    """What the lists brought, by shelf and id; and what settles by the attempts that were `settling` looked through."""

    rows: Mapping[tuple[str, str], Document] = field(default_factory=dict)
    settled: Mapping[str, list[Document]] = field(default_factory=dict)
    settling: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Made:
    """A record, and when it was made by what an event says of it."""

    name: str
    vendor_id: str
    at: int


def listed(lines: Lines, made: Iterable[Made], since: int) -> Lately:
    """The lists from the oldest to the newest of each kind of which there are more than a few, made since then.
    Errors: VendorError."""
    by_name: dict[str, list[Made]] = defaultdict(list)
    for one in made:
        if one.at >= since - SLACK_SECONDS and SHELVES[one.name].kind in _OWN_LISTS:
            by_name[one.name].append(one)
    many = {name: ones for name, ones in by_name.items() if len(ones) > FEW}
    asks = [_page(name, [one.at for one in ones]) for name, ones in many.items()]
    attempts = many.get(Kind.ATTEMPT.value, [])
    if attempts:  # nothing settles by an attempt before it is made, and something may at any time after
        asks.append(_page(Kind.ALLOCATION.value, [one.at for one in attempts], to_the_end=True))
    found = dict(zip((*many, Kind.ALLOCATION.value), lines.each(asks), strict=False))
    settled, whole = found.pop(Kind.ALLOCATION.value, ([], False))
    by_attempt: dict[str, list[Document]] = defaultdict(list)
    for raw in settled if whole else ():
        attempt = wire.link_id(wire.decode(raw, wire.InvoicePayment).payment.payment_intent)
        if attempt:
            by_attempt[attempt].append(raw)
    return Lately(
        rows={(name, wire.decode(raw, pointers.Placed).id): raw for name, (rows, _) in found.items() for raw in rows},
        settled=by_attempt,
        settling=frozenset(one.vendor_id for one in attempts) if whole else frozenset(),
    )


def _page(name: str, made: Sequence[int], *, to_the_end: bool = False) -> Ask[tuple[list[Document], bool]]:
    """The rows from the first of these seconds to the last, or to now, and whether these are all: no more pages than it
    is worth."""

    def ask(calls: Calls) -> tuple[list[Document], bool]:
        rows: list[Document] = []
        shelf = SHELVES[name]
        query: dict[str, str | int] = {"limit": LIMIT, **shelf.listing, "created[gte]": min(made) - SLACK_SECONDS}
        if not to_the_end:
            query["created[lte]"] = max(made)
        for _ in range(1 + len(made) // PER_CALL):
            page = calls.read(shelf.path, query, pointers.listed)
            rows += page.data
            if not page.has_more:
                return rows, True
            query["starting_after"] = checked_id(wire.decode(page.data[-1], pointers.Placed).id)
        return rows, False

    return ask
