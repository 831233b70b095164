"""Money that came for a link's debt without any page of ours: a bank's statement shows it, and names the debt.

A payer who copies the reference from a link's page and pays at a bank opens no page that could be asked. The evidence
is the line of the statement: where the payment is decided by the debt's own key, it gets a try and a receipt like any
other money of the link, and whatever page is still open for the same debt is closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from connector.app.debts import turn_of
from connector.app.house import Desk, new_op_id
from connector.app.settling import stop_others, too_much
from connector.dates import midnight, zone
from connector.model.finding import Decision, Ground
from connector.model.money_in import AttemptState, Payment
from connector.model.paylink import AttemptId, LinkAttempt, LinkState, PaymentLink, Receipt, ReceiptState, Step
from connector.model.source import Ref
from connector.reconcile.arrivals import banks
from connector.reconcile.match import decide
from connector.reconcile.snapshot import Snapshot

_ID_LENGTH = 20


def receive_by_evidence(desk: Desk, seen: Snapshot, links: tuple[PaymentLink, ...], cause: str) -> None:
    """Give every payment that a bank shows for a link's debt its one receipt. Whoever is told again adds nothing."""
    if not links or not banks(seen):
        return
    known = {each.payment for each in desk.store.receipts(desk.id)}
    for decision, link in _named(seen, links):
        if decision.payment not in known:
            with turn_of(desk, link.debts):
                _receive(desk, seen.payments[decision.payment], decision, link, cause)


def _named(seen: Snapshot, links: tuple[PaymentLink, ...]) -> Iterator[tuple[Decision, PaymentLink]]:
    """The decisions about a bank's lines that stand on a stored key, with the newest active link of the debt."""
    reading = banks(seen)
    by_debt: dict[Ref, PaymentLink] = {}
    for link in sorted(links, key=lambda each: (each.created_at, each.link_id)):
        if link.state is LinkState.ACTIVE:
            by_debt.update(dict.fromkeys(link.debts, link))
    for decision in decide(seen):
        own = decision.payment.connection in reading and decision.ground is Ground.STORED_KEY
        targets = [each.target for each in decision.allocations if each.target in by_debt]
        if own and decision.payment in seen.payments and len(targets) == 1:
            yield decision, by_debt[targets[0]]


def _receive(desk: Desk, payment: Payment, decision: Decision, link: PaymentLink, cause: str) -> None:
    debt = next(each.target for each in decision.allocations if each.target in link.debts)
    on = midnight(payment.received_on, zone(desk.company.zone))
    attempt = LinkAttempt(
        attempt_id=_attempt_id(decision.payment),
        link_id=link.link_id,
        debt=debt,
        connection=decision.payment.connection,
        op_id=new_op_id(),
        amount=payment.gross,
        methods=(payment.method,),
        state=AttemptState.SUCCEEDED,
        expires_at=on,
        created_at=on,
    )
    receipt = Receipt(
        payment=decision.payment,
        attempt_id=attempt.attempt_id,
        link_id=link.link_id,
        debt=debt,
        amount=payment.gross,
        kept=payment.gross,
        state=ReceiptState.SUCCEEDED,
        at=on,
        method=payment.method,
        flags=(),
    )
    step = Step(
        attempt_id=attempt.attempt_id,
        link_id=link.link_id,
        before="",
        after=attempt.state,
        cause=f"{cause}, a line of {decision.payment.connection}",
        payment=decision.payment,
        flags=too_much(desk, attempt, receipt),
    )
    if desk.store.add_receipt(desk.id, receipt, attempt, step):
        desk.house.boundary("link.receipt-stored")
        stop_others(desk, attempt, f"{attempt.attempt_id} came by the bank")


def _attempt_id(payment: Ref) -> AttemptId:
    """The same for the same line, so that it never gets two."""
    return AttemptId(f"b-{hashlib.sha256(str(payment).encode()).hexdigest()[:_ID_LENGTH]}")
