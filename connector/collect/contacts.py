"""Writing a contact down: what the caller says, and what the connector knows at that moment, in one record."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from connector.collect.aging import Credits, days_overdue
from connector.dates import BusinessDate, Instant, day_of, zone
from connector.errors import Refused
from connector.model.contact import (
    NOT_REACHED,
    Channel,
    Contact,
    ContactId,
    Direction,
    EarlierDebt,
    Outcome,
    Promise,
)
from connector.model.source import ActorId, CompanyId, Ref
from connector.money import plain
from connector.reconcile.arrived import arrived_by_invoice
from connector.reconcile.debts import debts
from connector.reconcile.snapshot import Snapshot

SAID_MAX = 8_000
CARD_DIGITS_MIN = 13
CARD_DIGITS_MAX = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the person who made the contact tells us."""

    by: ActorId
    at: Instant
    zone: str
    direction: Direction
    channel: Channel
    outcome: Outcome
    person: str | None = None
    role: str | None = None
    address: str | None = None
    words: str = ""
    promise: Promise | None = None
    dispute_reason: str | None = None
    next_on: BusinessDate | None = None
    supersedes: ContactId | None = None


def write_down(said: Said, *, contact_id: ContactId, company: CompanyId, invoice: Ref, snapshot: Snapshot) -> Contact:
    """The record of one contact. Refused when it is incomplete, or holds what looks like a card number."""
    _check(said)
    held = snapshot.invoices[invoice]
    today = day_of(said.at, zone(said.zone))
    return Contact(
        contact_id=contact_id,
        company_id=company,
        invoice=invoice,
        invoice_number=held.number,
        customer=held.customer,
        customer_name=snapshot.name_of(held.customer),
        at=said.at,
        zone=said.zone,
        by=said.by,
        direction=said.direction,
        channel=said.channel,
        outcome=said.outcome,
        person=said.person,
        role=said.role,
        address=said.address,
        said=said.words,
        open_amount=held.open,
        days_overdue=days_overdue(held, today),
        issued=held.issued,
        earlier=earlier_debts(snapshot, invoice, today),
        promise=said.promise,
        dispute_reason=said.dispute_reason,
        next_on=said.next_on,
        supersedes=said.supersedes,
        credit=Credits(snapshot).of(invoice, held),
    )


def earlier_debts(snapshot: Snapshot, invoice: Ref, today: BusinessDate) -> tuple[EarlierDebt, ...]:
    """This payer's other invoices that are past due on that day, oldest first; not those whose money has arrived."""
    customer = snapshot.invoices[invoice].customer
    arrived = arrived_by_invoice(snapshot)
    others = [
        EarlierDebt(invoice=ref, number=held.number, open=held.open, days_overdue=days_overdue(held, today))
        for ref, held in debts(snapshot).items()
        if ref != invoice and ref not in arrived and customer is not None and held.customer == customer
        if days_overdue(held, today) > 0
    ]
    return tuple(sorted(others, key=lambda debt: (-debt.days_overdue, debt.invoice)))


def refuse_card_numbers(*texts: str | None) -> None:
    """Refused when one of the texts holds what looks like a card number; the refusal does not repeat it."""
    if any(text and card_number_in(text) for text in texts):
        raise Refused(
            "What was typed contains what looks like a card number, and card numbers are never kept.",
            next_step="Leave it out, or write only its last four digits.",
        )


def _check(said: Said) -> None:
    promised = plain(said.promise.amount) if said.promise is not None else None
    refuse_card_numbers(said.words, said.person, said.role, said.address, said.dispute_reason, promised)
    if len(said.words) > SAID_MAX:
        raise Refused(f"A contact holds at most {SAID_MAX} characters.", next_step="Shorten what was said.")
    if said.outcome is Outcome.PROMISE and said.promise is None:
        raise Refused("A promise needs its amount and its day.", next_step="Add --promise AMOUNT --by YYYY-MM-DD.")
    if said.outcome is Outcome.DISPUTE and not said.dispute_reason:
        raise Refused("A dispute needs its reason.", next_step="Add --reason TEXT.")
    open_ended = said.outcome not in NOT_REACHED | {Outcome.PROMISE, Outcome.DISPUTE, Outcome.STOP}
    if open_ended and said.next_on is None:
        raise Refused(
            "Somebody was reached, so the contact needs a promise, a dispute or a next date.",
            next_step="Add --next YYYY-MM-DD.",
        )
    if said.promise is not None and said.promise.amount.minor <= 0:
        raise Refused("A promise is of an amount above zero.", next_step="Give what they said they will pay.")
    if said.promise is not None and said.outcome is not Outcome.PROMISE:
        raise Refused("A promised amount belongs to the outcome `promise`.", next_step="Use --outcome promise.")


_DIGIT_GROUPS = re.compile(r"\d+(?:[ -]\d+)*")
_AS_PRINTED = re.compile(
    r"(?<!\d)\d{4}[\W_]{1,3}(?:\d{4}[\W_]{1,3}\d{4}[\W_]{1,3}\d{1,7}|\d{6}[\W_]{1,3}\d{4,5})(?!\d)"
)
"""The groups in which numbers stand on cards, whatever somebody typed between them."""

_CARD_BEGINNINGS = "23456"


def card_number_in(text: str) -> bool:
    """Whether neighbouring groups of digits make 13 to 19 that begin as cards do and pass the Luhn check."""
    # Wide digits and spaces that do not break are written as plain ones first.
    shown = unicodedata.normalize("NFKC", text)
    printed = [" ".join(re.findall(r"\d+", found)) for found in _AS_PRINTED.findall(shown)]
    for run in [*_DIGIT_GROUPS.findall(shown), *printed]:
        groups = re.split("[ -]", run)
        for start in range(len(groups)):
            number = ""
            for group in groups[start:]:
                number += group
                if len(number) > CARD_DIGITS_MAX:
                    break
                if len(number) >= CARD_DIGITS_MIN and number[0] in _CARD_BEGINNINGS and _luhn(number):
                    return True
    return False


def _luhn(number: str) -> bool:
    doubled = [int(d) if at % 2 == 0 else sum(divmod(2 * int(d), 10)) for at, d in enumerate(reversed(number))]
    return sum(doubled) % 10 == 0
