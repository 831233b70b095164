"""What may go wrong between a caller and a stand-in, and which request it happens to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from connector.errors import UserError

KINDS: Final[Mapping[str, str]] = {
    "drop-before": "close the connection before the request is acted on",
    "drop-after": "act on the request, then close the connection without an answer",
    "status-before": "answer that status (argument) without acting",
    "status-after": "act, then answer that status (argument)",
    "answer-before": "answer in that shape of the vendor's (argument) without acting",
    "answer-after": "act, then answer in that shape of the vendor's (argument)",
    "truncate": "act, then send half of the answer's body",
    "stall": "act, send half of the answer's body, and cut the line after that many seconds (argument)",
    "slow": "act after that many seconds (argument)",
    "slow-answer": "act at once, and answer after that many seconds (argument)",
    "late": "answer 504 at once, and act after that many seconds (argument)",
}
UNACTED: Final = frozenset({"drop-before", "status-before", "answer-before", "late"})
"""Kinds after which nothing has been done when the caller hears of it."""
_SECONDS = frozenset({"stall", "slow", "slow-answer", "late"})
_SHAPED = frozenset({"answer-before", "answer-after"})
_WHICH = re.compile(r"(?P<nth>\d+)|(?P<percent>\d+(\.\d+)?)%(@(?P<seed>\d+))?")
_DRAWS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`kind` happens to the `nth` request (1 is the first; 0 is every one) that matches method and path pattern.

    With `percent`, it happens to that many of a hundred instead: which ones, the seed decides.
    """

    method: str
    path: str
    nth: int
    kind: str
    argument: str = ""
    percent: Decimal = Decimal(0)
    seed: int = 0

    @property
    def shape(self) -> str | None:
        """The vendor's shape in which it answers, None when it does not."""
        return self.argument if self.kind in _SHAPED else None

    def strikes(self, count: int) -> bool:
        """Whether it happens to the `count`th request that matches."""
        if not self.percent:
            return self.nth in (0, count)
        drawn = int.from_bytes(hashlib.sha256(f"{self.seed} {self.kind} {count}".encode()).digest()[:8]) % _DRAWS
        return drawn < self.percent * _DRAWS / 100


def _readable(kind: str, argument: str) -> bool:
    """Whether the argument is what its kind needs: seconds, a shape, or a status; none means the usual one."""
    if kind in _SHAPED:
        return bool(argument)
    number = argument.replace(".", "", 1) if kind in _SECONDS else argument
    return not argument or number.isdecimal()


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Lines of `METHOD  PATH-PATTERN  WHICH  KIND  [ARGUMENT]`; UserError names a line that is none.

    WHICH is a number, 0 for every request, or `2%@7`: two of a hundred, drawn from the seed 7.
    """
    faults = []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split()
        if not parts or parts[0].startswith("#"):
            continue
        which = _WHICH.fullmatch(parts[2]) if len(parts) in (4, 5) else None
        if which is None or parts[3] not in KINDS or not _readable(parts[3], "".join(parts[4:])):
            raise UserError(
                f"Line {number} of the faults file is not METHOD PATH NTH KIND [ARGUMENT].",
                next_step=f"NTH is a number or a share such as 2%@7; KIND is one of {', '.join(KINDS)}.",
            )
        faults.append(
            Fault(
                method=parts[0],
                path=parts[1],
                nth=int(which["nth"] or 0),
                kind=parts[3],
                argument="".join(parts[4:]),
                percent=Decimal(which["percent"] or 0),
                seed=int(which["seed"] or 0),
            )
        )
    return tuple(faults)
