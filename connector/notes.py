"""What to say back to the system an invoice came from: rendered from one contact, within that system's limits.

Lengths are counted in UTF-16 units, the strictest of the ways in which vendors count: most pictures are two of them.
"""

from __future__ import annotations

import unicodedata

from connector.dates import day_of, zone
from connector.model.contact import Contact, Direction
from connector.money import Money, grouped
from connector.ports import NoteLimits

CUT = " … (cut; the full history is in the connector)"
_COUNTER_ROOM = len("(99/99) ")
_EARLIER_SHOWN_MAX = 5


def render(contact: Contact, limits: NoteLimits) -> tuple[str, ...]:
    """The note's parts, in order. One part unless it is longer than the limit; cut where parts are not allowed."""
    text = note_text(contact)
    if length(text) <= limits.characters_max:
        return (text,)
    if not limits.parts:
        return (_cut(text, limits.characters_max),)
    pieces = split_words(text, limits.characters_max - _COUNTER_ROOM)
    return tuple(f"({number}/{len(pieces)}) {piece}" for number, piece in enumerate(pieces, start=1))


def render_status(contact: Contact, characters_max: int) -> str:
    """Where collecting from a customer stands, in one short text for a place that holds only the latest.

    It names the invoice, because it does not stand on it; what was said comes last, and is cut first.
    """
    number = contact.invoice_number or contact.invoice.vendor_id
    overdue = f", {contact.days_overdue} days overdue" if contact.days_overdue > 0 else ", not yet due"
    lines = [_headline(contact), f"Invoice {number}: open {grouped(contact.open_amount)}{overdue}{_credit(contact)}."]
    if contact.promise is not None:
        lines.append(f"Promise: {grouped(contact.promise.amount)} by {contact.promise.by.isoformat()}.")
    if contact.next_on is not None:
        lines.append(f"Next contact: {contact.next_on.isoformat()}.")
    lines.append(f"Ref {contact.contact_id}")
    if contact.dispute_reason:
        lines.append(f"Dispute: {contact.dispute_reason}")
    if contact.said:
        lines.append(f"Said: {contact.said}")
    return _cut("\n".join(lines), characters_max)


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
    lines.append(f"Open {grouped(contact.open_amount)}{overdue}{_credit(contact)}. {_issued(contact)}")
    if contact.earlier:
        lines.append(_earlier(contact))
    if contact.next_on is not None:
        lines.append(f"Next contact: {contact.next_on.isoformat()}.")
    if contact.supersedes is not None:
        lines.append(f"Corrects {contact.supersedes}.")
    lines.append(f"Ref {contact.contact_id}")
    return "\n".join(lines)


def _credit(contact: Contact) -> str:
    """What the customer has to its credit, and what is left to pay of all of it then."""
    if contact.credit is None:
        return ""
    owed = contact.open_amount.minor + sum(
        debt.open.minor for debt in contact.earlier if debt.open.currency == contact.open_amount.currency
    )
    rest = Money(max(owed - contact.credit.minor, 0), contact.open_amount.currency)
    return f"; {grouped(contact.credit)} of credit is not applied yet, so {grouped(rest)} is left of what is past due"


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
    if issued.at is None and issued.how is None:
        return f"Invoice addressed to {issued.to}; whether it was sent is unknown."
    when = day_of(issued.at, zone(contact.zone)).isoformat() if issued.at is not None else "an unknown day"
    return f"Invoice issued to {issued.to or 'unknown'} by {issued.how or 'unknown means'} on {when}."


def _earlier(contact: Contact) -> str:
    shown = ", ".join(
        f"{debt.number or debt.invoice.vendor_id} {grouped(debt.open)} ({debt.days_overdue} days)"
        for debt in contact.earlier[:_EARLIER_SHOWN_MAX]
    )
    more = len(contact.earlier) - _EARLIER_SHOWN_MAX
    return f"Also past due: {shown}{f' and {more} more' if more > 0 else ''}."


def _cut(text: str, characters_max: int) -> str:
    if length(text) <= characters_max:
        return text
    return text[: _fitting(text, characters_max - len(CUT))].rstrip() + CUT


def split_words(text: str, size_max: int) -> list[str]:
    """Pieces of at most that length, broken at white space where there is some; nothing is lost or changed.

    Joined together the pieces are the text again, less the white space at which it was broken.
    """
    pieces = []
    rest = text
    while length(rest) > size_max:
        end = _fitting(rest, size_max)
        cut = max(rest.rfind(" ", 0, end + 1), rest.rfind("\n", 0, end + 1))
        if cut <= 0:
            pieces.append(rest[:end])
            rest = rest[end:]
        else:
            pieces.append(rest[:cut])
            rest = rest[cut + 1 :]
    pieces.append(rest)
    return pieces


def length(text: str) -> int:
    """How long a text is for the strictest vendor: in UTF-16 units."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def _fitting(text: str, size_max: int) -> int:
    """How many of its first letters fit, cut between two characters as a reader sees them; at least one letter."""
    taken = end = 0
    while end < len(text) and taken + length(text[end]) <= size_max:
        taken += length(text[end])
        end += 1
    whole = end
    while 0 < whole < len(text) and not _apart(text[whole - 1], text[whole]):
        whole -= 1
    return whole or max(end, 1)


_JOINER = "\u200d"


def _apart(before: str, after: str) -> bool:
    """Whether two letters are two characters to a reader, not an accent, a joined picture, a skin tone or a flag."""
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or _JOINER in (before, after):
        return False
    if "\U0001f3fb" <= after <= "\U0001f3ff":
        return False
    return not (_flag(before) and _flag(after))


def _flag(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"
