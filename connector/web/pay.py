"""Answers payment links over HTTP, on this computer alone.

A link shows what is due and one button; the button opens the processor's page for exactly that amount. No card or bank
detail ever passes through here. The secret in a link's address is never logged and never sent on as a referrer.
"""

from __future__ import annotations

import logging
import re
import socket
import traceback
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.app.house import Desk, House
from connector.app.paying import click, find, visit
from connector.errors import MalformedAnswer, ReceivablesError, SettingsError
from connector.model.paylink import PaymentLink
from connector.web import page
from connector.web.faces import FAULT, NOTHING_HERE, OK, UNAVAILABLE, Face, face_of, fault_of
from connector.web.hooks import Hallway
from connector.web.sheets import sheets, style_source

HOST = "127.0.0.1"
STYLE = "pay.css"
SEE_OTHER = 303

_log = logging.getLogger(__name__)
_TOKEN = re.compile(r"[a-z2-7]{32}")

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
"""On every answer, also on those of faults; a page widens its own policy by its style sheet and its form."""


def _policy(sheet: str, form_action: str) -> str:
    """A page's policy: one style sheet by its hash, no script, no frame, forms only to there.

    Browsers hold a form's redirect to `form-action` too, so it must admit the processor's page.
    """
    return (
        f"default-src 'none'; style-src {style_source(sheet)}; img-src data:; base-uri 'none'; "
        f"form-action {form_action}; frame-ancestors 'none'"
    )


def _loopback(host: str | None) -> bool:
    """Whether a host name means this computer."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _form_action(house: House) -> str:
    """The processor's page is always https, except in a demo that runs on this computer."""
    local = _loopback(urlsplit(house.config.link_base).hostname)
    return "'self' https:" + (f" http://{HOST}:* http://localhost:*" if local else "")


def _show(face: Face, form_action: str = "'none'") -> HTMLResponse:
    text = sheets().get_template("pay.html").render(face=face)
    headers = {"Content-Security-Policy": _policy(STYLE, form_action)}
    return HTMLResponse(text, status_code=face.status, headers=headers)


class _Links:
    """What the addresses under /pay answer. Each request opens the house for itself and leaves it closed."""

    def __init__(self, open_house: Callable[[], House]) -> None:
        self._open_house = open_house

    def look(self, token: str) -> Response:
        """Show what the link offers now."""
        return self._with_link(token, _look)

    def pay(self, token: str) -> Response:
        """Send the payer on to the processor's page."""
        return self._with_link(token, _click)

    def _with_link(self, token: str, answer: Callable[[Desk, PaymentLink], Response]) -> Response:
        if not _TOKEN.fullmatch(token):
            return _show(NOTHING_HERE)
        with self._open_house() as house:
            found = find(house, token)
            if found is None:
                return _show(NOTHING_HERE)
            desk, link = found
            try:
                return answer(desk, link)
            except ReceivablesError as fault:
                _log.warning("A payment link could not be answered: %s.", type(fault).__name__)
                return _show(fault_of(fault, desk.company.name, link.number or ""))

    def health(self) -> JSONResponse:
        """Whether links can be answered: the store opens and can be read."""
        try:
            with self._open_house() as house:
                house.store.companies()
        except ReceivablesError:
            return JSONResponse({"ok": False}, status_code=UNAVAILABLE)
        return JSONResponse({"ok": True})


def _look(desk: Desk, link: PaymentLink) -> Response:
    specs = [desk.spec(each) for each in desk.processors()]
    titles = {code: title for spec in specs for code, title in spec.method_titles.items()}
    return _show(face_of(visit(desk, link), titles), _form_action(desk.house))


def _click(desk: Desk, link: PaymentLink) -> Response:
    address = click(desk, link)
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
        raise MalformedAnswer("The processor's page has an address that is not secure.", next_step="Report it.")
    return RedirectResponse(address, status_code=SEE_OTHER)


def pay_app(
    open_house: Callable[[], House],
    *,
    proof_page: Callable[[], str] | None = None,
    hooks: Callable[[], House] | None = None,
) -> FastAPI:
    """The app that answers payment links. `proof_page` is shown at / to a browser on this computer, and only there.

    `hooks` opens the house for what vendors send us, which cannot wait as long as a payer can; None: nothing is taken.
    """
    hallway = Hallway(hooks) if hooks is not None else None
    lifespan = hallway.lifespan if hallway is not None else None
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    links = _Links(open_house)
    app.add_middleware(_Sealed)
    app.add_exception_handler(HTTPException, _nothing_here)
    app.add_api_route("/pay/{token}", links.look, methods=["GET"])
    app.add_api_route("/pay/{token}", links.pay, methods=["POST"])
    app.add_api_route("/healthz", links.health, methods=["GET"])
    if hallway is not None:
        hallway.add_to(app)
    if proof_page is not None:
        shown = proof_page

        def index(request: Request) -> Response:
            # A name that somebody else's server has pointed at this computer is not this computer's own.
            if not _loopback(request.url.hostname):
                return _show(NOTHING_HERE)
            policy = _policy(page.STYLE, "'none'")
            return HTMLResponse(shown(), status_code=OK, headers={"Content-Security-Policy": policy})

        app.add_api_route("/", index, methods=["GET"])
    return app


async def _nothing_here(_request: Request, fault: Exception) -> Response:
    """Every address and method that is not ours: the same neutral page, with the status it has earned."""
    answer = _show(NOTHING_HERE)
    if isinstance(fault, HTTPException):
        answer.status_code = fault.status_code
        answer.headers.update(fault.headers or {})
    return answer


class _Sealed:
    """Puts the headers on every answer, and turns whatever nobody expected into one plain page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
            # Where it happened, and never what it said: that may hold an address or a name.
            at = traceback.extract_tb(fault.__traceback__)[-1]
            _log.error("%s at %s:%s", type(fault).__name__, at.filename, at.lineno)
            await _show(FAULT)(scope, receive, sealed)


def serve(
    open_house: Callable[[], House],
    port: int,
    *,
    proof_page: Callable[[], str] | None = None,
    hooks: Callable[[], House] | None = None,
) -> None:
    """Answer links at 127.0.0.1 until Ctrl-C. SettingsError when the port is taken."""
    app = pay_app(open_house, proof_page=proof_page, hooks=hooks)
    # No access log: an address under /pay is a secret.
    config = uvicorn.Config(app, access_log=False, server_header=False, proxy_headers=False, log_level="warning")
    # Named as TCP, because only then does asyncio send each answer at once (TCP_NODELAY): it saves 40 milliseconds.
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
