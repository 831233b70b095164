"""People's part: what waits for them, and what they say about it. Every word is kept with its author and its time.

A decision of a person is checked like the engine's own: whole minor units, one currency, no more than came and no more
than is open. It stands until a person takes it back; no rerun alters it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from connector.app.books import Decided, reconcile_all
from connector.app.house import Desk
from connector.app.keeping import kept, last_number
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.allocation import Allocation, Shortfall
from connector.model.firm import MatchingRules
from connector.model.intent import IntentKind
from connector.model.money_in import Payment
from connector.model.ruling import Fact, Forgotten, Option, Ruling, RulingKind, Waiting
from connector.model.source import Kind, Ref
from connector.money import Currency, Money, MoneyError, from_text, grouped, total
from connector.reconcile.booked import posted_payments, subject_of, undone
from connector.reconcile.cash.verdict import Class
from connector.reconcile.learned import facts
from connector.reconcile.ledger import ledger
from connector.reconcile.match import Reconciliation, reconcile
from connector.reconcile.options import Review
from connector.reconcile.payer import Payers
from connector.reconcile.rulings import InForce, in_force, number_of, overtaken
from connector.reconcile.short import held_back
from connector.reconcile.snapshot import Snapshot

LEASE_NAME = "review"
MINOR_MAX = 10**15
_LOOK_AGAIN = "Look again: receivables review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was stored, and what it led to."""

    ruling: Ruling
    decided: Decided


def waiting(desk: Desk) -> tuple[Waiting, ...]:
    """Everything that waits for a person now, the largest sum of each currency first; what is shown is kept, so that
    a later word means what was seen."""
    seen = desk.snapshot()
    outcome = reconcile_all(desk).outcome
    rows = Review(seen, outcome).waiting()
    return tuple(sorted(rows, key=lambda row: (row.gross.currency, -row.gross.minor, row.payment)))


def confirm(desk: Desk, wanted: str, number: int) -> Said:
    """A person says yes to the option of that number, as it was last shown. Refused when it is not the same any more,
    when the payment is decided, or in the books."""
    with desk.lease(LEASE_NAME):
        seen, outcome, ref = _payment_to_decide(desk, wanted)
        option = _shown(desk, seen, outcome, ref, number)
        return _said(desk, seen, _word(desk, seen, ref, RulingKind.HUMAN, option))


def reject(desk: Desk, wanted: str, number: int) -> Said:
    """A person says no to an option, or to what is decided by itself; it is not proposed or decided again."""
    with desk.lease(LEASE_NAME):
        seen, outcome, ref = _payment_to_decide(desk, wanted)
        option = _shown(desk, seen, outcome, ref, number)
        return _said(desk, seen, _word(desk, seen, ref, RulingKind.REJECTED, option))


