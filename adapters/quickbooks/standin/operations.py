"""Which write an address and its parameters mean, and the answer it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.quickbooks.standin import documents, faults, journal, names, payments, sales, spending
from adapters.quickbooks.standin.body import Body
from adapters.quickbooks.standin.ledger import Company
from adapters.quickbooks.standin.records import Record

_Write = Callable[[Company, Body], Record]
_Delete = Callable[[Company, Body], str]

_CREATES: Mapping[str, _Write] = {
    "Account": names.create_account,
    "Attachable": names.create_attachable,
    "CreditMemo": sales.create_credit_memo,
    "Customer": names.create_customer,
    "Deposit": payments.create_deposit,
    "Invoice": sales.create_invoice,
    "Item": names.create_item,
    "JournalEntry": journal.create_journal_entry,
    "Payment": payments.create_payment,
    "Purchase": spending.create_purchase,
    "Transfer": spending.create_transfer,
}
_UPDATES: Mapping[str, _Write] = {
    "Account": names.update_account,
    "Attachable": names.update_attachable,
    "CreditMemo": sales.update_credit_memo,
    "Customer": names.update_customer,
    "Deposit": payments.update_deposit,
    "Invoice": sales.update_invoice,
    "Item": names.update_item,
    "JournalEntry": journal.update_journal_entry,
    "Payment": payments.update_payment,
    "Purchase": spending.update_purchase,
    "Transfer": spending.update_transfer,
}
_DELETES: Mapping[str, _Delete] = {
    "Attachable": names.delete_attachable,
    "CreditMemo": sales.delete_credit_memo,
    "Deposit": payments.delete_deposit,
    "Invoice": sales.delete_invoice,
    "JournalEntry": journal.delete_journal_entry,
    "Payment": payments.delete_payment,
    "Purchase": spending.delete_purchase,
    "Transfer": spending.delete_transfer,
}
_VOIDS: Mapping[tuple[str, str, str], _Write] = {
    ("Invoice", "void", ""): sales.void_invoice,
    ("Payment", "update", "void"): payments.void_payment,
}


def write(company: Company, entity: str, raw: bytes, operation: str, include: str) -> str:
    """Do what a POST asks for; the object as it then stands, as JSON text."""
    body = Body.of(raw)
    if operation == "delete":
        strike = _DELETES.get(entity)
        if strike is None:
            raise faults.unsupported(f"delete of {entity}")
        return documents.deleted(strike(company, body))
    act = _VOIDS.get((entity, operation, include)) or _plain(entity, operation, is_update="Id" in body)
    return documents.text(company, act(company, body))


def _plain(entity: str, operation: str, *, is_update: bool) -> _Write:
    act = (_UPDATES if is_update or operation == "update" else _CREATES).get(entity)
    if act is None or operation not in ("", "create", "update"):
        raise faults.unsupported(f"{operation or 'write'} of {entity}")
    return act
