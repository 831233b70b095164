"""Two customers made one, as QuickBooks' screens do it.

Everything of the one that ends moves to the other, its sub-customers too. Then it is inactive and called
"... (deleted)", or, `struck_out`, it is gone. Whether Intuit moves the time of the transactions is not documented: they
move loudly (token and time rise, as after an edit), or `quietly` (neither does).
"""

from __future__ import annotations

from dataclasses import replace

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.ledger import MERGED, Company
from adapters.quickbooks.standin.records import Customer, Dealing, Deposit, JournalEntry, Record, customers_of


def merge(company: Company, gone_id: str, into_id: str, *, quietly: bool, struck_out: bool) -> None:
    """Make `gone_id` an end of; fault 6000 when the two do not fit."""
    gone, into = company.get(Customer, gone_id), company.get(Customer, into_id)
    if gone_id == into_id or gone.currency != into.currency:
        raise faults.business("These customers cannot be merged.")
    if any(above.id == gone_id for above in company.lineage(into_id)):
        raise faults.business("A customer cannot be merged into its own sub-customer.")
    for shelf in company.records.values():
        for record in shelf.values():
            if gone_id in customers_of(record):
                company.stir(record)
                _give(record, gone_id, into_id)
                company.stir(record) if quietly else company.touch(record)
    for child in company.all(Customer):
        if child.parent == gone_id:
            company.adopt(child, into_id)
    company.tell(into, MERGED, other=gone_id)
    if struck_out:
        company.remove(gone)
    else:
        gone.name, gone.active = f"{gone.name} (deleted)", False
        company.rename(gone)


def _give(record: Record, gone_id: str, into_id: str) -> None:
    record.text = None
    if isinstance(record, Dealing):
        record.customer = into_id
    elif isinstance(record, JournalEntry):
        record.lines = tuple(
            replace(line, customer=into_id) if line.customer == gone_id else line for line in record.lines
        )
    elif isinstance(record, Deposit):
        record.lines = tuple(
            replace(part, customer=into_id) if part.customer == gone_id else part for part in record.lines
        )
