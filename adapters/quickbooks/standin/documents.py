"""How Intuit writes each object as JSON: the keys of the recorded answers, in their order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from adapters.quickbooks.standin import lists, receipts
from adapters.quickbooks.standin.forms import at_home, dated, numbered, sale_lines, sold_to
from adapters.quickbooks.standin.ledger import RECEIVABLE, Company
from adapters.quickbooks.standin.records import (
    Account,
    Attachable,
    CreditMemo,
    Customer,
    Deposit,
    DepositLine,
    Invoice,
    Item,
    JournalEntry,
    Payment,
    PaymentLine,
    PaymentMethod,
    Purchase,
    Record,
    RefundReceipt,
    SalesReceipt,
    Transaction,
    Transfer,
)
from adapters.quickbooks.standin.wording import (
    Document,
    identity,
    moment_text,
    number,
    picked,
    reference,
    render,
    render_own,
    trimmed,
)
from connector.money import DIGITS, Currency, plain

_JAXB = {
    "name": "{http://schema.intuit.com/finance/v3}NameValue",
    "declaredType": "com.intuit.schema.finance.v3.NameValue",
    "scope": "javax.xml.bind.JAXBElement$GlobalScope",
}
SHIFTED_TOGETHER = {"RemainingCredit": "Balance", "CurrentBalance": "CurrentBalanceWithSubAccounts"}
"""Figures that an answer shows twice."""


def text(company: Company, record: Record) -> str:
    """A record's JSON, kept until it or a balance it shows changes."""
    if record.text is None:
        record.text = render_own(document(company, record))
    return record.text


def document(company: Company, record: Record) -> Document:
    """A record as Intuit would answer it, with what `corrupt` shifted."""
    written = _WRITERS[record.entity](company, record)
    for name, minor in company.shifts.get((record.entity, record.id), {}).items():
        step = Decimal(minor).scaleb(-DIGITS[_currency(record, company)])
        for key in (name, SHIFTED_TOGETHER.get(name, "")):
            figure = written.get(key)
            if isinstance(figure, Decimal):
                written[key] = trimmed(figure + step)
    return written


def _currency(record: Record, company: Company) -> Currency:
    return record.currency if isinstance(record, (Transaction, Account)) else company.facts.home


def _invoice(company: Company, record: Invoice) -> Document:
    sent = {"DeliveryType": "Email", "DeliveryTime": moment_text(record.delivered, company)} if record.delivered else {}
    return {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": record.kept.get("AllowOnlineCreditCardPayment", False),
        "AllowOnlineACHPayment": record.kept.get("AllowOnlineACHPayment", False),
        **identity(company, record, modifier=True),
        **numbered(company, record),
        "LinkedTxn": [{"TxnId": payment, "TxnType": "Payment"} for payment in reversed(record.settled)],
        "Line": sale_lines(company, record),
        "TxnTaxDetail": {"TotalTax": 0},
        **sold_to(company, record),
        **picked(record, "SalesTermRef"),
        "DueDate": record.due.isoformat(),
        "TotalAmt": number(record.total),
        **at_home(company, record, HomeTotalAmt=record.total),
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "EmailSent" if sent else record.kept.get("EmailStatus", "NotSet"),
        **picked(record, "BillEmail"),
        "Balance": number(record.open),
        **at_home(company, record, HomeBalance=record.open),
        **({"DeliveryInfo": sent} if sent else {}),
    }


def _credit_memo(company: Company, record: CreditMemo) -> Document:
    return {
        "RemainingCredit": number(record.open),
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
        "Balance": number(record.open),
        **at_home(company, record, HomeBalance=record.open),
    }


def _payment_line(line: PaymentLine) -> Document:
    named = {"txnId": line.target_id, "txnOpenBalance": plain(line.open_before), "txnReferenceNumber": line.number}
    extras = [
        {
            **_JAXB,
            "value": {"Name": name, "Value": value},
            "nil": False,
            "globalScope": True,
            "typeSubstituted": False,
        }
        for name, value in named.items()
    ]
    return {
        "Amount": number(line.amount),
        "LinkedTxn": [{"TxnId": line.target_id, "TxnType": line.target}],
        "LineEx": {"any": extras},
    }


def _payment(company: Company, record: Payment) -> Document:
    customer = company.get(Customer, record.customer)
    moves_money = not any(line.gives for line in record.lines) or bool(record.total)
    into = record.into or company.undeposited().id
    return {
        "CustomerRef": {"value": customer.id, "name": customer.name},
        **({"DepositToAccountRef": {"value": into}} if moves_money else {}),
        **picked(record, "PaymentMethodRef", "PaymentRefNum"),
        "TotalAmt": number(record.total),
        "UnappliedAmt": number(record.unapplied),
        "ProcessPayment": False,
        **identity(company, record),
        **dated(company, record),
        **picked(record, "PrivateNote"),
        **({"LinkedTxn": [{"TxnId": record.deposit, "TxnType": "Deposit"}]} if record.deposit else {}),
        "Line": [_payment_line(line) for line in record.lines],
    }


