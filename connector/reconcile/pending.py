"""Money on its way to an invoice: not paid yet, and reason enough to leave the payer in peace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.model.allocation import AllocationState
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Ref
from connector.money import Money
from connector.reconcile.debts import books_index, twins
from connector.reconcile.references import named_by_key, named_in_text, number_index
from connector.reconcile.snapshot import Snapshot


def pending_by_invoice(snapshot: Snapshot) -> dict[Ref, Money]:
    """Per invoice, the pending payments that name it and nothing else, in the invoice's own currency."""
    waiting = {ref: each for ref, each in snapshot.payments.items() if each.state is PaymentState.PENDING}
    found: dict[Ref, Money] = {}
    for ref, target in meant_for(snapshot, waiting):
        gross = waiting[ref].gross
        found[target] = found[target] + gross if target in found else gross
    return found


def meant_for(snapshot: Snapshot, payments: Mapping[Ref, Payment]) -> Iterator[tuple[Ref, Ref]]:
    """Each of these payments with the one invoice it names, where it names nothing else and is in that currency."""
    doubled = twins(snapshot, books_index(snapshot))
    index = number_index((ref, inv) for ref, inv in snapshot.invoices.items() if ref not in doubled)
    links = {
        link.payment: doubled.get(link.target, link.target)
        for link in snapshot.allocations.values()
        if link.state is not AllocationState.DETACHED
    }
    for ref, payment in payments.items():
        if not payment.is_cash:
            continue
        attempt = snapshot.attempts.get(payment.attempt) if payment.attempt is not None else None
        tags = payment.tags + (attempt.tags if attempt is not None else ())
        named = named_by_key(tags, ref, snapshot.invoices, index) or named_in_text(payment, ref, index)
        linked = links.get(ref) or (links.get(payment.attempt) if payment.attempt is not None else None)
        target = linked or (named[0].invoice if len(named) == 1 else None)
        invoice = snapshot.invoices.get(target) if target is not None else None
        if target is not None and invoice is not None and invoice.open.currency == payment.gross.currency:
            yield ref, target
