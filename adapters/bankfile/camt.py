"""CAMT.053 (ISO 20022, versions 2 to 13) as statements: a thin reading of the few elements that matter here.

An entry with details is a batch: each payment in it is a line of its own, and they must come to the entry. Only what is
booked counts. Reports of a day that is not over (camt.052) and notices of single bookings (camt.054) are refused: they
have no balances that could be checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from adapters.bankfile.codes import RETURN_REASONS, nature_of_code
from adapters.bankfile.statement import Format, Line, Nature, Statement, exact
from adapters.bankfile.tree import AGAIN, Element, refuse, tree
from connector.errors import UnknownCurrency, UserError
from connector.money import Currency, Money, currency, grouped

SPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(?:0[2-9]|1[0-3])")
_ASK = "Ask the bank for its statements in camt.053; nothing was taken in."
_SAYS_NOTHING = frozenset({"NOTPROVIDED", "NOTAVAILABLE", "NONREF", "NONE", "UNKNOWN"})
_ZEROS_AND = re.compile(r"0+$")
Signed = tuple[int, Currency]


def is_camt(head: bytes) -> bool:
    """Whether a file begins like one."""
    return b"iso:20022:tech:xsd:camt." in head


def statements(file: str, held: bytes) -> list[Statement]:
    """Every statement of a file. UserError, with the line, for what cannot be read or is none."""
    document = tree(file, held)
    if SPACE.fullmatch(document.space) is None:
        kind = document.space.rpartition(":")[2][:20] or document.name[:20]
        refuse(file, document.line, f"it is {kind}, and no camt.053 statement", _ASK)
    message = document.first("BkToCstmrStmt")
    if message is None:
        refuse(file, document.line, "it holds no statements", _ASK)
    header = message.first("GrpHdr") or message
    found = [_Reader(file, each, header).statement() for each in message.all("Stmt")]
    if not found:
        raise UserError(f"{file} holds no statement.", next_step=AGAIN)
    return found


class _Reader:
    """One statement of one file."""

    def __init__(self, file: str, held: Element, header: Element) -> None:
        self._file = file
        self._held = held
        self._made = held.said("CreDtTm") or header.said("CreDtTm")
        self._page = header.said("MsgPgntn", "PgNb")
        self._code = self._currency()

    def statement(self) -> Statement:
        held = self._held
        lines = tuple(line for entry in held.all("Ntry") for line in self._entry(entry))
        opening, closing = self._balances()
        first, last = self._days(lines)
        return Statement(
            file=self._file,
            format=Format.CAMT,
            account="".join((held.said("Acct", "Id", "IBAN") or held.said("Acct", "Id", "Othr", "Id")).split()).upper(),
            currency=self._code,
            first=first,
            last=last,
            lines=lines,
            opening=opening,
            closing=closing,
            made=self._made,
            number=self._number(),
            whole=True,
        )

    def _number(self) -> str:
        """The statement's own number, and the page where it has several: each page is a stretch of its own."""
        held = self._held
        page = held.said("StmtPgntn", "PgNb") or self._page
        number = held.said("LglSeqNb") or held.said("ElctrncSeqNb") or held.said("Id")
        return f"{number} page {page.rjust(4, '0')}" if page not in ("", "1") else number

    def _currency(self) -> Currency:
        said = self._held.said("Acct", "Ccy")
        amount = next((each for each in self._held.all("Bal", "Amt")), None)
        code = said or (amount.attributes.get("Ccy", "") if amount is not None else "")
        try:
            return currency(code)
        except UnknownCurrency:
            refuse(self._file, self._held.line, f"{code[:8]!r} is no currency of ISO 4217")

    def _balances(self) -> tuple[int, int]:
        """What was there before, and after. A page in the middle has interim ones."""
        said: dict[str, list[int]] = {}
        for each in self._held.all("Bal"):
            code = each.said("Tp", "CdOrPrtry", "Cd")
            said.setdefault(code, []).append(self._signed(each))
        interim = said.get("ITBD", [])
        opening = next(iter(said.get("OPBD") or said.get("PRCD") or interim), None)
        closing = next(iter(said.get("CLBD") or interim[-1:]), None)
        if opening is None or closing is None:
            lacks = "opening balance (OPBD)" if opening is None else "closing balance (CLBD)"
            refuse(
                self._file, self._held.line, f"the statement has no {lacks}, so that nothing of it can be checked", _ASK
            )
        return opening, closing

    def _days(self, lines: tuple[Line, ...]) -> tuple[date, date]:
        """The days it is of: as it says, else by its closing balance and its lines."""
        since, until = self._held.first("FrToDt", "FrDtTm"), self._held.first("FrToDt", "ToDtTm")
        days = [line.on for line in lines]
        days += [self._day(each) for each in self._held.all("Bal", "Dt") if _closes(self._held, each)]
        if since is not None and until is not None:
            days += [self._date(since), self._date(until)]
        if not days:
            refuse(self._file, self._held.line, "the statement does not say of which days it is")
        return min(days), max(days)

    def _entry(self, entry: Element) -> Iterator[Line]:
        status = entry.said("Sts", "Cd") or entry.said("Sts")
        if status != "BOOK":
            return
        whole = self._signed(entry)
        day = entry.first("BookgDt") or entry.first("ValDt")
        if day is None:
            refuse(self._file, entry.line, "the entry has no day of booking")
        on = self._day(day)
        details = list(entry.all("NtryDtls", "TxDtls"))
        if len(details) < 2:  # noqa: PLR2004 - one payment is no batch
            yield self._line(entry, details[0] if details else entry, on, whole)
            return
        parts = [self._part(each, whole) for each in details]
        if None in parts:
            yield self._line(entry, entry, on, whole)
            return
        amounts = [part for part in parts if part is not None]
        charges = self._charges(entry)
        if charges and sum(amounts) - charges == whole:
            yield Line(on=on, amount=-charges, nature=Nature.FEE, text="Charges of the batch", place=entry.line)
        elif sum(amounts) != whole:
            said = f"the {len(details)} payments of this batch come to {grouped(Money(sum(amounts), self._code))}"
            refuse(self._file, entry.line, f"{said}, and the entry is of {grouped(Money(whole, self._code))}")
        for each, amount in zip(details, amounts, strict=True):
            yield self._line(entry, each, on, amount)

    def _charges(self, entry: Element) -> int:
        """What the bank kept of a batch, where it says so."""
        every = [*entry.all("Chrgs", "Rcrd", "Amt")] or [*entry.all("Chrgs", "TtlChrgsAndTaxAmt")]
        return sum(self._minor(each) for each in every if each.attributes.get("Ccy") == self._code)

    def _part(self, details: Element, whole: int) -> int | None:
        """What one payment of a batch is; None where the bank does not say, or says it in another currency."""
        for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt")):
            amount = details.first(*path)
            if amount is not None and amount.attributes.get("Ccy") == self._code:
                said = details.said("CdtDbtInd")
                is_out = said == "DBIT" if said else whole < 0
                return -self._minor(amount) if is_out else self._minor(amount)
        return None

    def _line(self, entry: Element, details: Element, on: date, amount: int) -> Line:
        family, subfamily = _code(details) if _code(details)[0] else _code(entry)
        nature = nature_of_code(family, subfamily)
        if entry.said("RvslInd") == "true" or details.first("RtrInf") is not None:
            nature = Nature.RETURN
        side = "Dbtr" if amount > 0 else "Cdtr"
        if nature is Nature.RETURN:
            side = "Cdtr" if details.said("RltdPties", "Cdtr", "Nm") and amount > 0 else "Dbtr"
        reason = details.said("RtrInf", "Rsn", "Cd") or details.said("RtrInf", "Rsn", "Prtry")
        original = details.first("AmtDtls", "InstdAmt", "Amt") if nature is Nature.RETURN else None
        same = original is not None and original.attributes.get("Ccy") == self._code
        return Line(
            on=on,
            amount=amount,
            nature=nature,
            other=_name(details, side),
            account=_account(details, side),
            text=_text(entry, details),
            reference=_reference(details),
            end_to_end=_told(details.said("Refs", "EndToEndId")),
            bank_ref=_told(details.said("Refs", "AcctSvcrRef")) or _told(entry.said("AcctSvcrRef")),
            code=f"{family}/{subfamily}".strip("/"),
            cause=RETURN_REASONS.get(reason, reason),
            original=self._minor(original) if original is not None and same else None,
            place=details.line,
        )

    def _signed(self, held: Element) -> int:
        amount, way = held.first("Amt"), held.said("CdtDbtInd")
        if amount is None or way not in ("CRDT", "DBIT"):
            refuse(self._file, held.line, "an amount, or which way it went, is missing")
        code = amount.attributes.get("Ccy", "")
        if code != self._code:
            refuse(self._file, amount.line, f"an amount is in {code[:8]!r}, and the account in {self._code}")
        return self._minor(amount) if way == "CRDT" else -self._minor(amount)

    def _minor(self, amount: Element) -> int:
        whole, point, rest = amount.text.strip().partition(".")
        text = f"{whole}{point}{_ZEROS_AND.sub('', rest)}".rstrip(".")
        found = exact(text, self._code)
        if found is None:
            refuse(self._file, amount.line, f"{amount.text.strip()[:30]!r} is no amount in {self._code}")
        return found

    def _day(self, held: Element) -> date:
        said = held.first("Dt") or held.first("DtTm") or held
        return self._date(said)

    def _date(self, held: Element) -> date:
        """The day as the bank writes it, in the bank's own zone."""
        try:
            return date.fromisoformat(held.text.strip()[:10])
        except ValueError:
            refuse(self._file, held.line, f"{held.text.strip()[:30]!r} is no day")


