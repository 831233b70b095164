"""What a payment by each method would cost the seller: by the price list, and by the fees really taken. Pure.

Fees are never computed for the books; this is advice before a link is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.model.money_in import Payment
from connector.model.paylink import Price
from connector.model.source import ConnectionId, Ref
from connector.money import Money, half_up
from connector.paylinks.offers import Way

BASIS = 10_000
SEEN_MIN = 3
"""Fewer payments than this say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`listed` by the price list (`own`: the firm's), `seen` by the mean of the fees of `payments` payments; None where
    nothing is known."""

    way: Way
    listed: Money | None
    own: bool
    seen: Money | None
    payments: int


def price_of(price: Price, amount: Money) -> Money | None:
    """What a payment of that amount costs by the list, rounded half up; None where the list says nothing."""
    fixed = price.fixed.get(amount.currency)
    if fixed is None:
        return None
    fee = half_up(amount.minor * price.basis_points, BASIS) + fixed
    most = price.most.get(amount.currency)
    return Money(fee if most is None else min(fee, most), amount.currency)


def costs(
    ways: Sequence[Way],
    amount: Money,
    listed: Mapping[tuple[ConnectionId, str], Price],
    own: Mapping[str, Price],
    payments: Iterable[tuple[Ref, Payment]],
) -> tuple[Cost, ...]:
    """The cost of each way for that amount. `payments` are those of the mirror, by which the real share is known."""
    taken = _taken(payments, amount)
    found = []
    for way in ways:
        price = own.get(way.code) or listed.get((way.connection, way.code))
        gross, fee, count = taken.get((way.connection, way.code), (0, 0, 0))
        seen = Money(half_up(amount.minor * fee, gross), amount.currency) if count >= SEEN_MIN and gross else None
        found.append(
            Cost(
                way=way,
                listed=price_of(price, amount) if price is not None else None,
                own=way.code in own,
                seen=seen,
                payments=count,
            )
        )
    return tuple(found)


def _taken(
    payments: Iterable[tuple[Ref, Payment]], amount: Money
) -> dict[tuple[ConnectionId, str], tuple[int, int, int]]:
    """Gross, fee and number of the payments whose fee is known, per processor and method, in that currency."""
    found: dict[tuple[ConnectionId, str], tuple[int, int, int]] = {}
    for ref, payment in payments:
        fee = payment.fee
        if fee is None or payment.gross.currency != amount.currency or fee.currency != amount.currency:
            continue
        gross, sum_of_fees, count = found.get((ref.connection, payment.method), (0, 0, 0))
        found[ref.connection, payment.method] = (gross + payment.gross.minor, sum_of_fees + fee.minor, count + 1)
    return found
