"""People work in the books while the processor gives money back: both are held, shown in three values, and chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.stripe.standin import refunds
from connector.app.books import apply_plan, make_plan, reconcile_all
from connector.app.conflicting import conflicts, keep, look
from connector.model.finding import FindingCode
from connector.model.mirror import Mirrored
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Money, currency
from connector.plan import Plan
from connector.ports import Page
from connector.reconcile.conflict import Values
from tests.journeys.firm import KILLED, Firm, nothing, open_firm
from tests.journeys.test_undo import applied, undone

CHARGE = "ch_walk_1"
USD = currency("USD")
VALUES = {
    "field": "amount",
    "agreed": "120.00 USD",
    "here": "100.00 USD",
    "there": "100.00 USD, 20.00 USD refunded",
}


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Posted and proved; then both hands are in it."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        with opened.desk() as desk:
            applied(desk)
        yield opened


def edited(firm: Firm, amount: float = 100.0) -> None:
    """A person writes into the books what the customer says they paid."""
    (held,) = [each for each in firm.marked("Payment", "PrivateNote") if CHARGE in each["PrivateNote"]]
    link = {"TxnId": firm.invoice("W-1")["Id"], "TxnType": "Invoice"}
    firm.in_books(
        "Payment",
        {
            "Id": held["Id"],
            "SyncToken": held["SyncToken"],
            "sparse": True,
            "CustomerRef": held["CustomerRef"],
            "TotalAmt": amount,
            "Line": [{"Amount": amount, "LinkedTxn": [link]}],
        },
    )


def refunded(firm: Firm, cents: int = 2_000) -> None:
    """Somebody gives money back on the screens of the processor."""
    double: Any = firm.doubles["stripe"]
    ledger = double.stand_in.ledger(firm.world.stripe_account)
    double.behind(lambda: refunds.asked(ledger, ledger._objects["charge"][CHARGE], cents))


def both(firm: Firm) -> None:
    edited(firm)
    refunded(firm)
    firm.sync_quickly()


def about_it(made: Plan) -> list[str]:
    """What a plan writes about that money."""
    return [line.subject for line in made.lines if CHARGE in line.sentence]


def journals(firm: Firm) -> list[list[tuple[str, str, Decimal]]]:
    """Every journal entry of the books: per line the account, whether it debits, and the amount."""
    names = {each["Id"]: each["Name"] for each in firm.books("Account")}
    return [
        [
            (
                names[line["JournalEntryLineDetail"]["AccountRef"]["value"]],
                line["JournalEntryLineDetail"]["PostingType"],
                Decimal(str(line["Amount"])),
            )
            for line in each["Line"]
        ]
        for each in firm.books("JournalEntry")
    ]


def clearing(firm: Firm) -> Decimal:
    held = next(each for each in firm.books("Account") if each["Name"] == "Stripe Clearing")
    return Decimal(str(held["CurrentBalance"]))


@pytest.mark.gate
@pytest.mark.req("N14")
def test_both_are_held_and_shown_in_three_values_wherever_somebody_looks_until_one_command_chooses(
    firm: Firm, tmp_path: Path
) -> None:
    both(firm)
    listed = firm.run("conflicts")
    assert listed.code == 1
    assert all(value in re.sub(r"\s+", " ", listed.out) for value in ("120.00 USD", "100.00 USD", "nobody yet"))
    (told,) = firm.run("conflicts", "--json").json
    assert told["id"] == CHARGE
    assert VALUES in told["values"]
    with firm.desk() as desk:
        made = make_plan(desk)
    assert about_it(made) == []
    assert FindingCode.CONFLICT in [each.code for each in made.left_out]
    page, proof = tmp_path / "plan.html", tmp_path / "proof.html"
    firm.do("plan", "show", made.plan_id, "--html", str(page))
    assert firm.run("prove", "--out", str(proof)).code == 1
    for shown in (page, proof):
        text = shown.read_text(encoding="utf-8")
        assert all(VALUES[side] in text for side in ("agreed", "here", "there")), shown.name
    firm.do("conflicts", "keep", CHARGE, "processor")
    assert firm.run("conflicts").code == 0
    with firm.desk() as desk:
        assert len(about_it(make_plan(desk))) == 2, "the refund, and what the books were changed by"


@pytest.mark.gate
def test_choosing_the_processor_is_one_entry_beside_with_evidence_written_once_and_undone(firm: Firm) -> None:
    before = clearing(firm)
    both(firm)
    firm.do("conflicts", "keep", CHARGE, "processor")
    with firm.desk() as desk:
        made = make_plan(desk)
        (line,) = [each for each in made.lines if each.subject.startswith("choice-")]
        assert {(each.field, each.says) for each in line.evidence} >= {
            ("chosen", "keep_processor by dana, decision 1"),
            ("amount", "agreed 120.00 USD, the books 100.00 USD, stripe 100.00 USD, 20.00 USD refunded"),
        }
        done = apply_plan(desk, made, nothing, nothing)
        assert (len(done.posted.done), done.stale, done.not_landed) == (2, (), ())
        again = apply_plan(desk, made, nothing, nothing)
        assert (len(again.posted.done), again.already) == (0, 2)
    assert sorted(journals(firm)) == [
        [("Stripe Clearing", "Credit", Decimal(20)), ("Accounts Receivable", "Debit", Decimal(20))],
        [("Stripe Clearing", "Debit", Decimal(20)), ("Accounts Receivable", "Credit", Decimal(20))],
    ]
    assert clearing(firm) == before - 20, "what the processor holds less since the refund"
    assert firm.run("conflicts").code == 0
    shown = firm.run("prove", "--json").json
    assert shown["problems"] == []
    with firm.desk() as desk:
        assert [line for line in make_plan(desk).lines if "choice" in line.subject] == []
        _, back = undone(desk, made.plan_id)
        assert (len(back.posted.done), back.stale) == (2, ())
        told = [each.next_step for each in make_plan(desk).left_out if each.code is FindingCode.POSTING_UNDONE]
    assert journals(firm) == []
    assert any("Choose once more" in each for each in told)
    firm.do("conflicts", "keep", CHARGE, "processor")
    with firm.desk() as desk:
        assert [line.subject for line in make_plan(desk).lines] == [f"choice-2:stripe/payment/{CHARGE}"]


@pytest.mark.gate
def test_choosing_the_books_asks_no_more_and_writes_nothing(firm: Firm) -> None:
    both(firm)
    firm.do("conflicts", "keep", CHARGE, "books")
    assert firm.run("conflicts").code == 0
    with firm.desk() as desk:
        made = make_plan(desk)
    assert about_it(made) == []
    assert FindingCode.KEPT_OUT in [each.code for each in made.left_out]
    refunded(firm, 1_000)
    firm.sync_quickly()
    assert firm.run("conflicts").code == 1, "other values are another conflict"


@pytest.mark.gate
def test_an_amount_of_ones_own_becomes_what_the_books_hold_and_nothing_else_of_it_is_planned(firm: Firm) -> None:
    before = clearing(firm)
    both(firm)
    for wrong in (("mine",), ("mine", "5.00 EUR"), ("mine", "-5.00"), ("books", "5.00"), ("mine", "much")):
        assert firm.run("conflicts", "keep", CHARGE, "--", *wrong).code != 0
    firm.do("conflicts", "keep", CHARGE, "mine", "95.00")
    with firm.desk() as desk:
        made = applied(desk)
    assert about_it(made) == [f"choice-1:stripe/payment/{CHARGE}"]
    assert clearing(firm) == before - 25, "95 in place of the 120 that were posted"
    assert firm.run("conflicts", "keep", CHARGE, "mine", "95.00").code != 0, "that was said already"


def test_a_plan_made_before_holds_back_what_came_into_conflict_since(firm: Firm) -> None:
    refunded(firm)
    firm.sync_quickly()
    with firm.desk() as desk:
        made = make_plan(desk)
        assert len(about_it(made)) == 1
        edited(firm)
        done = apply_plan(desk, made, nothing, nothing)
        assert (len(done.posted.done), [each.code for each in done.stale]) == (0, [FindingCode.CONFLICT])
    assert journals(firm) == []


@pytest.mark.gate
def test_what_an_interrupted_command_stored_is_called_off_where_it_came_into_conflict_and_planned_anew(
    firm: Firm,
) -> None:
    refunded(firm)
    firm.sync_quickly()
    made = firm.do("plan", "--json").json["plan_id"]
    assert firm.run("apply", made, "--yes", crash_at="apply.rows-stored").code == KILLED
    edited(firm)
    ran = firm.run("apply", made, "--yes", "--json")
    assert (ran.code, ran.json["done"]) == (1, [])
    assert "conflict" in {each["code"] for each in ran.json["changed_since"]}
    assert journals(firm) == []
    stands = firm.run("status", "--json").json
    assert (stands["outbox"]["dead"], stands["called_off"], stands["parked"]) == (0, 1, [])
    lines = firm.do("plan", "show", made, "--json").json["lines"]
    assert (lines["written"], lines["waiting"], lines["refused"]) == (0, 0, 0)
    firm.do("conflicts", "keep", CHARGE, "processor")
    firm.do("plan")
    assert len(firm.do("apply", "--yes", "--json").json["done"]) == 2
    assert len(journals(firm)) == 2


def test_what_was_chosen_is_not_written_after_either_side_changed_again(firm: Firm) -> None:
    both(firm)
    firm.do("conflicts", "keep", CHARGE, "processor")
    with firm.desk() as desk:
        made = make_plan(desk)
        edited(firm, 90.0)
        done = apply_plan(desk, made, nothing, nothing)
        assert not done.posted.done
        assert {each.code for each in done.stale} >= {FindingCode.CONFLICT}
    assert journals(firm) == []


def test_an_invoice_that_both_sides_hold_and_both_changed_waits_with_the_total_they_agreed_on(firm: Firm) -> None:
    with firm.desk() as desk:
        (own,) = [ref for ref, held in desk.snapshot().invoices.items() if held.number == "W-2"]
        there = Ref(ConnectionId("stripe"), Kind.INVOICE, "in_2")
        held = desk.snapshot().invoices[own]

        def say(ref: Ref, cents: int) -> None:
            """A page that was read."""
            amount = Money(cents, USD)
            same = own if ref == there else None
            told = replace(held, total=amount, open=amount, same_debt=same, tags=())
            page = Page(
                records=(Mirrored(ref=ref, version=str(cents), raw=b"%d" % cents, record=told),), cursor="", more=False
            )
            desk.store.save_pages(desk.author("sync"), ref.connection, None, [page])

        say(there, 8_000)
        reconcile_all(desk)
        say(there, 7_000)
        reconcile_all(desk)
        assert conflicts(desk) == (), "one side alone"
        say(own, 7_500)
        (found,) = [each.conflict for each in conflicts(desk)]
        assert found.values == (Values("invoice total", "80.00 USD", "75.00 USD", "70.00 USD"),)
        assert FindingCode.CONFLICT in [each.code for each in look(desk, desk.snapshot()).held.values()]
        assert keep(desk, "in_2", "books").done
        assert firm.run("verify").code == 0
