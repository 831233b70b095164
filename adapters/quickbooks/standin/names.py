"""Writing customers, accounts and attachables: what is named or hung on, and never moves money."""

from __future__ import annotations

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.body import Body
from adapters.quickbooks.standin.heading import OBJECT, is_sparse, keep, read_current
from adapters.quickbooks.standin.ledger import BANK, ENTITIES, EXPENSE, INCOME, OTHER_ASSET, RECEIVABLE, Company
from adapters.quickbooks.standin.records import Account, Attachable, AttachedTo, Customer, Item, NameRecord
from connector.money import Currency

_CUSTOMER_TEXTS = {
    "GivenName": 100,
    "MiddleName": 100,
    "FamilyName": 100,
    "CompanyName": 100,
    "PrintOnCheckName": 110,
    "Notes": 2000,
    "PreferredDeliveryMethod": 20,
    "PrimaryEmailAddr": OBJECT,
    "PrimaryPhone": OBJECT,
    "Mobile": OBJECT,
    "Fax": OBJECT,
    "WebAddr": OBJECT,
    "BillAddr": OBJECT,
    "ShipAddr": OBJECT,
}
_CUSTOMER_FIELDS = frozenset({"DisplayName", "Active", "CurrencyRef", "ParentRef", "Job"})
_NAME_MAX = 500

_ITEM_FIELDS = frozenset({"Name", "Type", "IncomeAccountRef", "Active"})
_SUB_KINDS = {
    BANK: "Checking",
    OTHER_ASSET: "OtherCurrentAssets",
    RECEIVABLE: "AccountsReceivable",
    EXPENSE: "OtherMiscellaneousServiceCost",
    INCOME: "SalesOfProductIncome",
    "Other Current Liability": "OtherCurrentLiabilities",
    "Credit Card": "CreditCard",
    "Equity": "OpeningBalanceEquity",
}
_ACCOUNT_TEXTS = {"Description": 100, "AcctNum": 20}
_ACCOUNT_FIELDS = frozenset({"Name", "AccountType", "AccountSubType", "Active", "CurrencyRef"})
_ACCOUNT_NAME_MAX = 100

_ATTACHABLE_TEXTS = {"Note": 2000, "FileName": 1000, "ContentType": 100, "Category": 100, "Tag": 2000}
_ATTACHED_FIELDS = frozenset({"EntityRef", "IncludeOnSend", "LineInfo"})


def create_customer(company: Company, body: Body) -> Customer:
    """Take up a customer; its currency never changes."""
    body.must_know(frozenset(_CUSTOMER_TEXTS), _CUSTOMER_FIELDS)
    name = body.needed("DisplayName", _NAME_MAX)
    _must_be_free(company, Customer, name)
    parent = body.named(company, Customer, "ParentRef")
    natural = parent.currency if parent else company.facts.home
    customer = Customer(
        id=company.next_id(Customer.entity),
        created=company.now,
        updated=company.now,
        name=name,
        currency=_currency(company, body, natural),
        parent=parent.id if parent else None,
        kept=keep(body, _CUSTOMER_TEXTS),
    )
    company.add(customer)
    return customer


def update_customer(company: Company, body: Body) -> Customer:
    """Change a customer's name, texts or whether it is active."""
    body.must_know(frozenset(_CUSTOMER_TEXTS), _CUSTOMER_FIELDS)
    customer = read_current(company, Customer, body)
    sparse = is_sparse(body)
    name = (body.text("DisplayName", _NAME_MAX) if sparse else body.needed("DisplayName", _NAME_MAX)) or customer.name
    if name != customer.name:
        _must_be_free(company, Customer, name)
    if body.currency() not in (None, customer.currency):
        raise faults.business("The currency of a customer cannot be changed.")
    active = body.flag("Active")
    customer.name, customer.active = name, customer.active if active is None else active
    customer.kept = keep(body, _CUSTOMER_TEXTS, customer.kept if sparse else None)
    company.rename(customer)
    return customer


def create_account(company: Company, body: Body) -> Account:
    """Open an account."""
    body.must_know(frozenset(_ACCOUNT_TEXTS), _ACCOUNT_FIELDS)
    name = body.needed("Name", _ACCOUNT_NAME_MAX)
    _must_be_free(company, Account, name)
    kind = body.needed("AccountType")
    if kind not in _SUB_KINDS:
        raise faults.invalid("AccountType")
    account = company.open_account(
        name, kind, body.text("AccountSubType") or _SUB_KINDS[kind], _currency(company, body, company.facts.home)
    )
    account.kept = keep(body, _ACCOUNT_TEXTS)
    return account


