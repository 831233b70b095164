"""The QuickBooks stand-in over HTTP, rule by rule; Intuit's own schema looks at every answer."""

# ruff: noqa: S608 - queries in Intuit's language, made of the tests' own words

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from adapters.quickbooks.standin import build
from connector.errors import UserError
from connector.testing.standin import Fault, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import OTHER, REALM, WORLD, Books, Reply, inspector, payment, untied


@pytest.fixture
def server(clock: FakeClock) -> Iterator[Server]:
    with Server(build(parse(WORLD), clock=clock), inspectors=(inspector,)) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def books(server: Server) -> Books:
    return Books(server)


def numbers(books: Books, query: str) -> list[str]:
    return [row["DocNumber"] for row in books.rows(query)]


# ---- the query language


def test_transactions_come_last_updated_first(books: Books) -> None:
    assert numbers(books, "SELECT * FROM Invoice") == ["INV-9", "INV-7", "INV-10", "E-1", "INV-8"]


def test_names_come_by_name_with_sub_customers_behind_their_parent(books: Books) -> None:
    names = [row["DisplayName"] for row in books.rows("SELECT * FROM Customer")]
    assert names == ["Acme", "Acme North", "Berlin AG", "Corner Store"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("DocNumber = 'INV-8'", ["INV-8"]),
        ("DocNumber IN ('INV-8', 'E-1', 'none')", ["E-1", "INV-8"]),
        ("DocNumber LIKE 'INV-1%'", ["INV-10"]),
        ("Balance > '60' AND Balance < 90.01", ["INV-9", "INV-8"]),
        ("TxnDate >= '2026-02-03' AND TxnDate <= '2026-02-04'", ["INV-9", "E-1"]),
        ("MetaData.LastUpdatedTime < '2026-02-03T13:00:00Z'", ["INV-8"]),
        ("Id = '1'", ["INV-7"]),
    ],
)
def test_conditions_choose_rows(books: Books, where: str, expected: list[str]) -> None:
    assert numbers(books, f"SELECT * FROM Invoice WHERE {where}") == expected


def test_a_time_in_a_query_is_a_moment_whatever_its_offset(books: Books) -> None:
    moment = books.invoice("INV-8")["MetaData"]["LastUpdatedTime"]
    assert moment == "2026-02-02T08:00:00-05:00"
    assert numbers(books, f"SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime = '{moment}'") == ["INV-8"]
    assert numbers(books, "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime = '2026-02-02T13:00:00Z'") == ["INV-8"]


def test_order_position_and_size_cut_a_window(books: Books) -> None:
    ordered = "SELECT * FROM Invoice ORDERBY DocNumber"
    assert numbers(books, ordered) == ["E-1", "INV-10", "INV-7", "INV-8", "INV-9"]
    assert numbers(books, ordered + " DESC MAXRESULTS 2 STARTPOSITION 2") == ["INV-8", "INV-7"]
    response = books.query(ordered + " STARTPOSITION 5 MAXRESULTS 4").json["QueryResponse"]
    assert (response["startPosition"], response["maxResults"], response["totalCount"]) == (5, 1, 5)
    assert books.query(ordered + " STARTPOSITION 6").json["QueryResponse"] == {}


def test_a_page_has_a_hundred_rows_unless_asked_and_never_more_than_a_thousand(clock: FakeClock) -> None:
    lines = [f"2026-02-01  invoice  N-{number}  Acme  1.00 USD" for number in range(1010)]
    world = "\n".join(["company  Big  realm 1", "customer  Acme", *lines])
    with Server(build(parse(world), clock=clock), inspectors=(inspector,)) as running:
        books = Books(running, "1")
        assert len(books.rows("SELECT * FROM Invoice")) == 100
        assert len(books.rows("SELECT * FROM Invoice MAXRESULTS 5000")) == 1000
        assert books.query("SELECT COUNT(*) FROM Invoice").json["QueryResponse"] == {"totalCount": 1010}
    assert running.problems == []


