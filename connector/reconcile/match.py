"""Which payment settles which invoice: by stored keys and exact references only.

All else is a finding, with its reason.

Order independent: payments are taken by date and id, whatever order they arrive in. No invoice ever receives more than
its open balance and no payment gives more than it brought.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.model.allocation import Allocation, AllocationState
from connector.model.finding import Decision, Evidence, Finding, Ground
from connector.model.intent import IntentKind
from connector.model.invoice import InvoiceState
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Ref, Tag, ref_from_text
from connector.money import Money, total
from connector.reconcile import reasons
from connector.reconcile.booked import ever_posted, posted_payments, undone, we_took_back
from connector.reconcile.debts import books_index, debts, is_debt, twins
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.payer import Payers
from connector.reconcile.references import (
    DEBT_TAG,
    Named,
    ambiguous_numbers,
    named_by_key,
    named_in_text,
    number_index,
)
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What was decided, what a person should know, and which payments the books already hold.

    `posted` maps a processor's payment to the payment of the books that carries its stamp.
    """

    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    posted: dict[Ref, Ref] = field(default_factory=dict)


def reconcile(snapshot: Snapshot) -> Reconciliation:
    """Decide about every payment of the snapshot. Each ends as posted, as a decision, or in a finding."""
    return _Matcher(snapshot).run()


