"""Collecting by the command line: whom to call, what was said, and what of it stands on the record it is about."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.stripe.notes import NOTE_KEYS
from adapters.stripe.permissions import WRITE_PROBES
from connector.canonical import encode
from connector.collect.contacts import card_number_in
from connector.dates import after
from connector.model.contact import ContactId, Outcome
from connector.model.invoice import Issued
from connector.notes import note_text
from tests.journeys import complaints
from tests.journeys.firm import Firm, Ran, open_firm

ZONE = ZoneInfo("America/New_York")
TODAY = datetime.now(ZONE).date()
SATURDAY = 5
CARD = "4242 4242 4242 4242"
OTHER_CONTACTS = [20_000, pytest.param(100_000, marks=pytest.mark.long)]
SEARCH_SECONDS_MAX = 0.1
NOTE_CHARACTERS_MAX = 2000

Typed = Callable[..., Ran]


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def business_day_after(day: date) -> date:
    following = day + timedelta(days=1)
    return following if following.weekday() < SATURDAY else business_day_after(following)


def world() -> str:
    return f"""
company  Ledger Lane  home USD  zone America/New_York  country US  realm 9140003  stripe acct_lane
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Accounts Receivable  receivable USD
customer  Acme Bakery  email ap@acme.example  phone +1 212 555 0100  in quickbooks and stripe as cus_lane_acme
customer  Minato Marine  currency JPY
customer  Cedar Cafe  email pay@cedar.example  in stripe as cus_lane_cedar
{ago(60)}  invoice  C-1  Acme Bakery  80.00 USD  due {ago(30)}
{ago(40)}  invoice  C-2  Acme Bakery  120.00 USD  due {ago(10)}  sent ledger@acme.example {ago(39)}
{ago(30)}  invoice  C-3  Acme Bakery  50.00 USD  due {TODAY}
{ago(30)}  invoice  C-4  Acme Bakery  45.00 USD  due {ago(5)}
{ago(30)}  invoice  C-5  Acme Bakery  35.00 USD  due {ago(5)}
{ago(20)}  invoice  Y-1  Minato Marine  50000 JPY  due {ago(3)}
{ago(25)}  invoice  S-1  Cedar Cafe  33.00 USD  due {ago(8)}  sent pay@cedar.example {ago(25)}  in stripe as in_lane_1
{ago(24)}  invoice  S-2  Cedar Cafe  44.00 USD  due {ago(7)}  in stripe as in_lane_2
{ago(24)}  invoice  S-3  Cedar Cafe  55.00 USD  due {ago(7)}  in stripe as in_lane_3
{ago(24)}  note  S-1  "Ask for Jo. (typed by a person)"  in stripe
{ago(4)}  payment  ch_lane_4  Acme Bakery  45.00 USD  by card  key C-4
{ago(1)}  payment  py_lane_5  Acme Bakery  35.00 USD  by us_bank_account  status pending  key C-5
"""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, world()) as opened:
        opened.connect_quickly()
        yield opened


@pytest.fixture
def typed(firm: Firm) -> Typed:
    """The command line, in this process: what is typed after `receivables`, and the code it must end with."""
    return partial(complaints.typed_well, firm)


def log(typed: Typed, invoice: str, outcome: str, *more: str) -> dict[str, Any]:
    """Log a contact without pushing anything; its record."""
    contact: dict[str, Any] = typed("log", invoice, "--outcome", outcome, *more, "--json").json["contact"]
    return contact


def standing(typed: Typed, number: str, on: date | None = None) -> tuple[bool, str] | None:
    """Whether an invoice is due to be contacted that day, and why; None when it is not on the list."""
    listed = typed("today", *(("--on", on.isoformat()) if on else ()), "--json").json["items"]
    found = [each for each in listed if each["item"]["invoice"]["number"] == number]
    return (found[0]["due"], found[0]["item"]["why"]) if found else None


COMPLETE = {
    "no-answer": (),
    "voicemail": (),
    "wrong-person": ("--person", "Sam"),
    "sent": ("--channel", "email", "--to", "ap@acme.example"),
    "reached": ("--next", "2030-01-02"),
    "never-received": ("--next", "2030-01-02"),
    "awaiting-approval": ("--next", "2030-01-02"),
    "promise": ("--promise", "100.50", "--by", "2030-01-02"),
    "dispute": ("--reason", "short delivery"),
    "refused": ("--next", "2030-01-02"),
    "do-not-contact": (),
}


def test_every_outcome_is_written_down_once_it_has_what_it_needs_and_refused_before(typed: Typed) -> None:
    assert COMPLETE.keys() == set(Outcome)
    for outcome, needs in COMPLETE.items():
        if needs and outcome not in ("wrong-person", "sent"):
            assert "needs" in typed("log", "C-2", "--outcome", outcome, code=2).err
        assert log(typed, "C-2", outcome, *needs)["outcome"] == outcome
    assert len(typed("contacts", "C-2", "--json").json) == len(COMPLETE)


REFUSED = {
    "no such outcome": ("--outcome", "spoke"),
    "no such channel": ("--outcome", "sent", "--channel", "fax"),
    "a promise without its day": ("--outcome", "promise", "--promise", "10"),
    "a promise of nothing": ("--outcome", "promise", "--promise", "0", "--by", "2030-01-02"),
    "a promise of part of a cent": ("--outcome", "promise", "--promise", "10.005", "--by", "2030-01-02"),
    "a promise with another outcome": ("--outcome", "voicemail", "--promise", "10", "--by", "2030-01-02"),
    "a contact that is still to come": ("--outcome", "no-answer", "--at", "2990-01-01T10:00"),
    "a correction of what is not there": ("--outcome", "no-answer", "--corrects", "c-nothing"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_is_written_down_of(what: str, typed: Typed) -> None:
    refused = typed("log", "C-2", *REFUSED[what], code=2)
    assert refused.err.startswith("Error: ")
    assert typed("contacts", "--json").json == []


def test_a_promise_is_in_the_invoices_own_currency(typed: Typed) -> None:
    promise = log(typed, "Y-1", "promise", "--promise", "50000", "--by", "2030-01-02")["promise"]
    assert promise["amount"] == {"minor": 50000, "currency": "JPY"}
    assert typed("log", "Y-1", "--outcome", "promise", "--promise", "50000.50", "--by", "2030-01-02", code=2)


@pytest.mark.req("M13")
def test_the_list_of_the_day_brings_each_invoice_back_when_its_time_has_come(typed: Typed) -> None:
    tomorrow = TODAY + timedelta(days=1)
    assert standing(typed, "C-3") is None
    assert standing(typed, "C-3", tomorrow) == (True, "never contacted")
    log(typed, "C-1", "no-answer")
    assert standing(typed, "C-1") == (False, "tried today")
    again = business_day_after(TODAY)
    for days in range(1, (again - TODAY).days):
        assert standing(typed, "C-1", TODAY + timedelta(days=days)) == (False, "tried today")
    assert standing(typed, "C-1", again) == (True, "not reached")
    log(typed, "C-2", "voicemail", "--at", f"{ago(4)}T16:30")
    assert standing(typed, "C-2") == (True, "not reached")
    typed("log", "C-2", "--outcome", "reached", code=2)
    log(typed, "C-2", "reached", "--next", tomorrow.isoformat())
    assert standing(typed, "C-2") == (False, "next date agreed")
    assert standing(typed, "C-2", tomorrow) == (True, "next date has come")
    log(typed, "C-2", "promise", "--promise", "120", "--by", tomorrow.isoformat())
    assert standing(typed, "C-2", tomorrow) == (False, "promised")
    assert standing(typed, "C-2", tomorrow + timedelta(days=1)) == (True, "promise not kept")
    log(typed, "C-2", "dispute", "--reason", "short delivery")
    assert standing(typed, "C-2", TODAY + timedelta(days=200)) == (False, "disputed")


def test_a_payer_whose_money_is_on_its_way_or_only_waits_to_be_booked_is_left_in_peace(typed: Typed) -> None:
    assert standing(typed, "C-5") == (False, "money on its way")
    assert standing(typed, "C-4") == (False, "paid, not yet in the books")
    assert [debt["number"] for debt in log(typed, "C-2", "no-answer")["earlier"]] == ["C-1", "C-5"]


def test_a_correction_takes_the_place_of_what_it_corrects_and_both_stay_in_the_log(typed: Typed) -> None:
    wrong = log(typed, "C-1", "dispute", "--reason", "price")["contact_id"]
    assert standing(typed, "C-1") == (False, "disputed")
    right = log(typed, "C-1", "voicemail", "--at", f"{ago(4)}T10:00", "--corrects", wrong)
    assert standing(typed, "C-1") == (True, "not reached")
    kept = typed("contacts", "C-1", "--json").json
    assert [(each["contact_id"], each["supersedes"]) for each in kept] == [(right["contact_id"], wrong), (wrong, None)]


def test_the_aging_has_the_books_own_total_by_due_date_and_by_issue_date(firm: Firm, typed: Typed) -> None:
    by_due, by_issue = (typed("aging", "--by", by, "--json").json for by in ("due", "issue"))
    owed = sum(int(left * 100) for number, left in firm.open_balances().items() if number != "Y-1")
    for aged in (by_due, by_issue):
        assert [each["total"] for each in aged["totals"]] == [
            {"currency": "JPY", "minor": 50000},
            {"currency": "USD", "minor": owed},
        ]
    (acme,) = [row for row in by_due["aging"]["rows"] if row["name"] == "Acme Bakery"]
    assert [bucket["minor"] for bucket in acme["buckets"]] == [5000, 12000 + 4500 + 3500 + 8000, 0, 0, 0]
    (acme,) = [row for row in by_issue["aging"]["rows"] if row["name"] == "Acme Bakery"]
    assert [bucket["minor"] for bucket in acme["buckets"]] == [0, 5000 + 4500 + 3500, 12000 + 8000, 0, 0]
    typed("aging", "--by", "guess", code=2)


FACTS = (
    "--person", "Dana Reyes", "--role", "accounts payable", "--to", "+1 (212) 555-0199", "--said",
    "Approved on Monday, goes into the next run.", "--promise", "120.00", "--by", "2030-01-02",
)  # fmt: skip
FOUND_BY = {
    "the person": "reyes",
    "what the person does": "accounts payable",
    "the number as dialled": "+1 (212) 555-0199",
    "the number run together": "12125550199",
    "the number without its country": "2125550199",
    "the words": "approved monday",
    "the outcome": "promise reyes",
    "the invoice": "C-2",
    "an earlier invoice": "C-1",
    "the customer": "acme",
    "to whom the invoice went": "ledger@acme.example",
    "the day of the contact": ago(1).isoformat(),
    "the day of the promise": "2030-01-02",
}


@pytest.mark.req("M14")
@pytest.mark.parametrize("others", OTHER_CONTACTS)
def test_the_log_holds_everything_about_a_contact_and_any_of_it_finds_it_among_many(
    firm: Firm, typed: Typed, others: int
) -> None:
    at = datetime.combine(ago(1), datetime.min.time(), ZONE).replace(hour=16, minute=30)
    kept = log(typed, "C-2", "promise", *FACTS, "--at", f"{ago(1)}T16:30")
    assert (kept["person"], kept["role"], kept["address"]) == ("Dana Reyes", "accounts payable", "+1 (212) 555-0199")
    assert (datetime.fromisoformat(kept["at"]), kept["zone"], kept["by"]) == (at, "America/New_York", "dana")
    assert (kept["outcome"], kept["days_overdue"], kept["open_amount"]["minor"]) == ("promise", 9, 12000)
    earlier = [(debt["number"], debt["open"]["minor"], debt["days_overdue"]) for debt in kept["earlier"]]
    assert earlier == [("C-1", 8000, 29), ("C-5", 3500, 4)]
    assert (kept["issued"]["to"], kept["issued"]["how"]) == ("ledger@acme.example", "email")
    assert datetime.fromisoformat(kept["issued"]["at"]).astimezone(ZONE).date() == ago(39)
    with firm.desk() as desk:
        (contact,) = desk.store.contacts(desk.id)
        stranger = replace(
            contact, at=after(contact.at, -90 * 86_400), invoice_number="N-9", person="Lee Nguyen", role="owner",
            customer_name="Northwind", issued=Issued(to="n@north.example"), earlier=(), promise=None,
            address="555 0177", outcome=Outcome.NO_ANSWER,
        )  # fmt: skip
        for start in range(0, others, 20_000):
            numbers = range(start, start + 20_000)
            desk.store.add_contacts(
                [replace(stranger, contact_id=ContactId(f"c-{n:06}"), said=f"rang {n} times") for n in numbers]
            )
        assert len(desk.store.search_contacts(desk.id, "nguyen")) == 50
        for what, words in FOUND_BY.items():
            took = []
            for _ in range(5):
                begun = time.perf_counter()
                found = desk.store.search_contacts(desk.id, words)
                took.append(time.perf_counter() - begun)
            assert found == (contact,), what
            assert statistics.median(took) < SEARCH_SECONDS_MAX, what
    assert [each["contact_id"] for each in typed("contacts", "--search", "reyes", "--json").json] == [
        contact.contact_id
    ]


def all_but_notes(firm: Firm) -> dict[str, Any]:
    """Everything the double of the books holds, notes left out: a ledger, and every transaction with its times."""
    held: Any = firm.doubles["quickbooks"].stand_in.dump(normalised=False)
    whole: dict[str, Any] = json.loads(json.dumps(held, default=str))
    for company in whole.values():
        company.pop("Attachable", None)
    return whole


def notes_on(firm: Firm, number: str) -> list[str]:
    """What a QuickBooks user reads under the invoice, oldest first."""
    wanted = {"type": "Invoice", "value": firm.invoice(number)["Id"]}
    return [
        each["Note"]
        for each in sorted(firm.books("Attachable"), key=lambda each: int(each["Id"]))
        if any(ref["EntityRef"] == wanted for ref in each["AttachableRef"])
    ]


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


@pytest.mark.req("M11", "Q31", "Q32", "Q34")
def test_a_long_note_stands_on_its_quickbooks_invoice_in_parts_and_nothing_else_there_changes(
    firm: Firm, typed: Typed
) -> None:
    typed("notes", "auto")
    invoice = firm.invoice("C-2")
    typed_by_a_person = {"PrivateNote": "Call Jo first.", "CustomerMemo": {"value": "Thank you!"}}
    key = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"], "sparse": True}
    firm.in_books("Invoice", {**key, **typed_by_a_person})
    about = {"EntityRef": {"type": "Invoice", "value": invoice["Id"]}, "IncludeOnSend": True}
    firm.in_books("Attachable", {"AttachableRef": [about], "Note": "Jo prefers mornings."})
    firm.sync_quickly()
    before, (theirs,) = all_but_notes(firm), firm.books("Attachable")
    said = ("Naïve café, 東京.\n\n" + "pays 👍🏽 on Friday;\n" * 5 + "all" + FAMILY * 300)[:2001].rstrip("\u200d")
    ran = typed("log", "C-2", "--outcome", "no-answer", "--said", said, "--json").json
    assert ran["pushed"] == ran["notes"] > 1
    assert all_but_notes(firm) == before
    assert firm.books("Attachable")[0] == theirs
    assert firm.invoice("C-2")["PrivateNote"] == "Call Jo first."
    stamped = notes_on(firm, "C-2")[1:]
    assert len(stamped) == ran["notes"]
    assert all(len(each.encode("utf-16-le")) // 2 <= NOTE_CHARACTERS_MAX for each in stamped)
    with firm.desk() as desk:
        (contact,) = desk.store.contacts(desk.id)
    assert contact.said == said
    rest = note_text(contact)
    for number, each in enumerate(stamped, start=1):
        counter = f"({number}/{len(stamped)}) "
        part = each.rpartition("\n")[0]
        assert part.startswith(counter)
        assert rest.startswith(part.removeprefix(counter))
        rest = rest.removeprefix(part.removeprefix(counter))
        assert rest[:1] not in ("\u200d", "\U0001f3fd")
        assert not part.endswith("\u200d")
        rest = rest.removeprefix(rest[: len(rest[:1].strip()) == 0])
    assert rest == ""
    sent = [json.loads(call.body) for call in firm.heard if call.path.endswith("/attachable")][1:]
    assert [ref["IncludeOnSend"] for body in sent for ref in body["AttachableRef"]] == [False] * len(stamped)
    typed("plan")
    typed("apply", "--yes")
    assert notes_on(firm, "C-2")[1:] == stamped
    read = typed("sync", "quickbooks", "--json").json["quickbooks"]["counts"]
    assert sum(each["changed"] for each in read.values()) == 0


def test_a_note_is_pushed_only_where_the_mode_or_the_caller_says_so(firm: Firm, typed: Typed) -> None:
    words = ("log", "C-2", "--outcome", "no-answer")
    asked = typed(*words)
    assert "not pushed, because nobody could be asked" in asked.out
    assert typed(*words, "--json").json["notes"] == 0
    typed("notes", "off")
    assert typed(*words, "--yes", "--json").json["notes"] == 0
    assert notes_on(firm, "C-2") == []
    typed("notes", "ask")
    typed(*words, "--yes", "--said", "with yes")
    typed("notes", "auto")
    typed(*words, "--said", "by itself")
    assert [note.split("Said: ")[1].split("\n")[0] for note in notes_on(firm, "C-2")] == ["with yes", "by itself"]
    assert len(typed("contacts", "C-2", "--json").json) == 5


def test_a_contact_is_kept_and_its_note_waits_when_the_books_cannot_be_reached(firm: Firm, typed: Typed) -> None:
    firm.faults("quickbooks", "POST */attachable 1 drop-before\nGET */query 1 status-before 401")
    first = typed("log", "C-2", "--outcome", "no-answer", "--said", "first", "--yes", "--json", code=1).json
    assert (first["pushed"], len(first["not_pushed"])) == (0, 1)
    second = typed("log", "C-2", "--outcome", "no-answer", "--said", "second", "--yes", "--json").json
    assert (second["notes"], second["pushed"]) == (1, 1)
    assert sorted(note.split("Said: ")[1].split("\n")[0] for note in notes_on(firm, "C-2")) == ["first", "second"]


def test_the_note_tells_to_whom_the_books_say_the_invoice_went(typed: Typed, firm: Firm) -> None:
    typed("notes", "auto")
    for number in ("C-1", "C-2", "S-1"):
        typed("log", number, "--outcome", "no-answer")
    assert "Invoice addressed to ap@acme.example; whether it was sent is unknown." in notes_on(firm, "C-1")[0]
    assert f"Invoice issued to ledger@acme.example by email on {ago(39)}." in notes_on(firm, "C-2")[0]
    noted = in_stripe(firm)["S-1"]["metadata"]["receivables_note"]
    assert f"Invoice issued to pay@cedar.example by email on {ago(25)}." in noted


def in_stripe(firm: Firm) -> dict[str, dict[str, Any]]:
    """The invoices by number, and the customer under its name, as the double of Stripe holds them."""
    held = {each["number"]: each for each in firm.stripe("invoice")}
    held |= {each["name"]: each for each in firm.stripe("customer") if each["name"] == "Cedar Cafe"}
    return held


@pytest.mark.req("S28")
def test_a_stripe_invoice_and_its_customer_carry_the_latest_note_beside_the_merchants_own_keys(
    firm: Firm, typed: Typed
) -> None:
    typed("notes", "auto")
    before = in_stripe(firm)
    firm.faults("stripe", "POST /v1/invoices/* 1 drop-after")
    typed("log", "S-1", "--outcome", "no-answer", "--said", "first", code=1)
    typed("log", "S-1", "--outcome", "voicemail", "--said", "second " + FAMILY * 80)
    last = typed("log", "S-2", "--outcome", "no-answer", "--said", "about the other", "--json").json["contact"]
    held = in_stripe(firm)
    for name in ("S-1", "S-2", "Cedar Cafe"):
        each = held[name]
        ours = {key: text for key, text in each["metadata"].items() if key in NOTE_KEYS}
        assert ours.keys() == NOTE_KEYS
        assert {**each, "metadata": {}} == {**before[name], "metadata": {}}
        assert each["metadata"].keys() - NOTE_KEYS == before[name]["metadata"].keys()
    assert held["S-1"]["metadata"]["note"] == "Ask for Jo. (typed by a person)"
    long = held["S-1"]["metadata"]["receivables_note"]
    assert ("second" in long, "first" in long, len(long) <= 500) == (True, False, True)
    assert long.partition("second ")[2].partition(" …")[0].replace(FAMILY, "") == ""
    assert "full history" in long
    assert held["Cedar Cafe"]["metadata"]["receivables_note_ref"].startswith(last["contact_id"])
    assert [held[name]["metadata"]["receivables_note_count"] for name in ("S-1", "S-2", "Cedar Cafe")] == [
        "2",
        "1",
        "3",
    ]
    assert [each["said"].split()[0] for each in typed("contacts", "--json").json] == ["about", "second", "first"]
    counts = typed("sync", "stripe", "--json").json["stripe"]["counts"]
    assert [counts[kind]["changed"] for kind in ("invoice", "customer")] == [0, 0]
    pushes = [call.path for call in firm.heard if call.method == "POST" and call.path.startswith("/v1/")]
    typed("plan")
    typed("apply", "--yes")
    assert [call.path for call in firm.heard if call.method == "POST" and call.path.startswith("/v1/")] == pushes
    assert len([path for path in pushes if path not in WRITE_PROBES.values()]) == 6
    firm.in_stripe("invoices/in_lane_3", **{f"metadata__theirs_{number}": "x" for number in range(47)})
    refused = typed("log", "S-3", "--outcome", "no-answer", code=1)
    assert "47 metadata keys of its own" in refused.out
    assert "1 of 2 notes pushed" in refused.out
    assert len(typed("contacts", "S-3", "--json").json) == 1
    assert len(in_stripe(firm)["S-3"]["metadata"]) == 47


TYPED_CARDS = {
    "what was said": ("--said", f"paid with {CARD} exp 12/30"),
    "the person": ("--person", CARD),
    "the role": ("--role", "4242.4242.4242.4242"),
    "the number that was called": ("--to", "4242-4242-4242-4242"),
    "the reason of a dispute": ("--outcome", "dispute", "--reason", "card 3782 822463 10005 was charged twice"),
    "the promised amount": ("--outcome", "promise", "--promise", "4242424242424242", "--by", "2030-01-02"),
    "the outcome": ("--outcome", "4242424242424242"),
    "the day": ("--next", "4242424242424242"),
    "the contact that is corrected": ("--corrects", "4242424242424242"),
    "lines": ("--said", "4242\n4242\n4242\n4242"),
    "wide digits": ("--said", "\uff14\uff12" * 8),
    "spaces that do not break": ("--said", "4242\u00a04242\u00a04242\u00a04242"),
    "dashes and slashes": ("--said", "4242\u20134242 / 4242 \u2013 4242"),
}


def test_no_card_number_reaches_the_store_a_note_or_the_screen(firm: Firm, typed: Typed) -> None:
    typed("notes", "auto")
    said: list[str] = []
    for words in TYPED_CARDS.values():
        assert any(card_number_in(word) for word in words)
        outcome = () if "--outcome" in words else ("--outcome", "no-answer")
        refused = typed("log", "C-2", *outcome, *words, code=2)
        assert "looks like a card number" in refused.err
        said += [refused.out, refused.err]
    assert typed("contacts", "--json").json == []
    assert notes_on(firm, "C-2") == []
    assert not any(card_number_in(each) for each in said)
    with firm.desk() as desk:
        stored = [encode(entry.body) for entry in desk.store.journal(desk.id)]
    stored += [path.read_bytes() for path in firm.home.iterdir() if path.is_file()]
    assert not any(each in held for held in stored for each in (b"42424242", b"4242 4242", b"3782 822463"))
    log(typed, "C-2", "no-answer", "--said", "card ending 4242, PO 20260301-0042, phone +1 212 555 0199")
