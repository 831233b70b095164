"""`receivables explain PAYMENT` from what `reconcile` kept: a decision, two rivals, a person's word, and what is not
there. The world is worlds/review.world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.firm import Firm, open_firm

WORLD = Path(__file__).parent / "worlds" / "review.world"


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Connected, and nothing reconciled yet."""
    with open_firm(tmp_path_factory.mktemp("explain"), WORLD.read_text(encoding="utf-8")) as opened:
        opened.connect_quickly()
        yield opened


@pytest.fixture(scope="module")
def before(unread: Firm) -> list[tuple[int, str]]:
    """What is said before anything was reconciled."""
    asked = (["explain", "ch_review_5"], ["explain", "ch_nobody"], ["explain", "--check-stored"])
    return [(ran.code, ran.err) for ran in (unread.run(*words) for words in asked)]


@pytest.fixture(scope="module")
def firm(unread: Firm, before: list[tuple[int, str]]) -> Firm:
    assert before
    unread.run("reconcile")
    return unread


def told(firm: Firm, *words: str) -> str:
    return " ".join(firm.do("explain", *words).out.split())


def test_before_any_reconcile_it_says_what_to_do(before: list[tuple[int, str]]) -> None:
    assert before == [
        (2, "Error: Nothing is kept about ch_review_5: it was not looked at yet.\nNext:  Run: receivables reconcile\n"),
        (2, before[1][1]),
        (2, "Error: Nothing is kept yet that could be checked.\nNext:  Run: receivables reconcile\n"),
    ]
    assert before[1][1].startswith("Error: There is no payment 'ch_nobody'.\nNext:  ")


def test_a_decision_is_told_with_what_it_stands_on_and_holds(firm: Firm) -> None:
    said = told(firm, "ch_review_5")
    for part in ("of 75.00 USD on 2026-03-20: decided (key).", "R-1007", "75.00 USD = 75.00 USD", "it holds."):
        assert part in said
    plain = firm.do("explain", "ch_review_5", "--json").json
    assert (plain["holds"], plain["faults"], plain["evidence"]["kind"]) == (True, [], "key")
    assert [(each["pay"], each["applied"]) for each in plain["evidence"]["settled"]] == [(7_500, 7_500)]


def test_an_abstention_is_told_with_both_rivals_and_neither_is_favoured(firm: Firm) -> None:
    said = told(firm, "ch_review_3")
    for part in ("not decided (equal-items)", "fits R-1003 and R-1004", "Next: Choose one", "it holds."):
        assert part in said
    offers = firm.do("explain", "ch_review_3", "--json").json["evidence"]["proposals"]
    first, second = (offer["confidence_ppm"] for offer in offers[:2])
    assert first == second
    assert 250_000 <= first <= 500_000


def test_a_strangers_equal_amount_is_no_sure_thing(firm: Firm) -> None:
    evidence = firm.do("explain", "ch_review_4", "--json").json["evidence"]
    assert evidence["kind"] == "unknown-payer"
    assert all(offer["confidence_ppm"] <= 900_000 for offer in evidence["proposals"])


def test_a_persons_word_is_told_before_what_the_engine_had_made_of_it(firm: Firm) -> None:
    firm.do("review", "confirm", "ch_review_3", "2")
    said = told(firm, "ch_review_3")
    word, _, engine = said.partition("Before that:")
    assert "dana decided on" in word
    assert "250.50 USD of it to R-1004" in word
    assert "receivables review undo ch_review_3" in word
    assert "not decided (equal-items)" in engine
    ruling = firm.do("explain", "ch_review_3", "--json").json["ruling"]
    assert (ruling["kind"], ruling["by"]) == ("human", "dana")
    firm.do("review", "undo", "ch_review_3")
    assert "dana decided" not in told(firm, "ch_review_3")


def test_everything_that_is_kept_holds_when_it_is_computed_again(firm: Firm) -> None:
    firm.run("reconcile")
    report = firm.do("explain", "--check-stored", "--json").json
    assert (report["count"], report["faults"]) == (0, [])
    assert report["decisions"] + report["abstentions"] == 5
    assert "hold." in told(firm, "--check-stored")
