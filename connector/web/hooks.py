"""The door for what vendors send us: POST /hooks/{system}. It stores hints and answers; it reads nothing and decides
nothing.

Whoever knocks is a stranger until the signature over the raw bytes fits. The answer to a good delivery is given only
after its hints are stored, so that a vendor that is not answered sends it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from connector.app.hints import Door, doors, take
from connector.app.house import House
from connector.errors import ReceivablesError, Refused
from connector.web.kept import Kept

BODY_BYTES_MAX = 1024 * 1024
BODY_SECONDS_MAX = 10.0
"""How much a stranger may send before the signature is looked at, and how long that may take."""

LOCK_WAIT_SECONDS = 2
"""How long a delivery may wait for another process that writes: vendors wait three seconds, then send it again."""

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
TOO_SLOW = 408
TOO_LARGE = 413
UNAVAILABLE = 503

_log = logging.getLogger(__name__)


class Hallway:
    """What stands behind the door: one house, kept open between deliveries."""

    def __init__(self, open_house: Callable[[], House]) -> None:
        self.kept = Kept(open_house)
        self._doors = doors()

    def add_to(self, app: FastAPI) -> None:
        """Let the app take deliveries."""
        app.add_api_route("/hooks/{system}", self.knock, methods=["POST"])

    async def knock(self, system: str, request: Request) -> JSONResponse:
        """Answer one delivery."""
        if system not in self._doors:
            raise HTTPException(NOT_FOUND)
        received = await body(request, BODY_BYTES_MAX)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return await run_in_threadpool(_taken, self.kept, self._doors[system], received, headers)


async def body(request: Request, bytes_max: int) -> bytes:
    """The raw bytes of a request, as many as are allowed, within the time that is allowed."""
    received = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in request.stream():
                received += part
                if len(received) > bytes_max:
                    raise HTTPException(TOO_LARGE)
    except TimeoutError:
        raise HTTPException(TOO_SLOW) from None
    except ClientDisconnect:
        raise HTTPException(BAD_REQUEST) from None
    return bytes(received)


def _taken(house: Callable[[], House], door: Door, received: bytes, headers: dict[str, str]) -> JSONResponse:
    system = door.spec.name
    try:
        taken = take(house(), door, received, headers)
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
