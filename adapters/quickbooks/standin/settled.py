"""What a payment's line may settle or use up, whichever entity it is: a sale, or what a journal entry puts on one
customer."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.quickbooks.standin.records import CREDIT_MEMO, JournalEntry, JournalLine, PaymentLine, Sale
from connector.money import Currency, Money, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A document that a payment names. `gives`: it gives money to the payment's other lines, as a credit does."""

    record: Sale | JournalEntry
    customer: str
    number: str
    total: Money
    gives: bool

    @property
    def currency(self) -> Currency:
        return self.record.currency

    def line(self, target: str, target_id: str, amount: Money, left: Money) -> PaymentLine:
        """So much of it on a payment, with what was open of it then."""
        return PaymentLine(
            target=target, target_id=target_id, amount=amount, open_before=left, number=self.number, gives=self.gives
        )

    @property
    def open(self) -> Money:
        """What is still owed, or still to be used."""
        return self.total - total(self.record.settled.values(), self.currency)


def of_sale(sale: Sale) -> Settled:
    """An invoice is paid, a credit memo is used up."""
    gives = sale.entity == CREDIT_MEMO
    return Settled(record=sale, customer=sale.customer, number=sale.number, total=sale.total, gives=gives)


def of_entry(entry: JournalEntry, owed: list[JournalLine]) -> Settled | None:
    """What an entry puts on the receivables, where that is one line: a debit is paid like an invoice, a credit is used
    up like a credit memo. None where it is none, or several."""
    if len(owed) != 1 or owed[0].customer is None:
        return None
    amount, number = owed[0].amount, str(entry.kept.get("DocNumber") or "")
    gives = amount.minor < 0
    return Settled(
        record=entry, customer=owed[0].customer, number=number, total=-amount if gives else amount, gives=gives
    )
