"""Who is let in to the console, to which company, and whose forms are taken: one guard before every page.

Whatever is not let in learns nothing: a company of others is not there, to the byte. Nothing that a person typed is
logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, quote, urlsplit

from anyio import to_thread
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from connector import canonical
from connector.app.authorise import answer_in
from connector.app.house import House
from connector.app.sessions import choose_password, invited, sign_in, sign_out, signed_in
from connector.app.staff import companies_of
from connector.errors import ReceivablesError, Refused, UserError
from connector.model.person import Session
from connector.model.source import CompanyId
from connector.web.console.consent import BACK_AT, COME_BACK
from connector.web.console.drawing import (
    FORBIDDEN,
    FORM_OF,
    NOT_FOUND,
    TOO_MANY,
    WRONG,
    form_of,
    hall,
    not_done,
    outside,
    page,
)
from connector.web.console.streamed import FORM_WITH_FILES, Streamed, streamed
from connector.web.console.ways import SEE_OTHER, Guest, Tools, Upload, Visit, Way, acting
from connector.web.destinations import is_local
from connector.web.drawn import neutral
from connector.web.faces import NOTHING_HERE
from connector.web.forgery import FORM_FIELD, fits, new_nonce, sign, usable
from connector.web.hooks import body
from connector.web.turnstile import visitor_of

FORM_BYTES_MAX = 256 * 1024
FILES_BYTES_MAX = 16 * 1024 * 1024
FIELDS_MAX = 500
TRIES_PER_MINUTE = 5
VISITOR_TRIES_PER_MINUTE = 20
TRIES_SECONDS = 60
"""Passwords that may be tried in that time: for one name, and by one visitor."""

_SIGN_IN = "sign-in"
_FORM = "application/x-www-form-urlencoded"
_GO_ON = Response()
_LENGTH_DIGITS_MAX = 18
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the console is reached. `secure`: by TLS, so its cookies are sent no other way. `host` is the name that a
    web server in front has, "" for none."""

    host: str = ""
    secure: bool = False
    url: str = ""

    @classmethod
    def of(cls, url: str) -> Address:
        """UserError when it is no address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise UserError(f"{url[:80]!r} is no address.", next_step="For example: https://books.example.com")
        return cls(host=parts.hostname, secure=parts.scheme == "https", url=url.rstrip("/"))

    def is_ours(self, host: str | None) -> bool:
        """A name that somebody else's server has pointed at this computer is not this computer's own."""
        return is_local(host) or (bool(self.host) and host == self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An address that takes files too large for memory. `may` is asked before anything of them is taken, with how many
    bytes are told of: the page that says no, None for yes. They lie in `folder` while `answer` looks at them."""

    may: Callable[[Guest, int], Response | None]
    answer: Callable[[Guest, Streamed], Response]
    folder: Callable[[House], Path]
    bytes_max: int


