"""Words by which a payer says that its money is for nothing yet: then its amount says nothing about what is open."""

from __future__ import annotations

import re

_AHEAD = re.compile(
    r"\b(?:pre-?pa(?:id|y|yment|yments)|(?:in )?advance|advanced|down ?-?payment|retainer|on account|part of next order"
    r"|(?<!ach )(?<!direct )(?<!mobile )(?<!remote )(?<!check )(?<!cash )deposit"
    r"|vorauszahlung|vorkasse|anzahlung|abschlag|abschlagszahlung|akonto|a ?-?conto"
    r"|acompte|avance|arrhes|sur compte|provision"
    r"|anticipo|pago anticipado|adelanto|a cuenta|dep[oó]sito|se[ñn]al)\b",
    re.IGNORECASE,
)
LOOKED_AT_MAX = 400


def is_ahead(text: str) -> bool:
    """Whether a text says so."""
    return _AHEAD.search(text, 0, LOOKED_AT_MAX) is not None