def allocate(desk: Desk, wanted: str, shares: Sequence[tuple[str, str]], *, on_account: bool) -> Said:
    """A person says what a payment pays: invoice (or credit note, below zero) and amount. Without `on_account` all of
    it must be given out."""
    with desk.lease(LEASE_NAME):
        seen, _, ref = _payment_to_decide(desk, wanted)
        option = _allotted(seen, ref, shares)
        if not any(each.target.kind is Kind.INVOICE for each in option.allocations):
            raise UserError(
                "No invoice is named that it pays.",
                next_step="Name one at least, as INVOICE=AMOUNT; money for nothing is recorded in the books by hand.",
            )
        if option.unapplied and not on_account:
            raise UserError(
                f"{grouped(option.unapplied)} of it would be for nothing.",
                next_step="Name what it pays, or keep it as the customer's credit with --on-account.",
            )
        return _said(desk, seen, _word(desk, seen, ref, RulingKind.HUMAN, option))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What giving a payment out so far comes to: what each share takes and leaves open, and what remains to be given
    out. Nothing is stored by it."""

    payment: Ref
    gross: Money
    shares: tuple[tuple[str, Money, Money], ...]
    left: Money
    owed: tuple[tuple[str, Money], ...]
    """What else of the same customers is open, oldest first, by its number."""


def try_out(desk: Desk, wanted: str, shares: Sequence[tuple[str, str]]) -> Trial:
    """The same as far as it goes, and what remains. Refused where it gives out more than came, or than is open."""
    seen, outcome, ref = _payment_to_decide(desk, wanted)
    option = _allotted(seen, ref, shares)
    _refuse_impossible(seen, _word(desk, seen, ref, RulingKind.HUMAN, option))
    opened = ledger(seen).opened
    taken = {each.target for each in option.allocations}
    names = Review(seen, outcome).options(ref) if outcome.applied is not None and ref in outcome.applied.places else ()
    likely = {each.target for one in names for each in one.allocations} | taken
    payers = {seen.payments[ref].customer, *(seen.invoices[each].customer for each in likely if each in seen.invoices)}
    return Trial(
        payment=ref,
        gross=seen.payments[ref].gross,
        shares=tuple(
            (
                number_of(seen, each.target),
                each.amount,
                Money(abs(opened[each.target] - each.amount.minor), each.amount.currency),
            )
            for each in option.allocations
        ),
        left=option.unapplied,
        owed=tuple(
            (number_of(seen, each), seen.invoices[each].open)
            for each in owed_by(seen, payers, option.unapplied.currency)
            if each not in taken
        ),
    )


def owed_by(seen: Snapshot, payers: Collection[Ref | None], code: Currency) -> list[Ref]:
    """The open invoices of the books of these customers in that currency, oldest first."""
    known = {seen.survivor(each) for each in payers if each is not None}
    found = [
        (invoice.due_on or invoice.issued_on, target)
        for target, invoice in seen.invoices.items()
        if seen.in_books(target)
        and invoice.open.minor > 0
        and invoice.open.currency == code
        and seen.survivor(invoice.customer) in known
    ]
    return [target for _, target in sorted(found)]


def _allotted(seen: Snapshot, ref: Ref, shares: Sequence[tuple[str, str]]) -> Option:
    """These shares of a payment, and what remains of it. UserError where they name a debt twice, or give out more than
    came."""
    payment = seen.payments[ref]
    allocations = tuple(_share(seen, ref, payment, number, amount) for number, amount in shares)
    targets = [each.target for each in allocations]
    twice = next((each for place, each in enumerate(targets) if each in targets[:place]), None)
    if twice is not None:
        raise UserError(f"{number_of(seen, twice)} is named twice.", next_step="Name each once, with one amount.")
    rest = payment.gross - total((each.amount for each in allocations), payment.gross.currency)
    if rest.minor < 0:
        raise UserError(
            f"That is {grouped(-rest)} more than the {grouped(payment.gross)} that came.", next_step="Give out less."
        )
    return Option(kind="human", allocations=allocations, unapplied=rest, sentence="")


def undo(desk: Desk, wanted: str) -> Said:
    """Take back the last that a person said about a payment, while nothing is posted."""
    with desk.lease(LEASE_NAME):
        seen = desk.snapshot()
        ref = payment_of(seen, wanted)
        _refuse_posted(seen, ref)
        last = in_force(seen.rulings).last(ref)
        if last is None:
            raise Refused(
                f"Nobody has said anything about {ref.vendor_id} that stands.",
                next_step="See what is decided: receivables reconcile",
            )
        taken_back = Option(kind="", allocations=last.allocations, unapplied=last.unapplied, sentence=last.sentence)
        word = _word(desk, seen, ref, RulingKind.UNDONE, taken_back)
        return _said(desk, seen, replace(word, of=last.number))


def say_short(desk: Desk, wanted: str, reason: str) -> Ruling:
    """A person says why a payment brought less than was open; what is short stays open. Refused where nothing is."""
    known = [each.value for each in Shortfall]
    if reason not in known:
        raise UserError(f"There is no reason {reason[:30]!r}.", next_step=f"Those there are: {', '.join(known)}.")
    with desk.lease(LEASE_NAME):
        seen = desk.snapshot()
        ref = payment_of(seen, wanted)
        held = [each for each in held_back(seen, reconcile(seen).decisions) if each.payment == ref]
        if not held:
            raise Refused(
                f"{ref.vendor_id} leaves nothing open of an invoice that it pays.",
                next_step="See what is held back: receivables aging",
            )
        rest = Option(kind="", allocations=(), unapplied=Money(0, seen.payments[ref].gross.currency), sentence="")
        said = ", ".join(f"{grouped(each.left)} of {each.number}" for each in held)
        word = replace(
            _word(desk, seen, ref, RulingKind.SHORT, rest), short=Shortfall(reason), sentence=f"{said} stays open."
        )
        return desk.store.add_rulings(desk.author("review"), [word], after=last_number(seen))[0]


def payment_of(seen: Snapshot, wanted: str) -> Ref:
    """The payment of that id; UnknownRecord, or a question when several systems have it."""
    found = [ref for ref in seen.payments if wanted in (ref.vendor_id, str(ref))]
    outside = [ref for ref in found if not seen.in_books(ref)] or found
    if not outside:
        raise UnknownRecord(
            f"There is no payment {wanted[:40]!r}.", next_step="See what waits: receivables review; or sync first."
        )
    if len(outside) > 1:
        raise UserError(
            f"Several systems have a payment {wanted[:40]!r}.",
            next_step="Name one of: " + ", ".join(str(ref) for ref in outside[:5]),
        )
    return outside[0]


def _payment_to_decide(desk: Desk, wanted: str) -> tuple[Snapshot, Reconciliation, Ref]:
    """The payment, if it is money that is in nobody's books and that no person has decided."""
    seen = desk.snapshot()
    ref = payment_of(seen, wanted)
    _refuse_posted(seen, ref)
    standing = in_force(seen.rulings).decided.get(ref)
    if standing is not None and standing.kind is RulingKind.HUMAN:
        raise Refused(
            f"{standing.by} decided about {ref.vendor_id} on {standing.at:%Y-%m-%d %H:%M} UTC already.",
            next_step=f"To decide anew, take that back: receivables review undo {ref.vendor_id}",
        )
    outcome = reconcile(seen)
    if outcome.applied is None or (ref not in outcome.applied.places and standing is None):
        said = next((each for each in outcome.findings if each.refs and each.refs[0] == ref), None)
        raise Refused(
            said.sentence if said is not None else f"{ref.vendor_id} is settled where it came from.",
            next_step=said.next_step if said is not None else "Nothing is to be decided about it.",
        )
    return seen, outcome, ref


