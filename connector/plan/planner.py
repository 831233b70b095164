"""The plan for everything decided and not yet in the books: payments and credits alike in both patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.model.finding import Decision, Evidence, Finding, FindingCode
from connector.model.firm import BookingPattern, Connection
from connector.model.intent import ApplyCredit, Exchange, IntentKind, PostPayment
from connector.model.money_in import Payment
from connector.model.party import AccountRole
from connector.model.ruling import Ruling
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, grouped, total
from connector.plan.against import Against
from connector.plan.choices import choices
from connector.plan.clearing import fees, set_aside, transfers
from connector.plan.deposit import deposits
from connector.plan.gate import Gate, redated
from connector.plan.lines import RECEIVABLE, Effect, Frame, Plan, PlanLine
from connector.plan.link_lines import link_lines
from connector.plan.movements import Movements
from connector.plan.opening import openings
from connector.plan.returns import Returns
from connector.plan.write_offs import write_offs
from connector.reconcile.match import Reconciliation
from connector.reconcile.short import in_words, said
from connector.reconcile.snapshot import Snapshot


def plan(
    snapshot: Snapshot,
    outcome: Reconciliation,
    processors: Sequence[Connection],
    frame: Frame,
    untied: Sequence[Finding] = (),
) -> Plan:
    """The plan for everything decided and not yet in the books. `untied` are rows whose sums do not hold."""
    gate = Gate(snapshot, processors, frame, untied)
    lines: list[PlanLine] = []
    back = Returns(gate)
    said_by: list[Returns | Movements] = [back]
    if snapshot.books is not None:
        against = Against(gate)
        lines += openings(gate, snapshot.books)
        lines += _settled(gate, snapshot.books, outcome.decisions, against)
        planned = frozenset(line.payment.about for line in lines if line.payment is not None)
        taken_back = list(back.lines(snapshot.books))
        rest = Movements(gate, against, planned, back.by_entry)
        said_by.append(rest)
        lines += fees(gate, snapshot.books, sorted({*outcome.posted, *planned, *back.once, *rest.came_to_nothing()}))
        lines += taken_back
        lines += rest.lines(snapshot.books)
        lines += set_aside(gate, snapshot.books)
        lines += transfers(gate, snapshot.books)
        lines += rest.failed_payouts(snapshot.books)
        lines += rest.at_the_bank(snapshot.books)
        lines += deposits(gate, snapshot.books, planned, against)
        lines += choices(gate, frame.conflicts)
        lines += write_offs(gate, snapshot.books, frame.today)
        lines += link_lines(gate, frame.links)
    asked = [each for each in outcome.findings if each.code is not FindingCode.KEPT_OUT and not _waits(frame, each)]
    unsaid = [each for each in asked if not any(room.says(each) for room in said_by)]
    findings = [each for each in unsaid if not (each.refs and gate.leave_early(each.refs[0]))]
    return Plan(
        plan_id=frame.plan_id,
        company_id=frame.company_id,
        made_at=frame.made_at,
        made_by=frame.made_by,
        lines=tuple(lines),
        left_out=(*gate.accounts_missing(), *gate.early(), *gate.left_out, *findings),
        balances=_balances(snapshot, lines),
    )


def plan_of_links(snapshot: Snapshot, frame: Frame) -> Plan:
    """The plan for the links of `frame` alone."""
    gate = Gate(snapshot, (), frame, ())
    lines = tuple(link_lines(gate, frame.links))
    return Plan(
        plan_id=frame.plan_id,
        company_id=frame.company_id,
        made_at=frame.made_at,
        made_by=frame.made_by,
        lines=lines,
        left_out=tuple(gate.left_out),
    )


def _waits(frame: Frame, finding: Finding) -> bool:
    """Whether what went back of a payment is not booked because something else is to be said about it first."""
    return finding.code in (FindingCode.REFUNDED, FindingCode.RETURNED) and finding.refs[0] in frame.held


def _balances(snapshot: Snapshot, lines: Sequence[PlanLine]) -> tuple[Effect, ...]:
    """What the accounts that are moved hold now, where the books say it and their name tells them apart."""
    moved = {(effect.account, effect.amount.currency) for line in lines for effect in line.effects}
    owed = {code for name, code in moved if name.startswith(RECEIVABLE)}
    held: dict[tuple[str, str], list[Money]] = {}
    for ref, account in snapshot.accounts.items():
        if not snapshot.in_books(ref) or account.balance is None or account.role is AccountRole.EXPENSE:
            continue
        key = (account.name, account.currency)
        if key in moved:
            held.setdefault(key, []).append(account.balance)
        if account.role is AccountRole.RECEIVABLE and account.active and account.currency in owed:
            held.setdefault((RECEIVABLE, account.currency), []).append(account.balance)
    return tuple(Effect(account=key[0], amount=each[0]) for key, each in sorted(held.items()) if len(each) == 1)


def _settled(gate: Gate, books: ConnectionId, decisions: Sequence[Decision], against: Against) -> Iterator[PlanLine]:
    words = said(gate.snapshot.rulings)
    for decision in decisions:
        if not all(gate.snapshot.in_books(allocation.target) for allocation in decision.allocations):
            continue
        if decision.payment.kind is Kind.CREDIT_NOTE:
            line = _credit(gate, books, decision)
        else:
            line = _payment(gate, books, decision, against, words)
        if line is not None:
            yield line


_RESTS_IN = {BookingPattern.CLEARING: "clearing", BookingPattern.DEPOSIT: "holding", BookingPattern.BANK: "bank"}
"""Where a payment is booked to, by the role of the account."""


def _payment(
    gate: Gate, books: ConnectionId, decision: Decision, against: Against, words: Mapping[Ref, Ruling]
) -> PlanLine | None:
    about = decision.payment
    payment = gate.snapshot.payments[about]
    targets = [allocation.target for allocation in decision.allocations]
    if not gate.open_to(about) or gate.leave_early(about) or gate.is_done(IntentKind.PAYMENT, about):
        return None
    if about in against.carried:
        gate.leave(
            FindingCode.PAYOUT_INCOMPLETE,
            f"Payment {about.vendor_id} of {grouped(payment.gross)} was given back and went into the books with its "
            "payout, for nothing; now it is money again.",
            "Record it by hand: its payout holds it already, so that it is no money on hand.",
            about,
        )
        return None
    payer, brought = _payer(gate, decision), _brought(gate, about, payment, against)
    if payer is None or brought is None:
        return None
    on = gate.day(IntentKind.PAYMENT, about, payment.received_on, [about, *targets])
    role = _RESTS_IN[gate.pattern(about.connection)]
    into = gate.account(about, brought[0], role) if on is not None else None
    if on is None or into is None:
        return None
    settled, changed = brought
    own = f" (changed into {grouped(settled)})" if changed is not None else ""
    who = gate.snapshot.name_of(payer.customer)
    numbers = f" for {', '.join(gate.number(target) for target in targets)}" if targets else ""
    applied = total((a.amount for a in decision.allocations), payment.gross.currency)
    part = f"{grouped(decision.unapplied)} of it" if targets else "all of it"
    rest = f", {part} as unapplied credit" if decision.unapplied else ""
    intent = PostPayment(
        books=books,
        customer=payer.customer,
        on=on,
        total=decision.gross,
        allocations=decision.allocations,
        into=into,
        about=about,
        memo=f"{about.connection} {payment.method} payment {about.vendor_id}",
        exchange=changed,
    )
    return gate.line(
        intent,
        f"Record {grouped(payment.gross)}{own} received from {who}{payer.merged}{numbers}{rest}"
        f"{in_words(gate.snapshot, decision, words)}." + redated(on, payment.received_on),
        effects=(
            Effect(account=gate.name(into), amount=settled),
            Effect(account=f"Accounts receivable: {who}", amount=-applied - decision.unapplied),
        ),
        evidence=(*decision.evidence, *payer.evidence),
        expects=[about, *targets],
    )


def _brought(gate: Gate, about: Ref, payment: Payment, against: Against) -> tuple[Money, Exchange | None] | None:
    """What a payment brought into its processor's balance, and its exchange; None where it cannot be booked, listed."""
    found = against.settled(payment)
    if found is not None and (found[1] is None or gate.pattern(about.connection) is BookingPattern.CLEARING):
        return found
    into = payment.net + payment.fee if payment.net is not None and payment.fee is not None else payment.gross
    why = against.unchanged(about, payment.gross.currency, into)
    said = f"Payment {why.sentence}" if found is None else f"Payment {about.vendor_id} was changed into {grouped(into)}"
    rest = "" if found is None else ", and in the deposit pattern a payment waits for its deposit in its own currency"
    gate.leave(FindingCode.EXCHANGE, f"{said}{rest}. It is not posted.", why.next_step, about)
    return None


