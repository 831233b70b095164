"""What is owed, by whom and under which number, as it follows from the records alone; and what is kept of it.

Going through all invoices and customers takes longer than deciding about a day's payments. A company's invoices are
mostly those of the last time, and of those that changed most only came to another open balance. So whoever looks again
gets what was made before, as far as it follows from the very same records. Nothing depends on it: where it is missing
it is made anew, and comes to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.source import Kind, Ref
from connector.reconcile.cash.case import Item, Party
from connector.reconcile.cash.ground import Ground
from connector.reconcile.debts import OWED, books_index, is_debt, twins
from connector.reconcile.payer import Payers
from connector.reconcile.references import NumberIndex, number_index
from connector.reconcile.snapshot import Snapshot

_READ = (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.CUSTOMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """`index` has the numbers of the books' debts, `every` those of all debts, `void_index` those of what the books
    took back. `twins`: the invoice of the books for each one elsewhere that is the same debt. `opened`: what is open of
    every debt and, negative, of every credit note. `items` are the same for the engine, beside their `refs`, before
    anything is spent of them."""

    index: NumberIndex
    twins: Mapping[Ref, Ref]
    payers: Payers
    opened: Mapping[Ref, int]
    every: NumberIndex
    void: Mapping[Ref, Invoice]
    void_index: NumberIndex
    refs: tuple[Ref, ...]
    items: tuple[Item, ...]
    parties: tuple[Party, ...]


@dataclass(slots=True)
class Kept:
    """What a company's last ledger was made of, with it; the ground of the engine; what that was last asked, with what
    it said. Several may use it at the same time: each of the three is changed in one step."""

    ground: Ground = field(default_factory=Ground)
    ledger: tuple[Snapshot, Ledger] | None = None
    answer: tuple[object, object] | None = None


def kept_in(snapshot: Snapshot) -> Kept:
    """What is kept of the company from before; an empty one where nothing is."""
    found = next((each for each in snapshot.kept if isinstance(each, Kept)), None)
    if found is None:
        found = Kept()
        snapshot.kept[:] = [found]
    return found


def ledger(snapshot: Snapshot) -> Ledger:
    """The ledger of these records: the last one, as far as they are the same."""
    kept = kept_in(snapshot)
    made = _carried_on(*kept.ledger, snapshot) if kept.ledger is not None else None
    if made is None:
        made = _made(snapshot)
    # Only what it was made of: the rest of an old snapshot need not stay.
    kept.ledger = _part(snapshot), made
    return made


def _part(snapshot: Snapshot) -> Snapshot:
    held = {kind: snapshot.records[kind] for kind in _READ if kind in snapshot.records}
    return Snapshot(books=snapshot.books, records=held, gone=snapshot.gone)


def _made(snapshot: Snapshot) -> Ledger:
    index = books_index(snapshot)
    doubled = twins(snapshot, index)
    opened = open_amounts(snapshot, doubled)
    living = [(ref, each) for ref, each in snapshot.invoices.items() if ref not in doubled and is_debt(each)]
    known = {each.number for _, each in living}
    void = {
        ref: each
        for ref, each in snapshot.invoices.items()
        if snapshot.in_books(ref) and each.state is InvoiceState.VOID and each.number not in known
    }
    payers = Payers(_part(snapshot))
    refs, items = items_of(snapshot, opened, payers)
    return Ledger(
        index=index,
        twins=doubled,
        payers=payers,
        opened=opened,
        every=number_index(living),
        void=void,
        void_index=number_index(void.items()),
        refs=refs,
        items=items,
        parties=parties_of(snapshot, items, payers),
    )


def _carried_on(seen: Snapshot, before: Ledger, snapshot: Snapshot) -> Ledger | None:
    """The last ledger with other amounts; None where something else is another too."""
    if seen.books != snapshot.books or seen.gone is not snapshot.gone:
        return None
    if any(seen.records.get(kind) is not snapshot.records.get(kind) for kind in (Kind.CREDIT_NOTE, Kind.CUSTOMER)):
        return None
    olds, news = seen.invoices, snapshot.invoices
    if olds is news:
        return before
    if len(olds) != len(news):
        return None
    changed: dict[Ref, Invoice] = {}
    for ref, new in news.items():
        old = olds.get(ref)
        if old is new:
            continue
        if old is None or _stands(old) != _stands(new):
            return None
        changed[ref] = new
    opened = dict(before.opened)
    opened.update((ref, _open(new)) for ref, new in changed.items() if ref in opened)
    items = list(before.items)
    for place, ref in enumerate(before.refs):
        if ref in changed:
            items[place] = _item(ref, changed[ref], items[place].party, opened[ref])
    void = {ref: news[ref] for ref in before.void}
    return replace(before, opened=opened, items=tuple(items), void=void)


def _stands(invoice: Invoice) -> tuple[object, ...]:
    """Everything of an invoice on which more than its own item depends."""
    return (
        invoice.number, invoice.customer, invoice.total, invoice.tags, invoice.same_debt, invoice.issued_on,
        is_debt(invoice), invoice.state is InvoiceState.VOID,
    )  # fmt: skip


def open_amounts(snapshot: Snapshot, doubled: Mapping[Ref, Ref]) -> dict[Ref, int]:
    """What is open of every debt, and, negative, of every credit note of the books. Closed and void ones are nothing,
    and are there because texts name them."""
    found: dict[Ref, int] = {}
    for ref, invoice in snapshot.invoices.items():
        if ref not in doubled and invoice.state is not InvoiceState.DRAFT:
            found[ref] = _open(invoice)
    for ref, note in snapshot.credit_notes.items():
        if snapshot.in_books(ref):
            found[ref] = -_open(note)
    return found


def _open(held: Invoice | CreditNote) -> int:
    return max(held.open.minor, 0) if held.state in OWED else 0


def items_of(snapshot: Snapshot, opened: Mapping[Ref, int], payers: Payers) -> tuple[tuple[Ref, ...], tuple[Item, ...]]:
    """Every debt and credit. A void invoice whose number a living one carries is not there at all."""
    living = {
        invoice.number
        for ref, invoice in snapshot.invoices.items()
        if ref in opened and invoice.state is not InvoiceState.VOID
    }
    refs: list[Ref] = []
    items: list[Item] = []
    owners: dict[Ref | None, str] = {}
    for ref in sorted(opened):
        held = snapshot.invoices.get(ref) or snapshot.credit_notes[ref]
        if held.state is InvoiceState.VOID and (not snapshot.in_books(ref) or held.number in living):
            continue
        owner = owners.get(held.customer)
        if owner is None:
            customer = _customer(snapshot, payers, held.customer)
            owner = owners[held.customer] = str(customer) if customer is not None else ""
        refs.append(ref)
        items.append(_item(ref, held, owner, opened[ref]))
    return tuple(refs), tuple(items)


def _item(ref: Ref, held: Invoice | CreditNote, owner: str, amount: int) -> Item:
    due = held.due_on if isinstance(held, Invoice) else None
    issued = held.issued_on.toordinal()
    return Item(
        str(ref), held.number or "", owner, str(held.total.currency), amount, issued,
        due.toordinal() if due is not None else issued,
    )  # fmt: skip


def _customer(snapshot: Snapshot, payers: Payers, named: Ref | None) -> Ref | None:
    """The customer of the books who owes it; the processor's own where the books have none."""
    kept = snapshot.survivor(named)
    if kept is None or snapshot.in_books(kept):
        return kept
    record = snapshot.customers.get(kept)
    return (payers.counterpart(record) if record is not None else None) or kept


def parties_of(snapshot: Snapshot, items: tuple[Item, ...], payers: Payers) -> tuple[Party, ...]:
    """The customers of the books, and those of the processors who owe something there and are none of the books'.

    One that is inactive, and of whom not a single document is left, was merged into another: it names no payer."""
    owing = {item.party for item in items}
    parents = {customer.parent for customer in snapshot.customers.values()}
    found = []
    for ref, customer in sorted(snapshot.customers.items()):
        own = snapshot.in_books(ref)
        if own and not customer.active and str(ref) not in owing and ref not in parents:
            continue
        if not own and (str(ref) not in owing or payers.counterpart(customer) is not None):
            continue
        parent = snapshot.survivor(customer.parent)
        found.append(
            Party(
                id=str(ref),
                name=customer.name,
                parent=str(parent) if parent is not None else "",
                email=customer.email or "",
                processor_id="" if own else str(ref),
            )
        )
    return tuple(found)
