"""The latest collection note on a Stripe invoice or customer: four metadata keys of ours, and nothing else. Pure.

Metadata is the only place that the customer never sees. It is shared with the merchant's own keys and small (50 keys of
500 characters), so it holds the latest note only; the whole history stays in our own file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from connector.errors import Refused
from connector.model.intent import PushNote, WriteKey

NOTE = "receivables_note"
NOTE_AT = "receivables_note_at"
NOTE_REF = "receivables_note_ref"
NOTE_COUNT = "receivables_note_count"
NOTE_KEYS = frozenset({NOTE, NOTE_AT, NOTE_REF, NOTE_COUNT})

CHARACTERS_MAX = 500
KEYS_MAX = 50
CUT = "…"
"""Stands at the end of a note that did not fit."""

_JOINER = "\u200d"


def note_metadata(intent: PushNote, key: WriteKey) -> dict[str, str]:
    """The four keys as they should stand."""
    return {
        NOTE: cut(intent.text),
        NOTE_AT: intent.written_at.isoformat(timespec="seconds"),
        NOTE_REF: reference(intent, key),
        NOTE_COUNT: str(intent.count),
    }


def reference(intent: PushNote, key: WriteKey) -> str:
    """Our id of the contact, and the operation that left the note."""
    return f"{intent.reference} {key.op_id}"


def changes(held: Mapping[str, str], intent: PushNote, key: WriteKey) -> dict[str, str]:
    """What of the four keys must be written; empty when the note already stands.

    Refused when a newer note of ours stands there, or when the merchant's own keys leave no room: theirs are never
    given up for ours.
    """
    wanted = note_metadata(intent, key)
    if held.get(NOTE_REF, "") != wanted[NOTE_REF] and _count(held) > intent.count:
        raise Refused(
            "A newer note already stands on this Stripe record, which keeps only the latest.",
            next_step="Nothing needs doing: the collection file holds both.",
        )
    keys = len(held.keys() | wanted.keys())
    if keys > KEYS_MAX:
        raise Refused(
            f"This Stripe record has {len(held.keys() - wanted.keys())} metadata keys of its own, which leaves no room "
            f"for the note's {len(wanted)}.",
            next_step="Remove metadata keys that are no longer needed in Stripe, then push the note again.",
        )
    return {name: text for name, text in wanted.items() if held.get(name) != text}


def cut(text: str) -> str:
    """At most 500 characters, cut between two characters as a reader sees them, with a mark that it was cut."""
    if len(text) <= CHARACTERS_MAX:
        return text
    end = CHARACTERS_MAX - len(CUT)
    while end and not _boundary(text, end):
        end -= 1
    return text[:end].rstrip() + CUT


def _boundary(text: str, index: int) -> bool:
    """Whether the character at `index` starts anew: it is no accent, variation, skin tone or flag's second half."""
    after, before = text[index], text[index - 1]
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or _JOINER in (after, before):
        return False
    if "\U0001f3fb" <= after <= "\U0001f3ff":
        return False
    return not (_flag(after) and _flag(before))


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _count(held: Mapping[str, str]) -> int:
    text = held.get(NOTE_COUNT, "")
    return int(text) if text.isascii() and text.isdigit() else 0
