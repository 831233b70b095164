"""What is owed, and what reduces it without money."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import BusinessDate, Instant
from connector.model.link_line import LinkSeen
from connector.model.source import Ref, Tag
from connector.money import Money


class InvoiceState(StrEnum):
    """Where an invoice stands. A status nobody knows is UNKNOWN, never paid."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """To whom, when and how the invoice went out; None is "unknown", in those words wherever it is shown."""

    to: str | None = None
    at: Instant | None = None
    how: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A debt. `open` is what its own system says is still owed; pending money does not lower it.

    `same_debt` names the record in another system that stands for the same debt: the two are one, not two. `links` are
    the lines with a payment link's address that stand on it where its customer reads them.
    """

    number: str | None
    customer: Ref | None
    issued_on: BusinessDate
    due_on: BusinessDate | None
    total: Money
    open: Money
    state: InvoiceState
    issued: Issued = Issued()
    same_debt: Ref | None = None
    pay_url: str | None = None
    tags: tuple[Tag, ...] = ()
    links: tuple[LinkSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """A reduction granted to a customer; `open` is what has not been used yet."""

    number: str | None
    customer: Ref | None
    issued_on: BusinessDate
    total: Money
    open: Money
    state: InvoiceState
