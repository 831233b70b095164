"""What follows a payment: it comes twice, goes back, is charged back and paid again. And money that is nobody's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

from tests.bench.cash.books import BEGINNING, Books
from tests.bench.cash.paying import pay
from tests.bench.cash.people import Payer
from tests.bench.cash.records import Link, Receipt

_NOT_OURS = ("INTEREST", "TAX AUTHORITY", "PAYROLL REVERSAL", "INSURANCE CO", "OWNER LOAN", "SUPPLIER REFUND")
_PREPAID = ("prepayment", "deposit for next order", "advance", "", "on account")


def follow(books: Books, payer: Payer, receipt: Receipt) -> None:
    """Plan what comes after this payment."""
    rng, profile = books.rng, books.profile
    day = (receipt.on - BEGINNING).days
    if receipt.category == "partial" and rng.random() < profile.remainder:
        last = receipt.truth[-1].item
        books.at(day + rng.randrange(5, 40), partial(_again, books, payer, last))
    if rng.random() < profile.duplicate:
        books.at(day + rng.randrange(1, 5), partial(_twice, books, receipt))
    elif receipt.category == "exact" and rng.random() < profile.refund:
        books.at(day + rng.randrange(1, 40), partial(_refund, books, receipt))
    elif receipt.category == "exact" and receipt.processor and rng.random() < profile.chargeback:
        books.at(day + rng.randrange(10, 60), partial(_charge_back, books, payer, receipt))


def prepay(books: Books, payer: Payer, today: date) -> None:
    """Money for what is not invoiced yet."""
    rng = books.rng
    if rng.random() < books.profile.prepaid:
        books.receipts.append(
            Receipt(
                id=books.receipt_id(), kind="payment", source="bank", on=today, currency=payer.customer.currency,
                amount=rng.randrange(5, 900) * 100, payer_name=payer.spellings[0].text,
                payer_account=payer.account if rng.random() < 0.5 else "", text=rng.choice(_PREPAID),
                category="prepaid",
            )
        )  # fmt: skip


def stranger(books: Books, today: date) -> None:
    """Money that is nobody's payment of an invoice."""
    rng = books.rng
    text = rng.choice(
        (
            "interest",
            f"refund {rng.randrange(10**5)}",
            "capital",
            f"claim {rng.randrange(10**7)}",
            "salary 2024",
            "loan",
        )
    )
    books.receipts.append(
        Receipt(
            id=books.receipt_id(), kind="payment", source="bank", on=today, currency="USD",
            amount=rng.randrange(100, 500_000), payer_name=rng.choice(_NOT_OURS), text=text, category="not ours",
            ours=False,
        )
    )  # fmt: skip


def _again(books: Books, payer: Payer, item: str, today: date) -> None:
    if books.left[item] > 0 and (receipt := pay(books, payer, [item], today)) is not None:
        follow(books, payer, receipt)


def _twice(books: Books, receipt: Receipt, today: date) -> None:
    """The same once more, by mistake. It can be told from a second instalment only when what it names is closed."""
    second = replace(receipt, id=books.receipt_id(), on=today, truth=(), category="duplicate", twin=receipt.id)
    books.receipts.append(second)
    if books.rng.random() < books.profile.duplicate_back:
        day = (today - BEGINNING).days
        books.at(day + books.rng.randrange(3, 25), partial(_back, books, second, (), "refund of duplicate"))


def _refund(books: Books, receipt: Receipt, today: date) -> None:
    """All of it, or a part of a single invoice; the customer does not pay it again."""
    links = tuple(Link(link.item, -link.pay, -link.applied) for link in receipt.truth)
    category = "refund"
    if len(links) == 1 and books.rng.random() < 0.3 and receipt.amount > 1_000:
        paid = -(receipt.amount * books.rng.randrange(10, 90) // 100)
        links, category = (Link(links[0].item, paid, paid),), "refund in part"
    books.lost.update(link.item for link in links)
    _back(books, receipt, links, category, today)


def _charge_back(books: Books, payer: Payer, receipt: Receipt, today: date) -> None:
    """The processor takes it back; the item is open again, and may be paid again."""
    links = tuple(Link(link.item, -link.pay, -link.applied) for link in receipt.truth)
    _back(books, receipt, links, "chargeback", today)
    item = links[0].item
    if books.rng.random() < books.profile.paid_again:
        day = (today - BEGINNING).days
        books.at(day + books.rng.randrange(3, 30), partial(_again, books, payer, item))
    else:
        books.lost.add(item)


def _back(books: Books, receipt: Receipt, links: tuple[Link, ...], category: str, today: date) -> None:
    amount = sum(link.pay for link in links) or -receipt.amount
    kind = "chargeback" if category == "chargeback" else "refund"
    if any(link.applied > 0 for link in links):
        return
    books.apply(links)
    books.receipts.append(
        replace(
            receipt, id=books.receipt_id(), kind=kind, on=today, amount=amount, fee=0, text="", key="",
            related=receipt.id, truth=links, category=category, style="", twin="",
        )
    )  # fmt: skip
