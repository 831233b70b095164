"""Every recorded answer of a real Intuit sandbox, and recorded faults, through the adapter's own reading."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from adapters.quickbooks import faults, translate, wire
from connector.errors import MalformedAnswer, OutcomeUnknown, RateLimited, Rejected, Unreachable, VendorError
from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.mirror import Noun
from connector.model.money_in import Payment
from connector.model.party import Account, AccountRole
from connector.model.settlement import Deposit
from connector.model.source import Kind
from connector.money import Money, total, zero
from tests.unit.quickbooks_ground import FRAME, USD
from tests.vendor.where import schemas

SHAPES: dict[str, tuple[type[wire.Entity], Callable[[Any, translate.Frame], Noun]]] = {
    "Account": (wire.Account, translate.account),
    "Customer": (wire.Customer, translate.customer),
    "Invoice": (wire.Invoice, translate.invoice),
    "CreditMemo": (wire.CreditMemo, translate.credit_note),
    "Payment": (wire.Payment, translate.payment),
    "Deposit": (wire.Deposit, translate.deposit),
    "Transfer": (wire.Transfer, translate.transfer),
}
"""Items and journal entries are recorded too, and are not read by this adapter."""


class Recorded(NamedTuple):
    """One answer: the entity it holds and its body with all digits."""

    file: str
    entity: str
    listed: bool
    body: bytes


def recordings() -> Iterator[Recorded]:
    for path in sorted((schemas("quickbooks") / "recorded").glob("*.json")):
        for exchange in json.loads(path.read_text(), parse_float=Decimal):
            response = exchange["response"]
            listed = "QueryResponse" in response
            held = response["QueryResponse"] if listed else response
            for entity in held.keys() & (SHAPES.keys() | {"Item", "JournalEntry"}):
                yield Recorded(path.name, entity, listed, wire.encode(response))


def rows(recorded: Recorded) -> list[wire.Received[wire.Entity]]:
    shape, _ = SHAPES[recorded.entity]
    if recorded.listed:
        return list(wire.rows(recorded.body, shape))
    return [wire.single(recorded.body, shape)]


def read(file: str) -> list[tuple[str, Noun, bytes]]:
    """Ids, nouns and documents of one recorded file."""
    return [
        (one.row.id, SHAPES[recorded.entity][1](one.row, FRAME), one.raw)
        for recorded in recordings()
        if recorded.file == file
        for one in rows(recorded)
    ]


def test_every_recorded_entity_is_read_and_keeps_its_document() -> None:
    counts: Counter[str] = Counter()
    timeless = 0
    for recorded in recordings():
        if recorded.entity not in SHAPES:
            continue
        document = json.loads(recorded.body, parse_float=Decimal)
        held = document["QueryResponse"][recorded.entity] if recorded.listed else [document[recorded.entity]]
        for one, original in zip(rows(recorded), held, strict=True):
            SHAPES[recorded.entity][1](one.row, FRAME)
            assert json.loads(one.raw, parse_float=Decimal) == original
            timeless += translate.last_updated(one.row) is None
            counts[recorded.entity] += 1
    assert counts == {
        "Account": 105,
        "Customer": 74,
        "Invoice": 78,
        "CreditMemo": 15,
        "Payment": 39,
        "Deposit": 24,
    }
    assert timeless == 1, "the answer to a new account says when it was made, not when it changed"


def test_each_invoice_is_open_by_what_no_payment_line_has_settled() -> None:
    """Section 0, fact 4: 37 of 37, against the 20 payments recorded beside them."""
    payments = [noun for _, noun, _ in read("list-payments.json")]
    settled: dict[str, Money] = {}
    for payment in payments:
        assert isinstance(payment, Payment)
        for share in payment.allocations:
            if share.target.kind is Kind.INVOICE:
                vendor_id = share.target.vendor_id
                settled[vendor_id] = settled.get(vendor_id, zero(USD)) + share.amount
    held = 0
    for vendor_id, invoice, _ in read("list-invoices.json"):
        assert isinstance(invoice, Invoice)
        held += invoice.total - invoice.open == settled.get(vendor_id, zero(USD))
    assert (held, len(payments)) == (37, 20)


def test_each_payment_is_what_it_settles_less_credits_and_plus_what_is_unapplied() -> None:
    """Section 0, fact 4: 20 of 20."""
    held = 0
    for _, payment, _ in read("list-payments.json"):
        assert isinstance(payment, Payment)
        assert payment.unapplied is not None
        signed = (share.amount if share.target.kind is Kind.INVOICE else -share.amount for share in payment.allocations)
        held += payment.gross == total(signed, USD) + payment.unapplied
    assert held == 20


@pytest.mark.req("Q17")
def test_the_recorded_credit_applications_are_no_cash() -> None:
    credits_applied = [
        noun for _, noun, raw in read("list-payments.json") if b"Created by QB Online to link credits" in raw
    ]
    assert len(credits_applied) > 0
    for payment in credits_applied:
        assert isinstance(payment, Payment)
        assert not payment.is_cash
        assert Counter(share.target.kind for share in payment.allocations) == {Kind.INVOICE: 1, Kind.CREDIT_NOTE: 1}


def test_the_lines_of_every_recorded_deposit_add_up() -> None:
    deposits = [noun for _, noun, _ in read("list-deposits.json")]
    assert len(deposits) == 8
    for deposit in deposits:
        assert isinstance(deposit, Deposit)
        assert total((line.amount for line in deposit.lines), USD) == deposit.total
    assert sum(line.payment is not None for one in deposits if isinstance(one, Deposit) for line in one.lines) > 0


def test_the_state_of_every_recorded_invoice_and_credit_follows_its_balance() -> None:
    for file in ("list-invoices.json", "list-credit-memos.json"):
        for _, noun, _ in read(file):
            assert isinstance(noun, Invoice | CreditNote)
            assert noun.state is (InvoiceState.OPEN if noun.open else InvoiceState.PAID)


def test_invoices_that_were_sent_say_when_and_how() -> None:
    issued = {vendor_id: noun.issued for vendor_id, noun, _ in read("list-invoices.json") if isinstance(noun, Invoice)}
    sent = {vendor_id for vendor_id, how in issued.items() if how.how == "email"}
    assert sent == {"103", "106"}
    assert all(issued[vendor_id].at is not None and issued[vendor_id].to for vendor_id in sent)


def test_the_sandbox_has_one_account_for_undeposited_funds_and_one_for_receivables() -> None:
    roles = Counter(noun.role for _, noun, _ in read("accounts.json") if isinstance(noun, Account))
    assert roles[AccountRole.UNDEPOSITED] == 1
    assert roles[AccountRole.RECEIVABLE] == 1
    assert roles[AccountRole.BANK] > 0
    assert roles[AccountRole.EXPENSE] > 0


@pytest.mark.parametrize("recorded", ["invoices.json", "payments.json", "customers.json"])
def test_a_recorded_page_cut_at_any_point_is_malformed(recorded: str) -> None:
    [page] = [one for one in recordings() if one.file == recorded]
    for cut in range(1, len(page.body), len(page.body) // 97):
        with pytest.raises(MalformedAnswer):
            wire.rows(page.body[:cut], SHAPES[page.entity][0])


FAULTS = [
    pytest.param("fault.xml", 400, Rejected, Rejected, "2050", id="two errors in XML"),
    pytest.param("fault_json_6240.json", 400, Rejected, Rejected, "6240", id="a name that exists, in JSON"),
    pytest.param("generic_error.xml", 500, Unreachable, OutcomeUnknown, "10000", id="system failure"),
    pytest.param("throttle_exceeded_error.xml", 403, RateLimited, RateLimited, "3001", id="a throttle as 403"),
    pytest.param("too_many_requests_error.xml", 429, RateLimited, RateLimited, "3001", id="a throttle as 429"),
    pytest.param("query_validation_error.xml", 400, Rejected, Rejected, "4001", id="a query"),
    pytest.param("customer_duplicate_error.xml", 400, Rejected, Rejected, "6240", id="a name that exists, in XML"),
    pytest.param("batch_response.xml", 200, Rejected, Rejected, "2050", id="one item of a batch"),
]


@pytest.mark.req("F11")
@pytest.mark.parametrize(("name", "status", "read_error", "write_error", "code"), FAULTS)
def test_every_recorded_fault_becomes_its_error(
    name: str, status: int, read_error: type[VendorError], write_error: type[VendorError], code: str
) -> None:
    body = (schemas("quickbooks") / "error-and-cdc-xml" / name).read_bytes()
    for write, expected in ((False, read_error), (True, write_error)):
        error = faults.judge(status, wire.faults(body), write=write)
        assert type(error) is expected
        assert error is not None
        assert error.code == code


@pytest.mark.parametrize("name", ["payment_void_response_success.xml", "invoice_void_success_response.xml"])
def test_the_recorded_answers_to_a_void_are_no_faults_and_carry_the_word(name: str) -> None:
    body = (schemas("quickbooks") / "error-and-cdc-xml" / name).read_bytes()
    assert faults.judge(200, wire.faults(body), write=True) is None
    assert f"<PrivateNote>{translate.VOIDED}".encode() in body
