"""The cash application engine over the mirror: what is owed and what came, put as one case; its verdicts, as ours.

The engine is asked three times, so that nothing that posts by itself leans on what nobody confirmed yet: first what
stands on keys and numbers, then what else the company permits, then everything, for proposals. What a person has said
is taken from what is open before the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.dates import BusinessDate
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Ref
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.standing import ECHO_DAYS, Standing
from connector.reconcile.cash.verdict import Class, Verdict
from connector.reconcile.debts import OWED
from connector.reconcile.learned import facts, sign_of
from connector.reconcile.payer import Payers
from connector.reconcile.snapshot import Snapshot

SURE = frozenset({Class.KEY, Class.REFERENCE})
"""What stands on a stored key, or on numbers and their exact sum."""

NEVER = frozenset({Class.DUPLICATE, Class.REVERSAL})
"""What the engine says and nobody may let post by itself: the books take no money that is for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be decided: payments, the invoice that each one's stored key names, words that stand for its text's
    missing numbers, what is already spoken for, and the payments that a person has said something against."""

    payments: Mapping[Ref, Payment]
    keys: Mapping[Ref, Ref]
    words: Mapping[Ref, str]
    spent: Mapping[Ref, int]
    doubted: frozenset[Ref]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The engine as it stands when nothing more follows. `places`: the receipt of each payment. `payments`, `items`:
    the record behind each place. `by_itself`: the receipts that may be posted without a person."""

    at: Standing
    places: Mapping[Ref, int]
    payments: Sequence[Ref]
    items: Sequence[Ref]
    by_itself: frozenset[int]

    def verdict(self, payment: Ref) -> Verdict | None:
        """What it says about a payment, whether or not that may be posted."""
        return self.at.verdicts.get(self.places[payment])

    def shares(self, verdict: Verdict) -> dict[Ref, int]:
        """What a verdict applies to which invoice or credit note, in minor units."""
        return {self.items[share.item]: share.applied for share in verdict.shares}


def open_amounts(snapshot: Snapshot, twins: Mapping[Ref, Ref]) -> dict[Ref, int]:
    """What is open of every debt, and, negative, of every credit note of the books. Closed and void ones are nothing,
    and are there because texts name them."""
    found: dict[Ref, int] = {}
    for ref, invoice in snapshot.invoices.items():
        if ref not in twins and invoice.state is not InvoiceState.DRAFT:
            found[ref] = max(invoice.open.minor, 0) if invoice.state in OWED else 0
    for ref, note in snapshot.credit_notes.items():
        if snapshot.in_books(ref):
            found[ref] = -max(note.open.minor, 0) if note.state in OWED else 0
    return found


def apply(snapshot: Snapshot, wanted: Wanted, opened: Mapping[Ref, int], payers: Payers, *, proposing: bool) -> Applied:
    """Everything that follows about these payments; without `proposing` only what may be posted."""
    refs = sorted(wanted.payments)
    items = _items(snapshot, wanted, opened, payers)
    case = Case(
        parties=_parties(snapshot, items, payers),
        items=items,
        receipts=[_receipt(snapshot, wanted, ref) for ref in refs],
        policy=_policy(snapshot),
        learned={sign: str(fact.customer) for sign, fact in facts(snapshot, payers).items()},
    )
    rounds = Rounds(case)
    at = rounds.at
    places = {ref: place for place, ref in enumerate(refs)}
    doubted = {places[ref] for ref in wanted.doubted if ref in places}
    permitted = {each for each in Class if each.value in snapshot.rules.automatic} - NEVER
    if snapshot.rules.oldest_first:
        permitted.add(Class.IDENTICAL)
    touchy = _touchy(snapshot, wanted, places, opened)
    if touchy:
        _run(rounds, frozenset(permitted & SURE), doubted)
    _run(rounds, frozenset(permitted), doubted | touchy)
    by_itself = frozenset(at.verdicts)
    if proposing:
        _run(rounds, None, doubted)
    known = {str(ref): ref for ref in opened}
    return Applied(at=at, places=places, payments=refs, items=[known[item.id] for item in items], by_itself=by_itself)


