"""What to say back to the system an invoice came from: rendered from one contact, within that system's limits."""

from __future__ import annotations

from connector.dates import day_of, zone
from connector.model.contact import Contact, Direction
from connector.money import grouped
from connector.ports import NoteLimits

CUT = " … (cut; the full history is in the connector)"
_COUNTER_ROOM = len("(99/99) ")
_EARLIER_SHOWN_MAX = 5


def render(contact: Contact, limits: NoteLimits) -> tuple[str, ...]:
    """The note's parts, in order. One part unless it is longer than the limit; cut where parts are not allowed."""
    text = note_text(contact)
    if len(text) <= limits.characters_max:
        return (text,)
    if not limits.parts:
        return (text[: limits.characters_max - len(CUT)].rstrip() + CUT,)
    pieces = split_words(text, limits.characters_max - _COUNTER_ROOM)
    return tuple(f"({number}/{len(pieces)}) {piece}" for number, piece in enumerate(pieces, start=1))


def note_text(contact: Contact) -> str:
    """The whole note. First line: day, who, what came of it; last line: our reference."""
    lines = [_headline(contact), _contacted(contact)]
    if contact.said:
        lines.append(f"Said: {contact.said}")
    if contact.promise is not None:
        lines.append(f"Promise: {grouped(contact.promise.amount)} by {contact.promise.by.isoformat()}.")
    if contact.dispute_reason:
        lines.append(f"Dispute: {contact.dispute_reason}")
    overdue = f", {contact.days_overdue} days overdue" if contact.days_overdue > 0 else ", not yet due"
    lines.append(f"Open {grouped(contact.open_amount)}{overdue}. {_issued(contact)}")
    if contact.earlier:
        lines.append(_earlier(contact))
    if contact.next_on is not None:
        lines.append(f"Next contact: {contact.next_on.isoformat()}.")
    if contact.supersedes is not None:
        lines.append(f"Corrects {contact.supersedes}.")
    lines.append(f"Ref {contact.contact_id}")
    return "\n".join(lines)


def _headline(contact: Contact) -> str:
    day = day_of(contact.at, zone(contact.zone)).isoformat()
    return f"{day} · {contact.by} · {contact.channel} · {contact.outcome}"


def _contacted(contact: Contact) -> str:
    local = contact.at.astimezone(zone(contact.zone))
    who = contact.person or "nobody by name"
    role = f" ({contact.role})" if contact.role else ""
    at = f" at {contact.address}" if contact.address else ""
    verb = "To" if contact.direction is Direction.OUT else "From"
    return f"{verb} {contact.customer_name}: {who}{role}{at}, {local:%H:%M} {contact.zone}."


def _issued(contact: Contact) -> str:
    issued = contact.issued
    if issued == type(issued)():
        return "To whom the invoice was issued: unknown."
    when = day_of(issued.at, zone(contact.zone)).isoformat() if issued.at is not None else "an unknown day"
    return f"Invoice issued to {issued.to or 'unknown'} by {issued.how or 'unknown means'} on {when}."


def _earlier(contact: Contact) -> str:
    shown = ", ".join(
        f"{debt.number or debt.invoice.vendor_id} {grouped(debt.open)} ({debt.days_overdue} days)"
        for debt in contact.earlier[:_EARLIER_SHOWN_MAX]
    )
    more = len(contact.earlier) - _EARLIER_SHOWN_MAX
    return f"Also past due: {shown}{f' and {more} more' if more > 0 else ''}."


def split_words(text: str, size_max: int) -> list[str]:
    """Pieces of at most that many characters, broken at white space where there is some; nothing is lost or changed.

    Joined together the pieces are the text again, less the white space at which it was broken.
    """
    pieces = []
    rest = text
    while len(rest) > size_max:
        cut = max(rest.rfind(" ", 0, size_max + 1), rest.rfind("\n", 0, size_max + 1))
        if cut <= 0:
            pieces.append(rest[:size_max])
            rest = rest[size_max:]
        else:
            pieces.append(rest[:cut])
            rest = rest[cut + 1 :]
    pieces.append(rest)
    return pieces