@dataclass(slots=True, kw_only=True)
class Door:
    """The guard."""

    house: Callable[[], House]
    tools: Tools
    address: Address
    forms_key: bytes

    @property
    def cookie(self) -> str:
        return "__Host-receivables-console" if self.address.secure else "receivables-console"

    @property
    def nonce_cookie(self) -> str:
        return f"{self.cookie}-form"

    # The part for whoever is not signed in.

    async def entrance(self, request: Request) -> Response:
        """Name and password are asked for."""
        return await self._outside(request, self._entrance)

    async def enter(self, request: Request) -> Response:
        """They are looked at."""
        return await self._outside(request, self._enter)

    async def invitation(self, request: Request) -> Response:
        """A link by which a password is chosen. Opening it changes nothing."""
        return await self._outside(request, self._invitation)

    async def accept(self, request: Request) -> Response:
        """The password is chosen."""
        return await self._outside(request, self._accept)

    async def _outside(self, request: Request, answer: Callable[[Request, Mapping[str, str]], Response]) -> Response:
        if not self.address.is_ours(request.url.hostname):
            return neutral(NOTHING_HERE)
        form = await _form_of(request)
        plain = {name: values[0] for name, values in (form or {}).items()}
        if form is not None and not self._may_send(request, plain.get(FORM_FIELD, "")):
            return _too_old()
        try:
            return await to_thread.run_sync(answer, request, plain)
        except ReceivablesError as fault:
            _log.warning("Nobody can be let in: %s.", type(fault).__name__)
            return outside("closed.html", "Come back in a moment", status=503)

    def _may_send(self, request: Request, signed: str) -> bool:
        return _same_site(request) and fits(self.forms_key, FORM_OF, request.cookies.get(self.nonce_cookie), signed)

    def _asking(self, request: Request, template: str, title: str, *, status: int = 200, **shown: object) -> Response:
        """A page with a form for somebody who has no session yet: the form is bound to a cookie of chance."""
        held = request.cookies.get(self.nonce_cookie)
        nonce = held if held is not None and usable(held) else new_nonce()
        answer = outside(template, title, status=status, form=sign(self.forms_key, FORM_OF, nonce), **shown)
        answer.set_cookie(
            self.nonce_cookie, nonce, secure=self.address.secure, httponly=True, samesite="strict", path="/"
        )
        return answer

    def _entrance(self, request: Request, _form: Mapping[str, str]) -> Response:
        if signed_in(self.house(), request.cookies.get(self.cookie)) is not None:
            return RedirectResponse("/", status_code=SEE_OTHER)
        return self._asking(request, "sign_in.html", "Sign in", then=_then(request), name="")

    def _enter(self, request: Request, form: Mapping[str, str]) -> Response:
        house, name = self.house(), form.get("name", "")[:100]
        visitor = visitor_of(request.client.host if request.client is not None else "")
        wait = _tried(house, f"visitor {visitor}", VISITOR_TRIES_PER_MINUTE)
        wait = wait or _tried(house, f"name {name.strip().casefold()}", TRIES_PER_MINUTE)
        if wait:
            answer = self._asking(
                request, "sign_in.html", "Sign in", status=TOO_MANY, then=_then(request), name=name, wait=wait
            )
            answer.headers["Retry-After"] = str(wait)
            return answer
        try:
            _, token = sign_in(house, name, form.get("password", "")[:1_000])
        except Refused as fault:
            return self._asking(
                request, "sign_in.html", "Sign in", status=FORBIDDEN, then=_then(request), name=name, wrong=fault
            )
        before = signed_in(house, request.cookies.get(self.cookie))
        if before is not None:
            sign_out(house, before[1])
        return self._inside(token, _then(request))

    def _invitation(self, request: Request, _form: Mapping[str, str]) -> Response:
        person = invited(self.house(), request.path_params["token"])
        if person is None:
            return outside("used.html", "This link cannot be used", status=NOT_FOUND)
        return self._asking(request, "invited.html", "Choose a password", person=person)

    def _accept(self, request: Request, form: Mapping[str, str]) -> Response:
        house, token = self.house(), request.path_params["token"]
        person = invited(house, token)
        if person is None:
            return outside("used.html", "This link cannot be used", status=NOT_FOUND)
        password = form.get("password", "")
        try:
            chosen = choose_password(house, token, password, again=form.get("again", ""))
        except UserError as fault:
            return self._asking(request, "invited.html", "Choose a password", status=WRONG, person=person, wrong=fault)
        _, session = sign_in(house, chosen.person_id, password)
        return self._inside(session, "/")

    def _inside(self, token: str, then: str) -> Response:
        answer = RedirectResponse(then, status_code=SEE_OTHER)
        answer.set_cookie(self.cookie, token, secure=self.address.secure, httponly=True, samesite="strict", path="/")
        answer.delete_cookie(self.nonce_cookie, secure=self.address.secure, httponly=True, samesite="strict", path="/")
        return answer

    async def returning(self, request: Request) -> Response:
        """Where a browser comes back to from another system's page. It has no session with it, because it was sent from
        elsewhere: what it brings is good only for the attempt whose secret it holds."""
        if not self.address.is_ours(request.url.hostname):
            return neutral(NOTHING_HERE)
        answer = answer_in(request.url.query)
        if not answer:
            return neutral(COME_BACK)
        await to_thread.run_sync(self.tools.consents.came_back, self.tools.open_house, answer)
        # On to an address that holds no code, so that the browser's history keeps none.
        return RedirectResponse(f"/{BACK_AT}", status_code=SEE_OTHER)

    # The part for whoever is.

    def of_everybody(self, answer: Callable[[Guest], Response]) -> Callable[[Request], object]:
        """An address that belongs to no company."""

        async def way(request: Request) -> Response:
            return await self._guarded(request, answer)

        return way

    def of_company(self, way: Way) -> Callable[[Request], object]:
        """An address of a company."""

        def answer(guest: Guest, company: str) -> Response:
            return _at_desk(guest, company, way)

        async def guarded(request: Request) -> Response:
            company = request.path_params["company"]
            return await self._guarded(request, lambda guest: answer(guest, company), takes_files=way.takes_files)

        return guarded

    def of_upload(self, arrival: Arrival) -> Callable[[Request], object]:
        """An address that belongs to no company, to which large files are sent. Nothing is read of what comes before
        whoever sends it is known and may, and no file before the form is known to be ours."""

        async def way(request: Request) -> Response:
            if not self.address.is_ours(request.url.hostname):
                return neutral(NOTHING_HERE)
            known: list[Guest] = []

            def look(guest: Guest) -> Response:
                known.append(guest)
                return arrival.may(guest, _told_bytes(request)) or _GO_ON

            answer = await to_thread.run_sync(self._let_in, request, _Sent(form=None), look)
            if answer is not _GO_ON:
                return answer
            [guest] = known
            with TemporaryDirectory(prefix=".brought-", dir=arrival.folder(guest.house)) as folder:
                sent = await streamed(
                    request,
                    Path(folder),
                    arrival.bytes_max,
                    lambda fields: _may_send_as(request, guest.session, fields.get(FORM_FIELD, "")),
                )
                return await to_thread.run_sync(
                    self._let_in, request, _Sent(form=sent.form), lambda again: arrival.answer(again, sent)
                )

        return way

    async def _guarded(
        self, request: Request, answer: Callable[[Guest], Response], *, takes_files: bool = False
    ) -> Response:
        if not self.address.is_ours(request.url.hostname):
            return neutral(NOTHING_HERE)
        sent = await _sent_by(request) if takes_files and self.cookie in request.cookies else None
        sent = sent or _Sent(form=await _form_of(request))
        return await to_thread.run_sync(self._let_in, request, sent, answer)

    def _let_in(self, request: Request, sent: _Sent, answer: Callable[[Guest], Response]) -> Response:
        form = sent.form
        try:
            house = self.house()
            found = signed_in(house, request.cookies.get(self.cookie))
        except ReceivablesError as fault:
            _log.warning("The store cannot be read: %s.", type(fault).__name__)
            return outside("closed.html", "Come back in a moment", status=503)
        if found is None:
            then = request.url.path + (f"?{request.url.query}" if request.url.query else "") if form is None else "/"
            return RedirectResponse(f"/{_SIGN_IN}?then={quote(then)}", status_code=SEE_OTHER)
        person, session = found
        guest = Guest(
            house=house,
            tools=self.tools,
            person=person,
            session=session,
            base=self.address.url or str(request.base_url).rstrip("/"),
            query=request.query_params,
            form=form,
            files=sent.files,
        )
        if form is not None:
            signed = (form.get(FORM_FIELD) or ("",))[0]
            if not _may_send_as(request, session, signed):
                return _too_old()
        return answer(guest)

    def leave(self, guest: Guest) -> Response:
        """Sign out."""
        sign_out(guest.house, guest.session)
        answer = RedirectResponse(f"/{_SIGN_IN}", status_code=SEE_OTHER)
        answer.delete_cookie(self.cookie, secure=self.address.secure, httponly=True, samesite="strict", path="/")
        return answer


