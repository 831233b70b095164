"""One stable link per debt, the tries to pay it, and the money that came of them."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLink:
    """Our own address for one debt. Only the hash of its secret is stored."""

    link_id: LinkId
    debt: Ref
    number: str | None
    state: LinkState
    created_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAttempt:
    """One page opened at a processor for a link; written down before the call, with everything the call says."""

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


class ReceiptState(StrEnum):
    """Money that came through a link, and what became of it."""

    SUCCEEDED = "succeeded"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Which payment came of which attempt."""

    attempt_id: AttemptId
    payment: Ref
    amount: Money
    state: ReceiptState
