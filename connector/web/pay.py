"""Answers payment links over HTTP, on this computer alone; a web server with TLS stands in front of it.

No card or bank detail ever passes through here, and no page has a script or a picture of anybody else's. The secret in
a link's address is never logged, never sent on as a referrer, and stands in no page.
"""

from __future__ import annotations

import gc
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from connector.app.house import House
from connector.clock import Clock, SystemClock
from connector.errors import ReceivablesError, SettingsError
from connector.web import page
from connector.web.answers import Links
from connector.web.destinations import is_local
from connector.web.drawn import neutral, policy
from connector.web.faces import NOTHING_HERE, OK, UNAVAILABLE
from connector.web.hooks import Hallway
from connector.web.kept import Kept
from connector.web.sealed import Sealed
from connector.web.sheets import sheets, style_source
from connector.web.shops import shop_of
from connector.web.turnstile import Limits

HOST = "127.0.0.1"
SCRIPT = "pay.js"
TURN_SECONDS = 0.0002
"""How long one thread works on while others wait. Python's own five milliseconds would be waited for by every page, and
once more for each payment that is under way."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """How the door stands to the world: how often one visitor may come, and which web servers in front of it are
    believed when they say who a visitor is (`X-Forwarded-For`); nobody else is."""

    limits: Limits = field(default_factory=Limits)
    proxies: tuple[str, ...] = ()
    clock: Clock = field(default_factory=SystemClock)


def pay_app(
    open_house: Callable[[], House],
    *,
    proof_page: Callable[[], str] | None = None,
    hooks: Callable[[], House] | None = None,
    front: Front | None = None,
) -> FastAPI:
    """The app that answers payment links. `proof_page` is shown at / to a browser on this computer, and only there.

    `hooks` opens the house for what vendors send us, which cannot wait as long as a payer can; None: nothing is taken.
    """
    stands = front if front is not None else Front()
    kept = Kept(open_house)
    hallway = Hallway(hooks) if hooks is not None else None
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_closing(kept, hallway))
    links = Links(kept, stands.limits, stands.clock.monotonic)
    app.add_middleware(Sealed)
    if stands.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(stands.proxies))
    app.add_exception_handler(HTTPException, _nothing_here)
    app.add_api_route("/pay/{token}", links.look, methods=["GET", "HEAD"])
    app.add_api_route("/pay/{token}", links.act, methods=["POST"])
    app.add_api_route("/pay/{token}/back", links.back, methods=["GET"])
    app.add_api_route(f"/{SCRIPT}", _script, methods=["GET"])
    app.add_api_route("/healthz", _health(kept), methods=["GET"])
    if hallway is not None:
        hallway.add_to(app)
    if proof_page is not None:
        app.add_api_route("/", _index(proof_page), methods=["GET"])
    return app


def _closing(kept: Kept, hallway: Hallway | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            kept.close()
            if hallway is not None:
                hallway.kept.close()

    return lifespan


def _health(house: Callable[[], House]) -> Callable[[], JSONResponse]:
    def health() -> JSONResponse:
        """Whether links can be answered: the store opens and can be read."""
        try:
            house().store.companies()
        except ReceivablesError:
            return JSONResponse({"ok": False}, status_code=UNAVAILABLE)
        return JSONResponse({"ok": True})

    return health


def _index(shown: Callable[[], str]) -> Callable[[Request], Response]:
    def index(request: Request) -> Response:
        # A name that somebody else's server has pointed at this computer is not this computer's own.
        if not is_local(request.url.hostname):
            return neutral(NOTHING_HERE)
        headers = {"Content-Security-Policy": policy(style_source(page.STYLE))}
        return HTMLResponse(shown(), status_code=OK, headers=headers)

    return index


async def _script() -> Response:
    """The one script: copying, asking for what has changed, printing. Every page works without it."""
    return Response(sheets().get_template(SCRIPT).render(), media_type="text/javascript")


async def _nothing_here(_request: Request, fault: Exception) -> Response:
    """Every address and method that is not ours: the same neutral page, with the status it has earned."""
    answer = neutral(NOTHING_HERE)
    if isinstance(fault, HTTPException):
        answer.status_code = fault.status_code
        answer.headers.update(fault.headers or {})
    return answer


def serve(
    open_house: Callable[[], House],
    port: int,
    *,
    proof_page: Callable[[], str] | None = None,
    hooks: Callable[[], House] | None = None,
) -> None:
    """Answer links at 127.0.0.1 until Ctrl-C. SettingsError when the port is taken, or what payers see of a seller is
    not in order."""
    app = pay_app(open_house, proof_page=proof_page, hooks=hooks, front=_front(open_house))
    # No access log: an address under /pay is a secret.
    config = uvicorn.Config(app, access_log=False, server_header=False, proxy_headers=False, log_level="warning")
    # Named as TCP, because only then does asyncio send each answer at once (TCP_NODELAY): it saves 40 milliseconds.
    sys.setswitchinterval(TURN_SECONDS)
    # What is imported stays for ever: the collector need not go through it again, for a tenth of a second each time.
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            raise SettingsError(
                f"Port {port} on this computer is in use.",
                next_step="Stop what uses it, or choose another with --port.",
            ) from None
        uvicorn.Server(config).run(sockets=[listener])


def _front(open_house: Callable[[], House]) -> Front:
    """As the settings say; what payers would see of each company is looked at before the first of them comes."""
    with open_house() as house:
        config, clock = house.config, house.clock
        for company in house.store.companies():
            shop_of(house.company(company.company_id))
    limits = Limits(views_per_minute=config.views_per_minute, misses_per_minute=config.misses_per_minute)
    return Front(limits=limits, proxies=config.proxies, clock=clock)
