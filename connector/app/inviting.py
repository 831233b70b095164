"""What takes a link to its payer: a text for an e-mail, and a QR code for a printed invoice."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import segno
from babel.dates import format_date
from babel.numbers import format_currency

from connector.app.debts import facts_of, invoice_of, known_of, read_debts
from connector.app.house import Desk
from connector.app.payer_files import left_alone
from connector.errors import Refused, UserError
from connector.model.invoice import Invoice, InvoiceState
from connector.model.mirror import Gone
from connector.model.party import Customer
from connector.model.paylink import PaymentLink
from connector.model.source import Ref
from connector.money import Money, to_decimal, total, zero
from connector.paylinks import LANGUAGES, Letter, Offer, letter, offer_of

PICTURES = (".svg", ".png", ".pdf", ".eps")
SCALE = 6
_NOTHING_TO_WRITE = {
    Offer.PROCESSING: "Money for it is on its way",
    Offer.CHECKING: "Money for it may be on its way",
    Offer.CLOSED: "The link is closed",
}
"""Why nobody is asked to pay."""


def message(desk: Desk, link: PaymentLink, url: str, language: str = "") -> tuple[str, str]:
    """The subject and the text of a friendly e-mail, in the payer's language. Nothing is sent.

    The debts are read anew, so that the amount is what is left to pay at this moment: without what was paid on them in
    part, and what came by a link and is not in the books yet. Refused where nothing is left, or money is on its way.
    """
    chosen = language or link.language or "en"
    if chosen not in LANGUAGES:
        raise UserError(f"There are no words in {chosen[:20]!r}.", next_step=f"Choose one of: {', '.join(LANGUAGES)}.")
    return letter(_letter(desk, link, url, chosen), chosen)


def filled(desk: Desk, link: PaymentLink, url: str, template: str) -> str:
    """The firm's own text with what is known of a link put into it. UserError for a name that is not known."""
    about = _letter(desk, link, url, link.language or "en")
    known = {
        "url": url,
        "number": ", ".join(about.numbers),
        "amount": about.amount,
        "due": about.due,
        "customer": about.name,
        "seller": about.seller,
    }
    try:
        wanted = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError:
        wanted = ["{"]
    if unknown := [name for name in wanted if name not in known]:
        raise UserError(
            f"A text has nothing called {unknown[0][:30]!r}.",
            next_step=f"What there is: {', '.join(f'{{{name}}}' for name in known)}.",
        )
    return template.format(**known)


def _letter(desk: Desk, link: PaymentLink, url: str, language: str) -> Letter:
    read_debts(desk, link)
    facts, left, known = facts_of(desk, link.debts), left_of(desk, link), known_of(desk, link)
    offer = offer_of(link, known) if known is not None else Offer.CLOSED
    if offer is not Offer.PAY or not any(left.values()):
        why = _NOTHING_TO_WRITE.get(offer, "Nothing is left to pay of it")
        raise Refused(f"{why}, so there is nothing to write.", next_step="See what came: receivables link show")
    first = invoice_of(desk, link.debt)
    if stopped := left_alone(desk, first.customer):
        raise Refused(
            f"This payer is not to be contacted: {stopped}.", next_step="To go on: receivables payer NAME --go-on"
        )
    open_now = [each for ref, each in facts.debts.items() if left[ref]] or [first]
    due = open_now[0].due_on
    return Letter(
        seller=desk.company.name,
        name=_name(desk, first),
        numbers=tuple(each.number or "" for each in open_now),
        amount=_written(total(left.values(), first.open.currency), language),
        due=format_date(due, format="long", locale=language) if due is not None else "",
        overdue=due is not None and due < desk.today,
        url=url,
    )


def left_of(desk: Desk, link: PaymentLink) -> dict[Ref, Money]:
    """What is left to pay of each debt of a link: its open balance, less what came by links and is not in it yet."""
    facts = facts_of(desk, link.debts)
    return {
        ref: max(invoice.open - facts.received_on(ref), zero(invoice.open.currency))
        if invoice.state not in (InvoiceState.VOID, InvoiceState.DRAFT)
        else zero(invoice.open.currency)
        for ref, invoice in facts.debts.items()
    }


def _name(desk: Desk, invoice: Invoice) -> str:
    held = desk.store.record(desk.id, invoice.customer) if invoice.customer is not None else None
    if held is None or isinstance(held.record, Gone) or not isinstance(held.record, Customer):
        return ""
    return held.record.name


def _written(amount: Money, language: str) -> str:
    """With the currency's code, because a sign alone can mean several currencies."""
    return format_currency(
        to_decimal(amount), amount.currency, format="#,##0.00 ¤¤", locale=language, currency_digits=True
    )


def picture(url: str, path: Path) -> None:
    """A QR code of the address, for a printed invoice; the kind of picture by the file's ending."""
    if path.suffix.lower() not in PICTURES:
        raise UserError(
            f"A QR code cannot be written as {path.suffix[:10] or 'a file without an ending'}.",
            next_step=f"End the file's name in one of: {', '.join(PICTURES)}.",
        )
    try:
        segno.make(url, error="m", micro=False).save(str(path), scale=SCALE)
    except OSError:
        raise UserError(f"The file {path} cannot be written.", next_step="Name a file in a folder of yours.") from None
