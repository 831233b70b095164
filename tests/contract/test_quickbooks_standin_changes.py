"""Change data capture of the QuickBooks stand-in: what changed, what is gone, and the silent cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.quickbooks.standin import build
from adapters.quickbooks.standin.conduct import Conduct
from adapters.quickbooks.standin.intuit import Intuit
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import REALM, WORLD, Books, Json, Reply, inspector

NOW = "2026-03-01T07:00:00-05:00"


@pytest.fixture
def intuit(clock: FakeClock) -> Intuit:
    return build(parse(WORLD), clock=clock)


@pytest.fixture
def books(intuit: Intuit) -> Iterator[Books]:
    with Server(intuit, inspectors=(inspector,)) as running:
        yield Books(running)
    assert running.problems == []


def asked(books: Books, entities: str, since: str = NOW) -> Reply:
    return books.send("GET", "cdc", entities=entities, changedSince=since)


def groups(books: Books, entities: str, since: str = NOW) -> list[Json]:
    reply = asked(books, entities, since)
    assert reply.status == 200, reply.json
    [response] = reply.json["CDCResponse"]
    return list(response["QueryResponse"])


def test_what_changed_comes_whole_and_in_the_order_in_which_it_was_asked_for(books: Books, intuit: Intuit) -> None:
    office = intuit.office()
    invoice = office.find("Invoice", "INV-9")
    payment = office.pay(office.find("Customer", "Corner Store"), "5.00", {invoice: "5.00"})
    payments, deposits, invoices = groups(books, "Payment,Deposit,Invoice")
    assert [one["Id"] for one in payments["Payment"]] == [payment]
    assert deposits == {}
    assert invoices["Invoice"] == [books.one("Invoice", invoice)]
    assert (payments["startPosition"], payments["maxResults"], "totalCount" in payments) == (1, 1, False)
    assert asked(books, "Invoice").json["time"] == "2026-03-01T07:00:00.000-05:00"


def test_only_what_changed_at_or_after_the_moment_comes(books: Books, intuit: Intuit, clock: FakeClock) -> None:
    office = intuit.office()
    office.edit("Invoice", "1", PrivateNote="first")
    clock.pass_seconds(1)
    office.edit("Invoice", "2", PrivateNote="second")
    assert [one["Id"] for one in groups(books, "Invoice")[0]["Invoice"]] == ["2", "1"]
    for since in ("2026-03-01T07:00:01-05:00", "2026-03-01T12:00:01Z"):
        assert [one["Id"] for one in groups(books, "Invoice", since)[0]["Invoice"]] == ["2"]


@pytest.mark.parametrize("entity", ["Invoice", "Payment", "CreditMemo", "Deposit"])
def test_a_deleted_object_comes_as_its_id_a_time_and_the_word(books: Books, intuit: Intuit, entity: str) -> None:
    office = intuit.office()
    gone = office.delete(entity, office.ids(entity)[-1])
    left = {"domain": "QBO", "status": "Deleted", "Id": gone, "MetaData": {"LastUpdatedTime": NOW}}
    [group] = groups(books, entity)
    assert group[entity][-1] == left
    assert books.send("GET", f"{entity.lower()}/{gone}").code == "610"


def test_a_void_is_a_change_and_no_deletion(books: Books, intuit: Intuit) -> None:
    voided = intuit.office().void("Invoice", "2")
    [group] = groups(books, "Invoice")
    [found] = group["Invoice"]
    assert (found["Id"], found["TotalAmt"], found["PrivateNote"]) == (voided, 0, "Voided")
    assert "status" not in found


def test_a_deposit_shows_and_the_payment_it_banks_does_not(books: Books, intuit: Intuit) -> None:
    office = intuit.office()
    deposit = office.bank([office.find("Payment", "CHK-89")])
    payments, deposits = groups(books, "Payment,Deposit")
    assert payments == {}
    assert [one["Id"] for one in deposits["Deposit"]] == [deposit]


def test_a_balance_that_moved_shows_its_customer_and_account(books: Books, intuit: Intuit) -> None:
    office = intuit.office()
    office.pay(office.find("Customer", "Acme North"), "1.00", {})
    customers, accounts = groups(books, "Customer,Account")
    assert {one["DisplayName"] for one in customers["Customer"]} == {"Acme North", "Acme"}
    assert {one["Name"] for one in accounts["Account"]} == {"Accounts Receivable (A/R)", "Undeposited Funds"}
    assert all(one["SyncToken"] == "0" for one in customers["Customer"])


def test_an_inactive_customer_shows_as_inactive(books: Books, intuit: Intuit) -> None:
    office = intuit.office()
    gone = office.deactivate(office.find("Customer", "Corner Store"))
    customers, memos = groups(books, "Customer,CreditMemo")
    assert [(one["Active"], one["Balance"]) for one in customers["Customer"] if one["Id"] == gone] == [(False, 0)]
    assert [one["TotalAmt"] for one in memos["CreditMemo"]] == [70]


def many(clock: FakeClock, lines: list[str]) -> Intuit:
    world = "\n".join(["company  Big  realm 9130001  zone America/New_York", "customer  Acme", *lines])
    return build(parse(world), clock=clock)


def test_no_answer_holds_more_than_a_thousand_objects_and_the_cut_is_silent() -> None:
    clock = FakeClock("2026-02-01T12:00:00Z")
    credits_ = [f"2026-02-01  credit  C-{number}  Acme  1.00 USD" for number in range(700)]
    lines = credits_ + [f"2026-02-01  invoice  N-{number}  Acme  1.00 USD" for number in range(600)]
    with Server(many(clock, lines), inspectors=(inspector,)) as running:
        invoices, memos, payments = groups(Books(running), "Invoice,CreditMemo,Payment", "2026-01-20T00:00:00Z")
    assert running.problems == []
    assert (invoices["maxResults"], memos["maxResults"], payments) == (600, 400, {})
    assert invoices["totalCount"] == 600
    newest = memos["CreditMemo"][0]["MetaData"]["LastUpdatedTime"]
    assert all(one["MetaData"]["LastUpdatedTime"] <= newest for one in memos["CreditMemo"])
    assert "C-0" not in [one["DocNumber"] for one in memos["CreditMemo"]]


def test_more_than_thirty_days_back_is_refused(books: Books, clock: FakeClock) -> None:
    clock.pass_seconds(0)
    assert asked(books, "Invoice", "2026-01-30T07:00:00-05:00").status == 200
    refused = asked(books, "Invoice", "2026-01-30T06:59:59-05:00")
    assert (refused.status, refused.code) == (400, "4001")


def test_more_than_thirty_days_back_can_be_cut_silently_instead(books: Books, intuit: Intuit) -> None:
    intuit.conduct = Conduct(look_back="cut")
    [far] = groups(books, "Invoice", "2020-01-01T00:00:00Z")
    [near] = groups(books, "Invoice", "2026-01-30T07:00:00-05:00")
    assert far == near


@pytest.mark.parametrize(
    ("entities", "since", "code"),
    [
        ("", NOW, "2020"),
        ("Invoice", "", "2020"),
        ("Invoices", NOW, "4001"),
        ("Invoice,Attachable", NOW, "4001"),
        ("Invoice", "yesterday", "4001"),
    ],
)
def test_what_cannot_be_captured_is_a_fault(intuit: Intuit, entities: str, since: str, code: str) -> None:
    with Server(intuit) as running:
        reply = asked(Books(running), entities, since)
    assert (reply.status, reply.code) == (400, code)


def test_november_has_one_hour_twice_and_no_change_is_lost_between_them() -> None:
    clock = FakeClock("2026-11-01T05:30:00Z")
    intuit = build(parse(WORLD), clock=clock)
    with Server(intuit, inspectors=(inspector,)) as running:
        books = Books(running)
        intuit.office().edit("Invoice", "1", PrivateNote="in summer time")
        clock.pass_seconds(3000)
        intuit.office().edit("Invoice", "2", PrivateNote="in winter time")
        summer, winter = books.one("Invoice", "1")["MetaData"], books.one("Invoice", "2")["MetaData"]
        rows = groups(books, "Invoice", "2026-11-01T01:30:00-04:00")[0]["Invoice"]
        later = groups(books, "Invoice", "2026-11-01T06:00:00Z")[0]["Invoice"]
        asked_again = books.rows(
            "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '2026-11-01T05:30:00Z'"
            " ORDERBY MetaData.LastUpdatedTime"
        )
    assert running.problems == []
    assert summer["LastUpdatedTime"] == "2026-11-01T01:30:00-04:00"
    assert winter["LastUpdatedTime"] == "2026-11-01T01:20:00-05:00"
    assert summer["LastUpdatedTime"] > winter["LastUpdatedTime"], "as texts they are in the wrong order"
    assert [one["Id"] for one in rows] == ["2", "1"]
    assert [one["Id"] for one in later] == ["2"]
    assert [one["Id"] for one in asked_again] == ["1", "2"]


def test_search_shows_what_was_made_only_after_a_while_and_a_read_by_id_at_once(
    books: Books, intuit: Intuit, clock: FakeClock
) -> None:
    intuit.conduct = Conduct(search_lag_seconds=30)
    office = intuit.office()
    made = office.invoice(office.find("Customer", "Acme"), "5.00", "LAG-1")
    where = "SELECT * FROM Invoice WHERE DocNumber = 'LAG-1'"
    assert books.one("Invoice", made)["DocNumber"] == "LAG-1"
    assert books.rows(where) == []
    assert groups(books, "Invoice") == [{}]
    clock.pass_seconds(30)
    assert [row["Id"] for row in books.rows(where)] == [made]
    assert [row["Id"] for row in groups(books, "Invoice")[0]["Invoice"]] == [made]


def test_a_read_of_changes_is_one_metered_call_whatever_it_asks_for(books: Books, intuit: Intuit) -> None:
    groups(books, "Invoice,Payment,CreditMemo,Deposit,Customer")
    assert intuit.traffic(REALM).metered == 1
