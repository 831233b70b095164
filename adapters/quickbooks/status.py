"""The latest collection status in a customer's notes: one block between two fixed lines, and nothing else. Pure.

`Customer.Notes` is a field that people write in. What stands outside the block stays as it is, byte for byte; the block
is replaced only while it says what we wrote into it. Where it does not fit, or anything about it is not as we left it,
nothing is written and a sentence says why: human text is never cut.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from adapters.quickbooks import wire
from connector.errors import Refused
from connector.model.intent import PushNote, WriteKey
from connector.model.source import OpId, Ref
from connector.model.stamp import read_stamps, stamp_line

BEGIN = "--- receivables: collection status (write above or below this) ---"
END = "--- receivables: end ---"

STATUS_CHARACTERS_MAX = 500
BLOCK_CHARACTERS_MAX = 1000
NOTES_CHARACTERS_MAX = 1024
"""What Intuit's schema says of the field; its reference says 2000. Notes that are longer already show that they may."""
NOTES_CHARACTERS_MAX_IF_LONGER = 2000

_SIGNATURE = re.compile(r"receivables op=([A-Z2-7]{20})(?: src=\S{1,400})? n=(\d{1,9}) sum=([0-9a-f]{8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Our block as it was found: what stands around it, what it says, which write left it, and how many there were.

    `ours`: it says what that write put into it.
    """

    before: str
    says: str
    after: str
    op_id: OpId
    count: int
    ours: bool


def renewed(notes: str, intent: PushNote, key: WriteKey) -> str:
    """The notes with this status in our block. Refused, with the reason, when that cannot be done without harm."""
    held = find(notes)
    if held is not None and not held.ours:
        raise _refused("Somebody wrote inside the connector's part of this customer's notes")
    if held is not None and held.count > intent.count:
        raise Refused(
            "A newer status already stands in this customer's notes.",
            next_step="Nothing needs doing: the collection file holds both.",
        )
    block = _block(intent, key)
    if held is not None:
        whole = held.before + block + held.after
    else:
        whole = notes + ("" if not notes or notes.endswith("\n") else "\n") + block
    room = NOTES_CHARACTERS_MAX if _length(notes) <= NOTES_CHARACTERS_MAX else NOTES_CHARACTERS_MAX_IF_LONGER
    if _length(whole) > room:
        raise Refused(
            "The customer's notes in QuickBooks are too full for the status.",
            next_step="Shorten them there if you want it; nothing was written, and the note on the invoice has it all.",
        )
    return whole


def find(notes: str) -> Block | None:
    """Our block; None when there is none. Refused when it is broken or there are two: then a person has to look."""
    begins, ends = notes.count(BEGIN), notes.count(END)
    if not begins and not ends:
        if any(_SIGNATURE.fullmatch(line.strip()) for line in notes.split("\n")):
            raise _broken()
        return None
    before, _, rest = notes.partition(BEGIN)
    inside, _, after = rest.partition(END)
    says, _, signature = inside.replace("\r\n", "\n").strip("\n").rpartition("\n")
    signed = _SIGNATURE.fullmatch(signature.strip())
    whole_lines = (
        before[-1:] in ("", "\n")
        and inside.lstrip("\r")[:1] == "\n"
        and inside[-1:] == "\n"
        and after.lstrip("\r")[:1] in ("", "\n")
    )
    if (begins, ends) != (1, 1) or not whole_lines or signed is None:
        raise _broken()
    return Block(
        before=before,
        says=says,
        after=after,
        op_id=OpId(signed[1]),
        count=int(signed[2]),
        ours=_sum(says) == signed[3],
    )


def standing(notes: str | None, key: WriteKey) -> str | None:
    """What our block says when this very write left it there; None otherwise, whatever else is wrong."""
    try:
        held = find(notes or "")
    except Refused:
        return None
    return held.says if held is not None and held.op_id == key.op_id and held.ours else None


def body(row: wire.Customer, notes: str) -> wire.Json:
    """The change of one customer's notes, and of nothing else."""
    return {"Id": row.id, "SyncToken": row.sync_token, "sparse": True, "Notes": notes}


def _block(intent: PushNote, key: WriteKey) -> str:
    if BEGIN in intent.text or END in intent.text or intent.parts != 1 or read_stamps(intent.text):
        raise _refused("The status is not one text, or holds the lines that mark where it stands")
    signature = f"{stamp_line(key.op_id, _short(intent.target))} n={intent.count} sum={_sum(intent.text)}"
    block = f"{BEGIN}\n{intent.text}\n{signature}\n{END}"
    if _length(block) > BLOCK_CHARACTERS_MAX:
        raise _refused("The status is too long for a customer's notes")
    return block


def _short(target: Ref) -> Ref | None:
    """Whom it is about, where that does not cost the status its room."""
    return target if len(str(target)) <= NOTES_CHARACTERS_MAX // 10 else None


def _sum(says: str) -> str:
    """Tells whether somebody changed the words; white space may have been changed on the way."""
    return hashlib.sha256(" ".join(says.split()).encode(errors="replace")).hexdigest()[:8]


def _length(text: str) -> int:
    """In UTF-16 units, the strictest of the ways to count."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def _broken() -> Refused:
    return _refused("The connector's part of this customer's notes is broken or there twice")


def _refused(sentence: str) -> Refused:
    return Refused(
        f"{sentence}.",
        next_step="Take that part out in QuickBooks, from line to line; the next contact puts a new one there.",
    )
