"""The live balance for whoever looks at a link: its debts are read from their books, at most every half a minute.

A page that is opened by a hundred people at once asks once. Nobody waits long: what does not answer in time is shown
as it was read before, with the moment of that. How often it may be asked is bounded per link, per company and day, and
by what is left of the month's reads, so that no mail scanner and no crowd uses up what syncing needs.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.app.debts import read_debts
from connector.app.house import Desk, House
from connector.dates import Instant
from connector.errors import ReceivablesError
from connector.model.paylink import LinkId, LinkState, PaymentLink
from connector.web.turnstile import Turnstile

LIVE_SECONDS = 30.0
"""So long what was read of a link's debts is live."""

WAIT_SECONDS = 1.5
"""So long a visitor waits for it."""

READS_PER_DAY = 2_000
"""So often a day it is asked for one company, whoever looks."""

AT_ONCE = 4
"""So many are read at the same time; for the next one what is stored is good enough."""

LINKS_MAX = 10_000
"""So many links are remembered; the one looked at longest ago is forgotten first."""

DAY_SECONDS = 86_400.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Reading:
    """One link's last reading: when it began, whether it is over, and the moment of the last that came off."""

    begun_seconds: float
    over: threading.Event = field(default_factory=threading.Event)
    read_at: Instant | None = None


class Live:
    """Remembers what was read when, in this process. May be asked by many threads at once."""

    def __init__(self, house: Callable[[], House], monotonic: Callable[[], float]) -> None:
        self._house = house
        self._monotonic = monotonic
        self._readings: OrderedDict[LinkId, _Reading] = OrderedDict()
        self._lock = threading.Lock()
        self._room = threading.Semaphore(AT_ONCE)
        self._daily = Turnstile(READS_PER_DAY, DAY_SECONDS, monotonic)

    def look(self, desk: Desk, link: PaymentLink) -> Instant | None:
        """Read the debts of a link that can be paid, unless that was just done; the moment of the last reading that
        came off, None where there was none. Never raises for what an outside system does."""
        if link.state is not LinkState.ACTIVE:
            return None
        reading, mine = self._reading(link)
        if mine:
            self._begin(desk, link, reading)
        reading.over.wait(WAIT_SECONDS)
        return reading.read_at

    def _reading(self, link: PaymentLink) -> tuple[_Reading, bool]:
        """The reading that goes for this look, and whether it is for the caller to begin it."""
        now = self._monotonic()
        with self._lock:
            held = self._readings.get(link.link_id)
            if held is not None and (not held.over.is_set() or now - held.begun_seconds < LIVE_SECONDS):
                return held, False
            new = _Reading(begun_seconds=now, read_at=held.read_at if held is not None else None)
            self._readings[link.link_id] = new
            self._readings.move_to_end(link.link_id)
            while len(self._readings) > LINKS_MAX:
                self._readings.popitem(last=False)
            return new, True

    def _begin(self, desk: Desk, link: PaymentLink, reading: _Reading) -> None:
        if not self._room.acquire(blocking=False):
            reading.over.set()
            return
        if _is_short(desk, link) or self._daily.wait_seconds(desk.id):
            self._room.release()
            reading.over.set()
            return
        # A daemon: whoever stops the server does not wait for an answer of the books.
        threading.Thread(target=self._read, args=(desk, link, reading), name="live-balance", daemon=True).start()

    def _read(self, desk: Desk, link: PaymentLink, reading: _Reading) -> None:
        try:
            house = self._house()
            own = house.lend(desk.company)
            now = own.clock.now()
            read_debts(own, link)
            reading.read_at = now
            house.give_back(own)
        except ReceivablesError as fault:
            _log.warning("The live balance of a payment link could not be read: %s.", type(fault).__name__)
        finally:
            self._room.release()
            reading.over.set()


def _is_short(desk: Desk, link: PaymentLink) -> bool:
    """Whether the reads of the month are nearly used up at one of the systems its debts live in."""
    for connection in {ref.connection for ref in link.debts}:
        spent = desk.spending(desk.store.connection(desk.id, connection))
        if spent is not None and spent.nearly_spent:
            return True
    return False
