"""The files of a world as the peers see them: plain rows by company, and whom the exact facts name as payer."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Row = dict[str, str]
Taken = tuple[str, str, int, int]
"""Payment, invoice, paid, applied: a row of the answer."""

_NO_LETTER = re.compile(r"[^A-Z0-9]+")


@dataclass(slots=True)
class Desk:
    """One company's rows. `left` is what is open of each invoice; whoever applies something takes it away there."""

    customers: list[Row] = field(default_factory=list)
    invoices: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)

    def apply(self, payment: Row, invoice: Row, amount: int, discount: int = 0) -> None:
        """So much of the payment to the invoice, and a discount beside it."""
        self.taken.append((payment["payment_id"], invoice["invoice_id"], amount, amount + discount))
        self.left[invoice["invoice_id"]] -= amount + discount

    def by_date(self) -> Iterator[Row]:
        """Incoming payments, oldest first."""
        money = (row for row in self.payments if row["kind"] == "payment")
        return iter(sorted(money, key=lambda row: (row["date"], row["payment_id"])))

    def open_of(self, customers: Sequence[str], payment: Row) -> list[Row]:
        """Their open invoices in the payment's currency that had been issued, by due date."""
        chosen = [
            row
            for customer in customers
            for row in self._by_customer().get(customer, ())
            if self.left[row["invoice_id"]] > 0
            and row["currency"] == payment["currency"]
            and row["issue_date"] <= payment["date"]
        ]
        return sorted(chosen, key=lambda row: (row["due_date"], row["invoice_id"]))

    def _by_customer(self) -> dict[str, list[Row]]:
        if not self._index:
            for row in self.invoices:
                if int(row["amount_minor"]) > 0:
                    self._index[row["customer_id"]].append(row)
        return self._index

    _index: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


class Payers:
    """Whom exact facts name: processor id, bank account, e-mail, the name without signs and cases."""

    def __init__(self, desk: Desk) -> None:
        self._known: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._kin: dict[str, list[str]] = defaultdict(list)
        for row in desk.customers:
            for column in ("processor_customer", "bank_account", "email"):
                self._known[column, row[column]].add(row["customer_id"])
            self._known["name", letters(row["name"])].add(row["customer_id"])
            self._kin[row["parent_id"] or row["customer_id"]].append(row["customer_id"])

    def of(self, payment: Row) -> list[str]:
        """The customer and its children, where one customer only is named."""
        for column, value in (
            ("processor_customer", payment["processor_customer"]),
            ("bank_account", payment["payer_account"]),
            ("email", payment["payer_email"]),
            ("name", letters(payment["payer_name"])),
        ):
            found = self._known.get((column, value), set()) if value else set()
            if len(found) == 1:
                (one,) = found
                return self._kin.get(one, [one])
        return []


def letters(name: str) -> str:
    """Capitals and digits only."""
    return _NO_LETTER.sub("", name.upper())


def read(folder: Path) -> list[Desk]:
    """Every company's rows."""
    desks: dict[str, Desk] = defaultdict(Desk)
    for name in ("customers", "invoices", "payments"):
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                getattr(desks[row["tenant_id"]], name).append(row)
    for desk in desks.values():
        desk.left = {row["invoice_id"]: int(row["amount_minor"]) for row in desk.invoices}
    return list(desks.values())


def write(out: Path, desks: Sequence[Desk]) -> None:
    """The answer in the form of `receivables match`."""
    with out.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(("payment_id", "invoice_id", "pay_minor", "applied_minor"))
        for desk in desks:
            sheet.writerows(desk.taken)
