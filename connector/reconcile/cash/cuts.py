"""Where a company's bank cuts texts: a number that touches the cut may be the beginning of a longer one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

CUTS = frozenset({35, 70, 80, 140})
"""Where banks cut texts."""
SHORTEST, LONGEST = 20, 400
TEXTS_MIN = 5
RISE = 3
"""So many forms of text of one length, and so many times those of the lengths beside it, show another bank's cut."""

_FORM = str.maketrans("123456789", "0" * 9)


class Cuts:
    """The lengths at which texts are cut, by the texts that were seen."""

    def __init__(self) -> None:
        self.lengths = CUTS
        self._forms: dict[int, set[str]] = defaultdict(set)

    def see(self, texts: Iterable[str]) -> bool:
        """More texts: the lengths at which texts of many forms end, and hardly any one longer or shorter. Whether they
        are others than before."""
        before = self.lengths
        for text in texts:
            if SHORTEST <= len(text) <= LONGEST:
                self._forms[len(text)].add(text.translate(_FORM))
        ends = {length: len(seen) for length, seen in self._forms.items()}
        self.lengths = CUTS | {
            length
            for length, count in ends.items()
            if count >= TEXTS_MIN and count >= RISE * max(ends.get(length - 1, 0), ends.get(length + 1, 0), 1)
        }
        return self.lengths != before