def test_a_field_that_does_not_filter_is_fault_4001(books: Books) -> None:
    assert books.query("SELECT * FROM Payment WHERE PrivateNote = 'thanks'").code == "4001"
    [found] = books.rows("SELECT * FROM Payment WHERE PaymentRefNum = 'CHK-88'")
    assert found["PrivateNote"] == "thanks"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT * FROM Invoice WHERE DocNumber = 'a' OR DocNumber = 'b'", "4000"),
        ("SELECT * FROM Invoice WHERE DocNumber = 'open", "4000"),
        ("SELECT * FROM Invoice WHERE DocNumber", "4000"),
        ("DELETE FROM Invoice", "4000"),
        ("SELECT * FROM Sausage", "4001"),
        ("SELECT * FROM Invoice STARTPOSITION 0", "4001"),
        ("SELECT * FROM Invoice WHERE TxnDate > 'yesterday'", "4001"),
    ],
)
def test_a_query_outside_the_language_is_a_fault(books: Books, query: str, code: str) -> None:
    reply = books.query(query)
    assert (reply.status, reply.code) == (400, code)


def test_backslash_takes_quote_and_backslash_as_they_are(books: Books) -> None:
    name = r"O'Hara \ Sons"
    books.made("Customer", {"DisplayName": name})
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    [found] = books.rows(f"SELECT * FROM Customer WHERE DisplayName = '{escaped}'")
    assert found["DisplayName"] == name
    assert books.query(f"SELECT * FROM Customer WHERE DisplayName = '{name}'").code == "4000"


def test_inactive_names_hide_unless_the_filter_mentions_active(books: Books) -> None:
    gone = books.customer("Corner Store")
    books.made("Customer", {"Id": gone["Id"], "SyncToken": gone["SyncToken"], "sparse": True, "Active": False})
    assert len(books.rows("SELECT * FROM Customer")) == 3
    assert len(books.rows("SELECT * FROM Customer WHERE Active IN (true, false)")) == 4
    assert [row["Id"] for row in books.rows("SELECT * FROM Customer WHERE Active = false")] == [gone["Id"]]


def test_a_long_query_may_come_as_the_body_of_a_post(books: Books) -> None:
    reply = books.send("POST", "query", "SELECT * FROM Invoice MAXRESULTS 1")
    assert len(reply.json["QueryResponse"]["Invoice"]) == 1


def test_entities_that_are_known_but_not_kept_are_empty(books: Books) -> None:
    assert books.query("SELECT * FROM RefundReceipt").json["QueryResponse"] == {}
    assert books.query("SELECT * FROM Bill").json["QueryResponse"] == {}


# ---- what the books say


def test_an_object_that_is_not_there_is_fault_610(books: Books) -> None:
    reply = books.send("GET", "invoice/999")
    assert (reply.status, reply.code) == (400, "610")


def test_the_company_and_its_preferences_say_home_currency_and_closing_date(books: Books, server: Server) -> None:
    assert books.send("GET", f"companyinfo/{REALM}").json["CompanyInfo"]["CompanyName"] == "Harbor Supply"
    preferences = books.send("GET", "preferences").json["Preferences"]
    assert preferences["AccountingInfoPrefs"]["BookCloseDate"] == "2025-12-31"
    assert preferences["CurrencyPrefs"] == {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}}
    assert preferences["SalesFormsPrefs"]["AutoApplyCredit"] is False
    [other] = Books(server, OTHER).rows("SELECT * FROM Preferences")
    assert other["CurrencyPrefs"]["MultiCurrencyEnabled"] is False
    assert "BookCloseDate" not in other["AccountingInfoPrefs"]


def test_ids_collide_between_companies_and_each_sees_its_own(books: Books, server: Server) -> None:
    assert books.one("Invoice", "1")["DocNumber"] == "INV-7"
    assert Books(server, OTHER).one("Invoice", "1")["DocNumber"] == "L-1"


