"""What the page of a link says, decided from values alone: what is due, the ways to pay it, where a payment stands.

A payer learns what is asked, by whom, whether it is paid and what to do; never another invoice, a vendor's answer, or
anything of the payer's own file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import assert_never

from connector.app.paying import Visit
from connector.app.selling import Seller
from connector.errors import LeaseLost, OutcomeUnknown, ReceivablesError, Refused, StoreLocked, VendorError
from connector.model.paylink import AmountMode
from connector.paylinks import Offer, Setback, Settled
from connector.web.tongues import Tongue

OK, CONFLICT, BROKEN, UNAVAILABLE = 200, 409, 500, 503

TRANSFER, CHEQUE, DOCUMENT, QUESTION, STATE, LOGO, THANKS = (
    "transfer",
    "cheque",
    "invoice",
    "question",
    "state",
    "logo",
    "thanks",
)
"""What `?show=` can ask for."""

RECEIVED = "received"
"""The money is there, and only the books do not know it yet."""

WAITING = frozenset({str(Offer.PROCESSING), str(Offer.CHECKING)})
"""Where the page asks by itself whether something has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One way to pay."""

    code: str
    title: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One payment that came, as its receipt."""

    amount: str
    how: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePage:
    """The page of a link, in words. What is empty is not shown."""

    title: str
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    due: str = ""
    rows: tuple[tuple[str, str, str], ...] = ()
    notice: str = ""
    notice_said: str = ""
    mood: str = ""
    pending: str = ""
    given_back: tuple[str, ...] = ()
    receipts: tuple[Received, ...] = ()
    buttons: tuple[Button, ...] = ()
    panels: tuple[Button, ...] = ()
    amount_hint: str = ""
    amount_given: str = ""
    amount_fault: str = ""
    document: bool = False
    again: bool = False
    updated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidPage:
    """A page that says one thing, and where to go on."""

    status: int
    title: str
    headline: str
    notice: str
    notice_said: str
    onward: str
    mood: str = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: the language, the zone in which times are told, and who asks."""

    tongue: Tongue
    zone: tzinfo
    seller: Seller


def subject(visit: Visit, reader: Reader) -> str:
    """Invoice P-1, or 3 invoices, or just Invoice."""
    said = reader.tongue.said
    if len(visit.debts) > 1:
        return said.invoices.format(count=len(visit.debts))
    return said.invoice.format(number=visit.number) if visit.number else said.invoice_alone


def state_of(visit: Visit) -> str:
    """How the link stands, in one word and nothing else. What is still on its way is not received."""
    received = visit.settlement is not None and visit.settlement.state is Settled.PAID
    return RECEIVED if visit.showing.offer is Offer.PROCESSING and received else str(visit.showing.offer)


def page_of(
    visit: Visit, reader: Reader, titles: Mapping[str, str], *, document: bool = False, wrong_amount: str | None = None
) -> InvoicePage:
    """The page of a link as it stands now. `titles` are the methods' names in the reader's language; `document`:
    the invoice can be had as one; `wrong_amount`: what was typed, where it was no amount that may be paid."""
    said, money = reader.tongue.said, reader.tongue.money
    what = subject(visit, reader)
    page = InvoicePage(
        title=said.from_seller.format(what=what, seller=reader.seller.name),
        headline=what,
        facts=_facts(visit, reader),
        pending=said.on_its_way.format(amount=money(visit.pending)) if visit.pending else "",
        given_back=tuple(said.given_back.format(amount=money(each)) for each in visit.given_back),
        receipts=_receipts(visit, reader, titles),
        document=document,
        again=state_of(visit) in WAITING,
        updated=updated(visit, reader),
    )
    match visit.showing.offer:
        case Offer.PAY:
            return _to_pay(page, visit, reader, titles, wrong_amount)
        case Offer.PAID:
            return replace(page, notice=said.paid, notice_said=said.paid_said, mood="paid")
        case Offer.PROCESSING if state_of(visit) == RECEIVED:
            return replace(page, notice=said.received, notice_said=said.received_said, mood="paid")
        case Offer.PROCESSING:
            return replace(page, notice=said.processing, notice_said=said.processing_said)
        case Offer.CHECKING:
            return replace(page, notice=said.checking, notice_said=said.checking_said)
        case Offer.CLOSED:
            told = said.closed_said.format(seller=reader.seller.name)
            return replace(page, notice=said.closed, notice_said=told, document=False)
        case _:
            assert_never(visit.showing.offer)


def _to_pay(
    page: InvoicePage, visit: Visit, reader: Reader, titles: Mapping[str, str], wrong_amount: str | None
) -> InvoicePage:
    said, money = reader.tongue.said, reader.tongue.money
    due, allowed = visit.showing.amount, visit.amounts
    buttons = tuple(
        Button(
            code=way.code,
            title=titles.get(way.code) or way.title,
            hint=said.takes_days if way.delayed else said.at_once,
        )
        for way in visit.ways
    )
    panels = _panels(visit, reader)
    bounds = {"least": money(allowed.least), "most": money(allowed.most)}
    partial = allowed.mode is not AmountMode.WHOLE and bool(buttons)
    page = replace(
        page,
        due=money(due),
        rows=_rows(visit, reader) if len(visit.debts) > 1 else (),
        buttons=buttons,
        panels=panels,
        amount_hint=said.amount_between.format(**bounds) if partial else "",
        amount_given=(wrong_amount if wrong_amount is not None else reader.tongue.figure(due)) if partial else "",
        amount_fault=said.amount_wrong.format(**bounds) if partial and wrong_amount is not None else "",
    )
    page = _set_back(page, visit, reader)
    if buttons or panels:
        return page
    return replace(page, notice=said.ways, notice_said=said.no_ways.format(seller=reader.seller.name))


def _set_back(page: InvoicePage, visit: Visit, reader: Reader) -> InvoicePage:
    """Whoever has tried before is told what became of it."""
    said = reader.tongue.said
    match visit.setback:
        case None:
            return page
        case Setback.FAILED:
            return replace(page, notice=said.failed, notice_said=said.failed_said, mood="fault")
        case Setback.RETURNED:
            told = said.returned_said.format(seller=reader.seller.name)
            return replace(page, notice=said.returned, notice_said=told, mood="fault")
        case _:
            assert_never(visit.setback)


def _panels(visit: Visit, reader: Reader) -> tuple[Button, ...]:
    """The ways that need no processor."""
    said, code = reader.tongue.said, visit.showing.amount.currency
    found: list[Button] = []
    if code in reader.seller.accounts:
        found.append(Button(code=TRANSFER, title=said.by_transfer, hint=said.by_transfer_hint))
    if reader.seller.cheque is not None and reader.seller.cheque.takes(code):
        found.append(Button(code=CHEQUE, title=said.by_cheque, hint=said.by_cheque_hint))
    return tuple(found)


def _facts(visit: Visit, reader: Reader) -> tuple[tuple[str, str], ...]:
    """What identifies the one invoice; several stand in a table instead."""
    if len(visit.debts) != 1:
        return ()
    said, debt = reader.tongue.said, visit.debts[0]
    facts = [(said.issued, reader.tongue.day(debt.issued_on))]
    if debt.due_on is not None:
        facts.append((said.due, reader.tongue.day(debt.due_on)))
    if debt.total != debt.open:
        facts.append((said.total, reader.tongue.money(debt.total)))
    return tuple(facts)


def _rows(visit: Visit, reader: Reader) -> tuple[tuple[str, str, str], ...]:
    """Number, day and share of each invoice of a link that is for several."""
    return tuple(
        (
            debt.number or reader.tongue.said.invoice_alone,
            reader.tongue.short_day(debt.due_on) if debt.due_on is not None else "",
            reader.tongue.money(debt.share),
        )
        for debt in visit.debts
    )


def _receipts(visit: Visit, reader: Reader, titles: Mapping[str, str]) -> tuple[Received, ...]:
    """The money that has come. For what is still on its way nobody gets a receipt."""
    return tuple(
        Received(
            amount=reader.tongue.money(paid.amount),
            how=", ".join(part for part in (titles.get(paid.method, ""), reader.tongue.day(paid.on)) if part),
            reference=paid.reference or "",
        )
        for paid in visit.receipts
        if not paid.clearing
    )


def updated(visit: Visit, reader: Reader) -> str:
    """When the balance was last heard of; nothing where nobody knows."""
    if visit.as_of is None:
        return ""
    return reader.tongue.said.updated.format(moment=reader.tongue.moment(visit.as_of, reader.zone))


def fault_of(error: ReceivablesError, reader: Reader, number: str | None) -> SaidPage:
    """What a payer is told when a look or a click did not come off: one sentence, and what to do.

    A click only ever opens a page, so it charges nothing, whatever became of it.
    """
    said = reader.tongue.said
    match error:
        case Refused():
            told = (CONFLICT, said.refused, said.refused_said)
        case OutcomeUnknown():
            told = (UNAVAILABLE, said.no_answer, said.no_answer_said)
        case StoreLocked() | LeaseLost():
            told = (UNAVAILABLE, said.opening, said.opening_said)
        case VendorError():
            told = (UNAVAILABLE, said.away, said.away_said)
        case _:
            told = (BROKEN, said.not_shown, said.not_shown_said)
    what = said.invoice.format(number=number) if number else said.invoice_alone
    return told_page(told, reader, what)


def told_page(told: tuple[int, str, str], reader: Reader, what: str, *, mood: str = "fault") -> SaidPage:
    """A page of one status, headline and sentence."""
    said, seller = reader.tongue.said, reader.seller.name
    status, notice, notice_said = told[0], told[1].format(seller=seller), told[2].format(seller=seller)
    title = said.from_seller.format(what=what, seller=seller)
    return SaidPage(
        status=status,
        title=f"{notice.removesuffix('.')}: {title}",
        headline=what,
        notice=notice,
        notice_said=notice_said,
        onward=said.look_again if mood == "fault" else said.back,
        mood=mood,
    )
