"""The cash application engine over the mirror: what is owed and what came, put as one case; its verdicts, as ours.

The engine is asked three times, so that nothing that posts by itself leans on what nobody confirmed yet: first what
stands on keys and numbers, then what else the company permits, then everything, for proposals. What a person has said
is taken from what is open before the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.dates import BusinessDate
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Ref
from connector.reconcile.cash.case import Case, Item, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.evidence import payment_lines
from connector.reconcile.cash.questions import Question, question
from connector.reconcile.cash.record import Line
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.standing import ECHO_DAYS, Standing
from connector.reconcile.cash.verdict import Class, Verdict
from connector.reconcile.learned import facts, sign_of
from connector.reconcile.ledger import Kept, Ledger
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
    the record behind each place. `by_itself`: the receipts that may be posted without a person. `asked` and `lines`:
    what was said of the undecided and of the decided, once, for whoever says it again."""

    at: Standing
    places: Mapping[Ref, int]
    payments: Sequence[Ref]
    items: Sequence[Ref]
    by_itself: frozenset[int]
    asked: dict[int, Question] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)

    def question(self, place: int) -> Question:
        """Why nothing follows about a receipt."""
        found = self.asked.get(place)
        if found is None:
            found = self.asked[place] = question(self.at, place)
        return found

    def line(self, payment: Ref) -> Line:
        """What the verdict about a payment stands on."""
        if not self.lines:
            self.lines.update((line.payment.id, line) for line in payment_lines("", self.at, {}))
        return self.lines[str(payment)]

    def verdict(self, payment: Ref) -> Verdict | None:
        """What it says about a payment, whether or not that may be posted."""
        return self.at.verdicts.get(self.places[payment])

    def shares(self, verdict: Verdict) -> dict[Ref, int]:
        """What a verdict applies to which invoice or credit note, in minor units."""
        return {self.items[share.item]: share.applied for share in verdict.shares}


def apply(snapshot: Snapshot, wanted: Wanted, held: Ledger, *, proposing: bool, kept: Kept | None = None) -> Applied:
    """Everything that follows about these payments; without `proposing` only what may be posted. `kept`: what there is
    of the same company from before. Asked the very same as the last time, it says what it said then."""
    kept = kept if kept is not None else Kept()
    refs = sorted(wanted.payments)
    case = Case(
        parties=held.parties,
        items=_left(held, wanted.spent),
        receipts=[_receipt(snapshot, wanted, ref) for ref in refs],
        policy=_policy(snapshot),
        learned={sign: str(fact.customer) for sign, fact in facts(snapshot, held.payers).items()},
    )
    places = {ref: place for place, ref in enumerate(refs)}
    asked = _Asked(
        case=case,
        payments=refs,
        permitted=_permitted(snapshot),
        doubted=frozenset(places[ref] for ref in wanted.doubted if ref in places),
        touchy=_touchy(snapshot, wanted, places, held.opened),
        proposing=proposing,
    )
    last, said = kept.answer or (None, None)
    if last == asked and isinstance(said, Applied):
        return said
    at, by_itself = _decided(asked, kept.ground.rounds(case))
    said = Applied(at=at, places=places, payments=refs, items=held.refs, by_itself=by_itself)
    kept.answer = asked, said
    return said


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Everything on which the engine's answer depends, by the places of its receipts."""

    case: Case
    payments: Sequence[Ref]
    permitted: frozenset[Class]
    doubted: frozenset[int]
    touchy: frozenset[int]
    proposing: bool


def _permitted(snapshot: Snapshot) -> frozenset[Class]:
    """The classes that the company lets post by themselves."""
    found = {each for each in Class if each.value in snapshot.rules.automatic} - NEVER
    return frozenset(found | {Class.IDENTICAL} if snapshot.rules.oldest_first else found)


def _decided(asked: _Asked, rounds: Rounds) -> tuple[Standing, frozenset[int]]:
    """The engine at the end, and what of it may be posted without a person."""
    if asked.touchy:
        _run(rounds, asked.permitted & SURE, asked.doubted)
    _run(rounds, asked.permitted, asked.doubted | asked.touchy)
    by_itself = frozenset(rounds.at.verdicts)
    if asked.proposing:
        _run(rounds, None, asked.doubted)
    return rounds.at, by_itself


def _left(held: Ledger, spent: Mapping[Ref, int]) -> Sequence[Item]:
    """The items with what is not spoken for yet."""
    if not any(spent.values()):
        return held.items
    return [
        item._replace(amount=item.amount - spent[ref]) if spent.get(ref) else item
        for ref, item in zip(held.refs, held.items, strict=True)
    ]


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
