"""Writing invoices and credit memos, as the company's own people do while we read along."""

from __future__ import annotations

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.body import Body
from adapters.quickbooks.standin.heading import (
    HEADING,
    NOTE_MAX,
    NUMBER_MAX,
    OBJECT,
    Heading,
    is_sparse,
    keep,
    mark_void,
    read_current,
    read_day,
    read_heading,
)
from adapters.quickbooks.standin.ledger import Company
from adapters.quickbooks.standin.payments import shares_of
from adapters.quickbooks.standin.records import CreditMemo, Customer, Invoice, Payment, Sale
from connector.dates import later
from connector.money import Currency, Money, zero

_TEXTS = {
    "PrivateNote": NOTE_MAX,
    "CustomerMemo": OBJECT,
    "BillEmail": OBJECT,
    "BillAddr": OBJECT,
    "ShipAddr": OBJECT,
    "SalesTermRef": OBJECT,
    "EmailStatus": NUMBER_MAX,
    "AllowOnlineCreditCardPayment": OBJECT,
    "AllowOnlineACHPayment": OBJECT,
}
_KNOWN = (HEADING, frozenset(_TEXTS), frozenset({"CustomerRef", "Line", "DocNumber", "DueDate"}))
_TERM_DAYS = 30
_FIRST_NUMBER = 1001


def create_invoice(company: Company, body: Body) -> Invoice:
    """Invoice a customer."""
    customer, heading, amount = _read(company, body)
    invoice = Invoice(
        id=company.next_id(Invoice.entity),
        created=company.now,
        updated=company.now,
        on=heading.on,
        currency=heading.currency,
        rate=heading.rate,
        customer=customer.id,
        number=body.text("DocNumber", NUMBER_MAX) or _next_number(company),
        total=amount,
        due=body.day("DueDate") or later(heading.on, _TERM_DAYS),
        kept=keep(body, _TEXTS),
    )
    email = customer.kept.get("PrimaryEmailAddr")
    if email is not None:
        invoice.kept.setdefault("BillEmail", email)
    company.add(invoice)
    return invoice


def create_credit_memo(company: Company, body: Body) -> CreditMemo:
    """Grant a customer a credit."""
    customer, heading, amount = _read(company, body)
    memo = CreditMemo(
        id=company.next_id(CreditMemo.entity),
        created=company.now,
        updated=company.now,
        on=heading.on,
        currency=heading.currency,
        rate=heading.rate,
        customer=customer.id,
        number=body.text("DocNumber", NUMBER_MAX) or _next_number(company),
        total=amount,
        kept=keep(body, _TEXTS),
    )
    company.add(memo)
    return memo


def _read(company: Company, body: Body) -> tuple[Customer, Heading, Money]:
    body.must_know(*_KNOWN)
    customer = body.needed_named(company, Customer, "CustomerRef")
    heading = read_heading(company, body)
    if heading.currency != customer.currency:
        raise faults.wrong_currency("customer")
    return customer, heading, _lines_total(body, heading.currency)


def _lines_total(body: Body, code: Currency) -> Money:
    lines = [line for line in body.children("Line") if line.raw("DetailType") == "SalesItemLineDetail"]
    if not lines:
        raise faults.missing("Line")
    sums = zero(code)
    for line in lines:
        sums += line.needed_amount("Amount", code)
    if sums.minor < 0:
        raise faults.business("The total of a sales form cannot be negative.")
    return sums


def _next_number(company: Company) -> str:
    return str(company.numbered + 1 if company.numbered else _FIRST_NUMBER)


def update_invoice(company: Company, body: Body) -> Invoice:
    """Change an invoice's texts, dates or lines."""
    body.must_know(*_KNOWN)
    invoice = read_current(company, Invoice, body)
    on = read_day(company, body, invoice.on)
    sparse = is_sparse(body)
    amount = _lines_total(body, invoice.currency) if "Line" in body or not sparse else invoice.total
    if amount < invoice.total - invoice.open:
        raise faults.business("The total would be less than what has been paid.")
    if body.reference("CustomerRef") not in (None, invoice.customer):
        raise faults.business("The customer of an invoice cannot be changed here.")
    invoice.due = body.day("DueDate") or invoice.due
    invoice.number = body.text("DocNumber", NUMBER_MAX) or invoice.number
    invoice.kept = keep(body, _TEXTS, invoice.kept if sparse else None)
    invoice.on, invoice.total = on, amount
    company.touch(invoice)
    return invoice


def void_invoice(company: Company, body: Body) -> Invoice:
    """Make an invoice worth nothing; payments that settled it are unapplied."""
    invoice = read_current(company, Invoice, body)
    company.must_be_open(invoice.on)
    void(company, invoice)
    return invoice


def void(company: Company, sale: Sale) -> None:
    """The void itself."""
    release(company, sale)
    company.stir(sale)
    sale.total = zero(sale.currency)
    mark_void(sale)
    company.touch(sale)


def delete_invoice(company: Company, body: Body) -> str:
    """Strike an invoice out; payments that settled it are unapplied."""
    invoice = read_current(company, Invoice, body)
    company.must_be_open(invoice.on)
    release(company, invoice)
    company.remove(invoice)
    return invoice.id


def update_credit_memo(company: Company, body: Body) -> CreditMemo:
    """Change a credit memo's texts, day or lines."""
    body.must_know(*_KNOWN)
    memo = read_current(company, CreditMemo, body)
    on = read_day(company, body, memo.on)
    sparse = is_sparse(body)
    amount = _lines_total(body, memo.currency) if "Line" in body or not sparse else memo.total
    if amount < memo.total - memo.open:
        raise faults.business("The total would be less than what has been used.")
    if body.reference("CustomerRef") not in (None, memo.customer):
        raise faults.business("The customer of a credit memo cannot be changed here.")
    memo.number = body.text("DocNumber", NUMBER_MAX) or memo.number
    memo.kept = keep(body, _TEXTS, memo.kept if sparse else None)
    memo.on, memo.total = on, amount
    company.touch(memo)
    return memo


def delete_credit_memo(company: Company, body: Body) -> str:
    """Strike a credit memo out; what it settled is open again."""
    memo = read_current(company, CreditMemo, body)
    company.must_be_open(memo.on)
    release(company, memo)
    company.remove(memo)
    return memo.id


def send_invoice(company: Company, vendor_id: str, address: str) -> Invoice:
    """E-mail an invoice, to another address than its own if one is given."""
    invoice = company.get(Invoice, vendor_id)
    if address:
        invoice.kept["BillEmail"] = {"Address": address}
    if "BillEmail" not in invoice.kept:
        raise faults.missing("BillEmail")
    invoice.delivered = company.now
    company.touch(invoice)
    return invoice


def release(company: Company, sale: Sale) -> None:
    """Let every payment go of an invoice. A credit application loses all its lines: it was only a link."""
    for payment_id in list(sale.settled):
        payment = company.get(Payment, payment_id)
        left = [share for share in shares_of(payment) if share[:2] != (sale.entity, sale.id)]
        company.settle(payment, left if payment.total else [])
        company.touch(payment)
