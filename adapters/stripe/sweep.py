"""What a sweep met, against what is mirrored: what waits for something and did not come back has to be looked at.

Pure: ids come in, and lots of those to be looked at go out. Not having been listed is never taken for being gone: that
is for a read of the record itself to say.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

LOT = 50
"""So many are looked at before what was found is stored."""

NIGHT_MAX = 2_000
"""So many of one kind are looked at in one sweep, and the next ones in the next: carts that were left may be many."""


class Sweep:
    """One sweep, from its first page to its last lot. `mark` is what it is known by."""

    def __init__(self, mark: int | None, turns: Mapping[str, str]) -> None:
        self.mark = mark
        self._turns = dict(turns)
        self._met: dict[str, set[str]] = defaultdict(set)
        self._wanted: dict[str, set[str]] = defaultdict(set)
        self._left: deque[tuple[str, str]] | None = None

    def meet(self, kind: str, vendor_ids: Iterable[str]) -> None:
        """These were listed, or read."""
        self._met[kind].update(vendor_ids)

    def has_met(self, kind: str, vendor_id: str) -> bool:
        """Whether it was listed, or read."""
        return vendor_id in self._met[kind]

    def want(self, kind: str, vendor_ids: Iterable[str]) -> None:
        """These may have changed with what was met: they are left to look at, unless they are met too."""
        self._wanted[kind].update(vendor_ids)

    @property
    def begun(self) -> bool:
        """Whether it is known what is left to look at."""
        return self._left is not None

    def compare(
        self,
        here: Mapping[str, Iterable[str]],
        whole: Iterable[str] = (),
        doubted: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """What is here or wanted and was not met is left to look at, and so is what is doubted although it was met; of
        the `whole` kinds all of it, of the others in turns."""
        self._left = deque()
        for kind in sorted(here.keys() | self._wanted.keys()):
            unmet = (self._wanted[kind] | set(here.get(kind, ()))) - self._met[kind]
            missing = sorted(unmet.union((doubted or {}).get(kind, ())))
            if len(missing) > NIGHT_MAX and kind not in whole:
                last = self._turns.get(kind, "")
                following = [one for one in missing if one > last] + [one for one in missing if one <= last]
                missing = following[:NIGHT_MAX]
                self._turns[kind] = missing[-1]
            self._left.extend((kind, one) for one in missing)

    def lot(self) -> tuple[tuple[str, str], ...]:
        """The next lot to look at: kind and vendor id."""
        left = self._left
        if left is None:
            return ()
        return tuple(left.popleft() for _ in range(min(LOT, len(left))))

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self._left is not None and not self._left

    @property
    def turns(self) -> Mapping[str, str]:
        """Where the next sweep goes on with kinds of which there were too many."""
        return self._turns
