"""Days, counts and reasons in the words a finance person uses."""

from __future__ import annotations

import re

from connector.collect.worklist import Why, WorkItem
from connector.dates import BusinessDate, Instant, day_of, zone
from connector.model.contact import Contact
from connector.model.finding import FindingCode
from connector.money import grouped

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SAID_SHOWN_MAX = 160

REASONS: dict[str, str] = {
    FindingCode.NO_REFERENCE: "Names no invoice",
    FindingCode.UNKNOWN_REFERENCE: "Names a number we do not have",
    FindingCode.AMBIGUOUS: "Could be for several invoices",
    FindingCode.WRONG_CURRENCY: "Other currency than its invoice",
    FindingCode.WRONG_CUSTOMER: "Names another customer's invoice",
    FindingCode.ALREADY_SETTLED: "Its invoice is already paid",
    FindingCode.SHORT_PAYMENT: "Less than the invoice",
    FindingCode.OVER_PAYMENT: "More than the invoice",
    FindingCode.PENDING: "On its way",
    FindingCode.FAILED: "Failed",
    FindingCode.RETURNED: "Returned by the bank",
    FindingCode.REFUNDED: "Refunded",
    FindingCode.DISPUTED: "Disputed by the payer",
    FindingCode.UNAPPLIED_IN_BOOKS: "Recorded in the books, not applied",
    FindingCode.CLOSED_PERIOD: "Falls into a closed period",
    FindingCode.NO_ACCOUNT: "No account chosen for it",
    FindingCode.EXCHANGE: "Settled in another currency",
    FindingCode.PAYOUT_INCOMPLETE: "Payout not complete",
    FindingCode.PAYOUT_GAP: "Money that no payout holds",
    FindingCode.PAYOUT_FAILED: "Payout that came back",
    FindingCode.BEFORE_START: "From before the start",
    FindingCode.DOES_NOT_TIE: "Does not tie",
    FindingCode.UNKNOWN_VALUE: "A value we do not know",
    FindingCode.NOT_MIRRORED: "Cannot be held here",
    FindingCode.WRITE_UNSURE: "Sent, answer not yet known",
    FindingCode.WRITE_REFUSED: "Refused by the books",
    FindingCode.INVOICE_GONE: "Its invoice was voided or deleted",
    FindingCode.CUSTOMER_GONE: "Its customer is gone or inactive",
    FindingCode.POSTING_UNDONE: "Taken back in the books",
    FindingCode.PATTERN_MIXED: "Booked in two patterns",
    FindingCode.NOT_LANDED: "Written, and settled nothing",
    FindingCode.PROPOSED: "Could be applied, and waits for a yes",
    FindingCode.DECISION_OVERTAKEN: "Was decided, and cannot be done any more",
    FindingCode.NOT_POSTABLE: "Decided, and not ours to write",
    FindingCode.READ_FAILED: "Could not be read",
    FindingCode.NO_WAY_TO_PAY: "Its payment link offers no way to pay",
    FindingCode.READ_AGAIN: "Read again from the beginning",
    FindingCode.NO_ORIGINAL: "Went back, and its payment is not decided",
    FindingCode.STALE_KEY: "Asked for an invoice that is already paid",
    FindingCode.REUSED_KEY: "Asked for one invoice, and is the amount of another",
    FindingCode.OTHER_AMOUNT: "Other amount than the invoices it names",
    FindingCode.CUT_TEXT: "Its text was cut by the bank",
    FindingCode.UNKNOWN_PAYER: "Nobody knows who paid",
    FindingCode.SEVERAL_PAYERS: "Could be from several customers",
    FindingCode.SAME_AMOUNT_AGAIN: "The same amount came before",
    FindingCode.NOTHING_OPEN: "Its payer owes nothing",
    FindingCode.EQUAL_ITEMS: "Fits several invoices of one amount",
    FindingCode.FITS_NOTHING: "More than its payer owes",
    FindingCode.NOT_IDENTIFIED: "Its amount does not say which invoices",
    FindingCode.PAYOUT_IN_BANK: "Payout the bank account has already",
    FindingCode.POSTED_ELSEWHERE: "In the books by another hand already",
    FindingCode.CONFLICT: "Changed on both sides",
    FindingCode.NOT_APPLIED: "Settles nothing, and could",
    FindingCode.NOT_WRITTEN_OFF: "Not written off",
    FindingCode.POSTED_TWICE: "Posted twice",
    FindingCode.PERHAPS_TWICE: "Looks as if it was posted twice",
    FindingCode.BANK_FEED_TWIN: "Perhaps the bank feed's twin",
    FindingCode.POSTED_NET: "Posted less its fee",
    FindingCode.PAYOUT_TWICE: "Payout posted twice",
    FindingCode.FEE_TWICE: "Fee posted twice",
    FindingCode.NOT_CLEARING: "Stays on the clearing account",
    FindingCode.UNDEPOSITED_GROWS: "Never taken to the bank",
    FindingCode.BAD_STATEMENT: "Statement that cannot be read",
    FindingCode.STATEMENT_GAP: "Statement that is missing",
    FindingCode.STATEMENTS_DIFFER: "Statements that contradict each other",
    FindingCode.PAYOUT_NOT_SEEN: "Payout the bank does not show",
    FindingCode.DISCONNECTED: "At a system that is disconnected",
}
"""The heading under which findings of a code are shown."""


