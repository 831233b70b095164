"""Which ids are there, against which are here: what was deleted is found at any age, and what was missed as well.

Pure: the ids come in, and lots of those to be looked at go out. An id that seems to have vanished is only a reason to
look: pages of ids shift while people work.
"""

from __future__ import annotations

from collections.abc import Iterable

LOOKED_AT_MAX = 50
"""Vanished ids that are confirmed, one read each, before what was found is stored."""

FETCHED_MAX = 100
"""Missing ids whose rows are fetched at once."""


class Sweep:
    """What is left to be looked at of one entity."""

    def __init__(self, name: str, *, here: Iterable[str], there: Iterable[str]) -> None:
        self.name = name
        known, found = set(here), set(there)
        self._vanished = sorted(known - found)
        self._missing = sorted(found - known)

    def vanished(self) -> tuple[str, ...]:
        """The next lot of ids that are here and were not listed there."""
        lot, self._vanished = self._vanished[:LOOKED_AT_MAX], self._vanished[LOOKED_AT_MAX:]
        return tuple(lot)

    def missing(self) -> tuple[str, ...]:
        """The next lot of ids that are there and not here."""
        lot, self._missing = self._missing[:FETCHED_MAX], self._missing[FETCHED_MAX:]
        return tuple(lot)

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return not self._vanished and not self._missing