def _refuse_posted(seen: Snapshot, ref: Ref) -> None:
    if seen.in_books(ref):
        raise Refused(
            f"{ref.vendor_id} was recorded in the books by a person; the connector does not change it.",
            next_step="Apply it there.",
        )
    if (IntentKind.PAYMENT, ref) in undone(seen):
        raise Refused(
            f"{ref.vendor_id} was posted and taken out of the books.",
            next_step=f"Let it be posted again: receivables review again {ref.vendor_id}; then say what it pays.",
        )
    posted = posted_payments(seen).get(ref)
    if posted is not None or subject_of(IntentKind.PAYMENT, ref) in seen.in_flight:
        where = f" as payment {posted.vendor_id}" if posted is not None else ""
        raise Refused(
            f"{ref.vendor_id} is written to the books{where}, so no word here changes it.",
            next_step="If it is wrong, undo its run (receivables undo), or void it in the books and sync.",
        )


def _shown(desk: Desk, seen: Snapshot, outcome: Reconciliation, ref: Ref, number: int) -> Option:
    """The option of that number as it was shown last; Refused when it is not there any more."""
    held = kept(desk, ref)
    options = held.options if held is not None else ()
    if not 1 <= number <= len(options):
        count = f"has {len(options)} options" if options else "has no option to say yes or no to"
        raise UserError(
            f"{ref.vendor_id} {count}, so there is no number {number}.",
            next_step=f"See them: receivables review; or say it yourself: receivables review allocate {ref.vendor_id}",
        )
    option = options[number - 1]
    now = Review(seen, outcome).options(ref) if outcome.applied is not None and ref in outcome.applied.places else ()
    if _what(option) not in [_what(each) for each in now]:
        raise Refused(f"What was shown for {ref.vendor_id} is not possible any more.", next_step=_LOOK_AGAIN)
    return option


def _what(option: Option) -> tuple[tuple[Allocation, ...], Money]:
    return option.allocations, option.unapplied


def _word(desk: Desk, seen: Snapshot, ref: Ref, kind: RulingKind, option: Option) -> Ruling:
    """What a person says now."""
    return Ruling(
        payment=ref,
        kind=kind,
        by=desk.actor,
        at=desk.clock.now(),
        gross=seen.payments[ref].gross,
        unapplied=option.unapplied,
        allocations=option.allocations,
        sentence=option.sentence,
    )


def _said(desk: Desk, seen: Snapshot, ruling: Ruling) -> Said:
    """Keep the word, then decide everything anew with it."""
    if ruling.kind is RulingKind.HUMAN:
        _refuse_impossible(seen, ruling)
    stored = desk.store.add_rulings(desk.author("review"), [ruling], after=last_number(seen))[0]
    desk.house.boundary("review.ruling-stored")
    return Said(ruling=stored, decided=reconcile_all(desk))


def _refuse_impossible(seen: Snapshot, ruling: Ruling) -> None:
    """Nothing may be spoken for twice: what other people's decisions have taken is not there any more."""
    standing: InForce = in_force(seen.rulings)
    opened = dict(ledger(seen).opened)
    posted = posted_payments(seen)
    for payment, other in standing.decided.items():
        if payment not in posted and payment != ruling.payment:
            for each in other.allocations:
                opened[each.target] = opened.get(each.target, 0) - each.amount.minor
    why = overtaken(seen, ruling, opened)
    if why is not None:
        raise Refused(f"That cannot be: {why}.", next_step="Give it less, or keep the rest with --on-account.")
    customers = {
        seen.survivor(invoice.customer)
        for each in ruling.allocations
        if (invoice := seen.invoices.get(each.target)) is not None
    }
    if len(customers) > 1:
        names = " and ".join(sorted(seen.name_of(customer) for customer in customers))
        raise Refused(
            f"Its invoices are of {names}, and one payment in the books has one customer.",
            next_step="Record it in the books by hand.",
        )


