"""Abstentions: the reason is one of a closed list, with the rivals that stood in the way and what to do next."""

from __future__ import annotations

from typing import Any

import pytest

from connector.model.finding import FindingCode
from connector.reconcile.cash.case import Case, Item, Party, Receipt, ReceiptKind
from connector.reconcile.cash.nextsteps import NEXT
from connector.reconcile.cash.proposals import Proposals
from connector.reconcile.cash.questions import Question, question
from connector.reconcile.cash.rounds import Rounds

DAY = 739_000
PARTIES = [Party("c1", "Acme Works"), Party("c2", "Borealis Paper"), Party("c3", "Borealis Papers")]


def item(number: int, amount: int, party: str = "c1") -> Item:
    return Item(f"i{number}", f"INV-{number}", party, "USD", amount, DAY, DAY + 30)


def paid(amount: int, text: str = "", **rest: Any) -> Receipt:
    given = {"id": "p", "on": DAY + 20, "payer_name": "Acme Works", **rest}
    return Receipt(given.pop("id"), ReceiptKind.PAYMENT, given.pop("on"), "USD", amount, text=text, **given)


def asked(items: list[Item], *receipts: Receipt) -> Question:
    """Why the last of these receipts was not decided."""
    rounds = Rounds(Case(parties=PARTIES, items=items, receipts=receipts))
    assert len(receipts) - 1 not in rounds.run()
    return question(rounds.at, len(receipts) - 1)


