"""aging, today, log, contacts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.output import (
    NEEDS_A_PERSON,
    CompanyOption,
    JsonOption,
    YesOption,
    confirm,
    desk,
    say,
    say_json,
    table,
    tell_age,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app.house import Desk
    from connector.collect.aging import Aging
    from connector.dates import BusinessDate, Instant
    from connector.model.contact import Contact, Promise
    from connector.model.intent import PushNote
    from connector.money import Currency, Money
    from connector.post import Posted
    from connector.reconcile.short import HeldBack


PROMISED_MINOR_MAX = 10**15


def add_to(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(aging)
    app.command()(today)
    app.command()(log)
    app.command()(contacts)


def aging(
    by: Annotated[str, typer.Option(help="due: days past the due date; issue: days since the invoice.")] = "due",
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """How old the open invoices are, per customer; the total is the books' own, to the cent."""
    from connector.app.freshness import freshness
    from connector.collect.aging import AgeBy
    from connector.collect.aging import aging as age
    from connector.errors import UserError
    from connector.reconcile.short import held_back

    if by not in tuple(AgeBy):
        raise UserError(f"Aging goes by due or issue, not by {by[:20]!r}.", next_step="Use --by due or --by issue.")
    with desk(company) as at:
        seen = at.snapshot()
        result = age(seen, at.books().connection_id, at.today, AgeBy(by))
        fresh, held = freshness(at, at.books()), held_back(seen)
    if as_json:
        totals = [{"currency": row.total.currency, "total": row.total} for row in result.totals]
        age_of = {"data_as_of": fresh.data_as_of, "stale": fresh.stale}
        say_json({"aging": result, "totals": totals, "held_back": held, **age_of})
    else:
        _show_aging(result)
        _show_held_back(held)
    tell_age(fresh, as_json=as_json)


def _show_aging(result: Aging) -> None:
    from connector.collect.aging import BUCKETS
    from connector.money import grouped

    entered = any(row.by_hand for row in result.rows)
    rows = [
        (
            row.name,
            *(_figure(part) for part in (*row.buckets, *((row.by_hand,) if entered else ()), row.unapplied)),
            grouped(row.total),
        )
        for row in (*result.rows, *result.totals)
    ]
    columns = ("customer", *BUCKETS, *(("journal",) if entered else ()), "unapplied", "total")
    words = "past due" if result.by == "due" else "since issue"
    table(f"Aging on {result.as_of}, days {words}", columns, rows, right=tuple(range(1, len(columns))))


def _show_held_back(held: Sequence[HeldBack]) -> None:
    from connector.money import grouped

    if held:
        rows = [
            (each.number, each.customer, grouped(each.left), each.payment.vendor_id, each.on.isoformat(), each.words)
            for each in held
        ]
        columns = ("invoice", "customer", "still open", "paid in part by", "on", "why")
        table(f"{len(held)} paid in part; what is short stays open", columns, rows, right=(2,))


def _figure(amount: Money) -> str:
    """An amount whose currency stands at the end of its row; nothing where there is nothing."""
    from connector.money import grouped

    return grouped(amount).rpartition(" ")[0] if amount else ""


