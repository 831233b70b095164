"""A world as the files that `receivables match` reads. The truth is not in them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.bench.cash.records import Tenant

Row = Sequence[object]

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
    """All files; those that may be absent only where there is something to say."""
    known = list(tenants)
    _sheet(folder / "customers.csv", CUSTOMERS, _customers(known))
    _sheet(folder / "invoices.csv", INVOICES, _invoices(known))
    _sheet(folder / "payments.csv", PAYMENTS, _payments(known))
    if any(tenant.rates for tenant in known):
        _sheet(folder / "fx.csv", RATES, ((tenant.id, *rate) for tenant in known for rate in tenant.rates))
    if any(tenant.payouts for tenant in known):
        _sheet(folder / "payouts.csv", PAYOUTS, ((tenant.id, *payout) for tenant in known for payout in tenant.payouts))
        _sheet(folder / "balance_txns.csv", TXNS, _txns(known))
        _sheet(folder / "bank_deposits.csv", DEPOSITS, ((one.id, *each[:-1]) for one in known for each in one.deposits))


def _sheet(path: Path, header: Row, rows: Iterable[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(header)
        sheet.writerows(rows)


def _customers(tenants: Sequence[Tenant]) -> Iterator[Row]:
    for one in tenants:
        for who in one.customers:
            yield (
                one.id, who.id, who.name, who.parent, who.currency, who.terms_days, who.discount_bp, who.discount_days,
                who.wht_bp, who.email, who.processor, who.account,
            )  # fmt: skip


def _invoices(tenants: Sequence[Tenant]) -> Iterator[Row]:
    for one in tenants:
        for item in one.items:
            kind = "invoice" if item.amount >= 0 else "credit_memo"
            yield (
                one.id, item.id, kind, item.number, item.customer, item.currency, item.amount, item.issued, item.due,
            )  # fmt: skip


def _payments(tenants: Sequence[Tenant]) -> Iterator[Row]:
    for one in tenants:
        for got in one.receipts:
            yield (
                one.id, got.id, got.kind, got.source, got.on, got.currency, got.amount, got.fee, got.payer_name,
                got.payer_account, got.processor, got.email, got.text, got.key, got.related,
            )  # fmt: skip


def _txns(tenants: Sequence[Tenant]) -> Iterator[Row]:
    for one in tenants:
        for txn in one.txns:
            yield (
                one.id, txn.id, txn.source, txn.type, txn.payment, txn.created, txn.available, txn.gross, txn.fee,
                txn.net, txn.payout,
            )  # fmt: skip
