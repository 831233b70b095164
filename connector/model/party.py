"""Who owes, and whose books these are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import BusinessDate
from connector.model.source import Ref, Tag
from connector.money import Currency, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A payer. `parent` pays for its children where the books say so. `currency` is None where any is possible."""

    name: str
    email: str | None = None
    phone: str | None = None
    parent: Ref | None = None
    currency: Currency | None = None
    active: bool = True
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The company as an outside system describes it. `closed_through`: no posting on or before that day."""

    name: str
    home_currency: Currency
    country: str | None = None
    closed_through: BusinessDate | None = None
    multi_currency: bool = False
    auto_applies_credit: bool = False
    auto_applies_payments: bool = False
    live: bool = False


class AccountRole(StrEnum):
    """What a money account is for, as far as receivables care."""

    RECEIVABLE = "receivable"
    BANK = "bank"
    UNDEPOSITED = "undeposited"
    EXPENSE = "expense"
    PROCESSOR = "processor"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the books, or a processor's balance. `balance` is the system's own, or None."""

    name: str
    role: AccountRole
    currency: Currency
    balance: Money | None = None
    active: bool = True
