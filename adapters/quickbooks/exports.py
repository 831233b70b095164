"""The reports of QuickBooks Online that tell what is owed, as it exports them to CSV and XLSX.

Above the header stand the company, the report and its dates, in either order; an aging report has a line that begins
each section and one that totals it, with an empty column before them; all end with TOTAL and a line of their own about
when they were made. `Num` is a text: leading zeros count.
"""

from __future__ import annotations

from connector.model.export import Exports, Layout, Means, Tells

_COLUMNS = {
    "date": ("date", "transaction date", "invoice date"),
    "type": ("transaction type", "type"),
    "number": ("num", "no.", "number", "invoice number", "doc num"),
    "customer": ("customer full name", "customer", "name", "customer display name", "customer name"),
    "due": ("due date",),
    "amount": ("amount",),
    "open": ("open balance",),
    "currency": ("currency",),
}
_NEEDED = frozenset({"date", "type", "number", "customer", "open"})
_WORDS = {
    "invoice": Means.INVOICE,
    "credit memo": Means.CREDIT,
    "credit note": Means.CREDIT,
    "payment": Means.ON_ACCOUNT,
    "deposit": Means.ON_ACCOUNT,
    "journal entry": Means.ON_ACCOUNT,
    "refund": Means.ON_ACCOUNT,
    "expense": Means.ON_ACCOUNT,
    "cheque": Means.ON_ACCOUNT,
    "check": Means.ON_ACCOUNT,
}

INVOICE_LIST = Layout(
    title="QuickBooks, Invoice List",
    tells=Tells.OPEN_ITEMS,
    columns=_COLUMNS,
    needed=_NEEDED,
    words=_WORDS,
    titles=("invoice list",),
    closed=True,
)
AGING_DETAIL = Layout(
    title="QuickBooks, A/R Aging Detail",
    tells=Tells.OPEN_ITEMS,
    columns=_COLUMNS,
    needed=_NEEDED,
    words=_WORDS,
    titles=("a/r aging detail", "a/r ageing detail", "ar aging detail", "accounts receivable aging detail"),
    closed=True,
    totalled=True,
)

EXPORTS = Exports(name="quickbooks", layouts=(INVOICE_LIST, AGING_DETAIL), at_the_bank=("intuit", "quickbooks"))