def test_times_carry_the_companys_offset_of_their_day(books: Books) -> None:
    made = books.made("Customer", {"DisplayName": "Winter"})
    assert made["MetaData"]["CreateTime"] == "2026-03-01T07:00:00-05:00"
    assert books.query("SELECT * FROM Item").json["time"] == "2026-03-01T07:00:00.000-05:00"


def test_times_on_both_sides_of_the_clocks_change_carry_their_own_offset() -> None:
    clock = FakeClock("2026-03-08T06:30:00Z")
    with Server(build(parse(WORLD), clock=clock), inspectors=(inspector,)) as running:
        books = Books(running)
        before = books.made("Customer", {"DisplayName": "Before"})
        clock.pass_seconds(3000)
        after = books.made("Customer", {"DisplayName": "After"})
    assert before["MetaData"]["CreateTime"] == "2026-03-08T01:30:00-05:00"
    assert after["MetaData"]["CreateTime"] == "2026-03-08T03:20:00-04:00"
    assert running.problems == []


def test_an_invoice_that_was_sent_says_to_whom_and_when(books: Books) -> None:
    sent = books.invoice("INV-7")
    assert sent["BillEmail"] == {"Address": "billing@acme.example"}
    assert sent["EmailStatus"] == "EmailSent"
    assert sent["DeliveryInfo"] == {"DeliveryType": "Email", "DeliveryTime": "2026-02-02T08:00:01-05:00"}
    never = books.invoice("INV-8")
    assert never["EmailStatus"] == "NotSet"
    assert "DeliveryInfo" not in never


def test_a_voided_invoice_keeps_nothing_but_the_word(books: Books) -> None:
    void = books.invoice("INV-10")
    assert (void["TotalAmt"], void["Balance"], void["PrivateNote"]) == (0, 0, "Voided")


def test_a_returned_payment_was_booked_and_voided(books: Books) -> None:
    [returned] = books.rows("SELECT * FROM Payment WHERE PaymentRefNum = 'CHK-90'")
    assert (returned["TotalAmt"], returned["UnappliedAmt"], returned["PrivateNote"]) == (0, 0, "Voided")


def test_a_credit_is_applied_by_a_payment_of_nothing(books: Books) -> None:
    [link] = [row for row in books.rows("SELECT * FROM Payment") if len(row["Line"]) == 2]
    assert (link["TotalAmt"], link["UnappliedAmt"]) == (0, 0)
    assert link["PrivateNote"] == "Created by QB Online to link credits to charges."
    assert [(line["Amount"], line["LinkedTxn"][0]["TxnType"]) for line in link["Line"]] == [
        (20, "Invoice"),
        (20, "CreditMemo"),
    ]
    [memo] = books.rows("SELECT * FROM CreditMemo")
    assert (memo["TotalAmt"], memo["RemainingCredit"], memo["Balance"]) == (30, 10, 10)
    assert link["Id"] in [one["TxnId"] for one in books.invoice("INV-7")["LinkedTxn"]]


def test_sub_customers_count_towards_their_parents_balance_with_jobs(books: Books) -> None:
    assert (books.customer("Acme")["Balance"], books.customer("Acme")["BalanceWithJobs"]) == (40, 130)
    assert books.customer("Acme North")["ParentRef"] == {"value": books.customer("Acme")["Id"]}


def test_amounts_are_plain_numbers_without_trailing_zeros(books: Books) -> None:
    raw = books.query("SELECT * FROM Invoice WHERE DocNumber = 'E-1'").raw
    assert b'"Balance":300.1,' in raw
    assert b'"HomeBalance":324.11' in raw


def test_accounts_hold_what_was_posted_to_them(books: Books) -> None:
    assert books.account("Accounts Receivable (A/R)")["CurrentBalance"] == 200
    assert books.account("Accounts Receivable (A/R) - EUR")["CurrentBalance"] == Decimal("300.1")
    assert books.account("Checking")["CurrentBalance"] == 50
    assert books.account("Undeposited Funds")["CurrentBalance"] == Decimal("5.55")


