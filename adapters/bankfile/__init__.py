"""A bank's statements, read from files: CSV or XLSX by a mapping, CAMT.053, OFX and QFX.

The declaration only; looking at it imports nothing of the room. The rooms: `settings`, `statement` (what a file says,
as values), `tree` (XML without entities), `camt`, `ofx`, `table` (the three kinds of files), `codes` (what a bank's
codes and words mean), `sums` (whether it adds up), `overlaps` (the same line in several files), `returns` (what came
back), `marks` (references that a payer typed), `translate` (the house's nouns), `folder`, `reading`, `client`,
`standin` (a bank that writes statements, for tests).
"""

from __future__ import annotations

from connector.ports import AdapterSpec

spec = AdapterSpec(
    name="bankfile",
    title="Bank statements",
    settings="adapters.bankfile.settings:Settings",
    connect="adapters.bankfile.client:connect",
    standin="adapters.bankfile.standin:build",
    method_titles={"transfer": "Bank transfer", "cheque": "Cheque", "direct debit": "Direct debit"},
    method_titles_in={
        "de": {"transfer": "Überweisung", "cheque": "Scheck", "direct debit": "Lastschrift"},
        "es": {"transfer": "Transferencia", "cheque": "Cheque", "direct debit": "Domiciliación"},
        "fr": {"transfer": "Virement", "cheque": "Chèque", "direct debit": "Prélèvement"},
    },
    is_bank=True,
)
"""One account at a bank: what the house may ask of it."""
