"""The QuickBooks stand-in beyond payments: money accounts, notes, sales forms, its dump, and what always ties."""

# ruff: noqa: S608 - queries in Intuit's language, made of the tests' own words

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.quickbooks.standin import build
from connector.errors import UserError
from connector.testing.standin import Server, StandIn
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.intuit_rig import REALM, WORLD, Books, Json, ask, inspector, payment, served, untied, untied_rows

STAMP = "receivables op=ABCDEFGHIJKLMNOPQRST src=stripe/payment/ch_1"


@pytest.fixture
def server(clock: FakeClock) -> Iterator[Server]:
    with Server(build(parse(WORLD), clock=clock), inspectors=(inspector,)) as running:
        yield running
    assert running.problems == []


@pytest.fixture
def books(server: Server) -> Books:
    return Books(server)


def reference(books: Books, name: str) -> Json:
    return {"value": books.account(name)["Id"]}


def waiting(books: Books) -> Json:
    [found] = books.rows("SELECT * FROM Payment WHERE PaymentRefNum = 'CHK-89'")
    return found


def deposit(books: Books, *lines: Json) -> Json:
    return {
        "DepositToAccountRef": reference(books, "Checking"),
        "TxnDate": "2026-03-01",
        "CurrencyRef": {"value": "USD"},
        "Line": list(lines),
    }


def banked(of: Json, **more: object) -> Json:
    link = {"TxnId": of["Id"], "TxnType": "Payment", "TxnLineId": "0"}
    return {"Amount": of["TotalAmt"], "LinkedTxn": [link], **more}


def posted_to(books: Books, name: str, amount: str) -> Json:
    detail = {"AccountRef": reference(books, name)}
    return {"Amount": Decimal(amount), "DetailType": "DepositLineDetail", "DepositLineDetail": detail}


def purchase(books: Books, amount: str, **more: object) -> Json:
    detail = {"AccountRef": reference(books, "Stripe Fees")}
    line = {
        "Amount": Decimal(amount),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }
    return {
        "PaymentType": "Cash",
        "AccountRef": reference(books, "Stripe Clearing"),
        "TxnDate": "2026-03-01",
        "CurrencyRef": {"value": "USD"},
        "DocNumber": "ABCDEFGHIJKLMNOPQRST",
        "PrivateNote": f"fee\n{STAMP}",
        "Line": [line],
        **more,
    }


def transfer(books: Books, amount: str, **more: object) -> Json:
    return {
        "FromAccountRef": reference(books, "Stripe Clearing"),
        "ToAccountRef": reference(books, "Checking"),
        "Amount": Decimal(amount),
        "TxnDate": "2026-03-01",
        "CurrencyRef": {"value": "USD"},
        "PrivateNote": STAMP,
        **more,
    }


def note(target: Json, text: str, entity: str = "Invoice") -> Json:
    about = {"EntityRef": {"type": entity, "value": target["Id"]}, "IncludeOnSend": False}
    return {"AttachableRef": [about], "Note": text}


# ---- deposits


def test_a_deposit_touches_neither_token_nor_time_of_its_payment(books: Books) -> None:
    before = waiting(books)
    made = books.made("Deposit", deposit(books, banked(before), posted_to(books, "Stripe Fees", "-0.55")))
    after = waiting(books)
    assert made["TotalAmt"] == 5
    assert after.pop("LinkedTxn") == [{"TxnId": made["Id"], "TxnType": "Deposit"}]
    assert after == before
    assert books.account("Undeposited Funds")["CurrentBalance"] == 0
    assert books.account("Checking")["CurrentBalance"] == 55
    assert books.account("Stripe Fees")["CurrentBalance"] == Decimal("0.55")


def test_a_linked_deposit_line_with_a_detail_type_is_refused(books: Books) -> None:
    line = banked(waiting(books), DetailType="DepositLineDetail", DepositLineDetail={})
    assert books.post("Deposit", deposit(books, line)).code == "2020"


