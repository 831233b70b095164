"""Money that stands in the books and settles nothing, beside the invoices that it would settle.

Payments and credit notes of the books that are open are put to the cash application engine as money that came, after
what the processors' own payments take. Only what it decides is told: money in advance is rightly applied to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from connector.dates import BusinessDate, days_between
from connector.model.finding import Decision, Finding, FindingCode
from connector.model.money_in import Payment, PaymentState
from connector.model.source import Kind, Ref
from connector.money import Money, grouped
from connector.reconcile.applying import NEVER, Applied, Wanted, apply
from connector.reconcile.debts import OWED
from connector.reconcile.ledger import Ledger, items_of, ledger, parties_of
from connector.reconcile.polluted import Row, called, living
from connector.reconcile.rulings import number_of
from connector.reconcile.snapshot import Snapshot


def not_applied(
    snapshot: Snapshot, decided: Iterable[Decision], told: Collection[Ref], as_of: BusinessDate
) -> tuple[Row, ...]:
    """One row per payment or credit note that the engine would apply. `decided` is what comes first, `told` what is
    left aside because something else is wrong with it."""
    waiting = {ref: each for ref, each in _unapplied(snapshot).items() if ref not in told}
    if not waiting:
        return ()
    spent: Counter[Ref] = Counter()
    for decision in decided:
        for each in decision.allocations:
            spent[each.target] += each.amount.minor
    wanted = Wanted(payments=waiting, keys={}, words={}, spent=spent, doubted=frozenset())
    applied = apply(snapshot, wanted, _beside(snapshot, waiting), proposing=True)
    rows = (_row(snapshot, applied, ref, waiting[ref], as_of) for ref in sorted(waiting))
    return tuple(row for row in rows if row is not None)


def _beside(snapshot: Snapshot, waiting: Collection[Ref]) -> Ledger:
    """The ledger without credit notes that are put to it as money."""
    whole = ledger(snapshot)
    opened = {ref: minor for ref, minor in whole.opened.items() if ref not in waiting}
    refs, items = items_of(snapshot, opened, whole.payers)
    parties = parties_of(snapshot, items, whole.payers)
    return replace(whole, opened=opened, refs=refs, items=items, parties=parties)


def _unapplied(snapshot: Snapshot) -> dict[Ref, Payment]:
    """What is open of the payments and credit notes of the books, as money that came."""
    found = {
        ref: replace(payment, gross=payment.unapplied, allocations=())
        for ref, payment in living(snapshot)
        if payment.unapplied is not None and payment.unapplied.minor > 0
    }
    for ref, note in snapshot.credit_notes.items():
        if snapshot.in_books(ref) and note.state in OWED and note.open.minor > 0:
            found[ref] = Payment(
                customer=note.customer,
                received_on=note.issued_on,
                gross=note.open,
                state=PaymentState.SUCCEEDED,
                method="credit",
            )
    return found


def _row(snapshot: Snapshot, applied: Applied, ref: Ref, payment: Payment, as_of: BusinessDate) -> Row | None:
    verdict = applied.verdict(ref)
    shares = applied.shares(verdict) if verdict is not None and verdict.kind not in NEVER else {}
    if not shares:
        return None
    code = payment.gross.currency
    settles = ", ".join(
        f"{number_of(snapshot, target)} ({grouped(Money(minor, code))})" for target, minor in sorted(shares.items())
    )
    note = snapshot.credit_notes.get(ref)
    what = f"credit note {note.number or ref.vendor_id}" if note is not None else called(ref)
    age = days_between(payment.received_on, as_of)
    return Row(
        Finding(
            code=FindingCode.NOT_APPLIED,
            sentence=f"{grouped(payment.gross)} of {what} from {snapshot.name_of(payment.customer)} settles nothing "
            f"for {age} days, and would settle {settles}.",
            next_step=f"If that is right, apply {what} to it in the books.",
            refs=(ref, *sorted(target for target in shares if target.kind is Kind.INVOICE)),
            amount=payment.gross,
        ),
        payment.received_on,
        age,
    )