def update_account(company: Company, body: Body) -> Account:
    """Change an account's name, texts or whether it is active."""
    body.must_know(frozenset(_ACCOUNT_TEXTS), _ACCOUNT_FIELDS)
    account = read_current(company, Account, body)
    sparse = is_sparse(body)
    name = (body.text("Name") if sparse else body.needed("Name", _ACCOUNT_NAME_MAX)) or account.name
    if name != account.name:
        _must_be_free(company, Account, name)
    if body.currency() not in (None, account.currency) or body.text("AccountType") not in (None, account.kind):
        raise faults.business("The type and currency of an account cannot be changed.")
    active = body.flag("Active")
    account.name, account.active = name, account.active if active is None else active
    account.kept = keep(body, _ACCOUNT_TEXTS, account.kept if sparse else None)
    company.rename(account)
    return account


def create_item(company: Company, body: Body) -> Item:
    """Take up something to sell; forms go on selling the first item."""
    body.must_know(_ITEM_FIELDS)
    name = body.needed("Name", _ACCOUNT_NAME_MAX)
    _must_be_free(company, Item, name)
    body.needed_named(company, Account, "IncomeAccountRef")
    item = Item(id=company.next_id(Item.entity), created=company.now, updated=company.now, name=name)
    company.add(item)
    return item


def update_item(company: Company, body: Body) -> Item:
    """Change an item's name or whether it is active."""
    body.must_know(_ITEM_FIELDS)
    item = read_current(company, Item, body)
    name = (body.text("Name") if is_sparse(body) else body.needed("Name", _ACCOUNT_NAME_MAX)) or item.name
    if name != item.name:
        _must_be_free(company, Item, name)
    active = body.flag("Active")
    item.name, item.active = name, item.active if active is None else active
    company.rename(item)
    return item


def _must_be_free(company: Company, kind: type[NameRecord], name: str) -> None:
    for other in company.all(kind):
        if other.name.lower() == name.lower():
            raise faults.duplicate_name(other.id)


def _currency(company: Company, body: Body, natural: Currency) -> Currency:
    code = body.currency() or natural
    if code != company.facts.home and not company.multi_currency:
        raise faults.business(f"This company keeps its books in {company.facts.home} only.")
    return code


def create_attachable(company: Company, body: Body) -> Attachable:
    """Hang a note on other objects. Nothing else is touched, and no period is too closed for it."""
    about = _attached_to(company, body)
    kept = keep(body, _ATTACHABLE_TEXTS)
    if "Note" not in kept and "FileName" not in kept:
        raise faults.missing("Note")
    attachable = Attachable(
        id=company.next_id(Attachable.entity), created=company.now, updated=company.now, about=about, kept=kept
    )
    company.add(attachable)
    return attachable


def update_attachable(company: Company, body: Body) -> Attachable:
    """Change a note, or what it hangs on."""
    attachable = read_current(company, Attachable, body)
    sparse = is_sparse(body)
    if "AttachableRef" in body or not sparse:
        attachable.about = _attached_to(company, body)
    attachable.kept = keep(body, _ATTACHABLE_TEXTS, attachable.kept if sparse else None)
    company.touch(attachable)
    return attachable


def delete_attachable(company: Company, body: Body) -> str:
    """Take a note down."""
    attachable = read_current(company, Attachable, body)
    company.remove(attachable)
    return attachable.id


def _attached_to(company: Company, body: Body) -> tuple[AttachedTo, ...]:
    body.must_know(frozenset(_ATTACHABLE_TEXTS), frozenset({"AttachableRef"}))
    about = []
    known = {entity.lower(): entity for entity in ENTITIES}
    for one in body.children("AttachableRef"):
        one.must_know(_ATTACHED_FIELDS)
        target = one.inner("EntityRef")
        if target is None:
            raise faults.missing("AttachableRef.EntityRef")
        entity, vendor_id = known.get(target.needed("type").lower()), target.needed("value")
        if entity is None or vendor_id not in company.records[entity]:
            raise faults.bad_reference("AttachableRef.EntityRef", vendor_id)
        include = one.flag("IncludeOnSend")
        about.append(AttachedTo(target=entity, target_id=vendor_id, include_on_send=include is True))
    return tuple(about)
