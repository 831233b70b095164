"""Our mark inside what we write, so that it is known again even if our own memory is lost.

A stamp is one line: `receivables op=<op id> src=<connection>/<kind>/<vendor id>`. It stands at the end of a memo or
note; vendors with named fields carry the two values apart. Blanks of an id are written as in an address (%20), so that
an id is read back whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from connector.model.source import OpId, Ref, ref_from_text


class Stamp(NamedTuple):
    """Which of our operations wrote the object, and for which outside record."""

    op_id: OpId
    about: Ref | None


_BLANK = re.compile(r"[%\s]")
_ESCAPED = re.compile(r"(?:%[0-9A-F]{2})+")
_LINE = re.compile(r"receivables op=([A-Z2-7]{20})(?: src=(\S{1,400}))?")


def stamp_line(op_id: OpId, about: Ref | None) -> str:
    """The line to put into a memo."""
    return f"receivables op={op_id}" + (f" src={_BLANK.sub(_written, str(about))}" if about is not None else "")


def read_stamps(text: str | None) -> tuple[Stamp, ...]:
    """Every stamp in a text that people may have written around."""
    if not text or "receivables op=" not in text:
        return ()
    return tuple(Stamp(OpId(op_id), _about(about)) for op_id, about in _LINE.findall(text))


def _about(text: str) -> Ref | None:
    return ref_from_text(_ESCAPED.sub(_read, text)) if text else None


def _read(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("%", "")).decode(errors="replace")


def _written(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())
