"""What a company's books hold, one class per entity of the API. Figures are Money; what follows from others is derived.

`kept` holds the fields that Intuit only stores and gives back (notes, references, addresses), in their wire shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Final

from connector.dates import BusinessDate, Instant
from connector.money import Currency, Money, total, zero

INVOICE: Final = "Invoice"
CREDIT_MEMO: Final = "CreditMemo"
JOURNAL_ENTRY: Final = "JournalEntry"
PAYMENT: Final = "Payment"


@dataclass(slots=True, kw_only=True)
class Record:
    """Any object of the API. `text` is its rendered JSON, None when it must be rendered anew."""

    entity: ClassVar[str]
    id: str
    created: Instant
    updated: Instant
    sync_token: int = 0
    kept: dict[str, object] = field(default_factory=dict)
    text: str | None = None


@dataclass(slots=True, kw_only=True)
class NameRecord(Record):
    """An object of a name list, which can only be made inactive."""

    name: str
    active: bool = True


@dataclass(slots=True, kw_only=True)
class Account(NameRecord):
    """An account of the books. `kind` is Intuit's AccountType."""

    entity: ClassVar[str] = "Account"
    kind: str
    sub_kind: str
    currency: Currency


@dataclass(slots=True, kw_only=True)
class Customer(NameRecord):
    """A customer, or a sub-customer of `parent`."""

    entity: ClassVar[str] = "Customer"
    currency: Currency
    parent: str | None = None


@dataclass(slots=True, kw_only=True)
class PaymentMethod(NameRecord):
    """A way of paying, as the books list it."""

    entity: ClassVar[str] = "PaymentMethod"


@dataclass(slots=True, kw_only=True)
class Item(NameRecord):
    """What is sold. There is one."""

    entity: ClassVar[str] = "Item"


@dataclass(slots=True, kw_only=True)
class Transaction(Record):
    """A posting. `rate` is home units per unit of `currency`."""

    on: BusinessDate
    currency: Currency
    rate: Decimal = Decimal(1)


@dataclass(slots=True, kw_only=True)
class Sale(Transaction):
    """An invoice or a credit memo. `settled` is what each payment takes of it."""

    customer: str
    number: str
    total: Money
    settled: dict[str, Money] = field(default_factory=dict)

    @property
    def open(self) -> Money:
        """What is still owed, or still to be used."""
        return self.total - total(self.settled.values(), self.currency)


@dataclass(slots=True, kw_only=True)
class Invoice(Sale):
    """`delivered` is when it was e-mailed."""

    entity: ClassVar[str] = INVOICE
    due: BusinessDate
    delivered: Instant | None = None


@dataclass(slots=True, kw_only=True)
class CreditMemo(Sale):
    """A reduction that a payment of nothing applies to invoices."""

    entity: ClassVar[str] = CREDIT_MEMO


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLine:
    """What a payment takes of one document, and how much of it was open then. `gives`: it is a credit that is used."""

    target: str
    target_id: str
    amount: Money
    open_before: Money
    number: str
    gives: bool = False


@dataclass(slots=True, kw_only=True)
class Payment(Transaction):
    """Money from a customer, or, with a total of nothing, a credit being applied. `deposit` is where it was banked."""

    entity: ClassVar[str] = PAYMENT
    customer: str
    total: Money
    into: str | None
    lines: tuple[PaymentLine, ...] = ()
    deposit: str | None = None

    @property
    def unapplied(self) -> Money:
        """The total, less what it pays, plus what credits give it."""
        paid = (line.amount for line in self.lines if not line.gives)
        given = (line.amount for line in self.lines if line.gives)
        return self.total - total(paid, self.currency) + total(given, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositLine:
    """A payment that is banked, or an amount on an account (negative for a fee)."""

    amount: Money
    payment: str | None = None
    account: str | None = None
    description: str | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CashBack:
    """What is kept back of a deposit."""

    account: str
    amount: Money
    memo: str | None


@dataclass(slots=True, kw_only=True)
class Deposit(Transaction):
    """Money arriving in an account."""

    entity: ClassVar[str] = "Deposit"
    into: str
    lines: tuple[DepositLine, ...]
    cash_back: CashBack | None = None

    @property
    def total(self) -> Money:
        """All lines, less the cash back."""
        kept_back = self.cash_back.amount if self.cash_back else zero(self.currency)
        return total((line.amount for line in self.lines), self.currency) - kept_back


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseLine:
    """A part of a purchase, and the account it is an expense of."""

    amount: Money
    account: str
    description: str | None


@dataclass(slots=True, kw_only=True)
class Purchase(Transaction):
    """An expense paid at once."""

    entity: ClassVar[str] = "Purchase"
    paid_from: str
    payment_type: str
    lines: tuple[ExpenseLine, ...]

    @property
    def total(self) -> Money:
        """All lines."""
        return total((line.amount for line in self.lines), self.currency)


@dataclass(slots=True, kw_only=True)
class Transfer(Transaction):
    """Money moved between two accounts."""

    entity: ClassVar[str] = "Transfer"
    paid_from: str
    paid_to: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """What an entry moves on one account (negative: a credit), and for which customer."""

    account: str
    amount: Money
    customer: str | None = None
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class JournalEntry(Transaction):
    """A correction by hand. Its lines come to nothing together. `settled` is what each payment takes of what it puts
    on a customer."""

    entity: ClassVar[str] = JOURNAL_ENTRY
    lines: tuple[JournalLine, ...]
    settled: dict[str, Money] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class SalesReceipt(Transaction):
    """A sale paid at once into an account: it never was a debt."""

    entity: ClassVar[str] = "SalesReceipt"
    customer: str
    number: str
    total: Money
    account: str


@dataclass(slots=True, kw_only=True)
class RefundReceipt(Transaction):
    """Money given back at once out of an account."""

    entity: ClassVar[str] = "RefundReceipt"
    customer: str
    number: str
    total: Money
    account: str


Dealing = Sale | Payment | SalesReceipt | RefundReceipt
"""Every posting that is one customer's."""


def customers_of(record: Record) -> tuple[str, ...]:
    """Whom a posting is about."""
    if isinstance(record, JournalEntry):
        return tuple({line.customer: None for line in record.lines if line.customer is not None})
    if isinstance(record, Deposit):
        return tuple({line.customer: None for line in record.lines if line.customer is not None})
    return (record.customer,) if isinstance(record, Dealing) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedTo:
    """What an attachable hangs on."""

    target: str
    target_id: str
    include_on_send: bool


@dataclass(slots=True, kw_only=True)
class Attachable(Record):
    """A note (or the description of a file) hung on other objects. It is no posting."""

    entity: ClassVar[str] = "Attachable"
    about: tuple[AttachedTo, ...]
