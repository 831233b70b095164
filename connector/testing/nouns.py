"""What a world is made of: one class per line of the notation, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.dates import BusinessDate
from connector.money import Currency, Money

QUICKBOOKS = "quickbooks"
STRIPE = "stripe"
PAYPAL = "paypal"
_ALWAYS = frozenset({"quickbooks", "stripe"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldAccount:
    """An account of the books: `role` is bank, expense, undeposited or receivable."""

    name: str
    role: str
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldCustomer:
    """`systems` maps each system that knows the customer to its id there ("" lets the stand-in choose)."""

    name: str
    email: str | None
    phone: str | None
    parent: str | None
    currency: Currency
    systems: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldInvoice:
    """`systems` as for a customer; an invoice in both is one debt, and the second carries the first's key."""

    number: str
    customer: str
    on: BusinessDate
    due: BusinessDate
    amount: Money
    systems: Mapping[str, str]
    sent_to: str | None = None
    sent_on: BusinessDate | None = None
    state: str = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldCredit:
    """A credit note in the books; `applied` is what of it settles which invoice."""

    number: str
    customer: str
    on: BusinessDate
    amount: Money
    applied: tuple[tuple[str, Money], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPayment:
    """Money from a customer. `id` is the vendor's id in Stripe, the reference number in the books.

    `status` is succeeded, pending, failed or returned. `key` is an invoice number stored in its metadata, `applied`
    what the books have it settle, `fee` and `settled` what Stripe took and in which amount and currency it settled.
    """

    id: str
    customer: str
    on: BusinessDate
    amount: Money
    method: str
    system: str
    status: str = "succeeded"
    memo: str | None = None
    key: str | None = None
    fee: Money | None = None
    settled: Money | None = None
    applied: tuple[tuple[str, Money], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldRefund:
    """Money given back of a Stripe payment; `status` is succeeded, pending or failed."""

    id: str
    payment: str
    on: BusinessDate
    amount: Money
    status: str = "succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldDispute:
    """A dispute about a Stripe payment; `status` is open, won or lost."""

    id: str
    payment: str
    on: BusinessDate
    amount: Money
    reason: str = "fraudulent"
    fee: Money | None = None
    status: str = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPayout:
    """A Stripe payout of these payments, refunds and disputes; its amount follows from them."""

    id: str
    on: BusinessDate
    currency: Currency
    members: tuple[str, ...]
    status: str = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldDeposit:
    """Payments of the books (by their reference) that were banked together."""

    into: str
    on: BusinessDate
    payments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldNote:
    """A note that already stands on an invoice in `system`."""

    invoice: str
    on: BusinessDate
    text: str
    system: str = QUICKBOOKS


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldContact:
    """A call or message about an invoice, which only our own collection file holds.

    `outcome` and `channel` are written as `connector.model.contact` has them; `promised` is how much by which day.
    """

    invoice: str
    on: BusinessDate
    outcome: str
    person: str | None = None
    role: str | None = None
    said: str = ""
    channel: str = "phone"
    promised: tuple[Money, BusinessDate] | None = None
    next_on: BusinessDate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldJournal:
    """A correction by hand in the books: `amount` on the customer's receivables, negative where it takes of the debt.

    `against` is the account on the other side, the income account when it is not said.
    """

    number: str
    customer: str
    on: BusinessDate
    amount: Money
    against: str | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldReceipt:
    """A sale paid at once into an account, or (`gives_back`) money given back at once out of it."""

    number: str
    customer: str
    on: BusinessDate
    amount: Money
    account: str
    gives_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One company in all its systems. `expect` holds the expectations, one text each, for tests to read."""

    name: str
    home: Currency
    zone: str
    country: str
    realm: str
    stripe_account: str
    paypal_account: str = ""
    closed_through: BusinessDate | None = None
    accounts: tuple[WorldAccount, ...] = ()
    customers: tuple[WorldCustomer, ...] = ()
    invoices: tuple[WorldInvoice, ...] = ()
    credits: tuple[WorldCredit, ...] = ()
    payments: tuple[WorldPayment, ...] = ()
    refunds: tuple[WorldRefund, ...] = ()
    disputes: tuple[WorldDispute, ...] = ()
    payouts: tuple[WorldPayout, ...] = ()
    deposits: tuple[WorldDeposit, ...] = ()
    notes: tuple[WorldNote, ...] = ()
    contacts: tuple[WorldContact, ...] = ()
    journals: tuple[WorldJournal, ...] = ()
    receipts: tuple[WorldReceipt, ...] = ()
    expect: tuple[str, ...] = ()

    def is_in(self, system: str) -> bool:
        """Whether the company is connected to that system: every firm here has books and Stripe; others it has where it
        names an account of theirs, or a payment by them."""
        named = system == PAYPAL and bool(self.paypal_account)
        return system in _ALWAYS or named or any(each.system == system for each in self.payments)
