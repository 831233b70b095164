"""Between any two effects that last there is a point at which the process may be killed: no write is without one.

An effect is a transaction that moves a row of the outbox, or a call that asks the other side for a write. What is
counted are the effects themselves, by the journal and the line to the vendors, not what the code says of itself: so a
write that somebody adds without a boundary shows here.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace

import pytest

from connector.app.house import ALL_BOUNDARIES, new_op_id
from connector.store import OutboxState
from connector.store.outbox import OUTBOX
from connector.testing.standin import Answer, Call
from tests.laws.wired_start import HARBOR, Stage
from tests.laws.wired_world import Firm, book, carry, note, push, read

SEEDS = 4
COMMITTED, ASKED = "committed", "asked"
OP_ID_CHARS = 20
PASSED_HERE = {each for each in ALL_BOUNDARIES if each.startswith(("post.", "apply.", "log.", "sync."))}


class Audit:
    """What happens in a firm, in order: transactions of the outbox, writes that are asked for, and boundaries."""

    def __init__(self, firm: Firm) -> None:
        self._store = firm.house.store
        self._seen = max((entry.seq for entry in self._store.journal(HARBOR, OUTBOX, after=0)), default=0)
        self.trail: list[str] = []
        firm.house.boundary = self._boundary
        for wire in firm.wires.values():
            wire.around = self._around

    def look(self) -> None:
        """Write down what was committed since."""
        for entry in self._store.journal(HARBOR, OUTBOX, after=self._seen):
            self.trail.append(COMMITTED)
            self._seen = entry.seq

    def _boundary(self, name: str) -> None:
        self.look()
        self.trail.append(name)

    def _around(self, call: Call, answer: Answer | None) -> None:
        if answer is None and call.method == "POST" and "/oauth2/" not in call.path:
            self.look()
            mark = (call.first("requestid") or call.headers.get("idempotency-key", ""))[:OP_ID_CHARS]
            asked = f"{ASKED} {mark}"
            if self.trail[-1] != asked:  # what was surely not acted on is asked for once more, within one call of ours
                self.trail.append(asked)

    def unguarded(self) -> list[tuple[str, str]]:
        """Effects that follow each other with no boundary between them."""
        pairs = zip(self.trail, self.trail[1:], strict=False)
        return [(one, other) for one, other in pairs if _is_effect(one) and _is_effect(other)]


def _is_effect(step: str) -> bool:
    return step == COMMITTED or step.startswith(ASKED)


def lived(firm: Firm, audit: Audit) -> None:
    """Everything that can be done, in bad weather and then in good."""
    acts = (note, book, carry, note, carry, book, push)
    firm.weather.over, firm.weather.writes, firm.weather.reads = False, 50, 0
    for act in (*acts, read, *acts):
        firm._work(act)
        audit.look()
        audit.trail.append("ended")
        firm.clock.pass_seconds(7 * 3600)


@pytest.mark.gate
@pytest.mark.req("E18")
def test_between_any_two_effects_there_is_a_boundary(stage: Stage) -> None:
    counted: Counter[str] = Counter()
    for seed in range(SEEDS):
        firm = Firm(stage, seed)
        audit = Audit(firm)
        lived(firm, audit)
        assert audit.unguarded() == [], f"seed {seed}"
        counted.update(audit.trail)
    effects = sum(number for step, number in counted.items() if _is_effect(step))
    sys.stdout.write(f"{effects} effects, {len(PASSED_HERE & counted.keys())} boundaries\n")
    assert counted.keys() >= PASSED_HERE


def test_an_effect_without_a_boundary_is_seen(stage: Stage) -> None:
    firm = Firm(stage, 1)
    audit = Audit(firm)
    firm._work(book)
    audit.look()
    row = firm.rows()[0]
    for subject in ("one more", "and another"):
        stage.house.store.outbox_add([replace(row, op_id=new_op_id(), subject=subject, state=OutboxState.READY)])
    audit.look()
    assert audit.unguarded() == [(COMMITTED, COMMITTED)]
