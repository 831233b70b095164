"""Small differences: what a person says about a single rest, and the rule of the company."""

from __future__ import annotations

from dataclasses import replace

from connector.app.approving import money_limits
from connector.app.house import Desk
from connector.app.keeping import last_number
from connector.app.reviewing import LEASE_NAME, debt_of, payment_of
from connector.app.setup import account_named
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.allocation import Allocation
from connector.model.firm import WriteOffs
from connector.model.intent import IntentKind
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Ref
from connector.money import Money, grouped
from connector.reconcile.booked import subject_of
from connector.reconcile.match import reconcile
from connector.reconcile.small import HOW, against, left_by, unfit
from connector.reconcile.snapshot import Snapshot


def write_off(desk: Desk, wanted: str, *, off: bool = True) -> Ruling:
    """A person says that what a payment (or an invoice, by its number) left open is written off, or that it stays open
    whatever the company's rule is. Refused where nothing is left, or more than the rule allows.

    Nothing is written by it: it is a line of the next plan once the payment stands in the books.
    """
    with desk.lease(LEASE_NAME):
        seen = desk.snapshot()
        ref = _short_of(seen, wanted)
        held = left_by(seen, ref, reconcile(seen).decisions)
        if not held:
            raise Refused(
                f"{wanted[:40]} leaves nothing open of an invoice, as far as it is decided what it pays.",
                next_step="See what is held back: receivables aging. Of a payment that waits, say first what it pays: "
                "receivables review allocate PAYMENT INVOICE=AMOUNT",
            )
        written = next((each for each in held if subject_of(IntentKind.JOURNAL, each.invoice) in seen.in_flight), None)
        if written is not None:
            raise Refused(
                f"The rest of {written.number} is written off in the books already, or is being so.",
                next_step="To take that back, undo its run: receivables plans",
            )
        for each in held if off else ():
            why = against(seen, each.left, each.number)
            if why is not None:
                raise Refused(f"{why.sentence}.", next_step=why.next_step)
        said = " and ".join(f"{grouped(each.left)} of {each.number}" for each in held)
        payment = seen.payments[held[0].payment]
        word = Ruling(
            payment=held[0].payment,
            kind=RulingKind.WRITE_OFF if off else RulingKind.KEEP_OPEN,
            by=desk.actor,
            at=desk.clock.now(),
            gross=payment.gross,
            unapplied=Money(0, payment.gross.currency),
            allocations=tuple(Allocation(payment=each.payment, target=each.invoice, amount=each.left) for each in held),
            sentence=f"{said} {'is written off' if off else 'stays open'}.",
        )
        return desk.store.add_rulings(desk.author("review"), [word], after=last_number(seen))[0]


def _short_of(seen: Snapshot, wanted: str) -> Ref:
    """A payment by its id, or an invoice of the books by its number."""
    try:
        return payment_of(seen, wanted)
    except UnknownRecord:
        return debt_of(seen, wanted)


def rule_with(
    desk: Desk, *, account: str | None = None, largest: str | None = None, automatic: bool | None = None
) -> WriteOffs:
    """The rule for small differences as it would be: `account` by its exact name or our id, `largest` as amounts by
    commas, or "off". UserError or UnknownRecord where it cannot be so; nothing is stored."""
    rule = desk.company.matching.write_offs
    if account is not None:
        chosen = account_named(desk, desk.books().connection_id, account)[0]
        why = unfit(desk.snapshot(), chosen)
        if why is not None:
            raise UserError(f"{why.sentence}, so nothing is written off to it.", next_step="Choose an expense account.")
        rule = replace(rule, account=chosen)
    if largest is not None:
        rule = replace(rule, largest=money_limits(desk, largest))
    if automatic is not None:
        rule = replace(rule, automatic=automatic)
    if (rule.largest or rule.automatic) and rule.account is None:
        raise UserError("No account for small differences is chosen.", next_step=f"For example: {HOW}")
    if rule.automatic and not rule.largest:
        raise UserError("Nothing is written off by itself while no largest amount is chosen.", next_step=HOW)
    return rule
