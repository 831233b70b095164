"""Figures that take long to work out, and no page waits for them: they are kept, and of an older one it is said of when
it is while a thread of this process works it out anew."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from connector.app.errands import under_way
from connector.app.figures import (
    FIRST_PAGE,
    PROOF,
    FirstPage,
    Proven,
    first_page,
    is_current,
    kept_as,
    proven,
    takes_long,
)
from connector.app.house import Desk, House
from connector.dates import Instant
from connector.errors import ReceivablesError
from connector.model.source import CompanyId

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class What(Generic[T]):
    """A figure: its name, its shape, and what works it out and keeps it."""

    name: str
    shape: type[T]
    make: Callable[[Desk], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Generic[T]):
    """A figure as it can be shown now; None where it never was worked out. `at`: when it was; `current`: nothing has
    happened since; `working`: somebody works it out anew."""

    value: T | None
    at: Instant | None
    current: bool
    working: bool


FIRST: What[FirstPage] = What(name=FIRST_PAGE, shape=FirstPage, make=first_page)
THE_PROOF: What[Proven] = What(name=PROOF, shape=Proven, make=proven)


class Figures:
    """Which figures are being worked out in this process. May be asked by many threads at once."""

    def __init__(self) -> None:
        self._working: set[tuple[CompanyId, str]] = set()
        self._lock = threading.Lock()

    def lately(self, desk: Desk, what: What[T], open_house: Callable[[], House]) -> Told[T]:
        """The figure; where it is older, it is begun to be worked out, if nothing else is under way."""
        found = kept_as(desk, what.name, what.shape)
        if found is not None and is_current(desk, found[1]):
            return Told(value=found[0], at=found[1].at, current=True, working=False)
        if not takes_long(desk):
            return Told(value=what.make(desk), at=desk.clock.now(), current=True, working=False)
        value, at = (found[0], found[1].at) if found is not None else (None, None)
        # Whatever is under way changes it again; its end is soon enough.
        working = under_way(desk) is None and self._begin(desk.id, what, open_house)
        return Told(value=value, at=at, current=False, working=working)

    def _begin(self, company: CompanyId, what: What[Any], open_house: Callable[[], House]) -> bool:
        with self._lock:
            if (company, what.name) not in self._working:
                self._working.add((company, what.name))
                name = f"{company}: {what.name}"
                threading.Thread(target=self._work, args=(company, what, open_house), name=name, daemon=True).start()
        return True

    def _work(self, company: CompanyId, what: What[Any], open_house: Callable[[], House]) -> None:
        try:
            with open_house() as house:
                what.make(house.company(company))
        except ReceivablesError as fault:
            _log.warning("A figure could not be worked out: %s.", type(fault).__name__)
        finally:
            with self._lock:
                self._working.discard((company, what.name))
