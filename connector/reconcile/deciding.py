"""A verdict of the engine, or a person's word, as decisions of the model; a question as a finding with its next step.

An invoice less a credit note is two decisions, because the books take it as two entries: the money for what is left of
the invoice, and the credit note for the rest. Neither is planned without the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from connector.model.allocation import Adjustment, AdjustmentKind, Allocation, Shortfall
from connector.model.finding import Decision, Evidence, Finding, Ground
from connector.model.money_in import Payment
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Kind, Ref
from connector.money import Currency, Money, total
from connector.reconcile import reasons, short
from connector.reconcile.applying import Applied
from connector.reconcile.cash.adjust import BANK_FEE, DISCOUNT, ROUNDING, WITHHOLDING
from connector.reconcile.cash.converted import EXCHANGE
from connector.reconcile.cash.evidence import payment_lines
from connector.reconcile.cash.lacking import WORDS, likely
from connector.reconcile.cash.proposals import Proposals
from connector.reconcile.cash.record import Line
from connector.reconcile.cash.verdict import Class, Verdict
from connector.reconcile.references import Named
from connector.reconcile.rulings import number_of
from connector.reconcile.snapshot import Snapshot

ON_ACCOUNT = frozenset({Class.DUPLICATE, Class.REVERSAL})
"""Verdicts that give nothing to any invoice: a person's to decide."""

_GROUNDS = {
    Class.KEY: Ground.STORED_KEY,
    Class.REFERENCE: Ground.EXACT_REFERENCE,
    Class.REFERENCE_ADJUSTED: Ground.EXACT_REFERENCE,
    Class.REFERENCE_CREDIT: Ground.EXACT_REFERENCE,
    Class.REFERENCE_SUBSET: Ground.EXACT_REFERENCE,
    Class.PARTIAL: Ground.EXACT_REFERENCE,
    Class.OVER: Ground.EXACT_REFERENCE,
    Class.IDENTICAL: Ground.POLICY,
}
"""What the others stand on is the amount, with a known payer."""

_KINDS = {
    DISCOUNT: AdjustmentKind.DISCOUNT,
    WITHHOLDING: AdjustmentKind.WITHHOLDING_TAX,
    BANK_FEE: AdjustmentKind.BANK_CHARGE,
    ROUNDING: AdjustmentKind.ROUNDING,
    EXCHANGE: AdjustmentKind.EXCHANGE_DIFFERENCE,
}


class Sayings:
    """The engine's answers about one snapshot, in the words of the model. The evidence is made when it is asked for."""

    def __init__(self, snapshot: Snapshot, applied: Applied, keys: Mapping[Ref, Named], *, told: bool) -> None:
        self._snapshot = snapshot
        self._applied = applied
        self._keys = keys
        self._told = told

    def decisions(self, ref: Ref, payment: Payment, verdict: Verdict) -> list[Decision]:
        """The decision about a payment, and one about each credit note that is used up with it."""
        code, key = payment.gross.currency, self._keys.get(ref)
        ground = _GROUNDS.get(verdict.kind, Ground.AMOUNT)
        if verdict.kind is Class.KEY and key is not None:
            ground = key.ground
        shares = [
            (
                self._applied.items[share.item],
                share.pay,
                adjustments_of(share.applied - share.pay, verdict.adjustment, code),
            )
            for share in verdict.shares
        ]
        decision = Decision(
            payment=ref,
            gross=payment.gross,
            ground=ground,
            allocations=tuple(
                Allocation(payment=ref, target=target, amount=Money(pay, code), adjustments=adjustments)
                for target, pay, adjustments in shares
            ),
            unapplied=Money(verdict.unapplied, code),
            evidence=tuple(self._evidence(ref, payment, verdict)) if self._told else (),
            sentence=self._sentence(ref, verdict) if self._told else "",
            kind=verdict.kind.value,
        )
        return without_credits(self._snapshot, decision)

    def _sentence(self, ref: Ref, verdict: Verdict) -> str:
        key = self._keys.get(ref)
        if verdict.kind is Class.KEY and key is not None:
            names = ", ".join(number_of(self._snapshot, self._applied.items[share.item]) for share in verdict.shares)
            said = f"Its stored key {key.evidence.field} = {key.evidence.says}"
            if key.ground is Ground.SOURCE_LINK:
                said = f"The processor's own link to {key.evidence.says}"
            return f"{said} names {names}."
        return self._applied.line(ref).sentence

    def _evidence(self, ref: Ref, payment: Payment, verdict: Verdict) -> Iterator[Evidence]:
        """Where to look it up: the key, else the numbers in the text, else the amount."""
        key = self._keys.get(ref)
        if verdict.kind is Class.KEY and key is not None:
            yield key.evidence
            return
        spans = self._applied.line(ref).spans
        for span in spans:
            field = "reference" if payment.reference is not None and span.text in payment.reference else "memo"
            yield Evidence(ref=ref, field=field, says=span.text)
        if not spans:
            yield Evidence(ref=ref, field="amount", says=str(payment.gross))

    def beside(self, ref: Ref, payment: Payment, verdict: Verdict) -> Iterator[Finding]:
        """What a person should know of a decision: more came than was open, or less."""
        numbers = ", ".join(number_of(self._snapshot, self._applied.items[share.item]) for share in verdict.shares)
        if verdict.unapplied:
            yield reasons.over_payment(ref, payment, numbers, Money(verdict.unapplied, payment.gross.currency))
        for share in verdict.shares:
            left = share.open - share.applied
            if left > 0:
                target, amount = self._applied.items[share.item], Money(left, payment.gross.currency)
                yield reasons.short_payment(ref, payment, target, amount, self._why_short(ref, share.open, left))

    def _why_short(self, ref: Ref, open_: int, left: int) -> str:
        """The reason that a person gave, else what the sum looks like; "" for none."""
        word = short.said(self._snapshot.rulings).get(ref)
        if word is not None:
            return f"{WORDS[word.short]}, says {word.by}"
        guess = likely(open_, left)
        return f"it looks like {WORDS[guess]}" if guess is not Shortfall.UNKNOWN else ""

    def proposal(self, ref: Ref, payment: Payment, verdict: Verdict) -> Finding:
        """What follows, and waits for a person's word."""
        targets = [self._applied.items[share.item] for share in verdict.shares]
        return reasons.proposed(ref, payment, self._sentence(ref, verdict), targets)

    def question(self, ref: Ref, payment: Payment, void: frozenset[Ref]) -> Finding:
        """Why nothing follows about a payment; an invoice that the books took back is named as such."""
        place = self._applied.places[ref]
        verdict = self._applied.verdict(ref)
        if verdict is not None:
            return reasons.second_time(ref, payment, self._applied.line(ref).sentence)
        asked = self._applied.question(place)
        rivals = [self._applied.items[item] for item in asked.rivals]
        gone = next((rival for rival in rivals if rival in void), None)
        if gone is not None:
            return reasons.invoice_gone(ref, payment, number_of(self._snapshot, gone), "voided")
        return reasons.asked(ref, payment, asked, rivals)


