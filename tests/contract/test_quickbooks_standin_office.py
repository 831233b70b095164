"""What people do in the stand-in's books behind our back, by hand and at random."""

# ruff: noqa: S608 - queries in Intuit's language, made of the tests' own words

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import eq, ge, gt, le, lt
from typing import Any

import pytest

from adapters.quickbooks.standin import build, documents
from adapters.quickbooks.standin.churn import ACTS, Churn
from adapters.quickbooks.standin.documents import document
from adapters.quickbooks.standin.faults import Refusal
from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.office import Office
from adapters.quickbooks.standin.wording import render
from connector.dates import Instant, instant_from_iso
from connector.errors import UserError
from connector.money import zero
from connector.testing.standin import Fault, Server
from connector.testing.worlds import parse
from tests import standins
from tests.clocks import FakeClock
from tests.crowd import CROWD_REALM, crowd, crowd_text
from tests.intuit_rig import REALM, WORLD, Books, Json, ask, inspector, served, untied, untied_rows


@pytest.fixture
def intuit(clock: FakeClock) -> Intuit:
    return build(parse(WORLD), clock=clock)


@pytest.fixture
def office(intuit: Intuit) -> Office:
    return intuit.office()


@pytest.fixture
def server(intuit: Intuit) -> Iterator[Server]:
    with Server(intuit, inspectors=(inspector,)) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def books(server: Server) -> Books:
    return Books(server)


def stamp(row: Json) -> tuple[str, str]:
    return row["SyncToken"], row["MetaData"]["LastUpdatedTime"]


def test_a_deposit_moves_neither_the_token_nor_the_time_of_its_payment(books: Books, office: Office) -> None:
    waiting = office.find("Payment", "CHK-89")
    before = books.one("Payment", waiting)
    deposit = office.bank([waiting], fee="0.55")
    after = books.one("Payment", waiting)
    assert stamp(after) == stamp(before)
    assert after["LinkedTxn"] == [{"TxnId": deposit, "TxnType": "Deposit"}]
    assert books.one("Deposit", deposit)["TotalAmt"] == 5
    assert after["DepositToAccountRef"] == {"value": books.account("Undeposited Funds")["Id"]}


def test_people_write_edit_void_and_delete_what_the_books_hold(books: Books, office: Office) -> None:
    acme = office.find("Customer", "Acme")
    invoice = office.invoice(acme, "10.00", "NEW-1", on="2026-02-20", due="2026-03-20")
    assert (books.invoice("NEW-1")["TxnDate"], books.invoice("NEW-1")["DueDate"]) == ("2026-02-20", "2026-03-20")
    office.reprice(invoice, "12.00")
    office.edit("Invoice", invoice, PrivateNote="dearer")
    credit = office.credit(acme, "4.00", "NEW-2")
    office.apply(credit, invoice, "4.00")
    payment = office.pay(acme, "8.00", {invoice: "8.00"}, reference="CHK-1")
    assert (books.invoice("NEW-1")["TotalAmt"], books.invoice("NEW-1")["Balance"]) == (12, 0)
    office.unapply(payment)
    assert books.invoice("NEW-1")["Balance"] == 8
    office.delete("CreditMemo", credit)
    assert books.invoice("NEW-1")["Balance"] == 12
    office.void("Payment", payment)
    assert books.one("Payment", payment)["PrivateNote"] == "Voided"
    office.delete("Payment", payment)
    office.void("Invoice", invoice)
    assert untied(books) == []


def test_a_voided_credit_memo_gives_back_what_it_settled(books: Books, office: Office) -> None:
    office.void("CreditMemo", office.find("CreditMemo", "CM-1"))
    assert books.invoice("INV-7")["Balance"] == 80
    assert untied(books) == []


def test_a_credit_memo_is_not_lowered_below_what_was_used_of_it(office: Office) -> None:
    with pytest.raises(Refusal, match="less than what has been used"):
        office.reprice(office.find("CreditMemo", "CM-1"), "19.99", "CreditMemo")


