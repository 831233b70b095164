"""What tests let happen in a running double of Stripe, and what they ask of it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.stripe.standin import customers, invoicing, moves
from adapters.stripe.standin.invoicing import Bill
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.shapes import Document
from tests.stripe_desk import Desk, open_desk

WORLD = "company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor\n"
DAY = 86_400


@pytest.fixture
def desk() -> Iterator[Desk]:
    """The double of an account in which nothing has happened."""
    with open_desk(WORLD) as desk:
        yield desk


def ledger_of(desk: Desk) -> Ledger:
    return desk.stand_in.ledger("acct_harbor")


def customer_of(desk: Desk, code: str = "usd") -> Document:
    return customers.enter(ledger_of(desk), "Acme", email="ap@acme.example", currency=code)


def invoice_of(desk: Desk, amount: int = 10_000, code: str = "usd") -> Document:
    owner = customer_of(desk, code)
    bill = Bill(customer=owner["id"], amount=amount, currency=code, number="INV-1")
    return invoicing.issue(ledger_of(desk), bill)


def charge_of(desk: Desk, amount: int = 10_000, method: str = "card", code: str = "usd", **about: Any) -> Document:
    """A payment that has begun."""
    ledger = ledger_of(desk)
    prefix = "ch" if method == "card" else "py"
    sale = moves.Sale(
        charge_id=ledger.next_id(prefix),
        intent_id=ledger.next_id("pi"),
        amount=amount,
        currency=code,
        method=method,
        created=ledger.now(),
        **about,
    )
    return moves.begin_sale(ledger, sale)


def settled(desk: Desk, amount: int = 10_000, method: str = "card", code: str = "usd") -> Document:
    """A payment that has settled, without a fee."""
    charge = charge_of(desk, amount, method, code)
    moves.complete_sale(ledger_of(desk), charge, at=ledger_of(desk).now(), fee=0)
    return charge


def paid(desk: Desk, invoice: Document, amount: int) -> tuple[Document, Document]:
    """A card charge that paid so much of an invoice, and the InvoicePayment."""
    charge = settled(desk, amount, code=invoice["currency"])
    link = invoicing.attach(ledger_of(desk), invoice, "payment_intent", charge["payment_intent"], amount)
    invoicing.pay(ledger_of(desk), link)
    return charge, link


def told(desk: Desk) -> list[str]:
    """The types of everything that was told, oldest first, but for the balance becoming available by itself."""
    return [one.type for one in ledger_of(desk).happened() if one.type != "balance.available"]


def held(desk: Desk, code: str = "usd") -> int:
    """What is in the balance, available and pending together."""
    balance = desk.one("balance")
    return sum(row["amount"] for row in balance["available"] + balance["pending"] if row["currency"] == code)