def adjustments_of(minor: int, named: str, code: Currency) -> tuple[Adjustment, ...]:
    """The one typed difference between what an item gets and what is paid of it; none where there is none."""
    return (Adjustment(kind=_KINDS[named], amount=Money(minor, code)),) if minor else ()


def evidence_of(applied: Applied, proposals: Proposals) -> dict[Ref, Line]:
    """What the last word about each payment stands on. A line's step counts the decisions of one run, and would change
    with every new payment: it is only kept whether there was a decision."""
    verdicts = applied.at.verdicts
    asked = {place: applied.question(place) for place in range(len(applied.payments)) if place not in verdicts}
    by_id = {str(ref): ref for ref in applied.payments}
    decided = (applied.line(applied.payments[place]) for place in verdicts)
    undecided = payment_lines("", applied.at, asked, with_decided=False, proposals=proposals)
    return {by_id[line.payment.id]: replace(line, step=min(line.step, 0)) for line in (*decided, *undecided)}


def as_ruled(snapshot: Snapshot, ruling: Ruling) -> list[Decision]:
    """What a person, or a rule of the company, decided."""
    by_policy = ruling.kind is RulingKind.POLICY
    said = ruling.sentence if by_policy else f"{ruling.by} decided it on {ruling.at:%Y-%m-%d}. {ruling.sentence}"
    decision = Decision(
        payment=ruling.payment,
        gross=ruling.gross,
        ground=Ground.POLICY if by_policy else Ground.HUMAN,
        allocations=ruling.allocations,
        unapplied=ruling.unapplied,
        evidence=(Evidence(ref=ruling.payment, field="decided by", says=f"{ruling.by}, number {ruling.number}"),),
        sentence=said.strip(),
        kind=Class.IDENTICAL.value if by_policy else "human",
        customer=ruling.customer,
    )
    return without_credits(snapshot, decision)


def without_credits(snapshot: Snapshot, decision: Decision) -> list[Decision]:
    """The decision as the books take it: what credit notes give is taken off the invoices, the first of them first,
    and is a decision of its own."""
    notes = [each for each in decision.allocations if each.target.kind is Kind.CREDIT_NOTE]
    if not notes:
        return [decision]
    rest = {each.target: each for each in decision.allocations if each.target.kind is not Kind.CREDIT_NOTE}
    found: list[Decision] = []
    for note in notes:
        taken = _use_up(note, rest)
        given = total((each.amount for each in taken), note.amount.currency)
        number = number_of(snapshot, note.target)
        own = Allocation(payment=note.target, target=note.target, amount=given)
        found.append(
            Decision(
                payment=note.target,
                gross=Money(0, note.amount.currency),
                ground=decision.ground,
                allocations=(*taken, own),
                unapplied=Money(0, note.amount.currency),
                evidence=decision.evidence,
                sentence=f"{decision.payment.vendor_id} pays less credit note {number}. {decision.sentence}",
                kind=decision.kind,
                beside=decision.payment,
            )
        )
    kept = tuple(each for each in rest.values() if each.amount)
    return [replace(decision, allocations=kept), *found]


def _use_up(note: Allocation, rest: dict[Ref, Allocation]) -> Sequence[Allocation]:
    """What one credit note gives to which invoice; `rest` is what the money has to bring after it."""
    left, taken = -note.amount, []
    for target, each in rest.items():
        part = min(left, each.amount)
        if part:
            taken.append(Allocation(payment=note.target, target=target, amount=part))
            rest[target] = replace(each, amount=each.amount - part)
            left -= part
    return taken