def test_the_world_ties_out_in_every_company(books: Books, server: Server) -> None:
    assert untied(books) == []
    assert untied(Books(server, OTHER)) == []


# ---- payments


def test_a_payment_lowers_its_invoice_and_touches_it(books: Books) -> None:
    before = books.invoice("INV-9")
    clearing = books.account("Stripe Clearing")
    body = payment(books, "Corner Store", "80.00", ("INV-9", "70.00"), DepositToAccountRef={"value": clearing["Id"]})
    made = books.made("Payment", body | {"PaymentRefNum": "ABCDEFGHIJKLMNOPQRST", "PrivateNote": "gross"})
    after = books.invoice("INV-9")
    assert (made["TotalAmt"], made["UnappliedAmt"], made["SyncToken"]) == (80, 10, "0")
    assert (before["Balance"], after["Balance"]) == (70, 0)
    assert int(after["SyncToken"]) == int(before["SyncToken"]) + 1
    assert after["MetaData"]["LastUpdatedTime"] == "2026-03-01T07:00:00-05:00"
    assert after["LinkedTxn"][0] == {"TxnId": made["Id"], "TxnType": "Payment"}
    assert books.account("Stripe Clearing")["CurrentBalance"] == 80
    assert untied(books) == []


def test_a_balance_moves_the_time_of_account_and_customer_but_not_their_token(books: Books) -> None:
    books.made("Payment", payment(books, "Acme North", "1.00", ("INV-8", "1.00")))
    for moved in (books.account("Accounts Receivable (A/R)"), books.customer("Acme North"), books.customer("Acme")):
        assert moved["SyncToken"] == "0"
        assert moved["MetaData"]["LastUpdatedTime"] == "2026-03-01T07:00:00-05:00"


def test_a_parent_may_pay_for_its_child_but_not_for_a_stranger(books: Books) -> None:
    assert books.post("Payment", payment(books, "Acme", "9.00", ("INV-8", "9.00"))).status == 200
    assert books.post("Payment", payment(books, "Acme North", "9.00", ("INV-7", "9.00"))).code == "620"
    assert books.post("Payment", payment(books, "Corner Store", "9.00", ("INV-8", "9.00"))).code == "620"


@pytest.mark.parametrize(
    ("total", "shares"),
    [
        ("100.00", [("INV-9", "70.01")]),
        ("100.00", [("INV-9", "40.00"), ("INV-9", "30.01")]),
        ("10.00", [("INV-9", "10.01")]),
        ("10.00", [("INV-10", "0.01")]),
        ("10.00", [("E-1", "1.00")]),
    ],
    ids=["more than is open", "more in two lines", "more than the payment", "a voided one", "another currency"],
)
def test_what_cannot_be_applied_is_fault_620_and_changes_nothing(
    books: Books, total: str, shares: list[tuple[str, str]]
) -> None:
    before = books.query("SELECT * FROM Invoice").json["QueryResponse"]
    reply = books.post("Payment", payment(books, "Corner Store", total, *shares))
    assert (reply.status, reply.code) == (400, "620")
    assert books.query("SELECT * FROM Invoice").json["QueryResponse"] == before
    assert books.query("SELECT COUNT(*) FROM Payment").json["QueryResponse"]["totalCount"] == 4


