"""What of a debt is settled, from what its own books call open and what came through its link. Pure.

Nothing is stored of this: it is computed each time, so that it cannot disagree with the money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.model.money_in import AttemptState
from connector.model.paylink import Flag, LinkAttempt, Receipt, ReceiptState
from connector.money import Money, total, zero

KEPT = frozenset({ReceiptState.SUCCEEDED, ReceiptState.PARTLY_REFUNDED, ReceiptState.DISPUTED, ReceiptState.WON})
"""Money that counts. What is disputed is fought over, and nobody is asked for it a second time meanwhile."""

BASIS = 10_000


class Settled(StrEnum):
    """How far a debt is settled."""

    UNPAID = "unpaid"
    PART_PAID = "part_paid"
    CLEARING = "clearing"
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What the books say of a debt, or of the sum of several: `open` already lacks what is booked."""

    open: Money
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """So much may be missing: an amount, and a share of the whole in hundredths of a percent; the smaller one of those
    that are set. Nothing by default."""

    minor: int = 0
    basis_points: int = 0

    def of(self, whole: Money) -> int:
        """The minor units that may be missing of that."""
        share = whole.minor * self.basis_points // BASIS
        allowed = [each for each in (self.minor, share) if each > 0]
        return min(allowed) if allowed else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """`due` is what may still be asked for; `received` came and is not in the books yet; `clearing` is on its way;
    `excess` came on top and is the customer's."""

    state: Settled
    flags: frozenset[Flag]
    due: Money
    received: Money
    clearing: Money
    excess: Money


def settlement(
    owed: Owed, receipts: Sequence[Receipt], attempts: Sequence[LinkAttempt], tolerance: Tolerance
) -> Settlement:
    """How far the debt is settled, and what a person should know. Money in another currency settles nothing."""
    code = owed.open.currency
    own = [each for each in receipts if each.kept.currency == code]
    new = [each for each in own if each.state in KEPT and not each.booked]
    received = total((each.kept for each in new), code)
    clearing = total(
        (each.amount for each in attempts if each.state is AttemptState.PROCESSING and each.amount.currency == code),
        code,
    )
    left = owed.open - received
    due, excess = (left, zero(code)) if left.minor > 0 else (zero(code), -left)
    flags = {flag for each in receipts for flag in each.flags} | _flags(receipts, attempts, new, excess)
    state = _state(owed, due, clearing, received)
    if state is Settled.PART_PAID and due.minor <= tolerance.of(owed.total):
        flags.add(Flag.SHORT_WITHIN_TOLERANCE)
        state = Settled.PAID
    return Settlement(state=state, flags=frozenset(flags), due=due, received=received, clearing=clearing, excess=excess)


def _state(owed: Owed, due: Money, clearing: Money, received: Money) -> Settled:
    if not due:
        return Settled.PAID
    if clearing:
        return Settled.CLEARING
    return Settled.PART_PAID if received or owed.open < owed.total else Settled.UNPAID


def _flags(
    receipts: Sequence[Receipt], attempts: Sequence[LinkAttempt], new: Sequence[Receipt], excess: Money
) -> set[Flag]:
    found: set[Flag] = set()
    if excess:
        found.add(Flag.OVER)
        # One of them is wholly too much: without it the debt would be paid as well.
        if any(each.kept <= excess for each in new):
            found.add(Flag.DOUBLE)
    states = {each.state for each in receipts}
    if ReceiptState.DISPUTED in states or ReceiptState.LOST in states:
        found.add(Flag.DISPUTED)
    if ReceiptState.REVERSED in states:
        found.add(Flag.REVERSED)
    if states & {ReceiptState.REFUNDED, ReceiptState.PARTLY_REFUNDED}:
        found.add(Flag.REFUNDED)
    if any(each.late for each in attempts if each.state is AttemptState.SUCCEEDED):
        found.add(Flag.LATE)
    if any(each.state is AttemptState.UNKNOWN for each in attempts):
        found.add(Flag.UNKNOWN)
    return found
