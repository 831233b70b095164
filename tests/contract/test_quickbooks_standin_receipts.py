"""What touches receivables, or cash, without an invoice: journal entries, sales receipts and refund receipts."""

# ruff: noqa: S608 - queries in Intuit's language, made of the tests' own words

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from adapters.quickbooks.standin import build
from connector.errors import UserError
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import WORLD, Books, Json, inspector, untied

CORRECTED = WORLD.replace(
    "company  Lakeside",
    """2026-02-14  journal  JE-1  Acme North  -5.00 USD  memo "goodwill"
2026-02-14  journal  JE-2  Corner Store  30.00 USD  against Checking
2026-02-15  receipt  SR-1  Acme  15.00 USD  into Checking
2026-02-16  refunded  RR-1  Acme  3.25 USD  from Checking
2026-02-16  receipt  SR-2  Berlin AG  10.00 EUR  into Euro Clearing
company  Lakeside""",
)


@pytest.fixture
def books(clock: FakeClock) -> Iterator[Books]:
    with Server(build(parse(CORRECTED), clock=clock), inspectors=(inspector,)) as running:
        yield Books(running)
    assert running.problems == []


def test_a_journal_entry_changes_what_a_customer_owes_without_any_invoice(books: Books) -> None:
    assert books.customer("Acme North")["Balance"] == 85
    assert books.customer("Acme")["BalanceWithJobs"] == 125
    assert books.customer("Corner Store")["Balance"] == 100
    assert books.account("Accounts Receivable (A/R)")["CurrentBalance"] == 225
    assert untied(books) == []


def test_a_journal_entry_has_a_line_on_the_receivables_that_names_the_customer(books: Books) -> None:
    [entry] = books.rows("SELECT * FROM JournalEntry WHERE DocNumber = 'JE-1'")
    on_debt, other = entry["Line"]
    assert on_debt["JournalEntryLineDetail"] == {
        "PostingType": "Credit",
        "Entity": {
            "Type": "Customer",
            "EntityRef": {"value": books.customer("Acme North")["Id"], "name": "Acme North"},
        },
        "AccountRef": {"value": books.account("Accounts Receivable (A/R)")["Id"], "name": "Accounts Receivable (A/R)"},
    }
    assert (other["JournalEntryLineDetail"]["PostingType"], other["Amount"], on_debt["Amount"]) == ("Debit", 5, 5)
    assert (entry["TotalAmt"], entry["PrivateNote"], entry["TxnDate"]) == (0, "goodwill", "2026-02-14")
    [raising] = books.rows("SELECT * FROM JournalEntry WHERE DocNumber = 'JE-2'")
    assert [line["JournalEntryLineDetail"]["PostingType"] for line in raising["Line"]] == ["Debit", "Credit"]
    assert raising["Line"][1]["JournalEntryLineDetail"]["AccountRef"]["name"] == "Checking"


def test_a_sales_receipt_was_never_a_debt_and_a_refund_receipt_pays_out(books: Books) -> None:
    [sold] = books.rows("SELECT * FROM SalesReceipt WHERE DocNumber = 'SR-1'")
    [given] = books.rows("SELECT * FROM RefundReceipt")
    assert (sold["TotalAmt"], sold["Balance"], sold["CustomerRef"]["name"]) == (15, 0, "Acme")
    assert (given["TotalAmt"], given["DepositToAccountRef"]["name"]) == (Decimal("3.25"), "Checking")
    assert books.account("Checking")["CurrentBalance"] == 50 - 30 + 15 - Decimal("3.25")
    assert books.account("Euro Clearing")["CurrentBalance"] == 10
    assert books.customer("Acme")["Balance"] == 40


def test_they_are_read_by_id_and_captured_as_changes(books: Books) -> None:
    entities = ("JournalEntry", "SalesReceipt", "RefundReceipt")
    [response] = books.send("GET", "cdc", entities=",".join(entities), changedSince="2026-02-01T00:00:00Z").json[
        "CDCResponse"
    ]
    for entity, group in zip(entities, response["QueryResponse"], strict=True):
        assert group[entity] == books.rows(f"SELECT * FROM {entity}")
        assert books.one(entity, "1") == next(one for one in group[entity] if one["Id"] == "1")