def test_a_renamed_customer_is_called_so_on_all_its_papers_and_its_childrens(books: Books, office: Office) -> None:
    payments = [row["Id"] for row in books.rows("SELECT * FROM Payment")]
    acme = office.rename(office.find("Customer", "Acme"), "Apex")
    assert books.invoice("INV-7")["CustomerRef"] == {"value": acme, "name": "Apex"}
    assert books.customer("Acme North")["FullyQualifiedName"] == "Apex:Acme North"
    names = {row["CustomerRef"]["name"] for row in books.rows("SELECT * FROM Payment")}
    assert names == {"Apex", "Corner Store"}
    assert [row["Id"] for row in books.rows("SELECT * FROM Payment")] == payments


def test_an_indebted_customer_made_inactive_on_screen_gets_a_credit_for_its_debt(books: Books, office: Office) -> None:
    store = office.deactivate(office.find("Customer", "Corner Store"))
    gone = books.one("Customer", store)
    assert (gone["Active"], gone["Balance"]) == (False, 0)
    assert {row["TotalAmt"] for row in books.rows("SELECT * FROM CreditMemo")} == {30, 70}
    office.reactivate(store)
    assert books.customer("Corner Store")["Active"] is True
    office.deactivate(store, balancing=False)
    assert untied_rows({entity: books.rows(everyone(entity)) for entity in KINDS}) == []


KINDS = ("Invoice", "CreditMemo", "Payment", "Account", "Customer")


def everyone(entity: str) -> str:
    hidden = " WHERE Active IN (true, false)" if entity in ("Account", "Customer") else ""
    return f"SELECT * FROM {entity}{hidden} MAXRESULTS 1000"


def test_a_merge_moves_everything_to_the_other_customer(books: Books, office: Office) -> None:
    before = {number: stamp(books.invoice(number)) for number in ("INV-7", "INV-9")}
    owed = books.customer("Acme")["BalanceWithJobs"] + books.customer("Corner Store")["Balance"]
    store, acme = office.find("Customer", "Corner Store"), office.find("Customer", "Acme")
    office.merge(acme, store)
    assert books.invoice("INV-7")["CustomerRef"] == {"value": store, "name": "Corner Store"}
    assert stamp(books.invoice("INV-7")) != before["INV-7"]
    assert stamp(books.invoice("INV-9")) == before["INV-9"]
    assert books.customer("Corner Store")["BalanceWithJobs"] == owed
    assert books.customer("Acme North")["ParentRef"] == {"value": store}
    gone = books.one("Customer", acme)
    assert (gone["Active"], gone["DisplayName"], gone["Balance"]) == (False, "Acme (deleted)", 0)
    assert untied(books) == []


def test_a_quiet_merge_moves_no_time_of_what_it_moves(books: Books, office: Office) -> None:
    before = stamp(books.invoice("INV-7"))
    office.merge(office.find("Customer", "Acme"), office.find("Customer", "Corner Store"), quietly=True)
    assert stamp(books.invoice("INV-7")) == before
    assert books.invoice("INV-7")["CustomerRef"]["name"] == "Corner Store"
    assert untied(books) == []


def test_a_merge_can_strike_the_other_customer_out(books: Books, office: Office) -> None:
    acme = office.find("Customer", "Acme")
    office.merge(acme, office.find("Customer", "Corner Store"), struck_out=True)
    assert books.send("GET", f"customer/{acme}").code == "610"
    [response] = books.send("GET", "cdc", entities="Customer", changedSince="2026-03-01T00:00:00Z").json["CDCResponse"]
    assert [row["Id"] for row in response["QueryResponse"][0]["Customer"] if row.get("status") == "Deleted"] == [acme]


@pytest.mark.parametrize(("gone", "into"), [("Acme", "Acme"), ("Acme", "Acme North"), ("Acme", "Berlin AG")])
def test_customers_that_do_not_fit_are_not_merged(office: Office, gone: str, into: str) -> None:
    with pytest.raises(Refusal, match="merged"):
        office.merge(office.find("Customer", gone), office.find("Customer", into))


