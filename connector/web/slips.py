"""How to pay without a processor, in words: by the payer's own bank, or by cheque. Decided from values alone."""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.paying import Visit
from connector.money import plain
from connector.remit import BankAccount, Cheque, Detail, creditor_reference, in_groups
from connector.web.payer import Reader, subject, updated


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that a payer copies."""

    name: str
    shown: str
    copied: str
    done: str
    large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemitPage:
    """How to pay by the payer's own bank, or by cheque. `code` is a picture of a QR code, "" for none."""

    headline: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    send_to: tuple[str, ...] = ()
    call: str = ""
    code: str = ""
    updated: str = ""


def transfer_page(visit: Visit, reader: Reader, account: BankAccount, code: str) -> RemitPage:
    """How to pay from the payer's own bank; `code` is the picture of its QR code, "" for none."""
    said = reader.tongue.said
    amount = visit.showing.amount
    notes = [said.name_check, said.transfer_days, said.not_twice]
    if account.takes:
        notes.insert(0, said.takes.format(rails=account.takes))
    if account.bic:
        notes.append(said.charges)
    if account.note:
        notes.append(account.note)
    phone = reader.seller.phone
    return RemitPage(
        headline=said.from_seller.format(what=subject(visit, reader), seller=reader.seller.name),
        lines=(
            _line(reader, said.amount, reader.tongue.money(amount), plain(amount), large=True),
            _reference_line(visit, reader, account),
            *(_account_line(reader, detail) for detail in account.details),
        ),
        notes=tuple(notes),
        call=said.fraud_call.format(phone=phone) if phone else "",
        code=code,
        updated=updated(visit, reader),
    )


def cheque_page(visit: Visit, reader: Reader, cheque: Cheque) -> RemitPage:
    """The slip that goes with a cheque."""
    said, amount = reader.tongue.said, reader.tongue.money(visit.showing.amount)
    number = visit.number or subject(visit, reader)
    return RemitPage(
        headline=said.from_seller.format(what=subject(visit, reader), seller=reader.seller.name),
        lines=(
            _line(reader, said.payee, cheque.payee, cheque.payee),
            _line(reader, said.amount, amount, amount, large=True),
            _line(reader, said.write_on, number, number, large=True),
        ),
        send_to=cheque.address,
        updated=updated(visit, reader),
    )


def _reference_line(visit: Visit, reader: Reader, account: BankAccount) -> Line:
    """The one reference: with check digits where banks carry them, else the numbers as they stand on the invoices."""
    name = reader.tongue.said.reference
    reference = creditor_reference(visit.number) if len(visit.debts) == 1 and account.iban else None
    if reference is not None:
        return _line(reader, name, in_groups(reference), reference, large=True)
    numbers = " ".join(debt.number for debt in visit.debts if debt.number) or subject(visit, reader)
    return _line(reader, name, numbers, numbers, large=True)


def _account_line(reader: Reader, detail: Detail) -> Line:
    return _line(reader, getattr(reader.tongue.said, detail.code), detail.shown, detail.copied)


def _line(reader: Reader, name: str, shown: str, copied: str, *, large: bool = False) -> Line:
    done = reader.tongue.said.copied.format(what=name)
    return Line(name=name, shown=shown, copied=copied, done=done, large=large)