def _at_desk(guest: Guest, wanted: str, way: Way) -> Response:
    """At the desk of a company in which they have a role; for others there is no such company."""
    roles = {company.company_id: role for company, role in companies_of(guest.house, guest.person)}
    role = roles.get(CompanyId(wanted))
    if role is None:
        return nothing_here(guest)
    try:
        visit = Visit(guest=guest, desk=acting(guest.house.company(wanted), guest.person), role=role)
    except ReceivablesError as fault:
        return hall(guest, "fault_alone.html", "Not now", status=503, fault=fault)
    if not visit.may(way.needs):
        return page(visit, "forbidden.html", "Not allowed", status=FORBIDDEN, needs=way.needs)
    try:
        return way.answer(visit)
    except ReceivablesError as fault:
        return not_done(visit, fault)


def nothing_here(guest: Guest) -> Response:
    """The same for what never was and for what is others'."""
    return hall(guest, "nothing.html", "Nothing here", status=NOT_FOUND)


async def _form_of(request: Request) -> dict[str, tuple[str, ...]] | None:
    """What was sent; None for a look, nothing where it was sent otherwise than by a form."""
    if request.method in ("GET", "HEAD"):
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    sent = await body(request, FORM_BYTES_MAX) if kind == _FORM else b""
    try:
        read = parse_qs(sent.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
    return {name: tuple(values) for name, values in read.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What came with a request: its form, None for a look, and the files in it."""

    form: Mapping[str, tuple[str, ...]] | None
    files: tuple[Upload, ...] = ()


async def _sent_by(request: Request) -> _Sent | None:
    """A form with files in it; None where it is none."""
    kind = request.headers.get("content-type", "")
    if request.method != "POST" or kind.partition(";")[0].strip().lower() != FORM_WITH_FILES:
        return None
    return _parted(kind, await body(request, FILES_BYTES_MAX))


def _parted(kind: str, received: bytes) -> _Sent:
    """The parts of a form with files, as mail has them (RFC 7578)."""
    read = message_from_bytes(
        b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + received, policy=HTTP
    )
    fields: dict[str, tuple[str, ...]] = {}
    files: list[Upload] = []
    for part in list(read.iter_parts())[:FIELDS_MAX] if read.is_multipart() else []:
        held = part.get_payload(decode=True)
        name, filename = part.get_param("name", header="content-disposition"), part.get_filename()
        if not isinstance(held, bytes) or not isinstance(name, str):
            continue
        if filename is not None:
            files.append(Upload(name=filename, body=held))
        else:
            fields[name] = (*fields.get(name, ()), held.decode("utf-8", "replace"))
    return _Sent(form=fields, files=tuple(files))


def _same_site(request: Request) -> bool:
    """What browsers say of where a form stood; one that says nothing is judged by its form alone."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _may_send_as(request: Request, session: Session, signed: str) -> bool:
    """Whether a form is one that this session's own pages hold."""
    return _same_site(request) and fits(session.form_key.encode(), FORM_OF, session.token_hash, signed)


def _told_bytes(request: Request) -> int:
    """How much comes, as whoever sends it says; 0 where they do not."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _LENGTH_DIGITS_MAX else 0


def _tried(house: House, whose: str, most: int) -> int:
    """How long somebody has to wait before they may try again, of all processes together; 0 when they may now. Counted
    by a hash: people type their password in the place of their name."""
    return house.store.tried(canonical.digest(whose.encode()), most=most, seconds=TRIES_SECONDS)


def _then(request: Request) -> str:
    """Where somebody was going; only ever a page of ours."""
    then = request.query_params.get("then", "/")
    return then if then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable() else "/"


def _too_old() -> Response:
    return outside("too_old.html", "This form cannot be used any more", status=FORBIDDEN)


__all__ = ["Address", "Door", "form_of"]