def _credit(gate: Gate, books: ConnectionId, decision: Decision) -> PlanLine | None:
    """A credit note against invoices, where a decision says which and how much: both sides are named and equal.

    One application per credit note: it is what the entry is about.
    """
    about = decision.payment
    note = gate.snapshot.credit_notes.get(about)
    if note is None or gate.is_done(IntentKind.CREDIT, about):
        return None
    code = note.open.currency
    given = total((a.amount for a in decision.allocations if a.target.kind is Kind.CREDIT_NOTE), code)
    taken = total((a.amount for a in decision.allocations if a.target.kind is Kind.INVOICE), code)
    targets = [allocation.target for allocation in decision.allocations]
    if given != taken or given.minor <= 0 or given > note.open:
        gate.leave(
            FindingCode.DOES_NOT_TIE,
            f"Credit note {gate.number(about)} gives {grouped(given)} of the {grouped(note.open)} it has, and its "
            f"invoices take {grouped(taken)}.",
            "Apply it by hand.",
            about,
        )
        return None
    payer = _payer(gate, decision)
    own = max(
        note.issued_on, *(gate.snapshot.invoices[each].issued_on for each in targets if each.kind is Kind.INVOICE)
    )
    on = gate.day(IntentKind.CREDIT, about, own, [about, *targets]) if payer is not None else None
    if payer is None or on is None:
        return None
    who = gate.snapshot.name_of(payer.customer)
    invoices = ", ".join(gate.number(target) for target in targets if target.kind is Kind.INVOICE)
    intent = ApplyCredit(
        books=books,
        customer=payer.customer,
        on=on,
        allocations=decision.allocations,
        about=about,
        memo=f"credit note {gate.number(about)} against {invoices}",
    )
    return gate.line(
        intent,
        f"Apply {grouped(given)} of credit note {gate.number(about)} of {who}{payer.merged} to {invoices}."
        + redated(on, own),
        effects=(),
        evidence=(*decision.evidence, *payer.evidence),
        expects=targets,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payer:
    """The customer of the books to post to; `merged` says in words that its invoices were another's before."""

    customer: Ref
    merged: str = ""
    evidence: tuple[Evidence, ...] = ()


def _payer(gate: Gate, decision: Decision) -> _Payer | None:
    """Whose invoices these are now: merges are followed and told; a customer that is gone is nobody to post to."""
    snapshot, about = gate.snapshot, decision.payment
    target = next((a.target for a in decision.allocations if a.target.kind is Kind.INVOICE), None)
    invoice = snapshot.invoices.get(target) if target is not None else None
    named = invoice.customer if invoice is not None else decision.customer
    now = snapshot.survivor(named)
    if named is None or now is None:
        return None
    customer = snapshot.customers.get(now)
    if now in snapshot.gone or (customer is not None and not customer.active):
        what = "is gone from the books" if now in snapshot.gone else "is inactive in the books"
        gate.leave(
            FindingCode.CUSTOMER_GONE,
            f"{about.vendor_id} pays an invoice of {snapshot.name_of(now)} (customer {now.vendor_id}), who {what}.",
            "Make the customer active there, or give the invoice to the right one, and sync; or record it by hand.",
            about,
            now,
        )
        return None
    gross = decision.gross
    if customer is not None and customer.currency not in (None, gross.currency):
        gate.leave(
            FindingCode.WRONG_CURRENCY,
            f"{about.vendor_id} is in {gross.currency}, and {customer.name} is kept in {customer.currency}.",
            "The books take no such entry; record it by hand.",
            about,
            now,
        )
        return None
    if now == named:
        return _Payer(customer=now)
    return _Payer(
        customer=now,
        merged=f" (customer {named.vendor_id} was merged into it)",
        evidence=(Evidence(ref=named, field="merged into", says=str(now)),),
    )
