"""A company's books from a world: its history is played back day by day, through the same rules as later writes.

What of a world is in the books: its accounts, the customers, invoices and payments that live `in quickbooks`, its
credits and its deposits. Payments that are pending or failed are not booked; a returned one is booked and voided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from adapters.quickbooks.standin import payments, sales
from adapters.quickbooks.standin.faults import Refusal
from adapters.quickbooks.standin.ledger import (
    BANK,
    EXPENSE,
    OTHER_ASSET,
    RECEIVABLE,
    UNDEPOSITED,
    Company,
    Facts,
    rate_between,
)
from adapters.quickbooks.standin.records import (
    Account,
    CreditMemo,
    Customer,
    Deposit,
    DepositLine,
    Invoice,
    Item,
    JournalEntry,
    JournalLine,
    Payment,
    PaymentMethod,
    RefundReceipt,
    SalesReceipt,
)
from connector.dates import BusinessDate, Instant, after, business_date, later, midnight, zone
from connector.errors import UserError
from connector.money import Currency, Money, total, zero
from connector.testing.worlds import (
    QUICKBOOKS,
    World,
    WorldCredit,
    WorldCustomer,
    WorldDeposit,
    WorldInvoice,
    WorldJournal,
    WorldPayment,
    WorldReceipt,
)

CREDIT_NOTE_TEXT = "Created by QB Online to link credits to charges."
"""What Intuit writes into the payment of nothing by which a credit is applied."""

_ROLES = {
    "bank": (BANK, "Checking"),
    "expense": (EXPENSE, "BankCharges"),
    "receivable": (RECEIVABLE, "AccountsReceivable"),
    "undeposited": (OTHER_ASSET, UNDEPOSITED),
}
_METHODS = {
    "card": "Credit Card",
    "cash": "Cash",
    "check": "Check",
    "transfer": "Bank Transfer",
    "us_bank_account": "ACH",
}
_OPENED_DAYS_BEFORE = 30
_FIRST_HOUR_SECONDS = 8 * 3600
_LAST_SECOND = 10 * 3600
_NO_HISTORY = business_date("2026-01-01")
_NOT_BOOKED = ("pending", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """Something that happened on a day; `order` puts what depends on other things of the day behind them."""

    on: BusinessDate
    order: int
    what: str
    act: Callable[[], None]


@dataclass(slots=True)
class _Opening:
    """A company while its history is played back."""

    world: World
    company: Company
    customers: dict[str, Customer] = field(default_factory=dict)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    waiting: dict[str, list[Payment]] = field(default_factory=dict)

    def wrong(self, sentence: str) -> UserError:
        return UserError(
            f"The world of {self.world.name} cannot stand in the books: {sentence}",
            next_step="The notation is described in connector/testing/README.md.",
        )


def _days(world: World) -> Iterator[BusinessDate]:
    yield from (invoice.on for invoice in world.invoices)
    yield from (credit.on for credit in world.credits)
    yield from (payment.on for payment in world.payments)
    yield from (deposit.on for deposit in world.deposits)
    yield from (entry.on for entry in world.journals)
    yield from (receipt.on for receipt in world.receipts)


def open_company(world: World) -> Company:
    """The books of one world; UserError names what in it they could not hold."""
    where = zone(world.zone)
    first = min(_days(world), default=_NO_HISTORY)
    facts = Facts(
        name=world.name,
        realm=world.realm,
        home=world.home,
        zone=where,
        country=world.country,
        closed_through=world.closed_through,
    )
    company = Company(facts, midnight(later(first, -_OPENED_DAYS_BEFORE), where))
    opening = _Opening(world, company)
    _name_lists(opening)
    index, day = 0, None
    for event in sorted(_events(opening), key=lambda one: (one.on, one.order)):
        index, day = (index + 1, day) if event.on == day else (0, event.on)
        company.begin(_moment(opening, event.on, index))
        try:
            event.act()
        except Refusal as refusal:
            raise opening.wrong(f"{event.what}: {refusal.words.detail}") from None
    company.happened.clear()
    return company


def _moment(opening: _Opening, on: BusinessDate, index: int) -> Instant:
    """From eight in the morning, a second apart."""
    start = midnight(on, opening.company.facts.zone)
    return after(start, _FIRST_HOUR_SECONDS + min(index, _LAST_SECOND))


def _name_lists(opening: _Opening) -> None:
    company, world = opening.company, opening.world
    for account in world.accounts:
        if account.role not in _ROLES:
            raise opening.wrong(f"account {account.name} has the unknown role {account.role!r}.")
        if account.role == "expense" and account.currency != world.home:
            raise opening.wrong(f"account {account.name} must be in {world.home}, as every expense account.")
        company.open_account(account.name, *_ROLES[account.role], account.currency)
    for customer in world.customers:
        if QUICKBOOKS in customer.systems:
            _customer(opening, customer)
    for code in sorted({world.home, *(customer.currency for customer in opening.customers.values())}):
        company.receivable(Currency(code))
    company.undeposited()
    company.income()
    company.add(Item(id=company.next_id(Item.entity), created=company.now, updated=company.now, name="Services"))
    for name in ("Cash", "Check", "Credit Card"):
        _method(company, name)


def _customer(opening: _Opening, told: WorldCustomer) -> Customer:
    """A customer, its parent before it."""
    if told.name in opening.customers:
        return opening.customers[told.name]
    company = opening.company
    parent = None
    if told.parent is not None:
        above = [one for one in opening.world.customers if one.name == told.parent and QUICKBOOKS in one.systems]
        if not above or told.parent == told.name:
            raise opening.wrong(f"the parent {told.parent} of {told.name} is no customer there.")
        parent = _customer(opening, above[0])
    kept: dict[str, object] = {"CompanyName": told.name}
    if told.email:
        kept["PrimaryEmailAddr"] = {"Address": told.email}
    if told.phone:
        kept["PrimaryPhone"] = {"FreeFormNumber": told.phone}
    company.multi_currency = company.multi_currency or told.currency != company.facts.home
    customer = Customer(
        id=company.next_id(Customer.entity, told.systems[QUICKBOOKS]),
        created=company.now,
        updated=company.now,
        name=told.name,
        currency=told.currency,
        parent=parent.id if parent else None,
        kept=kept,
    )
    company.add(customer)
    opening.customers[told.name] = customer
    return customer


def _method(company: Company, name: str) -> PaymentMethod:
    for method in company.all(PaymentMethod):
        if method.name == name:
            return method
    vendor_id = company.next_id(PaymentMethod.entity)
    method = PaymentMethod(id=vendor_id, created=company.now, updated=company.now, name=name)
    company.add(method)
    return method


def _events(opening: _Opening) -> Iterator[_Event]:
    """Everything that happened, in no order yet."""
    for told in opening.world.invoices:
        if QUICKBOOKS in told.systems:
            yield from _invoice_events(opening, told)
    issued = {told.number: told.on for told in opening.world.invoices}
    for credit in opening.world.credits:
        on = _when_applied(credit.on, credit.applied, issued)
        yield _Event(on=on, order=3, what=f"credit {credit.number}", act=partial(_credit, opening, credit))
    for payment in opening.world.payments:
        if payment.system == QUICKBOOKS and payment.status not in _NOT_BOOKED:
            on = _when_applied(payment.on, payment.applied, issued)
            yield _Event(on=on, order=4, what=f"payment {payment.id}", act=partial(_payment, opening, payment))
    for deposit in opening.world.deposits:
        yield _Event(on=deposit.on, order=5, what=f"deposit {deposit.on}", act=partial(_deposit, opening, deposit))
    for entry in opening.world.journals:
        yield _Event(on=entry.on, order=6, what=f"journal {entry.number}", act=partial(_journal, opening, entry))
    for receipt in opening.world.receipts:
        yield _Event(on=receipt.on, order=6, what=f"receipt {receipt.number}", act=partial(_receipt, opening, receipt))


def _when_applied(
    on: BusinessDate, applied: tuple[tuple[str, Money], ...], issued: Mapping[str, BusinessDate]
) -> BusinessDate:
    """Money that came before its invoice is taken into the books with the invoice, under its own date."""
    return max([on, *(issued.get(number, on) for number, _ in applied)])


def _invoice_events(opening: _Opening, told: WorldInvoice) -> Iterator[_Event]:
    what = f"invoice {told.number}"
    yield _Event(on=told.on, order=0, what=what, act=lambda: _invoice(opening, told))
    if told.sent_on is not None:
        yield _Event(on=max(told.sent_on, told.on), order=1, what=what, act=lambda: _send(opening, told))
    if told.state == "void":
        yield _Event(
            on=told.on, order=2, what=what, act=lambda: sales.void(opening.company, opening.invoices[told.number])
        )


def _who(opening: _Opening, name: str, code: Currency) -> Customer:
    customer = opening.customers.get(name)
    if customer is None:
        raise opening.wrong(f"{name} is no customer there.")
    if customer.currency != code:
        raise opening.wrong(f"{name} is kept in {customer.currency} and cannot have anything in {code}.")
    return customer


def _invoice(opening: _Opening, told: WorldInvoice) -> None:
    company = opening.company
    customer = _who(opening, told.customer, told.amount.currency)
    email = told.sent_to or customer_email(customer)
    invoice = Invoice(
        id=company.next_id(Invoice.entity, told.systems[QUICKBOOKS]),
        created=company.now,
        updated=company.now,
        on=told.on,
        currency=told.amount.currency,
        rate=rate_between(told.amount.currency, company.facts.home),
        customer=customer.id,
        number=told.number,
        total=told.amount,
        due=told.due,
        kept={"BillEmail": {"Address": email}} if email else {},
    )
    company.add(invoice)
    opening.invoices[told.number] = invoice


def customer_email(customer: Customer) -> str | None:
    """The address a customer's invoices go to."""
    held = customer.kept.get("PrimaryEmailAddr")
    return str(held["Address"]) if isinstance(held, dict) and "Address" in held else None


