"""One line in the message to the customer on an invoice, and nothing else of it. Pure.

The message is the firm's: what people wrote there stays as it is, byte for byte. Our line goes below it, is known again
as a whole line, and is taken out only while it says what we wrote. Nothing is ever cut to make room.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.quickbooks import wire
from connector.errors import Refused
from connector.model.link_line import LinkLine, links_in

CHARACTERS_MAX = 1000
"""What the message may hold, counted in UTF-16 units, the strictest of the ways to count."""


def changed(memo: str, takes_out: LinkLine | None, puts: LinkLine | None) -> str:
    """The message without one line and with the other, in its place where both are given. Refused, with the reason,
    where that cannot be done without harm."""
    lines = memo.split("\n")
    stands = _place_of(lines, takes_out) if takes_out is not None else None
    if puts is None:
        return _without(lines, stands) if stands is not None else memo
    if takes_out is not None and stands is None:
        raise _refused("Somebody took the payment link off this invoice")
    if any(line.strip() == puts.text for line in lines):
        return memo if stands is None or takes_out == puts else _without(lines, stands)
    if stands is not None:
        end = "\r" if lines[stands].endswith("\r") else ""
        whole = "\n".join([*lines[:stands], puts.text + end, *lines[stands + 1 :]])
    else:
        whole = f"{memo}\n{puts.text}" if memo else puts.text
    if _length(whole) > CHARACTERS_MAX:
        raise Refused(
            "The message on this invoice is too full for its payment link.",
            next_step="Shorten it in QuickBooks and make a new plan; nothing was written.",
        )
    return whole


def _place_of(lines: Sequence[str], wanted: LinkLine) -> int | None:
    """Which line it is, as we wrote it; None where its address is not there. Refused where it is, in other words."""
    found = [nth for nth, line in enumerate(lines) if line.strip() == wanted.text]
    there = [each for line in lines for each in links_in(line) if each.secret_hash == wanted.seen.secret_hash]
    if len(there) != len(found):
        raise _refused("Somebody changed the line with the payment link on this invoice")
    if len(found) > 1:
        raise _refused("The line with the payment link stands on this invoice more than once")
    return found[0] if found else None


def body(row: wire.Invoice, memo: str) -> wire.Json:
    """The change of one invoice's message, and of nothing else."""
    return {"Id": row.id, "SyncToken": row.sync_token, "sparse": True, "CustomerMemo": {"value": memo}}


def _without(lines: list[str], nth: int) -> str:
    return "\n".join([*lines[:nth], *lines[nth + 1 :]])


def _length(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def _refused(sentence: str) -> Refused:
    return Refused(
        f"{sentence}.", next_step="It was left as it is: look at the message there, and put it right by hand."
    )
