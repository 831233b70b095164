"""How a link, a try to pay, money that came and money that went back may move. What is not in a table is refused."""

from __future__ import annotations

from dataclasses import replace

from connector.errors import Refused
from connector.model.money_in import AttemptState, RefundState
from connector.model.paylink import LinkAttempt, LinkState, ReceiptState

LINK_MOVES: dict[tuple[LinkState, str], LinkState] = {
    (LinkState.ACTIVE, "settled"): LinkState.SETTLED,
    (LinkState.ACTIVE, "expired"): LinkState.EXPIRED,
    (LinkState.ACTIVE, "revoked"): LinkState.REVOKED,
    (LinkState.ACTIVE, "superseded"): LinkState.SUPERSEDED,
    (LinkState.SETTLED, "reversed"): LinkState.ACTIVE,
    (LinkState.SETTLED, "revoked"): LinkState.REVOKED,
    (LinkState.SETTLED, "superseded"): LinkState.SUPERSEDED,
    (LinkState.EXPIRED, "revoked"): LinkState.REVOKED,
}
"""What may become of a link; a move that is not here is refused."""

_A = AttemptState
ATTEMPT_MOVES: dict[AttemptState, frozenset[AttemptState]] = {
    _A.CREATED: frozenset({_A.OFFERED, _A.UNKNOWN, _A.CANCELLED, _A.FAILED}),
    _A.OFFERED: frozenset({_A.APPROVED, _A.PROCESSING, _A.SUCCEEDED, _A.FAILED, _A.CANCELLED, _A.EXPIRED, _A.UNKNOWN}),
    _A.APPROVED: frozenset({_A.OFFERED, _A.PROCESSING, _A.SUCCEEDED, _A.FAILED, _A.CANCELLED, _A.EXPIRED, _A.UNKNOWN}),
    _A.PROCESSING: frozenset({_A.SUCCEEDED, _A.FAILED, _A.UNKNOWN}),
    _A.UNKNOWN: frozenset(_A) - {_A.CREATED},
    # Money that arrives late is still money.
    _A.EXPIRED: frozenset({_A.SUCCEEDED, _A.PROCESSING}),
    _A.CANCELLED: frozenset({_A.SUCCEEDED, _A.PROCESSING}),
    _A.FAILED: frozenset({_A.SUCCEEDED, _A.PROCESSING}),
    _A.SUCCEEDED: frozenset(),
}
"""Where a try to pay may go from each state; staying where it is, is always allowed."""

_R = ReceiptState
RECEIPT_MOVES: dict[ReceiptState, frozenset[ReceiptState]] = {
    _R.SUCCEEDED: frozenset({_R.PARTLY_REFUNDED, _R.REFUNDED, _R.REVERSED, _R.DISPUTED, _R.WON, _R.LOST}),
    # A refund can fail days later, and the money is there again.
    _R.PARTLY_REFUNDED: frozenset({_R.SUCCEEDED, _R.REFUNDED, _R.REVERSED, _R.DISPUTED, _R.WON, _R.LOST}),
    _R.REFUNDED: frozenset({_R.SUCCEEDED, _R.PARTLY_REFUNDED}),
    _R.DISPUTED: frozenset({_R.WON, _R.LOST, _R.REVERSED}),
    _R.WON: frozenset({_R.PARTLY_REFUNDED, _R.REFUNDED, _R.DISPUTED, _R.LOST}),
    _R.LOST: frozenset({_R.WON}),
    _R.REVERSED: frozenset(),
}
"""What may become of money that came. A bank debit that came back is back for good."""

REFUND_MOVES: dict[RefundState, frozenset[RefundState]] = {
    RefundState.PENDING: frozenset({RefundState.DONE, RefundState.FAILED}),
    RefundState.DONE: frozenset({RefundState.FAILED}),
    RefundState.FAILED: frozenset(),
}
"""What may become of money that is given back: done is not for ever, for a closed account sends it back."""

LIVE = frozenset({_A.CREATED, _A.OFFERED, _A.APPROVED, _A.PROCESSING, _A.UNKNOWN})
"""A try that may still become money without anybody being surprised."""

PAYABLE = frozenset({_A.CREATED, _A.OFFERED, _A.APPROVED})
"""A try whose payer can still act."""

GIVEN_UP = frozenset({_A.EXPIRED, _A.CANCELLED, _A.FAILED})
"""A try that was over; money that comes of it is late."""

MONEY = frozenset({_A.SUCCEEDED, _A.PROCESSING})


def link_after(state: LinkState, event: str) -> LinkState:
    """The link's next state; Refused for a move the table does not have."""
    try:
        return LINK_MOVES[state, event]
    except KeyError:
        raise Refused(f"A link that is {state} cannot be {event}.", next_step="Make a new link instead.") from None


def attempt_may_become(state: AttemptState, following: AttemptState) -> bool:
    """Whether the table of attempts has that move."""
    return state is following or following in ATTEMPT_MOVES[state]


def attempt_after(attempt: LinkAttempt, state: AttemptState) -> LinkAttempt:
    """The try as it stands after its processor was asked: what the table does not have leaves it as it is, and money
    of a try that had been given up is late."""
    if state is attempt.state or not attempt_may_become(attempt.state, state):
        return attempt
    return replace(attempt, state=state, late=attempt.late or (attempt.state in GIVEN_UP and state in MONEY))


def receipt_may_become(state: ReceiptState, following: ReceiptState) -> bool:
    """Whether the table of receipts has that move."""
    return state is following or following in RECEIPT_MOVES[state]


def refund_may_become(state: RefundState, following: RefundState) -> bool:
    """Whether the table of refunds has that move."""
    return state is following or following in REFUND_MOVES[state]
