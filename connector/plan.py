"""What would change in the books, in accountants' words, before anything changes. Pure; it posts nothing.

The default booking pattern: a processor's payment goes gross to its clearing account, its fee out of it as an expense,
a payout out of it as a transfer to the bank. Every line carries the id it will be written under, so that applying a
plan twice writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connector.dates import BusinessDate, Instant
from connector.model.finding import Decision, Evidence, Finding, FindingCode
from connector.model.firm import Connection, PostingAccounts
from connector.model.intent import IntentKind, PostExpense, Posting, PostPayment, PostTransfer, intent_kind
from connector.model.money_in import Payment
from connector.model.settlement import Payout, PayoutState
from connector.model.source import ActorId, CompanyId, ConnectionId, OpId, PlanId, Ref
from connector.money import Currency, Money, grouped, total
from connector.reconcile.booked import booked
from connector.reconcile.match import Reconciliation
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a line does to one account: a positive amount increases it, as its owner reads its balance."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One object to be written. `subject` is what it stands for: two plans can never both write one subject.

    `expects` are the records it was decided on, with the versions they had.
    """

    op_id: OpId
    kind: IntentKind
    subject: str
    sentence: str
    payment: PostPayment | None = None
    expense: PostExpense | None = None
    transfer: PostTransfer | None = None
    effects: tuple[Effect, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    expects: tuple[tuple[Ref, str], ...] = ()

    @property
    def intent(self) -> Posting:
        found = self.payment or self.expense or self.transfer
        if found is None:
            raise TypeError(self.kind)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A stored value: what is written, what is left out and why. `apply` executes exactly this."""

    plan_id: PlanId
    company_id: CompanyId
    made_at: Instant
    made_by: ActorId
    lines: tuple[PlanLine, ...]
    left_out: tuple[Finding, ...]

    def effects(self) -> tuple[Effect, ...]:
        """The effect of the whole plan per account and currency."""
        sums: dict[tuple[str, str], Money] = {}
        for line in self.lines:
            for effect in line.effects:
                key = (effect.account, effect.amount.currency)
                sums[key] = sums[key] + effect.amount if key in sums else effect.amount
        return tuple(Effect(account=account, amount=money) for (account, _), money in sorted(sums.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Who makes the plan, when, under which ids."""

    plan_id: PlanId
    company_id: CompanyId
    made_at: Instant
    made_by: ActorId
    new_op_id: Callable[[], OpId]


def plan(
    snapshot: Snapshot,
    outcome: Reconciliation,
    processors: Sequence[Connection],
    frame: Frame,
    untied: Sequence[Finding] = (),
) -> Plan:
    """The plan for everything decided and not yet in the books. `untied` are rows whose sums do not hold."""
    planner = _Planner(snapshot, {each.connection_id: each.posting for each in processors}, frame, untied)
    lines = [
        *planner.payments(outcome.decisions),
        *planner.fees(outcome),
        *planner.payouts(),
    ]
    return Plan(
        plan_id=frame.plan_id,
        company_id=frame.company_id,
        made_at=frame.made_at,
        made_by=frame.made_by,
        lines=tuple(lines),
        left_out=(*planner.accounts_missing(), *planner.left_out, *outcome.findings),
    )


class _Planner:
    def __init__(
        self,
        snapshot: Snapshot,
        posting: dict[ConnectionId, PostingAccounts],
        frame: Frame,
        untied: Sequence[Finding],
    ) -> None:
        self._snapshot = snapshot
        self._posting = posting
        self._frame = frame
        self._untied = {ref for finding in untied for ref in finding.refs}
        self._books = snapshot.books
        profile = snapshot.books_profile()
        self._closed_through = profile.closed_through if profile is not None else None
        self._booked = booked(snapshot)
        self._planned: set[Ref] = set()
        self._unbooked: dict[tuple[ConnectionId, str, Currency], list[tuple[Ref, Money]]] = {}
        self.left_out: list[Finding] = []

    def payments(self, decisions: Sequence[Decision]) -> Iterator[PlanLine]:
        for decision in decisions:
            payment = self._snapshot.payments[decision.payment]
            targets = [allocation.target for allocation in decision.allocations]
            if not all(self._snapshot.in_books(target) for target in targets):
                continue
            if not self._may(decision.payment, IntentKind.PAYMENT, payment.received_on, [decision.payment, *targets]):
                continue
            into = self._account(decision.payment, payment.gross, "clearing")
            customer = self._snapshot.invoices[targets[0]].customer
            if into is None or customer is None or self._books is None:
                continue
            self._planned.add(decision.payment)
            yield self._payment_line(decision, payment, into, customer, self._books)

    def _payment_line(
        self, decision: Decision, payment: Payment, into: Ref, customer: Ref, books: ConnectionId
    ) -> PlanLine:
        who = self._snapshot.name_of(customer)
        numbers = ", ".join(self._number(a.target) for a in decision.allocations)
        applied = total((a.amount for a in decision.allocations), payment.gross.currency)
        rest = f", {grouped(decision.unapplied)} of it as unapplied credit" if decision.unapplied else ""
        intent = PostPayment(
            books=books,
            customer=customer,
            on=payment.received_on,
            total=decision.gross,
            allocations=decision.allocations,
            into=into,
            about=decision.payment,
            memo=f"{decision.payment.connection} {payment.method} payment {decision.payment.vendor_id}",
        )
        return self._line(
            intent,
            f"Record {grouped(payment.gross)} received from {who} for {numbers}{rest}.",
            effects=(
                Effect(account=self._name(into), amount=payment.gross),
                Effect(account=f"Accounts receivable: {who}", amount=-applied - decision.unapplied),
            ),
            evidence=decision.evidence,
            expects=[decision.payment, *(a.target for a in decision.allocations)],
        )

    def fees(self, outcome: Reconciliation) -> Iterator[PlanLine]:
        """The fee of each payment that is in the books or in this plan."""
        for ref in sorted(set(outcome.posted) | self._planned):
            payment = self._snapshot.payments.get(ref)
            if payment is None or not payment.fee or payment.fee.minor < 0:
                continue
            if not self._may(ref, IntentKind.EXPENSE, payment.received_on, [ref]):
                continue
            paid_from = self._account(ref, payment.fee, "clearing")
            account = self._account(ref, payment.fee, "fees")
            if paid_from is None or account is None or self._books is None:
                continue
            intent = PostExpense(
                books=self._books,
                paid_from=paid_from,
                account=account,
                on=payment.received_on,
                amount=payment.fee,
                about=ref,
                memo=f"{ref.connection} fee on {ref.vendor_id}",
            )
            yield self._line(
                intent,
                f"Record the fee of {grouped(payment.fee)} on payment {ref.vendor_id}.",
                effects=(
                    Effect(account=self._name(account), amount=payment.fee),
                    Effect(account=self._name(paid_from), amount=-payment.fee),
                ),
                evidence=(Evidence(ref=ref, field="fee", says=grouped(payment.fee)),),
                expects=[ref],
            )

    def payouts(self) -> Iterator[PlanLine]:
        """Payouts that arrived, whose entries the processor names and whose sum ties."""
        for ref, payout in self._snapshot.payouts.items():
            if payout.state is not PayoutState.PAID or not self._may(
                ref, IntentKind.TRANSFER, payout.arrives_on, [ref]
            ):
                continue
            if payout.entries is None or payout.amount.minor <= 0:
                self._leave_payout(ref, payout)
                continue
            paid_from = self._account(ref, payout.amount, "clearing")
            paid_to = self._account(ref, payout.amount, "bank")
            if paid_from is None or paid_to is None or self._books is None:
                continue
            intent = PostTransfer(
                books=self._books,
                paid_from=paid_from,
                paid_to=paid_to,
                on=payout.arrives_on,
                amount=payout.amount,
                about=ref,
                memo=f"{ref.connection} payout {ref.vendor_id}",
            )
            yield self._line(
                intent,
                f"Move payout {ref.vendor_id} of {grouped(payout.amount)} to {self._name(paid_to)}.",
                effects=(
                    Effect(account=self._name(paid_to), amount=payout.amount),
                    Effect(account=self._name(paid_from), amount=-payout.amount),
                ),
                evidence=(Evidence(ref=ref, field="entries", says=f"{len(payout.entries)} entries add up to it"),),
                expects=[ref],
            )

    def _leave_payout(self, ref: Ref, payout: Payout) -> None:
        why = "takes money from the bank" if payout.amount.minor <= 0 else "does not say what it consists of"
        self.left_out.append(
            Finding(
                code=FindingCode.PAYOUT_INCOMPLETE,
                sentence=f"Payout {ref.vendor_id} of {grouped(payout.amount)} {why}.",
                next_step="Record it by hand from the processor's own statement.",
                refs=(ref,),
                amount=payout.amount,
            )
        )

    def _may(self, ref: Ref, kind: IntentKind, on: BusinessDate, touched: Sequence[Ref]) -> bool:
        """Whether the line may be planned; what may not is listed with its reason, what is done already is not."""
        subject = subject_of(kind, ref)
        if (kind, ref) in self._booked or subject in self._snapshot.in_flight:
            return False
        amount = self._amount(ref)
        if self._closed_through is not None and on <= self._closed_through:
            self.left_out.append(
                Finding(
                    code=FindingCode.CLOSED_PERIOD,
                    sentence=f"The {kind} of {ref.vendor_id} falls on {on}; the books are closed through "
                    f"{self._closed_through}.",
                    next_step="Open the period, or record it by hand in the current one; no date is moved by itself.",
                    refs=(ref,),
                    amount=amount,
                )
            )
            return False
        if self._untied & set(touched):
            self.left_out.append(
                Finding(
                    code=FindingCode.DOES_NOT_TIE,
                    sentence=f"The {kind} of {ref.vendor_id} touches a row whose sums do not hold.",
                    next_step="Put that row right first; it is named in `receivables status`.",
                    refs=(ref,),
                    amount=amount,
                )
            )
            return False
        return True

    def _account(self, about: Ref, amount: Money, role: str) -> Ref | None:
        """The account chosen for that role and currency; a missing or unfit choice is listed."""
        chosen = self._posting.get(about.connection, PostingAccounts())
        code = amount.currency
        ref = chosen.fees if role == "fees" else getattr(chosen, role).get(code)
        account = self._snapshot.accounts.get(ref) if ref is not None else None
        if account is not None and account.active and (role == "fees" or account.currency == code):
            return ref
        self._unbooked.setdefault((about.connection, role, code), []).append((about, amount))
        return None

    def accounts_missing(self) -> Iterator[Finding]:
        """One finding per account that is not chosen, with everything that waits for it."""
        for (connection, role, code), waiting in sorted(self._unbooked.items()):
            amount = total((each for _, each in waiting), code)
            yield Finding(
                code=FindingCode.NO_ACCOUNT,
                sentence=f"No {role} account in {code} is chosen for {connection}; {len(waiting)} lines "
                f"({grouped(amount)}) wait for it.",
                next_step=f"Choose one: receivables accounts {connection} --{role} NAME.",
                refs=tuple(ref for ref, _ in waiting),
                amount=amount,
            )

    def _line(
        self,
        intent: Posting,
        sentence: str,
        *,
        effects: tuple[Effect, ...],
        evidence: tuple[Evidence, ...],
        expects: Sequence[Ref],
    ) -> PlanLine:
        kind = intent_kind(intent)
        return PlanLine(
            op_id=self._frame.new_op_id(),
            kind=kind,
            subject=subject_of(kind, intent.about),
            sentence=sentence,
            payment=intent if isinstance(intent, PostPayment) else None,
            expense=intent if isinstance(intent, PostExpense) else None,
            transfer=intent if isinstance(intent, PostTransfer) else None,
            effects=effects,
            evidence=evidence,
            expects=tuple((ref, self._snapshot.versions.get(ref, "")) for ref in expects),
        )

    def _amount(self, ref: Ref) -> Money | None:
        payment = self._snapshot.payments.get(ref)
        payout = self._snapshot.payouts.get(ref)
        return payment.gross if payment is not None else payout.amount if payout is not None else None

    def _number(self, ref: Ref) -> str:
        invoice = self._snapshot.invoices.get(ref)
        return (invoice.number if invoice is not None else None) or ref.vendor_id

    def _name(self, account: Ref) -> str:
        return self._snapshot.accounts[account].name


def subject_of(kind: IntentKind, about: Ref) -> str:
    """What a write stands for, as the outbox keys it: one payment, one fee and one transfer per outside record."""
    return f"{kind}:{about}"
