"""What goes wrong in the demo on purpose: of one write into the books the answer is lost after it was carried out."""

from __future__ import annotations

FAULTS = {"quickbooks": "POST /v3/company/*/payment 5 drop-after\n"}
"""Per system, lines for its double."""
