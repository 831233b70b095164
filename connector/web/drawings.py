"""Pages of links as they were drawn lately: drawn once, and shown again until anything that they tell has changed.

Whether it has is asked of the store for every visitor (`Opened.marks`), so nobody is shown what is no longer so. The
signature of a form is no part of a drawing: every browser gets its own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi.responses import Response

from connector.web.opened import Opened
from connector.web.shops import Shop

DRAWINGS_MAX = 512
"""So many are kept, at about twenty kilobytes each; the one that nobody asked for longest goes first."""

_LENGTH = "content-length"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """An answer, and what it was drawn from."""

    marks: tuple[object, ...]
    shop: Shop
    status: int
    body: bytes
    headers: dict[str, str]


class Drawings:
    """Those of one process. May be asked by many threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, ...], _Drawing] = OrderedDict()
        self.drawn = 0
        """How many were drawn."""

    def of(self, opened: Opened, draw: Callable[[Opened], Response]) -> Response:
        """What is asked for, drawn anew only where it would look different."""
        around = opened.around
        key = (opened.desk.id, opened.link.link_id, around.show, around.tongue.code, around.chosen)
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
        if held is None or held.shop is not opened.shop or held.marks != opened.marks:
            # Drawn from what is stored now, which is as new as its marks, or newer; then it is drawn once more.
            held = _drawing(opened, draw(opened))
            with self._lock:
                self.drawn += 1
                self._held[key] = held
                while len(self._held) > DRAWINGS_MAX:
                    self._held.popitem(last=False)
        return Response(held.body, status_code=held.status, headers=held.headers)


def _drawing(opened: Opened, answer: Response) -> _Drawing:
    return _Drawing(
        marks=opened.marks,
        shop=opened.shop,
        status=answer.status_code,
        body=bytes(answer.body),
        headers={name: value for name, value in answer.headers.items() if name != _LENGTH},
    )
