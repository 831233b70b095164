"""Looking at tries to pay while a server runs: often while a payer has the page open, then less and less.

Works without any inbound connection. What is found is stored by the same way that a payer's return or a webhook uses.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from connector.app.following import watched
from connector.app.house import Desk, House
from connector.app.settling import settle
from connector.dates import Instant
from connector.errors import ReceivablesError
from connector.model.paylink import AttemptId
from connector.model.source import CompanyId, ConnectionId
from connector.paylinks import is_due

TICK_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Watcher:
    """Remembers when it looked last; one that begins anew looks at everything once."""

    def __init__(self, open_house: Callable[[], House]) -> None:
        self._open_house = open_house
        self._looked: dict[tuple[CompanyId, AttemptId], Instant] = {}
        self._heard: dict[tuple[CompanyId, ConnectionId], frozenset[str]] = {}
        self._stop = threading.Event()

    def run(self) -> None:
        """Look, and wait, until `stop`."""
        while not self._stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except ReceivablesError as fault:
                _log.warning("Tries to pay could not be looked at: %s.", type(fault).__name__)

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def tick(self) -> int:
        """Look at every try whose time has come; how many that were."""
        asked = 0
        with self._open_house() as house:
            for company in house.store.companies():
                asked += self._look(house.company(company.company_id))
        return asked

    def _look(self, desk: Desk) -> int:
        now, asked = desk.clock.now(), 0
        tries = watched(desk)
        known = {(desk.id, each.attempt_id) for each in tries}
        self._looked = {key: at for key, at in self._looked.items() if key[0] != desk.id or key in known}
        told = self._told(desk) if tries else frozenset()
        for attempt in tries:
            key = (desk.id, attempt.attempt_id)
            due = attempt.connection in told or is_due(attempt, self._looked.get(key), now)
            if attempt.page_id is None or not due:
                continue
            self._looked[key] = now
            asked += 1
            try:
                settle(desk, attempt.attempt_id, "poll")
            except ReceivablesError as fault:
                _log.warning("A try to pay could not be settled: %s.", type(fault).__name__)
        return asked

    def _told(self, desk: Desk) -> frozenset[ConnectionId]:
        """The processors that have sent us something since the last look: what it says is asked for, not believed."""
        found = set()
        for connection in desk.processors():
            key = (desk.id, connection.connection_id)
            open_now = frozenset(hint.key for hint in desk.store.open_hints(*key))
            if open_now - self._heard.get(key, frozenset()):
                found.add(connection.connection_id)
            self._heard[key] = open_now
        return frozenset(found)
