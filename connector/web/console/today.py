"""Whom to contact today, and writing a contact down: one form, in the order in which one speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import Response

from connector.app.collecting import draft, log_contact, notes_for, unpushed
from connector.app.freshness import freshness
from connector.collect.contacts import Said, refuse_card_numbers
from connector.collect.worklist import WorkItem
from connector.dates import BusinessDate, Instant, business_date, instant, zone
from connector.errors import ReceivablesError, UserError
from connector.model.contact import Channel, Direction, Outcome, Promise
from connector.model.firm import NotesMode
from connector.model.person import Role
from connector.model.source import Ref
from connector.money import Money, MoneyError, by_currency, from_text
from connector.web import words
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look

SHOWN_MAX = 60
FOUND_MAX = 60
PROMISED_MINOR_MAX = 10**15
SAID_MAX = 8_000

OUTCOMES: tuple[tuple[Outcome, str], ...] = (
    (Outcome.REACHED, "Reached"),
    (Outcome.PROMISE, "Promised to pay"),
    (Outcome.NO_ANSWER, "No answer"),
    (Outcome.VOICEMAIL, "Voicemail"),
    (Outcome.SENT, "Written to"),
    (Outcome.AWAITING_APPROVAL, "Waits for approval there"),
    (Outcome.NEVER_RECEIVED, "Never received it"),
    (Outcome.DISPUTE, "Disputes it"),
    (Outcome.WRONG_PERSON, "Wrong person"),
    (Outcome.REFUSED, "Refuses"),
    (Outcome.STOP, "Must not be contacted"),
)

FIELDS = ("outcome", "channel", "direction", "person", "role", "to", "words", "amount", "by", "reason", "next", "when")
"""The form's fields, by the names under which they are kept when it has to be shown again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An invoice of the list, in words."""

    debt: WorkItem
    why: str
    last: str
    said: str


def show(visit: Visit) -> Response:
    """The list: those to contact first, those in peace after."""
    rows = visit.guest.tools.glass.today(visit.desk)
    calls = [_call(each) for each in rows]
    due = [each for each in calls if each.debt.due]
    return page(
        visit,
        "today.html",
        "Today",
        due=due[:SHOWN_MAX],
        count=len(due),
        sums=tuple(by_currency(each.debt.invoice.open for each in due).values()),
        decide=[each for each in calls if each.debt.handed_over][:SHOWN_MAX],
        peace=[each for each in calls if not each.debt.due and not each.debt.handed_over][:SHOWN_MAX],
        known=freshness(visit.desk),
        left=len(unpushed(visit.desk)) if visit.may(Role.PREPARE) else 0,
    )


def _call(each: WorkItem) -> Call:
    return Call(debt=each, why=words.why_now(each), last=words.last_contact(each.last), said=words.quoted(each.last))


def search(visit: Visit) -> Response:
    """What was ever said, by words in it."""
    wanted = visit.guest.asked("q")
    found = visit.desk.store.search_contacts(visit.desk.id, wanted) if wanted.strip() else ()
    return page(visit, "said.html", "What was said", room="today", q=wanted, found=found[:FOUND_MAX], count=len(found))


def form(visit: Visit) -> Response:
    """The form for one invoice."""
    return _form(visit, visit.guest.asked("invoice"))


def _form(visit: Visit, wanted: str, *, fault: ReceivablesError | None = None) -> Response:
    desk, guest = visit.desk, visit.guest
    ref = desk.invoice(wanted)
    seen = guest.tools.glass.snapshot(desk)
    invoice = seen.invoices[ref]
    held = seen.customers.get(invoice.customer) if invoice.customer is not None else None
    history = desk.store.contacts(desk.id, invoice=ref)
    kept = {name: guest.given(name, SAID_MAX) for name in FIELDS} if guest.form is not None else {}
    last = history[0] if history else None
    first = {
        "channel": Channel.PHONE.value,
        "direction": Direction.OUT.value,
        "person": (last.person or "") if last is not None else "",
        "to": (held.phone or held.email or "") if held is not None else "",
    }
    return page(
        visit,
        "contact.html",
        f"Contact about {invoice.number or ref.vendor_id}",
        room="today",
        wrong=fault,
        ref=ref,
        invoice=invoice,
        name=seen.name_of(invoice.customer),
        customer=held,
        history=history[:5],
        given={name: kept.get(name, first.get(name, "")) for name in FIELDS},
        outcomes=OUTCOMES,
        channels=tuple(Channel),
        pushes=desk.company.notes is NotesMode.AUTO,
    )


