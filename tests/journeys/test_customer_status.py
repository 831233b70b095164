"""The latest status on the customer, and notes that are pushed later: each once, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.quickbooks import status
from tests.journeys import complaints
from tests.journeys.firm import KILLED, Firm, Ran, open_firm

WORLD = """
company  Ledger Lane  home USD  zone America/New_York  country US  realm 9140004  stripe acct_lane2
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
customer  Acme Bakery  email ap@acme.example  phone +1 212 555 0100
customer  Cedar Cafe  email pay@cedar.example
2026-02-01  invoice  C-1  Acme Bakery  80.00 USD  due 2026-03-01
2026-02-02  invoice  C-2  Acme Bakery  120.00 USD  due 2026-03-02
2026-02-03  invoice  D-1  Cedar Cafe  30.00 USD  due 2026-03-03
"""
HUMAN = "Jo decides.\r\nCalls back on Tuesdays 😀"
Typed = Callable[..., Ran]


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        yield opened


@pytest.fixture
def typed(firm: Firm) -> Typed:
    """The command line, in this process: what is typed after `receivables`, and the code it must end with."""
    return partial(complaints.typed_well, firm)


def customer(firm: Firm, name: str = "Acme Bakery") -> dict[str, Any]:
    return next(each for each in firm.books("Customer") if each["DisplayName"] == name)


def written_by_a_person(firm: Firm, notes: str) -> None:
    held = customer(firm)
    firm.in_books("Customer", {"Id": held["Id"], "SyncToken": held["SyncToken"], "sparse": True, "Notes": notes})


def states(typed: Typed) -> dict[str, int]:
    return {state: count for state, count in typed("status", "--json").json["outbox"].items() if count}


@pytest.mark.req("Q35")
def test_switched_on_the_customer_carries_the_latest_status_of_all_its_invoices(firm: Firm, typed: Typed) -> None:
    written_by_a_person(firm, HUMAN)
    typed("notes", "auto")
    typed("log", "C-1", "--outcome", "no-answer")
    assert customer(firm)["Notes"] == HUMAN
    assert "the latest status on the customer" in typed("notes", "auto", "--customer").out
    first = typed("log", "C-1", "--outcome", "promise", "--promise", "80", "--by", "2030-01-02", "--json").json
    assert (first["notes"], first["pushed"]) == (2, 2)
    assert "Invoice C-1: open 80.00 USD" in customer(firm)["Notes"]
    typed("log", "C-2", "--outcome", "no-answer", "--said", "rang twice")
    notes = customer(firm)["Notes"]
    assert notes.startswith(f"{HUMAN}\n{status.BEGIN}\n")
    assert "Invoice C-2: open 120.00 USD" in notes
    assert notes.count("Invoice C-") == 1
    assert len(firm.books("Attachable")) == 3
    assert states(typed) == {"done": 5}
    typed("notes", "auto", "--no-customer")
    typed("log", "C-1", "--outcome", "no-answer")
    assert customer(firm)["Notes"] == notes


def test_a_customer_whose_notes_are_full_keeps_them_and_the_invoice_has_its_note(firm: Firm, typed: Typed) -> None:
    typed("notes", "auto", "--customer")
    written_by_a_person(firm, "x" * 1000)
    refused = typed("log", "C-1", "--outcome", "no-answer", code=1)
    assert "1 of 2 notes pushed" in refused.out
    assert "notes in QuickBooks are too full for the status" in refused.out
    assert customer(firm)["Notes"] == "x" * 1000
    assert len(firm.books("Attachable")) == 1


@pytest.mark.req("Q33", "Q35")
@pytest.mark.parametrize("point", ["post.sending:2", "post.sent:2"])
def test_a_status_stands_once_after_a_crash(firm: Firm, typed: Typed, point: str) -> None:
    typed("notes", "auto", "--customer")
    written_by_a_person(firm, HUMAN)
    ran = firm.run("log", "C-1", "--outcome", "no-answer", crash_at=point)
    assert ran.code == KILLED
    typed("log", "D-1", "--outcome", "no-answer")
    assert states(typed) == {"done": 4}
    notes = customer(firm)["Notes"]
    assert notes.startswith(f"{HUMAN}\n{status.BEGIN}\n")
    assert (notes.count(status.BEGIN), notes.count("Invoice C-1")) == (1, 1)


def test_notes_of_contacts_that_were_only_logged_are_shown_and_pushed_later_once(firm: Firm, typed: Typed) -> None:
    typed("notes", "ask", "--customer")
    for invoice, said in (("C-1", "first"), ("C-2", "second"), ("D-1", "third")):
        typed("log", invoice, "--outcome", "no-answer", "--said", said, "--json")
    assert firm.books("Attachable") == []
    shown = typed("notes", "push", code=2)
    assert "Said: first" in shown.out
    assert firm.books("Attachable") == []
    assert "5 of 5 notes pushed" in typed("notes", "push", "--yes").out
    assert [each["Note"].split("Said: ")[1].split("\n")[0] for each in firm.books("Attachable")] == [
        "first", "second", "third",
    ]  # fmt: skip
    assert "Said: second" in customer(firm)["Notes"]
    assert "There is no note to push" in typed("notes", "push", "--yes").out
    assert len(firm.books("Attachable")) == 3
    assert typed("log", "C-1", "--outcome", "no-answer", "--yes", "--json").json["pushed"] == 2


@pytest.mark.parametrize("point", ["post.sent"])
def test_a_crash_while_notes_are_pushed_later_pushes_none_twice(firm: Firm, typed: Typed, point: str) -> None:
    for said in ("first", "second"):
        typed("log", "C-1", "--outcome", "no-answer", "--said", said, "--json")
    assert firm.run("notes", "push", "--yes", crash_at=point).code == KILLED
    typed("notes", "push", "--yes")
    typed("log", "D-1", "--outcome", "no-answer", "--yes")
    assert sorted(each["Note"].split("Said: ")[1].split("\n")[0] for each in firm.books("Attachable")[:2]) == [
        "first", "second",
    ]  # fmt: skip
    assert len(firm.books("Attachable")) == 3
    assert states(typed) == {"done": 3}


def test_a_word_that_is_no_mode_is_answered_with_the_modes(typed: Typed) -> None:
    assert "off, ask or auto" in typed("notes", "loud", code=2).err