def _share(seen: Snapshot, ref: Ref, payment: Payment, number: str, amount: str) -> Allocation:
    """`INV-7`, `120.00` as an allocation of this payment."""
    target = debt_of(seen, number)
    code = payment.gross.currency
    held = seen.invoices.get(target) or seen.credit_notes[target]
    if held.total.currency != code:
        raise Refused(
            f"{number} is in {held.total.currency}, and {ref.vendor_id} brought {code}.",
            next_step="Record it in the books by hand, with the rate agreed with the payer.",
        )
    try:
        given = from_text(amount, code)
    except MoneyError as fault:
        raise UserError(fault.sentence, next_step=f"Write it as {number}=120.00") from None
    is_note = target.kind is Kind.CREDIT_NOTE
    if given.minor == 0 or abs(given.minor) > MINOR_MAX or (given.minor < 0) is not is_note:
        what = "A credit note takes an amount below zero" if is_note else "An invoice takes an amount above zero"
        raise UserError(f"{what}, not {amount[:30]}.", next_step=f"Write it as {number}={'-' if is_note else ''}120.00")
    return Allocation(payment=ref, target=target, amount=given)


def debt_of(seen: Snapshot, wanted: str) -> Ref:
    """An invoice or a credit note of the books by its number."""
    key = wanted.strip().casefold()
    held = [(ref, each.number) for ref, each in seen.invoices.items()]
    held += [(ref, each.number) for ref, each in seen.credit_notes.items()]
    found = [ref for ref, number in held if key in ((number or "").casefold(), str(ref).casefold())]
    own = [ref for ref in found if seen.in_books(ref)]
    if len(own) > 1:
        raise UserError(
            f"Several have the number {wanted[:40]!r}.",
            next_step="Name one of: " + ", ".join(str(ref) for ref in own[:5]),
        )
    if not own:
        where = f" in the books; it lives in {found[0].connection}" if found else ""
        raise UnknownRecord(
            f"There is no invoice or credit note {wanted[:40]!r}{where}.", next_step="Check the number, or sync first."
        )
    return own[0]


def known_facts(desk: Desk) -> tuple[Fact, ...]:
    """Who pays for whom, as far as payments taught it."""
    seen = desk.snapshot()
    return tuple(facts(seen, Payers(seen)).values())


def forget(desk: Desk, fact_id: str) -> Fact:
    """A fact says nothing any more, until a person decides so again. UnknownRecord: there is none of that id."""
    fact = next((each for each in known_facts(desk) if each.fact_id == fact_id), None)
    if fact is None:
        raise UnknownRecord(f"There is no fact {fact_id[:40]!r}.", next_step="See: receivables review facts")
    entry = Forgotten(fact_id=fact.fact_id, sign=fact.sign, by=desk.actor, at=desk.clock.now())
    desk.store.forget(desk.author("review"), entry)
    return fact


def set_rules(desk: Desk, rules: MatchingRules) -> None:
    """What of the engine posts by itself, and what it may assume, as `with_rules` made it."""
    desk.company = replace(desk.company, matching=rules)
    desk.store.set_company(desk.company, desk.actor)


def with_rules(
    desk: Desk,
    *,
    automatic: Sequence[str] | None = None,
    oldest_first: bool | None = None,
    bank_fee: int | None = None,
    rounding: int | None = None,
) -> MatchingRules:
    """The rules as they would be; nothing is stored. What is written off stays as it is (`small.rule_with`)."""
    known = [each.value for each in Class if each not in (Class.DUPLICATE, Class.REVERSAL, Class.IDENTICAL)]
    wrong = [each for each in automatic or () if each not in known]
    if wrong:
        raise UserError(f"There is no class {wrong[0][:30]!r}.", next_step=f"Those there are: {', '.join(known)}.")
    old = desk.company.matching
    return replace(
        old,
        automatic=tuple(each for each in known if each in automatic) if automatic is not None else old.automatic,
        oldest_first=old.oldest_first if oldest_first is None else oldest_first,
        bank_fee=old.bank_fee if bank_fee is None else bank_fee,
        rounding=old.rounding if rounding is None else rounding,
    )
