"""Small differences written off: one journal entry per invoice, and a credit that applies it to that invoice.

Two entries, because the books have none that closes an invoice without money: the entry debits the chosen account and
credits the customer, and a payment of nothing settles the invoice with that credit, as one does with a credit note. A
credit note of its own would need an item for sale and might be taxed. The second rests on the first and is sent after
it. What undoes them: the credit is voided first, then the entry is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connector.dates import BusinessDate
from connector.model.allocation import Allocation
from connector.model.finding import Evidence, Finding, FindingCode
from connector.model.intent import ApplyCredit, IntentKind, JournalPart, PostJournal
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.money import Money, grouped, total
from connector.plan.gate import Gate
from connector.plan.lines import RECEIVABLE, Effect, PlanLine
from connector.reconcile.rulings import number_of
from connector.reconcile.small import Rest, against, called, rests, waiting


def write_offs(gate: Gate, books: ConnectionId, today: BusinessDate | None) -> Iterator[PlanLine]:
    """The lines for every rest that is to be written off; what may not be, or not yet, is listed."""
    for rest in rests(gate.snapshot):
        if not gate.is_done(IntentKind.JOURNAL, rest.held.invoice):
            yield from _written_off(gate, books, rest, today or rest.held.on)
    yield from _half_done(gate, books, today)
    for target, word in waiting(gate.snapshot):
        if not gate.was_written(IntentKind.JOURNAL, target):
            _leave(
                gate,
                total((share.amount for share in word.allocations), word.gross.currency),
                f"The rest of {called(gate.snapshot, target)} is written off by a later plan, as {word.by} said: "
                f"payment {word.payment.vendor_id} has to stand in the books first.",
                "Apply this plan, then run: receivables plan",
                target,
                word.payment,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Applied:
    """A credit to be applied: of whom, how much, to which invoice, and the mark of the entry that gives it."""

    customer: Ref
    invoice: Ref
    amount: Money
    entry: OpId


def _written_off(gate: Gate, books: ConnectionId, rest: Rest, day: BusinessDate) -> Iterator[PlanLine]:
    held, snapshot = rest.held, gate.snapshot
    invoice, left, number = held.invoice, held.left, held.number
    why = against(snapshot, left, number, rest.word)
    if why is not None:
        _leave(gate, left, f"{why.sentence}.", why.next_step, invoice, held.payment)
        return
    customer = _customer(gate, invoice)
    on = gate.day(IntentKind.JOURNAL, invoice, day, [invoice]) if customer is not None else None
    owed = gate.account(invoice, left, "receivable") if on is not None else None
    account = snapshot.rules.write_offs.account
    if customer is None or on is None or owed is None or account is None:
        return
    entry = gate.line(
        PostJournal(
            books=books,
            on=on,
            parts=(
                JournalPart(account=account, amount=left),
                JournalPart(account=owed, amount=-left, customer=customer),
            ),
            about=invoice,
            memo=f"small difference on invoice {number} written off",
        ),
        f"Write off {grouped(left)} of {called(snapshot, invoice)} to {gate.name(account)}: payment "
        f"{held.payment.vendor_id} left it open ({held.words}); {_who(gate, rest)}.",
        effects=(
            Effect(account=gate.name(account), amount=left),
            Effect(account=f"{RECEIVABLE}: {snapshot.name_of(customer)}", amount=-left),
        ),
        evidence=(
            Evidence(ref=invoice, field="open", says=f"{grouped(left)} of {grouped(snapshot.invoices[invoice].total)}"),
            Evidence(ref=held.payment, field="short", says=held.words),
            Evidence(ref=invoice, field="written off", says=_who(gate, rest)),
        ),
        expects=[invoice],
    )
    yield entry
    yield _credit(gate, books, on, _Applied(customer=customer, invoice=invoice, amount=left, entry=entry.op_id))


def _who(gate: Gate, rest: Rest) -> str:
    """On whose word."""
    cap = gate.snapshot.rules.write_offs.cap(rest.held.left.currency)
    most = f" (at most {grouped(cap)} of an invoice)" if cap is not None else ""
    return f"{rest.word.by} says so{most}" if rest.word is not None else f"the company's rule says so{most}"


def _half_done(gate: Gate, books: ConnectionId, today: BusinessDate | None) -> Iterator[PlanLine]:
    """Entries that stand in the books and whose credit was not applied: the invoice changed in between, or the credit
    was refused."""
    for ref, entry in gate.snapshot.book_entries.items():
        found = next((s for s in entry.stamps if s.about is not None and s.about.kind is Kind.INVOICE), None)
        if found is None or found.about is None or not gate.snapshot.in_books(ref) or len(entry.owed) != 1:
            continue
        invoice, given = found.about, -entry.owed[0].amount
        if given.minor <= 0 or gate.is_done(IntentKind.CREDIT, invoice):
            continue
        held, customer = gate.snapshot.invoices.get(invoice), _customer(gate, invoice)
        if held is None or held.open < given:
            _leave(
                gate,
                given,
                f"{grouped(given)} of {number_of(gate.snapshot, invoice)} was written off by entry {ref.vendor_id}, "
                "and less than that is open of it now: the customer has it as a credit.",
                "Take it back by undoing its run (receivables plans), or apply it to another invoice in the books.",
                invoice,
                ref,
            )
            continue
        on = gate.day(IntentKind.CREDIT, invoice, today or entry.on, [invoice, ref]) if customer is not None else None
        if customer is not None and on is not None:
            yield _credit(
                gate, books, on, _Applied(customer=customer, invoice=invoice, amount=given, entry=found.op_id)
            )


def _credit(gate: Gate, books: ConnectionId, on: BusinessDate, wanted: _Applied) -> PlanLine:
    number = number_of(gate.snapshot, wanted.invoice)
    share = Allocation(payment=wanted.invoice, target=wanted.invoice, amount=wanted.amount)
    return gate.line(
        ApplyCredit(
            books=books,
            customer=wanted.customer,
            on=on,
            allocations=(share,),
            about=wanted.invoice,
            memo=f"small difference on invoice {number} settled",
            entry=wanted.entry,
        ),
        f"Settle the {grouped(wanted.amount)} written off of {number} with that entry, so that nothing stays open.",
        effects=(),
        evidence=(Evidence(ref=wanted.invoice, field="entry", says=str(wanted.entry)),),
        expects=[wanted.invoice],
    )


def _leave(gate: Gate, amount: Money, sentence: str, next_step: str, *refs: Ref) -> None:
    code = FindingCode.NOT_WRITTEN_OFF
    gate.left_out.append(Finding(code=code, sentence=sentence, next_step=next_step, refs=refs, amount=amount))


def _customer(gate: Gate, invoice: Ref) -> Ref | None:
    """Whose invoice it is now; one that takes no entries is listed."""
    snapshot = gate.snapshot
    held = snapshot.invoices.get(invoice)
    now = snapshot.survivor(held.customer) if held is not None else None
    record = snapshot.customers.get(now) if now is not None else None
    if now is None or now in snapshot.gone or (record is not None and not record.active):
        gate.leave(
            FindingCode.CUSTOMER_GONE,
            f"The rest of {number_of(snapshot, invoice)} is not written off: its customer is gone or inactive.",
            "Make the customer active in the books and sync; or write it off there by hand.",
            invoice,
        )
        return None
    return now