def test_the_books_can_be_closed_while_the_company_is_open(books: Books, office: Office) -> None:
    office.close_through("2026-02-28")
    assert books.send("GET", "preferences").json["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"] == "2026-02-28"
    with pytest.raises(Refusal, match="period has closed"):
        office.invoice(office.find("Customer", "Acme"), "1.00", on="2026-02-28")
    office.close_through("")
    assert office.invoice(office.find("Customer", "Acme"), "1.00", on="2026-02-28")


def test_a_name_that_nobody_has_is_the_tests_fault(office: Office, intuit: Intuit) -> None:
    with pytest.raises(UserError, match="No Customer of these books"):
        office.find("Customer", "Nobody")
    with pytest.raises(UserError, match="no company 7"):
        intuit.office("7")


def test_people_can_be_reached_over_loopback_and_no_fault_or_judge_meets_them(
    server: Server, books: Books, office: Office
) -> None:
    server.add_faults(Fault(method="*", path="*", nth=0, kind="drop-before"))
    calls = list(server.calls)
    ask = json.dumps({"arguments": ["Invoice", office.find("Invoice", "INV-8")]}).encode()
    status, body = standins.ask(server, "POST", f"/-/{REALM}/void", ask)
    assert (status, json.loads(body)) == (200, {"done": office.find("Invoice", "INV-8")})
    assert server.calls == calls
    refused = standins.ask(server, "POST", f"/-/{REALM}/delete", json.dumps({"arguments": ["Invoice", "99"]}).encode())
    assert (refused[0], json.loads(refused[1])["refused"]) == (409, "610")
    for act in ("explode", "void"):
        assert standins.ask(server, "POST", f"/-/{REALM}/{act}", b"{}")[0] == 400


def test_a_stand_in_elsewhere_can_be_given_limits_and_asked_what_it_counted(server: Server, books: Books) -> None:
    def told(act: str, **asked: object) -> Any:
        status, body = standins.ask(server, "POST", f"/-/{REALM}/{act}", json.dumps(asked).encode())
        assert status == 200, body
        return json.loads(body)["done"]

    told("conduct", named={"limits": {"per_second": 2}, "grace_seconds": 60})
    assert [books.send("GET", "preferences").status for _ in range(3)] == [200, 200, 429]
    counted = told("traffic")
    assert (counted["calls"], counted["second_max"], counted["refused"], counted["metered"]) == (3, 3, 1, 2)
    told("conduct")
    assert len(told("churn", arguments=[4, 12])) == 12
    told("expire")
    assert books.send("GET", "preferences").code == "3200"


# ---- at random


def test_the_same_seed_does_the_same_and_another_something_else() -> None:
    done = []
    for seed in (1, 1, 2):
        intuit = build(parse(WORLD), clock=FakeClock())
        done.append((Churn(intuit.office(), seed).run(60), intuit.dump(normalised=False)))
    assert done[0] == done[1]
    assert done[0] != done[2]


def test_people_at_work_do_everything_they_can_and_the_books_tie_out_all_along() -> None:
    intuit = build(crowd(200), clock=FakeClock("2026-04-01T12:00:00Z"))
    churn = Churn(intuit.office(), 3)
    done = []
    for _ in range(8):
        done += churn.run(50)
        rows = served(intuit, CROWD_REALM)
        assert untied_rows(rows | {"Customer": served_customers(intuit)}) == []
    assert {name for name, _ in ACTS} <= {phrase.rpartition(" ")[0] for phrase in done}


def served_customers(intuit: Intuit) -> list[Json]:
    answer = ask(intuit, "GET", "query", query=everyone("Customer"), realm=CROWD_REALM)
    return list(answer["QueryResponse"]["Customer"])


def test_people_can_be_kept_to_some_acts_and_to_one_moment() -> None:
    intuit = build(parse(WORLD), clock=FakeClock())
    before = intuit.company().now
    done = Churn(intuit.office(), 1, ("note", "reprice"), wait=False).run(20)
    assert {phrase.partition(" ")[0] for phrase in done} == {"note", "reprice"}
    assert intuit.company().now == max(before, FakeClock().now())


