"""What Intuit's forms have in common: their number and day, whom they are for, what was sold."""

from __future__ import annotations

from adapters.quickbooks.standin.ledger import Company, converted
from adapters.quickbooks.standin.records import (
    Account,
    Customer,
    Item,
    RefundReceipt,
    Sale,
    SalesReceipt,
    Transaction,
)
from adapters.quickbooks.standin.wording import Document, currency_document, number, picked, reference, trimmed
from connector.money import Money

Sold = Sale | SalesReceipt | RefundReceipt
"""Every form that lists what was sold."""


def dated(company: Company, record: Transaction) -> Document:
    """The day, the currency and, where there are several, the rate."""
    dated: Document = {"TxnDate": record.on.isoformat(), "CurrencyRef": currency_document(record.currency)}
    if company.multi_currency:
        dated["ExchangeRate"] = trimmed(record.rate)
    return dated


def at_home(company: Company, record: Transaction, **figures: Money) -> Document:
    """Figures in the home currency, which only companies with several currencies show."""
    if not company.multi_currency:
        return {}
    return {name: number(converted(money, record.rate, company.facts.home)) for name, money in figures.items()}


def sale_lines(company: Company, record: Sold) -> list[Document]:
    """One line for everything that was sold, and its sum."""
    detail: Document = {
        "ItemRef": {"value": "1", "name": company.get(Item, "1").name},
        "ItemAccountRef": reference(company, Account, company.income().id),
        "TaxCodeRef": {"value": "NON"},
    }
    sold: Document = {
        "Id": "1",
        "LineNum": 1,
        "Amount": number(record.total),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": detail,
        "CustomExtensions": [],
    }
    subtotal: Document = {"Amount": number(record.total), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    return [sold, subtotal]


def sold_to(company: Company, record: Sold) -> Document:
    """The customer as the form shows it."""
    customer = company.get(Customer, record.customer)
    return {
        "CustomerRef": {"value": customer.id, "name": customer.name},
        **picked(record, "CustomerMemo"),
        "BillAddr": record.kept.get("BillAddr", {"Id": customer.id, "Line1": customer.name}),
        **picked(record, "ShipAddr"),
        "FreeFormAddress": True,
    }


def numbered(company: Company, record: Sold) -> Document:
    """The number, the day and the note of a form."""
    return {"CustomField": [], "DocNumber": record.number, **dated(company, record), **picked(record, "PrivateNote")}