def test_a_payment_is_banked_once_whole_and_from_the_undeposited_funds(books: Books) -> None:
    line = banked(waiting(books))
    assert books.post("Deposit", deposit(books, line, line)).code == "620"
    assert books.post("Deposit", deposit(books, line | {"Amount": Decimal("5.00")})).code == "6000"
    books.made("Deposit", deposit(books, line))
    assert books.post("Deposit", deposit(books, line)).code == "620"
    elsewhere = payment(books, "Acme", "3.00", DepositToAccountRef=reference(books, "Stripe Clearing"))
    assert books.post("Deposit", deposit(books, banked(books.made("Payment", elsewhere)))).code == "620"


def test_a_deposit_below_zero_is_refused(books: Books) -> None:
    assert books.post("Deposit", deposit(books, posted_to(books, "Stripe Fees", "-1.00"))).code == "6000"


def test_a_deposited_payment_is_locked_until_its_deposit_is_gone(books: Books) -> None:
    held = waiting(books)
    made = books.made("Deposit", deposit(books, banked(held)))
    void = {"Id": held["Id"], "SyncToken": held["SyncToken"], "sparse": True}
    assert books.post("Payment", void, operation="update", include="void").code == "6540"
    assert books.post("Payment", void, operation="delete").code == "6540"
    assert books.post("Payment", void | {"TotalAmt": Decimal(9)}).code == "6540"
    books.made("Deposit", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert "LinkedTxn" not in waiting(books)
    assert books.post("Payment", void, operation="delete").status == 200
    assert untied(books) == []


# ---- purchases and transfers


def test_a_purchase_takes_from_the_clearing_account_and_adds_to_the_expense(books: Books) -> None:
    made = books.made("Purchase", purchase(books, "3.20"))
    assert (made["TotalAmt"], made["DocNumber"]) == (Decimal("3.2"), "ABCDEFGHIJKLMNOPQRST")
    assert books.account("Stripe Clearing")["CurrentBalance"] == Decimal("-3.2")
    assert books.account("Stripe Fees")["CurrentBalance"] == Decimal("3.2")
    [found] = books.rows("SELECT * FROM Purchase WHERE DocNumber = 'ABCDEFGHIJKLMNOPQRST'")
    assert found == made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PaymentType": None}, "2020"),
        ({"PaymentType": "Barter"}, "2010"),
        ({"Line": []}, "2020"),
        ({"AccountRef": {"value": "4"}}, "6430"),
        ({"TxnDate": "2025-12-30"}, "6210"),
        ({"CurrencyRef": None}, "2020"),
    ],
)
def test_a_purchase_that_breaks_a_rule_is_refused_by_its_code(books: Books, change: Json, code: str) -> None:
    body = {name: value for name, value in (purchase(books, "3.20") | change).items() if value is not None}
    assert books.post("Purchase", body).code == code