def _run(rounds: Rounds, permitted: frozenset[Class] | None, aside: Iterable[int]) -> None:
    """One run in which only these classes are taken, and some receipts are not looked at."""
    at = rounds.at
    waiting = at.waiting
    left_out = set(aside)
    at.permitted = permitted
    at.waiting = {place: held for place, held in waiting.items() if place not in left_out}
    rounds.run()
    at.permitted = None
    at.waiting = {place: held for place, held in waiting.items() if place not in at.verdicts}


def _touchy(snapshot: Snapshot, wanted: Wanted, places: Mapping[Ref, int], opened: Mapping[Ref, int]) -> frozenset[int]:
    """Receipts whose amount says nothing: their stored key names what is closed, or the same payer sent as much a few
    days before and that is settled already."""
    earlier: dict[tuple[str, int, str], list[BusinessDate]] = defaultdict(list)
    for ref, payment in snapshot.payments.items():
        sign = sign_of(ref, payment)
        if sign and ref not in wanted.payments and payment.is_cash and payment.state is not PaymentState.FAILED:
            earlier[sign, payment.gross.minor, payment.gross.currency].append(payment.received_on)
    found = {places[ref] for ref, key in wanted.keys.items() if not opened.get(key)}
    for ref, payment in wanted.payments.items():
        days = earlier.get((sign_of(ref, payment), payment.gross.minor, payment.gross.currency), ())
        if any(0 <= (payment.received_on - day).days <= ECHO_DAYS for day in days):
            found.add(places[ref])
    return frozenset(found)


def _policy(snapshot: Snapshot) -> Policy:
    rules = snapshot.rules
    return Policy(rounding=rules.rounding, bank_fee=rules.bank_fee, oldest_first=rules.oldest_first, partial=True)


def _items(snapshot: Snapshot, wanted: Wanted, opened: Mapping[Ref, int], payers: Payers) -> list[Item]:
    """Every debt and credit. A void invoice whose number a living one carries is not there at all."""
    living = {
        invoice.number
        for ref, invoice in snapshot.invoices.items()
        if ref in opened and invoice.state is not InvoiceState.VOID
    }
    found = []
    for ref in sorted(opened):
        held = snapshot.invoices.get(ref) or snapshot.credit_notes[ref]
        if held.state is InvoiceState.VOID and (not snapshot.in_books(ref) or held.number in living):
            continue
        due = held.due_on if isinstance(held, Invoice) else None
        customer = _customer(snapshot, payers, held.customer)
        issued = held.issued_on.toordinal()
        found.append(
            Item(
                id=str(ref),
                number=held.number or "",
                party=str(customer) if customer is not None else "",
                currency=str(held.total.currency),
                amount=opened[ref] - wanted.spent.get(ref, 0),
                issued=issued,
                due=due.toordinal() if due is not None else issued,
            )
        )
    return found


def _customer(snapshot: Snapshot, payers: Payers, named: Ref | None) -> Ref | None:
    """The customer of the books who owes it; the processor's own where the books have none."""
    kept = snapshot.survivor(named)
    if kept is None or snapshot.in_books(kept):
        return kept
    record = snapshot.customers.get(kept)
    return (payers.counterpart(record) if record is not None else None) or kept


def _parties(snapshot: Snapshot, items: Sequence[Item], payers: Payers) -> list[Party]:
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
    return found


def _receipt(snapshot: Snapshot, wanted: Wanted, ref: Ref) -> Receipt:
    payment = wanted.payments[ref]
    customer = snapshot.customers.get(payment.customer) if payment.customer is not None else None
    sign = sign_of(ref, payment)
    is_forgotten = any(each.sign == sign for each in snapshot.forgotten)
    name = customer.name if customer is not None else payment.payer or ""
    key = wanted.keys.get(ref)
    return Receipt(
        id=str(ref),
        kind=ReceiptKind.PAYMENT,
        on=payment.received_on.toordinal(),
        currency=str(payment.gross.currency),
        amount=payment.gross.minor,
        payer_name="" if is_forgotten and customer is None else name,
        payer_account="" if is_forgotten else sign,
        processor_id=str(payment.customer) if payment.customer is not None else "",
        email=(customer.email or "") if customer is not None else "",
        text=" ".join(filter(None, (payment.reference, payment.memo, wanted.words.get(ref)))),
        key=str(key) if key is not None else "",
    )
