"""The demo's two scenes about trust: the plug is pulled while the books are written to, and a whole run is taken back.

The writing process is another one, and is killed for real. What stands where is told by those who hold it: our own
outbox, and the books' double, in which every object that we wrote carries our mark.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from connector.app import books, undoing
from connector.app.house import Desk
from connector.config import Config
from connector.errors import VendorError
from connector.plan import Plan
from connector.store import OutboxState
from connector.testing.standin import STATE
from connector.transport import VendorSession

MARK = "receivables op="
WRITE_SECONDS_MAX = 120
RUNS_MAX = 3
_FAR_PERCENT = 60
"""The plug is pulled after so much of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What stood where when the writing process died: lines by state, and the objects that were in the books."""

    lines: Counter[OutboxState]
    objects: int

    def figures(self) -> tuple[tuple[str, str], ...]:
        lines = self.lines
        known, told = lines[OutboxState.DONE], sum(lines.values())
        return (
            ("Outbox, done", f"{known} of {told}"),
            ("Outbox, sent and no answer stored", str(lines[OutboxState.SENDING] + lines[OutboxState.UNSURE])),
            ("Outbox, not sent yet", str(lines[OutboxState.READY])),
            ("In the books, marked as ours", f"{self.objects}: {self.objects - known} more than we know of"),
        )


def pull_the_plug(desk: Desk, made: Plan, config: Config, double: str) -> Pulled:
    """Apply the plan in a process of its own and kill that in the middle; VendorError when it did not die there."""
    nth = max(1, len(made.lines) * _FAR_PERCENT // 100)
    ended = _apply(desk, made, config, f"post.sent:{nth}")
    if ended != -signal.SIGKILL:
        raise VendorError("The process that wrote did not die as it should.", next_step="Run the demo again.")
    rows = desk.store.outbox(desk.id, plan_id=made.plan_id)
    return Pulled(lines=Counter(row.state for row in rows), objects=_marks(double, desk))


def resume(desk: Desk, made: Plan, config: Config) -> bool:
    """Run the same command again, until nothing waits any more; whether it ended well."""
    return any(_apply(desk, made, config, "") == 0 for _ in range(RUNS_MAX))


def once_each(desk: Desk, made: Plan, double: str) -> str:
    """What is wrong with what stands in the books after the run; "" when each line stands exactly once."""
    rows = desk.store.outbox(desk.id, plan_id=made.plan_id)
    done = {row.op_id for row in rows if row.state is OutboxState.DONE}
    objects = _marks(double, desk)
    if len(done) == len(made.lines) == objects:
        return ""
    return f"{len(made.lines)} lines were planned, {len(done)} are done, and the books hold {objects} objects of ours"


def take_back(desk: Desk, run: Plan) -> tuple[int, int]:
    """Undo a run; says how many entries were taken back, and how many could not be."""
    made = undoing.plan_undo(desk, run.plan_id, _quiet)
    applied = books.apply_plan(desk, made, _quiet, lambda _: None)
    left = len(applied.posted.waiting) + len(applied.posted.dead) + len(applied.stale)
    return len(applied.posted.done), len(made.left_out) + left


def state_of(double: str, desk: Desk) -> object:
    """All of that company's books as their double holds them, without ids and times."""
    answer = VendorSession("double").get(f"{double}{STATE}")
    state: dict[str, object] = json.loads(answer.content, parse_float=Decimal)
    return state[desk.books().account]


def _marks(double: str, desk: Desk) -> int:
    """How many objects of that company's books carry our mark."""
    return json.dumps(state_of(double, desk)).count(MARK)


def _apply(desk: Desk, made: Plan, config: Config, crash_at: str) -> int:
    """How `receivables apply` ended, run as anybody runs it."""
    settings = {
        "RECEIVABLES_HOME": str(config.home),
        "RECEIVABLES_DATABASE": config.database,
        "RECEIVABLES_ACTOR": config.actor,
        "RECEIVABLES_LINK_BASE": config.link_base,
        "RECEIVABLES_SETTLE_PAYMENT": str(config.settle_payment_seconds),
        "RECEIVABLES_SETTLE_NOTE": str(config.settle_note_seconds),
        "RECEIVABLES_CALLS_PER_MINUTE": str(config.calls_per_minute),
        "RECEIVABLES_CRASH_AT": crash_at,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECEIVABLES_")}
    command = [sys.executable, "-m", "connector", "apply", made.plan_id, "--company", desk.id, "--yes"]
    ran = subprocess.run(  # noqa: S603  our own command
        command,
        env={**kept, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=WRITE_SECONDS_MAX,
        check=False,
    )
    return ran.returncode


def _quiet(label: str, done: int, expected: int | None = None) -> None:
    """The story tells what happened afterwards."""