class _Matcher:
    """One pass over the payments. `_left` is what is still open on each invoice after the decisions so far,
    `_alike` the open invoices of a payer's family by what was open at the beginning."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._index = books_index(snapshot)
        self._twins = twins(snapshot, self._index)
        self._payers = Payers(snapshot)
        self._left: dict[Ref, Money] = {ref: inv.open for ref, inv in debts(snapshot).items()}
        self._alike: dict[tuple[Ref | None, Money], list[Ref]] = {}
        for ref, left in self._left.items():
            family = self._payers.group(snapshot.invoices[ref].customer)
            self._alike.setdefault((family, left), []).append(ref)
        self._every = number_index(
            (ref, inv) for ref, inv in snapshot.invoices.items() if ref not in self._twins and is_debt(inv)
        )
        self._void = {
            ref: inv
            for ref, inv in snapshot.invoices.items()
            if snapshot.in_books(ref) and inv.state is InvoiceState.VOID
        }
        self._void_index = number_index(self._void.items())
        self._undone = undone(snapshot)
        self._links: dict[Ref, list[Allocation]] = {}
        for link in snapshot.allocations.values():
            if link.state is not AllocationState.DETACHED:
                self._links.setdefault(link.payment, []).append(link)
        self._decisions: list[Decision] = []
        self._findings: list[Finding] = []

    def run(self) -> Reconciliation:
        in_books = posted_payments(self._snapshot)
        disputes = disputes_of(self._snapshot)
        for ref, received in _in_order(self._snapshot):
            payment = as_it_stands(ref, received, disputes)
            if self._snapshot.in_books(ref):
                self._in_the_books(ref, payment)
            elif ref not in in_books:
                self._consider(ref, payment)
            elif payment.state is not PaymentState.SUCCEEDED or payment.refunded:
                self._findings.append(reasons.changed_after_posting(ref, payment, in_books[ref]))
        return Reconciliation(decisions=tuple(self._decisions), findings=tuple(self._findings), posted=in_books)

    def _in_the_books(self, ref: Ref, payment: Payment) -> None:
        """Money a person already recorded: ours to point at, never to change."""
        if not payment.is_cash or payment.state is PaymentState.VOID or not payment.unapplied:
            return
        named = named_in_text(payment, ref, self._index)
        numbers = [self._snapshot.invoices[n.invoice].number or "" for n in named if n.invoice in self._left]
        self._findings.append(reasons.unapplied_in_books(ref, payment.unapplied, self._snapshot, payment, numbers))

    def _consider(self, ref: Ref, payment: Payment) -> None:
        unfit = reasons.unfit(ref, payment)
        if unfit is not None:
            self._findings.append(unfit)
            return
        taken_out = self._taken_out(ref, payment)
        if taken_out is not None:
            self._findings.append(taken_out)
            return
        settled = self._settled_at_source(ref, payment)
        if settled is not None:
            self._decisions.append(settled)
            return
        if payment.elsewhere:
            self._findings.append(reasons.received_elsewhere(ref, payment))
            return
        named = self._named(ref, payment)
        if not named:
            self._findings.append(self._unnamed(ref, payment))
            return
        refused = self._refuse(ref, payment, named)
        if refused is not None:
            self._findings.append(refused)
            return
        self._decide(ref, payment, named)

    def _taken_out(self, ref: Ref, payment: Payment) -> Finding | None:
        """It stood in the books by our hand, and somebody, or we, took it out again: it is not posted once more."""
        back = self._undone.get((IntentKind.PAYMENT, ref))
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
        names = ", ".join(self._number(link.target) for link in links)
        return Decision(
            payment=ref,
            gross=payment.gross,
            ground=Ground.SOURCE_LINK,
            allocations=tuple(Allocation(payment=ref, target=link.target, amount=link.amount) for link in links),
            unapplied=payment.gross - applied,
            evidence=tuple(Evidence(ref=ref, field="invoice payment", says=str(link.target)) for link in links),
            sentence=f"{ref.connection} itself applied it to its own invoice {names}.",
        )

    def _named(self, ref: Ref, payment: Payment) -> tuple[Named, ...]:
        linked = tuple(
            Named(
                invoice=self._twins[link.target],
                ground=Ground.SOURCE_LINK,
                evidence=Evidence(ref=ref, field="invoice payment", says=str(link.target)),
            )
            for link in self._linked(ref, payment)
            if link.target in self._twins
        )
        by_key = named_by_key(self._tags(payment), ref, self._snapshot.invoices, self._every)
        return linked or by_key or named_in_text(payment, ref, self._every)

    def _unnamed(self, ref: Ref, payment: Payment) -> Finding:
        lost = self._no_longer(ref, payment)
        if lost is not None:
            return lost
        shared = ambiguous_numbers(payment, self._every)
        if shared:
            return reasons.shared_number(ref, payment, shared)
        payer = self._payers.of(payment)
        family = self._payers.group(payer)
        alike = self._alike.get((family, payment.gross), []) if family is not None else []
        same_amount = [(each, self._snapshot.invoices[each]) for each in alike if self._left[each] == payment.gross]
        return reasons.unnamed(ref, payment, same_amount)

    def _no_longer(self, ref: Ref, payment: Payment) -> Finding | None:
        """The payment names an invoice that was voided or deleted in the books."""
        tags = self._tags(payment)
        named = named_by_key(tags, ref, self._void, self._void_index) or named_in_text(payment, ref, self._void_index)
        if named:
            return reasons.invoice_gone(ref, payment, self._number(named[0].invoice), "voided")
        keys = (ref_from_text(tag.value) for tag in tags if tag.name == DEBT_TAG)
        deleted = next((key for key in keys if key in self._snapshot.gone), None)
        return reasons.invoice_gone(ref, payment, deleted.vendor_id, "deleted") if deleted is not None else None

    def _tags(self, payment: Payment) -> tuple[Tag, ...]:
        attempt = self._snapshot.attempts.get(payment.attempt) if payment.attempt is not None else None
        return payment.tags + (attempt.tags if attempt is not None else ())

    def _refuse(self, ref: Ref, payment: Payment, named: tuple[Named, ...]) -> Finding | None:
        """What speaks against the named invoices, or None."""
        held = [(each.invoice, self._snapshot.invoices[each.invoice]) for each in named]
        foreign = [pair for pair in held if pair[1].open.currency != payment.gross.currency]
        if foreign:
            return reasons.wrong_currency(ref, payment, foreign[0])
        payer = self._payers.of(payment)
        for invoice_ref, invoice in held:
            if named[0].ground is Ground.EXACT_REFERENCE and self._payers.contradicts(payer, invoice.customer):
                names = (self._snapshot.name_of(payer), self._snapshot.name_of(invoice.customer))
                return reasons.wrong_customer(ref, payment, (invoice_ref, invoice), names)
        void = next((pair for pair in held if pair[0] in self._void), None)
        if void is not None:
            return reasons.invoice_gone(ref, payment, self._number(void[0]), "voided")
        closed = [pair for pair in held if not self._left.get(pair[0])]
        if closed:
            return reasons.already_settled(ref, payment, closed[0])
        customers = {self._snapshot.survivor(invoice.customer) for _, invoice in held}
        open_sum = total((self._left[invoice_ref] for invoice_ref, _ in held), payment.gross.currency)
        if len(held) > 1 and (open_sum != payment.gross or len(customers) > 1):
            return reasons.does_not_add_up(ref, payment, held, open_sum)
        return None

    def _decide(self, ref: Ref, payment: Payment, named: tuple[Named, ...]) -> None:
        rest = payment.gross
        allocations = []
        for each in named:
            amount = min(rest, self._left[each.invoice])
            allocations.append(Allocation(payment=ref, target=each.invoice, amount=amount))
            self._left[each.invoice] -= amount
            rest -= amount
        numbers = ", ".join(self._number(each.invoice) for each in named)
        self._decisions.append(
            Decision(
                payment=ref,
                gross=payment.gross,
                ground=named[0].ground,
                allocations=tuple(allocations),
                unapplied=rest,
                evidence=tuple(each.evidence for each in named),
                sentence=f"{_because(named[0])} names {numbers}.",
            )
        )
        if rest:
            self._findings.append(reasons.over_payment(ref, payment, numbers, rest))
        elif self._left[named[-1].invoice]:
            self._findings.append(reasons.short_payment(ref, payment, named[-1].invoice, self._left[named[-1].invoice]))

    def _number(self, invoice: Ref) -> str:
        held = self._snapshot.invoices.get(invoice)
        return (held.number if held is not None else None) or invoice.vendor_id


def _in_order(snapshot: Snapshot) -> Iterable[tuple[Ref, Payment]]:
    return sorted(snapshot.payments.items(), key=lambda pair: (pair[1].received_on, pair[0]))


def _because(named: Named) -> str:
    match named.ground:
        case Ground.STORED_KEY:
            return f"Its stored key {named.evidence.field} = {named.evidence.says}"
        case Ground.EXACT_REFERENCE:
            return f"Its {named.evidence.field} says {named.evidence.says}, which"
        case Ground.SOURCE_LINK:
            return f"The processor's own link to {named.evidence.says}"
