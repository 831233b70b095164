"""What becomes of every payment: in the books already, settled where it came from, no money, or the engine's to
decide.

This room looks at states. Which money settles which invoice is the cash application engine's to say (`applying`), what
a person said about it comes first (`rulings`), and what posts by itself is the company's to choose. Order independent:
no invoice ever receives more than its open balance and no payment gives more than it brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connector.model.allocation import Allocation, AllocationState
from connector.model.finding import Decision, Evidence, Finding, Ground
from connector.model.intent import IntentKind
from connector.model.money_in import Payment, PaymentState
from connector.model.ruling import Ruling
from connector.model.source import Ref, Tag, ref_from_text
from connector.money import total
from connector.reconcile import deciding, reasons
from connector.reconcile.applying import Applied, Wanted, apply
from connector.reconcile.arrivals import arrivals, strange
from connector.reconcile.booked import ever_posted, posted_payments, undone, we_took_back
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.ledger import kept_in, ledger
from connector.reconcile.references import (
    DEBT_TAG,
    NUMBER_TAGS,
    Named,
    named_by_key,
    named_in_text,
)
from connector.reconcile.returned import booked_back
from connector.reconcile.rulings import in_force, kept_out, number_of, overtaken
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was decided, what a person should know, and which payments the books already hold.

    `posted` maps a processor's payment to the payment of the books that carries its stamp. `arrived` maps a line of a
    bank that is no payment of a customer to the payout that it is, or may be one of. `applied` is the engine as
    it stood at the end, for whoever wants its evidence or its proposals.
    """

    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    posted: dict[Ref, Ref] = field(default_factory=dict)
    arrived: Mapping[Ref, tuple[Ref, ...]] = field(default_factory=dict)
    applied: Applied | None = field(default=None, compare=False, repr=False)


def reconcile(snapshot: Snapshot) -> Reconciliation:
    """Decide about every payment of the snapshot. Each ends as posted, as a decision, or in a finding."""
    return _Matcher(snapshot, told=True).run()


def decide(snapshot: Snapshot) -> tuple[Decision, ...]:
    """The same decisions without their words and evidence, for whoever only wants the amounts."""
    return _Matcher(snapshot, told=False).run().decisions


