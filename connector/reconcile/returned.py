"""What came back after it had arrived: on which day and why, by which lines of the ledger, and for which invoice.

A payment counts as returned when that is final: a bank debit that came back, one that failed late, a dispute that was
lost. What the processor's ledger took is looked at line by line, because a dispute can be about a part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connector.model.intent import IntentKind
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import EntryNature
from connector.model.source import Kind, Ref
from connector.money import Money, total
from connector.reconcile.booked import deposited, standing
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.pending import meant_for
from connector.reconcile.snapshot import Snapshot

_BACK = frozenset({EntryNature.DISPUTE, EntryNature.DISPUTE_BACK, EntryNature.RETURN})
_GIVEN = frozenset({EntryNature.REFUND, EntryNature.REFUND_BACK})


def returned(snapshot: Snapshot) -> dict[Ref, Payment]:
    """The processors' payments that have gone back for good, with the day and the reason where anybody says them."""
    disputes = disputes_of(snapshot)
    stand = ((ref, as_it_stands(ref, payment, disputes)) for ref, payment in snapshot.payments.items())
    return {ref: payment for ref, payment in stand if payment.state is PaymentState.RETURNED}


def lines_back(snapshot: Snapshot) -> dict[Ref, tuple[Ref, ...]]:
    """Per payment, the lines by which its money left the processor's balance again, or came into it once more."""
    found: dict[Ref, tuple[Ref, ...]] = defaultdict(tuple)
    for ref, entry in snapshot.balance_entries.items():
        about = entry.about
        if about is not None and about.kind is Kind.DISPUTE:
            dispute = snapshot.disputes.get(about)
            about = dispute.payment if dispute is not None else None
        if entry.nature in _BACK and about is not None and about.kind is Kind.PAYMENT:
            found[about] += (ref,)
    return dict(found)


def lines_given(snapshot: Snapshot) -> dict[Ref, tuple[Ref, ...]]:
    """Per payment, the lines by which it was refunded, or a refund that failed came back."""
    found: dict[Ref, tuple[Ref, ...]] = defaultdict(tuple)
    for ref, entry in snapshot.balance_entries.items():
        refund = snapshot.refunds.get(entry.about) if entry.about is not None else None
        if entry.nature in _GIVEN and refund is not None and refund.payment is not None:
            found[refund.payment] += (ref,)
    return dict(found)


def booked_back(snapshot: Snapshot) -> frozenset[Ref]:
    """Payments that went back, wholly or in part, and of which every line by which they did stands in the books too."""
    held, banked = standing(snapshot), deposited(snapshot)
    given, back = lines_given(snapshot), lines_back(snapshot)
    return frozenset(
        payment
        for payment in given.keys() | back.keys()
        if all(
            (IntentKind.JOURNAL, line) in held or line in banked
            for line in (*given.get(payment, ()), *back.get(payment, ()))
        )
    )


def taken(snapshot: Snapshot, lines: Sequence[Ref]) -> Money | None:
    """What those lines took of the balance, without fees; None where there are none, or they are in two currencies."""
    moves = [-snapshot.balance_entries[line].gross for line in lines]
    codes = {each.currency for each in moves}
    return total(moves, codes.pop()) if len(codes) == 1 else None


def returned_by_invoice(snapshot: Snapshot) -> dict[Ref, Payment]:
    """Per invoice, the payment for it that came back last."""
    back = returned(snapshot)
    found: dict[Ref, Payment] = {}
    for ref, target in meant_for(snapshot, back) if back else ():
        held = found.get(target)
        if held is None or held.received_on <= back[ref].received_on:
            found[target] = back[ref]
    return found