def test_a_transfer_moves_money_between_two_accounts(books: Books) -> None:
    made = books.made("Transfer", transfer(books, "12.50"))
    assert (made["Amount"], made["PrivateNote"]) == (Decimal("12.5"), STAMP)
    assert books.account("Stripe Clearing")["CurrentBalance"] == Decimal("-12.5")
    assert books.account("Checking")["CurrentBalance"] == Decimal("62.5")
    assert books.rows("SELECT * FROM Transfer WHERE TxnDate = '2026-03-01'") == [made]
    books.made("Transfer", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert books.account("Checking")["CurrentBalance"] == 50


def test_a_transfer_needs_two_money_accounts_that_fit_its_currency(books: Books) -> None:
    checking = reference(books, "Checking")
    assert books.post("Transfer", transfer(books, "1.00", FromAccountRef=checking)).code == "6000"
    assert books.post("Transfer", transfer(books, "1.00", ToAccountRef=reference(books, "Stripe Fees"))).code == "6430"
    euros = transfer(books, "1.00", FromAccountRef=reference(books, "Euro Clearing"))
    assert books.post("Transfer", euros).code == "6000"
    assert books.made("Transfer", euros | {"CurrencyRef": {"value": "EUR"}})["ExchangeRate"] == Decimal("1.08")
    assert books.account("Checking")["CurrentBalance"] == Decimal("51.08")


# ---- notes


def test_a_note_on_an_invoice_changes_nothing_else(books: Books) -> None:
    before = {entity: books.query(f"SELECT * FROM {entity}").json["QueryResponse"] for entity in ("Invoice", "Account")}
    made = books.made("Attachable", note(books.invoice("INV-7"), f"Called.\n{STAMP}"))
    assert (made["Note"], made["AttachableRef"][0]["IncludeOnSend"]) == (f"Called.\n{STAMP}", False)
    after = {entity: books.query(f"SELECT * FROM {entity}").json["QueryResponse"] for entity in ("Invoice", "Account")}
    assert after == before


def test_notes_are_found_by_what_they_hang_on(books: Books) -> None:
    invoice = books.invoice("INV-7")
    made = books.made("Attachable", note(invoice, "one"))
    books.made("Attachable", note(books.invoice("INV-8"), "two"))
    books.made("Attachable", note({"Id": invoice["Id"]}, "three", entity="Customer"))
    query = (
        "SELECT * FROM Attachable WHERE AttachableRef.EntityRef.Type = 'Invoice' "
        f"AND AttachableRef.EntityRef.Value = '{invoice['Id']}'"
    )
    assert books.rows(query) == [made]


def test_a_note_may_hold_two_thousand_characters_and_none_more(books: Books) -> None:
    invoice = books.invoice("INV-7")
    assert books.made("Attachable", note(invoice, "é" * 2000))["Note"] == "é" * 2000
    assert books.post("Attachable", note(invoice, "x" * 2001)).code == "2050"
    assert books.post("Attachable", note({"Id": "999"}, "x")).code == "2500"
    assert books.post("Attachable", {"AttachableRef": []}).code == "2020"


# ---- names and sales forms, as people change them meanwhile


def test_names_are_unique_in_their_list_whatever_their_case(books: Books) -> None:
    assert books.post("Customer", {"DisplayName": "ACME"}).code == "6240"
    assert books.post("Account", {"Name": "checking", "AccountType": "Bank"}).code == "6240"


def test_a_new_account_can_be_posted_to(books: Books) -> None:
    made = books.made("Account", {"Name": "Processor Clearing", "AccountType": "Bank"})
    assert (made["Classification"], made["CurrentBalance"], made["AccountSubType"]) == ("Asset", 0, "Checking")
    books.made("Payment", payment(books, "Acme", "2.00", DepositToAccountRef={"value": made["Id"]}))
    assert books.one("Account", made["Id"])["CurrentBalance"] == 2


def test_a_renamed_customer_has_its_new_name_on_every_form(books: Books) -> None:
    acme = books.customer("Acme")
    books.made("Customer", {"Id": acme["Id"], "SyncToken": "0", "sparse": True, "DisplayName": "Acme Corp"})
    assert books.invoice("INV-7")["CustomerRef"]["name"] == "Acme Corp"
    assert books.customer("Acme North")["FullyQualifiedName"] == "Acme Corp:Acme North"


def test_a_company_of_one_currency_takes_no_other(server: Server) -> None:
    lakeside = Books(server, "9130002")
    assert lakeside.post("Customer", {"DisplayName": "Euro", "CurrencyRef": {"value": "EUR"}}).code == "6000"
    assert lakeside.made("Payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 1})["CurrencyRef"]["value"] == "CAD"


def test_voiding_a_paid_invoice_unapplies_its_money_and_its_credit(books: Books) -> None:
    invoice = books.invoice("INV-7")
    void = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}
    assert books.made("Invoice", void, operation="void")["Balance"] == 0
    [paid] = books.rows("SELECT * FROM Payment WHERE PaymentRefNum = 'CHK-88'")
    [memo] = books.rows("SELECT * FROM CreditMemo")
    assert (paid["UnappliedAmt"], memo["RemainingCredit"]) == (50, 30)
    assert untied(books) == []


# ---- the dump, and the cent that goes astray


def events(books: Books) -> None:
    """What a test wants to compare between two runs: a payment, its fee, a payout and a note."""
    books.made("Payment", payment(books, "Acme", "5.00", ("INV-7", "5.00"), PaymentRefNum="ABCDEFGHIJKLMNOPQRST"))
    books.made("Purchase", purchase(books, "0.30"))
    books.made("Transfer", transfer(books, "4.70"))
    books.made("Attachable", note(books.invoice("INV-7"), STAMP))


def test_two_runs_with_other_times_tokens_and_op_ids_have_one_normalised_dump() -> None:
    dumps = []
    for at, op_id in (("2026-03-01T12:00:00Z", "ABCDEFGHIJKLMNOPQRST"), ("2026-03-02T18:00:00Z", "Z" * 20)):
        stand_in = build(parse(WORLD), clock=FakeClock(at))
        with Server(stand_in, inspectors=(inspector,)) as running:
            books = Books(running)
            if op_id.startswith("Z"):
                extra = books.made("Payment", payment(books, "Acme", "1.00"))
                books.made("Payment", {"Id": extra["Id"], "SyncToken": "0"}, operation="delete")
            body = payment(books, "Acme", "5.00", ("INV-7", "5.00"), PaymentRefNum=op_id)
            books.made("Payment", body | {"PrivateNote": f"receivables op={op_id} src=stripe/payment/ch_1"})
        assert running.problems == []
        dumps.append((json.dumps(stand_in.dump(normalised=True)), json.dumps(stand_in.dump(normalised=False))))
    assert dumps[0][0] == dumps[1][0]
    assert dumps[0][1] != dumps[1][1]


def test_a_normalised_dump_names_what_things_refer_to_and_still_shows_every_amount(server: Server) -> None:
    events(Books(server))
    dump = server.stand_in.dump(normalised=True)
    assert isinstance(dump, dict)
    held = dump[REALM]
    [ours] = [one for one in held["Payment"] if one.get("PaymentRefNum") == "*"]
    assert (ours["CustomerRef"], ours["TotalAmt"], ours["DepositToAccountRef"]) == ("Acme", "5", "Undeposited Funds")
    assert ours["Line"] == [{"Amount": "5", "LinkedTxn": ["Invoice INV-7"]}]
    assert held["Purchase"][0]["DocNumber"] == "*"
    assert held["Transfer"][0]["PrivateNote"] == "receivables op=* src=stripe/payment/ch_1"
    assert held["Attachable"][0]["AttachableRef"] == [{"EntityRef": "Invoice INV-7", "IncludeOnSend": False}]
    assert "SyncToken" not in json.dumps(dump)


def test_a_wrong_allocation_shows_in_the_normalised_dump() -> None:
    dumps = []
    for number in ("INV-7", "INV-8"):
        stand_in = build(parse(WORLD), clock=FakeClock())
        with Server(stand_in) as running:
            books = Books(running)
            books.made("Payment", payment(books, "Acme", "5.00", (number, "5.00")))
        dumps.append(stand_in.dump(normalised=True))
    assert dumps[0] != dumps[1]


def test_every_corruption_unties_the_books_of_one_company_and_says_where() -> None:
    sentences = set()
    for seed in range(200):
        stand_in = build(parse(WORLD), clock=FakeClock())
        sentence = stand_in.corrupt(seed)
        problems = {realm: untied_rows(served(stand_in, realm)) for realm in (REALM, "9130002")}
        assert sum(1 for found in problems.values() if found) == 1, sentence
        named = "Lakeside" if problems["9130002"] else "Harbor Supply"
        assert f" of {named}: " in sentence
        assert sentence.endswith("0.01")
        sentences.add(sentence)
    figures = {sentence.rpartition(": ")[2].split()[0] for sentence in sentences}
    assert figures == {"Balance", "TotalAmt", "UnappliedAmt", "RemainingCredit", "CurrentBalance"}


def test_the_same_seed_corrupts_the_same_figure() -> None:
    first, second = (build(parse(WORLD), clock=FakeClock()).corrupt(7) for _ in range(2))
    assert first == second


def test_a_world_without_books_cannot_be_corrupted() -> None:
    with pytest.raises(UserError, match="no figure"):
        build((), clock=FakeClock()).corrupt(1)


# ---- the books tie out, whatever happens

_CENTS = st.integers(min_value=1, max_value=4_000)
_STEP = st.tuples(
    st.sampled_from(["pay", "invoice", "credit", "apply", "void", "delete", "void invoice", "deposit", "edit"]),
    st.integers(min_value=0, max_value=50),
    _CENTS,
    _CENTS,
)


def act(stand_in: StandIn, step: tuple[str, int, int, int]) -> None:
    """One thing somebody may try; many are refused, and a refusal must change nothing."""
    what, index, cents, _ = step
    rows = served(stand_in, REALM)
    if what in ("pay", "apply", "edit"):
        _pay(stand_in, rows, step)
    elif what in ("invoice", "credit"):
        customer = rows["Customer"][index % len(rows["Customer"])]
        line = {"Amount": Decimal(cents) / 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
        body = {"CustomerRef": {"value": customer["Id"]}, "CurrencyRef": customer["CurrencyRef"], "Line": [line]}
        ask(stand_in, "POST", "invoice" if what == "invoice" else "creditmemo", body)
    elif what == "void invoice":
        chosen = rows["Invoice"][index % len(rows["Invoice"])]
        ask(stand_in, "POST", "invoice", {"Id": chosen["Id"], "SyncToken": chosen["SyncToken"]}, operation="void")
    else:
        chosen = rows["Payment"][index % len(rows["Payment"])]
        body = {"Id": chosen["Id"], "SyncToken": chosen["SyncToken"], "sparse": True}
        if what == "deposit":
            link = {"TxnId": chosen["Id"], "TxnType": "Payment"}
            line = {"Amount": chosen["TotalAmt"], "LinkedTxn": [link]}
            body = {"DepositToAccountRef": {"value": "1"}, "CurrencyRef": chosen["CurrencyRef"], "Line": [line]}
            ask(stand_in, "POST", "deposit", body)
        elif what == "delete":
            ask(stand_in, "POST", "payment", body, operation="delete")
        else:
            ask(stand_in, "POST", "payment", body, operation="update", include="void")


def _pay(stand_in: StandIn, rows: dict[str, list[Json]], step: tuple[str, int, int, int]) -> None:
    what, index, first, second = step
    invoice = rows["Invoice"][index % len(rows["Invoice"])]
    share = Decimal(second) / 100
    lines = [{"Amount": share, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]
    body: Json = {"CustomerRef": invoice["CustomerRef"], "CurrencyRef": invoice["CurrencyRef"], "Line": lines}
    body["TotalAmt"] = Decimal(first) / 100
    if what == "apply":
        memo = rows["CreditMemo"][index % len(rows["CreditMemo"])]
        lines.append({"Amount": share, "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]})
        body["TotalAmt"] = 0
    if what == "edit":
        chosen = rows["Payment"][index % len(rows["Payment"])]
        body |= {"Id": chosen["Id"], "SyncToken": chosen["SyncToken"], "sparse": index % 2 == 0}
        body["CustomerRef"] = chosen["CustomerRef"]
    ask(stand_in, "POST", "payment", body)


@settings(max_examples=60)
@given(st.lists(_STEP, max_size=15))
def test_the_books_tie_out_after_anything_that_people_try(steps: list[tuple[str, int, int, int]]) -> None:
    stand_in = build(parse(WORLD), clock=FakeClock())
    for step in steps:
        act(stand_in, step)
        rows = served(stand_in, REALM)
        assert untied_rows(rows) == []
        assert all(0 <= one["Balance"] <= one["TotalAmt"] for one in rows["Invoice"])
        assert all(one["UnappliedAmt"] >= 0 for one in rows["Payment"])
