"""Everything that goes wrong in the soak, and the log in which it stands: what is asserted is read from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapters.quickbooks.standin.intuit import TOKENS, Intuit
from connector.dates import Instant
from connector.testing.standin import Answer, Call, Fault, Server
from tests.intuit_rig import inspector
from tests.journeys.sandglass import Onlooker, Sandglass

THROTTLES = (
    "throttle-json",
    "throttle-padded",
    "throttle-xml",
    "throttle-xml-403",
    "throttle-empty",
    "throttle-in-200",
)
BOTH = ("answer-before", "answer-after")
MISHAPS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "dropped before": ("*", (("drop-before", ""),)),
    "dropped after": ("*", (("drop-after", ""),)),
    "429": ("*", tuple((when, shape) for shape in THROTTLES for when in BOTH)),
    "5xx": (
        "*",
        (
            ("status-before", "500"), ("status-after", "503"), ("answer-before", "empty-504"),
            ("answer-after", "empty-500"), ("answer-after", "system"), ("answer-before", "fault-without-code"),
        ),
    ),
    "html": ("*", (("answer-before", "html-502"), ("answer-after", "html-503"), ("answer-after", "html-in-200"))),
    "cut": ("*", (("truncate", ""),)),
    "stalled": ("*", (("stall", "0.02"),)),
    "slow": ("*", (("slow", "0.02"), ("slow-answer", "0.02"))),
    "200 with a fault": ("*", tuple((when, "fault-in-200") for when in BOTH)),
    "200 with nothing": ("*", (("answer-after", "empty-200"),)),
    "expired": ("*", (("answer-before", "expired"),)),
    "stale": ("POST", (("answer-before", "stale"), ("answer-before", "stale-in-200"))),
    "late": ("POST", (("late", "60"),)),
}  # fmt: skip
"""Every kind of fault of a call, and its shapes, which share what the kind may do."""

TOKEN_MISHAPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "dropped before": (("drop-before", ""),),
    "dropped after": (("drop-after", ""),),
    "429": (("answer-before", "throttle-json"),),
    "5xx": (("status-before", "500"), ("status-after", "503")),
    "html": (("answer-before", "html-502"),),
    "cut": (("truncate", ""),),
}
"""The same at the token endpoint."""

HARMLESS = frozenset({None, "slow", "slow-answer"})


def mishaps(seed: int) -> tuple[Fault, ...]:
    """Every kind of fault for two calls of a hundred."""
    found = [
        (method, "/v3/*", kind, argument, len(shapes))
        for method, shapes in MISHAPS.values()
        for kind, argument in shapes
    ]
    found += [
        ("POST", TOKENS, kind, argument, len(shapes)) for shapes in TOKEN_MISHAPS.values() for kind, argument in shapes
    ]
    return tuple(
        Fault(method=method, path=path, nth=-1, kind=kind, argument=argument, percent=Decimal(2) / share, seed=place)
        for place, (method, path, kind, argument, share) in enumerate(found, start=seed * 1000)
    )


def kind_of(fault: Fault) -> str:
    """The kind of a fault in the words of MISHAPS."""
    one = (fault.kind, fault.argument)
    return next(name for name, (_, shapes) in MISHAPS.items() if one in shapes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One request, as it was answered. `issued`: the access token that it brought into being."""

    at: Instant
    path: str
    status: int
    fault: Fault | None
    bearer: str
    issued: str

    @property
    def heard(self) -> bool:
        """Whether the answer came whole, and was the true one."""
        return (self.fault.kind if self.fault is not None else None) in HARMLESS


class Witness(Server):
    """The stand-in's server, whose log also holds the moment by the sandglass and the tokens."""

    def __init__(self, stand_in: Intuit, glass: Sandglass) -> None:
        super().__init__(stand_in, inspectors=(inspector,))
        self.lines: list[Line] = []
        self.peace = False
        self._glass = glass
        self._clock = Onlooker(glass.path)
        self._issued: dict[int, str] = {}

    def fault_for(self, call: Call) -> Fault | None:
        self._glass.stir()
        return None if self.peace else super().fault_for(call)

    def act(self, call: Call) -> Answer:
        answer = super().act(call)
        if call.path == TOKENS and answer.status == 200:
            self._issued[id(call)] = json.loads(answer.body)["access_token"]
        return answer

    def note(self, call: Call, status: int, fault: Fault | None) -> None:
        super().note(call, status, fault)
        self._glass.stir()
        self.lines.append(
            Line(
                at=self._clock.now(),
                path=call.path,
                status=status,
                fault=fault,
                bearer=call.headers.get("authorization", "").removeprefix("Bearer "),
                issued=self._issued.pop(id(call), ""),
            )
        )
