"""Which customer of the books a processor's customer is, by its e-mail address or its exact name, and whose family.

The engine knows payers better; this is for records, not for money: whose debt an invoice at the processor is, and
whether a sign still has anything to teach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.model.money_in import Payment
from connector.model.party import Customer
from connector.model.source import Ref
from connector.reconcile.snapshot import Snapshot


class Payers:
    """Customers of the books by e-mail and by exact name; a key that two of them share identifies neither."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        own = [(ref, customer) for ref, customer in snapshot.customers.items() if snapshot.in_books(ref)]
        self._by_email = _unique((ref, _key(customer.email)) for ref, customer in own)
        self._by_name = _unique((ref, _key(customer.name)) for ref, customer in own)

    def of(self, payment: Payment) -> Ref | None:
        """The customer of the books who paid, when exactly one fits."""
        if payment.customer is not None and self._snapshot.in_books(payment.customer):
            return payment.customer
        customer = self._snapshot.customers.get(payment.customer) if payment.customer is not None else None
        if customer is not None:
            return self.counterpart(customer)
        return self._by_name.get(_key(payment.payer))

    def counterpart(self, customer: Customer) -> Ref | None:
        """The customer of the books with this customer's e-mail, else with its exact name."""
        return self._by_email.get(_key(customer.email)) or self._by_name.get(_key(customer.name))

    def group(self, customer: Ref | None) -> Ref | None:
        """The top of the family a customer belongs to: a parent may pay for its children and they for it."""
        seen: set[Ref] = set()
        customer = self._snapshot.survivor(customer)
        while customer is not None and customer not in seen:
            seen.add(customer)
            record = self._snapshot.customers.get(customer)
            if record is None or record.parent is None:
                return customer
            customer = self._snapshot.survivor(record.parent)
        return customer


def _key(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _unique(pairs: Iterable[tuple[Ref, str]]) -> Mapping[str, Ref]:
    found: dict[str, Ref | None] = {}
    for ref, key in pairs:
        if key:
            found[key] = ref if key not in found else None
    return {key: ref for key, ref in found.items() if ref is not None}