def test_two_equal_payments_are_two_payments(books: Books) -> None:
    body = payment(books, "Corner Store", "1.00")
    assert books.made("Payment", body)["Id"] != books.made("Payment", body)["Id"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CustomerRef": {"value": "999"}}, "2500"),
        ({"CustomerRef": None}, "2020"),
        ({"TotalAmt": "10.00"}, "2010"),
        ({"TotalAmt": None}, "2020"),
        ({"TotalAmt": Decimal("10.001")}, "2010"),
        ({"CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"CurrencyRef": None}, "2020"),
        ({"PaymentRefNum": "ch_3MmlLrLkdIwHu7ix0snN0B15"}, "2050"),
        ({"TxnDate": "2025-12-31"}, "6210"),
        ({"TxnDate": "31.12.2025"}, "2010"),
        ({"ProcessPayment": True}, "6000"),
        ({"Colour": "green"}, "2010"),
    ],
)
def test_a_payment_that_breaks_a_rule_is_refused_by_its_code(
    books: Books, change: dict[str, object], code: str
) -> None:
    body = {name: value for name, value in (payment(books, "Acme", "1.00") | change).items() if value is not None}
    reply = books.post("Payment", body)
    assert (reply.status, reply.code) == (400, code)


def test_an_account_must_be_of_a_fitting_type_and_currency(books: Books) -> None:
    into = {name: {"value": books.account(name)["Id"]} for name in ("Stripe Fees", "Euro Clearing")}
    body = payment(books, "Acme", "1.00")
    assert books.post("Payment", body | {"DepositToAccountRef": into["Stripe Fees"]}).code == "6430"
    assert books.post("Payment", body | {"DepositToAccountRef": into["Euro Clearing"]}).code == "6000"
    euros = payment(books, "Berlin AG", "1.00") | {"DepositToAccountRef": into["Euro Clearing"]}
    assert books.made("Payment", euros)["CurrencyRef"]["value"] == "EUR"
    assert books.account("Euro Clearing")["CurrentBalance"] == 1


def test_an_inactive_customer_takes_no_payment(books: Books) -> None:
    body = payment(books, "Corner Store", "1.00")
    books.made("Customer", {"Id": body["CustomerRef"]["value"], "SyncToken": "0", "sparse": True, "Active": False})
    assert books.post("Payment", body).code == "610"


def test_a_sparse_update_changes_only_what_it_names(books: Books) -> None:
    made = books.made("Payment", payment(books, "Acme", "5.00", ("INV-7", "5.00"), PaymentRefNum="R-1"))
    change = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "checked"}
    changed = books.made("Payment", change)
    same = {name for name in made if made[name] == changed.get(name)}
    assert set(changed) - same == {"SyncToken", "PrivateNote"}
    assert changed["SyncToken"] == "1"


def test_a_full_update_clears_what_it_leaves_out(books: Books) -> None:
    made = books.made("Payment", payment(books, "Acme", "5.00", ("INV-7", "5.00"), PaymentRefNum="R-1"))
    whole = {"Id": made["Id"], "SyncToken": "0", "CustomerRef": made["CustomerRef"], "TotalAmt": Decimal(5)}
    changed = books.made("Payment", whole)
    assert (changed["Line"], changed["UnappliedAmt"]) == ([], 5)
    assert "PaymentRefNum" not in changed
    assert untied(books) == []


def test_a_stale_token_is_fault_5010(books: Books) -> None:
    made = books.made("Payment", payment(books, "Acme", "5.00"))
    change = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "first"}
    books.made("Payment", change)
    late = books.post("Payment", change | {"PrivateNote": "second"})
    assert (late.status, late.code) == (400, "5010")


def test_a_void_leaves_the_payment_with_nothing_and_frees_the_invoice(books: Books) -> None:
    made = books.made("Payment", payment(books, "Acme", "5.00", ("INV-7", "5.00"), PrivateNote="ours"))
    owed = books.invoice("INV-7")["Balance"]
    void = {"Id": made["Id"], "SyncToken": "0", "sparse": True}
    gone = books.made("Payment", void, operation="update", include="void")
    assert (gone["TotalAmt"], gone["UnappliedAmt"], gone["Line"]) == (0, 0, [])
    assert gone["PrivateNote"] == "Voided - ours"
    assert books.invoice("INV-7")["Balance"] == owed + 5
    assert untied(books) == []


