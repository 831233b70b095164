"""What the addresses of a link answer: GET shows and changes nothing, POST is the only thing that acts.

Everything of a link hangs on its one address; what is shown of it is asked for by `?show=`, so that no page has to hold
the secret it was opened by. The way back from a processor is the one GET that acts: it asks how the payment stands,
which the program would do by itself a moment later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.background import BackgroundTask

from connector.app.asking import ask, push_asked
from connector.app.house import Desk, House
from connector.app.paying import Visit, came_back, find, visit
from connector.dates import zone
from connector.errors import ReceivablesError, TooManyTries
from connector.paylinks import Offer
from connector.store import OutboxRow
from connector.web import payer
from connector.web.asked import given_in, message_in
from connector.web.drawings import Drawings
from connector.web.drawn import Around, drawn, neutral
from connector.web.faces import NOTHING_HERE, nothing_here, too_many, too_old, unavailable
from connector.web.forgery import COOKIE, COOKIE_SECURE, FORM_FIELD, fits
from connector.web.hooks import body
from connector.web.live import Live
from connector.web.opened import SEE_OTHER, Knock, Opened, fetched, no_document, page, pay, question, signed
from connector.web.shops import Shops
from connector.web.tongues import tongue_for
from connector.web.turnstile import HOUR_SECONDS, MINUTE_SECONDS, Limits, Turnstile, visitor_of

FORM_BYTES_MAX = 32 * 1024
WAITING_MAX = 16
"""So many requests may wait for other systems at a time; there are forty threads."""

AGAIN_SECONDS = 10
"""When to come again where nobody can be answered."""

_FORM = "application/x-www-form-urlencoded"

_SHOWN = frozenset(
    {payer.TRANSFER, payer.CHEQUE, payer.DOCUMENT, payer.QUESTION, payer.STATE, payer.LOGO, payer.THANKS}
)

_log = logging.getLogger(__name__)


class Links:
    """The addresses under /pay."""

    def __init__(self, house: Callable[[], House], limits: Limits, monotonic: Callable[[], float]) -> None:
        self._house = house
        self._shops = Shops()
        self._drawings = Drawings()
        self._live = Live(house, monotonic)
        self._waiting = CapacityLimiter(WAITING_MAX)
        self._views = Turnstile(limits.views_per_minute, MINUTE_SECONDS, monotonic)
        self._polls = Turnstile(limits.polls_per_minute, MINUTE_SECONDS, monotonic)
        self._misses = Turnstile(limits.misses_per_minute, MINUTE_SECONDS, monotonic)
        self._documents = Turnstile(limits.documents_per_minute, MINUTE_SECONDS, monotonic)
        self._questions = Turnstile(limits.questions_per_hour, HOUR_SECONDS, monotonic)

    async def look(self, token: str, request: Request) -> Response:
        """Show what the link offers now, or what of it is asked for. Changes nothing."""
        knock = self._knock(token, request)
        return await self._apart(knock, self._look, waits=knock.show == payer.DOCUMENT)

    async def act(self, token: str, request: Request) -> Response:
        """Send the payer on to the processor's page, or keep what was written."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        sent = await body(request, FORM_BYTES_MAX) if kind == _FORM else b""
        form = dict(parse_qsl(sent.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
        return await self._apart(self._knock(token, request, form), self._act, waits=True)

    async def back(self, token: str, request: Request) -> Response:
        """Where a processor sends the payer back to: ask how the payment stands, then show the page."""
        return await self._apart(self._knock(token, request), self._back, waits=True)

    async def _apart(self, knock: Knock, answer: Callable[[Opened], Response], *, waits: bool) -> Response:
        """In a thread; what `waits` for other systems takes only some of them, so that pages are shown meanwhile."""
        return await to_thread.run_sync(self._answer, knock, answer, limiter=self._waiting if waits else None)

    def _knock(self, token: str, request: Request, form: Mapping[str, str] | None = None) -> Knock:
        nth = request.query_params.get("nth", "1")[:3]
        host = request.client.host if request.client is not None else ""
        return Knock(
            token=token,
            visitor=visitor_of(host),
            show=request.query_params.get("show", "")[:20],
            nth=int(nth) if nth.isdecimal() else 1,
            language=request.query_params.get("lang", "")[:8],
            accepted=request.headers.get("accept-language", ""),
            nonce=request.cookies.get(COOKIE_SECURE) or request.cookies.get(COOKIE),
            form=form,
        )

    def _answer(self, knock: Knock, answer: Callable[[Opened], Response]) -> Response:
        """Let the visitor in, find the link, and turn every fault into a page of our own words."""
        reads = tongue_for(knock.language, "", knock.accepted)
        polls = knock.form is None and knock.show == payer.STATE
        wait_seconds = (self._polls if polls else self._views).wait_seconds(knock.visitor)
        wait_seconds = wait_seconds or self._misses.left_seconds(knock.visitor)
        if wait_seconds:
            return neutral(too_many(reads), wait_seconds)
        try:
            opened = self._opened(knock)
        except ReceivablesError as fault:
            _log.warning("Payment links cannot be answered: %s.", type(fault).__name__)
            return neutral(unavailable(reads), AGAIN_SECONDS)
        if opened is None:
            self._misses.wait_seconds(knock.visitor)
            return neutral(nothing_here(reads))
        try:
            return self._answered(opened, answer)
        except TooManyTries as fault:
            return neutral(too_many(opened.around.tongue), fault.retry_after_seconds)
        except ReceivablesError as fault:
            _log.warning("A payment link could not be answered: %s.", type(fault).__name__)
            told = payer.fault_of(fault, opened.around.reader, opened.link.number)
            return drawn("payer_said.html", opened.around, status=told.status, title=told.title, page=told)

    def _answered(self, opened: Opened, answer: Callable[[Opened], Response]) -> Response:
        response = signed(opened, answer(opened))
        if response.background is None:
            opened.desk.house.give_back(opened.desk)
        return response

    def _opened(self, knock: Knock) -> Opened | None:
        """The link of an address, with everything its pages need; None for an address that is nobody's."""
        found = find(self._house(), knock.token)
        if found is None:
            return None
        desk, link = found.desk, found.link
        shop = self._shops.shop(desk)
        tongue = tongue_for(knock.language, link.language, knock.accepted)
        reader = payer.Reader(tongue=tongue, zone=zone(desk.company.zone), seller=shop.seller)
        chosen = knock.language if knock.language == tongue.code else ""
        show = knock.show if knock.show in _SHOWN else ""
        around = Around(reader=reader, chosen=chosen, show=show)
        return Opened(desk=desk, link=link, shop=shop, knock=knock, around=around, marks=found.marks)

    def _look(self, opened: Opened) -> Response:
        match opened.around.show:
            case payer.STATE:
                return self._drawings.of(opened, _state)
            case payer.LOGO:
                logo = opened.shop.seller.logo
                if logo is None:
                    return neutral(NOTHING_HERE)
                return Response(logo.picture, media_type=logo.kind)
            case payer.DOCUMENT:
                return self._document(opened, visit(opened.desk, opened.link))
            case payer.QUESTION:
                return question(opened, visit(opened.desk, opened.link))
            case show:
                read_live = self._live.look(opened.desk, opened.link) if show != payer.THANKS else None
                seen = replace(opened, read_live=read_live, marks=(*opened.marks, read_live))
                return self._drawings.of(seen, _page)

    def _back(self, opened: Opened) -> Response:
        try:
            came_back(opened.desk, opened.link)
        except ReceivablesError as fault:
            # The page says where it stands by what is stored; the program goes on asking by itself.
            _log.warning("What became of a payment could not be asked: %s.", type(fault).__name__)
        return RedirectResponse(f"../{opened.knock.token}{opened.around.at('')}", status_code=SEE_OTHER)

    def _document(self, opened: Opened, seen: Visit) -> Response:
        """The invoice as its document, through us: a payer is sent to no third party."""
        wait_seconds = self._documents.wait_seconds(opened.knock.visitor)
        if wait_seconds:
            return neutral(too_many(opened.around.tongue), wait_seconds)
        debt = next(iter(seen.debts[opened.knock.nth - 1 : opened.knock.nth]), None)
        if debt is None or seen.showing.offer is Offer.CLOSED:
            return page(opened, seen, "")
        try:
            document = fetched(opened.desk, debt.ref)
        except ReceivablesError as fault:
            _log.warning("The document of an invoice could not be fetched: %s.", type(fault).__name__)
            return no_document(opened, seen)
        name = "".join(each for each in debt.number or "" if each.isascii() and (each.isalnum() or each in "-_"))
        filename = f"invoice-{name}.pdf" if name else "invoice.pdf"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
        return Response(document, media_type="application/pdf", headers=headers)

    def _act(self, opened: Opened) -> Response:
        form = opened.knock.form or {}
        sent = form.get(FORM_FIELD, "")
        if not fits(opened.form_key, opened.link.link_id, opened.knock.nonce, sent):
            return neutral(too_old(opened.around.tongue))
        if form.get("do") == "ask":
            return self._ask(opened, form)
        return pay(opened, form)

    def _ask(self, opened: Opened, form: Mapping[str, str]) -> Response:
        desk, reader = opened.desk, opened.around.reader
        given = given_in(form)
        message = message_in(given, form[FORM_FIELD], reader, desk.today)
        if isinstance(message, tuple):
            return question(opened, visit(desk, opened.link), given, message)
        wait_seconds = self._questions.wait_seconds(opened.link.link_id)
        if wait_seconds:
            return neutral(too_many(opened.around.tongue), wait_seconds)
        rows = ask(desk, opened.link, message)
        onward = RedirectResponse(opened.around.at(payer.THANKS), status_code=SEE_OTHER)
        onward.background = BackgroundTask(_push, desk, rows)
        return onward


def _page(opened: Opened) -> Response:
    return page(opened, visit(opened.desk, opened.link, opened.read_live), opened.around.show)


def _state(opened: Opened) -> Response:
    return JSONResponse({"state": payer.state_of(visit(opened.desk, opened.link))})


def _push(desk: Desk, rows: list[OutboxRow]) -> None:
    """After the payer was answered."""
    try:
        push_asked(desk, rows)
    except ReceivablesError as fault:
        _log.warning("The note of a payer's message waits to be pushed: %s.", type(fault).__name__)
