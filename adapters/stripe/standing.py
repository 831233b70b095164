"""What Stripe holds for the merchant, and the ledger up to that very second, so that the two belong together."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.stripe import course, pointers, wire
from adapters.stripe.ahead import Calls
from adapters.stripe.guards import checked_id
from adapters.stripe.lists import BALANCE, SHELVES
from adapters.stripe.pointers import Document
from connector.clock import Clock
from connector.model.source import Kind

LIMIT = 100
TRIES_MAX = 5
PAUSE_SECONDS = 1.0
PAGES_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The balance as Stripe told it `at` a second, and the ledger lines since the one that was newest; `newest` is when
    the newest of these was created. `whole` is False where there are more of them than can be asked for at once."""

    balance: bytes
    at: int
    lines: list[Document]
    newest: int | None
    whole: bool


def read(calls: Calls, clock: Clock, since: int) -> Standing:
    """Ask for the balance and then for the ledger. While a line is as young as the balance, nobody can say whether it
    is in it, and both are asked for again."""
    standing = _once(calls, since)
    for _ in range(TRIES_MAX - 1):
        if not standing.whole or standing.newest is None or standing.newest < standing.at:
            return standing
        clock.sleep(PAUSE_SECONDS)
        standing = _once(calls, since)
    return standing


def _once(calls: Calls, since: int) -> Standing:
    balance, at = calls.read_dated(BALANCE, {}, pointers.balance)
    query: dict[str, str | int] = {"limit": LIMIT, "created[gte]": since - course.OVERLAP_SECONDS}
    lines: list[Document] = []
    newest: int | None = None
    for _ in range(PAGES_MAX):
        page = calls.read(SHELVES[Kind.BALANCE_ENTRY].path, query, pointers.listed)
        placed = [wire.decode(raw, pointers.Placed) for raw in page.data]
        lines += page.data
        newest = max([one.created for one in placed] + ([newest] if newest is not None else []), default=None)
        if not page.has_more:
            return Standing(balance=balance, at=at, lines=lines, newest=newest, whole=True)
        query["starting_after"] = checked_id(placed[-1].id)
    return Standing(balance=balance, at=at, lines=[], newest=None, whole=False)
