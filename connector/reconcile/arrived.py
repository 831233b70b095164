"""Money that has arrived for an invoice and is not in the books yet: nobody is asked for it, nobody pays it twice."""

from __future__ import annotations

from connector.model.source import Ref
from connector.money import Money
from connector.reconcile.match import decide
from connector.reconcile.snapshot import Snapshot


def arrived_by_invoice(snapshot: Snapshot) -> dict[Ref, Money]:
    """Per invoice of the books, what decided payments give it that are not posted yet."""
    found: dict[Ref, Money] = {}
    for decision in decide(snapshot):
        for allocation in decision.allocations:
            target = allocation.target
            if snapshot.in_books(target) and allocation.amount:
                found[target] = found[target] + allocation.amount if target in found else allocation.amount
    return found
