"""What of the decisions can be written as it stands: whole or not at all, and never without its reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from connector.model.finding import Decision
from connector.model.intent import IntentKind
from connector.model.source import Kind, Ref
from connector.money import grouped, total
from connector.reconcile import reasons
from connector.reconcile.booked import subject_of, unnumbered
from connector.reconcile.match import Reconciliation
from connector.reconcile.snapshot import Snapshot


def postable(snapshot: Snapshot, outcome: Reconciliation) -> Reconciliation:
    """The same without decisions that no entry of ours can hold; each is a finding instead."""
    why = {each.payment: said for each in outcome.decisions if (said := _unwritable(snapshot, each)) is not None}
    return without(outcome, why)


def without(outcome: Reconciliation, why: dict[Ref, str]) -> Reconciliation:
    """The same without these payments' decisions, and without what goes together with them."""
    gone = set(why) | {each.beside for each in outcome.decisions if each.payment in why and each.beside is not None}
    left = tuple(each for each in outcome.decisions if each.payment not in gone and each.beside not in gone)
    findings = tuple(
        reasons.not_postable(each.payment, each.gross, why.get(each.payment) or next(iter(_beside(outcome, each, why))))
        for each in outcome.decisions
        if each.payment in gone and each.beside is None
    )
    return replace(outcome, decisions=left, findings=(*outcome.findings, *findings))


def _beside(outcome: Reconciliation, decision: Decision, why: dict[Ref, str]) -> Iterable[str]:
    return (why[each.payment] for each in outcome.decisions if each.beside == decision.payment and each.payment in why)


def torn(snapshot: Snapshot, outcome: Reconciliation, planned: Collection[str]) -> dict[Ref, str]:
    """Payments and credit notes that are decided together, of which a plan holds one and not the other. `planned` are
    the subjects of its lines."""
    found: dict[Ref, str] = {}
    lines = {unnumbered(subject) for subject in planned}
    for each in outcome.decisions:
        if each.beside is None:
            continue
        note, money = subject_of(IntentKind.CREDIT, each.payment), subject_of(IntentKind.PAYMENT, each.beside)
        if (note in lines) is not (money in lines) and not {note, money} & snapshot.in_flight:
            other = "its credit note" if money in lines else "its payment"
            found[each.beside] = f"{other} cannot be written now"
    return found


def _unwritable(snapshot: Snapshot, decision: Decision) -> str | None:
    """Why no entry of ours can say this, in words without a full stop."""
    code = decision.gross.currency
    parts = [part for each in decision.allocations for part in each.adjustments]
    if parts:
        amount = grouped(total((part.amount for part in parts), code))
        kinds = " and ".join(dict.fromkeys(part.kind.value.replace("_", " ") for part in parts))
        return f"{amount} of it is {kinds}, for which we write no entry yet"
    invoices = [snapshot.invoices.get(each.target) for each in decision.allocations if each.target.kind is Kind.INVOICE]
    customers = {snapshot.survivor(each.customer) for each in invoices if each is not None}
    if len(customers) > 1:
        names = " and ".join(sorted(snapshot.name_of(customer) for customer in customers))
        return f"its invoices are of {names}, and one payment in the books has one customer"
    return None
