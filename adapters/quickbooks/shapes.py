"""Intuit's shapes: one struct per entity, with the fields this product reads, named as Intuit names them.

Numbers become Decimal straight from their digits; nothing passes through a float. Fields that no struct names, and
values of lists that nobody has seen yet, are passed over and never fatal: the row's bytes keep them. This room only
describes.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Reference(msgspec.Struct, frozen=True):
    """A reference to another record; `value` is its id, or the code for a currency."""

    value: str
    name: str | None = None


class Memo(msgspec.Struct, frozen=True):
    """What a customer reads on a form."""

    value: str | None = None


class Times(msgspec.Struct, frozen=True, rename="pascal"):
    """When the record came to be and when it last changed, with the company's offset."""

    create_time: str | None = None
    last_updated_time: str | None = None


class Email(msgspec.Struct, frozen=True, rename="pascal"):
    """One or more addresses, separated by commas."""

    address: str | None = None


class Phone(msgspec.Struct, frozen=True, rename="pascal"):
    """A telephone number as somebody typed it."""

    free_form_number: str | None = None


class Link(msgspec.Struct, frozen=True, rename="pascal"):
    """A link to another transaction."""

    txn_id: str
    txn_type: str


class ExpenseDetail(msgspec.Struct, frozen=True, rename="pascal"):
    """Which account an expense line goes to."""

    account_ref: Reference | None = None


class Party(msgspec.Struct, frozen=True, rename="pascal"):
    """Whom a line of a journal entry is about: a customer, a vendor, an employee."""

    type: str | None = None
    entity_ref: Reference | None = None


class JournalDetail(msgspec.Struct, frozen=True, rename="pascal"):
    """Which account a line of a journal entry goes to, on which side, and about whom."""

    posting_type: str | None = None
    account_ref: Reference | None = None
    entity: Party | None = None


class DepositDetail(msgspec.Struct, frozen=True, rename="pascal"):
    """Which account a line of a deposit takes its amount from, and about whom."""

    account_ref: Reference | None = None
    entity: Reference | None = None


class Line(msgspec.Struct, frozen=True, rename="pascal"):
    """A line of a transaction."""

    amount: Decimal | None = None
    linked_txn: tuple[Link, ...] = ()
    account_based_expense_line_detail: ExpenseDetail | None = None
    journal_entry_line_detail: JournalDetail | None = None
    deposit_line_detail: DepositDetail | None = None


class Entity(msgspec.Struct, frozen=True, rename="pascal"):
    """What every entity has. `id` is unique only within its type."""

    id: str
    sync_token: str = ""
    meta_data: Times = msgspec.field(name="MetaData", default=Times())


class Transaction(Entity, frozen=True, rename="pascal"):
    """What every transaction has."""

    txn_date: str | None = None
    currency_ref: Reference | None = None
    exchange_rate: Decimal | None = None
    private_note: str | None = None
    doc_number: str | None = None


class Lined(Transaction, frozen=True, rename="pascal"):
    """A transaction whose lines are read. Those of invoices are not: they are many and say nothing of what is owed."""

    line: tuple[Line, ...] = ()


class Delivery(msgspec.Struct, frozen=True, rename="pascal"):
    """How and when a form last went out."""

    delivery_type: str | None = None
    delivery_time: str | None = None


class Invoice(Transaction, frozen=True, rename="pascal"):
    """A debt. `balance` is what is open, `customer_memo` what its customer reads on it."""

    customer_ref: Reference | None = None
    due_date: str | None = None
    total_amt: Decimal | None = None
    balance: Decimal | None = None
    email_status: str | None = None
    bill_email: Email | None = None
    delivery_info: Delivery | None = None
    invoice_link: str | None = None
    linked_txn: tuple[Link, ...] = ()
    customer_memo: Memo | None = None


class CreditMemo(Transaction, frozen=True, rename="pascal"):
    """A credit. `remaining_credit` is what is unused."""

    customer_ref: Reference | None = None
    total_amt: Decimal | None = None
    remaining_credit: Decimal | None = None
    balance: Decimal | None = None


