"""What is neither payment nor fee waits until a person chooses an account for it, and is posted to that one then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.stripe.standin import entries
from adapters.stripe.standin.ledger import Ledger
from tests.journeys.firm import WALK, Firm, open_firm


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    world = f"{WALK.read_text(encoding='utf-8').rstrip()}\naccount  Stripe Suspense  expense USD\n"
    with open_firm(tmp_path, world) as opened:
        opened.connect_quickly()
        yield opened


def reserved(firm: Firm, amount: int) -> None:
    """The processor holds so much back, or lets it go."""
    double = firm.doubles["stripe"]
    ledger: Ledger = double.stand_in.ledger("acct_walk")  # type: ignore[attr-defined]
    double.behind(lambda: entries.enter(ledger, "reserve", amount, "usd"))
    firm.do("sync")


def test_a_reserve_waits_for_the_account_that_accounts_suspense_chooses_and_is_posted_to_it(firm: Firm) -> None:
    reserved(firm, -2_500)
    waits = firm.do("plan", "--json").json
    assert not any(line["kind"] == "journal" for line in waits["lines"])
    (told,) = [each for each in waits["left_out"] if "suspense" in each["next_step"]]
    assert told["code"] == "no-account"
    assert "receivables accounts stripe --suspense NAME" in told["next_step"]
    chosen = firm.do("accounts", "stripe", "--suspense", "Stripe Suspense", "--yes")
    assert "Stripe Suspense" in chosen.out
    assert "Stripe Suspense" in firm.do("accounts", "stripe").out
    firm.do("plan")
    firm.do("apply", "--yes")
    (entry,) = firm.marked("JournalEntry", "PrivateNote")
    sides = {
        line["JournalEntryLineDetail"]["AccountRef"]["name"]: (
            line["JournalEntryLineDetail"]["PostingType"],
            str(line["Amount"]),
        )
        for line in entry["Line"]
    }
    assert sides == {"Stripe Clearing": ("Credit", "25"), "Stripe Suspense": ("Debit", "25")}


def test_an_account_that_the_books_do_not_have_is_not_chosen_for_suspense(firm: Firm) -> None:
    refused = firm.run("accounts", "stripe", "--suspense", "Nowhere")
    assert refused.code == 2
    assert "Nowhere" in refused.err
    assert "Nowhere" not in firm.do("accounts", "stripe").out