@pytest.mark.parametrize(
    "line",
    [
        "2026-02-15  receipt  SR-9  Acme  15.00 USD  into Nowhere",
        "2026-02-15  receipt  SR-9  Nobody  15.00 USD  into Checking",
        "2026-02-15  journal  JE-9  Acme  15.00 USD  against Nowhere",
        "2026-02-15  journal  JE-9  Berlin AG  15.00 USD",
    ],
)
def test_what_cannot_stand_in_the_books_is_named(clock: FakeClock, line: str) -> None:
    world = WORLD.replace("company  Lakeside", f"{line}\ncompany  Lakeside")
    with pytest.raises(UserError, match="cannot stand in the books"):
        build(parse(world), clock=clock)


def test_a_receipt_needs_its_account() -> None:
    with pytest.raises(UserError, match="needs `into`"):
        parse("company  One\n2026-02-15  receipt  SR-9  Acme  15.00 USD")


# ---- journal entries written over the API


def entry(books: Books, *sides: tuple[str, str, str], customer: str = "") -> Json:
    """The body of an entry: account, side and amount of each line, the first for a customer."""
    named = {"Entity": {"Type": "Customer", "EntityRef": {"value": books.customer(customer)["Id"]}}} if customer else {}
    return {
        "TxnDate": "2026-03-01",
        "CurrencyRef": {"value": "USD"},
        "Line": [
            {
                "Amount": Decimal(amount),
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {
                    "PostingType": side,
                    "AccountRef": {"value": books.account(account)["Id"]},
                    **(named if index == 0 else {}),
                },
            }
            for index, (account, side, amount) in enumerate(sides)
        ],
    }


DEBT = "Accounts Receivable (A/R)"


def test_an_entry_is_made_changed_and_struck_out_and_the_debt_follows(books: Books) -> None:
    before = books.customer("Acme")["Balance"]
    made = books.made(
        "JournalEntry", entry(books, (DEBT, "Debit", "7.50"), ("Services", "Credit", "7.50"), customer="Acme")
    )
    assert books.customer("Acme")["Balance"] == before + Decimal("7.5")
    changed = entry(books, (DEBT, "Credit", "2.00"), ("Services", "Debit", "2.00"), customer="Acme")
    books.made("JournalEntry", changed | {"Id": made["Id"], "SyncToken": "0", "sparse": True})
    assert books.customer("Acme")["Balance"] == before - 2
    assert untied(books) == []
    books.made("JournalEntry", {"Id": made["Id"], "SyncToken": "1"}, operation="delete")
    assert books.customer("Acme")["Balance"] == before


@pytest.mark.parametrize(
    ("sides", "customer", "code"),
    [
        ([("Checking", "Debit", "7.50"), ("Services", "Credit", "7.49")], "", "6000"),
        ([(DEBT, "Debit", "7.50"), ("Services", "Credit", "7.50")], "", "6000"),
        ([(DEBT, "Debit", "7.50"), ("Services", "Credit", "7.50")], "Berlin AG", "6000"),
        ([("Checking", "Left", "7.50")], "", "2010"),
        ([], "", "2020"),
    ],
    ids=["unbalanced", "a debt of nobody", "another currency", "no side", "no lines"],
)
def test_an_entry_that_breaks_a_rule_is_refused(
    clock: FakeClock, sides: list[tuple[str, str, str]], customer: str, code: str
) -> None:
    with Server(build(parse(CORRECTED), clock=clock)) as running:
        books = Books(running)
        reply = books.post("JournalEntry", entry(books, *sides, customer=customer))
        assert (reply.status, reply.code) == (400, code)
        assert books.query("SELECT COUNT(*) FROM JournalEntry").json["QueryResponse"]["totalCount"] == 2


def test_a_merge_and_a_new_name_reach_the_lines_of_entries(clock: FakeClock) -> None:
    intuit = build(parse(CORRECTED), clock=clock)
    office = intuit.office()
    with Server(intuit, inspectors=(inspector,)) as running:
        books = Books(running)
        store = office.find("Customer", "Corner Store")
        office.merge(office.find("Customer", "Acme North"), store)
        office.rename(store, "Corner & Co")
        rows = books.rows("SELECT * FROM JournalEntry")
        assert untied(books) == []
    names = [line["JournalEntryLineDetail"]["Entity"]["EntityRef"]["name"] for row in rows for line in row["Line"][:1]]
    assert names == ["Corner & Co", "Corner & Co"]
    assert running.problems == []
