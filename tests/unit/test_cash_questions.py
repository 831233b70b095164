"""Abstentions: the reason is one of a closed list, with the rivals that stood in the way and what to do next."""

from __future__ import annotations

from typing import Any

import pytest

from connector.reconcile.cash.case import Case, Item, Party, Receipt, ReceiptKind
from connector.reconcile.cash.questions import Question, Reason, question
from connector.reconcile.cash.rounds import Rounds

DAY = 739_000


def item(number: int, amount: int, party: str = "c1") -> Item:
    return Item(f"i{number}", f"INV-{number}", party, "USD", amount, DAY, DAY + 30)


def paid(amount: int, text: str = "", **rest: Any) -> Receipt:
    given = {"id": "p", "on": DAY + 20, "payer_name": "Acme Works", **rest}
    return Receipt(given.pop("id"), ReceiptKind.PAYMENT, given.pop("on"), "USD", amount, text=text, **given)


def asked(items: list[Item], *receipts: Receipt) -> Question:
    """Why the last of these receipts was not decided."""
    parties = [Party("c1", "Acme Works"), Party("c2", "Borealis Paper"), Party("c3", "Borealis Papers")]
    rounds = Rounds(Case(parties=parties, items=items, receipts=receipts))
    assert len(receipts) - 1 not in rounds.run()
    return question(rounds.at, len(receipts) - 1)


CASES: dict[str, tuple[list[Item], list[Receipt], Reason, tuple[int, ...], str]] = {
    "two equal invoices": (
        [item(1001, 500), item(1002, 500)], [paid(500)], Reason.EQUAL_ITEMS, (0, 1),
        "It names no invoice, and its amount fits INV-1001, INV-1002.",
    ),
    "two equal sets": (
        [item(1001, 511), item(1002, 412), item(1003, 613), item(1004, 310)], [paid(923)], Reason.NOT_IDENTIFIED,
        (0, 1, 2, 3), "It names no invoice, and its amount is that of INV-1001, INV-1002, or INV-1003, INV-1004.",
    ),
    "two customers of nearly one name": (
        [item(1001, 500, "c2"), item(1002, 500, "c3")], [paid(500, payer_name="Borealis Paperz")],
        Reason.SEVERAL_PAYERS, (), "It names no invoice, and its payer may be Borealis Paper or Borealis Papers.",
    ),
    "nobody knows who paid": (
        [item(1001, 500)], [paid(500, payer_name="Zenith")], Reason.UNKNOWN_PAYER, (),
        "It names no invoice, and nobody knows who paid it.",
    ),
    "the same amount again": (
        [item(1001, 500)], [paid(500, "INV-7777", id="a", on=DAY + 18), paid(500)],
        Reason.SAME_AMOUNT_AGAIN, (0,),
        "It names no invoice, and the same payer sent as much with a before.",
    ),
    "more than everything": (
        [item(1001, 500)], [paid(900)], Reason.AMOUNT_FITS_NOTHING, (),
        "It is more than everything its payer has open.",
    ),
    "nothing is open": (
        [item(1001, 500, "c2")], [paid(900)], Reason.NOTHING_OPEN, (),
        "It names no invoice, and nothing of its payer is open.",
    ),
    "another customer's number": (
        [item(1001, 500, "c2")], [paid(500, "INV-1001")], Reason.CONTRADICTION, (0,),
        "It names INV-1001, which is another customer's.",
    ),
    "other amounts than what is named": (
        [item(1001, 500), item(1002, 700)], [paid(333, "INV-1001 INV-1002")], Reason.NAMED_OTHER_AMOUNT, (0, 1),
        "It names INV-1001, INV-1002, of which 12.00 USD is open, and brings 3.33 USD.",
    ),
    "money that went back from nowhere": (
        [item(1001, 500)], [Receipt("p", ReceiptKind.REFUND, DAY, "USD", -5)], Reason.NO_ORIGINAL, (),
        "What went back is not known to have settled anything.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_kept_a_receipt_from_being_decided_is_said(name: str) -> None:
    items, receipts, reason, rivals, sentence = CASES[name]
    told = asked(items, *receipts)
    assert (told.reason, told.rivals, told.sentence) == (reason, rivals, sentence)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_next_step(reason: Reason) -> None:
    assert Question(0, reason, "").next_step.endswith(".")
