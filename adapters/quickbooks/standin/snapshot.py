"""The whole state as JSON values, comparable between two runs if wanted, and the cent that goes astray."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal

from adapters.quickbooks.standin.documents import document, shiftable
from adapters.quickbooks.standin.ledger import ENTITIES, Company
from adapters.quickbooks.standin.lists import company_info, preferences
from adapters.quickbooks.standin.records import (
    Account,
    Customer,
    NameRecord,
    Payment,
    PaymentMethod,
    Record,
    RefundReceipt,
    Sale,
    SalesReceipt,
    Transaction,
)
from adapters.quickbooks.standin.wording import Document
from connector.errors import UserError
from connector.money import Money, plain

_RUN_DEPENDENT = frozenset(
    {"Id", "SyncToken", "MetaData", "LineEx", "V4IDPseudonym", "DeliveryTime", "CompanyStartDate"}
)
_LINKS = frozenset({"LinkedTxn", "EntityRef"})
_NAMED: Mapping[str, type[NameRecord]] = {
    "DepositToAccountRef": Account,
    "PaymentMethodRef": PaymentMethod,
    "ParentRef": Customer,
}
_OP_ID = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{20}(?![A-Z2-7])")
_MARK = "receivables op="
"""What our own writes carry in their private notes."""
_TITLES = {"CreditMemo": "Credit memo"}


def dump(companies: tuple[Company, ...], *, normalised: bool) -> dict[str, object]:
    """Every object per realm. Normalised: no ids, tokens or times; references by number or name; op ids as `*`.

    Nor does it have payments of a program's that are void: like the audit log they tell what was there once, and hold
    no amount, settle nothing and are in no deposit. Payments of people that are void stay.
    """
    return {company.facts.realm: _company(company, normalised=normalised) for company in companies}


def _company(company: Company, *, normalised: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    for entity in ENTITIES:
        records = list(company.records[entity].values())
        if normalised:
            records = [record for record in records if not _is_trace(record)]
        written = [document(company, record) for record in records]
        if normalised:
            written = _sorted([_normal(company, one) for one in written])
        found[entity] = _plain(written)
    for entity, single in (("CompanyInfo", company_info(company)), ("Preferences", preferences(company))):
        found[entity] = _plain([_normal(company, single) if normalised else single])
    return found


def _is_trace(record: Record) -> bool:
    """Whether a payment is only a trace of one that a program wrote and voided."""
    if not isinstance(record, Payment) or record.total or record.lines or record.deposit is not None:
        return False
    note = str(record.kept.get("PrivateNote", ""))
    return note.startswith("Voided") and _MARK in note


def _plain(value: object) -> object:
    """Amounts as text, since plain JSON writers would make floats of them."""
    match value:
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case Decimal():
            return format(value, "f")
    return value


def _sorted(documents: list[Document]) -> list[Document]:
    return sorted(documents, key=lambda one: json.dumps(_plain(one), sort_keys=True))


def _normal(company: Company, written: Mapping[str, object]) -> Document:
    kept: Document = {}
    for name, value in written.items():
        if name in _LINKS:
            kept[name] = _linked(company, value)
        elif name == "CurrencyRef" and isinstance(value, Mapping):
            kept[name] = value["value"]
        elif name in _NAMED and isinstance(value, Mapping):
            kept[name] = _name(company, _NAMED[name], str(value.get("value")))
        elif name not in _RUN_DEPENDENT:
            kept[name] = _normal_value(company, value)
    return kept


def _normal_value(company: Company, value: object) -> object:
    if isinstance(value, str):
        return _OP_ID.sub("*", value)
    if isinstance(value, Mapping):
        return value.get("name", value["value"]) if "value" in value else _normal(company, value)
    if isinstance(value, list):
        inner = [_normal_value(company, one) for one in value]
        return sorted(inner, key=lambda one: json.dumps(_plain(one), sort_keys=True))
    return value


def _name(company: Company, kind: type[NameRecord], vendor_id: str) -> str:
    """The name behind a reference that carries none."""
    found = company.find(kind, vendor_id)
    return found.name if found is not None else ""


def _linked(company: Company, links: object) -> object:
    """What a transaction is linked to, by number instead of id."""
    if isinstance(links, list):
        return sorted(str(_linked(company, link)) for link in links)
    if not isinstance(links, Mapping):
        return links
    entity = str(links.get("TxnType", links.get("type", "")))
    record = company.records.get(entity, {}).get(str(links.get("TxnId", links.get("value", ""))))
    return f"{entity} {called(company, record)}" if record is not None else entity


def called(company: Company, record: Record) -> str:
    """What people call a record: its number or name, else what it says of itself."""
    if isinstance(record, (Sale, SalesReceipt, RefundReceipt)):
        return record.number
    if isinstance(record, NameRecord):
        return record.name
    known = next((str(record.kept[name]) for name in ("PaymentRefNum", "DocNumber") if name in record.kept), "")
    if isinstance(record, Payment):
        from_whom = next((customer.name for customer in company.lineage(record.customer)), "")
        return _OP_ID.sub("*", f"{known} {from_whom} {record.on} {record.total}".strip())
    return _OP_ID.sub("*", f"{known} {record.on}".strip()) if isinstance(record, Transaction) else record.id


def corrupt(companies: tuple[Company, ...], seed: int) -> str:
    """Shift one unit in one served figure, chosen by the seed; UserError when there are no books to corrupt."""
    figures = [(company, record, name) for company in companies for record, name in shiftable(company)]
    if not figures:
        raise UserError("These worlds hold no figure that could be corrupted.")
    drawn = int.from_bytes(hashlib.sha256(f"corrupt {seed}".encode()).digest()[:8])
    company, record, name = figures[drawn // 2 % len(figures)]
    step = 1 if drawn % 2 else -1
    shifts = company.shifts.setdefault((record.entity, record.id), {})
    shifts[name] = shifts.get(name, 0) + step
    record.text = None
    code = record.currency if isinstance(record, (Account, Transaction)) else company.facts.home
    sign = "+" if step > 0 else "-"
    title = _TITLES.get(record.entity, record.entity)
    return f"{title} {_named(record)} of {company.facts.name}: {name} {sign}{plain(Money(1, code))}"


def _named(record: Record) -> str:
    if isinstance(record, Sale):
        return record.number
    if isinstance(record, NameRecord):
        return record.name
    return str(record.kept.get("PaymentRefNum", record.id))
