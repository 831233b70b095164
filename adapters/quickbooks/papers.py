"""Invoices as QuickBooks prints them."""

from __future__ import annotations

from adapters.quickbooks.calls import PDF, Room
from connector.errors import NotFound
from connector.model.source import Kind, Ref


class Papers(Room):
    """Documents."""

    def invoice_pdf(self, ref: Ref) -> bytes:
        """The invoice in the company's own form. It must be an invoice of this company."""
        if ref.kind is not Kind.INVOICE or ref.connection != self._connection or not ref.vendor_id.isdecimal():
            raise NotFound("QuickBooks has no document of that.", system="quickbooks")
        return self._calls.read(f"invoice/{ref.vendor_id}/pdf", {}, bytes, accept=PDF)
