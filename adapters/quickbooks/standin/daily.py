"""A day in a company's books, as its people live it: invoices, a check now and then, a word on an invoice."""

from __future__ import annotations

import random

from adapters.quickbooks.standin.office import Office
from adapters.quickbooks.standin.records import INVOICE, Customer, Invoice
from connector.money import Money, plain
from connector.testing.days import Owed

MISHAPS = (
    "throttle-json",
    "throttle-xml",
    "expired",
    "fault-in-200",
    "throttle-in-200",
    "fault-without-code",
    "system",
    "html-502",
    "html-in-200",
    "empty-500",
    "empty-504",
    "empty-200",
)
"""What is over by itself; every one is a key of `shapes.SHAPES`."""

BILLED_MAX = 3
_CHECKS_PERCENT, _WORDS_PERCENT, _CREDITS_PERCENT = 30, 40, 5
_CENTS = (5_000, 250_000)


def live_a_day(office: Office, chance: random.Random) -> tuple[Owed, ...]:
    """Bill some customers, bank a check, leave a word; what is open afterwards in the company's own currency."""
    company, home = office.company, office.company.facts.home
    office.wait(0)
    payers = [one for one in company.all(Customer) if one.active and one.currency == home]
    for _ in range(chance.randint(1, BILLED_MAX)):
        number = f"D-{len(company.records[INVOICE]) + 1:05}"
        office.invoice(chance.choice(payers).id, plain(Money(chance.randint(*_CENTS), home)), number)
    ours = [one for one in _open(office) if one.number.startswith("D-")]
    if ours and chance.randrange(100) < _CHECKS_PERCENT:
        paid = ours.pop(chance.randrange(len(ours)))
        amount = plain(paid.open)
        office.bank([office.pay(paid.customer, amount, {paid.id: amount}, f"CHK-{paid.number}")])
    if ours and chance.randrange(100) < _WORDS_PERCENT:
        office.edit(INVOICE, chance.choice(ours).id, PrivateNote=f"Looked at on {company.today()}")
    if chance.randrange(100) < _CREDITS_PERCENT:
        office.credit(chance.choice(payers).id, plain(Money(chance.randint(*_CENTS) // 10, home)))
    names = {one.id: one.name for one in company.all(Customer)}
    return tuple(
        Owed(one.number, names[one.customer], one.open) for one in _open(office) if one.number.startswith("D-")
    )


def _open(office: Office) -> list[Invoice]:
    home = office.company.facts.home
    return [one for one in office.company.all(Invoice) if one.currency == home and one.open.minor > 0]
