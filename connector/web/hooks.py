"""The door for what vendors send us: POST /hooks/{system}. It stores hints and answers; it reads nothing and decides
nothing.

Whoever knocks is a stranger until the signature over the raw bytes fits. The answer to a good delivery is given only
after its hints are stored, so that a vendor that is not answered sends it again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from connector.app.hints import Door, doors, take
from connector.app.house import House
from connector.errors import ReceivablesError, Refused

BODY_BYTES_MAX = 1024 * 1024
BODY_SECONDS_MAX = 10.0
"""How much a stranger may send before the signature is looked at, and how long that may take."""

LOCK_WAIT_SECONDS = 2
"""How long a delivery may wait for another process that writes: vendors wait three seconds, then send it again."""

KEPT_SECONDS = 60.0
"""How long the house is kept open."""

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
TOO_SLOW = 408
TOO_LARGE = 413
UNAVAILABLE = 503

_log = logging.getLogger(__name__)


class Hallway:
    """What stands behind the door: one house, kept open between deliveries, because opening it takes longer than one.

    It is opened anew now and then, so that a database that was put in another's place (a restored backup) is found.
    """

    def __init__(self, open_house: Callable[[], House]) -> None:
        self._open_house = open_house
        self._doors = doors()
        self._lock = threading.Lock()
        self._house: House | None = None
        self._opened_at_seconds = 0.0

    def add_to(self, app: FastAPI) -> None:
        """Let the app take deliveries."""
        app.add_api_route("/hooks/{system}", self.knock, methods=["POST"])

    async def knock(self, system: str, request: Request) -> JSONResponse:
        """Answer one delivery."""
        if system not in self._doors:
            raise HTTPException(NOT_FOUND)
        body = await _body(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await run_in_threadpool(_taken, self._kept, self._doors[system], body, headers)

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Close the house when the app ends."""
        try:
            yield
        finally:
            self._close()

    def _kept(self) -> House:
        with self._lock:
            if self._house is not None:
                if self._house.clock.monotonic() - self._opened_at_seconds < KEPT_SECONDS:
                    return self._house
                self._close()
            self._house = self._open_house()
            self._opened_at_seconds = self._house.clock.monotonic()
            return self._house

    def _close(self) -> None:
        house, self._house = self._house, None
        if house is not None:
            house.store.close()


async def _body(request: Request) -> bytes:
    """The raw bytes, as many as are allowed."""
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in request.stream():
                received += part
                if len(received) > BODY_BYTES_MAX:
                    raise HTTPException(TOO_LARGE)
    except TimeoutError:
        raise HTTPException(TOO_SLOW) from None
    except ClientDisconnect:
        raise HTTPException(BAD_REQUEST) from None
    return bytes(received)


def _taken(house: Callable[[], House], door: Door, body: bytes, headers: dict[str, str]) -> JSONResponse:
    system = door.spec.name
    try:
        taken = take(house(), door, body, headers)
    except Refused:
        raise HTTPException(NOT_FOUND) from None
    except ReceivablesError as fault:
        _log.warning("A delivery of %s could not be stored: %s.", system, type(fault).__name__)
        return JSONResponse({"ok": False}, status_code=UNAVAILABLE)
    if taken is None:
        return JSONResponse({"ok": False}, status_code=UNAUTHORIZED)
    # What was signed and is not for us is counted where whoever runs this can see it.
    if taken.foreign:
        _log.warning("A delivery of %s held %s hints for accounts not connected here.", system, taken.foreign)
    elif not taken.stored and not taken.known:
        _log.warning("A delivery of %s was signed and held nothing that could be used.", system)
    return JSONResponse({"ok": True, "stored": taken.stored, "known": taken.known, "foreign": taken.foreign})
