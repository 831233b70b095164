"""The payment link of an invoice, put where its customer sees it, and taken off again: lines of a plan like any other.

What people have on the invoice stays theirs. A link that a person took off is not put there again by itself, and a line
that a person changed is left as it is; both are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connector.model.finding import Evidence, FindingCode
from connector.model.intent import IntentKind, ShowLink
from connector.model.invoice import Invoice, InvoiceState
from connector.model.link_line import LinkLine
from connector.paylinks import OnInvoice
from connector.plan.gate import Gate
from connector.plan.lines import PlanLine

_NOT_SHOWN = frozenset({InvoiceState.VOID, InvoiceState.DRAFT, InvoiceState.UNKNOWN})


def link_lines(gate: Gate, wanted: Sequence[OnInvoice]) -> Iterator[PlanLine]:
    """A line for each invoice that does not show what it is to show."""
    for each in wanted:
        invoice = gate.snapshot.invoices.get(each.invoice)
        under_way = each.last is not None and each.last.under_way
        if invoice is None or under_way or not gate.snapshot.in_books(each.invoice):
            continue
        change = _change(gate, each, invoice)
        if change is not None and _may(gate, each, invoice):
            yield _line(gate, each, invoice, *change)


def _change(gate: Gate, each: OnInvoice, invoice: Invoice) -> tuple[LinkLine | None, LinkLine | None] | None:
    """What goes off and what comes on; None where nothing is to be done, or nothing may be."""
    ours = each.last.line if each.last is not None else None
    secrets = {seen.secret_hash for seen in invoice.links}
    lines = {seen.line for seen in invoice.links}
    wanted = each.line if invoice.state not in _NOT_SHOWN else None
    if ours is not None and ours.seen.secret_hash in secrets and ours.seen.line not in lines:
        if wanted is None or wanted.seen.secret_hash != ours.seen.secret_hash:
            _tell_changed(gate, each)
        return None
    stands = ours if ours is not None and ours.seen.line in lines else None
    if wanted is None:
        return (stands, None) if stands is not None else None
    if wanted.seen.line in lines or (stands is None and wanted.seen.secret_hash in secrets):
        return None  # it is there, whoever put it there
    if ours is not None and stands is None and not each.again:
        _tell_taken_off(gate, each)
        return None
    return stands, wanted


def _tell_changed(gate: Gate, each: OnInvoice) -> None:
    gate.leave(
        FindingCode.LINK_CHANGED,
        f"Somebody changed the line with the payment link on invoice {gate.number(each.invoice)}; {each.why}, and the "
        "line is left as it is.",
        "Put it right there by hand.",
        each.invoice,
    )


def _tell_taken_off(gate: Gate, each: OnInvoice) -> None:
    run = each.last.run if each.last is not None else ""
    how = f"by undoing {run}" if run else "there by a person"
    number = gate.number(each.invoice)
    gate.leave(
        FindingCode.POSTING_UNDONE,
        f"The payment link was taken off invoice {number} {how}.",
        f"It is not put there again by itself: receivables link put {number}",
        each.invoice,
    )


def _may(gate: Gate, each: OnInvoice, invoice: Invoice) -> bool:
    """Whether the invoice may be touched; else it is listed why not. No date is ever moved for it."""
    about = each.invoice
    if gate.is_held([about], (IntentKind.LINK, about)) or gate.is_untied(IntentKind.LINK, about, [about]):
        return False
    if gate.is_closed(invoice.issued_on):
        gate.leave(
            FindingCode.CLOSED_PERIOD,
            f"Invoice {gate.number(about)} is of {invoice.issued_on}, and the books are closed then: what it shows of "
            "its payment link cannot be changed.",
            f"Send the link itself: receivables link create {gate.number(about)} --message",
            about,
        )
        return False
    return True


def _line(gate: Gate, each: OnInvoice, invoice: Invoice, takes_out: LinkLine | None, puts: LinkLine | None) -> PlanLine:
    number, who = gate.number(each.invoice), gate.snapshot.name_of(invoice.customer)
    match takes_out, puts:
        case None, _:
            said = f"Put the payment link on invoice {number} of {who}, where the customer reads it."
        case _, None:
            said = f"Take the payment link off invoice {number} of {who}: {each.why}."
        case _:
            said = f"Put the payment link of invoice {number} of {who} in place of the one on it: {each.why}."
    evidence = [Evidence(ref=each.invoice, field="link", says=each.why)]
    if puts is not None:
        evidence.append(Evidence(ref=each.invoice, field=each.place, says=puts.text))
    count = each.last.count if each.last is not None else 0
    line = gate.line(
        ShowLink(
            books=each.invoice.connection,
            about=each.invoice,
            on=invoice.issued_on,
            place=each.place,
            memo=f"payment link of invoice {number}",
            puts=puts,
            takes_out=takes_out,
        ),
        said,
        effects=(),
        evidence=tuple(evidence),
        expects=[each.invoice],
    )
    # One invoice is written to several times in its life: each time is a write of its own.
    return replace(line, subject=f"{IntentKind.LINK}:{each.invoice}/{count + 1}")