class Payment(Lined, frozen=True, rename="pascal"):
    """Money from a customer; its lines say what it settles, and `linked_txn` which deposit has banked it."""

    customer_ref: Reference | None = None
    deposit_to_account_ref: Reference | None = None
    payment_method_ref: Reference | None = None
    payment_ref_num: str | None = None
    total_amt: Decimal | None = None
    unapplied_amt: Decimal | None = None
    linked_txn: tuple[Link, ...] = ()


class RefundReceipt(Transaction, frozen=True, rename="pascal"):
    """Money given back."""

    customer_ref: Reference | None = None
    total_amt: Decimal | None = None


class CashBack(msgspec.Struct, frozen=True, rename="pascal"):
    """Cash kept back from a deposit; it lowers the total."""

    amount: Decimal | None = None


class Deposit(Lined, frozen=True, rename="pascal"):
    """Money banked."""

    deposit_to_account_ref: Reference | None = None
    total_amt: Decimal | None = None
    cash_back: CashBack | None = None


class Purchase(Lined, frozen=True, rename="pascal"):
    """Money spent from an account; `credit` turns its direction."""

    account_ref: Reference | None = None
    total_amt: Decimal | None = None
    credit: bool | None = None


class Transfer(Transaction, frozen=True, rename="pascal"):
    """Money moved between two accounts."""

    from_account_ref: Reference | None = None
    to_account_ref: Reference | None = None
    amount: Decimal | None = None


class SalesReceipt(Transaction, frozen=True, rename="pascal"):
    """A sale that was paid at once: it never was owed."""

    customer_ref: Reference | None = None
    deposit_to_account_ref: Reference | None = None
    total_amt: Decimal | None = None


class JournalEntry(Lined, frozen=True, rename="pascal"):
    """Accounts debited and credited by hand; a line on the receivable account changes what a customer owes."""


class Customer(Entity, frozen=True, rename="pascal"):
    """A payer."""

    display_name: str | None = None
    active: bool | None = None
    parent_ref: Reference | None = None
    currency_ref: Reference | None = None
    primary_email_addr: Email | None = None
    primary_phone: Phone | None = None
    notes: str | None = None


class Account(Entity, frozen=True, rename="pascal"):
    """An account of the books."""

    name: str | None = None
    active: bool | None = None
    account_type: str | None = None
    account_sub_type: str | None = None
    currency_ref: Reference | None = None
    current_balance: Decimal | None = None


class CompanyInfo(Entity, frozen=True, rename="pascal"):
    """The company's own description."""

    company_name: str | None = None
    country: str | None = None


class AccountingPrefs(msgspec.Struct, frozen=True, rename="pascal"):
    """`book_close_date`: the books are closed through that day."""

    book_close_date: str | None = None


class CurrencyPrefs(msgspec.Struct, frozen=True, rename="pascal"):
    """The company's own currency, and whether it uses others."""

    multi_currency_enabled: bool | None = None
    home_currency: Reference | None = None


class SalesPrefs(msgspec.Struct, frozen=True, rename="pascal"):
    """Whether QuickBooks applies credits, or payments, by itself."""

    auto_apply_credit: bool | None = None
    auto_apply_payments: bool | None = None


class Preferences(Entity, frozen=True, rename="pascal"):
    """How the company keeps its books."""

    accounting_info_prefs: AccountingPrefs = AccountingPrefs()
    currency_prefs: CurrencyPrefs = CurrencyPrefs()
    sales_forms_prefs: SalesPrefs = SalesPrefs()


class TypedReference(msgspec.Struct, frozen=True):
    """A reference that says what kind of entity it names."""

    value: str
    type: str | None = None


class AttachedTo(msgspec.Struct, frozen=True, rename="pascal"):
    """The record an attachment hangs on; `entity_ref` carries the entity's name in `type`."""

    entity_ref: TypedReference | None = None


class Attachable(Entity, frozen=True, rename="pascal"):
    """A note (or file) attached to records."""

    note: str | None = None
    attachable_ref: tuple[AttachedTo, ...] = ()
