"""The runner of a cluster: DBOS hands out the turns among many machines. It is a dispatcher and nothing else.

Whose turn it is stands in our own rows, as for the embedded loop. What DBOS keeps are names of turns: it retries
nothing, remembers nothing that matters, and may lose or double any of them. That avoids what it does after a crash: a
random name per process, so that no turn is ever "recovered" into a second one beside the first; one pinned version, so
that a release strands nothing; only its per-worker limit, because its other limits count the dead.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

from dbos import DBOS, DBOSConfig, SetWorkflowID

from connector.clock import Clock
from connector.dates import Instant
from connector.errors import StoreError
from connector.model.source import CompanyId
from connector.runtime import RunnerStatus, Tick
from connector.runtime.loop import Loop, take_turn
from connector.store import Store

CONTRACT = "receivables-turns-1"
"""What a turn is told and answers. Another one only when that changes, never with a release."""

QUEUE = "receivables-turns"
KEPT_DAYS = 3
LOOK_SECONDS = 0.25
CLEAN_SECONDS = 3600.0
_AT_ONCE_MAX = 500
_STOP_SECONDS = 8
_SLOT_SECONDS = 60
_AT_ONCE_CLEANED = 1_000
"""So many rows go with one look, so that nobody waits for a turn meanwhile."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Dispatcher:
    """`runtime.Runner` by DBOS on the database at `url`. One at a time in a process."""

    loop: Loop
    url: str
    clock: Clock
    workers: int = 8

    @property
    def _store(self) -> Store:
        return self.loop.store

    def wake(self, company: CompanyId, *, reason: str, in_seconds: float = 0) -> None:
        self.loop.wake(company, reason=reason, in_seconds=in_seconds)

    def status(self) -> RunnerStatus:
        return self.loop.status()

    def run(self, tick: Tick, stop: Event) -> None:
        config: DBOSConfig = {
            "name": "receivables",
            "system_database_url": self.url,
            "executor_id": secrets.token_hex(8),
            "application_version": CONTRACT,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        DBOS(config=config)

        @DBOS.workflow(name="turn", max_recovery_attempts=None)
        def turn(company: str) -> None:
            if not stop.is_set():
                self._give(CompanyId(company), tick, stop)

        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=self.workers, polling_interval_sec=LOOK_SECONDS)
        offered: frozenset[str] = frozenset()
        clean_at = self.clock.monotonic()
        try:
            while not stop.is_set():
                try:
                    found = self._store.due_now(_AT_ONCE_MAX, _SLOT_SECONDS)
                    for company, slot in found:
                        if slot not in offered:
                            with SetWorkflowID(slot):
                                DBOS.enqueue_workflow(QUEUE, turn, company)
                    offered = frozenset(slot for _, slot in found)
                    if self.clock.monotonic() >= clean_at:
                        more = clean(self.clock.now()) == _AT_ONCE_CLEANED
                        clean_at = self.clock.monotonic() + (0 if more else CLEAN_SECONDS)
                    self.loop.free_the_dead()
                except StoreError as fault:
                    self.loop.trouble(fault)
                stop.wait(LOOK_SECONDS)
        finally:
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=_STOP_SECONDS)

    def _give(self, company: CompanyId, tick: Tick, stop: Event) -> None:
        """One turn. Nothing is raised: DBOS would keep what a fault said, and its rows hold ids and nothing else."""
        try:
            take_turn(self.loop, tick, stop, only=company)
        except StoreError as fault:
            self.loop.trouble(fault)
        except Exception as fault:  # noqa: BLE001 - kept by nobody but the log, and there by its kind alone
            _log.error("%s in a turn", type(fault).__name__)


def clean(now: Instant) -> int:
    """Take turns away that were handed out more than three days ago, also those that died with a process: the oldest,
    and no more than so many at once. How many."""
    before = (now - timedelta(days=KEPT_DAYS)).isoformat()
    found = DBOS.list_workflows(end_time=before, limit=_AT_ONCE_CLEANED, load_input=False, load_output=False)
    old = [one.workflow_id for one in found]
    if old:
        DBOS.cancel_workflows(old)
        DBOS.delete_workflows(old)
    return len(old)
