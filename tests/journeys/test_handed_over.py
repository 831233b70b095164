"""By the command line: who was tried often enough is before a person, who must not be contacted is on no list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.firm import Firm, open_firm

WORLD = """
company  Ledger Lane  home USD  zone America/New_York  country US  realm 9140004  stripe acct_over
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
customer  Bolt Bikes  email books@bolt.example
2026-03-04  invoice  W-3  Bolt Bikes  250.50 USD  due 2026-03-19
2026-03-05  invoice  W-4  Bolt Bikes  60.00 USD  due 2026-03-20
"""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        yield opened


def standing(firm: Firm) -> dict[str, tuple[bool, str, str]]:
    """Of each invoice whether it is to be contacted about, why, and what has to be decided."""
    listed: list[dict[str, Any]] = firm.do("today", "--json").json["items"]
    items = [(each["due"], each["item"]) for each in listed]
    return {item["invoice"]["number"]: (due, item["why"], item["decide"]) for due, item in items}


@pytest.mark.req("F39")
def test_after_so_many_tries_a_person_decides_and_says_that_it_goes_on_or_that_it_stops(firm: Firm) -> None:
    assert firm.do("caps", "--tries", "2", "--json").json == {"tries_max": 2, "contacts_max": 30, "broken_max": 3}
    for day in ("2026-10-05", "2026-10-06"):
        firm.do("log", "W-3", "--outcome", "no-answer", "--at", f"{day}T10:00")
    why = "tried on 2 days on end, and nobody was reached: find another way to them, or let it go"
    assert standing(firm) == dict.fromkeys(("W-3", "W-4"), (False, "for a person to decide", why))
    listed = firm.do("today").out
    assert "2 for a person to decide. To go on, or to stop: receivables payer NAME --go-on, or --stop" in listed
    firm.do("payer", "bolt bikes", "--go-on")
    assert {number: due for number, (due, _, _) in standing(firm).items()} == {"W-3": True, "W-4": True}
    shown = firm.do("payer", "Bolt Bikes", "--stop", "with the lawyers").out
    assert shown.count("not to be contacted: with the lawyers") == 2
    assert "Nobody contacts them: with the lawyers" in shown


def test_who_asked_not_to_be_contacted_is_left_alone_about_every_invoice_and_no_letter_is_written(firm: Firm) -> None:
    firm.do("link", "W-3", "--message", "--yes")
    firm.do("log", "W-4", "--outcome", "do-not-contact", "--at", "2026-10-05T10:00", "--person", "Al")
    asked = (False, "not to be contacted", "they asked on 2026-10-05 not to be contacted")
    assert standing(firm) == {"W-3": asked, "W-4": asked}
    refused = firm.run("link", "W-3", "--message", "--yes")
    assert (refused.code, "This payer is not to be contacted: they asked on 2026-10-05" in refused.err) == (2, True)


def test_what_cannot_be_said_is_refused_in_a_sentence(firm: Firm) -> None:
    for arguments, sentence in (
        (("payer", "Nobody"), "There is no customer 'Nobody'."),
        (("payer", "Bolt Bikes", "--stop", " "), "Why takes 1 to 500 characters."),
        (("payer", "Bolt Bikes", "--stop", "x", "--go-on"), "It cannot both stop and go on."),
        (("payer", "Bolt Bikes", "--stop", "card 4242 4242 4242 4242"), "looks like a card number"),
        (("caps", "--tries", "0"), "A cap is a number from 1 to 365."),
    ):
        ran = firm.run(*arguments)
        assert (ran.code, sentence in ran.err) == (2, True), ran.err
