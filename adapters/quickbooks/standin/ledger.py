"""One company's books: what may be linked to what, what a change touches, and what every account therefore holds.

It never asks the time: whoever acts on it first says what time it is (`begin`), and time never runs backwards here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.records import (
    CREDIT_MEMO,
    INVOICE,
    JOURNAL_ENTRY,
    PAYMENT,
    Account,
    CreditMemo,
    Customer,
    Deposit,
    Invoice,
    JournalEntry,
    JournalLine,
    NameRecord,
    Payment,
    PaymentLine,
    Purchase,
    Record,
    RefundReceipt,
    Sale,
    SalesReceipt,
    Transaction,
    Transfer,
    customers_of,
)
from adapters.quickbooks.standin.settled import Settled, of_entry, of_sale
from adapters.quickbooks.standin.shelves import Shelf
from adapters.quickbooks.standin.sums import Key, RunningSums
from connector.dates import BusinessDate, Instant, after, day_of
from connector.money import DIGITS, Currency, Money, half_up, total, zero

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
    "SalesReceipt",
    "RefundReceipt",
    "Deposit",
    "JournalEntry",
    "Purchase",
    "Transfer",
    "Attachable",
)
"""Every entity that the books keep, in the order of a dump."""

OWED = (Sale, Payment, JournalEntry, Deposit)
"""What changes how much a customer owes."""

CREATED, UPDATED, VOIDED, DELETED, MERGED = "Create", "Update", "Void", "Delete", "Merge"
HAPPENINGS_MAX = 100_000
"""So many happenings are remembered for webhooks; more than any test looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to a record, in a webhook's word. `other` is what a merge made an end of."""

    entity: str
    id: str
    what: str
    at: Instant
    other: str = ""


