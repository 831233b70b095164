"""One link per debt: which methods it offers, what a click on it may do, and how a try to pay moves. Pure.

A link never charges by itself and never offers to pay what is settled, void, or already on its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.errors import Refused
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import AttemptState
from connector.model.paylink import LinkAttempt, LinkState, PaymentLink
from connector.money import Currency, Money

LINK_MOVES: dict[tuple[LinkState, str], LinkState] = {
    (LinkState.ACTIVE, "settled"): LinkState.SETTLED,
    (LinkState.ACTIVE, "expired"): LinkState.EXPIRED,
    (LinkState.ACTIVE, "revoked"): LinkState.REVOKED,
    (LinkState.ACTIVE, "superseded"): LinkState.SUPERSEDED,
    (LinkState.SETTLED, "reversed"): LinkState.ACTIVE,
}
"""What may become of a link; a move that is not here is refused."""

_A = AttemptState
ATTEMPT_MOVES: dict[AttemptState, frozenset[AttemptState]] = {
    _A.CREATED: frozenset({_A.OFFERED, _A.UNKNOWN, _A.CANCELLED, _A.FAILED}),
    _A.OFFERED: frozenset({_A.PROCESSING, _A.SUCCEEDED, _A.FAILED, _A.CANCELLED, _A.EXPIRED, _A.UNKNOWN}),
    _A.PROCESSING: frozenset({_A.SUCCEEDED, _A.FAILED, _A.UNKNOWN}),
    _A.UNKNOWN: frozenset(_A) - {_A.CREATED},
    # Money that arrives late is still money.
    _A.EXPIRED: frozenset({_A.SUCCEEDED, _A.PROCESSING}),
    _A.CANCELLED: frozenset({_A.SUCCEEDED, _A.PROCESSING}),
    _A.FAILED: frozenset({_A.SUCCEEDED, _A.PROCESSING}),
    _A.SUCCEEDED: frozenset(),
}
"""Where a try to pay may go from each state; staying where it is, is always allowed."""

LIVE = frozenset({_A.CREATED, _A.OFFERED, _A.PROCESSING, _A.UNKNOWN})


def link_after(state: LinkState, event: str) -> LinkState:
    """The link's next state; Refused for a move the table does not have."""
    try:
        return LINK_MOVES[state, event]
    except KeyError:
        raise Refused(f"A link that is {state} cannot be {event}.", next_step="Make a new link instead.") from None


def attempt_may_become(state: AttemptState, following: AttemptState) -> bool:
    """Whether the table of attempts has that move."""
    return state is following or following in ATTEMPT_MOVES[state]


class Offer(StrEnum):
    """What the page behind a link shows."""

    PAY = "pay"
    PAID = "paid"
    PROCESSING = "processing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What a visitor of the link sees, the amount that would be charged, and the open page that can be used again."""

    offer: Offer
    amount: Money
    reuse: LinkAttempt | None = None
    stale: tuple[LinkAttempt, ...] = ()


def showing(link: PaymentLink, invoice: Invoice, attempts: Sequence[LinkAttempt], pending: Money | None) -> Showing:
    """Decide what a link offers now. `pending` is money on its way that the mirror knows of.

    `stale` are open pages that ask for another amount than is due: they are closed before a new one is opened.
    """
    if link.state in (LinkState.REVOKED, LinkState.EXPIRED, LinkState.SUPERSEDED):
        return Showing(offer=Offer.CLOSED, amount=invoice.open)
    if invoice.state in (InvoiceState.VOID, InvoiceState.DRAFT, InvoiceState.UNKNOWN):
        return Showing(offer=Offer.CLOSED, amount=invoice.open)
    if invoice.open.minor <= 0:
        return Showing(offer=Offer.PAID, amount=invoice.open)
    if pending or any(a.state in (AttemptState.PROCESSING, AttemptState.UNKNOWN) for a in attempts):
        return Showing(offer=Offer.PROCESSING, amount=invoice.open)
    # A page that was paid before the books know of it must not be followed by a second one.
    if any(a.state is AttemptState.SUCCEEDED for a in attempts):
        return Showing(offer=Offer.PROCESSING, amount=invoice.open)
    live = [a for a in attempts if a.state in (AttemptState.OFFERED, AttemptState.CREATED)]
    usable = [a for a in live if a.amount == invoice.open and a.page_url is not None]
    stale = tuple(a for a in live if a not in usable[:1])
    return Showing(offer=Offer.PAY, amount=invoice.open, reuse=usable[0] if usable else None, stale=stale)


def methods_for(code: Currency, offered: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The payment methods that take this currency. An empty set of currencies means all of them."""
    return tuple(method for method, currencies in offered.items() if not currencies or code in currencies)
