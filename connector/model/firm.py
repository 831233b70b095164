"""Whose books, which outside accounts, who acts: the rows everything else hangs on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from connector.dates import BusinessDate, Instant
from connector.model.alarm import Channel
from connector.model.autosync import Autosync
from connector.model.paylink import LinkRules
from connector.model.source import ActorId, CompanyId, ConnectionId, Ref
from connector.money import Currency, Money


class NotesMode(StrEnum):
    """Whether collection notes are pushed to the system of origin."""

    OFF = "off"
    ASK = "ask"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffs:
    """What may stay unpaid of an invoice for good, as a small difference: at most so much of one invoice, one amount
    per currency, written off to that account of the books. Off where there is neither.

    `automatic`: plans propose it for every such rest about which nobody has said anything else. Else a person says so
    for each.
    """

    largest: tuple[Money, ...] = ()
    account: Ref | None = None
    automatic: bool = False

    def cap(self, code: Currency) -> Money | None:
        """The largest amount in that currency; None where nothing in it is written off."""
        return next((each for each in self.largest if each.currency == code), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingRules:
    """What of the cash application engine posts by itself, and what it may assume. Every other class is a proposal that
    a person confirms.

    `oldest_first`: among identical invoices. `bank_fee` and `rounding`: minor units that may be missing; the books
    take no such difference from us yet, so a payment that needs one is recorded by hand.
    """

    automatic: tuple[str, ...] = ("key", "reference", "partial")
    oldest_first: bool = False
    bank_fee: int = 0
    rounding: int = 0
    write_offs: WriteOffs = field(default_factory=WriteOffs)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectingRules:
    """When trying ends and a person decides: so many days on end on which nobody was reached at a payer's, so many days
    of contact about one invoice, so many promises about it that were not kept."""

    tries_max: int = 10
    contacts_max: int = 30
    broken_max: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One set of books. `zone` is an IANA name; its days are the company's business dates.

    `status_on_customer`: the latest status of collecting is also kept on the customer, in a field that people use too.
    `approve_above`: plans that write more than that need a second person; one amount per currency, and where there is
    any, a currency without one always needs it. Empty: no plan does.
    """

    company_id: CompanyId
    name: str
    home_currency: Currency
    zone: str
    notes: NotesMode = NotesMode.ASK
    status_on_customer: bool = False
    matching: MatchingRules = field(default_factory=MatchingRules)
    collecting: CollectingRules = field(default_factory=CollectingRules)
    approve_above: tuple[Money, ...] = ()
    links: LinkRules = field(default_factory=LinkRules)
    autosync: Autosync = field(default_factory=Autosync)
    channels: tuple[Channel, ...] = ()
    """Who is told without asking when something is wrong."""
    paused: bool = False
    """Nothing is written for it, by hand or by itself, until somebody says that it goes on."""


class BookingPattern(StrEnum):
    """How processor money is booked; one per connection, never mixed.

    CLEARING: gross into a clearing account, the fee as an expense out of it, the payout as a transfer to the bank.
    DEPOSIT: gross into the account for money on hand, the payout as one deposit of its payments less the fees.
    BANK: gross straight into the bank account, because it has arrived there: a bank's own statement says so.
    """

    CLEARING = "clearing"
    DEPOSIT = "deposit"
    BANK = "bank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """From which day on a processor's money is booked line by line. `at` is when that day begins in the company's zone,
    `opening` the account against which what was there before stands in one entry per currency."""

    on: BusinessDate
    at: Instant
    opening: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingAccounts:
    """Which accounts of the books a processor's money is booked to, per currency where the account has one.

    `suspense` takes what moves the balance and is neither payment nor fee: reserves, corrections, top-ups, what a
    release does not know. `transit` holds payouts that left the processor's balance and are not booked at the bank yet.
    `begins` is None where all of its history is booked.
    """

    clearing: dict[Currency, Ref] = field(default_factory=dict)
    transit: dict[Currency, Ref] = field(default_factory=dict)
    bank: dict[Currency, Ref] = field(default_factory=dict)
    fees: Ref | None = None
    suspense: Ref | None = None
    begins: Beginning | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One account in one outside system. A new one is read-only until a person allows writes."""

    company_id: CompanyId
    connection_id: ConnectionId
    system: str
    account: str
    live: bool
    writes_allowed: bool = False
    pattern: BookingPattern = BookingPattern.CLEARING
    posting: PostingAccounts = field(default_factory=PostingAccounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, or the program itself."""

    company_id: CompanyId
    actor_id: ActorId
    name: str
