"""The console's app: every address with the role that it needs, and the server on this computer."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from connector.app.house import House
from connector.errors import SettingsError
from connector.web.console import (
    accounts,
    aging,
    archives,
    autosync,
    backups,
    bank,
    beginning,
    cleaning,
    colleagues,
    companies,
    connections,
    evidence,
    findings,
    home,
    link_rules,
    links,
    mapping,
    moving,
    notifications,
    payouts,
    plans,
    proof,
    replanned,
    review,
    rules,
    today,
    work,
)
from connector.web.console.consent import BACK_AT
from connector.web.console.door import Address, Door
from connector.web.console.drawing import SCRIPT, outside
from connector.web.console.ways import Tools, Way
from connector.web.drawn import neutral
from connector.web.faces import NOTHING_HERE
from connector.web.kept import Kept
from connector.web.sealed import Sealed
from connector.web.sheets import sheets

HOST = "127.0.0.1"

_ROOMS = (
    home,
    work,
    review,
    plans,
    aging,
    today,
    autosync,
    proof,
    payouts,
    links,
    link_rules,
    findings,
    bank,
    beginning,
    cleaning,
    evidence,
    mapping,
    connections,
    accounts,
    rules,
    replanned,
    colleagues,
    notifications,
    backups,
    archives,
)

WAYS: tuple[Way, ...] = tuple(way for room in _ROOMS for way in room.WAYS)
"""Everything a company's part of the console has."""


def console_app(
    open_house: Callable[[], House], address: Address | None = None, *, proxies: tuple[str, ...] = ()
) -> FastAPI:
    """The app. `address` is where it is reached, if not on this computer alone; `proxies` are the web servers in front
    that are believed when they say who a visitor is."""
    kept = Kept(open_house)
    tools = Tools(open_house=open_house, anew=kept.anew)
    door = Door(
        house=kept,
        tools=tools,
        address=address if address is not None else Address(),
        forms_key=secrets.token_bytes(32),
    )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=kept.lifespan)
    app.add_middleware(Sealed, fault=_broken)
    if proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(proxies))
    app.add_exception_handler(HTTPException, _nothing_here)
    app.add_api_route(f"/{SCRIPT}", _script, methods=["GET"])
    app.add_api_route(f"/{BACK_AT}", door.returning, methods=["GET"])
    app.add_api_route("/sign-in", door.entrance, methods=["GET"])
    app.add_api_route("/sign-in", door.enter, methods=["POST"])
    app.add_api_route("/welcome/{token}", door.invitation, methods=["GET"])
    app.add_api_route("/welcome/{token}", door.accept, methods=["POST"])
    app.add_api_route("/sign-out", door.of_everybody(door.leave), methods=["POST"])
    app.add_api_route("/", door.of_everybody(companies.companies), methods=["GET"])
    app.add_api_route("/companies", door.of_everybody(beginning.new_company), methods=["GET"])
    app.add_api_route("/companies", door.of_everybody(beginning.make_company), methods=["POST"])
    app.add_api_route("/restore", door.of_everybody(moving.ask), methods=["GET"])
    app.add_api_route("/restore", door.of_upload(moving.UPLOAD), methods=["POST"])
    for way in WAYS:
        path = f"/c/{{company}}/{way.room}" if way.room else "/c/{company}"
        app.add_api_route(path, door.of_company(way), methods=[way.method])
    return app


async def _script() -> Response:
    """The one script: copying an address. Every page works without it."""
    return Response(sheets().get_template(f"console/{SCRIPT}").render(), media_type="text/javascript")


def _broken() -> Response:
    return outside("broken.html", "Something went wrong", status=500)


async def _nothing_here(_request: Request, fault: Exception) -> Response:
    """Every address and method that is not ours."""
    answer = neutral(NOTHING_HERE)
    if isinstance(fault, HTTPException):
        answer.status_code = fault.status_code
        answer.headers.update(fault.headers or {})
    return answer


def listen(port: int) -> socket.socket:
    """A port of this computer alone, where whoever comes waits for `serve`. SettingsError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise SettingsError(
            f"Port {port} on this computer is in use.",
            next_step="Stop what uses it, or choose another with --port.",
        ) from None
    return listener


def serve(app: FastAPI, listener: socket.socket) -> None:
    """Answer until Ctrl-C. No access log: an address under /welcome is a secret."""
    config = uvicorn.Config(app, access_log=False, server_header=False, proxy_headers=False, log_level="warning")
    with listener:
        uvicorn.Server(config).run(sockets=[listener])