def _is_void(record: Record) -> bool:
    """Amounts of nothing and the word in the note: all that a void leaves."""
    note = record.kept.get("PrivateNote")
    return isinstance(record, (Sale, Payment)) and not record.total and str(note).startswith("Voided")


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
        self.says_it_applies = False
        """Whether the company's settings say that it applies credits and payments by itself; here it never does."""
        self.opened = opened
        self.now = opened
        self.multi_currency = False
        self.lag_seconds = 0
        self.records: dict[str, dict[str, Record]] = {entity: {} for entity in ENTITIES}
        self.shifts: dict[tuple[str, str], dict[str, int]] = {}
        self.shelves = {entity: Shelf(shelf) for entity, shelf in self.records.items()}
        self.happened: deque[Happening] = deque(maxlen=HAPPENINGS_MAX)
        self.gone: list[Happening] = []
        self.numbered = 0
        self._last_id: dict[str, int] = {}
        self._account_ids: dict[str, str] = {}
        self._balances = RunningSums(self.booked)
        self._owed = RunningSums(self.owing)
        self._owed_with_jobs = RunningSums(self.owing_with_jobs)

    def begin(self, moment: Instant) -> None:
        """What follows happens at `moment`, or at the last moment known, whichever is later; whole seconds."""
        self.now = max(self.now, Instant(moment.replace(microsecond=0)))

    def shown_through(self) -> Instant | None:
        """What was made later does not show in searches yet; None: everything shows."""
        return after(self.now, -self.lag_seconds) if self.lag_seconds else None

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
        if isinstance(record, Account):
            self._balances.open(record.id, record.currency)
        if isinstance(record, Customer):
            self._owed.open(record.id, record.currency)
            self._owed_with_jobs.open(record.id, record.currency)
        if isinstance(record, Sale) and record.number.isdigit():
            self.numbered = max(self.numbered, int(record.number))
        self.tell(record, CREATED)
        self.stir(record)

    def remove(self, record: Record) -> None:
        """Strike a record out. Only change data capture and webhooks still know of it."""
        self.tell(record, DELETED)
        self.gone.append(self.happened[-1])
        self.stir(record)
        del self.records[record.entity][record.id]

    def touch(self, record: Record) -> None:
        """Count a change of the record itself: its token rises and its time moves."""
        record.sync_token += 1
        record.updated = self.now
        record.text = None
        self.tell(record, VOIDED if _is_void(record) else UPDATED)
        self.stir(record)

    def tell(self, record: Record, what: str, other: str = "") -> None:
        """Note what happened, for webhooks."""
        self.happened.append(Happening(entity=record.entity, id=record.id, what=what, at=self.now, other=other))

    def rename(self, record: Record) -> None:
        """Count a change that other records show, such as a customer's name."""
        self.touch(record)
        if not isinstance(record, Customer):
            self.show_anew()
            return
        family = self._family(record)
        for shelf in self.records.values():
            for other in shelf.values():
                if other.id in family if isinstance(other, Customer) else record.id in customers_of(other):
                    other.text = None

    def _family(self, head: Customer) -> set[str]:
        """A customer and everybody below it."""
        return {one.id for one in self.all(Customer) if any(above.id == head.id for above in self.lineage(one.id))}

    def show_anew(self) -> None:
        """Nothing that was rendered before is still true."""
        for shelf in self.records.values():
            for other in shelf.values():
                other.text = None

    def stir(self, record: Record) -> None:
        """Move the times, not the tokens, of the accounts and customers whose balances the record is part of.

        So do the recorded accounts and customers: times that moved, tokens still 0; income accounts stay as they were.
        """
        key = (record.entity, record.id)
        for sums in (self._balances, self._owed, self._owed_with_jobs):
            sums.stir(key)
        self.shelves[record.entity].stir(record.id)
        for account, _ in self.postings(record):
            if account.kind != INCOME:
                self._show_balance(account)
        for vendor_id in customers_of(record) if isinstance(record, OWED) else ():
            for customer in self.lineage(vendor_id):
                self._show_balance(customer)

    def _show_balance(self, record: NameRecord) -> None:
        record.updated = self.now
        record.text = None
        self.shelves[record.entity].stir(record.id)

    def lineage(self, customer_id: str) -> Iterator[Customer]:
        """A customer and its parents, nearest first."""
        customer = self.find(Customer, customer_id)
        while customer is not None:
            yield customer
            customer = self.find(Customer, customer.parent) if customer.parent else None

    def receivable(self, code: Currency) -> Account:
        """The receivables account of a currency, opened when it is first needed."""
        known = self._the_account(f"{RECEIVABLE} {code}", lambda one: one.kind == RECEIVABLE and one.currency == code)
        if known is not None:
            return known
        suffix = "" if code == self.facts.home else f" - {code}"
        return self.open_account(f"Accounts Receivable (A/R){suffix}", RECEIVABLE, "AccountsReceivable", code)

    def undeposited(self) -> Account:
        """Where payments wait for their deposit."""
        known = self._the_account(UNDEPOSITED, lambda one: one.sub_kind == UNDEPOSITED)
        return known or self.open_account("Undeposited Funds", OTHER_ASSET, UNDEPOSITED, self.facts.home)

    def income(self) -> Account:
        """What invoices are credited to."""
        known = self._the_account(INCOME, lambda one: one.kind == INCOME)
        return known or self.open_account("Services", INCOME, "SalesOfProductIncome", self.facts.home)

    def _the_account(self, role: str, fits: Callable[[Account], bool]) -> Account | None:
        """The first account that fits, remembered: every posting asks for it, and accounts never go away."""
        if role not in self._account_ids:
            found = next((account.id for account in self.all(Account) if fits(account)), None)
            if found is None:
                return None
            self._account_ids[role] = found
        return self.find(Account, self._account_ids[role])

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
            held = self.settled_by(target, target_id)
            self._may_link(payment, held)
            key = (target, target_id)
            nothing = zero(held.currency)
            left = held.open + held.record.settled.get(payment.id, nothing) - taken.get(key, nothing)
            if amount.minor <= 0 or amount > left:
                raise faults.not_linkable(f"{target} {held.number} has {left} open; {amount} cannot be applied to it.")
            taken[key] = taken.get(key, nothing) + amount
            lines.append(held.line(target, target_id, amount, left))
        self._must_cover(payment, lines)
        self.unsettle(payment, but=taken)
        payment.lines = tuple(lines)
        for (target, target_id), amount in taken.items():
            record = self.settled_by(target, target_id).record
            if record.settled.get(payment.id) != amount:
                record.settled[payment.id] = amount
                self.touch(record)

    def unsettle(self, payment: Payment, but: dict[tuple[str, str], Money] | None = None) -> None:
        """Give back what a payment took, except of the targets in `but`."""
        for line in payment.lines:
            if but and (line.target, line.target_id) in but:
                continue
            record = self.settled_by(line.target, line.target_id).record
            if record.settled.pop(payment.id, None) is not None:
                self.touch(record)
        payment.lines = ()

    def settled_by(self, target: str, target_id: str) -> Settled:
        """What a payment line names; fault 620 for what it cannot be linked to."""
        if target == INVOICE:
            return of_sale(self.get(Invoice, target_id))
        if target == CREDIT_MEMO:
            return of_sale(self.get(CreditMemo, target_id))
        entry = self.get(JournalEntry, target_id) if target == JOURNAL_ENTRY else None
        held = of_entry(entry, self.owed_lines(entry)) if entry is not None else None
        if held is None:
            raise faults.not_linkable(f"A payment cannot be linked to {target} {target_id}.")
        return held

    def owed_lines(self, entry: JournalEntry) -> list[JournalLine]:
        """What an entry puts on the receivables."""
        return [line for line in entry.lines if self.get(Account, line.account).kind == RECEIVABLE]

    def _may_link(self, payment: Payment, held: Settled) -> None:
        if all(customer.id != payment.customer for customer in self.lineage(held.customer)):
            raise faults.not_linkable(f"{held.record.entity} {held.number} belongs to another customer.")
        if held.currency != payment.currency:
            raise faults.not_linkable(f"{held.record.entity} {held.number} is in {held.currency}.")

    def _must_cover(self, payment: Payment, lines: list[PaymentLine]) -> None:
        signed = (-line.amount if line.gives else line.amount for line in lines)
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
            case JournalEntry():
                moved = [(self.get(Account, line.account), line.amount) for line in record.lines]
            case SalesReceipt():
                moved = self._moved(self.get(Account, record.account), self.income(), record.total)
            case RefundReceipt():
                moved = self._moved(self.income(), self.get(Account, record.account), record.total)
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
        return self._balances.held()

    def booked(self, key: Key) -> Iterator[tuple[str, Money]]:
        """What a record puts on which account."""
        record = self.records[key[0]].get(key[1])
        if record is not None:
            for account, amount in self.postings(record):
                yield account.id, self._in_account(record, account, amount)

    def _in_account(self, record: Record, account: Account, amount: Money) -> Money:
        if account.currency == amount.currency:
            return amount
        rate = record.rate if isinstance(record, Transaction) else Decimal(1)
        return converted(amount, rate, account.currency)

    def owed(self) -> dict[str, Money]:
        """What every customer owes: open invoices, less remaining credits, less unapplied payments."""
        return self._owed.held()

    def owed_with_jobs(self) -> dict[str, Money]:
        """What every customer owes together with its sub-customers (of the same currency)."""
        return self._owed_with_jobs.held()

    def adopt(self, child: Customer, parent: str) -> None:
        """Give a sub-customer another parent; who owes what together with whom follows from it."""
        child.parent = parent
        self._owed_with_jobs.stir_of(self._family(child))
        self.rename(child)

    def owing(self, key: Key) -> Iterator[tuple[str, Money]]:
        """What a record adds to whose debt."""
        match self.records[key[0]].get(key[1]):
            case Invoice() as invoice:
                yield invoice.customer, invoice.open
            case CreditMemo() as memo:
                yield memo.customer, -memo.open
            case Payment() as payment:
                yield payment.customer, -payment.unapplied
            case JournalEntry() as entry:
                for line in self.owed_lines(entry):
                    taken = total(entry.settled.values(), entry.currency)  # of its one line, where there is any
                    yield line.customer or "", line.amount + taken if line.amount.minor < 0 else line.amount - taken
            case Deposit() as deposit:
                for part in deposit.lines:
                    if part.customer is not None and self.get(Account, part.account or "").kind == RECEIVABLE:
                        yield part.customer, -part.amount

    def owing_with_jobs(self, key: Key) -> Iterator[tuple[str, Money]]:
        """The same, for its customer and everybody above."""
        for customer_id, money in self.owing(key):
            for customer in self.lineage(customer_id):
                if customer.currency == money.currency:
                    yield customer.id, money

    def close_through(self, day: BusinessDate | None) -> None:
        """Close the books through a day, or open them all."""
        self.facts = replace(self.facts, closed_through=day)

    def must_be_open(self, day: BusinessDate) -> None:
        """Fault 6210 when the books are closed through that day."""
        closed = self.facts.closed_through
        if closed is not None and day <= closed:
            raise faults.closed_period()
