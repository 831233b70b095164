"""One stable link per debt, the tries to pay it, and the money that came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from connector.dates import Instant
from connector.model.money_in import AttemptState
from connector.model.source import ConnectionId, OpId, Ref
from connector.money import Money

LinkId = NewType("LinkId", str)
AttemptId = NewType("AttemptId", str)


class LinkState(StrEnum):
    """The table of moves is in `connector.paylinks`."""

    ACTIVE = "active"
    SETTLED = "settled"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class AmountMode(StrEnum):
    """How much of a debt a payer may pay at once: all of it, at least so much, or anything up to it."""

    WHOLE = "whole"
    MINIMUM = "minimum"
    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLink:
    """Our own address for one debt, or for a set of debts of one payer. Only the hash of its secret is stored.

    `more` are the debts beside the first, oldest first. `methods`: only these are offered; empty, all that apply.
    `generation` rises when the address is changed. `expires_at` is there only where a firm wants links to end.
    """

    link_id: LinkId
    debt: Ref
    number: str | None
    state: LinkState
    created_at: Instant
    more: tuple[Ref, ...] = ()
    mode: AmountMode = AmountMode.WHOLE
    minimum: Money | None = None
    methods: tuple[str, ...] = ()
    language: str = ""
    generation: int = 0
    expires_at: Instant | None = None
    settled_at: Instant | None = None

    @property
    def debts(self) -> tuple[Ref, ...]:
        """All it is for, oldest first."""
        return (self.debt, *self.more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What of an amount goes to one debt."""

    debt: Ref
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAttempt:
    """One page opened at a processor for a link; written down before the call, with everything the call says.

    `shares` says what of the amount is for which debt where there are several. `offered` is what the page really
    offers, by the processor's own answer. `late`: money came after the try was given up. `standing`: an address of the
    processor's own that stays until it is paid or closed. `capture` is the write that takes approved money, `fault` why
    it came to nothing, `waits_for` why money that was taken is not there yet: words for finance, never for a payer.
    """

    attempt_id: AttemptId
    link_id: LinkId
    debt: Ref
    connection: ConnectionId
    op_id: OpId
    amount: Money
    methods: tuple[str, ...]
    state: AttemptState
    expires_at: Instant
    page_id: str | None = None
    page_url: str | None = None
    created_at: Instant | None = None
    shares: tuple[Share, ...] = ()
    offered: tuple[str, ...] = ()
    late: bool = False
    standing: bool = False
    capture: OpId | None = None
    fault: str = ""
    waits_for: str = ""

    @property
    def debts(self) -> tuple[Ref, ...]:
        """What it is meant to pay."""
        return tuple(share.debt for share in self.shares) or (self.debt,)


class ReceiptState(StrEnum):
    """Money that came through a link, and what became of it. WON and LOST are how a dispute ends."""

    SUCCEEDED = "succeeded"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    DISPUTED = "disputed"
    WON = "won"
    LOST = "lost"


class Flag(StrEnum):
    """What a person should know about money that came through a link. Several can be true at once."""

    OVER = "over"
    LATE = "late"
    DOUBLE = "double"
    SHORT_WITHIN_TOLERANCE = "short_within_tolerance"
    DISPUTED = "disputed"
    CURRENCY_MISMATCH = "currency_mismatch"
    AMOUNT_MISMATCH = "amount_mismatch"
    PAYEE_MISMATCH = "payee_mismatch"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that came of an attempt: one per payment of the processor, however often it is told.

    `kept` is what is left of it after refunds. `booked`: the books hold it, so the debt's own balance knows of it.
    """

    payment: Ref
    attempt_id: AttemptId
    link_id: LinkId
    debt: Ref
    amount: Money
    kept: Money
    state: ReceiptState
    at: Instant
    method: str = ""
    flags: tuple[Flag, ...] = ()
    booked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the trail of a try: from where to where, with what flags, and what told us (`cause`: a click, the
    payer coming back, a webhook's event id, the poller)."""

    attempt_id: AttemptId
    link_id: LinkId
    before: str
    after: str
    cause: str
    payment: Ref | None = None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a processor takes for a payment: so many hundredths of a percent, so much beside it (`fixed`), at most so
    much. Minor units per currency; about a currency that `fixed` does not name it says nothing."""

    basis_points: int
    fixed: Mapping[str, int]
    most: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodTerms:
    """What a payment method is bound to. `least` and `most` are minor units per currency; `countries` are those a
    seller may have, empty for any. `days`: how long until the outcome is known, "" at once. `price` is the list price,
    for advice only. `instead` is what to do where a seller cannot use it. `by_choice`: it is offered only where a firm
    chose it. `standing`: an address of the processor's own that stays can offer it."""

    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    countries: frozenset[str] = frozenset()
    days: str = ""
    price: Price | None = None
    instead: str = ""
    by_choice: bool = False
    standing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """How a company's links behave. `tolerance` (minor units) and `tolerance_basis_points` of the debt may be missing
    and it still counts as paid; the smaller of the two that are set. `methods`: only these, the preferred first;
    `methods_of` the same for single customers, by the text of their Ref. `costs` are a firm's own prices by method.
    `expire_days`: None, links live as long as their debt.

    `on_invoice`: the place of the books at which an invoice shows its link to its customer, "" for nowhere;
    `invoice_words` the firm's own words for that, with {url} in them ("": ours, in the link's language), and
    `off_when_paid`: the link is taken off again once its debt is settled."""

    tolerance: int = 0
    tolerance_basis_points: int = 0
    methods: tuple[str, ...] = ()
    methods_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    costs: Mapping[str, Price] = field(default_factory=dict)
    expire_days: int | None = None
    on_invoice: str = ""
    invoice_words: str = ""
    off_when_paid: bool = False