def log(visit: Visit) -> Response:
    """Write the contact down; its note is pushed where the company pushes notes by itself."""
    desk, guest = visit.desk, visit.guest
    wanted = guest.given("invoice")
    try:
        contact = draft(desk, wanted, _said(visit, desk.invoice(wanted)))
    except UserError as fault:
        return _form(visit, wanted, fault=fault)
    notes = notes_for(desk, contact) if desk.company.notes is NotesMode.AUTO else ()
    posted = log_contact(desk, contact, notes, lambda _row: None)
    said = f"Logged: {str(contact.outcome).replace('-', ' ')}, {contact.customer_name}."
    if notes:
        said += f" {len(posted.done)} of {len(notes)} notes pushed."
    return visit.to("today", said=said)


def _said(visit: Visit, ref: Ref) -> Said:
    """What the form says. UserError where it cannot be read."""
    guest, desk = visit.guest, visit.desk
    given = {name: guest.given(name, SAID_MAX) for name in FIELDS}
    refuse_card_numbers(*given.values())
    return Said(
        by=desk.actor,
        at=_moment(visit, given["when"]),
        zone=desk.company.zone,
        direction=Direction.IN if given["direction"] == Direction.IN else Direction.OUT,
        channel=_channel(given["channel"] or Channel.PHONE),
        outcome=_outcome(given["outcome"]),
        person=given["person"] or None,
        role=given["role"] or None,
        address=given["to"] or None,
        words=given["words"],
        promise=_promise(visit, ref, given["amount"], given["by"]),
        dispute_reason=given["reason"] or None,
        next_on=_day(given["next"]),
    )


def _outcome(given: str) -> Outcome:
    try:
        return Outcome(given)
    except ValueError:
        raise UserError("What came of it is not chosen.", next_step="Choose one of the outcomes.") from None


def _channel(given: str) -> Channel:
    try:
        return Channel(given)
    except ValueError:
        raise UserError("By what means is not chosen.", next_step="Choose one.") from None


def _day(given: str) -> BusinessDate | None:
    return business_date(given) if given else None


def _moment(visit: Visit, given: str) -> Instant:
    if not given:
        return visit.desk.clock.now()
    try:
        moment = datetime.fromisoformat(given)
        return instant(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone(visit.desk.company.zone)))
    except (ValueError, OverflowError):
        raise UserError(f"{given[:30]!r} is not a time.", next_step="Leave it empty for now.") from None


def _promise(visit: Visit, ref: Ref, amount: str, by: str) -> Promise | None:
    if not amount and not by:
        return None
    if not amount or not by:
        raise UserError("A promise needs its amount and its day.", next_step="Fill in both.")
    opened: Money = visit.guest.tools.glass.snapshot(visit.desk).invoices[ref].open
    try:
        promised = from_text(amount, opened.currency)
    except MoneyError as fault:
        raise UserError(fault.sentence, next_step="Write it as 1250.00.") from None
    if not 0 < promised.minor <= PROMISED_MINOR_MAX:
        raise UserError(f"{amount[:30]!r} cannot be promised.", next_step="Name the amount that they said they pay.")
    return Promise(amount=promised, by=business_date(by))


WAYS = (
    look("today", show),
    look("said", search),
    look("contact", form, Role.PREPARE),
    act("contact", Role.PREPARE, log),
)