def test_a_deleted_payment_is_gone(books: Books) -> None:
    made = books.made("Payment", payment(books, "Acme", "5.00", ("INV-7", "5.00")))
    gone = books.made("Payment", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": made["Id"]}
    assert books.send("GET", f"payment/{made['Id']}").code == "610"
    assert untied(books) == []


# ---- once, and never twice


def test_a_requestid_repeats_the_first_answer_whatever_the_body(books: Books) -> None:
    first = books.post("Payment", payment(books, "Acme", "5.00"), requestid="OP-1")
    again = books.post("Payment", payment(books, "Acme", "6.00"), requestid="OP-1")
    assert again.raw == first.raw
    assert books.query("SELECT COUNT(*) FROM Payment").json["QueryResponse"]["totalCount"] == 5
    other = books.post("Payment", payment(books, "Acme", "5.00"), requestid="OP-2")
    assert other.json["Payment"]["Id"] != first.json["Payment"]["Id"]


def test_a_requestid_counts_only_as_a_query_parameter(books: Books) -> None:
    body = payment(books, "Acme", "5.00")
    assert books.post("Payment", body | {"requestid": "OP-1"}).code == "2010"


def test_a_requestid_of_one_company_means_nothing_in_another(books: Books, server: Server) -> None:
    books.made("Customer", {"DisplayName": "New"}, requestid="OP-1")
    there = Books(server, OTHER).made("Customer", {"DisplayName": "Elsewhere"}, requestid="OP-1")
    assert there["DisplayName"] == "Elsewhere"


def test_a_refusal_is_not_remembered(books: Books) -> None:
    assert books.post("Payment", {"TotalAmt": 1}, requestid="OP-1").code == "2020"
    assert books.post("Payment", payment(books, "Acme", "5.00"), requestid="OP-1").status == 200


def test_a_write_whose_answer_was_lost_is_found_by_its_number_and_not_made_twice(books: Books, server: Server) -> None:
    body = payment(books, "Acme", "5.00", PaymentRefNum="ABCDEFGHIJKLMNOPQRST")
    server.add_faults(Fault(method="POST", path="*/payment", nth=1, kind="drop-after"))
    with pytest.raises(requests.ConnectionError):
        books.post("Payment", body, requestid="OP-1")
    [found] = books.rows("SELECT * FROM Payment WHERE PaymentRefNum = 'ABCDEFGHIJKLMNOPQRST'")
    assert books.made("Payment", body, requestid="OP-1")["Id"] == found["Id"]


def test_what_this_double_does_not_offer_is_a_fault(books: Books) -> None:
    unknown: list[Reply] = [
        books.send("GET", "reports", date="2026-01-01"),
        books.send("POST", "batch", {"BatchItemRequest": []}),
        books.post("Vendor", {"DisplayName": "Hammer"}),
        books.send("DELETE", "invoice/1"),
    ]
    assert [(reply.status, reply.code) for reply in unknown] == [(400, "500")] * 4


def test_two_companies_with_one_realm_are_refused(clock: FakeClock) -> None:
    with pytest.raises(UserError, match="share the realm 1"):
        build(parse("company  One  realm 1\ncompany  Two  realm 1"), clock=clock)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("2026-02-01  payment  C-1  Acme  5.00 USD  for X-1 5.00 USD", "X-1 is no invoice there"),
        ("2026-02-01  invoice  X-1  Zed  5.00 USD", "Zed is no customer there"),
        ("2026-02-01  invoice  X-1  Acme  5.00 EUR", "Acme is kept in USD"),
        ("2026-02-01  deposit  Bank  of C-9", "Bank is no account there"),
        ("account  Fees  expense EUR", "account Fees must be in USD"),
        ("customer  Acme Sub  parent Zed", "the parent Zed of Acme Sub"),
    ],
)
def test_a_world_that_the_books_could_not_hold_is_refused_by_name(clock: FakeClock, line: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build(parse(f"company  One  realm 1\ncustomer  Acme\n{line}"), clock=clock)
