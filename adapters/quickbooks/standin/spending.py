"""Writing purchases (an expense paid at once) and transfers between accounts."""

from __future__ import annotations

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.body import Body
from adapters.quickbooks.standin.heading import (
    HEADING,
    NOTE_MAX,
    NUMBER_MAX,
    OBJECT,
    is_sparse,
    keep,
    must_fit,
    read_current,
    read_day,
    read_heading,
)
from adapters.quickbooks.standin.ledger import BANK, INCOME, OTHER_ASSET, Company
from adapters.quickbooks.standin.records import Account, ExpenseLine, Purchase, Transfer
from connector.money import Currency

_PURCHASE_TEXTS = {
    "PrivateNote": NOTE_MAX,
    "DocNumber": NUMBER_MAX,
    "PaymentRefNum": NUMBER_MAX,
    "EntityRef": OBJECT,
    "PaymentMethodRef": OBJECT,
}
_PURCHASE_KNOWN = (HEADING, frozenset(_PURCHASE_TEXTS), frozenset({"AccountRef", "PaymentType", "Line"}))
_LINE_FIELDS = frozenset({"Amount", "DetailType", "AccountBasedExpenseLineDetail", "Description", "Id", "LineNum"})
_PAID_FROM = {"Cash": (BANK, OTHER_ASSET), "Check": (BANK,), "CreditCard": ("Credit Card",)}

_TRANSFER_TEXTS = {"PrivateNote": NOTE_MAX}
_TRANSFER_KNOWN = (HEADING, frozenset(_TRANSFER_TEXTS), frozenset({"FromAccountRef", "ToAccountRef", "Amount"}))
_NOT_MOVABLE = (INCOME, "Expense", "Cost of Goods Sold", "Other Income", "Other Expense", "Accounts Receivable")


def create_purchase(company: Company, body: Body) -> Purchase:
    """Book an expense out of a money account."""
    body.must_know(*_PURCHASE_KNOWN)
    payment_type = body.needed("PaymentType")
    if payment_type not in _PAID_FROM:
        raise faults.invalid("PaymentType")
    paid_from = body.needed_named(company, Account, "AccountRef")
    if paid_from.kind not in _PAID_FROM[payment_type]:
        raise faults.wrong_account_type("AccountRef")
    heading = read_heading(company, body)
    must_fit(company, paid_from, heading.currency)
    lines = tuple(_line(company, line, heading.currency) for line in body.children("Line"))
    if not lines:
        raise faults.missing("Line")
    purchase = Purchase(
        id=company.next_id(Purchase.entity),
        created=company.now,
        updated=company.now,
        on=heading.on,
        currency=heading.currency,
        rate=heading.rate,
        paid_from=paid_from.id,
        payment_type=payment_type,
        lines=lines,
        kept=keep(body, _PURCHASE_TEXTS),
    )
    if purchase.total.minor < 0:
        raise faults.business("The total of a purchase cannot be negative.")
    company.add(purchase)
    return purchase


def _line(company: Company, line: Body, code: Currency) -> ExpenseLine:
    line.must_know(_LINE_FIELDS)
    detail = line.inner("AccountBasedExpenseLineDetail")
    if line.needed("DetailType") != "AccountBasedExpenseLineDetail" or detail is None:
        raise faults.missing("Line.AccountBasedExpenseLineDetail")
    account = detail.needed_named(company, Account, "AccountRef")
    must_fit(company, account, code)
    amount = line.needed_amount("Amount", code)
    return ExpenseLine(amount=amount, account=account.id, description=line.text("Description"))


def update_purchase(company: Company, body: Body) -> Purchase:
    """Change the texts or day of a purchase; its figures stay as they are here."""
    body.must_know(frozenset(_PURCHASE_TEXTS), frozenset({"TxnDate"}))
    purchase = read_current(company, Purchase, body)
    purchase.on = read_day(company, body, purchase.on)
    purchase.kept = keep(body, _PURCHASE_TEXTS, purchase.kept if is_sparse(body) else None)
    company.touch(purchase)
    return purchase


def delete_purchase(company: Company, body: Body) -> str:
    """Strike a purchase out."""
    purchase = read_current(company, Purchase, body)
    company.must_be_open(purchase.on)
    company.remove(purchase)
    return purchase.id


def create_transfer(company: Company, body: Body) -> Transfer:
    """Move money between two accounts of the balance sheet."""
    body.must_know(*_TRANSFER_KNOWN)
    paid_from = body.needed_named(company, Account, "FromAccountRef")
    paid_to = body.needed_named(company, Account, "ToAccountRef")
    if paid_from.id == paid_to.id:
        raise faults.business("A transfer needs two accounts.")
    for name, account in (("FromAccountRef", paid_from), ("ToAccountRef", paid_to)):
        if account.kind in _NOT_MOVABLE:
            raise faults.wrong_account_type(name)
    heading = read_heading(company, body)
    must_fit(company, paid_from, heading.currency)
    must_fit(company, paid_to, heading.currency)
    amount = body.needed_amount("Amount", heading.currency)
    if amount.minor <= 0:
        raise faults.business("The amount of a transfer is positive.")
    transfer = Transfer(
        id=company.next_id(Transfer.entity),
        created=company.now,
        updated=company.now,
        on=heading.on,
        currency=heading.currency,
        rate=heading.rate,
        paid_from=paid_from.id,
        paid_to=paid_to.id,
        amount=amount,
        kept=keep(body, _TRANSFER_TEXTS),
    )
    company.add(transfer)
    return transfer


def update_transfer(company: Company, body: Body) -> Transfer:
    """Change the note or day of a transfer; its figures stay as they are here."""
    body.must_know(frozenset(_TRANSFER_TEXTS), frozenset({"TxnDate"}))
    transfer = read_current(company, Transfer, body)
    transfer.on = read_day(company, body, transfer.on)
    transfer.kept = keep(body, _TRANSFER_TEXTS, transfer.kept if is_sparse(body) else None)
    company.touch(transfer)
    return transfer


def delete_transfer(company: Company, body: Body) -> str:
    """Strike a transfer out."""
    transfer = read_current(company, Transfer, body)
    company.must_be_open(transfer.on)
    company.remove(transfer)
    return transfer.id