def _send(opening: _Opening, told: WorldInvoice) -> None:
    invoice = opening.invoices[told.number]
    invoice.delivered = opening.company.now
    opening.company.touch(invoice)


def _credit(opening: _Opening, told: WorldCredit) -> None:
    company = opening.company
    memo = CreditMemo(
        id=company.next_id(CreditMemo.entity),
        created=company.now,
        updated=company.now,
        on=told.on,
        currency=told.amount.currency,
        rate=rate_between(told.amount.currency, company.facts.home),
        customer=_who(opening, told.customer, told.amount.currency).id,
        number=told.number,
        total=told.amount,
    )
    company.add(memo)
    if not told.applied:
        return
    used = total((amount for _, amount in told.applied), told.amount.currency)
    link = _new_payment(opening, memo.customer, told.on, zero(told.amount.currency))
    link.kept["PrivateNote"] = CREDIT_NOTE_TEXT
    company.settle(link, [*_shares(opening, told.applied), (CreditMemo.entity, memo.id, used)])
    company.add(link)


def _new_payment(opening: _Opening, customer_id: str, on: BusinessDate, amount: Money) -> Payment:
    company = opening.company
    return Payment(
        id=company.next_id(Payment.entity),
        created=company.now,
        updated=company.now,
        on=on,
        currency=amount.currency,
        rate=rate_between(amount.currency, company.facts.home),
        customer=customer_id,
        total=amount,
        into=None,
    )