def _closes(held: Element, day: Element) -> bool:
    return any(each.first("Dt") is day and each.said("Tp", "CdOrPrtry", "Cd") == "CLBD" for each in held.all("Bal"))


def _code(held: Element) -> tuple[str, str]:
    return held.said("BkTxCd", "Domn", "Fmly", "Cd"), held.said("BkTxCd", "Domn", "Fmly", "SubFmlyCd")


def _name(details: Element, side: str) -> str:
    """Who stands there, in either shape: later versions put a party between."""
    for who in (f"Ultmt{side}", side):
        found = details.said("RltdPties", who, "Nm") or details.said("RltdPties", who, "Pty", "Nm")
        if found:
            return found
    return ""


def _account(details: Element, side: str) -> str:
    at = ("RltdPties", f"{side}Acct", "Id")
    return "".join((details.said(*at, "IBAN") or details.said(*at, "Othr", "Id")).split()).upper()


def _reference(details: Element) -> str:
    return next((each.said("Ref") for each in details.all("RmtInf", "Strd", "CdtrRefInf") if each.said("Ref")), "")


def _text(entry: Element, details: Element) -> str:
    said = [each.text.strip() for each in details.all("RmtInf", "Ustrd")]
    said += [each.text.strip() for each in details.all("RmtInf", "Strd", "AddtlRmtInf")]
    said += [each.said("Nb") for each in details.all("RmtInf", "Strd", "RfrdDocInf")]
    said += [details.said("Refs", "ChqNb"), details.said("AddtlTxInf")]
    said += [entry.said("AddtlNtryInf")] if not any(said) else []
    return " ".join(filter(None, said))


def _told(text: str) -> str:
    """A reference, "" for a word that says that there is none."""
    return "" if text.upper() in _SAYS_NOTHING else text
