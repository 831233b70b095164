"""Our own plain files that stand beside exports: they add what the exports do not tell, for the same company."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from connector.app.folder import CUSTOMERS, DEPOSITS, INVOICES, PAYMENTS, PAYOUTS, TRANSACTIONS
from connector.app.sheets import Sheet, little_collecting, read
from connector.errors import UserError
from connector.reconcile.cash.case import Item, Party, Receipt
from connector.reconcile.cash.payouts import Deposit, Payout, Transaction


@dataclass(slots=True)
class Beside:
    """What they hold, in no order, and the company they are of ("" when there are none)."""

    tenant: str = ""
    parties: list[Party] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    deposits: list[Deposit] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def beside(paths: Iterable[Path]) -> Beside:
    """Those that are there. UserError where they are of several companies: the exports do not say whose they are."""
    found = Beside()
    at = {path.name: path for path in paths}
    tenants: set[str] = set()
    for sheet, into in (
        (CUSTOMERS, found.parties), (INVOICES, found.items), (PAYMENTS, found.receipts), (DEPOSITS, found.deposits),
        (PAYOUTS, found.payouts), (TRANSACTIONS, found.transactions),
    ):  # fmt: skip
        if sheet.name in at:
            found.counts[sheet.name] = _add(at[sheet.name], sheet, into, tenants)
    if len(tenants) > 1:
        raise UserError(
            f"The plain files are of {len(tenants)} companies, and an export does not say whose it is.",
            next_step="Put each company's files into a folder of its own.",
        )
    found.tenant = next(iter(tenants), "")
    return found


def _add(path: Path, sheet: Sheet, into: list[Any], tenants: set[str]) -> int:
    with little_collecting():
        for names, values in read(path, sheet):
            tenants |= set(names)
            into += values
    return len(into)


def once(what: str, values: list[Any]) -> list[Any]:
    """In the order of their ids. UserError for an id that stands there twice."""
    values.sort(key=lambda value: value[0])
    for one, other in pairwise(values):
        if one[0] == other[0]:
            raise UserError(
                f"The {what} {one[0]} stands in two files.",
                next_step="Leave one of the two out; nothing was written.",
            )
    return values
