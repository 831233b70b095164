"""The name lists as documents (accounts, customers, payment methods, items), and the company's own two.

The figures of accounts and customers are worked out from the books each time they are asked for.
"""

from __future__ import annotations

import hashlib

from adapters.quickbooks.standin.ledger import EXPENSE, INCOME, Company
from adapters.quickbooks.standin.records import Account, Customer, Item, PaymentMethod
from adapters.quickbooks.standin.wording import (
    Document,
    currency_document,
    identity,
    moment_text,
    number,
    picked,
    reference,
)
from connector.money import zero

_CLASSES = {"Accounts Payable": "Liability", "Credit Card": "Liability", "Equity": "Equity", INCOME: "Revenue"}


def full_name(company: Company, customer: Customer) -> str:
    """The names of a customer and its parents, outermost first."""
    return ":".join(reversed([one.name for one in company.lineage(customer.id)]))


def account(company: Company, record: Account) -> Document:
    """An account with what it holds; income accounts show 0, as recorded."""
    held = zero(record.currency) if record.kind == INCOME else company.balances()[record.id]
    return {
        "Name": record.name,
        "SubAccount": False,
        "FullyQualifiedName": record.name,
        **picked(record, "Description", "AcctNum"),
        "Active": record.active,
        "Classification": "Expense" if record.kind == EXPENSE else _CLASSES.get(record.kind, "Asset"),
        "AccountType": record.kind,
        "AccountSubType": record.sub_kind,
        "CurrentBalance": number(held),
        "CurrentBalanceWithSubAccounts": number(held),
        "CurrencyRef": currency_document(record.currency),
        **identity(company, record),
    }


def customer(company: Company, record: Customer) -> Document:
    """A customer with what it owes."""
    depth = sum(1 for _ in company.lineage(record.id)) - 1
    parent: Document = {"ParentRef": {"value": record.parent}, "Level": depth} if record.parent else {}
    mark = hashlib.sha256(f"{company.facts.realm}/{record.id}".encode()).hexdigest()
    return {
        "Taxable": False,
        **picked(record, "BillAddr", "ShipAddr", "Notes"),
        "Job": record.parent is not None,
        "BillWithParent": False,
        **parent,
        "Balance": number(company.owed()[record.id]),
        "BalanceWithJobs": number(company.owed_with_jobs()[record.id]),
        "CurrencyRef": currency_document(record.currency),
        "PreferredDeliveryMethod": record.kept.get("PreferredDeliveryMethod", "Print"),
        "IsProject": False,
        "ClientEntityId": "0",
        **identity(company, record),
        **picked(record, "GivenName", "MiddleName", "FamilyName"),
        "FullyQualifiedName": full_name(company, record),
        "CompanyName": record.kept.get("CompanyName", record.name),
        "DisplayName": record.name,
        "PrintOnCheckName": record.kept.get("PrintOnCheckName", record.name),
        "Active": record.active,
        "V4IDPseudonym": f"002098{mark[:32]}",
        **picked(record, "PrimaryPhone", "Mobile", "Fax", "PrimaryEmailAddr", "WebAddr"),
    }


def payment_method(company: Company, record: PaymentMethod) -> Document:
    """A way of paying."""
    kind = "CREDIT_CARD" if "Card" in record.name else "NON_CREDIT_CARD"
    return {"Name": record.name, "Active": record.active, "Type": kind, **identity(company, record)}


def item(company: Company, record: Item) -> Document:
    """What is sold."""
    return {
        "Name": record.name,
        "Active": record.active,
        "FullyQualifiedName": record.name,
        "Taxable": False,
        "UnitPrice": 0,
        "Type": "Service",
        "IncomeAccountRef": reference(company, Account, company.income().id),
        "PurchaseCost": 0,
        "TrackQtyOnHand": False,
        **identity(company, record),
    }


def company_info(company: Company) -> Document:
    """The company as it describes itself."""
    facts = company.facts
    address = {"Id": "1", "Line1": facts.name, "Country": facts.country}
    opened = moment_text(company.opened, company)
    return {
        "CompanyName": facts.name,
        "LegalName": facts.name,
        "CompanyAddr": address,
        "CustomerCommunicationAddr": address,
        "LegalAddr": address,
        "CompanyStartDate": opened[:10],
        "FiscalYearStartMonth": "January",
        "Country": facts.country,
        "SupportedLanguages": "en",
        "DefaultTimeZone": facts.zone.key,
        "NameValue": [{"Name": "SubscriptionStatus", "Value": "PAID"}],
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {"CreateTime": opened, "LastUpdatedTime": opened},
    }


def preferences(company: Company) -> Document:
    """The settings that receivables depend on. Credits are never applied by themselves here."""
    facts = company.facts
    opened = moment_text(company.opened, company)
    accounting: Document = {
        "UseAccountNumbers": False,
        "TrackDepartments": False,
        "ClassTrackingPerTxn": False,
        "ClassTrackingPerTxnLine": False,
        "FirstMonthOfFiscalYear": "January",
        "TaxYearMonth": "January",
        "CustomerTerminology": "Customers",
    }
    if facts.closed_through is not None:
        accounting["BookCloseDate"] = facts.closed_through.isoformat()
    return {
        "AccountingInfoPrefs": accounting,
        "SalesFormsPrefs": {
            "CustomTxnNumbers": False,
            "AllowDeposit": False,
            "AllowDiscount": False,
            "ETransactionPaymentEnabled": False,
            "AutoApplyCredit": company.says_it_applies,
            "AutoApplyPayments": company.says_it_applies,
        },
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": company.multi_currency,
            "HomeCurrency": {"value": facts.home},
        },
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {"CreateTime": opened, "LastUpdatedTime": opened},
    }
