"""What takes a link to its payer: a text for an e-mail, and a QR code for a printed invoice."""

from __future__ import annotations

from pathlib import Path

import segno
from babel.dates import format_date
from babel.numbers import format_currency

from connector.app.debts import facts_of, invoice_of
from connector.app.house import Desk
from connector.errors import UserError
from connector.model.invoice import Invoice
from connector.model.mirror import Gone
from connector.model.party import Customer
from connector.model.paylink import PaymentLink
from connector.money import Money, to_decimal, total
from connector.paylinks import LANGUAGES, Letter, letter

PICTURES = (".svg", ".png", ".pdf", ".eps")
SCALE = 6


def message(desk: Desk, link: PaymentLink, url: str, language: str = "") -> tuple[str, str]:
    """The subject and the text of a friendly e-mail, in the payer's language. Nothing is sent."""
    chosen = language or link.language or "en"
    if chosen not in LANGUAGES:
        raise UserError(f"There are no words in {chosen[:20]!r}.", next_step=f"Choose one of: {', '.join(LANGUAGES)}.")
    debts = facts_of(desk, link.debts).debts
    first = invoice_of(desk, link.debt)
    open_now = [each for each in debts.values() if each.open.minor > 0] or [first]
    due = open_now[0].due_on
    about = Letter(
        seller=desk.company.name,
        name=_name(desk, first),
        numbers=tuple(each.number or "" for each in open_now),
        amount=_written(total((each.open for each in open_now), first.open.currency), chosen),
        due=format_date(due, format="long", locale=chosen) if due is not None else "",
        overdue=due is not None and due < desk.today,
        url=url,
    )
    return letter(about, chosen)


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
