"""What a link shows whoever opens it, and which of its open pages may be used again. Pure.

A link never charges by itself and never offers to pay what is settled, void, or already on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from connector.dates import Instant, after
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import AttemptState
from connector.model.paylink import LinkAttempt, LinkState, PaymentLink, Receipt, ReceiptState
from connector.money import Money, total
from connector.paylinks.moves import PAYABLE
from connector.paylinks.settled import Owed, Settled, Settlement, Tolerance, settlement

_CLOSED_LINKS = frozenset({LinkState.REVOKED, LinkState.EXPIRED, LinkState.SUPERSEDED})
REUSE_SECONDS_MIN = 30 * 60
"""A page that ends sooner is not given to a payer who only begins."""

_NOT_OWED = frozenset({InvoiceState.VOID, InvoiceState.DRAFT, InvoiceState.UNKNOWN, InvoiceState.UNCOLLECTIBLE})


class Offer(StrEnum):
    """What the page behind a link shows. CHECKING: nobody knows yet whether a payment was made."""

    PAY = "pay"
    PAID = "paid"
    PROCESSING = "processing"
    CHECKING = "checking"
    CLOSED = "closed"


class Setback(StrEnum):
    """Why the last try to pay has left the debt open."""

    FAILED = "failed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What a visitor of the link sees, the amount that is due, and the open pages that may be used again or not."""

    offer: Offer
    amount: Money
    reuse: LinkAttempt | None = None
    stale: tuple[LinkAttempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the debts of a link: the tries and the money of any link that is for one of them, and money on
    its way that came by no link of ours (`pending`)."""

    debts: tuple[Invoice, ...]
    attempts: tuple[LinkAttempt, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    pending: Money | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)

    @property
    def owed(self) -> Owed:
        """What is open of all of them. What is not owed counts as nothing."""
        code = self.debts[0].open.currency
        owed = [each for each in self.debts if each.state not in _NOT_OWED]
        return Owed(open=total((each.open for each in owed), code), total=total((each.total for each in owed), code))

    @property
    def settlement(self) -> Settlement:
        """How far they are settled."""
        return settlement(self.owed, self.receipts, self.attempts, self.tolerance)


def offer_of(link: PaymentLink, known: Known) -> Offer:
    """What the link offers. While money is on its way, or may be, it offers nothing to pay."""
    if link.state in _CLOSED_LINKS or all(each.state in _NOT_OWED for each in known.debts):
        return Offer.CLOSED
    settled = known.settlement
    if settled.state is Settled.PAID:
        # Until the books know of it, it is being processed; whoever paid need not care.
        return Offer.PROCESSING if known.owed.open and settled.received else Offer.PAID
    states = {each.state for each in known.attempts}
    taking = any(each.state is AttemptState.APPROVED and each.capture is not None for each in known.attempts)
    if AttemptState.UNKNOWN in states or taking:
        return Offer.CHECKING
    if known.pending or settled.state is Settled.CLEARING or AttemptState.PROCESSING in states:
        return Offer.PROCESSING
    return Offer.PAY


def setback_of(known: Known) -> Setback | None:
    """What became of the latest try, where a payer who comes again would ask; None once another was begun."""
    if not known.attempts:
        return None
    latest = known.attempts[-1]
    if latest.state is AttemptState.FAILED:
        return Setback.FAILED
    returned = {each.attempt_id for each in known.receipts if each.state is ReceiptState.REVERSED}
    return Setback.RETURNED if latest.attempt_id in returned else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a payer asks for, and when: a page for that amount and method (None: any) ."""

    amount: Money
    now: Instant
    method: str | None = None


def showing(link: PaymentLink, known: Known, wanted: Wanted | None = None) -> Showing:
    """Decide what a link shows, to whoever looks or to a payer who asks for something.

    `stale` are open pages that ask for another amount, or offer another method: they are closed before a new one is
    opened, also those of other links that are for one of the same debts.
    """
    offer, due = offer_of(link, known), known.settlement.due
    if offer is not Offer.PAY:
        return Showing(offer=offer, amount=due)
    live = [each for each in known.attempts if each.state in PAYABLE]
    usable = [each for each in live if wanted is not None and _fits(each, link, wanted)]
    stale = tuple(each for each in live if each not in usable[:1])
    return Showing(offer=offer, amount=due, reuse=usable[0] if usable else None, stale=stale)


def _fits(attempt: LinkAttempt, link: PaymentLink, wanted: Wanted) -> bool:
    return (
        attempt.link_id == link.link_id
        and attempt.amount == wanted.amount
        and attempt.page_url is not None
        and (wanted.method is None or wanted.method in attempt.methods)
        and (attempt.standing or after(wanted.now, REUSE_SECONDS_MIN) < attempt.expires_at)
    )
