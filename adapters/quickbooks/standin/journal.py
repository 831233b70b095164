"""Writing journal entries: debits equal credits, and a line on the receivables names its customer."""

from __future__ import annotations

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.body import Body
from adapters.quickbooks.standin.heading import (
    HEADING,
    NOTE_MAX,
    NUMBER_MAX,
    is_sparse,
    keep,
    must_fit,
    read_current,
    read_day,
    read_heading,
)
from adapters.quickbooks.standin.ledger import RECEIVABLE, Company
from adapters.quickbooks.standin.records import Account, Customer, JournalEntry, JournalLine
from connector.money import Currency, total

_TEXTS = {"PrivateNote": NOTE_MAX, "DocNumber": NUMBER_MAX}
_KNOWN = (HEADING, frozenset(_TEXTS), frozenset({"Line", "Adjustment"}))
_LINE_FIELDS = frozenset({"Id", "LineNum", "Description", "Amount", "DetailType", "JournalEntryLineDetail"})
_DETAIL_FIELDS = frozenset({"PostingType", "AccountRef", "Entity"})


def create_journal_entry(company: Company, body: Body) -> JournalEntry:
    """Book a correction by hand."""
    body.must_know(*_KNOWN)
    heading = read_heading(company, body)
    entry = JournalEntry(
        id=company.next_id(JournalEntry.entity),
        created=company.now,
        updated=company.now,
        on=heading.on,
        currency=heading.currency,
        rate=heading.rate,
        lines=_lines(company, body, heading.currency),
        kept=keep(body, _TEXTS),
    )
    company.add(entry)
    return entry


def update_journal_entry(company: Company, body: Body) -> JournalEntry:
    """Change an entry's texts, day or lines; lines are all or nothing."""
    body.must_know(*_KNOWN)
    entry = read_current(company, JournalEntry, body)
    on = read_day(company, body, entry.on)
    sparse = is_sparse(body)
    lines = _lines(company, body, entry.currency) if "Line" in body or not sparse else entry.lines
    company.stir(entry)
    entry.on, entry.lines = on, lines
    entry.kept = keep(body, _TEXTS, entry.kept if sparse else None)
    company.touch(entry)
    return entry


def delete_journal_entry(company: Company, body: Body) -> str:
    """Strike an entry out."""
    entry = read_current(company, JournalEntry, body)
    company.must_be_open(entry.on)
    if entry.settled:
        raise faults.business("A payment is linked to this journal entry; take that back first.")
    company.remove(entry)
    return entry.id


def _lines(company: Company, body: Body, code: Currency) -> tuple[JournalLine, ...]:
    lines = tuple(_line(company, line, code) for line in body.children("Line"))
    if not lines:
        raise faults.missing("Line")
    if total((line.amount for line in lines), code):
        raise faults.business("You must balance debits and credits before saving.")
    return lines


def _line(company: Company, line: Body, code: Currency) -> JournalLine:
    line.must_know(_LINE_FIELDS)
    amount, detail = line.needed_amount("Amount", code), line.inner("JournalEntryLineDetail")
    if line.needed("DetailType") != "JournalEntryLineDetail" or detail is None:
        raise faults.missing("Line.JournalEntryLineDetail")
    detail.must_know(_DETAIL_FIELDS)
    side = detail.needed("PostingType")
    if side not in ("Debit", "Credit") or amount.minor < 0:
        raise faults.invalid("Line.JournalEntryLineDetail.PostingType")
    account = detail.needed_named(company, Account, "AccountRef")
    must_fit(company, account, code)
    entity = detail.inner("Entity")
    customer = entity.named(company, Customer, "EntityRef") if entity is not None else None
    if account.kind == RECEIVABLE and customer is None:
        raise faults.business("When you use Accounts Receivable, you must choose a customer in the Name field.")
    if account.kind == RECEIVABLE and customer is not None and customer.currency != code:
        raise faults.wrong_currency("customer")
    return JournalLine(
        account=account.id,
        amount=amount if side == "Debit" else -amount,
        customer=customer.id if customer else None,
        description=line.text("Description"),
    )
