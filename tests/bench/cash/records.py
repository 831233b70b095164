"""What a world consists of, as its files show it, and beside each receipt what it really was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Link(NamedTuple):
    """A part of a receipt that belongs to an item: `pay` of the receipt's own money, `applied` to the item."""

    item: str
    pay: int
    applied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer as the ledger knows it. `account` is "" where the ledger does not know it."""

    id: str
    name: str
    parent: str = ""
    currency: str = "USD"
    terms_days: int = 30
    discount_bp: int = 0
    discount_days: int = 0
    wht_bp: int = 0
    email: str = ""
    processor: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An invoice, or a credit memo with a negative amount."""

    id: str
    number: str
    customer: str
    currency: str
    amount: int
    issued: date
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that came or went.

    `truth` is what it really settles; `decidable`, whether that follows from what can be read; `category`, what it
    really was; `ours`, whether it belongs to receivables at all; `twin`, the receipt that this one repeats; `sender`,
    the customer who really sent it, "" for nobody's.
    """

    id: str
    kind: str
    source: str
    on: date
    currency: str
    amount: int
    fee: int = 0
    payer_name: str = ""
    payer_account: str = ""
    processor: str = ""
    email: str = ""
    text: str = ""
    key: str = ""
    related: str = ""
    truth: tuple[Link, ...] = ()
    decidable: bool = False
    category: str = ""
    style: str = ""
    ours: bool = True
    twin: str = ""
    sender: str = ""


class Rate(NamedTuple):
    """So many of `home` for one of `currency`, in the middle of buying and selling, as a decimal text."""

    on: date
    currency: str
    home: str
    mid: str


class Payout(NamedTuple):
    """Money a processor sent to the bank. `created` is a date, or a moment with its offset, as text."""

    id: str
    source: str
    created: date | str
    arrival: date
    currency: str
    amount: int
    mode: str


class Txn(NamedTuple):
    """A line of a processor's balance. `payout` is what the file shows, `really` what is true."""

    id: str
    source: str
    type: str
    payment: str
    created: date
    available: date
    gross: int
    fee: int
    payout: str
    really: str

    @property
    def net(self) -> int:
        return self.gross - self.fee


class Deposit(NamedTuple):
    """A line of the bank's statement. `really` is the payout it is, "" when it is none."""

    id: str
    on: date
    currency: str
    amount: int
    descriptor: str
    really: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One firm's part of a world. Ids are those of the whole world: no two tenants share one."""

    id: str
    customers: Sequence[Customer]
    items: Sequence[Item]
    receipts: Sequence[Receipt]
    rates: Sequence[Rate] = ()
    payouts: Sequence[Payout] = ()
    txns: Sequence[Txn] = ()
    deposits: Sequence[Deposit] = field(default=())
