"""Workbooks as grids: what each cell shows, by its digits, and nothing that makes a reader swell."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import UserError
from connector.exports.grid import Number
from connector.exports.opening import grids_of
from connector.exports.workbook import UNPACKED_BYTES_MAX, sheets
from tests.unit.exports_ground import FIXTURES, cells, workbook

AGING = FIXTURES / "Larch & Vale Landscaping LLC_A_R Aging Detail Report.xlsx"


def shown(path: Path) -> list[tuple[str, ...]]:
    (grid,) = grids_of(path)
    return [row.cells for row in grid.rows]


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        grids_of(path)
    assert caught.value.next_step
    return caught.value.sentence


def test_a_report_whose_numbers_are_formulas_without_results_shows_its_amounts() -> None:
    rows = shown(AGING)
    assert rows[0] == ("A/R Aging Detail",)
    assert (
        "",
        "08/03/2026",
        "Invoice",
        "1041",
        "Harborview Property Group:Pier 9",
        "09/02/2026",
        "4180.75",
        "2180.75",
    ) in rows
    (total,) = [row for row in rows if row[0] == "TOTAL"]
    assert total[-2:] == ("24040.50", "22040.50")
    assert all(isinstance(figure, Number) for figure in total[-2:])


def test_numbers_are_shown_by_their_digits(tmp_path: Path) -> None:
    row = cells(1, "#1234.5599999999999", "#0.1", "#1E3", "#7", "#-12.5", "=-0.1", "=(12.30)", "#0.30000000000000004")
    assert shown(workbook(tmp_path / "a.xlsx", row)) == [
        ("1234.56", "0.1", "1000", "7", "-12.5", "-0.1", "12.30", "0.3"),
    ]


def test_formulas_that_only_add_are_worked_out_and_others_need_their_result(tmp_path: Path) -> None:
    sheet = cells(1, "#1.10", "=2.20") + cells(2, "=SUM(A1:B1)", "=(A1)+(B1)+$A$2", "=A2+B2+0.05")
    assert shown(workbook(tmp_path / "a.xlsx", sheet))[1] == ("3.30", "6.60", "9.95")
    kept = '<row r="1"><c r="A1"><f>A2*2</f><v>8.5</v></c></row>'
    assert shown(workbook(tmp_path / "b.xlsx", kept)) == [("8.5",)]
    kept_not = refused(workbook(tmp_path / "a.xlsx", cells(1, "#1", "=A1*2")))
    assert kept_not == "a.xlsx, line 1, column B: the cell is a formula whose result was not kept."
    circle = cells(1, "=B1+1", "=A1+1")
    assert "whose result was not kept" in refused(workbook(tmp_path / "a.xlsx", circle))


def test_dates_are_days_of_the_calendar_in_both_its_beginnings(tmp_path: Path) -> None:
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/>'
        '<numFmt numFmtId="171" formatCode="[Red]&quot;d&quot;0.00"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs>'
    )
    row = "".join(f'<c r="{chr(65 + style)}1" s="{style}"><v>46100</v></c>' for style in range(4))
    row += '<c r="E1" s="1"><v>46100.5</v></c>'
    sheet = f'<row r="1">{row}</row>'
    expected = ("46100", "2026-03-19", "2026-03-19", "46100", "2026-03-19 12:00:00")
    assert shown(workbook(tmp_path / "a.xlsx", sheet, styles=styles)) == [expected]
    book = '<workbookPr date1904="1"/><sheets><sheet name="One" sheetId="1" r:id="rId2"/></sheets>'
    assert shown(workbook(tmp_path / "a.xlsx", sheet, styles=styles, book=book))[0][1] == "2030-03-20"


def test_shared_texts_are_whole_and_without_readings_and_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    texts = "<si><r><t>Acme </t></r><r><t>Works</t></r><rPh><t>x</t></rPh></si><si><t>0042</t></si>"
    sheet = '<row r="3"><c r="B3" t="s"><v>0</v></c><c r="D3" t="s"><v>1</v></c></row>'
    path = workbook(tmp_path / "a.xlsx", sheet, texts=texts)
    (grid,) = grids_of(path)
    assert [(row.line, row.cells) for row in grid.rows] == [(3, ("", "Acme Works", "", "0042"))]
    hidden = (
        '<sheets><sheet name="One" sheetId="1" r:id="rId1"/>'
        '<sheet name="Two" sheetId="2" state="hidden" r:id="rId2"/></sheets>'
    )
    assert len(grids_of(workbook(tmp_path / "a.xlsx", sheet, texts=texts, book=hidden))) == 1


@pytest.mark.parametrize(
    ("sheet", "parts", "sentence"),
    [
        ('<row r="1"><c r="A1" t="s"><v>9</v></c></row>', {}, "a.xlsx is no readable workbook."),
        ('<row r="1"><c r="1A"><v>9</v></c></row>', {}, "a.xlsx is no readable workbook."),
        ('<row r="1"><c r="A1" t="e"><v>#REF!</v></c></row>', {}, "a.xlsx, line 1, column A: the cell holds an error."),
        ('<row r="1"><c r="A1" s="0"><v>9e9</v></c></row>', {"styles": '<cellXfs><xf numFmtId="14"/></cellXfs>'},
         "a.xlsx, line 1, column A: the cell holds no date that there is."),
        ('<row r="1"><c r="A1"><v>1e999999</v></c></row>', {},
         "a.xlsx, line 1, column A: the cell holds no number."),
        ('<row r="1"><c r="A1"><v>NaN</v></c></row>', {},
         "a.xlsx, line 1, column A: the cell holds no number."),
        ("<row>", {}, "a.xlsx is no readable workbook."),
        ("<x>" * 60 + "</x>" * 60, {}, "a.xlsx is no readable workbook."),
        ("", {"head": '<!DOCTYPE x [<!ENTITY a "aaaa">]>'}, "a.xlsx is no readable workbook."),
    ],
)  # fmt: skip
def test_a_workbook_that_is_none_is_refused_in_one_sentence(
    tmp_path: Path, sheet: str, parts: dict[str, str], sentence: str
) -> None:
    assert refused(workbook(tmp_path / "a.xlsx", sheet, **parts)) == sentence


def test_what_unpacks_without_end_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/workbook.xml", "w") as part,
    ):
        for _ in range((UNPACKED_BYTES_MAX >> 20) + 1):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 2 << 20
    assert refused(path) == "a.xlsx unpacks to more than 256 MiB."


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, AGING.stat().st_size - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_workbook_is_read_as_it_was_or_refused(at: int, byte: int, cut: bool) -> None:  # noqa: FBT001 - drawn
    whole = AGING.read_bytes()
    damaged = whole[:at] if cut else whole[:at] + bytes([byte]) + whole[at + 1 :]
    try:
        with zipfile.ZipFile(io.BytesIO(damaged)) as archive:
            (grid,) = sheets(AGING.name, archive)
    except (UserError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return
    assert [row.cells for row in grid.rows] == shown(AGING)
