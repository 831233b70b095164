"""Which of Intuit's entities are read, under which name, and what their rows become. Pure: a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.quickbooks import translate, wire
from connector.model.mirror import Noun
from connector.model.source import ConnectionId, Kind, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity. `lists_names`: its rows can be inactive and are then hidden unless they are asked for."""

    name: str
    shape: type[wire.Entity]
    translate: Callable[[Any, translate.Frame], Noun]
    lists_names: bool = False

    @property
    def kind(self) -> Kind:
        """What kind of record its rows become."""
        return translate.kind_of(self.shape)

    def ref(self, vendor_id: str, connection: ConnectionId) -> Ref:
        """The Ref of its row of that id."""
        return translate.named(self.shape, vendor_id, connection)

    def own(self, known: Mapping[str, str]) -> frozenset[str]:
        """Of the vendor ids of its kind in the mirror, those of its own rows, as Intuit writes them."""
        if self.kind is not Kind.BOOK_ENTRY:
            return frozenset(known)
        before = f"{self.shape.__name__}:"
        return frozenset(name.removeprefix(before) for name in known if name.startswith(before))


ENTITIES: Mapping[str, Entity] = {
    one.name: one
    for one in (
        Entity(name="account", shape=wire.Account, translate=translate.account, lists_names=True),
        Entity(name="customer", shape=wire.Customer, translate=translate.customer, lists_names=True),
        Entity(name="invoice", shape=wire.Invoice, translate=translate.invoice),
        Entity(name="credit_note", shape=wire.CreditMemo, translate=translate.credit_note),
        Entity(name="payment", shape=wire.Payment, translate=translate.payment),
        Entity(name="refund", shape=wire.RefundReceipt, translate=translate.refund),
        Entity(name="sale", shape=wire.SalesReceipt, translate=translate.sales_receipt),
        Entity(name="deposit", shape=wire.Deposit, translate=translate.deposit),
        Entity(name="expense", shape=wire.Purchase, translate=translate.expense),
        Entity(name="transfer", shape=wire.Transfer, translate=translate.transfer),
        Entity(name="journal_entry", shape=wire.JournalEntry, translate=translate.journal_entry),
    )
}
"""Accounts and customers first, then what names them."""

NAMES = tuple(ENTITIES)
SHAPES = tuple(one.shape for one in ENTITIES.values())
BY_SHAPE: Mapping[type[wire.Entity], Entity] = {one.shape: one for one in ENTITIES.values()}


def entity_of(ref: Ref) -> tuple[Entity, str] | None:
    """The entity and Intuit's id of a record that is read from here, None for any other."""
    named, colon, vendor_id = ref.vendor_id.partition(":")
    for one in ENTITIES.values():
        if (
            one.kind is ref.kind
            and (not colon or one.shape.__name__ == named)
            and (ref.kind is not Kind.BOOK_ENTRY or colon)
        ):
            return one, vendor_id if colon else ref.vendor_id
    return None
