"""The pages of a link that was found, each for the state it is in, and what its buttons do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from connector.app.house import Desk
from connector.app.paying import Visit, click, visit
from connector.dates import Instant
from connector.errors import MalformedAnswer, NotFound
from connector.model.link_line import hash_of
from connector.model.paylink import AmountMode, PaymentLink
from connector.model.source import Ref
from connector.money import Money
from connector.paylinks import Offer
from connector.ports import Documents
from connector.remit import epc_transfer
from connector.web import payer
from connector.web.asked import Given, question_page
from connector.web.codes import epc_picture
from connector.web.destinations import form_action, is_local, may_go_to
from connector.web.drawn import Around, drawn
from connector.web.forgery import COOKIE, COOKIE_SECURE, LIFE_SECONDS, new_nonce, sign, usable
from connector.web.shops import Shop
from connector.web.slips import cheque_page, transfer_page

SEE_OTHER = 303
BAD_REQUEST = 400
PDF_BYTES_MAX = 20 * 1024 * 1024
_PDF = b"%PDF-"
SIGNATURE = f"signature-{new_nonce()}"
"""Where the signature of a form goes. Nobody can write it beforehand into what a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """What a request says that matters here. `form` is what was sent, None for a look."""

    token: str
    visitor: str
    show: str
    nth: int
    language: str
    accepted: str
    nonce: str | None
    form: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A link that was found, and whoever looks at it. `marks` differ whenever what its page is drawn from does."""

    desk: Desk
    link: PaymentLink
    shop: Shop
    knock: Knock
    around: Around
    marks: tuple[object, ...]
    read_live: Instant | None = None

    @property
    def form_key(self) -> bytes:
        """What signs this link's forms: worked out from the secret that the visitor has and nobody else."""
        return hash_of(f"form {self.knock.token}").encode()

    @property
    def local(self) -> bool:
        """Whether links lead to this computer alone, as in a demo."""
        return is_local(urlsplit(self.desk.house.config.link_base).hostname)


def page(opened: Opened, seen: Visit, show: str) -> Response:
    """The page that was asked for; a panel only while there is something to pay."""
    may_pay = seen.showing.offer is Offer.PAY
    match show:
        case payer.THANKS:
            return thanks(opened, seen)
        case payer.TRANSFER if may_pay:
            return transfer(opened, seen)
        case payer.CHEQUE if may_pay:
            return cheque(opened, seen)
        case _:
            return invoice(opened, seen)


def invoice(opened: Opened, seen: Visit, *, wrong_amount: str | None = None) -> Response:
    """The page that a link opens with."""
    titles = opened.shop.titles_for(opened.around.tongue.code)
    document = opened.shop.has_documents(opened.desk, opened.link.debt.connection)
    shown = payer.page_of(seen, opened.around.reader, titles, document=document, wrong_amount=wrong_amount)
    state = payer.state_of(seen)
    poll = state if state in payer.WAITING else ""
    status = payer.OK if wrong_amount is None else BAD_REQUEST
    return _with_form(opened, "payer_invoice.html", status, title=shown.title, page=shown, poll=poll)


def transfer(opened: Opened, seen: Visit) -> Response:
    """The seller's account for the currency that is due."""
    reader, amount = opened.around.reader, seen.showing.amount
    account = reader.seller.accounts.get(amount.currency)
    if account is None:
        return invoice(opened, seen)
    code = epc_transfer(account, amount, seen.number) if len(seen.debts) == 1 else None
    # The picture is the library's own; its one text, the title, is escaped there.
    picture = Markup(epc_picture(code, reader.tongue.said.scan) if code is not None else "")  # noqa: S704
    shown = transfer_page(seen, reader, account, picture)
    title = f"{reader.tongue.said.by_transfer}: {shown.headline}"
    return drawn("payer_transfer.html", opened.around, title=title, page=shown)