def _deposit_line(company: Company, index: int, line: DepositLine) -> Document:
    amount: Document = {"Amount": number(line.amount)}
    if line.payment is not None:
        return amount | {"LinkedTxn": [{"TxnId": line.payment, "TxnType": "Payment", "TxnLineId": "0"}]}
    described: Document = {"Description": line.description} if line.description else {}
    detail: Document = {"AccountRef": reference(company, Account, line.account or "")}
    if line.customer is not None:
        detail["Entity"] = reference(company, Customer, line.customer) | {"type": "CUSTOMER"}
    return {
        "Id": str(index),
        "LineNum": index,
        **described,
        **amount,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": detail,
        "CustomExtensions": [],
    }


def _deposit(company: Company, record: Deposit) -> Document:
    back = record.cash_back
    kept_back: Document = {}
    if back is not None:
        account = reference(company, Account, back.account)
        memo: Document = {"Memo": back.memo} if back.memo else {}
        kept_back = {"CashBack": {"AccountRef": account, "Amount": number(back.amount), **memo}}
    return {
        "DepositToAccountRef": reference(company, Account, record.into),
        **kept_back,
        "TotalAmt": number(record.total),
        **at_home(company, record, HomeTotalAmt=record.total),
        **identity(company, record),
        **dated(company, record),
        **picked(record, "PrivateNote"),
        "Line": [_deposit_line(company, index, line) for index, line in enumerate(record.lines, start=1)],
        "TxnTaxDetail": {},
    }


def _purchase(company: Company, record: Purchase) -> Document:
    lines: list[Document] = [
        {
            "Id": str(index),
            **({"Description": line.description} if line.description else {}),
            "Amount": number(line.amount),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {
                "AccountRef": reference(company, Account, line.account),
                "BillableStatus": "NotBillable",
                "TaxCodeRef": {"value": "NON"},
            },
            "CustomExtensions": [],
        }
        for index, line in enumerate(record.lines, start=1)
    ]
    return {
        "AccountRef": reference(company, Account, record.paid_from),
        "PaymentType": record.payment_type,
        **picked(record, "EntityRef", "PaymentMethodRef", "PaymentRefNum"),
        "TotalAmt": number(record.total),
        **identity(company, record),
        "CustomField": [],
        **picked(record, "DocNumber"),
        **dated(company, record),
        **picked(record, "PrivateNote"),
        "Line": lines,
    }


def _transfer(company: Company, record: Transfer) -> Document:
    return {
        "FromAccountRef": reference(company, Account, record.paid_from),
        "ToAccountRef": reference(company, Account, record.paid_to),
        "Amount": number(record.amount),
        **identity(company, record),
        **dated(company, record),
        **picked(record, "PrivateNote"),
        "Line": [],
    }


def _attachable(company: Company, record: Attachable) -> Document:
    about = [
        {"EntityRef": {"value": one.target_id, "type": one.target}, "IncludeOnSend": one.include_on_send}
        for one in record.about
    ]
    return {
        **({"AttachableRef": about} if about else {}),
        **picked(record, "FileName", "ContentType", "Category", "Tag", "Note"),
        **identity(company, record),
    }


R = TypeVar("R", bound=Record)
_Writer = Callable[[Company, Record], Document]


def _writer(kind: type[R], write: Callable[[Company, R], Document]) -> tuple[str, _Writer]:
    def checked(company: Company, record: Record) -> Document:
        if not isinstance(record, kind):
            raise TypeError(type(record).__name__)
        return write(company, record)

    return kind.entity, checked


_WRITERS: dict[str, _Writer] = dict(
    (
        _writer(Account, lists.account),
        _writer(Customer, lists.customer),
        _writer(PaymentMethod, lists.payment_method),
        _writer(Item, lists.item),
        _writer(Invoice, _invoice),
        _writer(CreditMemo, _credit_memo),
        _writer(Payment, _payment),
        _writer(Deposit, _deposit),
        _writer(SalesReceipt, receipts.sales_receipt),
        _writer(RefundReceipt, receipts.refund_receipt),
        _writer(JournalEntry, receipts.journal_entry),
        _writer(Purchase, _purchase),
        _writer(Transfer, _transfer),
        _writer(Attachable, _attachable),
    )
)


def shiftable(company: Company) -> list[tuple[Record, str]]:
    """Every stored figure that some identity of the books holds to account."""
    figures: list[tuple[Record, str]] = []
    for account in company.all(Account):
        figures += [(account, "CurrentBalance")] if account.kind == RECEIVABLE else []
    for invoice in company.all(Invoice):
        figures += [(invoice, "Balance"), (invoice, "TotalAmt")]
    for memo in company.all(CreditMemo):
        figures.append((memo, "RemainingCredit"))
    for payment in company.all(Payment):
        figures += [(payment, "UnappliedAmt"), (payment, "TotalAmt")]
    return figures


def deleted(vendor_id: str) -> str:
    """What is left of a deleted object in the answer."""
    return render({"domain": "QBO", "status": "Deleted", "Id": vendor_id})
