"""One company's books: what may be linked to what, what a change touches, and what every account therefore holds.

It never asks the time: whoever acts on it first says what time it is (`begin`), and time never runs backwards here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.records import (
    CREDIT_MEMO,
    INVOICE,
    PAYMENT,
    Account,
    CreditMemo,
    Customer,
    Deposit,
    Invoice,
    Payment,
    PaymentLine,
    Purchase,
    Record,
    Sale,
    Transaction,
    Transfer,
)
from connector.dates import BusinessDate, Instant, day_of
from connector.money import DIGITS, Currency, Money, half_up, zero

R = TypeVar("R", bound=Record)

BANK = "Bank"
RECEIVABLE = "Accounts Receivable"
OTHER_ASSET = "Other Current Asset"
EXPENSE = "Expense"
INCOME = "Income"
UNDEPOSITED = "UndepositedFunds"

ENTITIES = (
    "Account",
    "Customer",
    "Item",
    "PaymentMethod",
    INVOICE,
    CREDIT_MEMO,
    PAYMENT,
    "RefundReceipt",
    "Deposit",
    "Purchase",
    "Transfer",
    "Attachable",
)
"""Every entity that the books keep, in the order of a dump."""

_IN_DOLLARS = {"AUD": "0.65", "CAD": "0.73", "EUR": "1.08", "GBP": "1.27", "JPY": "0.0067", "MXN": "0.0585", "USD": "1"}
_ELSEWHERE_IN_DOLLARS = "0.8"
_RATE_STEP = Decimal("0.000001")


def rate_between(code: Currency, home: Currency) -> Decimal:
    """An invented but steady exchange rate: home units for one unit of `code`. Never 1 between two currencies."""
    if code == home:
        return Decimal(1)
    ours, theirs = (Decimal(_IN_DOLLARS.get(name, _ELSEWHERE_IN_DOLLARS)) for name in (home, code))
    rate = (theirs / ours).quantize(_RATE_STEP)
    return rate if rate not in (Decimal(0), Decimal(1)) else Decimal("1.1")


def converted(money: Money, rate: Decimal, home: Currency) -> Money:
    """`money` in the home currency at `rate`, rounded once."""
    numerator, denominator = rate.as_integer_ratio()
    scaled = money.minor * numerator * 10 ** DIGITS[home]
    return Money(half_up(scaled, denominator * 10 ** DIGITS[money.currency]), home)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a company is, apart from what it did."""

    name: str
    realm: str
    home: Currency
    zone: ZoneInfo
    country: str
    closed_through: BusinessDate | None


