"""Pages that belong to nobody's link: nothing is here, come again later, something broke. The same for everybody.

A page of this kind is told apart from no other of its kind: it holds no name, no number and no reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.web.tongues import DEFAULT, Tongue, tongue

OK, FORBIDDEN, NOT_FOUND, TOO_MANY, BROKEN, UNAVAILABLE = 200, 403, 404, 429, 500, 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One state of such a page. `mood` colours what is said."""

    status: int
    title: str
    said: str = ""
    mood: str = ""
    language: str = DEFAULT
    direction: str = "ltr"


def nothing_here(reads: Tongue) -> Face:
    """The same for a link that never was, was taken back, or ended."""
    return _face(NOT_FOUND, reads, reads.said.nothing_here, reads.said.nothing_here_said)


def fault(reads: Tongue) -> Face:
    """What nobody expected."""
    return _face(BROKEN, reads, reads.said.fault, reads.said.fault_said, mood="fault")


def unavailable(reads: Tongue) -> Face:
    """Nobody can be answered now, whatever the link."""
    return _face(UNAVAILABLE, reads, reads.said.fault, reads.said.away_neutral, mood="fault")


def too_many(reads: Tongue) -> Face:
    """Whoever comes too often."""
    return _face(TOO_MANY, reads, reads.said.too_many, reads.said.too_many_said)


def too_old(reads: Tongue) -> Face:
    """A form that was not shown to this browser, or long ago."""
    return _face(FORBIDDEN, reads, reads.said.too_old, reads.said.too_old_said)


def _face(status: int, reads: Tongue, title: str, said: str, *, mood: str = "") -> Face:
    return Face(status=status, title=title, said=said, mood=mood, language=reads.code, direction=reads.direction)


NOTHING_HERE = Face(status=NOT_FOUND, title="Nothing here", said="There is nothing to see at this address.")
"""For addresses that are not of payment links at all."""

FAULT = fault(tongue(DEFAULT))
