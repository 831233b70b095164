"""What another setting would make different, where that takes longer than a page may: worked out by a thread of this
process, and held in its memory until somebody has looked and said yes or no."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from connector import logs
from connector.app.house import Desk, House
from connector.app.replanning import Changes
from connector.errors import ReceivablesError, Refused, UnknownRecord
from connector.model.source import ActorId, CompanyId

KEPT_MAX = 8
"""So many are held, of whatever company; the one that was begun longest ago goes first."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody has chosen and not confirmed yet.

    `to` is the page it was chosen on, `back` what that is called, and `room` under which it stands. `what`: of what,
    what it was, what it is to be. `fields` are those of the form as they were sent; `mark` names exactly the setting
    before and after. `effects`: what it does beside lines and entries.
    """

    to: str
    back: str
    title: str
    what: Sequence[tuple[str, str, str]]
    fields: Mapping[str, str | tuple[str, ...]]
    mark: str
    room: str = "setup"
    effects: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class Foreseen:
    """One choice of somebody's. `changes`: None until they are worked out; `fault`: why they cannot be."""

    company: CompanyId
    by: ActorId
    choice: Choice
    changes: Changes | None = None
    fault: ReceivablesError | None = None


@dataclass(slots=True)
class Foresight:
    """What is being worked out in this process, and what was. May be asked by many threads at once."""

    _held: OrderedDict[str, Foreseen] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(
        self, open_house: Callable[[], House], desk: Desk, choice: Choice, work: Callable[[Desk], Changes]
    ) -> str:
        """Begin to work it out; the name by which it is asked for."""
        name, one = f"f-{secrets.token_urlsafe(12)}", Foreseen(company=desk.id, by=desk.actor, choice=choice)
        with self._lock:
            self._held[name] = one
            while len(self._held) > KEPT_MAX:
                self._held.popitem(last=False)
        threading.Thread(target=_worked_out, args=(open_house, one, work), name=name, daemon=True).start()
        return name

    def of(self, desk: Desk, name: str) -> Foreseen:
        """One's own, of that company. UnknownRecord when there is none (any more)."""
        found = self._held.get(name)
        if found is None or (found.company, found.by) != (desk.id, desk.actor):
            raise UnknownRecord("This choice is not held any more.", next_step="Nothing was changed; choose again.")
        return found


def _worked_out(open_house: Callable[[], House], one: Foreseen, work: Callable[[Desk], Changes]) -> None:
    try:
        with open_house() as house:
            one.changes = work(house.company(one.company))
    except ReceivablesError as fault:
        one.fault = fault
    except Exception as fault:  # noqa: BLE001 - whoever waits for it must learn that it has ended
        _log.error(logs.where(fault))
        one.fault = Refused("Something that should not happen did.", next_step="Nothing was changed; choose again.")
