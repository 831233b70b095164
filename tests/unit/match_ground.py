"""A folder of three small files, and how they are spoilt."""

from __future__ import annotations

from pathlib import Path

CUSTOMERS = (
    "tenant_id,customer_id,name,parent_id,discount_bp,discount_days,wht_bp,email,processor_customer,bank_account"
)
INVOICES = "tenant_id,invoice_id,kind,doc_number,customer_id,currency,amount_minor,issue_date,due_date"
PAYMENTS = (
    "tenant_id,payment_id,kind,source,date,currency,amount_minor,fee_minor,payer_name,payer_account,"
    "processor_customer,payer_email,remittance,metadata_invoice_id,related_payment_id"
)
RATES = "tenant_id,date,currency,home,mid"
DEPOSITS = "tenant_id,deposit_id,date,currency,amount_minor,descriptor"
PAYOUTS = "tenant_id,payout_id,source,created,arrival_date,currency,amount_minor,mode"
TRANSACTIONS = "tenant_id,txn_id,source,type,payment_id,created,available_on,gross_minor,fee_minor,net_minor,payout_id"

FILES = {
    "customers.csv": [
        CUSTOMERS,
        "t,c1,Acme Works Inc,,,,,pay@acme.example,cus_1,",
        "t,c2,Borealis Paper Ltd,c1,,,,,,",
    ],
    "invoices.csv": [
        INVOICES,
        "t,i1,invoice,INV-1001,c1,USD,12000,2026-03-01,2026-03-31",
        "t,i2,invoice,INV-1002,c1,USD,30000,2026-03-02,2026-04-01",
        "t,i3,credit_memo,CM-2001,c1,USD,-2000,2026-03-05,",
    ],
    "payments.csv": [
        PAYMENTS,
        "t,p1,payment,bank,2026-03-20,USD,12000,0,ACME WORKS INC,,,,INV-1001 thank you,,",
        "t,p2,payment,bank,2026-03-21,USD,777,0,Somebody Else,,,,,,",
    ],
}


def lay_out(folder: Path, **files: list[str]) -> Path:
    """The three files in a folder; `customers=[...]` replaces the lines of customers.csv, and so on."""
    folder.mkdir(exist_ok=True)
    for name, lines in {**FILES, **{f"{stem}.csv": lines for stem, lines in files.items()}}.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def spoilt(name: str, line: int, old: str, new: str) -> list[str]:
    """The lines of a file with something replaced on one of them; lines count from 1, the header's."""
    lines = list(FILES[name])
    if old not in lines[line - 1]:
        raise LookupError(old)
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return lines
