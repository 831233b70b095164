"""Matchers that others publish, driven as their documents say: `python -m tests.bench.cash.outside NAME FOLDER OUT`.

- `bankstatementparser`: `reconcile_payments_and_statements`, invoices as instructions and receipts as the statement.
  A receipt's reference is the one number of the company's that stands in its text, or the one stored with it.
- `splink`: a Fellegi-Sunter model over pairs of one receipt and one invoice that share a number or an amount, trained
  on the pairs themselves; a pair is taken when it is nearly certain and neither side has another such pair.
- `floor in polars`: nearly what `floor` does, by the fastest reader of such files there is.

They are no dependency of this project: whoever wants the rows installs them somewhere and names that Python to the
benchmark. This file imports none before it is asked to run one.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.cash.desk import Desk, Row, letters, read, write

CERTAIN = 0.9
LONG_DAYS = 1_000
SHORT_NUMBER = 3
_WORDS = re.compile(r"[0-9A-Za-z/#_-]+")


def bankstatementparser(desk: Desk) -> None:
    """One company by its three passes."""
    reconcile: Any = import_module("bankstatementparser.reconciliation").reconcile_payments_and_statements
    rows = {row["invoice_id"]: row for row in desk.invoices}
    payments = {row["payment_id"]: row for row in desk.by_date()}
    told = _references(desk)
    names = {row["customer_id"]: letters(row["name"]) for row in desk.customers}
    asked = [
        {
            "amount": row["amount_minor"], "currency": row["currency"], "reference": row["invoice_id"],
            "counterparty": names.get(row["customer_id"], ""), "id": row["invoice_id"],
        }
        for row in desk.invoices
        if int(row["amount_minor"]) > 0
    ]  # fmt: skip
    came = [
        {
            "amount": row["amount_minor"], "currency": row["currency"], "reference": told.get(name, ""),
            "counterparty": letters(row["payer_name"]), "id": name,
        }
        for name, row in payments.items()
    ]  # fmt: skip
    report = reconcile(asked, came, fee_tolerance=Decimal(0), max_date_gap_days=LONG_DAYS)
    for match in report.matches:
        invoice, payment = rows[match.payment_record["id"]], payments[match.statement_record["id"]]
        desk.apply(payment, invoice, desk.left[invoice["invoice_id"]])


def _references(desk: Desk) -> dict[str, str]:
    """For each receipt the one invoice that its text or its key names."""
    numbers = {letters(row["doc_number"]): row["invoice_id"] for row in desk.invoices}
    known = {row["invoice_id"] for row in desk.invoices}
    found = {}
    for payment in desk.by_date():
        words = {piece for word in _WORDS.findall(payment["remittance"]) for piece in {word, *word.split("/")}}
        named = {numbers[letters(word)] for word in words if letters(word) in numbers and len(word) > SHORT_NUMBER}
        named |= {payment["metadata_invoice_id"]} & known
        if len(named) == 1:
            (found[payment["payment_id"]],) = named
    return found


def splink(desks: Sequence[Desk]) -> None:
    """All companies in one model, pairs only within a company."""
    left, right = list(_records(desks)), list(_receipts(desks))
    claims = _pairs(left, right)
    invoices = {row["invoice_id"]: (desk, row) for desk in desks for row in desk.invoices}
    payments = {row["payment_id"]: row for desk in desks for row in desk.payments}
    by_invoice = Counter(invoice for invoice, _ in claims)
    by_payment = Counter(payment for _, payment in claims)
    for invoice, payment in claims:
        desk, row = invoices[invoice]
        alone = by_invoice[invoice] == by_payment[payment] == 1
        if alone and desk.left[invoice] == int(payments[payment]["amount_minor"]):
            desk.apply(payments[payment], row, desk.left[invoice])


def _records(desks: Sequence[Desk]) -> Iterator[Mapping[str, object]]:
    for desk in desks:
        names = {row["customer_id"]: row["name"].upper() for row in desk.customers}
        for row in desk.invoices:
            if int(row["amount_minor"]) > 0:
                yield _record(row, row["invoice_id"], row["invoice_id"], names.get(row["customer_id"], ""))


def _receipts(desks: Sequence[Desk]) -> Iterator[Mapping[str, object]]:
    for desk in desks:
        told = _references(desk)
        for row in desk.by_date():
            yield _record(row, row["payment_id"], told.get(row["payment_id"], ""), row["payer_name"].upper())


def _record(row: Row, name: str, number: str, who: str) -> Mapping[str, object]:
    return {
        "unique_id": name, "tenant": row["tenant_id"], "number": number or None, "who": who or None,
        "amount": f"{row['currency']}{row['amount_minor']}",
    }  # fmt: skip


def _pairs(left: Sequence[Mapping[str, object]], right: Sequence[Mapping[str, object]]) -> list[tuple[str, str]]:
    """Invoice and receipt of every pair that is nearly certain."""
    pandas: Any = import_module("pandas")
    lib: Any = import_module("splink")
    comparing: Any = import_module("splink.comparison_library")
    by_number, by_amount = lib.block_on("tenant", "number"), lib.block_on("tenant", "amount")
    settings = lib.SettingsCreator(
        link_type="link_only",
        comparisons=[
            comparing.ExactMatch("number"),
            comparing.ExactMatch("amount").configure(term_frequency_adjustments=True),
            comparing.JaroWinklerAtThresholds("who", [0.95, 0.85]),
        ],
        blocking_rules_to_generate_predictions=[by_number, by_amount],
    )
    api = lib.DuckDBAPI()
    sources = [
        api.register(pandas.DataFrame(rows), dataset_display_name=name)
        for name, rows in (("invoices", left), ("receipts", right))
    ]
    linker = lib.Linker(sources, settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(by_number)
    linker.training.estimate_parameters_using_expectation_maximisation(by_amount)
    found = linker.inference.predict(threshold_match_probability=CERTAIN).as_pandas_dataframe()
    return list(zip(found["unique_id_l"], found["unique_id_r"], strict=True))


def polars_floor(folder: Path, out: Path) -> None:
    """Read both files, one number of each text, join on number, currency and amount, write."""
    pl: Any = import_module("polars")
    number = r"(\d{3,16})"
    keys = ["tenant_id", "number", "currency", "amount_minor"]
    items = pl.read_csv(folder / "invoices.csv", schema_overrides={"doc_number": pl.String}).with_columns(
        number=pl.col("doc_number").str.replace_all(r"\D", "").str.strip_chars_start("0")
    )
    receipts = pl.read_csv(folder / "payments.csv", schema_overrides={"remittance": pl.String}).with_columns(
        number=pl.col("remittance").str.extract(number).str.strip_chars_start("0")
    )
    found = receipts.drop_nulls("number").join(items.unique(keys), on=keys)
    pay, applied = pl.col("amount_minor").alias("pay_minor"), pl.col("amount_minor").alias("applied_minor")
    found.select("payment_id", "invoice_id", pay, applied).write_csv(out)


def main() -> None:
    """From the files to the answer."""
    name, folder, out = sys.argv[1:4]
    if name == "floor in polars":
        polars_floor(Path(folder), Path(out))
        return
    desks = read(Path(folder))
    if name == "splink":
        splink(desks)
    else:
        for desk in desks:
            bankstatementparser(desk)
    write(Path(out), desks)


if __name__ == "__main__":
    main()
