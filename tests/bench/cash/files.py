"""A world as the files that `receivables match` reads. The truth is not in them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.bench.cash.records import Tenant

Row = Sequence[object]


class Sheet(Protocol):
    """A file to which rows are written."""

    def writerow(self, row: Row, /) -> object: ...


CUSTOMERS = (
    "tenant_id", "customer_id", "name", "parent_id", "currency", "terms_days", "discount_bp", "discount_days", "wht_bp",
    "email", "processor_customer", "bank_account",
)  # fmt: skip
INVOICES = (
    "tenant_id", "invoice_id", "kind", "doc_number", "customer_id", "currency", "amount_minor", "issue_date",
    "due_date",
)  # fmt: skip
PAYMENTS = (
    "tenant_id", "payment_id", "kind", "source", "date", "currency", "amount_minor", "fee_minor", "payer_name",
    "payer_account", "processor_customer", "payer_email", "remittance", "metadata_invoice_id", "related_payment_id",
)  # fmt: skip
RATES = ("tenant_id", "date", "currency", "home", "mid")
PAYOUTS = ("tenant_id", "payout_id", "source", "created", "arrival_date", "currency", "amount_minor", "mode")
TXNS = (
    "tenant_id", "txn_id", "source", "type", "payment_id", "created", "available_on", "gross_minor", "fee_minor",
    "net_minor", "payout_id",
)  # fmt: skip
DEPOSITS = ("tenant_id", "deposit_id", "date", "currency", "amount_minor", "descriptor")


def write(folder: Path, tenants: Iterable[Tenant]) -> None:
    """All files, one company after the other; those that may be absent only where there is something to say."""
    with ExitStack() as files:
        sheets: dict[str, Sheet] = {}

        def rows(name: str, header: Row, found: Iterable[Row], *, needed: bool = True) -> None:
            for row in found:
                if name not in sheets:
                    begin(name, header)
                sheets[name].writerow(row)
            if needed and name not in sheets:
                begin(name, header)

        def begin(name: str, header: Row) -> None:
            file = files.enter_context((folder / f"{name}.csv").open("w", newline="", encoding="utf-8"))
            sheets[name] = csv.writer(file, lineterminator="\n")
            sheets[name].writerow(header)

        for one in tenants:
            rows("customers", CUSTOMERS, _customers(one))
            rows("invoices", INVOICES, _invoices(one))
            rows("payments", PAYMENTS, _payments(one))
            rows("fx", RATES, ((one.id, *rate) for rate in one.rates), needed=False)
            rows("payouts", PAYOUTS, ((one.id, *payout) for payout in one.payouts), needed=False)
            paid_out = bool(one.payouts) or "payouts" in sheets
            rows("balance_txns", TXNS, _txns(one), needed=paid_out)
            rows("bank_deposits", DEPOSITS, ((one.id, *each[:-1]) for each in one.deposits), needed=paid_out)


def _customers(one: Tenant) -> Iterator[Row]:
    for who in one.customers:
        yield (
            one.id, who.id, who.name, who.parent, who.currency, who.terms_days, who.discount_bp, who.discount_days,
            who.wht_bp, who.email, who.processor, who.account,
        )  # fmt: skip


def _invoices(one: Tenant) -> Iterator[Row]:
    for item in one.items:
        kind = "invoice" if item.amount >= 0 else "credit_memo"
        yield (
            one.id, item.id, kind, item.number, item.customer, item.currency, item.amount, item.issued, item.due,
        )  # fmt: skip


def _payments(one: Tenant) -> Iterator[Row]:
    for got in one.receipts:
        yield (
            one.id, got.id, got.kind, got.source, got.on, got.currency, got.amount, got.fee, got.payer_name,
            got.payer_account, got.processor, got.email, got.text, got.key, got.related,
        )  # fmt: skip


def _txns(one: Tenant) -> Iterator[Row]:
    for txn in one.txns:
        yield (
            one.id, txn.id, txn.source, txn.type, txn.payment, txn.created, txn.available, txn.gross, txn.fee,
            txn.net, txn.payout,
        )  # fmt: skip