CASES: dict[str, tuple[list[Item], list[Receipt], FindingCode, tuple[int, ...], str]] = {
    "two equal invoices": (
        [item(1001, 500), item(1002, 500)], [paid(500)], FindingCode.EQUAL_ITEMS, (0, 1),
        "It names no invoice, and its amount fits INV-1001 and INV-1002.",
    ),
    "two equal sets": (
        [item(1001, 511), item(1002, 412), item(1003, 613), item(1004, 310)], [paid(923)], FindingCode.NOT_IDENTIFIED,
        (0, 1, 2, 3),
        "It names no invoice, and its amount is that of INV-1001 and INV-1002, or INV-1003 and INV-1004.",
    ),
    "two customers of nearly one name": (
        [item(1001, 500, "c2"), item(1002, 500, "c3")], [paid(500, payer_name="Borealis Paperz")],
        FindingCode.SEVERAL_PAYERS, (0, 1),
        (
            "It names no invoice, its payer may be Borealis Paper or Borealis Papers, "
            "and its amount fits INV-1001 and INV-1002."
        ),
    ),
    "nobody knows who paid": (
        [item(1001, 500)], [paid(500, payer_name="Zenith")], FindingCode.UNKNOWN_PAYER, (),
        "It names no invoice, and nobody knows who paid it.",
    ),
    "the same amount again": (
        [item(1001, 500)], [paid(500, "INV-7777", id="a", on=DAY + 18), paid(500)],
        FindingCode.SAME_AMOUNT_AGAIN, (0,),
        "It names no invoice, and the same payer sent as much with a before.",
    ),
    "more than everything": (
        [item(1001, 500)], [paid(900)], FindingCode.FITS_NOTHING, (),
        "It is more than everything its payer has open.",
    ),
    "nothing is open": (
        [item(1001, 500, "c2")], [paid(900)], FindingCode.NOTHING_OPEN, (),
        "It names no invoice, and nothing of its payer is open.",
    ),
    "another customer's number": (
        [item(1001, 500, "c2")], [paid(500, "INV-1001")], FindingCode.WRONG_CUSTOMER, (0,),
        "It names INV-1001, which is another customer's.",
    ),
    "other amounts than what is named": (
        [item(1001, 500), item(1002, 700)], [paid(333, "INV-1001 INV-1002")], FindingCode.OTHER_AMOUNT, (0, 1),
        "It names INV-1001 and INV-1002, of which 12.00 USD is open, and brings 3.33 USD.",
    ),
    "money that went back from nowhere": (
        [item(1001, 500)], [Receipt("p", ReceiptKind.REFUND, DAY, "USD", -5)], FindingCode.NO_ORIGINAL, (),
        "It went back, and does not say which payment it was.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_kept_a_receipt_from_being_decided_is_said(name: str) -> None:
    items, receipts, reason, rivals, sentence = CASES[name]
    told = asked(items, *receipts)
    assert (told.code, told.rivals, told.sentence) == (reason, rivals, sentence)


@pytest.mark.parametrize("code", NEXT)
def test_every_reason_has_a_next_step(code: FindingCode) -> None:
    assert Question(0, code, "").next_step.endswith(".")


def settled(items: list[Item], *receipts: Receipt) -> tuple[Question, list[set[str]], list[int]]:
    """Why the last receipt was not decided; the items of each proposal for it, and how sure each is said to be."""
    rounds = Rounds(Case(parties=PARTIES, items=items, receipts=receipts))
    place = len(receipts) - 1
    assert place not in rounds.run()
    proposed = Proposals(rounds.at).of(place)
    return (
        question(rounds.at, place),
        [{items[share.item].id for share in one.shares} for one in proposed],
        [one.confidence_ppm for one in proposed],
    )


EQUAL: dict[str, tuple[list[Item], list[Receipt], list[set[str]]]] = {
    "equal invoices": ([item(1001, 500), item(1002, 500)], [paid(500)], [{"i1001"}, {"i1002"}]),
    "equal sets": (
        [item(1001, 511), item(1002, 412), item(1003, 613), item(1004, 310)], [paid(923)],
        [{"i1001", "i1002"}, {"i1003", "i1004"}],
    ),
    "same names": (
        [item(1001, 500, "c2"), item(1002, 500, "c3")], [paid(500, payer_name="Borealis Paperz")],
        [{"i1001"}, {"i1002"}],
    ),
    "a reused key": ([item(1001, 900), item(1002, 500)], [paid(500, key="i1001")], [{"i1001"}, {"i1002"}]),
    "a key against a number": (
        [item(1001, 500), item(1002, 500)], [paid(500, "INV-1002", key="i1001")], [{"i1001"}, {"i1002"}],
    ),
    "a duplicate": ([item(1001, 500)], [paid(500, "INV-7777", id="a", on=DAY + 18), paid(500)], [{"i1001"}, set()]),
}  # fmt: skip


def lists_both(name: str) -> None:
    """Nothing is decided, and both explanations are named and proposed."""
    items, receipts, both = EQUAL[name]
    asked_, proposed, _ = settled(items, *receipts)
    places = [{items[place].id for place in one} for one in asked_.sets or [(place,) for place in asked_.rivals]]
    assert all(one in places or (not one and asked_.of >= 0) for one in both)
    assert all(one in proposed for one in both)


@pytest.mark.parametrize("name", EQUAL)
def test_two_equal_explanations_are_both_listed_and_both_proposed(name: str) -> None:
    lists_both(name)


def test_what_was_paid_before_is_said_of_a_stale_key() -> None:
    told = asked([item(1001, 500)], paid(500, "INV-1001", id="a"), paid(400, key="i1001"))
    assert (told.code, told.sentence) == (
        FindingCode.STALE_KEY,
        "Its stored key is that of INV-1001, on which nothing is open.",
    )


def test_of_equal_rivals_none_is_called_sure() -> None:
    _, _, confidences = settled([item(1001, 500), item(1002, 500)], paid(500))
    assert max(confidences) <= 900_000


def test_a_proposal_spends_what_came_and_applies_no_more_than_is_open() -> None:
    items = [item(1001, 400), item(1002, 700), item(1003, -50)]
    for amount in (1, 50, 399, 350, 650, 1_050, 1_100, 5_000):
        rounds = Rounds(Case(parties=PARTIES, items=items, receipts=[paid(amount, "INV-1001 INV-9999")]))
        rounds.run()
        for one in Proposals(rounds.at).of(0):
            assert sum(share.pay for share in one.shares) + one.unapplied == amount
            assert all(0 <= share.applied / items[share.item].amount <= 1 for share in one.shares)
