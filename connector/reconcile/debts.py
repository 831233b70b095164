"""What is owed, each debt once: an invoice held in two systems is one debt, and the books speak for it."""

from __future__ import annotations

from connector.model.invoice import Invoice, InvoiceState
from connector.model.source import Ref
from connector.reconcile.references import NUMBER_TAGS, NumberIndex, number_index
from connector.reconcile.snapshot import Snapshot

OWED = frozenset({InvoiceState.OPEN, InvoiceState.UNCOLLECTIBLE})
"""States in which an open balance is owed."""


def books_index(snapshot: Snapshot) -> NumberIndex:
    """The numbers of the books' own invoices; void ones and drafts are not debts."""
    live = ((ref, inv) for ref, inv in snapshot.invoices.items() if snapshot.in_books(ref) and is_debt(inv))
    return number_index(live)


def twins(snapshot: Snapshot, index: NumberIndex) -> dict[Ref, Ref]:
    """For each invoice outside the books that stands for the same debt: the books' invoice.

    Only by a stored key: our own, or one invoice number in its metadata that exactly one invoice of the books has, in
    the same currency and for the same total. An equal number alone is chance.
    """
    found: dict[Ref, Ref] = {}
    for ref, invoice in snapshot.invoices.items():
        if snapshot.in_books(ref):
            continue
        other = invoice.same_debt
        if other is None:
            other = next(
                (hit for tag in invoice.tags if tag.name in NUMBER_TAGS and (hit := index.only(tag.value))), None
            )
        held = snapshot.invoices.get(other) if other is not None else None
        if other is not None and held is not None and held.total == invoice.total:
            found[ref] = other
    return found


def debts(snapshot: Snapshot) -> dict[Ref, Invoice]:
    """Every open debt once, the books' invoice where there is one."""
    doubled = twins(snapshot, books_index(snapshot))
    return {
        ref: invoice
        for ref, invoice in snapshot.invoices.items()
        if ref not in doubled and invoice.state in OWED and invoice.open.minor > 0
    }


def is_debt(invoice: Invoice) -> bool:
    """Whether an invoice was ever owed: void ones and drafts were not."""
    return invoice.state not in (InvoiceState.VOID, InvoiceState.DRAFT)
