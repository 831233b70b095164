"""Do the books agree with the processor, as the person who keeps them asks it: and who touched what behind our back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.app import setup
from connector.app.agreeing import agreement
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.house import House
from tests.accounts import ACCOUNTS
from tests.journeys.firm import Firm, nothing, open_firm

WORLD = f"""
company  Walk Supply  home USD  zone America/New_York  country US  realm 9130007  stripe acct_walk
{ACCOUNTS}
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_acme
2026-03-01  invoice  A-1  Acme  120.00 USD  due 2026-03-31
2026-03-01  invoice  A-2  Acme  120.00 USD  due 2026-03-31
2026-03-16  payment  ch_1  Acme  120.00 USD  fee 3.78 USD  key A-1
2026-03-16  payment  ch_2  Acme  120.00 USD  fee 3.78 USD  key A-2
2026-03-20  payout  po_1  USD  of ch_1, ch_2
"""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """A firm whose two equal payments, their fees and their payout are in the books."""
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        with opened.desk() as desk:
            apply_plan(desk, make_plan(desk), nothing, nothing)
            sync_all(desk, nothing)
        yield opened


def differences(told: Any, sheet: str) -> dict[str, dict[str, Any]]:
    """Per kind, the difference of that sheet; there is one of each."""
    found = [each for held in told["sheets"] if held["name"] == sheet for each in held["differences"]]
    assert len({each["kind"] for each in found}) == len(found)
    return {each["kind"]: each for each in found}


def edit_behind_our_back(firm: Firm) -> tuple[str, str]:
    """A person gives one payment another day and one another amount, strikes the transfer out and enters another. The
    ids of both payments."""
    first, second = firm.marked("Payment", "PrivateNote")
    (transfer,) = firm.marked("Transfer", "PrivateNote")
    sparse = {"Id": first["Id"], "SyncToken": first["SyncToken"], "sparse": True}
    firm.in_books("Payment", {**sparse, "TxnDate": "2026-03-17"})
    links = [{"Amount": 119.99, "LinkedTxn": second["Line"][0]["LinkedTxn"]}]
    sparse = {"Id": second["Id"], "SyncToken": second["SyncToken"], "sparse": True}
    firm.in_books("Payment", {**sparse, "TotalAmt": 119.99, "Line": links})
    firm.in_books("Transfer", {"Id": transfer["Id"], "SyncToken": transfer["SyncToken"]}, operation="delete")
    ends = {name: {"value": transfer[name]["value"]} for name in ("FromAccountRef", "ToAccountRef")}
    firm.in_books("Transfer", {**ends, "Amount": 9.99, "TxnDate": "2026-03-21"})
    return first["Id"], second["Id"]


def test_everything_agrees_once_it_is_posted_and_what_a_person_then_edits_in_the_books_is_named(firm: Firm) -> None:
    told = firm.do("prove")
    assert "Proven: " in told.out
    assert "and nothing differs." in told.out
    assert "Data as of " in told.out
    moved, changed = edit_behind_our_back(firm)
    firm.sync_quickly()
    told = firm.run("prove", "--json")
    assert told.code == 1
    assert told.json["agrees"] is False
    found = differences(told.json, "Clearing of stripe")
    assert found.keys() == {"date", "amount", "missing here", "missing there"}
    assert found["date"]["here"]["ref"] == f"quickbooks/payment/{moved}"
    assert found["amount"]["here"]["ref"] == f"quickbooks/payment/{changed}"
    assert found["amount"]["sentence"].endswith("-0.01 USD apart.")
    assert found["missing here"]["there"]["ref"] == "stripe/balance_entry/txn_po_1"
    assert found["missing there"]["here"]["amount"]["minor"] == -999
    assert all(each["next_step"] for each in found.values())
    assert "and nothing differs." in firm.run("prove", "--as-of", "2026-03-15").out
    assert firm.run("prove", "--as-of", "yesterday").code == 2


def test_without_a_chosen_clearing_account_the_report_says_what_it_cannot_compare(tmp_path: Path) -> None:
    with open_firm(tmp_path, WORLD) as opened, House(opened.config()) as house:
        for system, double in opened.doubles.items():
            values = double.stand_in.settings(opened.world, double.url)
            setup.connect(
                house,
                setup.Wish(system=system, company=None, zone=opened.world.zone, values=values, allow_writes=False),
            )
        report = agreement(house.company(None))
    (said,) = report.unset
    assert said.startswith("No clearing account of stripe is chosen")
    assert said.endswith("receivables accounts stripe --clearing NAME")


def test_a_proof_counts_every_payment_and_names_a_head_that_is_still_there_later(firm: Firm) -> None:
    told = firm.do("prove", "--json").json
    assert told["proven"] is True
    assert told["payments"] == {"applied": 2}
    assert {sheet["name"] for sheet in told["sheets"]} >= {
        "Open items",
        "Payments of stripe",
        "Payouts of stripe",
        "Sent of stripe",
        "Clearing of stripe",
    }
    firm.do("plan")
    firm.do("verify", "--head", told["journal"]["head"])
    forged = f"{told['journal']['entries']}:{'0' * 64}"
    again = firm.run("verify", "--head", forged)
    assert again.code == 1
    assert "was rewritten" in again.out
    assert firm.run("verify", "--head", "12").code == 2


def test_before_anything_is_posted_nothing_contradicts_and_nothing_is_proven(tmp_path: Path) -> None:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        told = opened.run("prove", "--json")
        assert told.code == 1
        assert (told.json["proven"], told.json["problems"], told.json["waiting"]) == (False, [], 5)


@pytest.mark.req("F14")
def test_what_stays_in_clearing_after_a_payout_is_the_processors_own_balance_or_the_proof_is_red(firm: Firm) -> None:
    firm.do("prove")
    accounts = {account["Name"]: account["Id"] for account in firm.books("Account")}
    ends = {"FromAccountRef": {"value": accounts["Stripe Clearing"]}, "ToAccountRef": {"value": accounts["Checking"]}}
    firm.in_books("Transfer", {**ends, "Amount": 0.01, "TxnDate": "2026-03-21"})
    firm.sync_quickly()
    told = firm.run("prove")
    assert told.code == 1
    assert "-0.01 USD on 2026-03-21" in " ".join(told.out.split())


def test_an_older_copy_of_the_database_is_told_by_our_own_marks_in_the_books(tmp_path: Path) -> None:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        with opened.desk() as desk:
            desk.store._database.engine.connect().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        before = (opened.home / "receivables.db").read_bytes()
        with opened.desk() as desk:
            apply_plan(desk, make_plan(desk), nothing, nothing)
        for each in opened.home.glob("receivables.db*"):
            each.unlink()
        (opened.home / "receivables.db").write_bytes(before)
        opened.sync_quickly()
        opened.do("verify")
        told = opened.run("prove", "--json")
        assert told.code == 1
        strange = [each for each in told.json["problems"] if "carries our mark" in each]
        assert len(strange) == 5
        assert "an older copy of the database was put back" in strange[0]


@pytest.mark.req("W1")
def test_why_answers_with_the_row_and_its_chain_from_invoice_to_payout(firm: Firm) -> None:
    _, changed = edit_behind_our_back(firm)
    firm.sync_quickly()
    told = firm.do("why", "0.01", "--json").json
    first = told["answers"][0]
    assert told["explained"] is True
    assert first["refs"] == [f"quickbooks/payment/{changed}", "stripe/balance_entry/txn_2"]
    chain = {link["ref"]: link for link in first["chain"]}
    assert chain.keys() >= {"stripe/payment/ch_2", "stripe/payout/po_1", *first["refs"]}
    assert chain["stripe/payment/ch_2"]["amount"] == {"minor": 12_000, "currency": "USD"}
    assert {link["what"] for link in first["chain"]} >= {"invoice A-2", "payment", "fee in the books", "payout"}
    whole = firm.do("why", "222.44").out
    assert "all its 3 differences together" in whole
    nothing_there = firm.run("why", "13.37")
    assert nothing_there.code == 1
    assert "nothing that was read explains it" in nothing_there.out
    several = firm.run("why", "120.00", "--day", "2026-03-16")
    assert "explained by the one listed first" in several.out or "none is proof" in several.out


@pytest.mark.parametrize("wrong", ["abc", "22,17", "0", "22.175", "1e3", "NaN", "", "--day=soon 5", "--currency=XXX 5"])
def test_what_is_no_amount_no_day_or_no_currency_is_said_in_a_sentence(firm: Firm, wrong: str) -> None:
    told = firm.run("why", *(wrong.split() or [""]))
    assert told.code == 2
    assert told.err.startswith("Error: ")
    assert "Next:" in told.err
