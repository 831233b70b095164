"""Exports written down in a test: grids, workbooks by hand, and the layouts that the adapters declare."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from adapters.quickbooks.exports import EXPORTS as BOOKS
from adapters.stripe.exports import EXPORTS as PROCESSOR
from connector.app.exports.gathered import Asked, Gathered, gathered
from connector.app.exports.recognise import Known, recognised, sound
from connector.exports.mapping import BankMapping
from connector.exports.opening import grids_of
from connector.model.export import Exports
from connector.reconcile.cash.case import Policy

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "exports"
EXPORTS: tuple[Exports, ...] = (BOOKS, PROCESSOR)
LAYOUTS = [(each.name, layout) for each in EXPORTS for layout in each.layouts]

INVOICES = (
    "Invoice List by Date\n"
    "Larch & Vale Landscaping LLC\n"
    '"August 1-November 15, 2026"\n'
    "\n"
    "Date,Transaction type,Num,Name,Memo/Description,Due date,Amount,Open balance\n"
    "08/17/2026,Invoice,1042,Okafor Dental PLLC,,09/16/2026,310.00,0.00\n"
    '10/26/2026,Invoice,1048,Sable Ridge Winery:Cellar,,11/25/2026,"1,742.35","1,242.35"\n'
    "11/02/2026,Invoice,1049,Tern & Co Cafe,,12/02/2026,96.20,96.20\n"
    'TOTAL,,,,,,"$2,148.55","$1,338.55"\n'
    "\n"
    '"Sunday, November 15, 2026 04:12 PM GMT-08:00"\n'
)
AGING = (
    "A/R Aging Detail\n"
    "Larch & Vale Landscaping LLC\n"
    '"As of November 15, 2026"\n'
    "\n"
    ",Date,Transaction type,Num,Customer full name,Due date,Amount,Open balance\n"
    "1 - 30 days past due,,,,,,,\n"
    ",10/20/2026,Credit Memo,CM-12,Sable Ridge Winery,10/20/2026,-84.50,-84.50\n"
    "Total for 1 - 30 days past due,,,,,,-$84.50,-$84.50\n"
    "CURRENT,,,,,,,\n"
    ',10/26/2026,Invoice,1048,Sable Ridge Winery:Cellar,11/25/2026,"1,742.35","1,242.35"\n'
    ",11/02/2026,Invoice,1049,Tern & Co Cafe,12/02/2026,96.20,96.20\n"
    ",11/10/2026,Payment,,Tern & Co Cafe,11/10/2026,-50.00,-50.00\n"
    'Total for CURRENT,,,,,,"$1,788.55","$1,288.55"\n'
    'TOTAL,,,,,,"$1,704.05","$1,204.05"\n'
)
BALANCE_HEADER = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,"
    "description,customer_facing_amount,customer_facing_currency,customer_name,customer_email,charge_id,"
    "automatic_payout_id,automatic_payout_effective_at_utc,payment_metadata[invoice_id]"
)
CHARGE = (
    "txn_1,2026-11-04 17:40:51,2026-11-08 00:00:00,usd,96.20,3.09,93.11,charge,ch_1,Garden care,96.20,usd,"
    "Tern & Co Cafe,hello@terncafe.example,ch_1,po_1,2026-11-10 00:00:00,1049"
)


def table(header: str, *lines: str) -> str:
    """A CSV."""
    return "\n".join((header, *lines)) + "\n"


def put(folder: Path, **files: str) -> Path:
    """A folder of CSV files."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text.encode())
    return folder


def known(path: Path) -> Known:
    """The file, recognised."""
    found = sound(recognised(grids_of(path), LAYOUTS))
    assert found is not None
    return found


def read(
    folder: Path,
    *,
    bank: Path | None = None,
    mapping: BankMapping | None = None,
    currency: str = "USD",
    dates: str = "",
) -> Gathered:
    """A folder, read as `match` reads it."""
    asked = Asked(folder=folder, policy=Policy(), bank=bank, mapping=mapping, currency=currency, dates=dates)
    found = gathered(asked, EXPORTS)
    assert found is not None
    return found


def workbook(path: Path, sheet: str, **parts: str) -> Path:
    """A workbook of one sheet, whose rows are written down as XML; `parts` are its other parts."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    book = parts.get("book", '<sheets><sheet name="One" sheetId="1" r:id="rId1"/></sheets>')
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{relation}">{book}</workbook>')
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="rId1" Type="t" Target="worksheets/sheet1.xml"/>'
            '<Relationship Id="rId2" Type="t" Target="/xl/worksheets/sheet1.xml"/></Relationships>',
        )
        head = parts.get("head", "")
        archive.writestr(
            "xl/worksheets/sheet1.xml", f'{head}<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'
        )
        if "styles" in parts:
            archive.writestr("xl/styles.xml", f'<styleSheet xmlns="{main}">{parts["styles"]}</styleSheet>')
        if "texts" in parts:
            archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}">{parts["texts"]}</sst>')
    return path


def cells(line: int, *shown: str) -> str:
    """A row: a text as it is, "=..." as a formula without a result, "#..." as a number."""
    return f'<row r="{line}">{"".join(_cell(f"{chr(65 + at)}{line}", each) for at, each in enumerate(shown))}</row>'


def _cell(name: str, shown: str) -> str:
    if shown.startswith("="):
        return f'<c r="{name}"><f>{escape(shown[1:])}</f></c>'
    if shown.startswith("#"):
        return f'<c r="{name}"><v>{shown[1:]}</v></c>'
    return f'<c r="{name}" t="inlineStr"><is><t>{escape(shown)}</t></is></c>' if shown else ""


def as_workbook(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """Rows as a workbook."""
    return workbook(path, "".join(cells(line, *row) for line, row in enumerate(rows, start=1)))