class Company:
    """The books of one realm. Ids count from 1 in every entity, so that they collide between entities and companies."""

    def __init__(self, facts: Facts, opened: Instant) -> None:
        self.facts = facts
        self.opened = opened
        self.now = opened
        self.multi_currency = False
        self.records: dict[str, dict[str, Record]] = {entity: {} for entity in ENTITIES}
        self.shifts: dict[tuple[str, str], dict[str, int]] = {}
        self._last_id: dict[str, int] = {}
        self._balances: dict[str, Money] | None = None
        self._owed: dict[str, Money] | None = None
        self._owed_with_jobs: dict[str, Money] | None = None

    def begin(self, moment: Instant) -> None:
        """What follows happens at `moment`, or at the last moment known, whichever is later; whole seconds."""
        self.now = max(self.now, Instant(moment.replace(microsecond=0)))

    def next_id(self, entity: str, wanted: str = "") -> str:
        """`wanted` if it is free, else the next number."""
        shelf = self.records[entity]
        if wanted and wanted not in shelf:
            return wanted
        number = self._last_id.get(entity, 0) + 1
        while str(number) in shelf:
            number += 1
        self._last_id[entity] = number
        return str(number)

    def all(self, kind: type[R]) -> Iterator[R]:
        """Every record of a class, in the order of creation."""
        for record in self.records[kind.entity].values():
            if isinstance(record, kind):
                yield record

    def today(self) -> BusinessDate:
        """The company's day at the last moment known."""
        return day_of(self.now, self.facts.zone)

    def find(self, kind: type[R], vendor_id: str) -> R | None:
        """The record of that class and id."""
        found = self.records[kind.entity].get(vendor_id)
        return found if isinstance(found, kind) else None

    def get(self, kind: type[R], vendor_id: str) -> R:
        """The record of that class and id, or fault 610."""
        found = self.find(kind, vendor_id)
        if found is None:
            raise faults.not_found(kind.entity)
        return found

    def add(self, record: Record) -> None:
        """Take a finished record into the books."""
        self.records[record.entity][record.id] = record
        self.stir(record)

    def remove(self, record: Record) -> None:
        """Strike a record out as if it had never been."""
        self.stir(record)
        del self.records[record.entity][record.id]

    def touch(self, record: Record) -> None:
        """Count a change of the record itself: its token rises and its time moves."""
        record.sync_token += 1
        record.updated = self.now
        record.text = None
        self.stir(record)

    def rename(self, record: Record) -> None:
        """Count a change that other records show, such as a customer's name."""
        self.touch(record)
        for shelf in self.records.values():
            for other in shelf.values():
                other.text = None

    def stir(self, record: Record) -> None:
        """Move the times, not the tokens, of the accounts and customers whose balances the record is part of.

        So do the recorded accounts and customers: times that moved, tokens still 0; income accounts stay as they were.
        """
        self._balances = self._owed = self._owed_with_jobs = None
        for account, _ in self.postings(record):
            if account.kind != INCOME:
                account.updated = self.now
        customers = [record.customer] if isinstance(record, (Sale, Payment)) else []
        for vendor_id in customers:
            for customer in self.lineage(vendor_id):
                customer.updated = self.now

    def lineage(self, customer_id: str) -> Iterator[Customer]:
        """A customer and its parents, nearest first."""
        customer = self.find(Customer, customer_id)
        while customer is not None:
            yield customer
            customer = self.find(Customer, customer.parent) if customer.parent else None

    def receivable(self, code: Currency) -> Account:
        """The receivables account of a currency, opened when it is first needed."""
        for account in self.all(Account):
            if account.kind == RECEIVABLE and account.currency == code:
                return account
        suffix = "" if code == self.facts.home else f" - {code}"
        return self.open_account(f"Accounts Receivable (A/R){suffix}", RECEIVABLE, "AccountsReceivable", code)

    def undeposited(self) -> Account:
        """Where payments wait for their deposit."""
        for account in self.all(Account):
            if account.sub_kind == UNDEPOSITED:
                return account
        return self.open_account("Undeposited Funds", OTHER_ASSET, UNDEPOSITED, self.facts.home)

    def income(self) -> Account:
        """What invoices are credited to."""
        for account in self.all(Account):
            if account.kind == INCOME:
                return account
        return self.open_account("Services", INCOME, "SalesOfProductIncome", self.facts.home)

    def open_account(self, name: str, kind: str, sub_kind: str, code: Currency) -> Account:
        """A new account."""
        self.multi_currency = self.multi_currency or code != self.facts.home
        account = Account(
            id=self.next_id("Account"),
            created=self.now,
            updated=self.now,
            name=name,
            kind=kind,
            sub_kind=sub_kind,
            currency=code,
        )
        self.add(account)
        return account

    # What payments settle

    def settle(self, payment: Payment, shares: list[tuple[str, str, Money]]) -> None:
        """Let a payment take these amounts of these invoices and credit memos, in place of what it took before.

        Checks everything before it changes anything. Fault 620 when a share does not fit its target.
        """
        taken: dict[tuple[str, str], Money] = {}
        lines = []
        for target, target_id, amount in shares:
            sale = self.sale(target, target_id)
            self._may_link(payment, sale)
            key = (target, target_id)
            nothing = zero(sale.currency)
            left = sale.open + sale.settled.get(payment.id, nothing) - taken.get(key, nothing)
            if amount.minor <= 0 or amount > left:
                raise faults.not_linkable(f"{target} {sale.number} has {left} open; {amount} cannot be applied to it.")
            taken[key] = taken.get(key, nothing) + amount
            line = PaymentLine(target=target, target_id=target_id, amount=amount, open_before=left, number=sale.number)
            lines.append(line)
        self._must_cover(payment, lines)
        self.unsettle(payment, but=taken)
        payment.lines = tuple(lines)
        for (target, target_id), amount in taken.items():
            sale = self.sale(target, target_id)
            if sale.settled.get(payment.id) != amount:
                sale.settled[payment.id] = amount
                self.touch(sale)

    def unsettle(self, payment: Payment, but: dict[tuple[str, str], Money] | None = None) -> None:
        """Give back what a payment took, except of the targets in `but`."""
        for line in payment.lines:
            if but and (line.target, line.target_id) in but:
                continue
            sale = self.sale(line.target, line.target_id)
            if sale.settled.pop(payment.id, None) is not None:
                self.touch(sale)
        payment.lines = ()

    def sale(self, target: str, target_id: str) -> Sale:
        """The invoice or credit memo a payment line names; fault 620 for anything else."""
        if target == INVOICE:
            return self.get(Invoice, target_id)
        if target == CREDIT_MEMO:
            return self.get(CreditMemo, target_id)
        raise faults.not_linkable(f"A payment cannot be linked to {target} {target_id}.")

    def _may_link(self, payment: Payment, sale: Sale) -> None:
        if all(customer.id != payment.customer for customer in self.lineage(sale.customer)):
            raise faults.not_linkable(f"{sale.entity} {sale.number} belongs to another customer.")
        if sale.currency != payment.currency:
            raise faults.not_linkable(f"{sale.entity} {sale.number} is in {sale.currency}.")

    def _must_cover(self, payment: Payment, lines: list[PaymentLine]) -> None:
        signed = (line.amount if line.target == INVOICE else -line.amount for line in lines)
        applied = sum(amount.minor for amount in signed)
        if applied > payment.total.minor:
            raise faults.not_linkable(f"The lines apply more than the payment's {payment.total}.")

    # What follows for the accounts and customers

    def postings(self, record: Record) -> list[tuple[Account, Money]]:
        """The accounts a record debits (positive) and credits (negative), in the record's own currency."""
        match record:
            case Invoice():
                moved = self._moved(self.receivable(record.currency), self.income(), record.total)
            case CreditMemo():
                moved = self._moved(self.income(), self.receivable(record.currency), record.total)
            case Payment():
                into = self.get(Account, record.into) if record.into else self.undeposited()
                moved = self._moved(into, self.receivable(record.currency), record.total)
            case Deposit():
                moved = list(self._banked(record))
            case Purchase():
                moved = list(self._spent(record))
            case Transfer():
                accounts = (self.get(Account, record.paid_to), self.get(Account, record.paid_from))
                moved = self._moved(*accounts, record.amount)
            case _:
                moved = []
        return moved

    def _moved(self, debit: Account, credit: Account, amount: Money) -> list[tuple[Account, Money]]:
        return [(debit, amount), (credit, -amount)] if amount else []

    def _banked(self, deposit: Deposit) -> Iterator[tuple[Account, Money]]:
        into = self.get(Account, deposit.into)
        for line in deposit.lines:
            account = self.get(Account, line.account) if line.account else self.undeposited()
            yield from self._moved(into, account, line.amount)
        if deposit.cash_back:
            yield from self._moved(self.get(Account, deposit.cash_back.account), into, deposit.cash_back.amount)

    def _spent(self, purchase: Purchase) -> Iterator[tuple[Account, Money]]:
        paid_from = self.get(Account, purchase.paid_from)
        for line in purchase.lines:
            yield from self._moved(self.get(Account, line.account), paid_from, line.amount)

    def balances(self) -> dict[str, Money]:
        """What every account holds, debits positive, in the account's own currency."""
        if self._balances is None:
            sums = {account.id: zero(account.currency) for account in self.all(Account)}
            for shelf in list(self.records.values()):
                for record in list(shelf.values()):
                    for account, amount in self.postings(record):
                        sums[account.id] += self._in_account(record, account, amount)
            self._balances = sums
        return self._balances

    def _in_account(self, record: Record, account: Account, amount: Money) -> Money:
        if account.currency == amount.currency:
            return amount
        rate = record.rate if isinstance(record, Transaction) else Decimal(1)
        return converted(amount, rate, account.currency)

    def owed(self) -> dict[str, Money]:
        """What every customer owes: open invoices, less remaining credits, less unapplied payments."""
        if self._owed is None:
            sums = {customer.id: zero(customer.currency) for customer in self.all(Customer)}
            for invoice in self.all(Invoice):
                sums[invoice.customer] += invoice.open
            for memo in self.all(CreditMemo):
                sums[memo.customer] -= memo.open
            for payment in self.all(Payment):
                sums[payment.customer] -= payment.unapplied
            self._owed = sums
        return self._owed

    def owed_with_jobs(self) -> dict[str, Money]:
        """What every customer owes together with its sub-customers (of the same currency)."""
        if self._owed_with_jobs is None:
            sums = {customer.id: zero(customer.currency) for customer in self.all(Customer)}
            for customer_id, money in self.owed().items():
                for customer in self.lineage(customer_id):
                    if customer.currency == money.currency:
                        sums[customer.id] += money
            self._owed_with_jobs = sums
        return self._owed_with_jobs

    def must_be_open(self, day: BusinessDate) -> None:
        """Fault 6210 when the books are closed through that day."""
        closed = self.facts.closed_through
        if closed is not None and day <= closed:
            raise faults.closed_period()
