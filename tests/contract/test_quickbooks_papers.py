"""Invoices as QuickBooks prints them, asked for through the adapter; Intuit's schema looks on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from connector.errors import NotFound, VendorError
from connector.model.source import ConnectionId, Kind
from connector.ports import Documents
from connector.testing.papers import one_page
from connector.testing.standin import parse_faults
from tests.contract.quickbooks_room import Room, invoice_of, served


@pytest.fixture
def room() -> Iterator[Room]:
    with served() as opened:
        yield opened


def test_the_document_of_an_invoice_comes_as_its_bytes(room: Room) -> None:
    papers = room.connect()
    assert isinstance(papers, Documents)
    ref = invoice_of(papers, "INV-7").ref
    document = papers.invoice_pdf(ref)
    assert document.startswith(b"%PDF-1.4")
    assert document.endswith(b"%%EOF\n")
    assert b"(Invoice INV-7)" in document
    assert room.server.calls[-1][:2] == ("GET", f"/v3/company/9130001/invoice/{ref.vendor_id}/pdf")


def test_what_is_no_invoice_there_has_no_document_and_nothing_odd_is_ever_asked_for(room: Room) -> None:
    papers = room.connect()
    ref = invoice_of(papers, "INV-7").ref
    with pytest.raises(VendorError):
        papers.invoice_pdf(ref._replace(vendor_id="99999"))
    before = len(room.server.calls)
    others = (
        ref._replace(vendor_id="1/../2"),
        ref._replace(vendor_id=""),
        ref._replace(kind=Kind.CUSTOMER),
        ref._replace(connection=ConnectionId("other")),
    )
    for other in others:
        with pytest.raises(NotFound):
            papers.invoice_pdf(other)
    assert len(room.server.calls) == before


def test_a_document_is_asked_for_again_while_that_may_help_and_something_else_is_none(room: Room) -> None:
    papers = room.connect()
    ref = invoice_of(papers, "INV-8").ref
    room.server.add_faults(*parse_faults("GET  /v3/company/*/invoice/*/pdf  1  status-before 503"))
    assert papers.invoice_pdf(ref).startswith(b"%PDF-")
    room.server.add_faults(*parse_faults("GET  /v3/company/*/invoice/*/pdf  0  truncate"))
    with pytest.raises(VendorError):
        papers.invoice_pdf(ref)


def test_letters_that_mean_something_in_a_document_are_kept_from_it() -> None:
    page = one_page(["a (b) \\ é"])
    assert b"(a \\(b\\) \\\\ ?) Tj" in page
    (table,) = re.findall(rb"startxref\n(\d+)\n", page)
    assert page[int(table) :].startswith(b"xref\n0 6\n")