class _Matcher:
    """One pass over the payments. `_opened` is what is open of each debt and credit at the beginning, `_spent` what
    people, and the payments' own systems, have spoken for."""

    def __init__(self, snapshot: Snapshot, *, told: bool) -> None:
        self._snapshot = snapshot
        self._told = told
        self._ledger = ledger(snapshot)
        self._index, self._every = self._ledger.index, self._ledger.every
        self._twins, self._opened = self._ledger.twins, self._ledger.opened
        self._void, self._void_index = self._ledger.void, self._ledger.void_index
        self._spent: dict[Ref, int] = {}
        self._undone = undone(snapshot)
        self._in_force = in_force(snapshot.rulings)
        self._kept_out = kept_out(snapshot.rulings)
        self._links: dict[Ref, list[Allocation]] = {}
        for link in snapshot.allocations.values():
            if link.state is not AllocationState.DETACHED:
                self._links.setdefault(link.payment, []).append(link)
        self._decisions: list[Decision] = []
        self._findings: list[Finding] = []
        self._asked: dict[Ref, Payment] = {}
        self._arrivals = arrivals(snapshot)
        self._keys: dict[Ref, Named] = {}
        self._words: dict[Ref, str] = {}

    def run(self) -> Reconciliation:
        in_books, told = posted_payments(self._snapshot), booked_back(self._snapshot)
        disputes = disputes_of(self._snapshot)
        for ref, received in _in_order(self._snapshot.payments.items()):
            payment = as_it_stands(ref, received, disputes)
            if self._snapshot.in_books(ref):
                self._in_the_books(ref, payment)
            elif ref in self._arrivals.payouts and ref not in in_books and ref not in self._in_force.decided:
                continue  # what a processor sent
            elif ref not in in_books:
                self._consider(ref, payment)
            elif ref in told and payment.state is not PaymentState.DISPUTED:
                continue  # the books hold what went back as well
            elif payment.state is not PaymentState.SUCCEEDED or payment.refunded:
                self._findings.append(reasons.changed_after_posting(ref, payment, in_books[ref]))
        applied = self._apply()
        return Reconciliation(
            decisions=tuple(sorted(self._decisions, key=self._by_day)),
            findings=tuple(self._findings),
            posted=in_books,
            arrived=self._arrivals.payouts,
            applied=applied,
        )

    def _by_day(self, decision: Decision) -> tuple[object, ...]:
        about = decision.beside or decision.payment
        return self._snapshot.payments[about].received_on, about, decision.beside is not None, decision.payment

    def _in_the_books(self, ref: Ref, payment: Payment) -> None:
        """Money a person already recorded: ours to point at, never to change."""
        if not payment.is_cash or payment.state is PaymentState.VOID or not payment.unapplied:
            return
        named = named_in_text(payment, ref, self._index)
        numbers = [number_of(self._snapshot, n.invoice) for n in named if self._opened.get(n.invoice)]
        self._findings.append(reasons.unapplied_in_books(ref, payment.unapplied, self._snapshot, payment, numbers))

    def _consider(self, ref: Ref, payment: Payment) -> None:
        unfit = reasons.unfit(ref, payment) or self._taken_out(ref, payment)
        if unfit is not None:
            self._findings.append(unfit)
            return
        settled = self._settled_at_source(ref, payment)
        if settled is not None:
            self._decisions.append(settled)
            return
        if payment.elsewhere:
            self._findings.append(reasons.received_elsewhere(ref, payment))
            return
        ruling = self._in_force.decided.get(ref)
        if ruling is not None:
            self._as_said(ref, payment, ruling)
            return
        if ref in self._arrivals.strange:
            self._findings.append(strange(ref, payment, self._arrivals.strange[ref]))
            return
        self._ask(ref, payment)

    def _taken_out(self, ref: Ref, payment: Payment) -> Finding | None:
        """It stood in the books by our hand, and somebody, or we, took it out again: it is not posted once more."""
        back = self._undone.get((IntentKind.PAYMENT, ref))
        if back is not None and ref in self._kept_out:
            return reasons.left_out(ref, payment, self._kept_out[ref])
        if back is not None:
            return reasons.posting_undone(ref, payment, back)
        if not we_took_back(self._snapshot, ref):
            return None
        return reasons.here_again(ref, payment, ever_posted(self._snapshot).get(ref))

    def _linked(self, ref: Ref, payment: Payment) -> list[Allocation]:
        own = self._links.get(ref, [])
        return own + (self._links.get(payment.attempt, []) if payment.attempt is not None else [])

    def _settled_at_source(self, ref: Ref, payment: Payment) -> Decision | None:
        """A payment that its own system applied to an invoice which lives only there needs no posting from us."""
        linked = (link for link in self._linked(ref, payment) if link.state is AllocationState.APPLIED)
        links = [link for link in linked if link.target not in self._twins]
        if not links or any(link.amount.currency != payment.gross.currency for link in links):
            return None
        applied = total((link.amount for link in links), payment.gross.currency)
        if applied > payment.gross:
            return None
        names = ", ".join(number_of(self._snapshot, link.target) for link in links)
        return Decision(
            payment=ref,
            gross=payment.gross,
            ground=Ground.SOURCE_LINK,
            allocations=tuple(Allocation(payment=ref, target=link.target, amount=link.amount) for link in links),
            unapplied=payment.gross - applied,
            evidence=tuple(Evidence(ref=ref, field="invoice payment", says=str(link.target)) for link in links),
            sentence=f"{ref.connection} itself applied it to its own invoice {names}.",
        )

    def _as_said(self, ref: Ref, payment: Payment, ruling: Ruling) -> None:
        """As a person, or a rule of the company, once decided; a question where that cannot be done any more."""
        left = {target: minor - self._spent.get(target, 0) for target, minor in self._opened.items()}
        why = overtaken(self._snapshot, ruling, left)
        if why is None and ruling.gross != payment.gross:
            why = f"it brings another sum than the {ruling.gross} it was decided on"
        if why is not None:
            self._findings.append(reasons.overtaken(ref, payment, ruling, why))
            return
        for each in ruling.allocations:
            applied = each.amount.minor + sum(part.amount.minor for part in each.adjustments)
            self._spent[each.target] = self._spent.get(each.target, 0) + applied
        self._decisions += deciding.as_ruled(self._snapshot, ruling)

    def _ask(self, ref: Ref, payment: Payment) -> None:
        """Leave it to the engine, with the invoice that its stored key names."""
        named = self._stored(ref, payment)
        if not named and self._names_deleted(payment) and not named_in_text(payment, ref, self._every):
            gone = next(each for each in self._names_deleted(payment))
            self._findings.append(reasons.invoice_gone(ref, payment, gone.vendor_id, "deleted"))
            return
        self._asked[ref] = payment
        if len(named) == 1:
            self._keys[ref] = named[0]
        elif named:
            self._words[ref] = " ".join(number_of(self._snapshot, each.invoice) for each in named)
        else:
            tags = (tag.value for tag in self._tags(payment) if tag.name in NUMBER_TAGS)
            self._words[ref] = " ".join(tag for tag in tags if self._every.several(tag))

    def _stored(self, ref: Ref, payment: Payment) -> tuple[Named, ...]:
        """The invoices that keys of the payment, or of its attempt, name: those of its own system's links first."""
        linked = {
            self._twins[link.target]: Named(
                invoice=self._twins[link.target],
                ground=Ground.SOURCE_LINK,
                evidence=Evidence(ref=ref, field="invoice payment", says=str(link.target)),
            )
            for link in self._linked(ref, payment)
            if link.target in self._twins
        }
        tags = self._tags(payment)
        found = (
            tuple(linked.values())
            or named_by_key(tags, ref, self._snapshot.invoices, self._every)
            or named_by_key(tags, ref, self._void, self._void_index)
        )
        ours = {self._twins.get(each.invoice, each.invoice): each for each in found}
        return tuple(
            Named(invoice=invoice, ground=each.ground, evidence=each.evidence) for invoice, each in ours.items()
        )

    def _names_deleted(self, payment: Payment) -> tuple[Ref, ...]:
        keys = (ref_from_text(tag.value) for tag in self._tags(payment) if tag.name == DEBT_TAG)
        return tuple(key for key in keys if key is not None and key in self._snapshot.gone)

    def _tags(self, payment: Payment) -> tuple[Tag, ...]:
        attempt = self._snapshot.attempts.get(payment.attempt) if payment.attempt is not None else None
        return payment.tags + (attempt.tags if attempt is not None else ())

    def _apply(self) -> Applied:
        """What the engine says of all that is left: decisions, proposals, questions."""
        wanted = Wanted(
            payments=self._asked,
            keys={ref: named.invoice for ref, named in self._keys.items()},
            words=self._words,
            spent=self._spent,
            doubted=frozenset(self._in_force.rejected),
        )
        kept = kept_in(self._snapshot)
        applied = apply(self._snapshot, wanted, self._ledger, proposing=self._told, kept=kept)
        sayings = deciding.Sayings(self._snapshot, applied, self._keys, told=self._told)
        for ref, payment in _in_order(self._asked.items()):
            verdict = applied.verdict(ref)
            if not self._told:
                self._decisions += sayings.decisions(ref, payment, verdict) if verdict is not None else ()
            elif verdict is None or verdict.kind in deciding.ON_ACCOUNT:
                self._findings.append(sayings.question(ref, payment, frozenset(self._void)))
            elif applied.places[ref] in applied.by_itself:
                self._decisions += sayings.decisions(ref, payment, verdict)
                self._findings += sayings.beside(ref, payment, verdict)
            else:
                self._findings.append(sayings.proposal(ref, payment, verdict))
        return applied


def _in_order(payments: Iterable[tuple[Ref, Payment]]) -> Iterator[tuple[Ref, Payment]]:
    return iter(sorted(payments, key=lambda pair: (pair[1].received_on, pair[0])))
