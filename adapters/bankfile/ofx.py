"""OFX 1 (SGML), OFX 2 (XML) and QFX as statements: a thin reading of the bank's part.

No parser for it is at once kept, light and free to use, so the few elements that matter are read here. An element ends
where it says so, or, in the older form, where the next begins. Nothing is defined in such a file: what begins with "<!"
is refused. OFX has no opening balance, so its lines cannot be added up; what a correction replaces, it says itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape

from adapters.bankfile.codes import BY_TYPE, nature_of_text
from adapters.bankfile.statement import Format, Line, Nature, Statement, exact
from adapters.bankfile.tree import AGAIN, Element, refuse
from connector.errors import UnknownCurrency, UserError
from connector.exports.grid import decoded
from connector.money import DIGITS, Currency, currency

_TAG = re.compile(r"<(/?)([A-Za-z0-9_.]{1,32})\s*>([^<]*)|<(?P<odd>[^>]{0,20})")
_AMOUNT = re.compile(r"([-+]?)([0-9]{0,15})(?:([.,])([0-9]{0,5}))?")
_GROUP = 3
_CHARSETS = {"1252": "cp1252", "8859-1": "latin-1", "ISO-8859-1": "latin-1", "UNICODE": "utf-8", "NONE": "utf-8"}
_HEAD = 4_096
_DAY_DIGITS = 8


def is_ofx(head: bytes) -> bool:
    """Whether a file begins like one."""
    return b"OFXHEADER" in head or b"<OFX>" in head.upper()


def statements(file: str, held: bytes) -> list[Statement]:
    """Every bank statement of a file. UserError, with the line, for what cannot be read."""
    text = decoded(file, held, _encoding(held))
    root = _tree(file, text)
    found = [
        _Reader(file, each, root).statement()
        for kind in (("BANKMSGSRSV1", "STMTTRNRS", "STMTRS"), ("OFX", "BANKMSGSRSV1", "STMTTRNRS", "STMTRS"))
        for each in root.all(*kind)
    ]
    if not found:
        raise UserError(f"{file} holds no statement of a bank account.", next_step=AGAIN)
    return found


def _encoding(held: bytes) -> str:
    head = held[:_HEAD].decode("latin-1")
    said = re.search(r"CHARSET:\s*([A-Za-z0-9-]+)", head)
    if said is None or "ENCODING:UTF-8" in head.replace(" ", "").upper():
        return ""
    return _CHARSETS.get(said[1].upper(), "")


def _tree(file: str, text: str) -> Element:
    """The elements. One that has a text holds nothing else."""
    start = text.upper().find("<OFX>")
    if start < 0:
        raise UserError(f"{file} is no OFX: it has no element <OFX>.", next_step=AGAIN)
    if not text.rstrip().upper().endswith("</OFX>"):
        refuse(file, text.count("\n") + 1, "it ends before </OFX>, so that something of it is missing")
    root = Element("", {}, 0)
    open_, line, at = [root], text.count("\n", 0, start) + 1, start
    for tag in _TAG.finditer(text, start):
        line += text.count("\n", at, tag.start())
        at = tag.start()
        if tag["odd"] is not None:
            refuse(file, line, f"{'<' + tag['odd'][:12]!r} is nothing that OFX holds")
        name, said = tag[2].upper(), unescape(tag[3]).strip()
        if tag[1]:
            while len(open_) > 1 and open_[-1].name != name:
                if not any(each.name == name for each in open_):
                    break
                open_.pop()
            if open_[-1].name == name:
                open_.pop()
            continue
        found = Element(name, {}, line)
        found.text = said
        open_[-1].held.append(found)
        if not said:
            open_.append(found)
    return root


class _Reader:
    """One statement of one file."""

    def __init__(self, file: str, held: Element, root: Element) -> None:
        self._file = file
        self._held = held
        self._root = root
        code = held.said("CURDEF")
        try:
            self._code: Currency = currency(code)
        except UnknownCurrency:
            refuse(file, held.line, f"{code[:8]!r} is no currency of ISO 4217")

    def statement(self) -> Statement:
        held = self._held
        lines = tuple(self._lines())
        since, until = held.first("BANKTRANLIST", "DTSTART"), held.first("BANKTRANLIST", "DTEND")
        days = [line.on for line in lines] + [self._date(each) for each in (since, until) if each is not None]
        if not days:
            refuse(self._file, held.line, "the statement does not say of which days it is")
        balance = held.first("LEDGERBAL", "BALAMT")
        made = next((each.text for each in self._root.all("OFX", "SIGNONMSGSRSV1", "SONRS", "DTSERVER")), "")
        return Statement(
            file=self._file,
            format=Format.OFX,
            account="".join(held.said("BANKACCTFROM", "ACCTID").split()).upper(),
            currency=self._code,
            first=min(days),
            last=max(days),
            lines=lines,
            closing=self._minor(balance) if balance is not None else None,
            made=made,
        )

    def _lines(self) -> Iterator[Line]:
        rows = list(self._held.all("BANKTRANLIST", "STMTTRN"))
        replaced = {each.said("CORRECTFITID") for each in rows} - {""}
        for row in rows:
            stands = row.said("FITID") not in replaced and row.said("CORRECTACTION").upper() != "DELETE"
            if stands and row.said("TRNTYPE").upper() != "HOLD":
                yield self._line(row)

    def _line(self, row: Element) -> Line:
        amount, day = row.first("TRNAMT"), row.first("DTPOSTED")
        if amount is None or day is None:
            refuse(self._file, row.line, "a booking has no amount or no day")
        minor = self._minor(amount)
        memo, name = row.said("MEMO"), row.said("PAYEE", "NAME") or row.said("NAME")
        kind = row.said("TRNTYPE").upper()
        nature = BY_TYPE.get(kind, Nature.OTHER)
        told = nature_of_text(f"{name} {memo}", minor)
        if told in (Nature.RETURN, Nature.CHEQUE) and nature in (Nature.OTHER, Nature.TRANSFER):
            nature = told
        return Line(
            on=self._date(day),
            amount=minor,
            nature=nature,
            other=name,
            account="".join(row.said("BANKACCTFROM", "ACCTID").split()).upper(),
            text=" ".join(filter(None, (memo, row.said("CHECKNUM")))),
            end_to_end=row.said("REFNUM"),
            bank_ref=row.said("FITID"),
            code=kind,
            place=row.line,
        )

    def _minor(self, held: Element) -> int:
        shape = _AMOUNT.fullmatch(held.text.replace(" ", ""))
        rest = (shape[4] or "").rstrip("0") if shape is not None else ""
        found = exact(f"{shape[1]}{shape[2] or '0'}.{rest or '0'}", self._code) if shape is not None else None
        # Three digits may be thousands: nobody can tell, where the currency has another number of decimals.
        group = (
            shape is not None and len(shape[4] or "") == _GROUP and (shape[3] == "," or DIGITS[self._code] != _GROUP)
        )
        if found is None or group or shape is None or not (shape[2] or shape[4]):
            refuse(self._file, held.line, f"{held.text[:30]!r} is no amount in {self._code}")
        return found

    def _date(self, held: Element) -> date:
        """The day as the bank writes it, in the bank's own zone."""
        digits = held.text[:_DAY_DIGITS]
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            refuse(self._file, held.line, f"{held.text[:30]!r} is no day")