def _shares(opening: _Opening, applied: tuple[tuple[str, Money], ...]) -> list[tuple[str, str, Money]]:
    shares = []
    for number, amount in applied:
        invoice = opening.invoices.get(number)
        if invoice is None:
            raise opening.wrong(f"{number} is no invoice there.")
        shares.append((Invoice.entity, invoice.id, amount))
    return shares


def _payment(opening: _Opening, told: WorldPayment) -> None:
    company = opening.company
    customer = _who(opening, told.customer, told.amount.currency)
    payment = _new_payment(opening, customer.id, told.on, told.amount)
    method = _method(company, _METHODS.get(told.method, told.method))
    payment.kept = {"PaymentRefNum": told.id, "PaymentMethodRef": {"value": method.id}}
    if told.memo:
        payment.kept["PrivateNote"] = told.memo
    company.settle(payment, _shares(opening, told.applied))
    company.add(payment)
    if told.status == "returned":
        payments.void(company, payment)
    else:
        opening.waiting.setdefault(told.id, []).append(payment)


def _account(opening: _Opening, name: str) -> Account:
    found = next((account for account in opening.company.all(Account) if account.name == name), None)
    if found is None:
        raise opening.wrong(f"{name} is no account there.")
    return found


def _journal(opening: _Opening, told: WorldJournal) -> None:
    """Two lines: the customer's receivables, and the account on the other side."""
    company, amount = opening.company, told.amount
    customer = _who(opening, told.customer, amount.currency)
    against = _account(opening, told.against) if told.against else company.income()
    on_debt = company.receivable(amount.currency)
    kept: dict[str, object] = {"DocNumber": told.number}
    company.add(
        JournalEntry(
            id=company.next_id(JournalEntry.entity),
            created=company.now,
            updated=company.now,
            on=told.on,
            currency=amount.currency,
            rate=rate_between(amount.currency, company.facts.home),
            lines=(
                JournalLine(account=on_debt.id, amount=amount, customer=customer.id, description=told.memo),
                JournalLine(account=against.id, amount=-amount, description=told.memo),
            ),
            kept=kept | ({"PrivateNote": told.memo} if told.memo else {}),
        )
    )


def _receipt(opening: _Opening, told: WorldReceipt) -> None:
    company, account = opening.company, _account(opening, told.account)
    kind = RefundReceipt if told.gives_back else SalesReceipt
    company.add(
        kind(
            id=company.next_id(kind.entity),
            created=company.now,
            updated=company.now,
            on=told.on,
            currency=told.amount.currency,
            rate=rate_between(told.amount.currency, company.facts.home),
            customer=_who(opening, told.customer, told.amount.currency).id,
            number=told.number,
            total=told.amount,
            account=account.id,
        )
    )


def _deposit(opening: _Opening, told: WorldDeposit) -> None:
    company = opening.company
    into = _account(opening, told.into)
    lines = []
    for reference in told.payments:
        waiting = opening.waiting.get(reference)
        if not waiting:
            raise opening.wrong(f"the deposit of {told.on} names {reference}, which is no payment waiting for one.")
        payment = waiting.pop(0)
        lines.append(DepositLine(amount=payment.total, payment=payment.id))
    code = company.get(Payment, lines[0].payment or "").currency if lines else into.currency
    deposit = Deposit(
        id=company.next_id(Deposit.entity),
        created=company.now,
        updated=company.now,
        on=told.on,
        currency=code,
        rate=rate_between(code, company.facts.home),
        into=into.id,
        lines=tuple(lines),
    )
    payments.bank(company, deposit)