def day(date: BusinessDate) -> str:
    """Nov 22, 2026: read the same way everywhere."""
    return f"{_MONTHS[date.month - 1]} {date.day}, {date.year}"


def moment(at: Instant) -> str:
    """Nov 22, 2026, 14:05 UTC."""
    return f"{day(BusinessDate(at.date()))}, {at:%H:%M} UTC"


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 payment, 1,204 payments."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def opening(text: str) -> str:
    """The text with its first letter large; the rest as it is."""
    return text[:1].upper() + text[1:]


def reason(code: str) -> str:
    """The heading of a finding's code; a code of a later release is shown as it is."""
    return REASONS.get(code) or opening(code.replace("-", " "))


def why_now(item: WorkItem) -> str:
    """Why an invoice is on the list or left in peace, with the money or the promise that this hangs on."""
    promise = item.last.promise if item.last is not None else None
    why = opening(item.why)
    if item.pending is not None:
        why = f"{why}: {grouped(item.pending)}"
    elif promise is not None and item.why in (Why.PROMISED, Why.PROMISE_BROKEN):
        why = f"{why}: {grouped(promise.amount)} by {day(promise.by)}"
    elif item.decide:
        why = f"{why}: {item.decide}"
    if item.credit is not None:
        why = f"{why}; {grouped(item.credit)} of credit is not applied"
    return f"{why}; {item.came_back}" if item.came_back else why


def last_contact(contact: Contact | None) -> str:
    """When somebody was last contacted, by what means, and what came of it."""
    if contact is None:
        return "No contact yet"
    on = day(day_of(contact.at, zone(contact.zone)))
    who = ", ".join(part for part in (contact.person, contact.role) if part)
    text = f"{on}, {contact.channel}: {contact.outcome.replace('-', ' ')}"
    return f"{text} ({who})" if who else text


def quoted(contact: Contact | None) -> str:
    """What was said, cut where a list would become a letter."""
    said = contact.said.strip() if contact is not None else ""
    return said if len(said) <= SAID_SHOWN_MAX else said[: SAID_SHOWN_MAX - 1].rstrip() + "…"


def plainly(text: str) -> str:
    """A sentence without the command that stands after it: where a page has its own way to do what that does."""
    return (
        re.split(r"[;:] [a-z ]*:? ?`?receivables |[;,:] to [a-z ]+: `?receivables ", text, maxsplit=1)[0].rstrip(".")
        + "."
    )
