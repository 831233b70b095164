"""What touches receivables without an invoice, as documents: journal entries, sales receipts, refund receipts."""

from __future__ import annotations

from adapters.quickbooks.standin.forms import at_home, dated, numbered, sale_lines, sold_to
from adapters.quickbooks.standin.ledger import Company
from adapters.quickbooks.standin.records import (
    Account,
    Customer,
    JournalEntry,
    JournalLine,
    RefundReceipt,
    SalesReceipt,
)
from adapters.quickbooks.standin.wording import Document, identity, number, picked, reference


def journal_entry(company: Company, record: JournalEntry) -> Document:
    """Its lines with their sides; one on the receivables names the customer."""
    return {
        "Adjustment": False,
        "TotalAmt": 0,
        **identity(company, record),
        **picked(record, "DocNumber"),
        **dated(company, record),
        **picked(record, "PrivateNote"),
        "Line": [_journal_line(company, index, line) for index, line in enumerate(record.lines)],
        "TxnTaxDetail": {},
    }


def _journal_line(company: Company, index: int, line: JournalLine) -> Document:
    named: Document = {}
    if line.customer is not None:
        named["Entity"] = {"Type": "Customer", "EntityRef": reference(company, Customer, line.customer)}
    is_debit = line.amount.minor >= 0
    return {
        "Id": str(index),
        **({"Description": line.description} if line.description else {}),
        "Amount": number(line.amount if is_debit else -line.amount),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {
            "PostingType": "Debit" if is_debit else "Credit",
            **named,
            "AccountRef": reference(company, Account, line.account),
        },
        "CustomExtensions": [],
    }


def sales_receipt(company: Company, record: SalesReceipt) -> Document:
    """A sale that was paid at once."""
    return _receipt(company, record)


def refund_receipt(company: Company, record: RefundReceipt) -> Document:
    """Money given back at once."""
    return _receipt(company, record)


def _receipt(company: Company, record: SalesReceipt | RefundReceipt) -> Document:
    return {
        **identity(company, record),
        **numbered(company, record),
        "Line": sale_lines(company, record),
        "TxnTaxDetail": {"TotalTax": 0},
        **sold_to(company, record),
        "TotalAmt": number(record.total),
        **at_home(company, record, HomeTotalAmt=record.total),
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
        "Balance": 0,
        **picked(record, "PaymentMethodRef", "PaymentRefNum"),
        "DepositToAccountRef": reference(company, Account, record.account),
    }
