"""Money goes to the invoices that are open in the books: that is what a first plan does, and nothing else."""

from __future__ import annotations

import pytest

from connector.app.books import apply_plan, make_plan
from connector.model.intent import PostPayment
from connector.model.source import Kind
from connector.money import total
from tests.journeys.firm import Firm, nothing


@pytest.mark.req("F26")
def test_without_being_told_anything_a_plan_applies_money_to_the_invoices_that_are_open(firm: Firm) -> None:
    before = {each["Id"]: each["Balance"] for each in firm.books("Invoice")}
    with firm.desk() as desk:
        made = make_plan(desk)
        paid = [line.intent for line in made.lines if isinstance(line.intent, PostPayment)]
        for each in paid:
            assert {share.target.kind for share in each.allocations} == {Kind.INVOICE}
            assert total((share.amount for share in each.allocations), each.total.currency) == each.total
            assert {share.target.vendor_id for share in each.allocations} <= {
                invoice for invoice, balance in before.items() if float(balance)
            }
        apply_plan(desk, made, nothing, nothing)
    assert paid
    after = {each["Id"]: each["Balance"] for each in firm.books("Invoice")}
    settled = {share.target.vendor_id for each in paid for share in each.allocations}
    assert after.keys() == before.keys()
    assert {invoice for invoice in before if after[invoice] != before[invoice]} == settled
    linked = [
        link["TxnId"] for each in firm.marked("Payment", "PrivateNote") for line in each["Line"]
        for link in line["LinkedTxn"] if link["TxnType"] == "Invoice"
    ]  # fmt: skip
    assert set(linked) == settled
    assert firm.books("SalesReceipt") == []