def today(
    on: Annotated[str | None, typer.Option("--on", help="Another day, YYYY-MM-DD: who is due then.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whom to contact today: every invoice past its terms, with its last contact and why now or why not."""
    from connector.app.collecting import today as list_today
    from connector.app.freshness import freshness
    from connector.dates import business_date
    from connector.money import grouped

    with desk(company) as at:
        day = business_date(on) if on is not None else at.today
        items = list_today(at, day)
        fresh = freshness(at)
    if as_json:
        listed = [{"due": item.due, "item": item} for item in items]
        say_json({"on": day, "items": listed, "data_as_of": fresh.data_as_of, "stale": fresh.stale})
        tell_age(fresh, as_json=True)
        return
    rows = [
        (
            "now" if item.due else "decide" if item.handed_over else "peace",
            item.customer_name,
            item.phone or item.email or "no address",
            item.invoice.number or item.ref.vendor_id,
            grouped(item.invoice.open),
            str(item.days_overdue),
            str(item.why)
            + (f": {item.decide}" if item.decide else "")
            + (f" until {item.returns_on}" if item.returns_on is not None else "")
            + (f"; {item.came_back}" if item.came_back else "")
            + (f"; {grouped(item.credit)} of credit is not applied" if item.credit is not None else ""),
            f"{item.last.at:%Y-%m-%d} {item.last.outcome}" if item.last is not None else "never",
        )
        for item in items
    ]
    columns = ("", "customer", "reach", "invoice", "open", "days", "why", "last contact")
    table(f"{sum(item.due for item in items)} to contact on {day}", columns, rows, right=(4, 5))
    if handed := sum(item.handed_over for item in items):
        say(f"{handed} for a person to decide. To go on, or to stop: receivables payer NAME --go-on, or --stop REASON")
    tell_age(fresh)


_OUTCOMES = (
    "no-answer, voicemail, wrong-person, sent, reached, never-received, awaiting-approval, promise, dispute, refused, "
    "do-not-contact"
)


def log(
    invoice: Annotated[str, typer.Argument(help="The invoice's number.")],
    outcome: Annotated[str, typer.Option(help=_OUTCOMES)],
    person: Annotated[str | None, typer.Option(help="Who was spoken to.")] = None,
    role: Annotated[str | None, typer.Option(help="What they do there, for example accounts payable.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The number or address that was used.")] = None,
    said: Annotated[str, typer.Option(help="What was said.")] = "",
    channel: Annotated[str, typer.Option(help="phone, email, sms, letter, visit, portal")] = "phone",
    incoming: Annotated[bool, typer.Option("--incoming", help="They contacted us.")] = False,
    at_time: Annotated[str | None, typer.Option("--at", help="When, as 2026-03-01T10:05; now when left out.")] = None,
    promise: Annotated[str | None, typer.Option(help="Promised amount, in the invoice's currency.")] = None,
    by: Annotated[str | None, typer.Option(help="Promised for that day, YYYY-MM-DD.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why they dispute it.")] = None,
    next_on: Annotated[str | None, typer.Option("--next", help="When to contact them again, YYYY-MM-DD.")] = None,
    corrects: Annotated[str | None, typer.Option(help="The contact this one corrects, for example c-abc.")] = None,
    company: CompanyOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write down one contact about an invoice, and push its note to the system the invoice came from."""
    from connector.app.collecting import draft, log_contact, notes_for
    from connector.collect.contacts import Said, refuse_card_numbers
    from connector.dates import business_date
    from connector.model.contact import Channel, ContactId, Direction, Outcome
    from connector.model.firm import NotesMode

    # First of all, because a refusal repeats the value that it refuses.
    refuse_card_numbers(
        invoice, outcome, person, role, to, said, channel, at_time, promise, by, reason, next_on, corrects
    )
    with desk(company) as at:
        spoken = Said(
            by=at.actor,
            at=_moment(at, at_time),
            zone=at.company.zone,
            direction=Direction.IN if incoming else Direction.OUT,
            channel=Channel(_one_of(channel, tuple(Channel), "channel")),
            outcome=Outcome(_one_of(outcome, tuple(Outcome), "outcome")),
            person=person,
            role=role,
            address=to,
            words=said,
            promise=_promise(at, invoice, promise, by),
            dispute_reason=reason,
            next_on=business_date(next_on) if next_on is not None else None,
            supersedes=ContactId(corrects) if corrects is not None else None,
        )
        contact = draft(at, invoice, spoken)
        notes = notes_for(at, contact)
        if notes and at.company.notes is not NotesMode.AUTO and not _asked(notes, yes=yes, as_json=as_json):
            notes = ()
        posted = log_contact(at, contact, notes, lambda _row: None)
    _report_log(contact, posted, as_json=as_json)
    if posted.waiting or posted.dead:
        raise typer.Exit(NEEDS_A_PERSON)


def _asked(notes: tuple[PushNote, ...], *, yes: bool, as_json: bool) -> bool:
    """Show the note as it will read there, and ask. A program is not asked: without --yes its answer is no."""
    if yes:
        return True
    import sys

    if as_json or not sys.stdin.isatty():
        if not as_json:
            say("The note was not pushed, because nobody could be asked; --yes pushes it.")
        return False
    say(f"This would be added to {' and '.join(dict.fromkeys(str(note.target) for note in notes))}:")
    for text in dict.fromkeys(note.text for note in notes):
        say(text)
    return bool(typer.confirm("Push this note?"))


def _report_log(contact: Contact, posted: Posted, *, as_json: bool) -> None:
    left = [*posted.waiting, *posted.dead]
    notes = len(posted.done) + len(left)
    if as_json:
        faults = [{"op_id": row.op_id, "state": row.state, "fault": row.fault} for row in left]
        say_json({"contact": contact, "notes": notes, "pushed": len(posted.done), "not_pushed": faults})
        return
    say(f"Logged {contact.contact_id}: {contact.outcome} with {contact.person or contact.customer_name}.")
    if notes:
        say(f"{len(posted.done)} of {notes} notes pushed to {contact.invoice.connection}.")
    _say_left(posted)


def push_notes(company: str | None, *, yes: bool) -> None:
    """Show the notes of contacts that were logged without pushing, ask, and push them."""
    from connector.app.collecting import push_later, unpushed

    with desk(company) as at:
        left = unpushed(at)
        if not left:
            say("There is no note to push: either all are, or notes are off or the system is read-only.")
            return
        for contact, notes in left:
            say(f"{contact.contact_id} to {' and '.join(dict.fromkeys(str(note.target) for note in notes))}:")
            for text in dict.fromkeys(note.text for note in notes):
                say(text)
        confirm(f"Push the notes of {len(left)} contacts?", yes=yes)
        posted = push_later(at, left, lambda _row: None)
    wanted = len(posted.done) + len(posted.waiting) + len(posted.dead)
    say(f"{len(posted.done)} of {wanted} notes pushed.")
    _say_left(posted)
    if posted.waiting or posted.dead:
        raise typer.Exit(NEEDS_A_PERSON)


def _say_left(posted: Posted) -> None:
    for row in posted.waiting:
        say(f"  waiting  {row.fault} It goes with the next `receivables apply` or `log`; do not log it again.")
    for row in posted.dead:
        say(f"  refused  {row.fault}")


def _one_of(value: str, known: tuple[str, ...], what: str) -> str:
    from connector.errors import UserError

    if value not in known:
        raise UserError(f"{value[:30]!r} is no {what}.", next_step=f"Use one of: {', '.join(known)}.")
    return value


def _moment(at: Desk, text: str | None) -> Instant:
    from connector.dates import instant, zone
    from connector.errors import UserError

    if text is None:
        return at.clock.now()
    try:
        moment = datetime.fromisoformat(text)
        return instant(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone(at.company.zone)))
    except (ValueError, OverflowError):
        raise UserError(f"{text[:30]!r} is not a time.", next_step="Write it as 2026-03-01T10:05.") from None


def _promise(at: Desk, invoice: str, amount: str | None, by: str | None) -> Promise | None:
    from connector.dates import business_date
    from connector.errors import UserError
    from connector.model.contact import Promise
    from connector.money import MoneyError, from_text

    if amount is None and by is None:
        return None
    if amount is None or by is None:
        raise UserError("A promise needs its amount and its day.", next_step="Add --promise AMOUNT --by YYYY-MM-DD.")
    day: BusinessDate = business_date(by)
    try:
        promised = from_text(amount, _currency(at, invoice))
    except MoneyError as fault:
        raise UserError(fault.sentence, next_step="Write it as 1250.00.") from None
    if not 0 < promised.minor <= PROMISED_MINOR_MAX:
        raise UserError(f"{amount[:30]!r} cannot be promised.", next_step="Name the amount that they said they pay.")
    return Promise(amount=promised, by=day)


def _currency(at: Desk, invoice: str) -> Currency:
    held = at.snapshot().invoices[at.invoice(invoice)]
    return held.open.currency


def contacts(
    invoice: Annotated[str | None, typer.Argument(help="Only about this invoice.")] = None,
    search: Annotated[str | None, typer.Option(help="Words to find in any contact.")] = None,
    company: CompanyOption = None,
    as_json: JsonOption = False,
) -> None:
    """The contact log: of an invoice, of everything, or searched."""
    with desk(company) as at:
        if search is not None:
            found = at.store.search_contacts(at.id, search)
        else:
            found = at.store.contacts(at.id, invoice=at.invoice(invoice) if invoice is not None else None)
    if as_json:
        say_json(found)
        return
    rows = [
        (
            f"{c.at:%Y-%m-%d %H:%M}",
            c.contact_id,
            c.invoice_number or "",
            c.customer_name,
            c.person or "",
            c.outcome,
            c.said,
        )
        for c in found
    ]
    table(f"{len(found)} contacts", ("when (UTC)", "id", "invoice", "customer", "person", "outcome", "said"), rows)