def test_a_crowd_has_as_many_invoices_as_asked_for_and_is_the_same_for_the_same_seed() -> None:
    assert len(crowd(300)[0].invoices) == 300
    assert crowd_text(300, 1) == crowd_text(300, 1) != crowd_text(300, 2)


def test_the_fast_writer_writes_what_the_careful_one_writes() -> None:
    intuit = build(crowd(300), clock=FakeClock("2026-04-01T12:00:00Z"))
    company = intuit.company()
    intuit.office().edit("Invoice", "7", PrivateNote='say "cheese"\n\u2028 é \\u0000 \\')
    records = [one for shelf in company.records.values() for one in shelf.values()]
    assert len(records) > 500
    assert [documents.text(company, one) for one in records] == [render(document(company, one)) for one in records]


def test_pages_of_a_crowd_cost_no_rendering_the_second_time() -> None:
    intuit = build(crowd(300), clock=FakeClock("2026-04-01T12:00:00Z"))
    served(intuit, CROWD_REALM)
    first = {one.id: id(one.text) for one in intuit.company().records["Invoice"].values()}
    intuit.office().edit("Invoice", "7", PrivateNote="touched")
    served(intuit, CROWD_REALM)
    again = {one.id: id(one.text) for one in intuit.company().records["Invoice"].values()}
    assert [vendor_id for vendor_id, text in again.items() if first[vendor_id] != text] == ["7"]


def test_what_is_kept_up_change_by_change_is_what_a_new_count_finds() -> None:
    intuit = build(crowd(200), clock=FakeClock("2026-04-01T12:00:00Z"))
    company, churn = intuit.company(), Churn(intuit.office(), 5)
    for _ in range(6):
        churn.run(40)
        keys = [(entity, vendor_id) for entity, shelf in company.records.items() for vendor_id in shelf]
        for kept, parts in (
            (company.balances(), company.booked),
            (company.owed(), company.owing),
            (company.owed_with_jobs(), company.owing_with_jobs),
        ):
            anew = {name: zero(money.currency) for name, money in kept.items()}
            for key in keys:
                for name, money in parts(key):
                    anew[name] += money
            assert kept == anew
        for entity, shelf in company.records.items():
            by_time = sorted((one.updated, int(one.id)) for one in shelf.values())
            assert [(place.at, place.number) for place in company.shelves[entity].places()] == by_time


@pytest.mark.parametrize("sign", ["=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("order", ["", " ORDERBY MetaData.LastUpdatedTime", " ORDERBY MetaData.LastUpdatedTime DESC"])
def test_a_query_by_time_finds_what_looking_at_every_row_finds(sign: str, order: str) -> None:
    intuit = build(crowd(120), clock=FakeClock("2026-04-01T12:00:00Z"))
    Churn(intuit.office(), 7).run(40)
    rows = everything_of(intuit, f"SELECT * FROM Invoice{order} MAXRESULTS 1000")
    middle = rows[len(rows) // 2]["MetaData"]["LastUpdatedTime"]
    compare = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}[sign]
    expected = [row for row in rows if compare(changed(row), instant_from_iso(middle))]
    where = f"WHERE MetaData.LastUpdatedTime {sign} '{middle}'"
    assert 0 < len(expected) < len(rows)
    assert everything_of(intuit, f"SELECT * FROM Invoice {where}{order} MAXRESULTS 1000") == expected
    with_more = f"SELECT * FROM Invoice {where} AND Balance >= '0'{order} MAXRESULTS 1000"
    assert everything_of(intuit, with_more) == expected
    page = f"SELECT * FROM Invoice {where}{order} STARTPOSITION 2 MAXRESULTS 3"
    assert everything_of(intuit, page) == expected[1:4]


def everything_of(intuit: Intuit, query: str) -> list[Json]:
    return list(ask(intuit, "GET", "query", query=query, realm=CROWD_REALM)["QueryResponse"].get("Invoice", []))


def changed(row: Json) -> Instant:
    return instant_from_iso(row["MetaData"]["LastUpdatedTime"])
