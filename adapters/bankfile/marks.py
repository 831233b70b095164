"""Creditor references that a payer wrote on a transfer, with their check digits, however they were typed. Pure.

Banks break references into groups and put words behind them, so every beginning of what follows RF and two digits is
tried. Where more than one has check digits that fit, none is believed.
"""

from __future__ import annotations

import re

from stdnum import iso11649

REFERENCE_TAG = "creditor_reference"
"""The name under which a payment carries a creditor reference whose check digits fit."""

_BEGINS = re.compile(r"(?<![0-9A-Z])(?=(RF[0-9]{2}(?:[ -]?[0-9A-Z]){1,60}))")
_PARTS = re.compile(r"[ -]")
_LENGTH_MAX = 25


def creditor_reference(structured: str, text: str) -> str:
    """The one creditor reference that was given; "" where there is none, or several."""
    own = _PARTS.sub("", structured.upper())
    if own and iso11649.is_valid(own):
        return own
    found = {each for match in _BEGINS.finditer(text.upper()) for each in _fitting(match[1])}
    return found.pop() if len(found) == 1 else ""


def _fitting(text: str) -> list[str]:
    """Every beginning of it, by whole words, whose check digits fit; the first word alone where that fits alone."""
    parts, found, joined = _PARTS.split(text), [], ""
    for part in parts:
        joined += part
        if len(joined) > _LENGTH_MAX:
            break
        if len(joined) > 4 and iso11649.is_valid(joined):  # noqa: PLR2004 - RF and its check digits name nothing
            found.append(joined)
    return found[:1] if found and found[0] == parts[0] else found
