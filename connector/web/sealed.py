"""The headers on every answer, whichever door it leaves by, and one plain page for whatever nobody expected."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector import logs
from connector.web.drawn import neutral
from connector.web.faces import FAULT

_log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
"""On every answer, also on those of faults; a page widens its own policy by its style sheet and its form."""


class Sealed:
    """Puts the headers on every answer, and turns whatever nobody expected into one plain page: `fault` makes it."""

    def __init__(self, app: ASGIApp, fault: Callable[[], Response] = lambda: neutral(FAULT)) -> None:
        self._app = app
        self._fault = fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sealed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sealed)
        except Exception as fault:
            if started:
                raise
            _log.error(logs.where(fault))
            await self._fault()(scope, receive, sealed)