def cheque(opened: Opened, seen: Visit) -> Response:
    """The slip that goes with a cheque."""
    reader = opened.around.reader
    taken = reader.seller.cheque
    if taken is None or not taken.takes(seen.showing.amount.currency):
        return invoice(opened, seen)
    shown = cheque_page(seen, reader, taken)
    title = f"{reader.tongue.said.by_cheque}: {shown.headline}"
    return drawn("payer_cheque.html", opened.around, title=title, page=shown)


def question(opened: Opened, seen: Visit, given: Given | None = None, faults: tuple[str, ...] = ()) -> Response:
    """The one form."""
    shown = question_page(seen, opened.around.reader, opened.desk.today, given, faults)
    status = BAD_REQUEST if faults else payer.OK
    return _with_form(opened, "payer_question.html", status, title=shown.title, page=shown)


def thanks(opened: Opened, seen: Visit) -> Response:
    """What is said when a message was kept."""
    said = opened.around.tongue.said
    what = payer.subject(seen, opened.around.reader)
    told = (payer.OK, said.thanks, said.thanks_said)
    shown = payer.told_page(told, opened.around.reader, what, mood="paid")
    return drawn("payer_said.html", opened.around, title=shown.title, page=shown)


def no_document(opened: Opened, seen: Visit) -> Response:
    """What is said when the invoice's document cannot be had now."""
    said = opened.around.tongue.said
    told = (payer.UNAVAILABLE, said.no_document, said.away_said)
    shown = payer.told_page(told, opened.around.reader, payer.subject(seen, opened.around.reader))
    return drawn("payer_said.html", opened.around, status=shown.status, title=shown.title, page=shown)


def fetched(desk: Desk, ref: Ref) -> bytes:
    """The document of an invoice from the system it lives in. Errors: VendorError."""
    adapter = desk.adapter(desk.store.connection(desk.id, ref.connection))
    if not isinstance(adapter, Documents):
        raise NotFound("There is no document of this invoice.")
    document = adapter.invoice_pdf(ref)
    if not document.startswith(_PDF) or len(document) > PDF_BYTES_MAX:
        raise MalformedAnswer("What came as the invoice's document is no PDF.", next_step="Look at it there.")
    return document


def pay(opened: Opened, form: Mapping[str, str]) -> Response:
    """Lead the payer to the processor's page for one method and amount."""
    desk, link = opened.desk, opened.link
    amount: Money | None = None
    if link.mode is not AmountMode.WHOLE:
        seen = visit(desk, link)
        typed = form.get("amount", "")[:40]
        amount = opened.around.tongue.amount(typed, seen.showing.amount.currency)
        allowed = seen.amounts
        if seen.showing.offer is Offer.PAY and (amount is None or not allowed.least <= amount <= allowed.most):
            return invoice(opened, seen, wrong_amount=typed)
    address = click(desk, link, method=form.get("method") or None, amount=amount)
    if not may_go_to(address, opened.shop.hosts, local=opened.local):
        raise MalformedAnswer("The processor's page has an address that is none of its own.", next_step="Report it.")
    return RedirectResponse(address, status_code=SEE_OTHER)


def _with_form(opened: Opened, template: str, status: int, **shown: Any) -> Response:
    """A page with a form in it, which `signed` makes this browser's own."""
    actions = form_action(opened.shop.hosts, local=opened.local)
    return drawn(template, opened.around, status=status, form_action=actions, form=SIGNATURE, **shown)


def signed(opened: Opened, answer: Response) -> Response:
    """The form of that answer, where it has one, for this browser, whose cookie is set where it has none."""
    before, place, behind = bytes(answer.body).partition(SIGNATURE.encode())
    if not place:
        return answer
    nonce = opened.knock.nonce
    known = nonce if nonce is not None and usable(nonce) else new_nonce()
    answer.body = b"".join((before, sign(opened.form_key, opened.link.link_id, known).encode(), behind))
    answer.headers["Content-Length"] = str(len(answer.body))
    if known != nonce:
        secure = opened.desk.house.config.link_base.startswith("https://")
        answer.set_cookie(
            COOKIE_SECURE if secure else COOKIE,
            known,
            max_age=LIFE_SECONDS,
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )
    return answer
