"""Which customer of the books a processor's customer is, as far as that can veto a match.

A name or an e-mail address never makes a match and never makes a customer. It can only speak against one: money from a
payer who is known to be somebody else does not settle this customer's invoice.
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

    def contradicts(self, payer: Ref | None, debtor: Ref | None) -> bool:
        """Whether the payer is known and belongs to another family than the debtor."""
        return payer is not None and debtor is not None and self.group(payer) != self.group(debtor)


def _key(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _unique(pairs: Iterable[tuple[Ref, str]]) -> Mapping[str, Ref]:
    found: dict[str, Ref | None] = {}
    for ref, key in pairs:
        if key:
            found[key] = ref if key not in found else None
    return {key: ref for key, ref in found.items() if ref is not None}
