"""Statements as banks write them, from plain lines: CSV, CAMT.053 in two versions, OFX in both its forms."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from adapters.bankfile.statement import Line, Nature
from connector.money import Currency, Money, plain

MAPPING = """\
date = "Date"
amount = "Amount"
payer = "Name"
text = ["Text"]
account = "Account"
id = "Id"
balance = "Balance"
currency = "{code}"
decimal = "."
"""
"""How the CSV is read."""

_SUBFAMILY = {
    Nature.TRANSFER: ("RCDT", "ESCT"),
    Nature.CHEQUE: ("RCHQ", "CCHQ"),
    Nature.COLLECTED: ("IDDT", "ESDD"),
    Nature.RETURN: ("IDDT", "UPDD"),
    Nature.CARDS: ("MCRD", "POSP"),
    Nature.FEE: ("RCDT", "CHRG"),
    Nature.INTEREST: ("RCDT", "INTR"),
    Nature.OWN: ("CAPL", "ACCB"),
    Nature.OTHER: ("OTHR", "OTHR"),
}
_TYPE = {Nature.TRANSFER: "CREDIT", Nature.CHEQUE: "CHECK", Nature.FEE: "FEE", Nature.INTEREST: "INT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a bank writes a statement of."""

    account: str
    currency: Currency
    first: date
    last: date
    opening: int
    lines: Sequence[Line]
    number: int = 1
    made: str = "2026-01-31T18:00:00"

    @property
    def closing(self) -> int:
        """What is there after all lines."""
        return self.opening + sum(line.amount for line in self.lines)

    def said(self, minor: int) -> str:
        """An amount as digits and a point."""
        return plain(Money(minor, self.currency))


def as_csv(of: Stretch, *, newest_first: bool = False) -> bytes:
    """Semicolons are what the mapping says otherwise; here columns are parted by commas."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("Date", "Amount", "Name", "Text", "Account", "Id", "Balance"))
    rows, held = [], of.opening
    for line in of.lines:
        held += line.amount
        text = " ".join(filter(None, (line.reference, line.text)))
        cells = (str(line.on), of.said(line.amount), line.other, text, line.account, line.bank_ref, of.said(held))
        rows.append(cells)
    writer.writerows(reversed(rows) if newest_first else rows)
    return out.getvalue().encode()


def as_camt(of: Stretch, *, version: int = 8) -> bytes:
    """One statement, with its opening and closing balances."""
    entries = "".join(_entry(of, line, version) for line in of.lines)
    balances = _balance(of, "OPBD", of.opening, of.first) + _balance(of, "CLBD", of.closing, of.last)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.'
        f'{version:02}">\n<BkToCstmrStmt><GrpHdr><MsgId>m-{of.number}</MsgId><CreDtTm>{of.made}</CreDtTm></GrpHdr>\n'
        f"<Stmt><Id>s-{of.number}</Id><ElctrncSeqNb>{of.number}</ElctrncSeqNb><CreDtTm>{of.made}</CreDtTm>"
        f"<FrToDt><FrDtTm>{of.first}T00:00:00</FrDtTm><ToDtTm>{of.last}T23:59:59</ToDtTm></FrToDt>"
        f"<Acct><Id><IBAN>{of.account}</IBAN></Id><Ccy>{of.currency}</Ccy></Acct>\n{balances}{entries}</Stmt>\n"
        "</BkToCstmrStmt></Document>\n"
    ).encode()


def _balance(of: Stretch, code: str, minor: int, on: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(of, minor)}{_way(minor)}<Dt><Dt>{on}</Dt></Dt>"
        "</Bal>\n"
    )


def _amount(of: Stretch, minor: int) -> str:
    return f'<Amt Ccy="{of.currency}">{of.said(abs(minor))}</Amt>'


def _way(minor: int) -> str:
    return f"<CdtDbtInd>{'CRDT' if minor >= 0 else 'DBIT'}</CdtDbtInd>"


def _entry(of: Stretch, line: Line, version: int) -> str:
    family, subfamily = _SUBFAMILY[line.nature]
    booked = "<Sts><Cd>BOOK</Cd></Sts>" if version >= 8 else "<Sts>BOOK</Sts>"  # noqa: PLR2004 - the version
    who = "Dbtr" if line.amount > 0 or line.nature is Nature.RETURN else "Cdtr"
    named = f"<Nm>{escape(line.other)}</Nm>"
    party = f"<{who}><Pty>{named}</Pty></{who}>" if version >= 8 else f"<{who}>{named}</{who}>"  # noqa: PLR2004
    account = f"<{who}Acct><Id><IBAN>{line.account}</IBAN></Id></{who}Acct>" if line.account else ""
    reference = f"<CdtrRefInf><Ref>{escape(line.reference)}</Ref></CdtrRefInf>"
    remitted = f"<Ustrd>{escape(line.text)}</Ustrd>" if line.text else ""
    remitted += f"<Strd>{reference}</Strd>" if line.reference else ""
    refs = f"<AcctSvcrRef>{escape(line.bank_ref)}</AcctSvcrRef>" if line.bank_ref else ""
    refs += f"<EndToEndId>{escape(line.end_to_end or 'NOTPROVIDED')}</EndToEndId>"
    return (
        f"<Ntry>{_amount(of, line.amount)}{_way(line.amount)}{booked}<BookgDt><Dt>{line.on}</Dt></BookgDt>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{subfamily}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs>{refs}</Refs><RltdPties>{party if line.other else ''}{account}</RltdPties>"
        f"<RmtInf>{remitted}</RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def as_ofx(of: Stretch, *, sgml: bool = True) -> bytes:
    """OFX 1, whose elements are not closed, or OFX 2, which is XML."""
    head = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:UTF-8\nCHARSET:NONE\n\n"
        if sgml
        else '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
    )

    def leaf(name: str, text: str) -> str:
        return (f"<{name}>{escape(text)}" if sgml else f"<{name}>{escape(text)}</{name}>") + "\n" if text else ""

    rows = "".join(
        "<STMTTRN>\n"
        + leaf("TRNTYPE", _TYPE.get(line.nature, "OTHER") if line.amount > 0 else "DEBIT")
        + leaf("DTPOSTED", f"{line.on:%Y%m%d}120000")
        + leaf("TRNAMT", of.said(line.amount))
        + leaf("FITID", line.bank_ref)
        + leaf("NAME", line.other)
        + leaf("MEMO", " ".join(filter(None, (line.reference, line.text))))
        + "</STMTTRN>\n"
        for line in of.lines
    )
    made = "".join(letter for letter in of.made if letter.isdigit())
    return (
        f"{head}<OFX>\n<SIGNONMSGSRSV1><SONRS>\n{leaf('DTSERVER', made)}</SONRS></SIGNONMSGSRSV1>\n"
        f"<BANKMSGSRSV1><STMTTRNRS><STMTRS>\n{leaf('CURDEF', of.currency)}<BANKACCTFROM>\n"
        f"{leaf('ACCTID', of.account)}</BANKACCTFROM>\n<BANKTRANLIST>\n{leaf('DTSTART', f'{of.first:%Y%m%d}')}"
        f"{leaf('DTEND', f'{of.last:%Y%m%d}')}{rows}</BANKTRANLIST>\n<LEDGERBAL>\n{leaf('BALAMT', of.said(of.closing))}"
        f"{leaf('DTASOF', f'{of.last:%Y%m%d}')}</LEDGERBAL>\n</STMTRS></STMTTRNRS></BANKMSGSRSV1>\n</OFX>\n"
    ).encode()
